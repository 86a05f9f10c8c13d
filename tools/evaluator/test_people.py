"""Chooses whom a model is measured on where no split is given: not the people that it was trained on.

The card of a smilebench model names its training data. On that dataset the test people of its own split are measured;
all people only with --side all, and then with a note in the results. Other models have no such card.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import splits
from shared.dataset.reader import Dataset
from shared.onnx.cards import read_card
from tools.evaluator.config import EvaluationConfig


@dataclass(frozen=True)
class People:
    """Whom to measure.

    Attributes:
        split: The split file, or None.
        side: A part of it, or ``all``.
        notes: What a reader of the figures must know.
    """

    split: Path | None
    side: str
    notes: tuple[str, ...] = ()


def choose_people(config: EvaluationConfig, dataset: Dataset) -> People:
    """Choose split and part where the flags leave that open.

    Args:
        config: The settings.
        dataset: The dataset to measure on.

    Raises:
        InvalidInput: The model's card is broken.
    """
    if config.split is not None:
        return People(config.split, config.side or "test")
    card = read_card(config.model) if config.arm in ("model", "one_frame") else None
    if card is None or dataset.manifest["name"] != card["dataset"]["name"]:
        return People(None, config.side or "all")
    file = _find_split(card, dataset)
    sides: dict[str, Any] = contracts.read_document(file, "split")["sides"] if file else {}
    side = config.side or ("test" if file and sides["test"]["subjects"] else "all")
    if side != "all" and file:
        return People(file, side)
    if not sides:
        note = f"{card['model_id']} learned from {dataset.name}: it may know some of these people"
    else:
        trained, chose = (len(sides[name]["subjects"]) for name in ("train", "validation"))
        note = (
            f"{card['model_id']} was trained on {trained} of these {len(dataset.subjects())} people, and {chose} chose "
            "its epoch and threshold: these figures flatter it"
        )
    return People(None, side, (note,))


def _find_split(card: dict[str, Any], dataset: Dataset) -> Path | None:
    """Return the file of the split that the model was trained by, if it is here and of the dataset as it is now."""
    if card["split"] is None or card["dataset"]["sha256"] != dataset.labels_sha256:
        return None
    file = paths.artifacts("splits") / card["split"]["file"]
    is_it = file.is_file() and contracts.sha256_file(file) == card["split"]["sha256"]
    return file if is_it and splits.read_split(file, dataset) else None
