"""Repeated folds by person: each person is tested exactly once per seed, by a model that never saw them.

People who are seen in one film with each other stay together, so folds are by film as well.

Every fold is an ordinary split document with train, validation and test, so trainer, exporter and evaluator do not need
to know about folds. Reads a dataset, writes split documents; never reads pictures.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared.dataset import splits
from shared.dataset.film_groups import group_people
from shared.dataset.reader import Dataset
from shared.dataset.splits import SIDES_FILE, read_test_people
from shared.errors import InvalidInput

Groups = Mapping[str, Sequence[str]]


def make_folds(dataset: Dataset, n_folds: int, seed: int) -> list[dict[str, Any]]:
    """Divide a dataset's people into folds for testing, and the others of each fold into train and validation.

    Args:
        dataset: Whose people.
        n_folds: 2 or more; the number of people gives leave-one-out.
        seed: Random seed.

    Returns:
        One split document per fold. Labels are spread evenly over the folds, where the people allow it.

    Raises:
        InvalidInput: Fewer people than folds, or too few to train, validate and test on different ones.
    """
    groups = group_people(dataset)
    subjects = sorted(groups)
    _must_be_free(dataset)
    # 3 people in 2 folds would leave nobody to train on where two are tested.
    _must_be_enough(len(subjects), max(3, n_folds) if n_folds > 2 else 4, f"{n_folds} folds")
    rng = np.random.default_rng(seed)
    test_sides = _stratify(dataset, groups, [subjects[index] for index in rng.permutation(len(subjects))], n_folds)
    return _complete(dataset, groups, test_sides, seed, "grouped_folds", "fold", rng)


def make_leave_one_out(dataset: Dataset, seed: int) -> list[dict[str, Any]]:
    """Test each person alone; the seed decides which of the others are validation people.

    Returns:
        One split document per person, in the order of their pseudonyms.

    Raises:
        InvalidInput: Fewer than three people.
    """
    groups = group_people(dataset)
    _must_be_free(dataset)
    _must_be_enough(len(groups), 3, "leaving one person out")
    test_sides = [[first] for first in sorted(groups)]
    return _complete(dataset, groups, test_sides, seed, "leave_one_subject_out", "person", np.random.default_rng(seed))


def freeze_folds(documents: Sequence[dict[str, Any]], folder: Path, dataset: Dataset) -> list[Path]:
    """Write the folds that are not there yet; existing files are kept.

    Returns:
        The files, in the order of the folds.

    Raises:
        InvalidInput: An existing file contradicts the others: somebody would be tested twice, or not at all.
    """
    files = [folder / f"{document['split_id']}.json" for document in documents]
    for file, document in zip(files, documents, strict=True):
        splits.freeze(file, document)
    tested = Counter(s for file in files for s in splits.read_split(file, dataset)["sides"]["test"]["subjects"])
    for subject in dataset.subjects():
        if tested[subject] != 1:
            raise InvalidInput(
                f"{folder}: the folds of seed {documents[0]['seed']}",
                found=f"{subject} tested {tested[subject]} times",
                expected="everybody tested once",
                todo="remove these files and run the same command again",
            )
    return files


def _must_be_free(dataset: Dataset) -> None:
    """Refuse folds of a dataset whose source defines training and test people: folds would mix them.

    Raises:
        InvalidInput: The dataset has a sides.json.
    """
    if read_test_people(dataset.folder) is not None:
        raise InvalidInput(
            str(dataset.folder / SIDES_FILE),
            found="a dataset whose source defines the test people",
            expected="a dataset without sides.json",
            todo="omit --folds: a single split keeps these test people",
        )


def _must_be_enough(n_subjects: int, n_needed: int, purpose: str) -> None:
    if n_subjects < n_needed:
        raise InvalidInput(
            "the dataset",
            found=f"{n_subjects} {'person' if n_subjects == 1 else 'people'}",
            expected=f"at least {n_needed} for {purpose}: train, validation and test people are never the same",
            todo="record more people, or ask for fewer folds",
        )


def _stratify(dataset: Dataset, groups: Groups, order: Sequence[str], n_folds: int) -> list[list[str]]:
    """Assign groups of people to folds with similar counts of each label; ties are broken by the order."""
    from sklearn.model_selection import StratifiedGroupKFold

    rank = {person: number for number, first in enumerate(order) for person in groups[first]}
    # Each sequence as often as there are folds: the shares stay the same, and scikit-learn, which counts sequences,
    # does not refuse a label that fewer sequences than folds have.
    ranks = np.repeat([rank[row.subject_id] for row in dataset.rows], n_folds)
    labels = np.repeat([row.label for row in dataset.rows], n_folds)
    # Without shuffling: the order of the groups is the random part, so another scikit-learn gives the same folds.
    parts = StratifiedGroupKFold(n_folds).split(np.zeros(len(ranks)), labels, ranks)
    return [sorted({order[number] for number in ranks[test]}) for _, test in parts]


def _complete(
    dataset: Dataset,
    groups: Groups,
    test_sides: Sequence[Sequence[str]],
    seed: int,
    method: str,
    word: str,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Draw each fold's validation people from those who are not tested, and make the documents."""
    labels_of = splits.labels_by_group(dataset, groups)
    n_subjects, n_folds = len(labels_of), len(test_sides)
    documents = []
    for number, tested in enumerate(test_sides, start=1):
        others = sorted(labels_of.keys() - set(tested))
        if len(others) < 2:
            raise InvalidInput(
                "the dataset",
                found=f"{len(tested)} of {n_subjects} people with too few sequences to fill a fold",
                expected=f"people who can be divided into {n_folds} folds of similar size",
                todo="record more people, or ask for more folds",
            )
        n_validation = min(max(1, round(splits.FRACTIONS["validation"] * n_subjects)), len(others) - 1)
        counts = {"train": len(others) - n_validation, "validation": n_validation}
        parts = {**splits.draw_parts(labels_of, others, counts, rng), "test": tested}
        people = {side: splits.list_people(groups, firsts) for side, firsts in parts.items()}
        fractions = {side: round(len(parts[side]) / n_subjects, 6) for side in splits.PARTS}
        name = f"{splits.split_name(dataset, seed)}-{word}{number}of{n_folds}"
        document = splits.describe_split(dataset, name, seed, method, fractions, people)
        documents.append({**document, "fold": {"number": number, "of": n_folds}})
    return documents
