"""Which people are on which side: grouped by subject, frozen to a file, the same for every arm and every later run.

A person is never on two sides: a model that has seen somebody's neutral face knows more than it will in the field.
Reads and writes split documents; knows nothing of pictures.

Who may only be tested on, because the source of the data says so, stands in ``sides.json`` in the dataset: archives
come as folders for training and for validation, and every split keeps to them, also one that is drawn anew after a
label was corrected. People whom the file does not name may be trained on. Where there is no file, people are divided at
random.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput

SIDES = ("train", "validation", "test")
FRACTIONS = {"train": 0.6, "validation": 0.15, "test": 0.25}
_ATTEMPTS = 1000
SIDES_FILE = "sides.json"


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


def make_split(dataset: Dataset, seed: int, chosen: Collection[str] | None = None) -> dict[str, Any]:
    """Divide a dataset's people at random into train, validation and test.

    Args:
        dataset: Needs three people or more.
        seed: Decides who goes where.
        chosen: Who is tested on; empty for nobody, where another dataset is to be the test. None draws them.

    Returns:
        A split document in which every side holds every class, where the people allow it. Where the dataset's source
        says who is to be tested on (``sides.json``), exactly these are the test side, and only the others are drawn.

    Raises:
        InvalidInput: Too few people, or a chosen one is not in the dataset or the source's are not among them.
    """
    subjects = dataset.subjects()
    tested = read_test_people(dataset.folder)
    if chosen is not None:
        _check_chosen(dataset, chosen, tested or frozenset())
        return _make_given(dataset, seed, sorted(chosen), "chosen_people")
    if tested is not None:
        return _make_given(dataset, seed, sorted(tested & set(subjects)), "given_by_source")
    sides = draw_sides(
        labels_by_subject(dataset.rows), subjects, count_sides(len(subjects)), np.random.default_rng(seed)
    )
    return describe_split(dataset, split_name(dataset, seed), seed, "grouped_by_subject", FRACTIONS, sides)


def _check_chosen(dataset: Dataset, chosen: Collection[str], kept: frozenset[str]) -> None:
    """Refuse people who are not there, and a choice that would train on whom the source keeps for testing."""
    subjects, what = set(dataset.subjects()), str(dataset.folder)
    if strangers := sorted(set(chosen) - subjects):
        raise InvalidInput(
            what,
            found=f"{_first_of(strangers)} among those to be tested",
            expected=f"people of {dataset.name}",
            todo="to test nobody: --test none",
        )
    if forgotten := sorted((kept & subjects) - set(chosen)):
        raise InvalidInput(
            what,
            found=f"{_first_of(forgotten)} not among those to be tested",
            expected=f"all whom {SIDES_FILE} keeps for testing",
        )


def _first_of(people: Sequence[str]) -> str:
    """Name the first of several people, and say how many more there are."""
    return people[0] + (f" (and {len(people) - 1} more)" if len(people) > 1 else "")


def _make_given(dataset: Dataset, seed: int, tested: list[str], method: str) -> dict[str, Any]:
    """Divide the people who are not kept for testing into train and validation."""
    others = sorted(set(dataset.subjects()) - set(tested))
    may_be_nobody = method == "chosen_people"
    if not (tested or may_be_nobody) or len(others) < 2:
        raise InvalidInput(
            str(dataset.folder if may_be_nobody else dataset.folder / SIDES_FILE),
            found=f"{len(tested)} people to test on and {len(others)} others in the dataset",
            expected="at least 2 others: to train on and to choose the threshold on"
            if may_be_nobody
            else "at least 1 and 2: to train on and to choose the threshold on",
            todo="record more people" if may_be_nobody else "import the missing side as well",
        )
    share = FRACTIONS["validation"] / (FRACTIONS["train"] + FRACTIONS["validation"])
    n_validation = max(1, round(share * len(others)))
    counts = {"train": len(others) - n_validation, "validation": n_validation}
    drawn = draw_sides(labels_by_subject(dataset.rows), others, counts, np.random.default_rng(seed))
    sides = {**drawn, "test": tested}
    n_people = len(others) + len(tested)
    fractions = {side: round(len(people) / n_people, 4) for side, people in sides.items()}
    name = split_name(dataset, seed, tested if may_be_nobody else None)
    return describe_split(dataset, name, seed, method, fractions, sides)


def split_name(dataset: Dataset, seed: int, chosen: Collection[str] | None = None) -> str:
    """Name a split after the dataset's name, the state of its labels, the seed, and who was chosen to be tested."""
    name = f"{dataset.name}-{dataset.labels_sha256[:8]}-seed{seed}"
    if chosen is None:
        return name
    return f"{name}-test-{contracts.sha256_json(sorted(chosen))[:8] if chosen else 'nobody'}"


