"""Which class a sequence belongs to: the label of a table or a folder, mapped to the dataset's classes.

Also makes the protocol of a dataset of photos: sequences of one picture. Reads and writes nothing.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shared.dataset.protocol import Protocol, parse_protocol, read_protocol
from shared.errors import InvalidInput, WrongUsage

PHOTO_PROTOCOL = "photos"


def to_class_name(text: str) -> str:
    """Write a label as classes are written: Non-Smile becomes non_smile."""
    text = unicodedata.normalize("NFC", text.strip()).lower()
    return "_".join(text.replace("-", " ").replace("_", " ").split())


def map_label(text: str, mapping: Mapping[str, str], classes: Sequence[str]) -> str | None:
    """Return the class of a label, or None where it is of none.

    Args:
        text: Label of the table or the folder.
        mapping: Of --labels; where it is given, only the labels in it are taken in.
        classes: The dataset's.
    """
    if mapping:
        return mapping.get(unicodedata.normalize("NFC", text.strip()))
    name = to_class_name(text)
    return name if name in classes else None


def choose_classes(mapping: Mapping[str, str], positive: str | None) -> tuple[list[str], str]:
    """Choose the classes of a new dataset: those of the default protocol, unless --labels names others.

    Returns:
        The classes and the positive one.

    Raises:
        WrongUsage: --positive is not among them, or no class is named as positive.
    """
    default = read_protocol().document
    classes = list(default["classes"])
    mapped = list(dict.fromkeys(mapping.values()))
    if not set(mapped) <= set(classes):
        classes = mapped
    chosen = positive or (default["positive_class"] if default["positive_class"] in classes else None)
    if chosen is None or chosen not in classes:
        raise WrongUsage(
            "--positive",
            found=chosen or "nothing",
            expected="the class that a high score stands for: " + " or ".join(classes),
        )
    if len(classes) < 2:
        raise WrongUsage("--labels", found=f"one class, {classes[0]}", expected="two or more")
    return classes, chosen


def photo_protocol(classes: Sequence[str], positive: str) -> Protocol:
    """Make the protocol of photos: a sequence is one picture, and a take lasts as long as it is looked at."""
    default = read_protocol().document
    document: dict[str, Any] = {
        "schema_version": default["schema_version"],
        "name": PHOTO_PROTOCOL,
        "duration_s": 1,
        "phases": [{"start_s": 0, "end_s": 1, "prompt": {"ko": "사진", "en": "Photo"}}],
        "windows": [{"start_s": 0, "end_s": 1, "label": name} for name in classes],
        "classes": list(classes),
        "positive_class": positive,
        "frame_count": 1,
        "frame_interval_ms": 0,
        "sequences_per_window": 1,
        "image_size_px": default["image_size_px"],
        "min_fps": 1,
        "max_gap_ms": 1000,
    }
    return parse_protocol(document, PHOTO_PROTOCOL)


def must_be_photos(protocol: Protocol, folder: Path) -> None:
    """Refuse to add photos to a dataset of films.

    Raises:
        InvalidInput: Its sequences have several pictures.
    """
    if protocol.frame_count != 1:
        raise InvalidInput(
            str(folder),
            found=f"a dataset whose sequences have {protocol.frame_count} pictures",
            expected="one of photos, whose sequences have 1",
            todo="choose another --dataset",
        )
