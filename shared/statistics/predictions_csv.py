"""The predictions csv that a results document names: one row per sequence, with the model's score and decision.

The one reader and the one writer. Pooled results hold predictions of several seeds; those of further seeds carry a
number behind the sequence's id: seq_0001, seq_0001@2.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.errors import InvalidInput
from shared.statistics.predictions import Predictions, make_predictions

COLUMNS = ("sequence_id", "subject_id", "label", "score", "predicted", "correct", "emotion")


@dataclass(frozen=True)
class PredictionRow:
    """A row of the csv, its fields in the order of `COLUMNS`.

    Attributes:
        sequence_id: With the number of the seed behind an "@" in pooled results; see
            `shared.statistics.predictions.sequence_of`.
        subject_id: Who is seen.
        label: What the dataset says.
        score: 0 to 1, higher is more positive.
        predicted: The class that the model decided for, at the threshold in use.
        correct: Whether that is the label, as far as the positive class goes.
        emotion: The likeliest emotion, where the model has that head.
    """

    sequence_id: str
    subject_id: str
    label: str
    score: float
    predicted: str
    correct: bool
    emotion: str | None = None


def format_predictions(rows: Iterable[PredictionRow]) -> bytes:
    """Format rows as the bytes of a predictions csv.

    Raises:
        InvalidInput: A row does not fit the schema.
    """
    lines = []
    for row in rows:
        cells = dict(zip(COLUMNS, astuple(row), strict=True))
        contracts.validate(cells, "predictions", f"prediction of {row.sequence_id}")
        lines.append({**cells, "correct": str(row.correct).lower(), "emotion": row.emotion or ""})
    return contracts.format_rows(COLUMNS, lines)


def predictions_path(results_path: Path, results: Mapping[str, Any]) -> Path:
    """Return the place of the predictions csv that a results document names.

    Raises:
        InvalidInput: It names a file in another folder.
    """
    path = results_path.parent / str(results["predictions"]["file"])
    if path.resolve().parent != results_path.resolve().parent:
        raise InvalidInput(
            f"{results_path}: predictions.file",
            found=repr(results["predictions"]["file"]),
            expected="a file in the same folder",
        )
    return path


def read_predictions(results_path: Path, results: Mapping[str, Any]) -> list[PredictionRow]:
    """Read the predictions csv that a results document names, and hold it against the document.

    Args:
        results_path: Where the document lies; the csv lies beside it.
        results: Its content.

    Returns:
        The rows in the file's order, each id once.

    Raises:
        InvalidInput: The csv is missing, is not the one that was written with the document, or says something else;
            names the row.
    """
    path = predictions_path(results_path, results)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            str(path), found=error.strerror or str(error), expected=f"the predictions of {results_path.name}"
        ) from None
    found = hashlib.sha256(data).hexdigest()
    if found != results["predictions"]["sha256"]:
        raise InvalidInput(
            str(path),
            found=f"sha256 {found}",
            expected=f"{results['predictions']['sha256']}, as {results_path.name} says",
            todo="one of the two was changed: measure again",
        )
    rows: dict[str, PredictionRow] = {}
    for number, cells in enumerate(contracts.scan_rows(data, str(path), COLUMNS), start=2):
        where = f"{path}: row {number}"
        row = _parse(cells, where, results["positive_class"])
        if row.sequence_id in rows:
            raise InvalidInput(where, found=f"{row.sequence_id} a second time", expected="each sequence once")
        rows[row.sequence_id] = row
    if len(rows) != results["n_sequences"]:
        raise InvalidInput(
            str(path),
            found=f"{len(rows)} rows",
            expected=f"{results['n_sequences']}, as {results_path.name} says",
        )
    counts = _count_decisions(rows.values(), results["positive_class"])
    if counts != results["metrics"]["confusion"]:
        raise InvalidInput(
            f"{results_path}: metrics.confusion",
            found=str(results["metrics"]["confusion"]),
            expected=f"{counts}, as {path.name} counts",
            todo="measure again",
        )
    return list(rows.values())


def predictions_of_rows(rows: Iterable[PredictionRow], positive_class: str, threshold: float, what: str) -> Predictions:
    """Turn rows of the csv into predictions, ordered by sequence_id: arms are paired by id, not by the file's order.

    Args:
        rows: Each id once. Sequences without a known person count as those of one person, the conservative choice.
        positive_class: The label that counts as positive.
        threshold: Positive is strictly greater.
        what: How to call them in an error.

    Raises:
        InvalidInput: There are none, or a decision is not what score and threshold give.
    """
    ordered = sorted(rows, key=lambda row: row.sequence_id)
    for row in ordered:
        called_positive = row.predicted == positive_class
        if called_positive != (row.score > threshold):
            raise InvalidInput(
                f"{what}: {row.sequence_id}",
                found=f"the score {row.score:g} called {'positive' if called_positive else 'negative'}",
                expected=f"positive above the threshold {threshold:g} and only there",
                todo="measure again",
            )
    return make_predictions(
        [row.label == positive_class for row in ordered],
        [row.score for row in ordered],
        [row.subject_id for row in ordered],
        threshold,
        [row.sequence_id for row in ordered],
    )


def _count_decisions(rows: Iterable[PredictionRow], positive_class: str) -> dict[str, int]:
    """Count decisions into tp, fn, tn, fp."""
    counts = {"tp": 0, "fn": 0, "tn": 0, "fp": 0}
    for row in rows:
        called_positive = row.predicted == positive_class
        counts[("t" if row.correct else "f") + ("p" if called_positive else "n")] += 1
    return counts


def _parse(cells: Mapping[str, str], where: str, positive_class: str) -> PredictionRow:
    try:
        score = float(cells["score"])
    except ValueError:
        raise InvalidInput(where, found=f"the score {cells['score']!r}", expected="a number from 0 to 1") from None
    if not math.isfinite(score):
        raise InvalidInput(where, found=f"the score {cells['score']}", expected="a number from 0 to 1")
    typed: dict[str, Any] = {
        **cells,
        "score": score,
        "correct": {"true": True, "false": False}.get(cells["correct"].lower(), cells["correct"]),
        "emotion": cells["emotion"] or None,
    }
    contracts.validate(typed, "predictions", where)
    if ((cells["label"] == positive_class) == (cells["predicted"] == positive_class)) != typed["correct"]:
        raise InvalidInput(
            where,
            found=f"correct {cells['correct']} for label {cells['label']!r} and predicted {cells['predicted']!r}",
            expected="the two to say the same",
        )
    return PredictionRow(**typed)
