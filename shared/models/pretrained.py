"""Weights of ``./inv pretrain``: where they lie, and what network they are of.

Imports no torch. A pretraining is a folder of artifacts/pretrained/: card.json, weights.safetensors, learned.txt.
"""

import json
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import MissingOutside

NEWEST = "pretrained"  # what --weights is given for the newest
KIND = "pretrained"
CARD, LEARNED = "card.json", "learned.txt"


def resolve_weights(text: str) -> str:
    """Return what ``--weights`` names: weights of the newest pretraining, of one by name or folder, else the text.

    Raises:
        MissingOutside: The newest is asked for, and there is none.
    """
    if text == NEWEST:
        return str(newest_weights())
    for folder in (Path(text).expanduser(), paths.artifacts(KIND) / text):
        if text and (folder / CARD).is_file():
            return str(folder / paths.WEIGHTS_FILE)
    return text


def newest_weights() -> Path:
    """Return the weights of the newest finished pretraining.

    Raises:
        MissingOutside: There is none.
    """
    found = find_weights()
    if found is None:
        raise MissingOutside(
            "--weights pretrained",
            found=f"no finished pretraining in {paths.shown(paths.artifacts(KIND))}",
            expected="one",
            todo="make one: ./inv pretrain --datasets A,B, or use --weights imagenet",
        )
    return found


def find_weights() -> Path | None:
    """Return the weights of the newest finished pretraining, or None."""
    folder = paths.newest_named(KIND, CARD, unless=_is_unfinished)
    return None if folder is None else folder / paths.WEIGHTS_FILE


def _is_unfinished(card: Path) -> bool:
    try:
        return bool(json.loads(card.read_text(encoding="utf-8"))["status"] != "done")
    except (OSError, ValueError, KeyError, TypeError):
        return True


def read_card(weights: Path) -> dict[str, Any] | None:
    """Return the card beside weights, or None where they are of no pretraining.

    Raises:
        InvalidInput: The card is not valid.
    """
    card = weights.expanduser().with_name(CARD)
    return (
        contracts.read_document(card, "pretrained") if weights.name == paths.WEIGHTS_FILE and card.is_file() else None
    )
