"""Every figure that labels and scores give at one threshold, as results documents hold them. Writes nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.contracts import Document
from shared.statistics import metrics
from shared.statistics.calibration import calibration
from shared.statistics.intervals import intervals
from shared.statistics.predictions import Predictions
from shared.statistics.predictions_csv import PredictionRow, predictions_of_rows
from shared.statistics.thresholds import selection_gap


@dataclass(frozen=True)
class Measurement:
    """Predictions for a set of sequences, and what they say at one threshold; made by `measure`."""

    rows: Sequence[PredictionRow]
    predictions: Predictions
    measured: metrics.Measured

    @cached_property
    def at_optimal(self) -> dict[str, Any] | None:
        """The rates at the threshold that fits these very sequences best; None where a class is missing."""
        best = self.measured.optimum
        if best is None:
            return None
        return self._measure_at(min(1.0, max(0.0, best.decision_threshold)), "optimal").rates()

    def _measure_at(self, threshold: float, source: str) -> metrics.Measured:
        return metrics.measure(self.predictions.labels, self.predictions.scores, threshold, source)

    def as_document(self) -> Document:
        """Return every figure that a results document holds of the predictions."""
        predictions = self.predictions
        return {
            "n_sequences": predictions.n,
            "n_subjects": predictions.n_subjects,
            "by_label": dict(sorted(Counter(one.label for one in self.rows).items())),
            "metrics": self.measured.metrics(),
            "intervals": {name: found.as_document() for name, found in intervals(predictions).items()},
            "at_default": self._measure_at(metrics.DEFAULT_THRESHOLD, "default").rates(),
            "roc": self.measured.roc_document(),
            "selection_gap": selection_gap(predictions.labels, predictions.scores, predictions.threshold),
            "calibration": calibration(
                predictions.labels,
                predictions.scores,
                people=predictions.people,
                sequence_ids=predictions.sequence_ids,
            ).as_document(),
        }


def measure(rows: Sequence[PredictionRow], positive_class: str, threshold: float, threshold_source: str) -> Measurement:
    """Measure predictions.

    Args:
        rows: One per sequence; the figures do not depend on their order.
        positive_class: The label that counts as positive.
        threshold: Positive is strictly greater.
        threshold_source: Where the threshold comes from: given, model or default.

    Raises:
        InvalidInput: No predictions, or a decision that is not what score and threshold give.
    """
    predictions = predictions_of_rows(rows, positive_class, threshold, "predictions")
    return Measurement(
        rows, predictions, metrics.measure(predictions.labels, predictions.scores, threshold, threshold_source)
    )
