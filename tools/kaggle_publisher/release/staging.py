"""Makes the folder that would be published: an allow-list, written beside the target and swapped in when complete.

Reads a dataset, writes the staging folder, sends nothing. Files that are not on the list are left out.
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from shared import cli, contracts
from shared.dataset import reader
from shared.dataset.manifest import write_manifest
from shared.dataset.reader import Dataset, SequenceRow
from shared.dataset.test_log import VERDICT_LOOKS
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from shared.system import portable
from tools.kaggle_publisher.release import croissant
from tools.kaggle_publisher.release.croissant import LANDMARK_ROWS, LANDMARKS
from tools.kaggle_publisher.release.pictures import make_clean

CARD = "README.md"
KAGGLE_METADATA = "dataset-metadata.json"
CHECKSUMS = "checksums.sha256"
STAGED = {
    "images",
    reader.LABELS,
    reader.MANIFEST,
    CARD,
    KAGGLE_METADATA,
    CHECKSUMS,
    croissant.CROISSANT,
    LANDMARKS,
    LANDMARK_ROWS,
}
FEATURE_SHAPE = (478, 3)  # of a face's landmarks
_REASONS = {
    "takes": "the films and records of the takes",
    "trash": "repeated and withdrawn takes",
    "features": "computed from the pictures",
    "consent.json": "who agreed to what; private",
    "review.json": "who judged what; private",
    "releases.json": "your own record of releases",
    "origins.csv": "where pictures came from; holds file names",
    "sides.json": "your own record of who may be trained on",
    ".pseudonym_key": "turns names into pseudonyms; private",
    "rejected": "takes that failed their quality limits",
    "tombstones.json": "your own record of withdrawals",
    "test_openings.jsonl": "your own log of test-set evaluations",
    VERDICT_LOOKS: "your own log of looks at a question",
    KAGGLE_METADATA: "written anew for this release",
}


@dataclass(frozen=True)
class StagedFile:
    """A file that would go: its path in the release, size and hash."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class LeftOut:
    """Something in the dataset's folder that is left out, and why."""

    path: str
    n_files: int
    bytes: int
    reason: str


@dataclass(frozen=True)
class Content:
    """What goes into the folder beside the pictures and their table.

    Attributes:
        manifest: dataset.json without counts, next and checksums.
        describe: (rows, labels_sha256, arrays) → the texts of README.md, croissant.json and dataset-metadata.json.
        lossless: Whether a picture whose pixels cannot be kept to the bit is refused; it is encoded again otherwise.
        landmarks: (pictures, 478, 3) float32 in the order of the old rows' pictures, or None for a release of pictures.
    """

    manifest: dict[str, Any]
    describe: Any
    lossless: bool = False
    landmarks: Any = None


def stage(
    out: Path, dataset: Dataset, renamed: Sequence[tuple[SequenceRow, SequenceRow]], content: Content
) -> tuple[StagedFile, ...]:
    """Write the folder.

    Args:
        out: The staging folder; an earlier staging there is replaced completely.
        dataset: The dataset.
        renamed: (old row, new row), in the order of the release.
        content: What else goes.

    Returns:
        Every file with size and hash, sorted by path.

    Raises:
        InvalidInput: Another one is at work on the same folder.
        CheckFailed: A picture changed meanwhile or is damaged.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(out.parent / f".{out.name}.lock", timeout=0):
            return _stage(out, dataset, renamed, content)
    except filelock.Timeout:
        raise InvalidInput(str(out), found="another kaggle-publisher at work", expected="one at a time") from None


def _stage(
    out: Path, dataset: Dataset, renamed: Sequence[tuple[SequenceRow, SequenceRow]], content: Content
) -> tuple[StagedFile, ...]:
    """Fill a temporary folder beside the target, then put it in the target's place."""
    _clear_leftovers(out)
    temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".staging"))
    try:
        if content.landmarks is None:
            rows = _write_pictures(dataset, renamed, temporary, lossless=content.lossless)
            arrays = None
        else:
            rows, arrays = _write_landmarks([new for _, new in renamed], content.landmarks, temporary)
        (temporary / reader.LABELS).write_bytes(reader.format_labels(rows))
        # Ids begin after the last published one, so that they do not reveal how many were left out.
        next_ids = {"take": len({row.take_id for row in rows}) + 1, "sequence": len(rows) + 1}
        manifest = write_manifest(temporary, {**content.manifest, "next": next_ids}, rows)
        labels_sha256 = manifest["checksums"][reader.LABELS]
        for name, text in content.describe(manifest, rows, labels_sha256, arrays).items():
            (temporary / name).write_text(text, encoding="utf-8", newline="\n")
        _write_checksums(temporary)
        files = tuple(list_files(temporary))
        contracts.close_to_others(temporary)
        old = temporary.with_suffix(".old")
        if out.exists():
            portable.replace(out, old)
        portable.replace(temporary, out)
        shutil.rmtree(old, ignore_errors=True)
        return files
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_pictures(
    dataset: Dataset, renamed: Sequence[tuple[SequenceRow, SequenceRow]], target: Path, *, lossless: bool
) -> list[SequenceRow]:
    """Write the pictures without anything hidden in them; returns the new rows with the hashes of what was written."""
    (target / "images").mkdir()
    rows = []
    for old, new in cli.progress(renamed, what="stage pictures"):
        pictures = [(name, (dataset.folder / name).read_bytes()) for name in old.frame_names()]
        if reader.hash_pictures(data for _, data in pictures) != old.sha256:
            raise CheckFailed(old.sequence_id, found="pictures that changed meanwhile", expected="quiet ones")
        quality = int(dataset.manifest["image"]["quality"])
        clean = [make_clean(data, str(dataset.folder / name), quality, lossless=lossless) for name, data in pictures]
        for name, data in zip(new.frame_names(), clean, strict=True):
            (target / name).write_bytes(data)
        rows.append(replace(new, sha256=reader.hash_pictures(clean)))
    return rows


