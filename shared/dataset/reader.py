"""The dataset on disk, for readers: the manifest, the rows of labels.csv and the pictures.

``labels.csv`` is the table that people may edit by hand to correct a label; its rows are checked on opening. Writing
takes is `shared.dataset.writer`'s job, the full check of every file `shared.dataset.check`'s.
"""

import csv
import hashlib
import io
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import contracts
from shared.dataset.protocol import EMOTIONS, Protocol, parse_protocol
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from shared.arrays import U8

COLUMNS = (
    "sequence_id",
    "subject_id",
    "take_id",
    "label",
    "emotion",
    "frame_count",
    "frame_interval_ms",
    "start_ms",
    "frame_times_ms",
    "source",
    "reviewed",
    "sha256",
)
_SHARED_BY_ROWS = ("subject_id", "take_id", "label", "emotion", "frame_interval_ms", "start_ms", "source")
MANIFEST = "dataset.json"
LABELS = "labels.csv"


@dataclass(frozen=True, slots=True)
class SequenceRow:
    """A row of labels.csv, of perhaps 100,000. Times are milliseconds from the start of the take."""

    sequence_id: str
    subject_id: str
    take_id: str
    label: str
    emotion: str | None
    frame_count: int
    frame_interval_ms: float
    start_ms: float
    frame_times_ms: tuple[float, ...]
    source: str
    reviewed: bool
    sha256: str

    @classmethod
    def of_pictures(
        cls, pictures_jpg: Sequence[bytes], frame_times_ms: tuple[float, ...], **columns: Any
    ) -> "SequenceRow":
        """Make the row of a sequence whose pictures are these; the other columns are given."""
        return cls(
            frame_count=len(pictures_jpg),
            start_ms=frame_times_ms[0],
            frame_times_ms=frame_times_ms,
            sha256=hash_pictures(pictures_jpg),
            **columns,
        )

    def shown_emotion(self) -> str | None:
        """Return the emotion that is labelled: the class where classes are emotions, else the column's; or None."""
        return self.label if self.label in EMOTIONS else self.emotion

    def frame_names(self) -> list[str]:
        """Name the pictures, relative to the dataset's folder."""
        return frame_names(self.sequence_id, self.frame_count)

    def as_csv(self) -> dict[str, str]:
        """Write the row as the text cells of labels.csv."""
        return {
            **{column: str(getattr(self, column)) for column in COLUMNS},
            "emotion": self.emotion or "",
            "frame_interval_ms": f"{self.frame_interval_ms:g}",
            "start_ms": f"{self.start_ms:.1f}",
            "frame_times_ms": " ".join(f"{time:.1f}" for time in self.frame_times_ms),
            "reviewed": "true" if self.reviewed else "false",
        }


def frame_names(sequence_id: str, frame_count: int) -> list[str]:
    """Name a sequence's pictures, relative to the dataset's folder."""
    return [f"images/{sequence_id}_frame_{index}.jpg" for index in range(frame_count)]


@dataclass(frozen=True)
class Dataset:
    """An opened dataset. Its rows are checked against the schema, each other and the manifest's classes.

    Attributes:
        folder: Where it lies.
        manifest: The content of dataset.json.
        rows: The sequences, in the order of labels.csv.
        labels_sha256: Hash of labels.csv as it is now; identifies the content, as each row holds its pictures' hash.
        withheld: Sequences of labels.csv that are not among the rows, as `shared.dataset.consent` leaves them out.
        consent: Rule and counts of that; None where the rule changed nothing.
    """

    folder: Path
    manifest: dict[str, Any]
    rows: tuple[SequenceRow, ...]
    labels_sha256: str
    withheld: frozenset[str] = frozenset()
    consent: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The dataset's name."""
        return str(self.manifest["name"])

    @property
    def is_synthetic(self) -> bool:
        """Whether the people in it are drawn."""
        return bool(self.manifest["kind"] == "synthetic")

    @property
    def positive_class(self) -> str:
        """The class that a high score stands for."""
        return str(self.manifest["positive_class"])

    @property
    def protocol(self) -> Protocol:
        """The protocol that it was recorded with, which its writer asks for.

        Raises:
            InvalidInput: Its times contradict each other.
        """
        return parse_protocol(self.manifest["protocol"], str(self.folder / MANIFEST))

    @property
    def labels_were_edited(self) -> bool:
        """Whether labels.csv changed after the manifest was written, as when a label was corrected by hand."""
        return bool(self.manifest["checksums"][LABELS] != self.labels_sha256)

    def reference(self) -> dict[str, Any]:
        """Name this dataset in another document, and what consent leaves out of it; the hash is that of labels.csv."""
        consent = {"consent": self.consent} if self.consent else {}
        return {"name": self.name, "kind": self.manifest["kind"], "sha256": self.labels_sha256, **consent}

    @property
    def withheld_hash(self) -> str:
        """Eight hex digits that tell which sequences are withheld; empty where none is."""
        return contracts.sha256_json(sorted(self.withheld))[:8] if self.withheld else ""

    def subjects(self) -> list[str]:
        """List the people, sorted."""
        return sorted({row.subject_id for row in self.rows})

    def select(self, sequence_ids: Iterable[str]) -> list[SequenceRow]:
        """Return the rows of these sequences in the dataset's order, without those that are withheld.

        Raises:
            InvalidInput: An id is not in the dataset.
        """
        requested_ids = set(sequence_ids) - self.withheld
        rows = [row for row in self.rows if row.sequence_id in requested_ids]
        if missing := sorted(requested_ids - {row.sequence_id for row in rows}):
            raise InvalidInput(
                str(self.folder / LABELS), found=f"no row for {missing[0]}", expected="every sequence of the split"
            )
        return rows

    def load_frames(self, row: SequenceRow) -> "U8":
        """Decode a sequence's pictures.

        Returns:
            (T, H, W, 3) uint8, RGB.

        Raises:
            InvalidInput: A picture is missing, broken or of another size than the manifest says.
        """
        import numpy as np

        return np.stack([self.load_picture(name) for name in row.frame_names()])

    def load_picture(self, name: str) -> "U8":
        """Decode one picture by its name in the dataset: (H, W, 3) uint8, RGB."""
        path = self.folder / name
        image = self.manifest["image"]
        return decode_picture(read_picture(path), str(path), image["width_px"], image["height_px"])


