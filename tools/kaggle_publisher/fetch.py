"""Gets a release back from Kaggle and proves that it is the one that was published, to the byte.

Kaggle's ZIP → a temporary folder → checksums.sha256 and the dataset's own check → datasets/<name>/, all or nothing.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from shared import contracts, paths
from shared.dataset import check, reader, tombstones
from shared.dataset.reader import SequenceRow
from shared.errors import CheckFailed, InvalidInput, first_line
from tools.kaggle_publisher.archive import is_allowed, unpack
from tools.kaggle_publisher.config import FetchConfig
from tools.kaggle_publisher.release.croissant import LANDMARK_ROWS, LANDMARKS
from tools.kaggle_publisher.release.staging import CHECKSUMS, FEATURE_SHAPE, format_landmark_rows, hash_landmarks

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


@dataclass(frozen=True)
class Fetched:
    """A release that was fetched and verified."""

    id: str
    folder: Path
    n_files: int
    n_sequences: int
    was_there: bool
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        done = "was there already, and is" if self.was_there else "fetched from Kaggle, and"
        return (
            f"{paths.shown(self.folder)}: {self.id} {done} verified to the byte: {self.n_files} files, "
            f"{self.n_sequences} sequences"
        )

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "id": self.id,
            "folder": str(self.folder),
            "n_files": self.n_files,
            "n_sequences": self.n_sequences,
            "was_there": self.was_there,
        }


def fetch(config: FetchConfig) -> Fetched:
    """Fetch a release into a dataset's folder.

    Raises:
        InvalidInput: The folder holds something else.
        CheckFailed: The files do not match their checksums, or are not a smilebench dataset.
        MissingOutside: No credentials, or Kaggle does not answer.
    """
    target = config.dataset
    if target.exists() and any(target.iterdir()) and not (target / CHECKSUMS).is_file():
        raise InvalidInput(
            str(target), found="a folder with other things in it", expected="none", todo="choose another --dataset"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(target.parent / f".{target.name}.fetch.lock", timeout=0)
    try:
        with lock:
            try:
                return _fetch(config, target)
            finally:  # datasets/ is a folder that people look into
                Path(lock.lock_file).unlink(missing_ok=True)
    except filelock.Timeout:
        raise InvalidInput(str(target), found="another fetch at work on it", expected="one at a time") from None


def _fetch(config: FetchConfig, target: Path) -> Fetched:
    from tools.kaggle_publisher.remote.remote import Remote

    for left in target.parent.glob(f".{target.name}.*.fetched"):  # of a run that was killed: we hold the lock
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.", suffix=".fetched") as folder:
        archive = Remote().download(config.id, Path(folder) / "download")
        unpacked = Path(folder) / "dataset"
        unpack(archive, unpacked)
        n_files = verify_checksums(unpacked, config.id)
        n_sequences = _check(unpacked)
        _refuse_withdrawn(unpacked, config.id)
        if target.exists() and any(target.iterdir()):
            return _compare(target, unpacked, config.id, n_files, n_sequences)
        target.unlink() if target.is_file() else target.rmdir() if target.exists() else None
        contracts.close_to_others(unpacked)
        shutil.move(unpacked, target)
    return Fetched(config.id, target, n_files, n_sequences, was_there=False)


def _compare(target: Path, fresh: Path, release: str, n_files: int, n_sequences: int) -> Fetched:
    """Accept a folder that holds this very release; refuse to replace any other."""
    if contracts.sha256_file(target / CHECKSUMS) != contracts.sha256_file(fresh / CHECKSUMS):
        raise InvalidInput(
            str(target), found="another release", expected=f"none, or {release}", todo="choose another --dataset"
        )
    verify_checksums(target, str(target), allow_more=True)
    return Fetched(release, target, n_files, n_sequences, was_there=True)


def verify_checksums(folder: Path, what: str, *, allow_more: bool = False) -> int:
    """Hold a release against its checksums.sha256; returns the number of files.

    Args:
        folder: The release.
        what: How to call it in errors.
        allow_more: Whether files beside those of the release are fine, as in a dataset that is in use.

    Raises:
        CheckFailed: A file is missing, more or other.
    """
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise CheckFailed(what, found=f"no {CHECKSUMS}", expected="a release of this tool") from None
    expected: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or not is_allowed(match[2]):
            raise CheckFailed(f"{what}: {CHECKSUMS} line {number}", found=repr(line[:80]), expected="a hash and a file")
        expected[match[2]] = match[1]
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CHECKSUMS}
    missing, more = sorted(expected.keys() - found), sorted(found - expected.keys())
    other = [name for name in sorted(expected.keys() & found) if contracts.sha256_file(folder / name) != expected[name]]
    problems = [
        f"{len(names)} files {words} ({', '.join(names[:3])})"
        for words, names in (("missing", missing), ("too many", [] if allow_more else more), ("changed", other))
        if names
    ]
    if problems:
        raise CheckFailed(what, found="; ".join(problems), expected=f"the {len(expected)} files of {CHECKSUMS}")
    return len(expected) + 1


def _check(folder: Path) -> int:
    """Run the dataset's own check; returns the number of sequences."""
    rows = _read_rows(folder)
    if not (folder / "images").is_dir():
        _check_landmarks(folder, rows)
        return len(rows)
    errors = [problem for problem in check.check_dataset(folder) if problem.is_error]
    if errors:
        raise CheckFailed(
            str(folder.name), found=f"{errors[0].where}: {errors[0].what}", expected="a dataset that verifies"
        )
    return len(reader.open_dataset(folder).rows)


