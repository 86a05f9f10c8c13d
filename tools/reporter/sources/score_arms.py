"""Makes arms of tables of scores that somebody's own program wrote: the rows of two or more files, paired.

No dataset of ours and no results document is needed; the figures are those that the evaluator would have measured.
Reads the tables; writes nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared import contracts, paths
from shared.contracts import Document
from shared.errors import InvalidInput, WrongUsage
from shared.provenance import code_info
from shared.scores.columns import Wanted
from shared.scores.table import BY_ORDER, LOGITS, NO_PEOPLE, Remark, ScoreTable, read_table
from shared.statistics.measurement import measure
from shared.statistics.predictions_csv import PredictionRow
from tools.reporter.config import MaybeNamed
from tools.reporter.sources.arms import Arm, Source, place

LARGEST_LOGIT = 30.0
"""Beyond it the logistic function cannot tell scores apart."""


def read_score_arms(
    baseline: MaybeNamed, candidates: Sequence[MaybeNamed], wanted: Wanted, thresholds: Mapping[str, float]
) -> tuple[Arm, ...]:
    """Read tables of scores and pair their rows: by id, or by their order where no column names them.

    Args:
        baseline: Name (None: the file's) and table.
        candidates: The same of each candidate.
        wanted: Columns and the positive class, where they were named.
        thresholds: Of arms by name; under "" that of all others. What is not there is 0.5, or 0 for logits.

    Raises:
        InvalidInput: A table cannot be understood, or two tables are not of the same rows, labels and people.
        WrongUsage: Two arms have one name, or a threshold is that of no arm.
    """
    named = [baseline, *candidates]
    names = _name(named)
    if unknown := [name for name in thresholds if name and name not in names]:
        raise WrongUsage("--threshold", found=unknown[0], expected=f"one of {', '.join(names)}")
    tables = [read_table(file, wanted) for _, file in named]
    return make_score_arms(names, tables, [file for _, file in named], thresholds)


def make_score_arms(
    names: Sequence[str], tables: Sequence[ScoreTable], files: Sequence[Path], thresholds: Mapping[str, float]
) -> tuple[Arm, ...]:
    """Pair tables of scores and measure each; see `read_score_arms`. The first is the baseline."""
    first = tables[0]
    order = [_order(first, table) for table in tables]
    for table, places in zip(tables[1:], order[1:], strict=True):
        _check_labels(first, table, places)
    subjects = _find_people(tables, order)
    people = subjects or [f"row_{number:06d}" for number in range(1, len(first.labels) + 1)]
    ids = [name.replace("@", "＠") for name in first.ids] if first.ids else None
    ids = ids or [f"row_{number:06d}" for number in range(1, len(first.labels) + 1)]
    labels = _class_names(first)
    shared = [] if all(table.ids for table in tables) else [BY_ORDER]
    arms: list[Arm] = []
    for name, table, places, file in zip(names, tables, order, files, strict=True):
        is_given = name in thresholds or "" in thresholds
        threshold = thresholds.get(name, thresholds.get("", table.default_threshold))
        given = [table.scores[place_] for place_ in places]
        scores, threshold, remarks = _to_fractions(given, threshold, table, is_given=is_given)
        rows = [
            PredictionRow(row_id, person, labels[label], score, labels[score > threshold], label == (score > threshold))
            for row_id, person, label, score in zip(ids, people, first.labels, scores, strict=True)
        ]
        results = _measure(name, file, labels[True], threshold, "given" if is_given else "default", rows)
        arms.append(
            Arm(
                name=name,
                role="candidate" if arms else "baseline",
                results=results,
                rows=dict(sorted((row.sequence_id, row) for row in rows)),
                card=None,
                sources=(Source("scores", name, place(file), results["model"]["sha256"]),),
                remarks=(*table.remarks, *shared, *remarks),
                caution=None if subjects else NO_PEOPLE,
            )
        )
    return tuple(arms)


def _measure(
    name: str, file: Path, positive: str, threshold: float, source: str, rows: Sequence[PredictionRow]
) -> Document:
    """Measure the rows; returns what a results document would hold."""
    measurement = measure(rows, positive, threshold, source)
    sha256 = contracts.sha256_file(file) if file.is_file() else contracts.sha256_json([row.score for row in rows])
    of_rows = contracts.sha256_json(sorted([row.sequence_id, row.subject_id, row.label] for row in rows))
    return {
        "schema_version": 2,
        "arm": "model",
        "model": {"name": name, "file": file.name, "sha256": sha256, "threshold": None},
        "dataset": {"name": "scores", "kind": "unknown", "sha256": of_rows},
        "split": None,
        "side": "test",
        "sequences_sha256": of_rows,
        "created_utc": paths.utc_text(),
        "positive_class": positive,
        **measurement.as_document(),
        "at_optimal": measurement.at_optimal,
        "notes": [],
        "predictions": {"file": file.name, "sha256": sha256},
        "pictures": [],
        "seconds_a_sequence": 0.0,
        "code": code_info("numpy", "scipy"),
    }


def _name(named: Sequence[MaybeNamed]) -> list[str]:
    """Name the arms: as they were named, else by their files, else by their part."""
    stems = [re.sub(r"[^A-Za-z0-9_.-]+", "_", file.stem).strip("._-") for _, file in named]
    is_clear = len(set(stems)) == len(stems) and all(map(paths.is_name, stems))
    parts = ["baseline", *(["candidate"] if len(named) == 2 else [f"candidate{n}" for n in range(1, len(named))])]
    names = [name or (stem if is_clear else part) for (name, _), stem, part in zip(named, stems, parts, strict=True)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise WrongUsage("--candidate", found=f"the name {twice!r} a second time", expected="another name for each arm")
    return names


def _order(first: ScoreTable, table: ScoreTable) -> list[int]:
    """Return the row of a table for each row of the first."""
    n = len(first.labels)
    todo = "both models must have been measured on the same rows"
    if first.ids is None or table.ids is None:
        if len(table.labels) != n:
            raise InvalidInput(
                table.what, found=f"{len(table.labels)} rows, without names", expected=f"{n}, as in {first.what}",
                todo=f"{todo}; a column id in both pairs them",
            )  # fmt: skip
        return list(range(n))
    rows = {name: row for row, name in enumerate(table.ids)}
    missing = [name for name in first.ids if name not in rows]
    known = set(first.ids)
    extra = [name for name in table.ids if name not in known]
    if missing or extra:
        found = f"{len(missing)} ids missing (such as {missing[0]})" if missing else "all ids"
        found += f" and {len(extra)} more (such as {extra[0]})" if extra else ""
        raise InvalidInput(table.what, found=found, expected=f"the {n} ids of {first.what}", todo=todo)
    return [rows[name] for name in first.ids]


def _check_labels(first: ScoreTable, table: ScoreTable, rows: Sequence[int]) -> None:
    for number, (label, row) in enumerate(zip(first.labels, rows, strict=True)):
        if table.labels[row] != label:
            name = f"id {first.ids[number]}" if first.ids and table.ids else f"data row {number + 1}"
            found, expected = (one.positive if positive else one.negative
                               for one, positive in ((table, table.labels[row]), (first, label)))  # fmt: skip
            raise InvalidInput(
                f"{table.what}: {name}", found=f"the label {found}", expected=f"{expected}, as in {first.what}",
                todo="" if first.ids and table.ids else "rows without names are paired by order: sort both files alike",
            )  # fmt: skip


def _find_people(tables: Sequence[ScoreTable], order: Sequence[Sequence[int]]) -> list[str] | None:
    """Return who is who in the first table's order; tables that say it must agree."""
    found: list[str] | None = None
    for table, rows in zip(tables, order, strict=True):
        if table.subjects is None:
            continue
        people = [table.subjects[row] or "unknown" for row in rows]
        if found is not None and people != found:
            number = next(n for n, (one, other) in enumerate(zip(found, people, strict=True)) if one != other)
            raise InvalidInput(
                f"{table.what}: {tables[0].ids[number] if tables[0].ids else f'data row {number + 1}'}",
                found=f"the person {people[number]}", expected=f"{found[number]}, as in {tables[0].what}",
            )  # fmt: skip
        found = people
    return found


def _class_names(table: ScoreTable) -> tuple[str, str]:
    """Name the negative and the positive class as documents can: by the file's words, where they can be names."""

    def name(label: str | None, usual: str) -> str:
        text = re.sub(r"[^a-z0-9]+", "_", (label or "").lower()).strip("_")
        return text if paths.CLASS_PATTERN.fullmatch(text) and not text.startswith("label_") else usual

    positive, negative = name(table.positive, "positive"), name(table.negative, "negative")
    return (negative, positive) if positive != negative else ("negative", "positive")


def _to_fractions(
    scores: list[float], threshold: float, table: ScoreTable, *, is_given: bool
) -> tuple[list[float], float, list[Remark]]:
    """Bring scores and threshold into 0 to 1 without changing an order or a decision."""
    if table.is_within_0_and_1:
        if not 0 <= threshold <= 1:
            raise WrongUsage("--threshold", found=f"{threshold:g}", expected="0 to 1, as the scores are")
        return scores, threshold, []
    largest = max(map(abs, (*scores, threshold)))
    if min(scores) >= 0 and not is_given:
        raise InvalidInput(
            table.what, found=f"scores up to {max(scores):g}", expected="probabilities from 0 to 1, or logits",
            todo="say above which score a row is positive, with --threshold",
        )  # fmt: skip
    scale = min(1.0, LARGEST_LOGIT / largest)

    def logistic(score: float) -> float:
        return 1 / (1 + math.exp(-scale * score))

    return [logistic(score) for score in scores], logistic(threshold), [LOGITS]
