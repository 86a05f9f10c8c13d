"""Train/validation/test splits: grouped by subject, frozen to a file, the same for every arm and every later run.

A person is in one part only: a model that has seen a person's neutral face knows more than it will in the field.
Reads and writes split documents; knows nothing of pictures.

People whom the source of the data reserves for testing are listed in the dataset's ``sides.json``: archives
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
from shared.dataset.film_groups import group_people
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput

PARTS = ("train", "validation", "test")
FRACTIONS = {"train": 0.6, "validation": 0.15, "test": 0.25}
_ATTEMPTS = 1000
SIDES_FILE = "sides.json"


def part_sizes(n_subjects: int) -> dict[str, int]:
    """Compute how many people go to each part.

    Returns:
        At least one per part; the test set is rounded up, since its size limits what can be concluded.

    Raises:
        InvalidInput: Fewer than three people.

    Example:
        >>> part_sizes(7)
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
        chosen: The test people; empty where another dataset is the test set. None draws them.

    Returns:
        A split document in which every part holds every class, where the people allow it. Where the dataset's source
        names the test people (``sides.json``), exactly these are the test set, and only the others are drawn.

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
    groups = group_people(dataset)
    parts = draw_parts(
        labels_by_group(dataset, groups), sorted(groups), part_sizes(len(groups)), np.random.default_rng(seed)
    )
    parts = {part: list_people(groups, firsts) for part, firsts in parts.items()}
    return describe_split(dataset, split_name(dataset, seed), seed, "grouped_by_subject", FRACTIONS, parts)


def _check_chosen(dataset: Dataset, chosen: Collection[str], kept: frozenset[str]) -> None:
    """Refuse people who are not there, and a choice that would train on people whom the source reserves for testing."""
    subjects, what = set(dataset.subjects()), str(dataset.folder)
    if strangers := sorted(set(chosen) - subjects):
        raise InvalidInput(
            what,
            found=f"{_first_of(strangers)} among those to be tested",
            expected=f"people of {dataset.name}",
            todo="for an empty test set: --test none",
        )
    if forgotten := sorted((kept & subjects) - set(chosen)):
        raise InvalidInput(
            what,
            found=f"{_first_of(forgotten)} not among those to be tested",
            expected=f"everyone whom {SIDES_FILE} reserves for testing",
        )


def _first_of(people: Sequence[str]) -> str:
    """Name the first of several people, and say how many more there are."""
    return people[0] + (f" (and {len(people) - 1} more)" if len(people) > 1 else "")


def _make_given(dataset: Dataset, seed: int, tested: list[str], method: str) -> dict[str, Any]:
    """Divide the people who are not kept for testing into train and validation."""
    others = sorted(set(dataset.subjects()) - set(tested))
    may_be_nobody = method == "chosen_people"
    groups = {first: people for first, people in group_people(dataset).items() if not {*people} & {*tested}}
    if bound := sorted(set(others) - set(list_people(groups, groups))):
        raise InvalidInput(
            str(dataset.folder),
            found=f"{_first_of(bound)} in a film with somebody to be tested",
            expected="the people of a film in one part only",
            todo="test them too",
        )
    if not (tested or may_be_nobody) or len(groups) < 2:
        raise InvalidInput(
            str(dataset.folder if may_be_nobody else dataset.folder / SIDES_FILE),
            found=f"{len(tested)} people to test on and {len(others)} others in the dataset",
            expected="at least 2 others: to train on and to choose the threshold on"
            if may_be_nobody
            else "at least 1 and 2: to train on and to choose the threshold on",
            todo="record more people" if may_be_nobody else "import the missing part as well",
        )
    share = FRACTIONS["validation"] / (FRACTIONS["train"] + FRACTIONS["validation"])
    n_validation = max(1, round(share * len(groups)))
    counts = {"train": len(groups) - n_validation, "validation": n_validation}
    drawn = draw_parts(labels_by_group(dataset, groups), sorted(groups), counts, np.random.default_rng(seed))
    drawn = {part: list_people(groups, firsts) for part, firsts in drawn.items()}
    parts = {**drawn, "test": tested}
    n_people = len(others) + len(tested)
    fractions = {part: round(len(people) / n_people, 4) for part, people in parts.items()}
    name = split_name(dataset, seed, tested if may_be_nobody else None)
    return describe_split(dataset, name, seed, method, fractions, parts)


def split_name(dataset: Dataset, seed: int, chosen: Collection[str] | None = None) -> str:
    """Name a split after the dataset's name, the state of its labels, the seed, and who is left out or tested."""
    name = f"{dataset.name}-{dataset.labels_sha256[:8]}-seed{seed}"
    name += f"-without-{dataset.withheld_hash}" if dataset.withheld else ""
    if chosen is None:
        return name
    return f"{name}-test-{contracts.sha256_json(sorted(chosen))[:8] if chosen else 'nobody'}"


