"""Reads a release back from Kaggle: which versions hold it, and whether it is the staged one, to the byte.

A version is recognised by its list of checksums, or its labels.csv, which no other release has: people and sequences
have names of their release. What can be read of neither is not decided.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts
from shared.dataset.reader import LABELS
from shared.errors import CheckFailed, SmilebenchError
from tools.kaggle_publisher.archive import unpack
from tools.kaggle_publisher.release.staging import CHECKSUMS, KAGGLE_METADATA, StagedFile
from tools.kaggle_publisher.releases import Release
from tools.kaggle_publisher.remote.credentials import conceal
from tools.kaggle_publisher.remote.messages import RemoteDataset

ARCHIVE = "images.zip"  # what Kaggle makes the folder images/ of
_NEWEST = 20  # versions that are looked at
_NAMED = 3
_MORE = 1000  # files beyond the staged ones after which a list is not read on


@dataclass(frozen=True)
class Ours:
    """The versions at Kaggle that hold a release.

    Attributes:
        versions: Newest first; (None,) where Kaggle does not number them and the newest one holds it.
        undecided: Versions of which that could not be read.
    """

    versions: tuple[int | None, ...] = ()
    undecided: tuple[int | None, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The versions that have a number, oldest first."""
        return tuple(sorted(version for version in self.versions if version is not None))


def find_ours(remote: Any, release: Release, there: RemoteDataset | None, labels: Path | None) -> Ours:
    """Find the versions that were made of a release since it was submitted.

    Args:
        remote: The connection.
        release: Its row.
        there: The dataset as Kaggle has it.
        labels: The staged labels.csv; None where another release has been staged since.
    """
    if there is None:
        return Ours()
    candidates: list[int | None] = [None]
    if there.version is not None:
        oldest = max(release.remote_version_before or 0, there.version - _NEWEST)
        candidates = list(range(there.version, oldest, -1))
    wanted = {CHECKSUMS: release.sha256}
    if labels is not None and labels.is_file():
        wanted[LABELS] = contracts.sha256_file(labels)
    answers = {version: _is_ours(remote, release.id, version, wanted) for version in candidates}
    return Ours(
        tuple(version for version, answer in answers.items() if answer),
        tuple(version for version, answer in answers.items() if answer is None),
    )


def _is_ours(remote: Any, dataset_id: str, version: int | None, wanted: dict[str, str]) -> bool | None:
    """Tell whether a version holds a file of the release; None where it cannot be read."""
    try:
        listed = remote.list_files(dataset_id, version)
    except SmilebenchError:
        return None
    is_decided = True
    for name in wanted.keys() & listed.keys():
        with tempfile.TemporaryDirectory() as folder:
            try:
                path = remote.download(_address(dataset_id, version), Path(folder), name)
            except SmilebenchError:
                is_decided = False
            else:
                if contracts.sha256_file(path) == wanted[name]:
                    return True
    return False if is_decided else None


def _address(dataset_id: str, version: int | None) -> str:
    return dataset_id if version is None else f"{dataset_id}/{version}"


def compare(
    remote: Any, dataset_id: str, version: int | None, out: Path, files: tuple[StagedFile, ...], *, verify: bool
) -> None:
    """Hold a version against the staging: names and sizes, and the bytes of every file.

    Args:
        remote: The connection.
        dataset_id: owner/slug.
        version: Its number; None for the newest.
        out: The staging folder.
        files: What was staged.
        verify: Download the version and compare its bytes, too.

    Raises:
        CheckFailed: Something is missing, more, or other.
        SmilebenchError: It cannot be read back.
    """
    expected = {file.path: file for file in files if file.path != KAGGLE_METADATA}
    listed = remote.list_files(dataset_id, version, at_most=len(expected) + _MORE)
    if ARCHIVE in listed and not any(name.startswith("images/") for name in listed):
        loose = {name for name in expected if not name.startswith("images/")}  # not unpacked there; the bytes decide
        verify = True
        problems = _differences({name: expected[name].bytes for name in loose}, listed.keys() - {ARCHIVE}, listed)
    else:
        problems = _differences({name: file.bytes for name, file in expected.items()}, set(listed), listed)
    if not problems and verify:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", suffix=".readback") as folder:
            archive = remote.download(_address(dataset_id, version), Path(folder) / "download")
            unpacked = Path(folder) / "release"
            unpack(archive, unpacked)
            names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
            hashes = {name: contracts.sha256_file(unpacked / name) for name in names}
        problems = _differences({name: file.sha256 for name, file in expected.items()}, names, hashes)
    if problems:
        raise CheckFailed(
            dataset_id,
            found=f"a release at Kaggle with files {'; '.join(problems)}",
            expected=f"exactly the {len(expected)} staged files",
            todo="it is not called done; run the same command again to have it read once more, or give it up with "
            "--abandon: the next run makes a new version",
        )


def _differences(expected: dict[str, Any], names: set[str], found: dict[str, Any]) -> list[str]:
    """Name the files that differ: by size where the values are numbers, by content where they are hashes."""
    both = expected.keys() & names
    other = sorted(name for name in both if found[name] != expected[name])
    is_size = all(isinstance(value, int) for value in expected.values())
    groups = (
        ("missing", sorted(expected.keys() - names)),
        ("that were not sent", sorted(names - expected.keys())),
        ("of another size" if is_size else "of other content", other),
    )
    return [f"{len(group)} {what} ({conceal(', '.join(group[:_NAMED]))[:200]})" for what, group in groups if group]
