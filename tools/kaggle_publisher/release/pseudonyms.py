"""Gives a release ids of its own, so that two releases cannot be joined by them.

A secret of the release, which stays in releases.json, decides pseudonyms and order. Who wants releases that can be
joined keeps the first release's secret: then a person keeps the pseudonym. Pictures that went out twice can always be
matched by their pixels; no id can hide that.
"""

import hashlib
import hmac
import secrets
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from shared.dataset.reader import SequenceRow

DIGITS = 8  # 32 bits: two of 1,000 people fall together once in 8,600 releases; a collision is dealt longer names


def new_secret() -> str:
    """Draw a release's secret: 64 hex digits."""
    return secrets.token_hex(32)


def rekey(rows: tuple[SequenceRow, ...], secret: str) -> list[tuple[SequenceRow, SequenceRow]]:
    """Rename people, takes and sequences.

    Args:
        rows: The sequences that go.
        secret: The release's secret; the same rows and secret give the same names.

    Returns:
        (old row, new row) in the new order: people, their takes and a take's sequences are shuffled. The hash of a new
        row is still the old one's; the writer of the pictures replaces it.
    """
    pseudonyms = _name_people(sorted({row.subject_id for row in rows}), secret)
    shuffled = sorted(
        rows,
        key=lambda row: (
            pseudonyms[row.subject_id],
            _digest(secret, "take", row.take_id),
            _digest(secret, "sequence", row.sequence_id),
        ),
    )
    renamed = []
    number = 0
    for take, (_, members) in enumerate(groupby(shuffled, key=attrgetter("subject_id", "take_id")), start=1):
        for row in members:
            number += 1
            new = replace(
                row,
                sequence_id=f"seq_{number:04d}",
                take_id=f"take_{take:04d}",
                subject_id=pseudonyms[row.subject_id],
            )
            renamed.append((row, new))
    return renamed


def _name_people(subjects: list[str], secret: str) -> dict[str, str]:
    digits = DIGITS
    while True:
        names = {subject: "p" + _digest(secret, "person", subject)[:digits] for subject in subjects}
        if len(set(names.values())) == len(subjects):
            return names
        digits += 4


def _digest(secret: str, what: str, name: str) -> str:
    return hmac.new(bytes.fromhex(secret), f"{what}:{name}".encode(), hashlib.sha256).hexdigest()
