"""Which class a sequence belongs to: the label of a table or a folder, mapped to the dataset's classes.

Also makes the protocol of a dataset of photos: sequences of one picture. Reads and writes nothing.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
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


# What folders and labels of a smile are called; lower case, as `to_class_name` writes them.
_WORDS = {
    "smile": {"smiling", "happy", "happiness", "laugh", "웃음", "미소", "스마일", "기쁨", "행복", "1"},
    "non_smile": {"neutral", "no_smile", "nonsmile", "무표정", "웃지_않음", "웃지않음", "안웃음", "중립", "0"},
}


def suggest_labels(names: Sequence[str], classes: Sequence[str]) -> str:
    """Write the --labels that would take these names in: those that are known by their meaning, the others in order.

    Args:
        names: Of folders or labels, as the user wrote them.
        classes: The dataset's.

    Returns:
        The flag; empty where there are no names, or more than anybody would write.

    Example:
        >>> suggest_labels(["무표정", "웃음"], ["non_smile", "smile"])
        '--labels 무표정=non_smile,웃음=smile'
    """
    if not 0 < len(names) <= 8:
        return ""
    guessed = {name: _guess(name, classes) for name in names}
    rest = [each for each in classes if each not in guessed.values()] or list(classes)
    pairs = []
    for name, guess in guessed.items():
        known = guess or (rest.pop(0) if len(rest) > 1 else rest[0])
        pairs.append(f"{unicodedata.normalize('NFC', name)}={known}")
    text = ",".join(pairs)
    return f"--labels {text}" if " " not in text else f'--labels "{text}"'


def _guess(name: str, classes: Sequence[str]) -> str | None:
    """Find the class that a name means."""
    plain = to_class_name(name)
    found = [known for known, words in _WORDS.items() if plain == known or plain in words]
    return next((known for known in found if known in classes), None)


def note_on_folders(unknown: Sequence[str], mapping: Mapping[str, str], classes: Sequence[str]) -> Iterator[str]:
    """Say how labels that were not requested could be: with the names of those that were left out.

    Args:
        unknown: Labels or folders of what was left out, one for each.
        mapping: Of --labels, which then has to name all that shall be taken in.
        classes: The dataset's.
    """
    names = [name for name in dict.fromkeys(unknown) if name and name not in ("in no class's folder", "no label")]
    meant = [name for name in names if _guess(name, classes)]
    if meant:
        known = {**{each: each for each in classes}, **mapping}
        pairs = suggest_labels(meant, classes).removeprefix("--labels ").strip('"')
        yield f"more labels can be taken in: --labels {','.join(f'{a}={b}' for a, b in known.items())},{pairs}"


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
