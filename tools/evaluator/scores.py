"""The same six metrics from a csv of labels and scores of any origin. Writes nothing."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput
from shared.onnx.contract import SMILE_PROB, class_of, find_prob
from shared.statistics import metrics
from shared.statistics.intervals import intervals
from shared.statistics.predictions import make_predictions
from tools.evaluator.config import ScoresConfig
from tools.evaluator.text import format_metrics

LABEL_NAMES = ("label", "y_true", "target", "truth", "class", "y")
SUBJECT_NAMES = ("subject_id", "subject", "person", "user", "group")
SCORE_NAMES = ("score", "smile_prob", "y_score", "prob", "probability", "prediction", "p")
POSITIVE_WORDS = ("1", "true", "yes", "positive", "smile", "smiling", "1.0")
NEGATIVE_WORDS = ("0", "false", "no", "negative", "non_smile", "non-smile", "neutral", "0.0", "-1")


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
    labels, scores, subjects = read_scores(config)
    measured = metrics.measure(labels, scores, config.threshold, "given" if config.threshold != 0.5 else "default")
    notes = list(measured.notes)
    if subjects is None:
        notes.append("no column says who is who: rows are taken as independent, which flatters several rows a person")
        subjects = [f"row {number}" for number in range(len(labels))]
    found = intervals(make_predictions(labels, scores, subjects, config.threshold))
    documents = {name: one.as_document() for name, one in found.items()}
    return ScoresEvaluated(config.file, len(labels), sum(labels), measured, documents, notes)


def read_scores(config: ScoresConfig) -> tuple[list[bool], list[float], list[str] | None]:
    """Read a table: labels as True for the positive class, scores, and who is who where a column says it."""
    what = str(config.file)
    try:
        text = config.file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(what, found="no such file", expected="a csv with the columns label and score") from None
    except UnicodeDecodeError:
        raise InvalidInput(what, found="bytes that are not UTF-8", expected="a csv in UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InvalidInput(what, found="nothing", expected="a csv with the columns label and score")
    delimiter = next((d for d in ",;\t" if d in lines[0]), ",")
    rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    header, first = _find_header(rows, what, config)
    label_at, score_at = header
    pairs = []
    for number, row in enumerate(rows[first:], start=first + 1):
        if len(row) <= max(label_at, score_at):
            raise InvalidInput(f"{what}: row {number}", found=f"{len(row)} cells", expected=f"{len(rows[0])}")
        pairs.append((number, row[label_at].strip(), row[score_at].strip()))
    if not pairs:
        raise InvalidInput(what, found="no rows below the header", expected="one row per sequence")
    names = [cell.strip().lower() for cell in rows[0]] if first else []
    subject_at = next((names.index(name) for name in SUBJECT_NAMES if name in names), None)
    subjects = None
    if subject_at is not None:
        subjects = [row[subject_at].strip() if len(row) > subject_at else "" for row in rows[first:]]
    labels = {label for _, label, _ in pairs}
    positive = _find_positive(labels, config.positive or _named_by(names, score_at, labels), what)
    return (
        [_is_positive(label, positive, f"{what}: row {number}") for number, label, _ in pairs],
        [_to_score(score, f"{what}: row {number}") for number, _, score in pairs],
        subjects,
    )


def _named_by(names: Sequence[str], score_at: int, labels: set[str]) -> str | None:
    """Return the label that the score's column is named after, such as anxious_prob; None where it says nothing."""
    prob = names[score_at] if names else ""
    return class_of(prob) if prob != SMILE_PROB and class_of(prob) in labels - {prob} else None


def _find_header(rows: list[list[str]], what: str, config: ScoresConfig) -> tuple[tuple[int, int], int]:
    """Return the places of the label and the score, and the index of the first row of data."""
    names = [cell.strip().lower() for cell in rows[0]]

    def place(given: str | None, known: Sequence[str]) -> int | None:
        candidates = [given.lower()] if given else known
        return next((names.index(name) for name in candidates if name in names), None)

    known = SCORE_NAMES if (prob := find_prob(names)) is None else (prob, *SCORE_NAMES)
    label_at, score_at = place(config.label_column, LABEL_NAMES), place(config.score_column, known)
    if label_at is not None and score_at is not None:
        return (label_at, score_at), 1
    no_names = config.label_column is None and config.score_column is None
    if no_names and label_at is None and score_at is None and len(names) == 2 and _is_number(names[1]):
        return (0, 1), 0
    raise InvalidInput(
        f"{what}: row 1",
        found=",".join(rows[0])[:80],
        expected="the columns label and score",
        todo="or name them with --label-column and --score-column",
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _find_positive(found: set[str], given: str | None, what: str) -> str | None:
    """Return the given positive label, or None where the well-known words decide."""
    if given is not None:
        if len(found - {given}) > 1:
            raise InvalidInput(what, found=f"the labels {', '.join(sorted(found))}", expected=f"{given} and one more")
        return given
    unknown = {label for label in found if label.lower() not in (*POSITIVE_WORDS, *NEGATIVE_WORDS)}
    if unknown:
        raise InvalidInput(
            what,
            found=f"the label {min(unknown)!r}",
            expected="smile and non_smile, 1 and 0, or true and false",
            todo="or name the positive one with --positive",
        )
    return None


def _is_positive(label: str, positive: str | None, what: str) -> bool:
    if not label:
        raise InvalidInput(what, found="no label", expected="one")
    return label == positive if positive is not None else label.lower() in POSITIVE_WORDS


def _to_score(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InvalidInput(what, found=f"the score {text!r}", expected="a number") from None
    if value != value or value in (float("inf"), float("-inf")):
        raise InvalidInput(what, found=f"the score {text}", expected="a finite number")
    return value
