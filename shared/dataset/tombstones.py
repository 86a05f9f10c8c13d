"""Remembers that people were taken out of a dataset without saying who: tombstones.json; and keeps them out.

A tombstone holds salted hashes of the person's pseudonyms (also of those in releases) and of the pictures. Nobody can
be read from them, but who comes back is recognised: by a take, a merge, a restored review, an old release. Only a new
consent by the person, of a later date, lifts a tombstone.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.dataset import consent
from shared.errors import InvalidInput

TOMBSTONES = "tombstones.json"


def leave_tombstone(
    dataset: Path,
    *,
    n_takes: int,
    n_sequences: int,
    releases: Sequence[int],
    pseudonyms: Collection[str] = (),
    released: Collection[str] = (),
    pictures: Iterable[bytes] = (),
) -> None:
    """Add a withdrawal, made now.

    Args:
        dataset: The dataset's folder.
        n_takes: Takes that were taken out.
        n_sequences: Their sequences.
        releases: Numbers of the releases that hold them.
        pseudonyms: The person's here.
        released: The person's in releases, which are drawn for each.
        pictures: The person's, as they are stored.
    """
    document, salt = _read(dataset), secrets.token_hex(16)
    withdrawal = {
        "withdrawn_utc": paths.utc_text(),
        "n_takes": n_takes,
        "n_sequences": n_sequences,
        "releases": list(releases),
        "salt": salt,
        "people": sorted(_digest(salt, name) for name in set(pseudonyms)),
        "released": sorted(_digest(salt, name) for name in set(released)),
        "pictures": sorted({_digest(salt, sha256) for data in pictures for sha256 in hash_picture(data)}),
    }
    document["withdrawals"].append(withdrawal)
    contracts.write_document(dataset / TOMBSTONES, document, "tombstones")


def count_withdrawals(dataset: Path) -> int:
    """Count the withdrawals so far of people who are in a release."""
    return sum(bool(one["releases"]) for one in _read(dataset)["withdrawals"])


@dataclass(frozen=True)
class Barred:
    """Who may not come back into a dataset.

    Attributes:
        book: The dataset's consent.
        withdrawals: Tombstones that no new consent has lifted.
    """

    book: consent.ConsentBook
    withdrawals: tuple[dict[str, Any], ...]

    def since(self, subject_id: str) -> str | None:
        """Say when a person withdrew who has not agreed anew; None for everybody else."""
        newest = self.book.of(subject_id)
        if newest is not None:
            return newest.given_utc if newest.withdrawn else None
        marked = (one for one in self.withdrawals if _digest(one["salt"], subject_id) in one["people"])
        return next((one["withdrawn_utc"] for one in marked), None)

    def is_marked(self, subject_id: str) -> bool:
        """Tell whether there is a tombstone of a person that no new consent has lifted."""
        return any(_digest(one["salt"], subject_id) in one["people"] for one in self.withdrawals)

    def holds(self, picture: bytes) -> bool:
        """Tell whether a stored picture is one of a person who withdrew, by its bytes or its pixels."""
        if not any(one["pictures"] for one in self.withdrawals):
            return False
        hashes = hash_picture(picture)
        return any(_digest(one["salt"], sha256) in one["pictures"] for one in self.withdrawals for sha256 in hashes)

    def refuse(self, subject_ids: Iterable[str], what: str) -> None:
        """Refuse people who withdrew.

        Raises:
            InvalidInput: Names the first, and how a new consent is recorded.
        """
        for subject_id in sorted(set(subject_ids)):
            if (since := self.since(subject_id)) is not None:
                raise InvalidInput(
                    what,
                    found=f"{subject_id}, who withdrew on {since[:10]}",
                    expected="nobody who has withdrawn",
                    todo=f"only a new consent by the person lets {subject_id} in again: ./inv consent --dataset "
                    f"{self.book.dataset} --subject {subject_id} --scope train",
                )


def read_barred(dataset: Path) -> Barred:
    """Read who may not come back into a dataset.

    Raises:
        InvalidInput: consent.json or tombstones.json is not valid.
    """
    book = consent.read_consent(dataset)
    known = {row.subject_id for row in book.rows}

    def is_lifted(one: dict[str, Any]) -> bool:
        own = [book.of(name) for name in known if _digest(one["salt"], name) in one["people"]]
        return any(row is not None and not row.withdrawn and row.given_utc >= one["withdrawn_utc"] for row in own)

    marked = [one for one in _read(dataset)["withdrawals"] if "salt" in one]
    return Barred(book, tuple(one for one in marked if not is_lifted(one)))


def find_withdrawn(pseudonyms: Collection[str], pictures: Iterable[bytes]) -> str | None:
    """Name the first dataset under datasets/ from which a person in a release withdrew.

    Args:
        pseudonyms: Those of the release.
        pictures: Its pictures; read only where a dataset here has tombstones.
    """
    known = []
    for folder in _datasets_with_tombstones():
        barred = read_barred(folder)
        if barred.withdrawals:
            known.append((folder.name, barred))
            for one in barred.withdrawals:
                if any(_digest(one["salt"], name) in one["released"] for name in pseudonyms):
                    return folder.name
    for data in pictures if known else ():
        for name, barred in known:
            if barred.holds(data):
                return name
    return None


def hash_picture(data: bytes) -> tuple[str, ...]:
    """Hash a stored picture's bytes and, where it can be decoded, its pixels."""
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    found = (hashlib.sha256(data).hexdigest(),)
    return found if pixels is None else (*found, hashlib.sha256(pixels.tobytes()).hexdigest())


def _datasets_with_tombstones() -> Iterator[Path]:
    for path in sorted((paths.home() / "datasets").glob(f"*/{TOMBSTONES}")):
        yield path.parent


def _digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def _read(dataset: Path) -> dict[str, Any]:
    path = dataset / TOMBSTONES
    if path.exists():
        return contracts.read_document(path, "tombstones")
    return {"schema_version": 1, "dataset": dataset.name, "withdrawals": []}
