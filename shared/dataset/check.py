"""Looks for everything that can be wrong with a dataset, in one pass, and lists it all. Changes nothing.

`shared.dataset.reader.open_dataset` stops at the first row that a reader cannot use; this goes on and reads every file,
on all cores. What lies beside the data and stays home (consent, trash, review) is `tools.verifier.private_files`'s
part.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from shared import cli, contracts
from shared.dataset import alike, reader
from shared.dataset.ahead import map_ahead
from shared.dataset.protocol import EMOTIONS
from shared.dataset.reader import LABELS, MANIFEST, SequenceRow
from shared.errors import InvalidInput

_AHEAD = 256  # sequences that are read at a time: enough for all cores, little memory


@dataclass(frozen=True)
class Problem:
    """Something wrong: an error makes the dataset invalid, a note does not.

    Attributes:
        where: The file, and the row where it has rows.
        what: What is wrong with it.
        is_error: Whether it is an error.
        kind: One word for problems of a sort: row, picture, hash, take, ...
    """

    where: str
    what: str
    is_error: bool = True
    kind: str = "dataset"

    def __str__(self) -> str:
        return f"{'error' if self.is_error else 'note'}: {self.where}: {self.what}"


@dataclass(frozen=True)
class Contents:
    """What a dataset holds, as far as it can be read.

    Attributes:
        folder: Its folder.
        manifest: The content of dataset.json.
        rows: The valid rows of labels.csv by their number; the header is row 1.
        labels_sha256: Hash of labels.csv.
    """

    folder: Path
    manifest: dict[str, Any]
    rows: Mapping[int, SequenceRow]
    labels_sha256: str


def check_dataset(folder: Path) -> list[Problem]:
    """List what is wrong with a dataset: rows, ids, pictures, hashes, takes and the manifest's counts.

    Args:
        folder: The dataset's folder.

    Returns:
        The problems in the order in which they were found; empty if there are none.
    """
    contents, problems = read_contents(folder)
    if contents is None:
        return problems
    problems += _check_pictures(contents)
    problems += _check_sequences(contents)
    problems += _check_takes(contents)
    problems += [Problem(one.where, one.what, kind="alike") for one in alike.find_alike(folder, contents.rows.values())]
    if not problems or not any(problem.kind == "row" for problem in problems):
        problems += _check_manifest(contents)
    problems += _check_strays(contents)
    return problems


def read_contents(folder: Path) -> tuple[Contents | None, list[Problem]]:
    """Read manifest and rows; with what is wrong with them. No contents where there is nothing to go on with."""
    path = folder / MANIFEST
    try:
        if not path.is_file():
            reader.open_dataset(folder)  # says what is missing
        manifest = contracts.read_document(path, "dataset")
        if not (folder / LABELS).is_file():
            reader.open_dataset(folder)
        rows: dict[int, SequenceRow] = {}
        problems = []
        for number, row in reader.scan_labels((folder / LABELS).read_bytes(), LABELS, manifest["classes"]):
            if isinstance(row, InvalidInput):
                problems.append(_problem(row, "row"))
            else:
                rows[number] = row
    except InvalidInput as error:
        return None, [_problem(error)]
    return Contents(folder, manifest, rows, contracts.sha256_file(folder / LABELS)), problems


def _problem(error: InvalidInput, kind: str = "dataset") -> Problem:
    expected = f", expected {error.expected}" if error.expected else ""
    return Problem(error.what, f"found {error.found}{expected}", kind=kind)


def row_name(number: int, row: SequenceRow) -> str:
    """Name a row for people: labels.csv row 3 (seq_0002)."""
    return f"{LABELS} row {number} ({row.sequence_id})"


def _check_pictures(contents: Contents) -> Iterator[Problem]:
    """Read, decode and hash every picture; several sequences at a time, told in order."""
    rows = cli.progress(contents.rows.items(), what="check pictures", total=len(contents.rows), unit="sequence")
    for problems in map_ahead(partial(_check_sequence, contents), rows, ahead=_AHEAD):
        yield from problems


def _check_sequence(contents: Contents, numbered: tuple[int, SequenceRow]) -> list[Problem]:
    number, row = numbered
    image = contents.manifest["image"]
    pictures, problems = [], []
    for name in row.frame_names():
        try:
            data = reader.read_picture(contents.folder / name)
            pictures.append(data)
            reader.decode_picture(data, name, image["width_px"], image["height_px"])
        except InvalidInput as error:
            found = f"found {error.found}, expected {error.expected}"
            problems.append(Problem(f"{row_name(number, row)}: {name}", found, kind="picture"))
        except OSError as error:
            problems.append(Problem(f"{row_name(number, row)}: {name}", error.strerror or str(error), kind="picture"))
    if not problems and reader.hash_pictures(pictures) != row.sha256:
        what = "its pictures are not those that were recorded (sha256 differs)"
        problems.append(Problem(row_name(number, row), what, kind="hash"))
    return problems


def _check_sequences(contents: Contents) -> Iterator[Problem]:
    """Check the rows against the protocol and each other."""
    protocol = contents.manifest["protocol"]
    by_hash: dict[str, int] = {}
    label_of = _labels_of_emotions(contents.manifest)
    for number, row in contents.rows.items():
        where = row_name(number, row)
        is_clip = protocol.get("whole_windows", False)
        if row.frame_count < protocol["frame_count"] or (row.frame_count > protocol["frame_count"] and not is_clip):
            least = "at least " * is_clip
            what = f"{row.frame_count} pictures, the protocol says {least}{protocol['frame_count']}"
            yield Problem(where, what, kind="frames")
        if any(after <= before for before, after in zip(row.frame_times_ms, row.frame_times_ms[1:], strict=False)):
            yield Problem(where, "the times of its pictures do not grow", kind="times")
        if whose := _other_label_of(row, label_of):
            what = (
                f"the label {row.label} beside the emotion {row.emotion}, which belongs to {whose}: correct labels by "
                "./inv review and ./inv review-apply, which change both"
            )
            yield Problem(where, what, kind="emotion")
        if row.sha256 in by_hash:
            first_number = by_hash[row.sha256]
            first = contents.rows[first_number]
            whose = "" if first.subject_id == row.subject_id else f" of another person, {first.subject_id}"
            what = f"the same pictures as row {first_number} ({first.sequence_id}){whose}"
            yield Problem(where, what, is_error=False, kind="duplicate")
        by_hash.setdefault(row.sha256, number)


def _labels_of_emotions(manifest: Mapping[str, Any]) -> dict[str, set[str]]:
    """Say which labels an emotion may stand beside: those of the protocol's windows, and what a smile means."""
    classes = set(manifest["classes"])
    found: dict[str, set[str]] = defaultdict(set)
    for window in manifest["protocol"]["windows"]:
        if window.get("emotion"):
            found[window["emotion"]].add(window["label"])
    for emotion, label in (("happy", "smile"), ("neutral", "non_smile")):
        if {"smile", "non_smile"} <= classes and emotion not in found:
            found[emotion] = {label}
    return found | {name: {name} for name in classes & set(EMOTIONS)}


