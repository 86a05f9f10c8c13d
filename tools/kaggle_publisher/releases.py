"""What was published of a dataset: releases.json, which is never published.

It holds the secret that renames people, so a release can be traced back to the dataset only with this file.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import filelock

from shared import contracts
from shared.dataset.reader import SequenceRow
from tools.kaggle_publisher.release.pseudonyms import new_secret

RELEASES = "releases.json"


@dataclass(frozen=True)
class Release:
    """A release; the schema `releases` describes each field."""

    number: int
    id: str
    content: str
    state: str
    public: bool
    created_utc: str
    sha256: str
    n_files: int
    bytes: int
    remote_version: int | None
    remote_version_before: int | None
    labels_sha256: str
    subjects: dict[str, str]
    sequences: dict[str, str]
    remote_versions: tuple[int, ...] = ()

    def is_same(self, other: "Release") -> bool:
        """Tell whether this is a row of the same release: number, address and content."""
        return (self.number, self.id, self.sha256) == (other.number, other.id, other.sha256)

    @property
    def all_versions(self) -> tuple[int | None, ...]:
        """Kaggle's versions that hold it, oldest first; None for one whose number is not known."""
        known = {*self.remote_versions, *([] if self.remote_version is None else [self.remote_version])}
        return tuple(sorted(known)) or (None,)


@dataclass(frozen=True)
class ReleaseBook:
    """The releases of a dataset, oldest first, and its secret."""

    folder: Path
    secret: str
    releases: tuple[Release, ...]

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / RELEASES

    @property
    def complete(self) -> tuple[Release, ...]:
        """Those that were read back."""
        return tuple(release for release in self.releases if release.state == "complete")

    @property
    def unfinished(self) -> Release | None:
        """The one that was submitted and not read back; at most the newest."""
        return self.releases[-1] if self.releases and self.releases[-1].state == "submitting" else None

    @property
    def next_number(self) -> int:
        """The number of the next release."""
        return max((release.number for release in self.releases), default=0) + 1

    @property
    def newest(self) -> Release | None:
        """The newest one that was read back, unless a later one was begun."""
        return self.releases[-1] if self.releases and self.releases[-1].state == "complete" else None

    def secret_of(self, number: int, *, joinable: bool) -> str:
        """Return the secret of a release: its own, or one that all joinable releases have."""
        what = "joinable" if joinable else f"release {number}"
        return hmac.new(bytes.fromhex(self.secret), what.encode(), hashlib.sha256).hexdigest()

    def with_release(self, release: Release) -> "ReleaseBook":
        """Add a release, or replace the one of the same number."""
        rows = {one.number: one for one in self.releases} | {release.number: release}
        return replace(self, releases=tuple(rows[number] for number in sorted(rows)))


def read_releases(dataset: Path) -> ReleaseBook:
    """Read a dataset's releases; none, and a new secret, where there is no file.

    Raises:
        InvalidInput: The file is there and not valid.
    """
    path = dataset / RELEASES
    if not path.exists():
        return ReleaseBook(dataset, new_secret(), ())
    document = contracts.read_document(path, "releases")
    rows = [{**one, "remote_versions": tuple(one.get("remote_versions", ()))} for one in document["releases"]]
    return ReleaseBook(dataset, document["secret"], tuple(Release(**one) for one in rows))


@contextmanager
def changing_releases(dataset: Path) -> Iterator[ReleaseBook]:
    """Read the book to change it: nobody else does so until the body ends."""
    with filelock.FileLock(dataset / f".{RELEASES}.lock", timeout=30):
        yield read_releases(dataset)


def record_release(dataset: Path, release: Release) -> Release:
    """Write one release's row as it is now; what an erasure took from it meanwhile stays taken.

    Returns:
        The row as it was written.
    """
    with changing_releases(dataset) as book:
        known = next((one for one in book.releases if one.number == release.number), None)
        if known is not None and known.sha256 == release.sha256:
            release = replace(release, subjects=known.subjects, sequences=known.sequences)
        write_releases(book.with_release(release))
    return release


def drop_release(dataset: Path, release: Release) -> None:
    """Take back the row of a release that was never made."""
    with changing_releases(dataset) as book:
        write_releases(replace(book, releases=tuple(one for one in book.releases if one.number != release.number)))


def write_releases(book: ReleaseBook) -> None:
    """Write releases.json, completely or not at all, readable by its owner only."""
    path = book.folder / RELEASES
    document = {
        "schema_version": 1,
        "dataset": book.folder.name,
        "secret": book.secret,
        "releases": [
            {**asdict(release), "remote_versions": list(release.remote_versions)} for release in book.releases
        ],
    }
    contracts.write_document(path, document, "releases")
    path.chmod(0o600)


def difference(rows: Sequence[SequenceRow], last: Release | None) -> str:
    """Describe the changes since the last release in one line."""
    if last is None:
        return "the first release"
    now = {row.sequence_id: row.label for row in rows}
    people_now, people_then = {row.subject_id for row in rows}, set(last.subjects)
    parts = [
        _count(len(now.keys() - last.sequences.keys()), "new sequence"),
        _count(len(last.sequences.keys() - now.keys()), "sequence that is gone", "sequences that are gone"),
        _count(len(people_now - people_then), "new person", "new people"),
        _count(len(people_then - people_now), "person who is gone", "people who are gone"),
        _count(sum(last.sequences.get(key, label) != label for key, label in now.items()), "changed label"),
    ]
    changes = ", ".join(part for part in parts if part) or "the same sequences and labels"
    return f"against release {last.number} ({last.created_utc[:10]}): {changes}"


def _count(n: int, one: str, many: str = "") -> str:
    return "" if n == 0 else f"{n} {one if n == 1 else many or one + 's'}"
