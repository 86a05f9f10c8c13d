"""Which people are on which side: grouped by subject, frozen to a file, the same for every arm and every later run.

A person is never on two sides: a model that has seen somebody's neutral face knows more than it will in the field.
Reads and writes split documents; knows nothing of pictures.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths, sequences
from shared.errors import InvalidInput
from shared.sequences import Dataset, SequenceRow

SIDES = ("train", "validation", "test")
FRACTIONS = {"train": 0.6, "validation": 0.15, "test": 0.25}
_ATTEMPTS = 1000


def count_sides(n_subjects: int) -> dict[str, int]:
    """Say how many people go to each side.

    Returns:
        At least one a side; the test side is rounded up, since its size decides what can be concluded.

    Raises:
        InvalidInput: Fewer than three people.

    Example:
        >>> count_sides(7)
        {'train': 4, 'validation': 1, 'test': 2}
    """
    if n_subjects < 3:
        raise InvalidInput(
            "the dataset",
            found=f"{n_subjects} {'person' if n_subjects == 1 else 'people'}",
            expected="at least 3: people to train on, to choose the threshold on and to test on are never the same",
            todo="record more people",
        )
    n_validation = max(1, round(FRACTIONS["validation"] * n_subjects))
    n_test = max(1, int(np.ceil(FRACTIONS["test"] * n_subjects)))
    n_test = min(n_test, n_subjects - n_validation - 1)
    return {"train": n_subjects - n_validation - n_test, "validation": n_validation, "test": n_test}


def make_split(dataset: Dataset, seed: int) -> dict[str, Any]:
    """Divide a dataset's people at random into train, validation and test.

    Args:
        dataset: Needs three people or more.
        seed: Decides who goes where.

    Returns:
        A split document in which every side holds every class, where the people allow it.

    Raises:
        InvalidInput: Too few people.
    """
    subjects = dataset.subjects()
    counts = count_sides(len(subjects))
    of_subject = {subject: {row.label for row in dataset.rows if row.subject_id == subject} for subject in subjects}
    present = {row.label for row in dataset.rows}
    rng = np.random.default_rng(seed)
    best: dict[str, list[str]] = {}
    best_missing = len(SIDES) * len(present) + 1
    for _ in range(_ATTEMPTS):
        order = [subjects[index] for index in rng.permutation(len(subjects))]
        sides, start = {}, 0
        for side in SIDES:
            sides[side] = sorted(order[start : start + counts[side]])
            start += counts[side]
        missing = sum(len(present - set().union(*(of_subject[s] for s in people))) for people in sides.values())
        if missing < best_missing:
            best, best_missing = sides, missing
        if not missing:
            break
    if best_missing:
        cli.note("note: a side of the split lacks a class; some metrics will be undefined")
    return {
        "schema_version": 1,
        "split_id": f"{dataset.name}-{dataset.labels_sha256[:8]}-seed{seed}",
        "created_utc": paths.utc_text(),
        "dataset": dataset.reference(),
        "seed": seed,
        "method": "grouped_by_subject",
        "fractions": FRACTIONS,
        "sides": {side: _describe(dataset.rows, people) for side, people in best.items()},
    }


def _describe(rows: Sequence[SequenceRow], people: list[str]) -> dict[str, Any]:
    mine = [row for row in rows if row.subject_id in set(people)]
    return {
        "subjects": people,
        "sequences": [row.sequence_id for row in mine],
        "by_label": sequences.count_labels(mine),
    }


def freeze_split(dataset: Dataset, seed: int, folder: Path | None = None) -> Path:
    """Return the file of a dataset's split, which is written the first time and used as it is from then on."""
    folder = folder or paths.artifacts("splits")
    path = folder / f"{dataset.name}-{dataset.labels_sha256[:8]}-seed{seed}.json"
    if not path.exists():
        contracts.write_document(path, make_split(dataset, seed), "split")
    read_split(path, dataset)
    return path


def read_split(path: Path, dataset: Dataset) -> dict[str, Any]:
    """Read a split and check that it belongs to this dataset and that nobody is on two sides.

    Raises:
        InvalidInput: Not valid, of another dataset or another state of it (both hashes are named), or leaking.
    """
    split = contracts.read_document(path, "split")
    if split["dataset"]["sha256"] != dataset.labels_sha256:
        raise InvalidInput(
            str(path),
            found=f"a split of {split['dataset']['name']} with labels {split['dataset']['sha256'][:12]}",
            expected=f"one of {dataset.name} with labels {dataset.labels_sha256[:12]}",
            todo="make a new split: the dataset has changed since",
        )
    owner = {row.sequence_id: row.subject_id for row in dataset.rows}
    seen: dict[str, str] = {}
    for side, content in split["sides"].items():
        people = set(content["subjects"]) | {owner.get(sequence, "") for sequence in content["sequences"]}
        for subject in sorted(people):
            if not subject or subject in seen:
                where = f", who is also in {seen[subject]}" if subject in seen else ""
                raise InvalidInput(
                    f"{path}: sides.{side}",
                    found=(subject or "a sequence of nobody") + where,
                    expected="each person on one side only",
                )
            seen[subject] = side
    return split


def rows_of(dataset: Dataset, split: dict[str, Any] | None, side: str) -> list[SequenceRow]:
    """Return the sequences of a side, or all of them for ``all``.

    Raises:
        InvalidInput: The side is empty.
    """
    if side == "all":
        rows = list(dataset.rows)
    elif split is None:
        raise InvalidInput(f"--side {side}", found="no --split", expected="a split file that says who is on that side")
    else:
        rows = dataset.select(split["sides"][side]["sequences"])
    if not rows:
        raise InvalidInput(str(dataset.folder), found=f"no sequence on the side {side!r}", expected="at least one")
    return rows