def _other_label_of(row: SequenceRow, label_of: Mapping[str, set[str]]) -> str:
    """Name the labels that a row's emotion belongs to, where its own is none of them; else nothing."""
    if row.emotion is None or row.label in label_of.get(row.emotion, {row.label}):
        return ""
    return " or ".join(sorted(label_of[row.emotion]))


def _check_takes(contents: Contents) -> Iterator[Problem]:
    """Check the takes' records and films, and that each take is of one person."""
    rows_of: dict[str, list[SequenceRow]] = defaultdict(list)
    for row in contents.rows.values():
        rows_of[row.take_id].append(row)
    takes = sorted(rows_of.items())
    for take_id, rows in cli.progress(takes, what="check takes", total=len(takes), unit="take"):
        people = sorted({row.subject_id for row in rows})
        if len(people) > 1:
            yield Problem(take_id, f"one take of {len(people)} people: {', '.join(people)}", kind="take")
        record = contents.folder / "takes" / f"{take_id}.json"
        if record.exists():
            yield from _check_take(contents.folder, take_id, rows, record)
        elif any(row.source != "photo" for row in rows):
            yield Problem(take_id, "no record in takes/ (a published copy has none)", is_error=False, kind="record")


def _check_take(folder: Path, take_id: str, rows: Sequence[SequenceRow], record: Path) -> Iterator[Problem]:
    name = f"takes/{take_id}.json"
    try:
        take = contracts.read_document(record, "take")
    except InvalidInput as error:
        yield _problem(error, "take")
        return
    if take["take_id"] != take_id:
        yield Problem(name, f"it is the record of {take['take_id']}", kind="take")
    if take["subject_id"] not in {row.subject_id for row in rows}:
        what = f"labels.csv says {rows[0].subject_id}, the take's record {take['subject_id']}"
        yield Problem(name, what, kind="take")
    if strange := sorted({row.sequence_id for row in rows} - set(take["sequence_ids"])):
        yield Problem(name, f"labels.csv has {strange[0]} in this take, the record does not", kind="take")
    if take["film"] is None:  # imported; it stayed where it was
        return
    film = folder / take["film"]["file"]
    if not film.is_file():
        yield Problem(name, f"its film {take['film']['file']} is gone", is_error=False, kind="film")
    elif contracts.sha256_file(film) != take["film"]["sha256"]:
        what = f"its film {take['film']['file']} is not the one that was recorded (sha256 differs)"
        yield Problem(name, what, kind="film")