def read_picture(path: Path) -> bytes:
    """Read a picture's file as it is.

    Raises:
        InvalidInput: There is no such file.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(str(path), found="no such picture", expected="one, as labels.csv lists it") from None


def decode_picture(data: bytes, what: str, width_px: int, height_px: int) -> "U8":
    """Decode a dataset's picture: (H, W, 3) uint8, RGB.

    Args:
        data: The file's bytes.
        what: How to call it in errors: its path.
        width_px: As the manifest says.
        height_px: As the manifest says.

    Raises:
        InvalidInput: No picture, or one of another size.
    """
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if picture is None:
        raise InvalidInput(what, found="a file that is no picture", expected="a jpg", todo=_RESTORE)
    if picture.shape != (height_px, width_px, 3):
        found = f"{picture.shape[1]}x{picture.shape[0]} pixels"
        raise InvalidInput(what, found=found, expected=f"{width_px}x{height_px}", todo=_RESTORE)
    return np.asarray(picture, dtype=np.uint8)


_RESTORE = "put the file back, or remove its sequence's row from labels.csv"


def open_dataset(folder: Path) -> Dataset:
    """Open a dataset for reading; see `Dataset` for what is checked. Pictures must exist, but are not decoded yet.

    Raises:
        InvalidInput: No dataset, or one that is not valid; names file and row.
    """
    manifest_path = folder / MANIFEST
    if not manifest_path.is_file():
        found = "no dataset.json" if folder.is_dir() else "no such folder"
        todo = f"record one: ./inv collect --dataset {folder.name} --subject s01"
        raise InvalidInput(str(folder), found=found, expected="a dataset", todo=todo)
    manifest = contracts.read_document(manifest_path, "dataset")
    labels_path = folder / LABELS
    try:
        data = labels_path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(str(labels_path), found="no such file", expected="a row for each sequence") from None
    rows = parse_labels(data, str(labels_path), manifest["classes"])
    images = folder / "images"
    present = set(os.listdir(images)) if images.is_dir() else set()  # one look is faster than one per picture
    for number, row in enumerate(rows, start=2):
        for name in row.frame_names():
            if name.removeprefix("images/") not in present:
                raise InvalidInput(
                    f"{labels_path}: row {number} ({row.sequence_id})", found=f"no {name}", expected="it", todo=_RESTORE
                )
    return Dataset(folder, manifest, tuple(rows), hashlib.sha256(data).hexdigest())


def find_protocol(folder: Path) -> Protocol | None:
    """Return the protocol of the dataset in a folder, or None where there is no dataset yet.

    Raises:
        InvalidInput: The manifest is not valid.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    return parse_protocol(contracts.read_document(path, "dataset")["protocol"], str(path))


def parse_labels(data: bytes, what: str, classes: Sequence[str]) -> list[SequenceRow]:
    """Parse and check the bytes of a labels.csv.

    Args:
        data: The file's content: UTF-8, with or without a byte order mark, comma-separated.
        what: How to call it in errors.
        classes: The labels that are allowed.

    Raises:
        InvalidInput: Names the first row and cell that is wrong.
    """
    rows: list[SequenceRow] = []
    for _, row in scan_labels(data, what, classes):
        if isinstance(row, InvalidInput):
            raise row
        rows.append(row)
    return rows


