"""Gets a release back from Kaggle and proves that it is the one that was published, to the byte.

Kaggle's ZIP → a temporary folder → checksums.sha256 and the dataset's own check → datasets/<name>/, all or nothing.
"""

import re
import shutil
import stat
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import check, reader, tombstones
from shared.errors import CheckFailed, InvalidInput
from tools.kaggle_publisher.config import FetchConfig
from tools.kaggle_publisher.release.staging import CHECKSUMS, STAGED

_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
_PICTURE = re.compile(r"images/seq_\d{4,9}_frame_\d+\.jpg")
MAX_BYTES = 50_000_000_000
MAX_RATIO = 50  # JPEG does not shrink; what grows fifty times on unpacking is not a smilebench dataset


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
    from tools.kaggle_publisher.remote.remote import Remote

    target = config.dataset
    if target.exists() and any(target.iterdir()) and not (target / CHECKSUMS).is_file():
        raise InvalidInput(
            str(target), found="a folder with other things in it", expected="none", todo="choose another --dataset"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.", suffix=".fetched") as folder:
        archive = Remote().download(config.id, Path(folder) / "download")
        unpacked = Path(folder) / "dataset"
        _unpack(archive, unpacked)
        n_files = verify_checksums(unpacked, config.id)
        n_sequences = _check(unpacked)
        _refuse_withdrawn(unpacked, config.id)
        if target.exists() and any(target.iterdir()):
            return _compare(target, unpacked, config.id, n_files, n_sequences)
        target.unlink() if target.is_file() else target.rmdir() if target.exists() else None
        shutil.move(unpacked, target)
        target.chmod(0o755)
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
        if match is None or not _is_allowed(match[2]):
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
    if not (folder / "images").is_dir():  # a release of landmarks: it has a table only
        manifest = contracts.read_document(folder / reader.MANIFEST, "dataset")
        data = (folder / reader.LABELS).read_bytes()
        return len(reader.parse_labels(data, reader.LABELS, manifest["classes"]))
    errors = [problem for problem in check.check_dataset(folder) if problem.is_error]
    if errors:
        raise CheckFailed(
            str(folder.name), found=f"{errors[0].where}: {errors[0].what}", expected="a dataset that verifies"
        )
    return len(reader.open_dataset(folder).rows)


def _refuse_withdrawn(folder: Path, release: str) -> None:
    """Refuse a release that would bring a person back who has withdrawn from a dataset here.

    Raises:
        CheckFailed: It holds one; nothing is kept.
    """
    manifest = contracts.read_document(folder / reader.MANIFEST, "dataset")
    rows = reader.parse_labels((folder / reader.LABELS).read_bytes(), reader.LABELS, manifest["classes"])
    pictures = (path.read_bytes() for path in sorted((folder / "images").glob("*")))
    name = tombstones.find_withdrawn({row.subject_id for row in rows}, pictures)
    if name is not None:
        raise CheckFailed(
            release,
            found=f"a person who has withdrawn from {name}",
            expected="a release without people who have withdrawn",
            todo="nothing was kept; fetch a newer version, and ask for the old one to be deleted",
        )


def _unpack(archive: Path, target: Path) -> None:
    """Unpack a download, file by file, and nothing but what a release has."""
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _must_be_harmless(entries, archive)
            for entry in entries:
                place = target / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, place.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, EOFError) as error:
        raise CheckFailed(archive.name, found=f"a broken ZIP ({error})", expected="Kaggle's download") from None
    nested = target / "images.zip"
    if nested.is_file():  # Kaggle did not unpack it
        with zipfile.ZipFile(nested) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _must_be_harmless(entries, nested, prefix="images/")
            for entry in entries:
                place = target / "images" / entry.filename
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(opened.read(entry))
        nested.unlink()


def _must_be_harmless(entries: list[zipfile.ZipInfo], archive: Path, prefix: str = "") -> None:
    """Refuse a ZIP that would write elsewhere, grow without end or bring what no release has.

    Raises:
        CheckFailed: Names the first such entry.
    """
    for entry in entries:
        name = prefix + entry.filename
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if is_link or not (_is_allowed(name) or name == "images.zip"):
            raise CheckFailed(archive.name, found=f"the entry {entry.filename!r}", expected="the files of a release")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1) + 1_000_000:
            raise CheckFailed(archive.name, found=f"{entry.filename} that grows without measure", expected="no bomb")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise CheckFailed(archive.name, found="more than 50 GB", expected="a dataset of faces")


def _is_allowed(name: str) -> bool:
    return name in STAGED - {"images"} or bool(_PICTURE.fullmatch(name))
