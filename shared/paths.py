"""Names of files and folders, and what may be a name, once.

The home folder holds ``datasets/`` and ``artifacts/``: the checkout when the project runs from one, else the current
folder (a laptop with only the recorder installed). SMILEBENCH_HOME overrides both. Reads nothing, writes nothing.
"""

import datetime
import os
import re
from collections.abc import Callable
from pathlib import Path

from shared.errors import InvalidInput, WrongUsage

_CHECKOUT = Path(__file__).resolve().parent.parent
# What may be a name, as schemas/definitions.schema.json says it: use `fullmatch`.
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")  # of datasets, splits, runs, models, arms, reports
SUBJECT_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # pseudonyms of people and reviewers
CLASS_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,31}")
NAME_RULE = "a name of letters a-z, digits, '-', '_' and '.' (at most 128; no dot at the end, no device: con, nul ...)"
SUBJECT_RULE = "a pseudonym of letters a-z, digits, '-' and '_' (at most 64; no device: con, nul ...)"
# Windows opens a device instead of a file of such a name, whatever follows a dot, and drops a dot at a name's end.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


def is_name(text: str) -> bool:
    """Tell whether a text may name a file or folder on every system.

    Example:
        >>> is_name("people-2"), is_name("nul.v2"), is_name("people.")
        (True, False, False)
    """
    return bool(NAME_PATTERN.fullmatch(text)) and not text.endswith(".") and not _DEVICES.fullmatch(text)


def is_subject(text: str) -> bool:
    """Tell whether a text may be a pseudonym of a person or reviewer; files are named by them, too."""
    return bool(SUBJECT_PATTERN.fullmatch(text)) and not _DEVICES.fullmatch(text)


def home() -> Path:
    """Return the folder that holds datasets/ and artifacts/."""
    if chosen := os.environ.get("SMILEBENCH_HOME"):
        return Path(chosen).expanduser().resolve()
    return _CHECKOUT if (_CHECKOUT / "tasks.py").is_file() else Path.cwd()


def is_within(path: Path, folder: Path) -> bool:
    """Tell whether a file, with all links followed, lies in a folder: what is served or written must."""
    return path.resolve().is_relative_to(folder.resolve())


def assets() -> Path | None:
    """Return the folder of films, photos and models of tests and trials: SMILEBENCH_ASSETS, or None without it."""
    chosen = os.environ.get("SMILEBENCH_ASSETS")
    return Path(chosen).expanduser().resolve() if chosen else None


def folder_named(value: str, parent: Path, flag: str) -> Path:
    """Return the folder that a flag was given: a name below parent, or a path as it stands.

    Raises:
        WrongUsage: Neither a good name nor a path.
    """
    if "/" in value or os.sep in value or value.startswith(("~", ".")):
        return Path(value).expanduser().resolve()
    if not is_name(value):
        raise WrongUsage(flag, found=repr(value), expected=f"{NAME_RULE}, or a path")
    if other := _spelt_otherwise(parent, value):
        raise WrongUsage(
            flag, found=f"{value!r} beside {other!r}", expected="one spelling: many systems take both for one folder"
        )
    return parent / value


def _spelt_otherwise(parent: Path, name: str) -> str | None:
    """Return the name of an entry that differs from a new one in capital letters alone; None where there is none."""
    names = os.listdir(parent) if parent.is_dir() else []
    return None if name in names else next((other for other in names if other.casefold() == name.casefold()), None)


def dataset_dir(value: str) -> Path:
    """Return a dataset's folder from what --dataset was given: a name under datasets/, or a path.

    Raises:
        WrongUsage: Neither a good name nor a path.
    """
    return folder_named(value, home() / "datasets", "--dataset")


def dataset_flag(folder: Path) -> str:
    """Write a dataset's folder as --dataset takes it: its name under datasets/, else the path."""
    return folder.name if folder.parent == home() / "datasets" else shown(folder)


def model_file(value: str) -> Path:
    """Return an ONNX file from what --model was given: a path, or a name under artifacts/models/."""
    path = Path(value).expanduser()
    if path.suffix == ".onnx":
        return path.resolve()
    folder = folder_named(value, artifacts("models"), "--model")
    return folder / MODEL_FILE


def artifacts(kind: str) -> Path:
    """Return the folder of one kind of artifact: runs, models, splits, results, reports, handoff, cache, publish."""
    return home() / "artifacts" / kind


MODEL_FILE = "smile_detector.onnx"
MODEL_CARD = "model.json"
WEIGHTS_FILE = "weights.safetensors"  # what the graph was exported from; where a fine-tuning can start
LITERT_FOLDER = "litert"  # in a model's folder and in its hand-off: for phones
LITERT_FILE = "smile_detector.tflite"
LITERT_CARD = "litert.json"
SPEC_FILE = "frontend_spec.json"  # of a hand-off, in artifacts/handoff/<model_id>/
QUANTIZATION_FILE = "quantization.json"  # which smaller encoders pass, in artifacts/quantized/<model_id>/
PROOF_FILE = "browser_proof.json"  # beside it, once a browser has run the hand-off


def newest_named(kind: str, file: str, unless: Callable[[Path], bool] = lambda path: False) -> Path | None:
    """Return the folder of a kind of artifact whose `file` was written last, or None if there is none.

    Args:
        kind: Of artifact.
        file: Its name in each folder.
        unless: Tells of a file whether to leave it out.
    """
    found = sorted(artifacts(kind).glob(f"*/{file}"), key=lambda path: (path.stat().st_mtime, path.parent.name))
    return next((path.parent for path in reversed(found) if not unless(path)), None)


def handoff_dir(value: str | None) -> Path:
    """Return a hand-off's folder from what --model was given: a name, a path, or None for the newest.

    Raises:
        InvalidInput: None was given and there is no hand-off yet.
        WrongUsage: Neither a good name nor a path.
    """
    if value is not None:
        return folder_named(value, artifacts("handoff"), "--model")
    newest = newest_named("handoff", SPEC_FILE)
    if newest is None:
        todo = "write one: ./inv handoff"
        raise InvalidInput(shown(artifacts("handoff")), found="no hand-off", expected="one", todo=todo)
    return newest


def utc_now() -> datetime.datetime:
    """Return the present time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


_UTC_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def utc_text(moment: datetime.datetime | None = None) -> str:
    """Write a moment as documents hold it: 2026-01-22T11:25:34Z."""
    return (moment or utc_now()).strftime(_UTC_FORMAT)


def parse_utc(text: str) -> datetime.datetime:
    """Read a moment as `utc_text` writes it.

    Raises:
        ValueError: Another format, or a day that there is none of.
    """
    return datetime.datetime.strptime(text, _UTC_FORMAT).replace(tzinfo=datetime.UTC)


def utc_stamp(moment: datetime.datetime | None = None) -> str:
    """Write a moment as file names hold it: 20260122_112534."""
    return (moment or utc_now()).strftime("%Y%m%d_%H%M%S")


def shown(path: Path) -> str:
    """Write a path for people: relative to the current folder where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
