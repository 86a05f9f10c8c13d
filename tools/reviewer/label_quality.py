"""How suspicious a label is, from probabilities that come from models which have not seen that person.

Suspicion is plain confident learning: a label's quality is the probability that the models give it, and a label is
marked where they are as sure of another class as they usually are of it. Reads and writes suspicion.json; where
probabilities come from is `tools.reviewer.suspect` and `tools.reviewer.scores`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.arrays import F64
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput

SUSPICION_FILE = "suspicion.json"


@dataclass(frozen=True)
class Suspect:
    """What models say of one sequence's label.

    Attributes:
        quality: The probability of the label that it has, 0 to 1; low is suspicious.
        likely: The class that the models give the most.
        probability: Of that class.
        flagged: Whether they are surer of another class than of one that really is it.
        face_found: Whether there was a face to look at; None where none was looked for.
    """

    quality: float
    likely: str
    probability: float
    flagged: bool
    face_found: bool | None = None


@dataclass(frozen=True)
class Opinion:
    """Out-of-fold probabilities of a dataset's sequences.

    Attributes:
        classes: In the order of the probabilities.
        probabilities: By sequence id; each sums to 1.
        labels: What labels.csv said when they were made, by sequence id.
        sha256: Of the pictures that were looked at, by sequence id; empty where that was not written down.
        face_found: By sequence id; empty where no face was looked for.
        source: Where they come from, for people.
    """

    classes: tuple[str, ...]
    probabilities: dict[str, tuple[float, ...]]
    labels: dict[str, str]
    sha256: dict[str, str]
    face_found: dict[str, bool | None]
    source: str


def find_suspects(dataset: Dataset, opinion: Opinion) -> dict[str, Suspect]:
    """Judge the labels that the dataset has now.

    Returns:
        By sequence id; sequences that no model has judged, or whose pictures have changed since, are not in it.
    """
    column = {label: index for index, label in enumerate(opinion.classes)}
    rows = [
        row
        for row in dataset.rows
        if row.sequence_id in opinion.probabilities
        and row.label in column
        and opinion.sha256.get(row.sequence_id, row.sha256) == row.sha256
    ]
    if not rows:
        return {}
    known = np.array([opinion.probabilities[row.sequence_id] for row in rows], np.float64)
    labels = np.array([column[row.label] for row in rows])
    flagged = flag(known, labels)
    quality = known[np.arange(len(rows)), labels]
    likely = known.argmax(axis=1)
    return {
        row.sequence_id: Suspect(
            quality=float(quality[index]),
            likely=opinion.classes[likely[index]],
            probability=float(known[index].max()),
            flagged=bool(flagged[index]),
            face_found=opinion.face_found.get(row.sequence_id),
        )
        for index, row in enumerate(rows)
    }


def flag(probabilities: F64, labels: np.typing.NDArray[np.intp]) -> np.typing.NDArray[np.bool_]:
    """Mark the labels that confident learning takes for wrong.

    Args:
        probabilities: (n, n_classes), out of fold.
        labels: (n,) columns.

    Returns:
        (n,) True where another class is at least as probable as it is on average among the sequences of that class,
        and the most probable of those. Source: Northcutt, Jiang and Chuang 2021, Confident Learning, section 3.1
        (the confident joint off its diagonal).
    """
    n_classes = probabilities.shape[1]
    thresholds = np.array(
        [
            probabilities[labels == index, index].mean() if (labels == index).any() else np.inf
            for index in range(n_classes)
        ]
    )
    confident = np.where(probabilities >= thresholds - 1e-9, probabilities, -1.0)
    best = confident.argmax(axis=1)
    return np.asarray((confident.max(axis=1) >= 0) & (best != labels))


def suspicion_path(dataset_name: str) -> Path:
    """Return where `reviewer suspect` writes for a dataset, and where the page looks."""
    return paths.artifacts("reviews") / dataset_name / SUSPICION_FILE


def read_suspicion(path: Path, dataset: Dataset) -> Opinion:
    """Read a suspicion.json of this dataset.

    Raises:
        InvalidInput: Not valid, or of another dataset (both are named).
    """
    document = contracts.read_document(path, "suspicion")
    if document["dataset"]["name"] != dataset.name:
        raise InvalidInput(
            str(path),
            found=f"scores of the dataset {document['dataset']['name']}",
            expected=f"of {dataset.name}",
            todo=f"make them: reviewer suspect --dataset {dataset.name}",
        )
    width = len(document["classes"])
    for row in document["rows"]:
        if len(row["probabilities"]) != width:
            raise InvalidInput(
                f"{path}: {row['sequence_id']}",
                found=f"{len(row['probabilities'])} probabilities",
                expected=f"{width}, one a class",
            )
    rows = document["rows"]
    grouped = {"person": "person", "take": "take", "sequence": "sequence (people unknown)"}[document["grouped_by"]]
    return Opinion(
        classes=tuple(document["classes"]),
        probabilities={row["sequence_id"]: tuple(row["probabilities"]) for row in rows},
        labels={row["sequence_id"]: row["label"] for row in rows},
        sha256={row["sequence_id"]: row["sha256"] for row in rows},
        face_found={row["sequence_id"]: row["face_found"] for row in rows},
        source=f"{document['kind']}, {document['n_folds']} folds by {grouped}",
    )


def order_by_suspicion(suspects: Mapping[str, Suspect]) -> list[str]:
    """List sequence ids, the most suspicious first; equal ones by id."""
    return sorted(suspects, key=lambda name: (suspects[name].quality, name))


def format_table(suspects: Mapping[str, Suspect], dataset: Dataset, n: int) -> list[str]:
    """Write the first places of the list for people, a line each."""
    row_of = {row.sequence_id: row for row in dataset.rows}
    lines = []
    for place, name in enumerate(order_by_suspicion(suspects)[:n], start=1):
        found = suspects[name]
        lines.append(
            f"{place:4d}  {name}  {row_of[name].subject_id:12s} labelled {row_of[name].label:10s} "
            f"quality {found.quality:.3f}{'  no face found' if found.face_found is False else ''}"
        )
    return lines


def as_rows(suspects: Mapping[str, Suspect], labels: Mapping[str, str]) -> Sequence[dict[str, Any]]:
    """Give the list for programs, the most suspicious first."""
    return [
        {
            "sequence_id": name,
            "label": labels[name],
            "quality": suspects[name].quality,
            "likely": suspects[name].likely,
            "flagged": suspects[name].flagged,
        }
        for name in order_by_suspicion(suspects)
    ]
