"""Looks for everything that can be wrong with a dataset, and lists it all. Changes nothing.

`shared.sequences.open_dataset` stops at the first row that a reader cannot use; this goes on and reads every file.
"""

from dataclasses import dataclass
from pathlib import Path

from shared import cli, contracts, sequences
from shared.errors import InvalidInput


@dataclass(frozen=True)
class Problem:
    """Something wrong: an error makes the dataset invalid, a note does not."""

    where: str
    what: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'note'}: {self.where}: {self.what}"


def check_dataset(folder: Path) -> list[Problem]:
    """List what is wrong with a dataset: rows, hashes, pictures, takes and the manifest's counts.

    Args:
        folder: The dataset's folder.

    Returns:
        The problems in the order in which they were found; empty if there are none.
    """
    try:
        dataset = sequences.open_dataset(folder)
    except InvalidInput as error:
        return [Problem(error.what, f"found {error.found}, expected {error.expected}")]
    problems: list[Problem] = []
    for row in cli.progress(dataset.rows, what="check pictures"):
        problems += _check_sequence(dataset, row)
    takes = {row.take_id: row.subject_id for row in dataset.rows}
    for take_id, subject_id in sorted(takes.items()):
        problems += _check_take(folder, take_id, subject_id)
    if dataset.labels_were_edited:
        problems.append(
            Problem(sequences.LABELS, "changed since dataset.json was written (edited by hand?)", is_error=False)
        )
    elif dataset.manifest["counts"]["by_label"] != sequences.count_labels(dataset.rows):
        problems.append(Problem(sequences.MANIFEST, "its counts are not those of labels.csv"))
    by_hash: dict[str, str] = {}
    for row in dataset.rows:
        if row.sha256 in by_hash:
            problems.append(Problem(row.sequence_id, f"the same pictures as {by_hash[row.sha256]}", is_error=False))
        by_hash.setdefault(row.sha256, row.sequence_id)
    listed = {name for row in dataset.rows for name in row.frame_names()}
    stray = sorted(p.name for p in (folder / "images").glob("*") if f"images/{p.name}" not in listed)
    if stray:
        problems.append(
            Problem("images", f"{len(stray)} pictures that no row lists, such as {stray[0]}", is_error=False)
        )
    return problems


def _check_sequence(dataset: sequences.Dataset, row: sequences.SequenceRow) -> list[Problem]:
    try:
        dataset.load_frames(row)
    except InvalidInput as error:
        return [Problem(error.what, f"found {error.found}, expected {error.expected}")]
    found = sequences.hash_pictures((dataset.folder / name).read_bytes() for name in row.frame_names())
    if found != row.sha256:
        return [Problem(row.sequence_id, "its pictures are not those that were recorded (sha256 differs)")]
    return []


def _check_take(folder: Path, take_id: str, subject_id: str) -> list[Problem]:
    record = folder / "takes" / f"{take_id}.json"
    if not record.exists():
        return [Problem(take_id, "no record in takes/ (a published copy has none)", is_error=False)]
    try:
        take = contracts.read_document(record, "take")
    except InvalidInput as error:
        return [Problem(error.what, f"found {error.found}, expected {error.expected}")]
    if take["subject_id"] != subject_id:
        return [Problem(take_id, f"labels.csv says {subject_id}, the take's record {take['subject_id']}")]
    film = folder / take["film"]["file"]
    if film.is_file() and contracts.sha256_file(film) != take["film"]["sha256"]:
        return [Problem(take_id, "its film is not the one that was recorded (sha256 differs)")]
    return []
