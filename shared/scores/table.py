"""Reads a table with a label and a score in each row, written by anybody's program: csv, tsv, JSON, JSON lines.

Whatever was understood rather than written (decimal commas, a score of the class that was decided for, rows that stand
for people) is a `Remark`; what cannot be understood is refused with its row. Writes nothing.
"""

import csv
import io
import json
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput
from shared.onnx.contract import SMILE_PROB, class_of
from shared.scores.columns import (
    INDEX_NAMES,
    Columns,
    Wanted,
    find_class_score,
    find_columns,
    find_positive,
    is_number,
    plain_label,
)
from shared.text.catalogue import Lang, read_catalogue

EXPECTED = "a csv with the columns label and score"
_TEXTS = read_catalogue(Path(__file__).with_name("remarks.toml"))


@dataclass(frozen=True)
class Remark:
    """What a reader of a table's figures must know of it: the key of a text, and what is filled in."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: Lang) -> str:
        """Write it in a language."""
        return str(getattr(_TEXTS[self.key], lang)).format(**self.values)


NO_PEOPLE, BY_ORDER, LOGITS = Remark("no_people"), Remark("by_order"), Remark("logits")


@dataclass(frozen=True)
class ScoreTable:
    """A table that was read and checked.

    Attributes:
        what: How errors call it.
        labels: True for the positive class, a row each.
        scores: Finite; higher means more positive.
        positive: The positive label as it is written; None where only the other class is there.
        negative: The other one; None where only the positive class is there.
        subjects: Who is who; None where no column says it.
        ids: Names of the rows, each once; None where there are none.
        decided: The file's own decisions, True for the positive class, beside scores; None where it has none.
        remarks: What was understood rather than written.
    """

    what: str
    labels: list[bool]
    scores: list[float]
    positive: str | None
    negative: str | None
    subjects: list[str] | None
    ids: list[str] | None
    decided: list[bool] | None
    remarks: tuple[Remark, ...] = ()

    @property
    def is_within_0_and_1(self) -> bool:
        """Whether the scores can be probabilities."""
        return min(self.scores) >= 0 and max(self.scores) <= 1

    @property
    def default_threshold(self) -> float:
        """Where decisions turn if nobody says: 0 for logits (there are scores below 0), else one half."""
        return 0.0 if min(self.scores) < 0 else 0.5

    def people(self) -> list[str]:
        """Say who is who; where no column does, each row is somebody else."""
        return self.subjects or [f"row {number}" for number in range(1, len(self.labels) + 1)]

    def look(self, threshold: float, auc: float | None) -> list[Remark]:
        """Say what must be known of figures at a threshold: people, decisions that are all alike, ranks upside down."""
        found = [] if self.subjects is not None else [NO_PEOPLE]
        if self.subjects is not None and len(set(self.subjects)) == 1:
            found.append(Remark("one_person", {"person": self.subjects[0]}))
        if auc is not None and auc < 0.5:
            found.append(Remark("below_chance"))
        called = [score > threshold for score in self.scores]
        if all(called) or not any(called):
            found.append(Remark("all_positive" if called[0] else "nothing_positive", {"threshold": f"{threshold:g}"}))
        elif self.decided is not None and (n := sum(map(operator.ne, called, self.decided))):
            found.append(Remark("threshold_differs", {"n": n, "threshold": f"{threshold:g}"}))
        return found


def read_table(file: Path, wanted: Wanted | None = None) -> ScoreTable:
    """Read a table.

    Args:
        file: A csv with commas, semicolons, tabs or bars, with or without a header; or JSON: a list of records, a table
            as MLflow and W&B log it (columns, data), columns by name; or JSON lines.
        wanted: Columns and the positive class, where they were named.

    Raises:
        InvalidInput: Unreadable, empty, without the columns, with other labels than two, with an id twice, or with a
            cell that cannot be understood; the row is named.
    """
    what, wanted = str(file), wanted or Wanted()
    rows = _read_rows(file, what)
    columns = find_columns(rows, wanted, what)
    header = rows[0] if columns.has_header else [""] * len(rows[0])
    body = list(enumerate(rows, start=1))[int(columns.has_header) :]
    if not body:
        raise InvalidInput(what, found="no rows below the header", expected="one row per sequence")
    _check_widths(body, len(header), columns, what)
    remarks = [] if columns.has_header else [Remark("no_header", {"file": file.name})]
    named = [(number, plain_label(row[columns.label])) for number, row in body]
    for number, label in named:
        if not label or label.lower() in ("nan", "none", "null"):
            raise InvalidInput(f"{what}: row {number}", found="no label", expected="one")
    found = {label for _, label in named}
    positive = find_positive(found, wanted.positive or _named_by(header, columns, found), what)
    negative = next((label for label in sorted(found) if label != positive), None)
    scores, decided = _read_scores(body, header, columns, sorted(found), positive, what, remarks)
    subjects = None
    if columns.subject is not None:
        subjects = [row[columns.subject].strip() for _, row in body]
        if n_unknown := subjects.count(""):
            remarks.append(Remark("no_person", {"n": n_unknown, "file": file.name}))
    ids = _read_ids(body, header, columns, wanted, what, remarks)
    labels = [label == positive for _, label in named]
    return ScoreTable(what, labels, scores, positive, negative, subjects, ids, decided, tuple(remarks))


def _read_rows(file: Path, what: str) -> list[list[str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(what, found="no such file", expected=EXPECTED) from None
    except IsADirectoryError:
        raise InvalidInput(what, found="a folder", expected=EXPECTED) from None
    except UnicodeDecodeError:
        raise InvalidInput(what, found="bytes that are not UTF-8", expected="a csv in UTF-8") from None
    if not text.strip():
        raise InvalidInput(what, found="nothing", expected=EXPECTED)
    if text.lstrip()[0] in "[{":
        return _read_json(text, what)
    first = text.lstrip().splitlines()[0]
    delimiter = next((sign for sign in "\t;|," if sign in first), ",")
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise InvalidInput(what, found=str(error), expected=EXPECTED) from None


def _read_json(text: str, what: str) -> list[list[str]]:
    """Read records, JSON lines, or columns: all become rows with a header."""
    try:
        found = json.loads(text)
    except ValueError:
        try:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise InvalidInput(what, found=f"no JSON ({error})", expected="JSON, JSON lines or a csv") from None
    if isinstance(found, dict) and isinstance(found.get("data"), list) and "columns" in found:
        rows = [found["columns"], *found["data"]]
    elif isinstance(found, dict):
        columns = [list(c.values()) if isinstance(c, dict) else c for c in found.values()]
        if not columns or not all(isinstance(c, list) and len(c) == len(columns[0]) for c in columns):
            raise InvalidInput(what, found="JSON of another kind", expected="records, or columns of one length")
        rows = [list(found), *map(list, zip(*columns, strict=True))]
    else:
        records = [one for one in found if isinstance(one, dict)]
        names = list(records[0]) if records else []
        if not names or len(records) != len(found) or any(set(one) != set(names) for one in records):
            raise InvalidInput(what, found="JSON of another kind", expected="records with the same keys")
        rows = [names, *([one[name] for name in names] for one in records)]
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def _check_widths(body: Sequence[tuple[int, list[str]]], n: int, columns: Columns, what: str) -> None:
    """Refuse a row with other cells than the header names; empty ones at its end do not count."""
    least = 1 + max(place for place in (columns.label, columns.score or 0, columns.subject or 0) if place is not None)
    for number, row in body:
        if len(row) < least or any(cell.strip() for cell in row[n:]):
            todo = ""
            if len(row) > n and all(is_number(cell) for cell in row[-2:]):
                todo = "is that a decimal comma? write a point, or put semicolons between columns"
            raise InvalidInput(f"{what}: row {number}", found=f"{len(row)} cells", expected=str(n), todo=todo)
        row.extend([""] * (n - len(row)))


def _named_by(header: Sequence[str], columns: Columns, found: set[str]) -> str | None:
    """Return the label that the score's column is named after, such as anxious_prob; None where it says nothing."""
    prob = "" if columns.score is None else header[columns.score].strip().lower()
    return class_of(prob) if prob != SMILE_PROB and class_of(prob) in found - {prob} else None


