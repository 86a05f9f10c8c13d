"""Label quality from out-of-fold probabilities: models that have not seen the person.

The method is confident learning: a label's quality is its predicted probability, and a label is flagged if the models
are as confident of another class as they usually are for that class. Reads suspicion.json; the probabilities come from
`tools.reviewer.suspect` and `tools.reviewer.scores`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.statistics.confident_learning import flag

SUSPICION_FILE = "suspicion.json"


@dataclass(frozen=True)
class Suspect:
    """The quality of one sequence's label.

    Attributes:
        quality: Predicted probability of its label, 0 to 1; low means probably wrong.
        likely: The most probable class.
        probability: Of that class.
        flagged: Whether confident learning takes the label for wrong.
        face_found: Whether a face was found; None if none was searched for.
    """

    quality: float
    likely: str
    probability: float
    flagged: bool
    face_found: bool | None = None


@dataclass(frozen=True)
class OutOfFoldScores:
    """Out-of-fold probabilities of a dataset's sequences.

    Attributes:
        classes: In the order of the probabilities.
        probabilities: By sequence id; each sums to 1.
        labels: Labels at that time, by sequence id.
        sha256: Of the pictures at that time, by sequence id; empty if unknown.
        face_found: By sequence id; empty if no faces were searched for.
        source: Description of their origin, for people.
    """

    classes: tuple[str, ...]
    probabilities: dict[str, tuple[float, ...]]
    labels: dict[str, str]
    sha256: dict[str, str]
    face_found: dict[str, bool | None]
    source: str


def find_suspects(dataset: Dataset, scores: OutOfFoldScores) -> dict[str, Suspect]:
    """Compute the quality of the dataset's current labels.

    Returns:
        By sequence id, without sequences that have no scores or whose pictures have changed since.
    """
    column = {label: index for index, label in enumerate(scores.classes)}
    rows = [
        row
        for row in dataset.rows
        if row.sequence_id in scores.probabilities
        and row.label in column
        and scores.sha256.get(row.sequence_id, row.sha256) == row.sha256
    ]
    if not rows:
        return {}
    known = np.array([scores.probabilities[row.sequence_id] for row in rows], np.float64)
    labels = np.array([column[row.label] for row in rows])
    flagged = flag(known.tolist(), labels.tolist())
    quality = known[np.arange(len(rows)), labels]
    likely = known.argmax(axis=1)
    return {
        row.sequence_id: Suspect(
            quality=float(quality[index]),
            likely=scores.classes[likely[index]],
            probability=float(known[index].max()),
            flagged=flagged[index],
            face_found=scores.face_found.get(row.sequence_id),
        )
        for index, row in enumerate(rows)
    }


def suspicion_path(dataset_name: str) -> Path:
    """Return the path of a dataset's suspicion.json, written by `reviewer suspect` and read by the page."""
    return paths.artifacts("reviews") / dataset_name / SUSPICION_FILE


def read_suspicion(path: Path, dataset: Dataset) -> OutOfFoldScores:
    """Read a suspicion.json of this dataset.

    Raises:
        InvalidInput: It is not valid, or belongs to another dataset (both are named).
    """
    document = contracts.read_document(path, "suspicion")
    if document["dataset"]["name"] != dataset.name:
        raise InvalidInput(
            str(path),
            found=f"scores of the dataset {document['dataset']['name']}",
            expected=f"of {dataset.name}",
            todo=f"make them: ./inv suspect --dataset {dataset.name}",
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
    return OutOfFoldScores(
        classes=tuple(document["classes"]),
        probabilities={row["sequence_id"]: tuple(row["probabilities"]) for row in rows},
        labels={row["sequence_id"]: row["label"] for row in rows},
        sha256={row["sequence_id"]: row["sha256"] for row in rows},
        face_found={row["sequence_id"]: row["face_found"] for row in rows},
        source=f"{document['kind']}, {document['n_folds']} folds by {grouped}",
    )


def order_by_quality(suspects: Mapping[str, Suspect]) -> list[str]:
    """List sequence ids, lowest quality first; ties by id."""
    return sorted(suspects, key=lambda name: (suspects[name].quality, name))


def format_table(suspects: Mapping[str, Suspect], dataset: Dataset, n: int) -> list[str]:
    """Format the first entries of the list for people, one per line."""
    row_of = {row.sequence_id: row for row in dataset.rows}
    lines = []
    for place, name in enumerate(order_by_quality(suspects)[:n], start=1):
        found = suspects[name]
        lines.append(
            f"{place:4d}  {name}  {row_of[name].subject_id:12s} labelled {row_of[name].label:10s} "
            f"quality {found.quality:.3f}{'  no face found' if found.face_found is False else ''}"
        )
    return lines


def as_rows(suspects: Mapping[str, Suspect], labels: Mapping[str, str]) -> Sequence[dict[str, Any]]:
    """Return the list for programs, lowest quality first."""
    return [
        {
            "sequence_id": name,
            "label": labels[name],
            "quality": suspects[name].quality,
            "likely": suspects[name].likely,
            "flagged": suspects[name].flagged,
        }
        for name in order_by_quality(suspects)
    ]