def scan_labels(data: bytes, what: str, classes: Sequence[str]) -> Iterator[tuple[int, SequenceRow | InvalidInput]]:
    """Yield each row of a labels.csv with its number, or what is wrong with it; see `parse_labels`.

    Raises:
        InvalidInput: The table as a whole cannot be read: its encoding or its header.
    """
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(what, found="bytes that are not UTF-8", expected="a csv in UTF-8") from None
    # Piece by piece: as one text in memory, 100,000 rows take four bytes a letter.
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""))
    header = tuple(next(reader, ()))
    if header != COLUMNS:
        raise InvalidInput(f"{what}: row 1", found=",".join(header) or "nothing", expected=",".join(COLUMNS))
    seen: dict[str, int] = {}
    kept: dict[Any, Any] = {}
    for number, cells in enumerate(_read_rows(reader, what), start=2):
        if isinstance(cells, InvalidInput):
            yield number, cells
            return
        try:
            row = _parse_row(cells, f"{what}: row {number}", kept)
            _check_among(row, number, what, classes, seen)
        except InvalidInput as error:
            yield number, error
        else:
            yield number, row


def _check_among(row: SequenceRow, number: int, what: str, classes: Sequence[str], seen: dict[str, int]) -> None:
    """Check a row against the classes and the rows before it, and remember it."""
    if row.label not in classes:
        found, expected = f"the label {row.label!r}", "one of " + ", ".join(classes)
        raise InvalidInput(f"{what}: row {number} ({row.sequence_id})", found=found, expected=expected)
    if row.sequence_id in seen:
        found = f"{row.sequence_id} a second time (first in row {seen[row.sequence_id]})"
        raise InvalidInput(f"{what}: row {number}", found=found, expected="each sequence_id once")
    seen[row.sequence_id] = number


def _read_rows(reader: Any, what: str) -> Iterator[list[str] | InvalidInput]:
    """Yield the rows of a table that are not empty, and say in one line where the csv itself breaks."""
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        yield InvalidInput(f"{what}: row {reader.line_num}", found=str(error), expected="a csv")


def _finite(text: str) -> float:
    """Parse a number; Python would also take nan and inf, which no schema can refuse afterwards."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text}")
    return value


def _parse_row(cells: list[str], what: str, kept: dict[Any, Any]) -> SequenceRow:
    """Turn text cells into a row that fits the schema; values that earlier rows have are those very objects."""
    if len(cells) != len(COLUMNS):
        raise InvalidInput(what, found="another number of cells", expected=f"{len(COLUMNS)}")
    typed: dict[str, Any] = dict(zip(COLUMNS, cells, strict=True))
    times_text = typed["frame_times_ms"]  # of many rows the same
    try:
        times = kept.get(times_text) or tuple(_finite(time) for time in times_text.split())
        typed |= {
            "emotion": typed["emotion"] or None,
            "frame_count": int(typed["frame_count"]),
            "frame_interval_ms": _finite(typed["frame_interval_ms"]),
            "start_ms": _finite(typed["start_ms"]),
            "frame_times_ms": list(times),
            "reviewed": {"true": True, "false": False}.get(typed["reviewed"].lower(), typed["reviewed"]),
        }
    except ValueError as error:
        raise InvalidInput(what, found=str(error), expected="numbers in the columns of numbers") from None
    contracts.validate(typed, "label_row", what)
    if len(times) != typed["frame_count"]:
        raise InvalidInput(what, found=f"{len(times)} frame_times_ms", expected=f"{typed['frame_count']}")
    typed["frame_times_ms"] = kept.setdefault(times_text, times)
    for name in _SHARED_BY_ROWS:
        typed[name] = kept.setdefault((name, typed[name]), typed[name])
    return SequenceRow(**typed)


def format_labels(rows: Iterable[SequenceRow]) -> bytes:
    """Write rows as the bytes of a labels.csv."""
    return contracts.format_rows(COLUMNS, (row.as_csv() for row in rows))


def hash_pictures(pictures: Iterable[bytes]) -> str:
    """Hash the encoded pictures of a sequence, in order; 64 lower-case hex digits."""
    digest = hashlib.sha256()
    for data in pictures:
        digest.update(data)
    return digest.hexdigest()


def hash_sequences(rows: Iterable[SequenceRow]) -> str:
    """Identify a set of labelled sequences: two results are comparable only where this is equal."""
    return contracts.sha256_json(sorted([row.sequence_id, row.subject_id, row.label, row.sha256] for row in rows))


def count_labels(rows: Iterable[SequenceRow]) -> dict[str, int]:
    """Count sequences by label, sorted by label."""
    return dict(sorted(Counter(row.label for row in rows).items()))