def _read_scores(
    body: Sequence[tuple[int, list[str]]], header: Sequence[str], columns: Columns, labels: Sequence[str],
    positive: str | None, what: str, remarks: list[Remark],
) -> tuple[list[float], list[bool] | None]:  # fmt: skip
    """Read the scores of the positive class, whichever way they were written, and decisions that stand beside them."""
    place = columns.score
    taken = {p for p in (columns.label, columns.predicted, columns.subject, columns.id) if p is not None}
    if place is None and positive is not None:
        place = find_class_score(header, positive, taken)
    decided = None
    if columns.predicted is not None:
        decided = [plain_label(row[columns.predicted]) for _, row in body]
        if not set(decided) <= {*labels, *(("0", "1") if set(labels) <= {"0", "1"} else ())}:
            place, decided = (columns.predicted, None) if place is None else (place, None)
    if place is None and decided is None:
        expected = "a column with the score of the positive class"
        raise InvalidInput(
            f"{what}: row 1", found=",".join(header)[:80], expected=expected, todo="name it with --score-column"
        )
    if place is None:
        assert decided is not None
        remarks.append(Remark("decisions_only", {"column": header[columns.predicted or 0]}))
        return [float(one == positive) for one in decided], None
    cells = [(number, row[place].strip()) for number, row in body]
    if n_commas := sum("," in cell and cell[:1] != "[" for _, cell in cells):
        remarks.append(Remark("decimal_commas", {"n": n_commas}))
    at = labels.index(positive) if positive in labels else -1
    scores = [_to_score(cell, at, f"{what}: row {number}") for number, cell in cells]
    if decided is not None:
        against = [score >= 0.5 for score, one in zip(scores, decided, strict=True) if one != positive]
        if against and all(against) and min(scores) >= 0.5 and max(scores) <= 1:
            remarks.append(Remark("score_of_decided", {"column": header[columns.predicted or 0]}))
            scores = [s if one == positive else 1 - s for s, one in zip(scores, decided, strict=True)]
    return scores, None if decided is None else [one == positive for one in decided]


