"""Takes that were taken out of a dataset, or never let in, kept so that they can be put back.

``trash/<UTC>_<take>/`` holds takes that were repeated, undone or whose consent was withdrawn, ``rejected/<take>/``
those that failed their quality limits. Each place holds the take's files as the dataset would, its rows as labels.csv
and removal.json, which says why. `shared.dataset.writer` moves takes; this knows the places, and after a crash brings
each take wholly to the side on which labels.csv has it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.reader import SequenceRow
from shared.errors import InvalidInput
from shared.system import portable

TRASH, REJECTED = "trash", "rejected"
DELETED = "deleted"  # a reason: the person took the take back, and nothing of it is to be left
RECORD = "removal.json"
_TAKE_SUFFIXES = (".json", ".mp4", ".png")


@dataclass(frozen=True)
class Removal:
    """A take outside of the dataset's rows.

    Attributes:
        place: The folder that holds it.
        record: The content of removal.json.
    """

    place: Path
    record: dict[str, Any]

    @property
    def take_id(self) -> str:
        """The take's id, which no other take will get."""
        return str(self.record["take_id"])

    def rows(self, classes: Sequence[str]) -> list[SequenceRow]:
        """Read the take's rows of labels.csv.

        Raises:
            InvalidInput: They are gone, or not valid.
        """
        path = self.place / reader.LABELS
        if not path.is_file():
            raise InvalidInput(str(path), found="no such file", expected="the take's rows")
        return reader.parse_labels(path.read_bytes(), str(path), classes)


def list_removed(dataset: Path) -> list[Removal]:
    """List what lies in trash/ and rejected/, by take; what crashes left unfinished is not among it."""
    found = []
    for parent in (dataset / TRASH, dataset / REJECTED):
        for place in sorted(parent.glob("*")):
            if (place / RECORD).is_file():
                found.append(Removal(place, contracts.read_document(place / RECORD, "removal")))
            elif (place / reader.LABELS).is_file():
                found += _without_record(place)
    return sorted(found, key=lambda removal: (int(removal.take_id.rpartition("_")[2]), removal.place.name))


def _without_record(place: Path) -> list[Removal]:
    """Read a place of an earlier version, which wrote no record: takes were moved there when they were repeated."""
    lines = (place / reader.LABELS).read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split(",") for line in lines]
    if not cells:
        return []
    record = removal_record(cells[0][2], cells[0][1], "repeated", (), [row[0] for row in cells], "1970-01-01T00:00:00Z")
    return [Removal(place, record)]


def find_removed(dataset: Path, take_id: str) -> Removal:
    """Find a take in trash/ or rejected/.

    Raises:
        InvalidInput: It is not there; names those that are.
    """
    removed = list_removed(dataset)
    for removal in reversed(removed):
        if removal.take_id == take_id:
            return removal
    known = ", ".join(sorted({removal.take_id for removal in removed}))
    expected = f"one of {known}" if known else "a take that was undone or kept apart; there is none"
    raise InvalidInput(str(dataset), found=f"no {take_id} in trash/ or rejected/", expected=expected)


def removal_record(
    take_id: str,
    subject_id: str,
    reason: str,
    faults: Iterable[str],
    sequence_ids: list[str],
    removed_utc: str | None = None,
) -> dict[str, Any]:
    """Build the content of removal.json; see its schema."""
    return {
        "schema_version": 1,
        "take_id": take_id,
        "subject_id": subject_id,
        "reason": reason,
        "faults": list(faults),
        "removed_utc": removed_utc or paths.utc_text(),
        "sequence_ids": sequence_ids,
    }


def write_removal(place: Path, rows: list[SequenceRow], reason: str, faults: Iterable[str] = ()) -> None:
    """Write a take's rows and why it is removed; its files are moved afterwards."""
    contracts.write_bytes(place / reader.LABELS, reader.format_labels(rows))
    record = removal_record(rows[0].take_id, rows[0].subject_id, reason, faults, [row.sequence_id for row in rows])
    contracts.write_document(place / RECORD, record, "removal")


def new_place(dataset: Path, what: str) -> Path:
    """Make a folder in trash/ that nothing else has."""
    parent, name = dataset / TRASH, f"{paths.utc_stamp()}_{what}"
    number = 1
    while (parent / name).exists():  # also when the clock was set back
        number += 1
        name = f"{paths.utc_stamp()}_{what}_{number}"
    contracts.make_folder(parent / name)
    return parent / name


def file_names(rows: Iterable[SequenceRow]) -> list[str]:
    """Name the files of a take, relative to the dataset's folder; not all of them need to be there."""
    rows = list(rows)
    takes = sorted({row.take_id for row in rows})
    return [
        *(name for row in rows for name in row.frame_names()),
        *(f"takes/{take_id}{suffix}" for take_id in takes for suffix in _TAKE_SUFFIXES),
    ]


def move_files(names: Iterable[str], source: Path, target: Path) -> None:
    """Move files, where they are there, each whole or not at all."""
    for name in names:
        if (source / name).exists():
            contracts.make_folder((target / name).parent)
            portable.replace(source / name, target / name)


def forget(place: Path) -> None:
    """Remove a place whose take is back in the dataset: only copies of its rows are left there."""
    for name in (RECORD, reader.LABELS):
        (place / name).unlink(missing_ok=True)
    for folder in (place / "images", place / "takes", place):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def delete(removal: Removal) -> None:
    """Delete a removed take for good, as its person wishes; cut off, `settle` goes on with it.

    The record is marked first and goes last, so that nothing is left that nobody knows of.
    """
    contracts.write_document(removal.place / RECORD, {**removal.record, "reason": DELETED}, "removal")
    for path in sorted(removal.place.rglob("*"), reverse=True):  # what lies in a folder before the folder
        if path.is_dir():
            path.rmdir()
        elif path.name != RECORD:
            path.unlink()
    (removal.place / RECORD).unlink()
    removal.place.rmdir()


def settle(dataset: Path, stored_takes: set[str], classes: Sequence[str]) -> None:
    """Finish what a crash cut off: labels.csv says on which side each removed take belongs.

    Args:
        dataset: The dataset's folder; its lock is held.
        stored_takes: Takes that labels.csv lists.
        classes: The dataset's classes.
    """
    for removal in list_removed(dataset):
        is_deleted = removal.record["reason"] == DELETED and removal.take_id not in stored_takes
        if not (removal.place / reader.LABELS).is_file():
            if is_deleted:
                delete(removal)
            continue
        names = file_names(removal.rows(classes))
        if removal.take_id in stored_takes:
            move_files([name for name in names if not (dataset / name).exists()], removal.place, dataset)
            forget(removal.place)
        else:
            move_files(names, dataset, removal.place)
            if is_deleted:
                delete(removal)