def _read_rows(folder: Path) -> list[SequenceRow]:
    """Read a release's table."""
    manifest = contracts.read_document(folder / reader.MANIFEST, "dataset")
    table = folder / reader.LABELS
    if not table.is_file():
        raise CheckFailed(folder.name, found=f"no {reader.LABELS}", expected="a release of this tool")
    return reader.parse_labels(table.read_bytes(), reader.LABELS, manifest["classes"])


def _check_landmarks(folder: Path, rows: Sequence[SequenceRow]) -> None:
    """Hold the landmarks of a release without pictures against its tables.

    Raises:
        CheckFailed: There are none, or they are those of other rows.
    """
    if not ((folder / LANDMARKS).is_file() and (folder / LANDMARK_ROWS).is_file()):
        found = f"neither images/ nor {LANDMARKS} with {LANDMARK_ROWS}"
        raise CheckFailed(folder.name, found=found, expected="a release with pictures or landmarks")
    try:
        points = np.load(folder / LANDMARKS, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise CheckFailed(LANDMARKS, found=f"no array ({first_line(error)})", expected="a NumPy array") from None
    n_pictures = sum(row.frame_count for row in rows)
    if points.shape != (n_pictures, *FEATURE_SHAPE) or points.dtype != np.dtype("<f4"):
        found = f"{points.dtype} of shape {points.shape}"
        raise CheckFailed(LANDMARKS, found=found, expected=f"float32 of shape {(n_pictures, *FEATURE_SHAPE)}")
    if (folder / LANDMARK_ROWS).read_bytes() != format_landmark_rows(rows):
        raise CheckFailed(LANDMARK_ROWS, found="other rows", expected=f"those of {reader.LABELS}, a line a picture")
    for row, sha256 in zip(rows, hash_landmarks(rows, points), strict=True):
        if row.sha256 != sha256:
            found = f"another hash of the landmarks of {row.sequence_id}"
            raise CheckFailed(reader.LABELS, found=found, expected=sha256)


def _refuse_withdrawn(folder: Path, release: str) -> None:
    """Refuse a release that would bring a person back who has withdrawn from a dataset here.

    Raises:
        CheckFailed: It holds one; nothing is kept.
    """
    rows = _read_rows(folder)
    pictures = (path.read_bytes() for path in sorted((folder / "images").glob("*")))
    name = tombstones.find_withdrawn({row.subject_id for row in rows}, pictures)
    if name is not None:
        raise CheckFailed(
            release,
            found=f"a person who has withdrawn from {name}",
            expected="a release without people who have withdrawn",
            todo="nothing was kept; fetch a newer version, and ask for the old one to be deleted",
        )