def labels_by_subject(rows: Sequence[SequenceRow]) -> dict[str, set[str]]:
    """Say which labels each person has sequences of."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.subject_id, set()).add(row.label)
    return found


def labels_by_group(dataset: Dataset, groups: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """Say which labels the people of each group have sequences of."""
    labels = labels_by_subject(dataset.rows)
    return {first: set().union(*(labels[person] for person in people)) for first, people in groups.items()}


def list_people(groups: Mapping[str, Sequence[str]], firsts: Iterable[str]) -> list[str]:
    """List the people of some groups, sorted."""
    return sorted(person for first in firsts for person in groups[first])


def draw_parts(
    labels_of: Mapping[str, set[str]], people: Sequence[str], counts: Mapping[str, int], rng: np.random.Generator
) -> dict[str, list[str]]:
    """Divide people at random into parts that hold every label, where the people allow it.

    Args:
        labels_of: The labels that each person has sequences of.
        people: Whom to divide.
        counts: How many go to each part; together as many as there are people.
        rng: The random generator.

    Returns:
        The people of each part, sorted.
    """
    present = set().union(*(labels_of[subject] for subject in people))
    best: dict[str, list[str]] = {}
    best_missing = len(counts) * len(present) + 1
    for _ in range(_ATTEMPTS):
        order = [people[index] for index in rng.permutation(len(people))]
        parts, start = {}, 0
        for part, count in counts.items():
            parts[part] = sorted(order[start : start + count])
            start += count
        missing = sum(len(present - set().union(*(labels_of[s] for s in part))) for part in parts.values())
        if missing < best_missing:
            best, best_missing = parts, missing
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
    """Write a split document from the people of each part."""
    return {
        "schema_version": 1,
        "split_id": split_id,
        "created_utc": paths.utc_text(),
        "dataset": dataset.reference(),
        "seed": seed,
        "method": method,
        "fractions": dict(fractions),
        "sides": {part: _describe(dataset.rows, people[part]) for part in PARTS},
    }


def _describe(rows: Sequence[SequenceRow], people: Sequence[str]) -> dict[str, Any]:
    subjects = set(people)
    part_rows = [row for row in rows if row.subject_id in subjects]
    return {
        "subjects": list(people),
        "sequences": [row.sequence_id for row in part_rows],
        "by_label": reader.count_labels(part_rows),
    }


def list_warnings(dataset: Dataset, splits: Sequence[dict[str, Any]]) -> list[str]:
    """Describe weaknesses of valid splits: parts of one person, parts that lack a class.

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

    def lonely(part: str) -> list[str]:
        return [split["split_id"] for split in splits if len(split["sides"][part]["subjects"]) == 1]

    warn("a single person is tested: such numbers speak of that person; read all folds together", lonely("test"))
    warn("a single person chooses the threshold: it may fit no one else; record more people", lonely("validation"))
    for part in PARTS:
        peopled = [split for split in splits if split["sides"][part]["subjects"]]
        for label in labels:
            lacking = [split["split_id"] for split in peopled if not split["sides"][part]["by_label"].get(label)]
            warn(f"the {part} part has no {label}: some metrics are undefined there", lacking)
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
    """Read a split and check that it belongs to this dataset and that no person is in two parts.

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
    for part, content in split["sides"].items():
        rows = [row_of[name] for name in content["sequences"] if name in row_of]
        if len(rows) < len(set(content["sequences"]) - dataset.withheld):
            raise _leak(path, part, "a sequence without a person", "sequences of this dataset")
        for subject in sorted({row.subject_id for row in rows} | set(content["subjects"])):
            if people.setdefault(subject, part) != part:
                raise _leak(path, part, f"{subject}, who is also in {people[subject]}", "each person in one part only")
        for row in rows:
            for what, seen, key in (("take", takes, row.take_id), ("pictures", pictures, row.sha256)):
                first, where = seen.setdefault(key, (row.sequence_id, part))
                if where != part:
                    found = (
                        f"{row.sequence_id} of {row.subject_id} with the same {what} as {first}, which is in {where}"
                    )
                    raise _leak(path, part, found, f"each person's own {what}")
    return split


def open_split(path: Path, dataset: Dataset) -> dict[str, Any]:
    """Read a split of this dataset as it is, whether or not a person is in two parts.

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


def _leak(path: Path, part: str, found: str, expected: str) -> InvalidInput:
    todo = "./inv splitter check --dataset NAME lists and shows every such pair"
    return InvalidInput(f"{path}: sides.{part}", found=found, expected=expected, todo=todo)


def rows_of(dataset: Dataset, split: dict[str, Any] | None, part: str) -> list[SequenceRow]:
    """Return the sequences of a part, or all of them for ``all``.

    Raises:
        InvalidInput: The part is empty.
    """
    if part == "all":
        rows = list(dataset.rows)
    elif split is None:
        raise InvalidInput(f"--side {part}", found="no --split", expected="a split file")
    else:
        rows = dataset.select(split["sides"][part]["sequences"])
    if not rows:
        todo = (
            "the test set of this split is empty: measure another dataset, or use another split"
            if part == "test"
            else ""
        )
        raise InvalidInput(
            str(dataset.folder), found=f"no sequence in the part {part!r}", expected="at least one", todo=todo
        )
    return rows


def read_test_people(folder: Path) -> frozenset[str] | None:
    """Return the people of a dataset whom its source reserves for testing; None where it does not name any.

    Args:
        folder: The dataset's.

    Raises:
        InvalidInput: Not valid, or a person is in both parts.
    """
    path = folder / SIDES_FILE
    if not path.is_file():
        return None
    document = contracts.read_document(path, "sides")
    _refuse_both(path, document["train"], document["test"])
    return frozenset(document["test"])


def write_sides(folder: Path, reason: str, train: Iterable[str], test: Iterable[str]) -> Path:
    """Write a dataset's sides.json, replacing an earlier one.

    Raises:
        InvalidInput: A person is in both parts.
    """
    path = folder / SIDES_FILE
    document = {"schema_version": 1, "reason": reason, "train": sorted(set(train)), "test": sorted(set(test))}
    _refuse_both(path, train, test)
    contracts.write_document(path, document, "sides")
    return path


def _refuse_both(path: Path, train: Iterable[str], test: Iterable[str]) -> None:
    if both := sorted(set(train) & set(test)):
        raise InvalidInput(str(path), found=f"{both[0]} in train and in test", expected="each person in one part only")
