"""Takes in another dataset of our layout: pictures byte for byte, under new ids; where each came from is kept.

Takes stay whole: their records and films come along, and so does consent to training; consent to publishing was given
for the other dataset. Photos can be put beside films as sequences in which nothing moves (--still-photos): each as
often as a sequence has pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared import cli, contracts
from shared.dataset import bulk_writer, reader
from shared.dataset.bulk_writer import Incoming, Intake, Origin
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput, WrongUsage
from tools.importer import rights
from tools.importer.config import MergeConfig
from tools.importer.report import Imported, LeftOut, count_added

_MUST_AGREE = ("kind", "classes", "positive_class", "image", "crop", "resize", "mirror")
_PROTOCOL_MUST_AGREE = ("frame_count", "frame_interval_ms", "image_size_px")
_NOT_OF_STILLS = ("frame_count", "frame_interval_ms")  # a photo has neither neighbour nor motion


@dataclass(frozen=True)
class _Whole:
    """A take of the other dataset with its new sequences."""

    take_id: str
    rows: tuple[SequenceRow, ...]


def merge(config: MergeConfig) -> Imported:
    """Take in another dataset.

    Raises:
        InvalidInput: One of the two is not valid, or they do not fit together; both values are named.
        WrongUsage: The same pseudonym stands in both, and neither --prefix nor --same-people was given.
    """
    other = reader.open_dataset(config.other)
    if config.other.resolve() == config.dataset.resolve():
        raise WrongUsage("--merge", found="the dataset itself", expected="another one")
    protocol = reader.find_protocol(config.dataset)
    if protocol is None:
        protocol = other.protocol
    known_origins = bulk_writer.read_origins(config.other)
    added: list[str] = []
    left_out: list[LeftOut] = []
    n_known = 0
    taken: set[str] = set()
    with Intake(config.dataset, protocol, other.manifest["kind"]) as dataset:
        are_photos = other.manifest["protocol"]["frame_count"] == 1 < protocol.frame_count
        as_stills = are_photos and config.still_photos
        _must_agree(other, dataset, _NOT_OF_STILLS if as_stills else (), "--still-photos" if are_photos else "")
        rights.must_not_be_covered_by_others(dataset, other)
        if not (config.prefix or config.same_people):
            _must_be_other_people(other, dataset, known_origins)
        takes = list(_list_takes(other))
        for take in cli.progress(takes, what="takes", unit="take"):
            new = []
            for row in take.rows:
                origin = _origin_of(other, row, known_origins)
                if dataset.knows(origin):
                    n_known += 1
                    continue
                stored = tuple((other.folder / name).read_bytes() for name in row.frame_names())
                if reader.hash_pictures(stored) != row.sha256:
                    left_out.append(LeftOut(row.sequence_id, "unreadable", "its pictures are not those of its row"))
                    continue
                if dataset.bars(config.prefix + row.subject_id, stored):
                    left_out.append(LeftOut(row.sequence_id, "withdrawn"))
                    continue
                if as_stills:
                    stored *= protocol.frame_count
                    times_ms = tuple(k * float(protocol.frame_interval_ms) for k in range(protocol.frame_count))
                    row = replace(row, frame_times_ms=times_ms)
                pictures = reader.hash_pictures(stored)
                if pictures in taken or dataset.holds(pictures):
                    left_out.append(LeftOut(row.sequence_id, "duplicate"))
                    continue
                taken.add(pictures)
                new.append((row, stored, origin))
            if new:
                _store(dataset, other, take, new, config.prefix)
                added += [row.label for row, _, _ in new]
                dataset.commit_when_due()
        dataset.flush()
        if added and "photo_crop" in other.manifest:
            dataset.note_photo_crop()
        notes = tuple(rights.carry_over(dataset, other, config.prefix))
    return Imported(
        config.dataset,
        str(config.other),
        count_added(added),
        n_known,
        tuple(left_out),
        dataset.manifest["counts"],
        must_be_complete=True,
        notes=notes,
    )


def _must_agree(other: Dataset, dataset: Intake, may_differ: tuple[str, ...], flag: str) -> None:
    """Refuse datasets whose sequences are of different kinds; names a flag that would convert them."""
    other_protocol, protocol = other.manifest["protocol"], dataset.manifest["protocol"]
    pairs = [(key, other.manifest[key], dataset.manifest[key]) for key in _MUST_AGREE]
    pairs += [(key, other_protocol[key], protocol[key]) for key in _PROTOCOL_MUST_AGREE if key not in may_differ]
    for key, one, two in pairs:
        if one != two:
            raise InvalidInput(
                str(other.folder),
                found=f"{key} = {one}",
                expected=f"{two}, as in {dataset.folder.name}",
                todo=f"photos can come along as sequences in which nothing moves: {flag}" if flag else "",
            )


def _must_be_other_people(other: Dataset, dataset: Intake, known: dict[str, Origin]) -> None:
    """Refuse a pseudonym that stands in both datasets, unless its sequences were taken in before."""
    new = {row.subject_id for row in other.rows if not dataset.knows(_origin_of(other, row, known))}
    both = sorted(new & {row.subject_id for row in dataset.rows})
    if both:
        raise WrongUsage(
            "--merge",
            found=f"{both[0]} in both datasets" + (f" (and {len(both) - 1} more)" if len(both) > 1 else ""),
            expected="--prefix, such as --prefix b_, where these are different people, or --same-people",
        )


def _list_takes(other: Dataset) -> Iterator[_Whole]:
    """List the takes in order of their first sequence."""
    rows: dict[str, list[SequenceRow]] = {}
    for row in other.rows:
        rows.setdefault(row.take_id, []).append(row)
    for take_id, own in rows.items():
        yield _Whole(take_id, tuple(own))


def _origin_of(other: Dataset, row: SequenceRow, known: dict[str, Origin]) -> Origin:
    """Say where a sequence came from: its first source where that is known, and the dataset that it is merged from."""
    first = known.get(row.sequence_id, Origin("recorded", "", row.sha256))
    begun = f"{other.name}@{other.manifest['created_utc']}"
    return replace(first, dataset=begun, dataset_sequence_id=row.sequence_id)


def _store(
    dataset: Intake,
    other: Dataset,
    take: _Whole,
    new: Sequence[tuple[SequenceRow, tuple[bytes, ...], Origin]],
    prefix: str,
) -> None:
    """Store a take under new ids, with its record, film and picture."""
    subject_id = prefix + new[0][0].subject_id
    is_photos = new[0][0].source == "photo"
    take_id = dataset.take_of(subject_id, "photo") if is_photos else dataset.new_take()
    ids = {
        row.sequence_id: dataset.add(
            Incoming(
                prefix + row.subject_id,
                take_id,
                row.label,
                row.emotion,
                row.frame_times_ms,
                row.source,
                stored,
                origin,
                row.reviewed,
            )
        )
        for row, stored, origin in new
    }
    record_file = other.folder / "takes" / f"{take.take_id}.json"
    if record_file.is_file():
        record = contracts.read_document(record_file, "take")
        dataset.put_record(_renamed(record, take_id, subject_id, ids))
        for suffix in (".mp4", ".png"):
            extra = record_file.with_suffix(suffix)
            if extra.is_file():
                dataset.put_file(f"takes/{take_id}{suffix}", extra.read_bytes())


def _renamed(record: dict[str, Any], take_id: str, subject_id: str, ids: dict[str, str]) -> dict[str, Any]:
    """Write a take's record with its new names."""
    renamed = {
        **record,
        "take_id": take_id,
        "subject_id": subject_id,
        "sequence_ids": [ids[name] for name in record["sequence_ids"] if name in ids],
    }
    if record["film"] is not None:
        renamed["film"] = {**record["film"], "file": f"takes/{take_id}{Path(record['film']['file']).suffix}"}
    if "quality" in record:
        renamed["quality"] = [
            {**entry, "sequence_id": ids[entry["sequence_id"]]}
            for entry in record["quality"]
            if entry["sequence_id"] in ids
        ]
    return renamed
