"""The same six metrics from a csv of labels and scores of any origin. Writes nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.scores.table import read_table
from shared.statistics import metrics
from shared.statistics.intervals import intervals
from shared.statistics.predictions import make_predictions
from tools.evaluator.config import ScoresConfig
from tools.evaluator.text import format_metrics


@dataclass(frozen=True)
class ScoresEvaluated:
    """Metrics of a table of scores."""

    file: Path
    n: int
    n_positive: int
    measured: metrics.Measured
    intervals: dict[str, Any]
    notes: list[str]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the metrics."""
        head = f"{self.file.name}: {self.n} rows, {self.n_positive} of them positive"
        return "\n".join([head, format_metrics(self.measured.metrics(), self.intervals, self.notes)])

    def as_json(self) -> dict[str, Any]:
        """Give the metrics, the curve and what is undefined and why."""
        return {
            "file": str(self.file),
            "n": self.n,
            "n_positive": self.n_positive,
            "n_negative": self.n - self.n_positive,
            **self.measured.metrics(),
            "intervals": self.intervals,
            "roc": self.measured.roc_document(),
            "notes": self.notes,
        }


def evaluate_scores(config: ScoresConfig) -> ScoresEvaluated:
    """Measure a table of labels and scores.

    Raises:
        InvalidInput: Unreadable, empty, without the columns, with other labels than two, with NaN (row named).
    """
    table = read_table(config.file, config.wanted)
    threshold = table.default_threshold if config.threshold is None else config.threshold
    source = "default" if config.threshold is None else "given"
    measured = metrics.measure(table.labels, table.scores, threshold, source)
    people = make_predictions(table.labels, table.scores, table.people(), threshold)
    remarks = [*table.remarks, *table.look(threshold, measured.metrics()["roc_auc"])]
    documents = {name: one.as_document() for name, one in intervals(people).items()}
    notes = [*measured.notes, *(remark.text("en") for remark in remarks)]
    return ScoresEvaluated(config.file, people.n, sum(table.labels), measured, documents, notes)
