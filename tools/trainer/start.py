"""Where a training's weights start, and whether they have seen the people who are to be tested."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shared import cli, contracts
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.models.network import Network
from shared.models.photo import PhotoClassifier
from shared.models.pretrained import read_card
from tools.trainer import checkpoints

HASH_DIGITS = 16


def describe_weights(weights: str) -> dict[str, Any]:
    """Name initial weights in a run's document."""
    if weights in ("imagenet", "none"):
        return {"source": weights, "sha256": None}
    return {"source": Path(weights).name, "sha256": contracts.sha256_file(Path(weights))}


def load_start(network: Network, weights: str) -> None:
    """Load the initial weights: ImageNet's, none, or those of a file.

    Raises:
        InvalidInput: The file is of another network.
        MissingOutside: ImageNet weights, or the face detector of a crop, are not here.
    """
    if weights not in ("imagenet", "none"):
        # A pretraining is of the dual head: a classifier of photos takes over all that comes before the decision.
        shared = ("encoder", "pool", "crop") if isinstance(network, PhotoClassifier) else ()
        checkpoints.load_weights(Path(weights), network, shared)
        return
    network.load_face_detector()
    if weights == "imagenet":
        network.load_imagenet()


def hash_picture(path: Path) -> str:
    """Return what a stored picture is known by in learned.txt."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]


def learned_people(weights: Path, dataset: Dataset, rows: Iterable[SequenceRow]) -> list[str]:
    """List those people of some sequences whom weights have learned from, sorted.

    Args:
        weights: The file.
        dataset: That the sequences are of.
        rows: The sequences.

    Returns:
        Who was learned from by name in a dataset of this name, or shows in a picture that was learned from. A
        photo of the same person in another dataset is not noticed.
    """
    card = read_card(weights)
    if card is None:
        return []
    named = {person for each in card["data"] if each["name"] == dataset.name for person in each["people"]}
    pictures: set[str] = set()
    if card["learned"]:
        pictures = set((weights.with_name(card["learned"]["file"])).read_text(encoding="utf-8").split())
    found = set()
    for row in rows:
        if row.subject_id in found:
            continue
        if row.subject_id in named or any(
            hash_picture(dataset.folder / name) in pictures for name in row.frame_names()
        ):
            found.add(row.subject_id)
    return sorted(found)


def refuse_learned(weights: str, dataset: Dataset, split: dict[str, Any]) -> None:
    """Refuse to start from weights that have learned from the people who are tested; warn of validation people.

    Raises:
        InvalidInput: They have.
    """
    people = {
        part: learned_people(Path(weights), dataset, dataset.select(split["sides"][part]["sequences"]))
        for part in ("test", "validation")  # either may be empty
    }
    if people["test"]:
        raise InvalidInput(
            weights,
            found=f"weights that have learned from {len(people['test'])} of the people to be tested, such as "
            f"{people['test'][0]}",
            expected="weights that have not seen them",
            todo=f"pretrain with {dataset.name}'s training people only (without ':all', same split) or without "
            f"{dataset.name}, or use --weights imagenet",
        )
    if people["validation"]:
        cli.note(
            f"warning: the weights have learned from {len(people['validation'])} of the validation people: the "
            "threshold and the best epoch are chosen on pictures that are not new to them"
        )
