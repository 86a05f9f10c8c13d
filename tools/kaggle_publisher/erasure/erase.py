"""Erases a person: from datasets, from what was made of them, and from models that learned from the person.

Every path that was deleted, rewritten or marked is returned. The dataset is changed first and the tombstone is written
before anything is deleted, so that an erasure that was cut off is finished by the same command.
"""

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import bulk_writer, consent, reader, removed_takes, splits, tombstones
from shared.dataset.test_log import VERDICT_LOOKS
from shared.dataset.writer import DatasetWriter
from shared.stale_models import StaleReason, mark
from shared.traces.person import TABLES, Person
from shared.traces.places import Places
from shared.web import spec_file
from tools.kaggle_publisher.release.staging import CHECKSUMS
from tools.kaggle_publisher.releases import RELEASES, Release, changing_releases, read_releases, write_releases

REVIEW = "review.json"


@dataclass(frozen=True)
class Change:
    """Something that an erasure did to a path: ``deleted``, ``rewritten`` or ``marked``."""

    path: Path
    what: str


def take_out(person: Person) -> None:
    """Take a person's takes out of the dataset and leave the tombstone; they lie in trash/ then."""
    opened = reader.open_dataset(person.folder)
    takes = sorted({row.take_id for row in opened.rows if row.subject_id == person.subject_id})
    releases = sorted(person.released)
    if (person.rows or releases) and not tombstones.read_barred(person.folder).is_marked(person.subject_id):
        tombstones.leave_tombstone(
            person.folder,
            n_takes=len(person.take_ids),
            n_sequences=len(person.rows),
            releases=releases,
            pseudonyms=[person.subject_id],
            released=person.released.values(),
            pictures=person.all_pictures(),
        )
    with DatasetWriter(person.folder, opened.protocol, opened.manifest["kind"]) as writer:
        for take_id in takes:
            writer.withdraw_take(take_id, "consent_withdrawn")


def erase(people: Sequence[Person], places: Places, *, keep_models: bool) -> list[Change]:
    """Erase a person.

    Args:
        people: The person in each dataset, who was taken out of all (`take_out`).
        places: What was made with the person.
        keep_models: Mark runs and models that learned from the person as stale instead of deleting them.
    """
    changes: list[Change] = []
    stale = [_mark_handoffs(places, folder) for folder in places.of_kind("models")]
    changes += [Change(folder, "marked") for marked in stale for folder in marked]
    for place in places.made:
        changes += _delete(place.path)
    for place in places.learned:
        if not keep_models:
            changes += _delete(place.path)
        elif place.kind == "models":
            changes.append(Change(mark(place.path / paths.MODEL_CARD, StaleReason.CONSENT_WITHDRAWN), "marked"))
    for person in people:
        changes += _erase_from_dataset(person)
        changes += _erase_from_looks(person)
    return changes


def _erase_from_looks(person: Person) -> Iterator[Change]:
    """Put a drawn mark in place of the person's in all logs of looks: the person still counts as somebody."""
    marks, drawn = {sha256[:16] for sha256 in person.sequence_hashes}, secrets.token_hex(8)
    logs = {*(paths.home() / "datasets").glob(f"**/{VERDICT_LOOKS}"), person.folder / VERDICT_LOOKS}
    for path in sorted(log for log in logs if log.is_file()):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [left for line in lines if (left := _without_marks(line, marks, drawn))]
        if kept != lines:
            contracts.write_bytes(path, "".join(f"{line}\n" for line in kept).encode("utf-8"))
            yield Change(path, "rewritten")


def _without_marks(line: str, marks: set[str], drawn: str) -> str:
    """Return a line of a log of looks without a person's marks; one that cannot be read goes if it holds one."""
    if not any(mark in line for mark in marks):
        return line
    try:
        look = json.loads(line)
        people = [[drawn] if marks & set(person) else person for person in look["people"]]
    except (ValueError, TypeError, KeyError):
        return ""
    return json.dumps({**look, "people": people}, ensure_ascii=False)


def _mark_handoffs(places: Places, model: Path) -> list[Path]:
    """Mark the hand-offs of a model that learned from the person."""
    if not places.handoffs:
        return []
    card = contracts.read_document(model / paths.MODEL_CARD, "model")
    return spec_file.mark_handoffs(
        {
            "onnx_sha256": card["onnx"]["sha256"],
            "since_utc": paths.utc_text(),
            "reason": StaleReason.CONSENT_WITHDRAWN,
        }
    )


