"""From predictions to documents: the one writer of results documents and of the predictions csv beside them.

The results document is written last and names the others with their hashes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.statistics import metrics
from shared.statistics.calibration import calibration
from shared.statistics.intervals import intervals
from shared.statistics.predictions import Predictions
from shared.statistics.predictions_csv import PredictionRow, format_predictions, predictions_of_rows
from shared.statistics.thresholds import selection_gap


@dataclass(frozen=True)
class Written:
    """A document that is on disk: what a measurement comes to.

    Attributes:
        file: Where it is.
        noun: What kind of document it is, such as ``results``.
        document: Its content.
        summary: The same for people, in some lines.
    """

    file: Path
    noun: str
    document: Document
    summary: str
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the document and say where it is."""
        return f"{self.summary}\n→ {paths.shown(self.file)}"

    def as_json(self) -> dict[str, Any]:
        """Give the document and its place."""
        return {"file": str(self.file), self.noun: self.document}


@dataclass(frozen=True)
class Files:
    """Where the files of one measurement go.

    Attributes:
        folder: Of all of them.
        name: How results call what was measured.
        stem: A time stamp that no earlier results of this name use.
        created_utc: The same moment, as documents hold it.
    """

    folder: Path
    name: str
    stem: str
    created_utc: str

    @property
    def results(self) -> Path:
        """The results document."""
        return self.folder / f"{self.name}_results_{self.stem}.json"

    @property
    def predictions(self) -> Path:
        """The csv."""
        return self.folder / f"{self.name}_predictions_{self.stem}.csv"

    def picture(self, kind: str) -> Path:
        """A picture, such as ``roc``."""
        return self.folder / f"{self.name}_{kind}_{self.stem}.png"


def name_files(folder: Path, name: str) -> Files:
    """Name the files of a measurement that is made now; earlier results are never overwritten."""
    now = paths.utc_now()
    stem, number = paths.utc_stamp(now), 1
    while (files := Files(folder, name, stem, paths.utc_text(now))).results.exists():
        number += 1
        stem = f"{paths.utc_stamp(now)}_{number}"
    return files


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
            "calibration": calibration(predictions.labels, predictions.scores).as_document(),
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


def write_results(files: Files, measurement: Measurement, facts: Mapping[str, Any]) -> Document:
    """Write the predictions csv and, last, the results document.

    Args:
        files: Where to.
        measurement: The predictions and their figures.
        facts: The other keys of the document: what was measured, on which sequences, by which code.

    Returns:
        The document.

    Raises:
        InvalidInput: A prediction or the document does not fit its schema.
    """
    contracts.write_bytes(files.predictions, format_predictions(measurement.rows))
    document: Document = {
        "schema_version": 2,
        "created_utc": files.created_utc,
        **facts,
        **measurement.as_document(),
        "predictions": {"file": files.predictions.name, "sha256": contracts.sha256_file(files.predictions)},
    }
    contracts.write_document(files.results, document, "results")
    return document