def labels_by_subject(rows: Sequence[SequenceRow]) -> dict[str, set[str]]:
    """Say which labels each person has sequences of."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.subject_id, set()).add(row.label)
    return found


def draw_sides(
    labels_of: Mapping[str, set[str]], people: Sequence[str], counts: Mapping[str, int], rng: np.random.Generator
) -> dict[str, list[str]]:
    """Divide people at random into sides that hold every label, where the people allow it.

    Args:
        labels_of: The labels that each person has sequences of.
        people: Whom to divide.
        counts: How many go to each side; together as many as there are people.
        rng: Where the luck comes from.

    Returns:
        The people of each side, sorted.
    """
    present = set().union(*(labels_of[subject] for subject in people))
    best: dict[str, list[str]] = {}
    best_missing = len(counts) * len(present) + 1
    for _ in range(_ATTEMPTS):
        order = [people[index] for index in rng.permutation(len(people))]
        sides, start = {}, 0
        for side, count in counts.items():
            sides[side] = sorted(order[start : start + count])
            start += count
        missing = sum(len(present - set().union(*(labels_of[s] for s in side))) for side in sides.values())
        if missing < best_missing:
            best, best_missing = sides, missing
        if not missing:
            break
    return best


def describe_split(
    dataset: Dataset,
    split_id: str,
    seed: int,
    method: str,
    fractions: Mapping[str, float],
    people: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Write a split document from the people of each side."""
    return {
        "schema_version": 1,
        "split_id": split_id,
        "created_utc": paths.utc_text(),
        "dataset": dataset.reference(),
        "seed": seed,
        "method": method,
        "fractions": dict(fractions),
        "sides": {side: _describe(dataset.rows, people[side]) for side in SIDES},
    }


def _describe(rows: Sequence[SequenceRow], people: Sequence[str]) -> dict[str, Any]:
    wanted = set(people)
    mine = [row for row in rows if row.subject_id in wanted]
    return {
        "subjects": list(people),
        "sequences": [row.sequence_id for row in mine],
        "by_label": reader.count_labels(mine),
    }


def list_warnings(dataset: Dataset, splits: Sequence[dict[str, Any]]) -> list[str]:
    """Say in plain words what is weak about splits that are valid: sides of one person, sides that lack a class.

    Args:
        dataset: Whose splits they are.
        splits: Split documents: one, or all folds together.
    """
    labels = sorted({row.label for row in dataset.rows} | set(dataset.manifest["classes"]))
    found = []

    def warn(text: str, weak: list[str]) -> None:
        if weak:
            where = f" (in {len(weak)} of {len(splits)} splits)" if len(splits) > 1 else ""
            found.append(text + where)

    def lonely(side: str) -> list[str]:
        return [split["split_id"] for split in splits if len(split["sides"][side]["subjects"]) == 1]

    warn("a single person is tested: such numbers speak of that person; read all folds together", lonely("test"))
    warn("a single person chooses the threshold: it may fit nobody else; record more people", lonely("validation"))
    for side in SIDES:
        peopled = [split for split in splits if split["sides"][side]["subjects"]]
        for label in labels:
            lacking = [split["split_id"] for split in peopled if not split["sides"][side]["by_label"].get(label)]
            warn(f"the {side} side has no {label}: some metrics are undefined there", lacking)
    return found


def freeze_split(
    dataset: Dataset, seed: int, folder: Path | None = None, chosen: Collection[str] | None = None
) -> Path:
    """Return the file of a dataset's split, which is written the first time and used as it is from then on."""
    folder = folder or paths.artifacts("splits")
    path = folder / f"{split_name(dataset, seed, chosen)}.json"
    if not path.exists():
        freeze(path, make_split(dataset, seed, chosen))
    read_split(path, dataset)
    return path