def _delete(path: Path) -> Iterator[Change]:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()
    else:
        return
    yield Change(path, "deleted")


def _erase_from_dataset(person: Person) -> Iterator[Change]:
    folder = person.folder
    for parent in (removed_takes.TRASH, removed_takes.REJECTED):
        for place in sorted((folder / parent).glob("*")):
            if _has_person(place, person):
                yield from _delete(place)
            elif "_unfinished" in place.name:
                for path in [path for path in place.rglob("*") if _is_of(path, person)]:
                    yield from _delete(path)
    for path in person.files:
        yield from _delete(path)
    if (folder / REVIEW).is_file() and _rewrite_review(folder / REVIEW, person):
        yield Change(folder / REVIEW, "rewritten")
    origins = bulk_writer.read_origins(folder)
    if kept := _without(origins, person.sequence_ids):
        if len(kept) < len(origins):
            contracts.write_bytes(folder / bulk_writer.ORIGINS, bulk_writer.format_origins(kept))
            yield Change(folder / bulk_writer.ORIGINS, "rewritten")
    elif origins:
        yield from _delete(folder / bulk_writer.ORIGINS)
    if consent.forget(folder, person.subject_id):
        yield Change(folder / consent.CONSENT_FILE, "rewritten")
    if any(person.subject_id in release.subjects for release in read_releases(folder).releases):
        with changing_releases(folder) as book:
            releases = tuple(_without_person(release, person) for release in book.releases)
            write_releases(type(book)(book.folder, book.secret, releases))
        yield Change(folder / RELEASES, "rewritten")
    if (folder / splits.SIDES_FILE).is_file():
        sides = contracts.read_document(folder / splits.SIDES_FILE, "sides")
        if person.subject_id in (*sides["train"], *sides["test"]):
            parts = [[name for name in sides[part] if name != person.subject_id] for part in ("train", "test")]
            splits.write_sides(folder, sides["reason"], *parts)
            yield Change(folder / splits.SIDES_FILE, "rewritten")
    if (folder / CHECKSUMS).is_file() and _drop_checksums(folder / CHECKSUMS, folder):
        yield Change(folder / CHECKSUMS, "rewritten")


def _has_person(place: Path, person: Person) -> bool:
    """Tell whether a place in trash/ or rejected/ has rows of the person: a take, or a review that was applied."""
    for name in TABLES:
        if (place / name).is_file():
            data = (place / name).read_text(encoding="utf-8", errors="replace")
            return any(line.split(",")[1:2] == [person.subject_id] for line in data.splitlines()[1:])
    return False


def _is_of(path: Path, person: Person) -> bool:
    return path.is_file() and (path.stem in person.take_ids or path.name.split("_frame_")[0] in person.sequence_ids)


def _without(origins: dict[str, Any], sequence_ids: frozenset[str]) -> dict[str, Any]:
    return {name: origin for name, origin in origins.items() if name not in sequence_ids}


def _without_person(release: Release, person: Person) -> Release:
    document = dict(vars(release))
    document["subjects"] = {name: new for name, new in release.subjects.items() if name != person.subject_id}
    document["sequences"] = {name: new for name, new in release.sequences.items() if name not in person.sequence_ids}
    return Release(**document)


def _rewrite_review(path: Path, person: Person) -> bool:
    """Drop the decisions on the person's sequences; returns whether there were any."""
    review = contracts.read_document(path, "review")
    kept = [one for one in review["decisions"] if one["sequence_id"] not in person.sequence_ids]
    if len(kept) == len(review["decisions"]):
        return False
    review["decisions"] = kept  # the reviewer puts it into its own lines when it is next opened
    contracts.write_bytes(path, json.dumps(review, ensure_ascii=False).encode("utf-8"))
    return True


def _drop_checksums(path: Path, folder: Path) -> bool:
    """Drop the hashes of files that are gone from a fetched release's list; returns whether there were any."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if (folder / line.partition("  ")[2]).is_file()]
    if len(kept) == len(lines):
        return False
    contracts.write_bytes(path, ("\n".join(kept) + "\n").encode("utf-8"))
    return True