def _write_landmarks(
    rows: Sequence[SequenceRow], landmarks: Any, target: Path
) -> tuple[list[SequenceRow], dict[str, str]]:
    """Write the arrays of a release without pictures; returns the rows with the hashes of theirs, and the files'."""
    points = np.asarray(landmarks, dtype="<f4")
    np.save(target / LANDMARKS, points, allow_pickle=False)
    (target / LANDMARK_ROWS).write_bytes(format_landmark_rows(rows))
    hashed = [replace(row, sha256=sha256) for row, sha256 in zip(rows, hash_landmarks(rows, points), strict=True)]
    return hashed, {name: contracts.sha256_file(target / name) for name in (LANDMARKS, LANDMARK_ROWS)}


def format_landmark_rows(rows: Sequence[SequenceRow]) -> bytes:
    """Write which picture each row of landmarks is of."""
    lines = [f"{row.sequence_id},{number}" for row in rows for number in range(row.frame_count)]
    return ("\n".join(["sequence_id,frame", *lines]) + "\n").encode()


def hash_landmarks(rows: Sequence[SequenceRow], points: Any) -> Iterator[str]:
    """Hash each sequence's rows of landmarks; no picture's file has a part in it."""
    begin = 0
    for row in rows:
        yield hashlib.sha256(np.ascontiguousarray(points[begin : begin + row.frame_count], "<f4").tobytes()).hexdigest()
        begin += row.frame_count


def _write_checksums(folder: Path) -> None:
    """List every file that goes with its hash, as sha256sum -c reads it."""
    lines = [f"{file.sha256}  {file.path}" for file in list_files(folder) if file.path != KAGGLE_METADATA]
    (folder / CHECKSUMS).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def list_files(folder: Path) -> Iterator[StagedFile]:
    """List the files of a staging with size and hash, sorted by path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield StagedFile(path.relative_to(folder).as_posix(), path.stat().st_size, contracts.sha256_file(path))


def format_json(document: Any) -> str:
    """Write a JSON document as text."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _clear_leftovers(out: Path) -> None:
    """Remove what a killed run left; the lock makes sure that no other process writes there."""
    pattern = re.compile(re.escape(f".{out.name}.") + r"[a-z0-9_]+\.(staging|old|readback)")
    for path in out.parent.iterdir():
        if pattern.fullmatch(path.name):
            shutil.rmtree(path)


def must_be_replaceable(out: Path, dataset: Path) -> None:
    """Refuse to replace anything but an earlier staging.

    Raises:
        WrongUsage: The target holds, or lies in, the dataset, or has files that staging does not make.
    """
    source, target = dataset.resolve(), out.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise WrongUsage("--out", found=f"{out}, in or around the dataset", expected="a folder of its own")
    if not out.exists():
        return
    foreign = "a file" if not out.is_dir() else next(_foreign_entries(out), None)
    if foreign:
        raise WrongUsage(
            "--out", found=f"{foreign} in {out}", expected="no folder, an empty one, or an earlier staging"
        )


def _foreign_entries(out: Path) -> Iterator[str]:
    """Name what in a folder cannot come from an earlier staging."""
    entries = sorted(out.iterdir())
    if entries and not (out / KAGGLE_METADATA).is_file():
        yield entries[0].name
    yield from (path.name for path in entries if path.name not in STAGED or path.is_symlink())
    if (out / "images").is_dir():
        for path in (out / "images").iterdir():
            if not re.fullmatch(r"seq_\d{4,9}_frame_\d+\.jpg", path.name):
                yield f"images/{path.name}"


def find_left_out(dataset: Dataset) -> Iterator[LeftOut]:
    """List what in the dataset's folder is not published: folders as one entry each, loose files one by one."""
    for entry in sorted(dataset.folder.iterdir()):
        if entry.name in STAGED - {"images", KAGGLE_METADATA} or (
            entry.name.startswith(".") and entry.suffix == ".lock"
        ):
            continue
        if entry.name == "images":
            listed = {name for row in dataset.rows for name in row.frame_names()}
            strays = [path for path in entry.rglob("*") if path.is_file() and f"images/{path.name}" not in listed]
            if strays:
                yield LeftOut("images/", len(strays), _total(strays), "pictures that labels.csv does not list")
            continue
        inside = [path for path in entry.rglob("*") if path.is_file()] if entry.is_dir() else [entry]
        name = entry.name + ("/" if entry.is_dir() else "")
        reason = _REASONS.get(entry.name) or ("hidden" if entry.name.startswith(".") else "not on the list")
        yield LeftOut(name, len(inside), _total(inside), reason)


def _total(files: list[Path]) -> int:
    return sum(path.lstat().st_size for path in files)
