"""Decides which sequences may be published: consent, review, and no drawn face that passes as a person.

Pure: makes a selection from a dataset and its consent book, with the reason for everything that is left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from shared.dataset.consent import ConsentBook
from shared.dataset.reader import LABELS, Dataset, SequenceRow
from shared.errors import CheckFailed, InvalidInput

SHOWN = 8


@dataclass(frozen=True)
class Refusal:
    """A person whose sequences are left out, and why.

    Attributes:
        subject_id: The person's pseudonym in the dataset.
        sequence_ids: The sequences that stay.
        reason: In words.
    """

    subject_id: str
    sequence_ids: tuple[str, ...]
    reason: str

    def as_text(self) -> str:
        """List the sequences, shortened where there are many."""
        more = len(self.sequence_ids) - SHOWN
        listed = ", ".join(self.sequence_ids[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{self.subject_id} ({len(self.sequence_ids)} sequences: {listed}): {self.reason}"


@dataclass(frozen=True)
class Selection:
    """What is published and what is left out.

    Attributes:
        rows: The sequences that go, in the dataset's order.
        refused: People who are left out.
        n_unreviewed: How many published sequences were not reviewed.
    """

    rows: tuple[SequenceRow, ...]
    refused: tuple[Refusal, ...]
    n_unreviewed: int

    @property
    def subjects(self) -> list[str]:
        """The people who go, sorted."""
        return sorted({row.subject_id for row in self.rows})


def select(dataset: Dataset, book: ConsentBook, now_utc: str, *, allow_unreviewed: bool) -> Selection:
    """Choose the sequences whose person agreed to be published.

    Args:
        dataset: The dataset; drawn faces need no consent.
        book: Who agreed to what.
        now_utc: The moment at which an agreement must hold.
        allow_unreviewed: Whether unreviewed labels may be published (the card notes it).

    Raises:
        InvalidInput: No sequences at all, or drawn ones in a dataset of kind real.
        CheckFailed: Nobody may be published, or labels are unreviewed and that was not allowed.
    """
    if not dataset.rows:
        raise InvalidInput(str(dataset.folder), found="a dataset without sequences", expected="something to publish")
    drawn = [row.sequence_id for row in dataset.rows if row.source == "synthetic"]
    if drawn and not dataset.is_synthetic:
        raise InvalidInput(
            str(dataset.folder / LABELS),
            found=f"{len(drawn)} drawn sequences ({drawn[0]}) in a dataset of kind real",
            expected="none: drawn faces must not pass as people",
        )
    reasons = {} if dataset.is_synthetic else _refuse(dataset, book, now_utc)
    going = tuple(row for row in dataset.rows if row.subject_id not in reasons)
    by_person = sorted((row for row in dataset.rows if row.subject_id in reasons), key=attrgetter("subject_id"))
    refused = tuple(
        Refusal(subject, tuple(row.sequence_id for row in rows), reasons[subject])
        for subject, rows in groupby(by_person, key=attrgetter("subject_id"))
    )
    if not going:
        raise CheckFailed(
            str(dataset.folder),
            found="no person who may be published: " + _join([f"{one.subject_id}: {one.reason}" for one in refused]),
            expected="at least one person whose consent includes publishing",
            todo="ask for consent; ./inv collect asks on screen, and writes consent.json",
        )
    unreviewed = [row for row in going if not row.reviewed]
    if unreviewed and not allow_unreviewed:
        counts = Counter(row.subject_id for row in unreviewed)
        raise CheckFailed(
            str(dataset.folder / LABELS),
            found=f"{len(unreviewed)} of {len(going)} labels without a review "
            f"({_join([f'{subject}: {count}' for subject, count in sorted(counts.items())])})",
            expected="every label checked by eye",
            todo="review them (./inv review), or give --allow-unreviewed, which the card notes",
        )
    return Selection(going, refused, len(unreviewed))


def _refuse(dataset: Dataset, book: ConsentBook, now_utc: str) -> dict[str, str]:
    """Give the reason for each person who may not be published."""
    found = {subject: book.why_not(subject, "publish", now_utc) for subject in dataset.subjects()}
    return {subject: reason for subject, reason in found.items() if reason is not None}


def _join(parts: Sequence[str]) -> str:
    more = f", and {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""
    return ", ".join(parts[:SHOWN]) + more