def _check_manifest(contents: Contents) -> Iterator[Problem]:
    """Check what the manifest says of the rows."""
    manifest, rows = contents.manifest, list(contents.rows.values())
    if manifest["checksums"][LABELS] != contents.labels_sha256:
        what = "changed since dataset.json was written (edited by hand?)"
        yield Problem(LABELS, what, is_error=False, kind="edited")
    else:
        counts = {
            "subjects": len({row.subject_id for row in rows}),
            "takes": len({row.take_id for row in rows}),
            "sequences": len(rows),
            "by_label": reader.count_labels(rows),
        }
        for key, value in counts.items():
            if manifest["counts"][key] != value:
                what = f"its counts are not those of labels.csv: {key} is {manifest['counts'][key]}, counted {value}"
                yield Problem(MANIFEST, what, kind="manifest")
        yield from _check_next(manifest, rows)


def _check_next(manifest: Mapping[str, Any], rows: Sequence[SequenceRow]) -> Iterator[Problem]:
    """Check that the ids that are given next are free; a table that is newer than the manifest mends this itself."""
    for what, ids in (("take", {row.take_id for row in rows}), ("sequence", {row.sequence_id for row in rows})):
        highest = max((int(name.rpartition("_")[2]) for name in ids), default=0)
        if manifest["next"][what] <= highest:
            message = (
                f"its next {what} is {manifest['next'][what]}, but number {highest} is in use: ids would be given twice"
            )
            yield Problem(MANIFEST, message, kind="manifest")


def _name_bad_rows(contents: Contents) -> set[str]:
    """Name the sequences and takes of rows that are wrong: their files are not strays."""
    good = {row.sequence_id for row in contents.rows.values()}
    found: set[str] = set()
    with (contents.folder / LABELS).open(encoding="utf-8-sig", errors="replace") as lines:
        next(lines, "")
        for cells in (line.rstrip("\n").split(",", 3) for line in lines):
            if cells[0] not in good:
                found.update((cells[0], *cells[2:3]))
    return found


def _names_in(folder: Path) -> Iterator[str]:
    """Name what a folder holds, one by one; nothing where there is none."""
    if folder.is_dir():
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries)


def _check_strays(contents: Contents) -> Iterator[Problem]:
    """Look for files that no row lists, and for what a crash left behind."""
    counts = {row.sequence_id: row.frame_count for row in contents.rows.values()}
    takes = {row.take_id for row in contents.rows.values()}
    folder = contents.folder
    in_bad_rows = _name_bad_rows(contents)

    def is_listed(name: str) -> bool:
        sequence_id = name.partition("_frame_")[0]
        listed = reader.frame_names(sequence_id, counts.get(sequence_id, 0))
        return sequence_id in in_bad_rows or f"images/{name}" in listed

    pictures = sorted(name for name in _names_in(folder / "images") if not is_listed(name))
    known_takes = takes | in_bad_rows
    records = sorted(name for name in _names_in(folder / "takes") if PurePath(name).stem not in known_takes)
    for what, where, found in (("pictures", "images", pictures), ("files", "takes", records)):
        if found:
            message = f"{len(found)} {what} that no row lists, such as {found[0]}"
            yield Problem(where, message, is_error=False, kind="orphan")
    left = sorted(path.name for pattern in (".incoming-*", ".*.tmp") for path in folder.glob(pattern))
    if left:
        message = f"{len(left)} leftovers of a recording that was cut off, such as {left[0]}; the next one tidies up"
        yield Problem(folder.name, message, is_error=False, kind="orphan")