def _to_score(text: str, at: int, what: str) -> float:
    """Read a number; of a list of two, by class in the order of the labels, the positive class's."""
    if text[:1] == "[" and text[-1:] == "]":
        parts = text[1:-1].replace(",", " ").split()
        if len(parts) != 2:
            raise InvalidInput(what, found=f"the score {text!r}", expected="a number, or one for each of two classes")
        text = parts[at]
    if not text:
        raise InvalidInput(what, found="no score", expected="a number")
    try:
        value = float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        raise InvalidInput(what, found=f"the score {text!r}", expected="a number") from None
    if not math.isfinite(value):
        raise InvalidInput(what, found=f"the score {text}", expected="a finite number")
    return value


def _read_ids(
    body: Sequence[tuple[int, list[str]]], header: Sequence[str], columns: Columns, wanted: Wanted, what: str,
    remarks: list[Remark],
) -> list[str] | None:  # fmt: skip
    """Read the rows' names; a frame's index that repeats names nothing."""
    if columns.id is None:
        return None
    ids = [row[columns.id].strip() for _, row in body]
    first: dict[str, int] = {}
    for (number, _), name in zip(body, ids, strict=True):
        earlier = first.setdefault(name, number)
        if earlier == number and name:
            continue
        if wanted.id_column is None and columns.has_header and header[columns.id].strip().lower() in INDEX_NAMES:
            remarks.append(Remark("index_repeats", {"id": name}))
            return None
        raise InvalidInput(
            f"{what}: row {number}",
            found=f"the id {name!r} a second time (row {earlier})" if name else "no id",
            expected="each id once",
            todo="one row per sequence; if it does not name the row, give the column that does with --id-column",
        )
    return ids
