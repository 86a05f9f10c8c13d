"""Adds many sequences to a dataset that others have recorded, 100,000 photos if need be: whole batches or nothing.

A writer for importers. Pictures lie in images/ under ids that nobody lists until their batch is committed: pictures,
then origins.csv, then labels.csv, then the manifest. A batch grows with the time that a commit takes, so that writing
labels.csv again and again never costs more than a tenth of the work. After a crash the batch that was not committed is
swept to trash/, and the next run takes it in anew.

origins.csv remembers what each imported sequence was made from (see schemas/origin_row.schema.json). A source that
stands there is not taken in again, also when its sequence has been removed from the dataset since.
"""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from shared import contracts
from shared.dataset import reader, tombstones
from shared.dataset.ahead import map_ahead
from shared.dataset.card import CARD_FILE
from shared.dataset.protocol import Protocol
from shared.dataset.reader import SequenceRow
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput, SmilebenchError
from shared.system import portable

ORIGINS = "origins.csv"
_LEAST_S = 2.0
_SHARE = 0.1  # of the time that commits may take
_FLUSHERS = 8  # a disk takes several flushes at a time


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sequence came from; see schemas/origin_row.schema.json. Times are milliseconds."""

    kind: str
    file: str
    sha256: str
    start_ms: float = 0.0
    end_ms: float = 0.0
    dataset: str = ""
    dataset_sequence_id: str = ""

    def keys(self) -> list[tuple[object, ...]]:
        """Say what makes this source the one that it is, whatever its file is called."""
        found: list[tuple[object, ...]] = []
        if self.kind == "window":
            found.append((self.sha256, self.start_ms, self.end_ms))
        elif self.kind != "recorded":
            found.append((self.sha256,))
        if self.dataset:
            found.append((self.dataset, self.dataset_sequence_id))
        return found


COLUMNS = ("sequence_id", *(each.name for each in fields(Origin)))


@dataclass(frozen=True)
class Incoming:
    """A sequence that is to be taken in.

    Attributes:
        subject_id: The person's pseudonym.
        take_id: From `Intake.take_of` or `Intake.new_take`.
        label: One of the dataset's classes.
        emotion: One of the seven, or None.
        frame_times_ms: One per picture.
        source: ``film``, ``photo``, or what it was in the dataset that it comes from.
        pictures_jpg: Encoded, as they are to be stored.
        origin: What it was made from.
        reviewed: Whether a person has checked its label.
    """

    subject_id: str
    take_id: str
    label: str
    emotion: str | None
    frame_times_ms: tuple[float, ...]
    source: str
    pictures_jpg: tuple[bytes, ...]
    origin: Origin
    reviewed: bool = False


class Intake(DatasetWriter):
    """A dataset that is open for taking in sequences, made on first use. Use it as a context manager.

    Args:
        folder: The dataset's folder.
        protocol: What its sequences are; None for that of the dataset that is there already.
        kind: ``real`` or ``synthetic``.

    Raises:
        InvalidInput: As for `DatasetWriter`; or origins.csv is not valid.
    """

    def __init__(self, folder: Path, protocol: Protocol, kind: str) -> None:
        super().__init__(folder, protocol, kind)
        self.origins: dict[str, Origin] = {}
        self._known: set[tuple[object, ...]] = set()
        self._known_pictures: set[str] = set()
        self._takes: dict[tuple[str, str], str] = {}
        self._pending: list[SequenceRow] = []
        self._files: list[Path] = []
        self._whole = 0
        self._new_takes = 0
        self._committed_s = time.monotonic()
        self._cost_s = 0.0
        self.n_added = 0
        self.n_before = 0
        self._is_new = False
        self._barred: tombstones.Barred | None = None

    def __enter__(self) -> "Intake":
        self._is_new = not (self.folder / reader.MANIFEST).exists()
        super().__enter__()
        try:
            self._read_origins()
        except BaseException:
            self._lock.release()
            raise
        for row in self.rows:
            self._takes.setdefault((row.subject_id, row.source), row.take_id)
        self._known_pictures = {row.sha256 for row in self.rows}
        self.n_before = len(self.rows)
        self._committed_s = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
            elif issubclass(kind, KeyboardInterrupt | SmilebenchError):  # what is whole is kept
                self._drop_unfinished()
                self.flush()
                if self._is_new and not self.rows:
                    self._take_back()
        finally:
            super().__exit__(kind, error, trace)

    def _take_back(self) -> None:
        """Remove what a dataset begins with: this one was refused before anything came in."""
        for name in (reader.MANIFEST, reader.LABELS, CARD_FILE):
            (self.folder / name).unlink(missing_ok=True)

    def _read_origins(self) -> None:
        """Read origins.csv; rows of a batch that a crash cut off are left out."""
        next_sequence = self._next("sequence")
        for sequence_id, origin in read_origins(self.folder).items():
            if int(sequence_id.rpartition("_")[2]) < next_sequence:
                self.origins[sequence_id] = origin
                self._known.update(origin.keys())

    def bars(self, subject_id: str, pictures: Iterable[bytes] = ()) -> bool:
        """Tell whether a person, or the person on one of these pictures, has withdrawn and not agreed anew."""
        if self._barred is None:
            self._barred = tombstones.read_barred(self.folder)
        return self._barred.since(subject_id) is not None or any(map(self._barred.holds, pictures))

    def knows(self, origin: Origin) -> bool:
        """Tell whether a source was taken in before, or in this run."""
        return not self._known.isdisjoint(origin.keys())

    def holds(self, pictures_sha256: str) -> bool:
        """Tell whether a sequence of these very pictures is in the dataset."""
        return pictures_sha256 in self._known_pictures

    def new_take(self) -> str:
        """Return the id of a take that does not exist yet."""
        self._new_takes += 1
        return f"take_{self._next('take') + self._new_takes - 1:04d}"

    def take_of(self, subject_id: str, source: str) -> str:
        """Return the take that collects a person's photos: one per person, however often more are added."""
        key = (subject_id, source)
        if key not in self._takes:
            self._takes[key] = self.new_take()
        return self._takes[key]

    def add(self, incoming: Incoming) -> str:
        """Take a sequence in; it is there for good with the next commit.

        Returns:
            Its id.
        """
        sequence_id = f"seq_{self._next('sequence') + len(self._pending):04d}"
        names = reader.frame_names(sequence_id, len(incoming.pictures_jpg))
        self._must_fit(incoming)
        for name, data in zip(names, incoming.pictures_jpg, strict=True):
            self.put_file(name, data)
        row = SequenceRow.of_pictures(
            incoming.pictures_jpg,
            incoming.frame_times_ms,
            sequence_id=sequence_id,
            subject_id=incoming.subject_id,
            take_id=incoming.take_id,
            label=incoming.label,
            emotion=incoming.emotion,
            frame_interval_ms=float(self._protocol.frame_interval_ms),
            source=incoming.source,
            reviewed=incoming.reviewed,
        )
        self._pending.append(row)
        self.origins[sequence_id] = incoming.origin
        self._known.update(incoming.origin.keys())
        self._known_pictures.add(row.sha256)
        self.n_added += 1
        return sequence_id

    def _must_fit(self, incoming: Incoming) -> None:
        """Refuse what the dataset's other readers could not use."""
        n, frame_count = len(incoming.pictures_jpg), self._protocol.frame_count
        fits = n >= frame_count if self._protocol.whole_windows else n == frame_count
        if not fits or len(incoming.frame_times_ms) != n:
            least = "at least " if self._protocol.whole_windows else ""
            raise InvalidInput(
                str(self.folder),
                found=f"a sequence of {n} pictures",
                expected=f"{least}{frame_count}, as the dataset's protocol says",
            )

    def put_file(self, name: str, data: bytes) -> None:
        """Write a file of a sequence or take of the batch at hand."""
        path = self.folder / name
        contracts.make_folder(path.parent)
        with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
        self._files.append(path)

    def put_record(self, record: dict[str, Any]) -> None:
        """Write a take's record."""
        name = f"takes/{record['take_id']}.json"
        contracts.validate(record, "take", name)
        self.put_file(name, (json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode("utf-8"))

    def commit_when_due(self) -> None:
        """Commit the batch at hand, unless the last commit is so recent that committing would take most of the time.

        Call it where a take is whole.
        """
        self._whole = len(self._pending)
        if time.monotonic() - self._committed_s > max(_LEAST_S, self._cost_s / _SHARE):
            self.flush()

    def _drop_unfinished(self) -> None:
        """Forget what belongs to a take that is not whole; its pictures are swept when the dataset is next opened."""
        for row in self._pending[self._whole :]:
            del self.origins[row.sequence_id]
            self.n_added -= 1
        del self._pending[self._whole :]

    def flush(self) -> None:
        """Commit the batch at hand."""
        if not self._pending:
            return
        start_s = time.monotonic()
        list(map_ahead(_flush_file, self._files, threads=_FLUSHERS))
        for folder in {path.parent for path in self._files}:
            portable.sync_folder(folder)
        contracts.write_bytes(self.folder / ORIGINS, format_origins(self.origins))
        added, self._pending, self._files, self._whole = self._pending, [], [], 0
        new_takes, self._new_takes = self._new_takes, 0
        self.commit([*self.rows, *added], next_take=new_takes, next_sequence=len(added))
        self._committed_s = time.monotonic()
        self._cost_s = self._committed_s - start_s


def _flush_file(path: Path) -> None:
    """Flush a file to disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def format_origins(origins: dict[str, Origin]) -> bytes:
    """Write origins as the bytes of an origins.csv."""
    rows = (
        {
            **{each.name: getattr(origin, each.name) for each in fields(Origin)},
            "sequence_id": sequence_id,
            "start_ms": f"{origin.start_ms:.3f}",
            "end_ms": f"{origin.end_ms:.3f}",
        }
        for sequence_id, origin in origins.items()
    )
    return contracts.format_rows(COLUMNS, rows)


def read_origins(folder: Path) -> dict[str, Origin]:
    """Read a dataset's origins.csv by sequence id; empty where there is none.

    Raises:
        InvalidInput: Names the first row that is wrong.
    """
    path = folder / ORIGINS
    if not path.exists():
        return {}
    found: dict[str, Origin] = {}
    kept: dict[Any, Any] = {}
    for number, cells in enumerate(contracts.scan_rows(path.read_bytes(), str(path), COLUMNS), start=2):
        typed: dict[str, Any] = dict(cells)
        try:
            typed |= {name: float(cells[name]) for name in ("start_ms", "end_ms")}
        except ValueError:
            raise InvalidInput(f"{path}: row {number}", found="a time that is no number", expected="one") from None
        contracts.validate(typed, "origin_row", f"{path}: row {number}")
        sequence_id = typed.pop("sequence_id")
        own = {key: typed.pop(key) for key in ("file", "sha256")}
        found[sequence_id] = Origin(**own, **{key: kept.setdefault(value, value) for key, value in typed.items()})
    return found
