"""Slips of the hand that make one person two, or two one: a film under two subjects, and H02 beside h02.

A take that was recorded or imported with --confirm says so in its record, and is not called a slip again. Reads the
takes' records and writes nothing.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared import contracts
from shared.dataset.reader import SequenceRow
from shared.errors import CheckFailed, InvalidInput


@dataclass(frozen=True)
class Alike:
    """Two subjects that look like one person.

    Attributes:
        where: The take or the subject.
        what: What both have in common.
    """

    where: str
    what: str


def other_spelling(subject_id: str, others: Iterable[str]) -> str | None:
    """Return the subject that differs from this one in capitals only, if there is one."""
    return next((one for one in others if one != subject_id and one.casefold() == subject_id.casefold()), None)


def find_alike(folder: Path, rows: Iterable[SequenceRow]) -> Iterator[Alike]:
    """Yield what looks like a slip of the hand among the subjects of a dataset.

    Args:
        folder: The dataset's folder.
        rows: Those that count.
    """
    subject_of: dict[str, str] = {}
    for row in rows:
        subject_of.setdefault(row.take_id, row.subject_id)
    first_of: dict[str, str] = {}
    confirmed: set[str] = set()
    shared_films = []
    for take_id, subject_id in sorted(subject_of.items()):
        path = folder / "takes" / f"{take_id}.json"
        try:
            record = contracts.read_document(path, "take") if path.is_file() else {}
        except InvalidInput:
            continue  # what is wrong with a record is said by who reads it for its own sake
        if record.get("confirmed"):
            confirmed.add(subject_id)
            continue
        sha256 = record.get("source_sha256")
        first = first_of.setdefault(sha256, take_id) if sha256 else take_id
        if subject_of[first] != subject_id:
            what = f"a film that is {first} of {subject_of[first]}, too: of one subject, or recorded with --confirm"
            shared_films.append(Alike(f"{take_id} of {subject_id}", what))
    spelt: dict[str, list[str]] = {}  # each with its like, not all with all: there may be 17,000 people
    for subject_id in sorted(set(subject_of.values())):
        spelt.setdefault(subject_id.casefold(), []).append(subject_id)
    pairs = (pair for names in spelt.values() for pair in itertools.pairwise(names))
    for subject_id, other in sorted(pairs):
        if not confirmed & {subject_id, other}:
            yield Alike(subject_id, f"a subject called {other}, too: one person is written in one way")
    yield from shared_films


def refuse_alike(folder: Path, rows: Iterable[SequenceRow]) -> None:
    """Refuse a dataset in which one person may stand as two.

    Raises:
        CheckFailed: Names the first of them.
    """
    found = list(find_alike(folder, rows))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise CheckFailed(
            f"{folder}: {found[0].where}",
            found=found[0].what + more,
            expected="each person under one subject",
            todo="./inv verify lists all; undo one (./inv takes), and record or import it again",
        )