def freeze(path: Path, document: Mapping[str, Any]) -> None:
    """Write a split, or leave the one that is there as it is."""
    if not path.exists():
        contracts.write_document(path, document, "split")


def read_split(path: Path, dataset: Dataset) -> dict[str, Any]:
    """Read a split and check that it belongs to this dataset and that nobody is on two sides.

    Takes and the hashes of whole sequences are held against each other as well; single pictures, and pictures that are
    only alike, are not: ``splitter check`` reads those.

    Raises:
        InvalidInput: Not valid, of another dataset or another state of it (both hashes are named), or leaking.
    """
    split = open_split(path, dataset)
    row_of = {row.sequence_id: row for row in dataset.rows}
    people: dict[str, str] = {}
    takes: dict[str, tuple[str, str]] = {}
    pictures: dict[str, tuple[str, str]] = {}
    for side, content in split["sides"].items():
        rows = [row_of[name] for name in content["sequences"] if name in row_of]
        if len(rows) < len(content["sequences"]):
            raise _leak(path, side, "a sequence of nobody", "sequences of this dataset")
        for subject in sorted({row.subject_id for row in rows} | set(content["subjects"])):
            if people.setdefault(subject, side) != side:
                raise _leak(path, side, f"{subject}, who is also in {people[subject]}", "each person on one side only")
        for row in rows:
            for what, seen, key in (("take", takes, row.take_id), ("pictures", pictures, row.sha256)):
                first, where = seen.setdefault(key, (row.sequence_id, side))
                if where != side:
                    found = (
                        f"{row.sequence_id} of {row.subject_id} with the same {what} as {first}, which is in {where}"
                    )
                    raise _leak(path, side, found, f"each person's own {what}")
    return split


def open_split(path: Path, dataset: Dataset) -> dict[str, Any]:
    """Read a split of this dataset as it is, whether somebody is on two sides or not.

    Raises:
        InvalidInput: Not valid, or of another dataset or another state of it (both hashes are named).
    """
    split = contracts.read_document(path, "split")
    if split["dataset"]["sha256"] != dataset.labels_sha256:
        is_other = split["dataset"]["name"] != dataset.name
        raise InvalidInput(
            str(path),
            found=f"a split of {split['dataset']['name']} with labels {split['dataset']['sha256'][:12]}",
            expected=f"one of {dataset.name} with labels {dataset.labels_sha256[:12]}",
            todo="name a split of this dataset" if is_other else "make a new split: the dataset has changed since",
        )
    return split


def _leak(path: Path, side: str, found: str, expected: str) -> InvalidInput:
    todo = "splitter check lists and shows every such pair"
    return InvalidInput(f"{path}: sides.{side}", found=found, expected=expected, todo=todo)


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
        todo = "this split tests nobody: measure another dataset, or take another split" if side == "test" else ""
        raise InvalidInput(
            str(dataset.folder), found=f"no sequence on the side {side!r}", expected="at least one", todo=todo
        )
    return rows


def read_test_people(folder: Path) -> frozenset[str] | None:
    """Return the people of a dataset whom its source keeps for testing; None where it does not say.

    Args:
        folder: The dataset's.

    Raises:
        InvalidInput: Not valid, or somebody is on both sides.
    """
    path = folder / SIDES_FILE
    if not path.is_file():
        return None
    sides = contracts.read_document(path, "sides")
    _refuse_both(path, sides["train"], sides["test"])
    return frozenset(sides["test"])


def write_sides(folder: Path, reason: str, train: Iterable[str], test: Iterable[str]) -> Path:
    """Write a dataset's sides; what was there is replaced.

    Raises:
        InvalidInput: Somebody is on both sides.
    """
    path = folder / SIDES_FILE
    document = {"schema_version": 1, "reason": reason, "train": sorted(set(train)), "test": sorted(set(test))}
    _refuse_both(path, train, test)
    contracts.write_document(path, document, "sides")
    return path


def _refuse_both(path: Path, train: Iterable[str], test: Iterable[str]) -> None:
    if both := sorted(set(train) & set(test)):
        raise InvalidInput(str(path), found=f"{both[0]} in train and in test", expected="each person on one side only")
