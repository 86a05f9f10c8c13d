"""What identifies a person on disk: pseudonyms, sequences, takes, hashes of pictures and films. Writes nothing.

A person's copies in other datasets under datasets/ (merged, fetched, put beside films as stills) are found by the bytes
of pictures and by origins.csv; there the person has another pseudonym.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared import contracts, paths
from shared.dataset import bulk_writer, reader, removed_takes
from shared.dataset.released import encode_again
from shared.dataset.tombstones import hash_picture
from shared.errors import SmilebenchError

RELEASES = "releases.json"
TABLES = (reader.LABELS, "labels_before.csv")  # of a removed take, and of a review that was applied


@dataclass(frozen=True)
class Person:
    """A person in one dataset.

    Attributes:
        folder: The dataset's.
        name: The dataset's name.
        subject_id: The pseudonym there.
        rows: Rows of labels.csv, and of what lies in trash/ and rejected/.
        files: The person's pictures, films and records, wherever in the dataset's folder they lie.
    """

    folder: Path
    name: str
    subject_id: str
    rows: tuple[reader.SequenceRow, ...]
    files: tuple[Path, ...]

    @cached_property
    def sequence_ids(self) -> frozenset[str]:
        """Ids of all sequences, removed ones too."""
        return frozenset(row.sequence_id for row in self.rows)

    @cached_property
    def take_ids(self) -> frozenset[str]:
        """Ids of all takes, removed ones too."""
        return frozenset(row.take_id for row in self.rows)

    @cached_property
    def file_hashes(self) -> frozenset[str]:
        """SHA-256 of the person's files, byte for byte."""
        return frozenset(contracts.sha256_file(path) for path in self.files if path.stat().st_size)

    @cached_property
    def sequence_hashes(self) -> frozenset[str]:
        """SHA-256 of all sequences, removed ones too, as labels.csv has them."""
        return frozenset(row.sha256 for row in self.rows if row.sha256)

    @cached_property
    def picture_hashes(self) -> frozenset[str]:
        """SHA-256 of the bytes and of the pixels of the person's pictures, also as a release holds them."""
        return frozenset(sha256 for data in self.all_pictures() for sha256 in hash_picture(data))

    def all_pictures(self) -> Iterator[bytes]:
        """Read the person's stored pictures, and each as a release holds it."""
        quality = int(contracts.read_document(self.folder / reader.MANIFEST, "dataset")["image"]["quality"])
        for data in self.pictures():
            yield data
            if (again := encode_again(data, quality)) is not None:
                yield again

    def pictures(self) -> Iterator[bytes]:
        """Read the person's stored pictures."""
        for path in self.files:
            if path.suffix == ".jpg":
                yield path.read_bytes()

    @cached_property
    def released(self) -> dict[int, str]:
        """The person's pseudonym in each release of the dataset, by the release's number."""
        path = self.folder / RELEASES
        if not path.is_file():
            return {}
        document = contracts.read_document(path, "releases")
        return {
            int(release["number"]): str(release["subjects"][self.subject_id])
            for release in document["releases"]
            if self.subject_id in release["subjects"]
        }


def find_person(folder: Path, subject_id: str) -> Person:
    """Collect what a dataset's folder holds of a person.

    Raises:
        InvalidInput: The dataset is not valid.
    """
    rows: list[reader.SequenceRow] = []
    files: list[Path] = []
    for place, there in _tables(folder):
        own = [row for row in there if row.subject_id == subject_id]
        known = {row.sequence_id for row in rows}
        rows += [row for row in own if row.sequence_id not in known]
        files += [place / name for name in removed_takes.file_names(own)]
    ids = {row.sequence_id for row in rows}
    takes = {row.take_id for row in rows}
    for unfinished in sorted((folder / removed_takes.TRASH).glob("*_unfinished*")):
        files += [path for path in unfinished.rglob("*") if path.stem in takes or path.name.split("_frame_")[0] in ids]
    present = tuple(path for path in dict.fromkeys(files) if path.is_file())
    return Person(folder, reader.open_dataset(folder).name, subject_id, tuple(rows), present)


def list_subjects(folder: Path) -> list[str]:
    """List everybody in a dataset and in its trash/ and rejected/, sorted."""
    return sorted({row.subject_id for _, rows in _tables(folder) for row in rows})


def _tables(folder: Path) -> Iterator[tuple[Path, Sequence[reader.SequenceRow]]]:
    """Yield the rows of a dataset, and of each place in its trash/ and rejected/, with the place that has the files."""
    dataset = reader.open_dataset(folder)
    yield folder, dataset.rows
    for place in sorted([*(folder / removed_takes.TRASH).glob("*"), *(folder / removed_takes.REJECTED).glob("*")]):
        table = next((place / name for name in TABLES if (place / name).is_file()), None)
        if table is not None:
            yield place, reader.parse_labels(table.read_bytes(), str(table), dataset.manifest["classes"])


def find_copies(person: Person) -> list[Person]:
    """Find the person in other datasets under datasets/: by pictures, by where sequences came from, and in releases."""
    begun = _begun(person.folder)
    found: dict[tuple[Path, str], None] = {}
    hashes = {hashlib.sha256(data).hexdigest() for data in person.all_pictures()}
    released = frozenset(person.released.values())
    for manifest in sorted((paths.home() / "datasets").glob(f"*/{reader.MANIFEST}")):
        folder = manifest.parent
        if folder.resolve() == person.folder.resolve():
            continue
        try:
            tables = list(_tables(folder))
            origins = bulk_writer.read_origins(folder)
        except SmilebenchError:
            continue
        for place, rows in tables:
            for row in rows:
                origin = origins.get(row.sequence_id)
                is_ours = origin is not None and origin.dataset == begun
                came = is_ours and origin is not None and origin.dataset_sequence_id in person.sequence_ids
                if came or row.subject_id in released or _shows(place, row, hashes):
                    found.setdefault((folder, row.subject_id))
    return [find_person(folder, subject) for folder, subject in found]


def _begun(folder: Path) -> str:
    """Write a dataset as origins.csv of those that took it in does: name@created."""
    manifest = json.loads((folder / reader.MANIFEST).read_text(encoding="utf-8"))
    return f"{manifest['name']}@{manifest['created_utc']}"


def _shows(place: Path, row: reader.SequenceRow, hashes: set[str]) -> bool:
    """Tell whether a sequence's first picture is one of the person's."""
    path = place / row.frame_names()[0]
    return path.is_file() and contracts.sha256_file(path) in hashes


def named_in_table(path: Path, subject_ids: frozenset[str]) -> bool:
    """Tell whether a csv has a column subject_id that names one of these people."""
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        return any(row.get("subject_id") in subject_ids for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
