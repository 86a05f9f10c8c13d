"""Adds takes to a dataset so that a crash at any moment loses at most the take that is being written.

Order of a commit: pictures and film (under ids that nobody lists yet), then labels.csv, then the manifest; each by
rename. Pictures that no row lists, left by a crash, are moved to trash/ when the dataset is next opened for writing.
One writer at a time holds the dataset's lock. Ids only grow; nothing is deleted: repeated takes go to trash/, takes
with faults to rejected/, and can be put back (`shared.dataset.removed_takes`).
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import filelock
import numpy as np

from shared import contracts, paths, preprocess
from shared.arrays import U8
from shared.dataset import card, reader, removed_takes, tombstones
from shared.dataset.manifest import write_manifest
from shared.dataset.protocol import Protocol
from shared.dataset.quality import Limits
from shared.dataset.reader import SequenceRow
from shared.errors import InvalidInput, WrongUsage
from shared.system import portable

PHOTO_CROP = "center_square_moved_to_face"
JPEG_QUALITY = 95
LOCK_PATIENCE_S = 5.0
AT_WORK = "another recorder at work in it"
_PRIVATE = ("images", "takes", removed_takes.TRASH, removed_takes.REJECTED)


@dataclass(frozen=True)
class NewSequence:
    """A labelled sequence that is to be stored.

    Attributes:
        label: One of the dataset's classes.
        emotion: One of the seven, or None.
        frame_times_ms: From the start of the take.
        frames_thwc_u8: (T, H, W, 3) uint8, RGB, already cropped and resized.
    """

    label: str
    emotion: str | None
    frame_times_ms: tuple[float, ...]
    frames_thwc_u8: U8


class DatasetWriter:
    """A dataset that is open for writing, made on first use. Use it as a context manager.

    Args:
        folder: The dataset's folder.
        protocol: What the takes follow.
        kind: ``real`` or ``synthetic``.

    Raises:
        InvalidInput: The dataset there is not valid, follows another protocol, is of the other kind, or another
            writer is at work.
    """

    def __init__(self, folder: Path, protocol: Protocol, kind: str) -> None:
        self.folder = folder
        self._protocol = protocol
        self._kind = kind
        self._lock = filelock.FileLock(folder / ".lock")
        self.manifest: dict[str, Any] = {}
        self.rows: list[SequenceRow] = []

    def __enter__(self) -> "DatasetWriter":
        if not paths.is_name(self.folder.name):
            raise WrongUsage(
                "--dataset",
                found=f"the folder name {self.folder.name!r}",
                expected=paths.NAME_RULE,
            )
        parts = [self.folder / name for name in _PRIVATE]
        if links := [part for part in parts if part.is_symlink()]:  # people's pictures would lie where others look
            raise InvalidInput(str(links[0]), found="a link to another folder", expected="a folder of the dataset")
        for folder in (self.folder, *(part for part in parts if part.is_dir())):
            contracts.make_private(folder)
        try:
            self._lock.acquire(timeout=LOCK_PATIENCE_S)
        except filelock.Timeout:
            raise InvalidInput(
                str(self.folder),
                found=AT_WORK,
                expected="one at a time",
                todo="wait until it is done, or choose another --dataset",
            ) from None
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _open(self) -> None:
        """Read what is there, or begin an empty dataset; tidy up after a crash."""
        for leftover in self.folder.glob(".incoming-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for half_written in self.folder.glob(".*.tmp"):  # of a process that was killed: we hold the lock
            half_written.unlink()
        if (self.folder / reader.MANIFEST).exists():
            dataset = reader.open_dataset(self.folder)
            self.manifest, self.rows = dataset.manifest, list(dataset.rows)
            self._must_match()
        else:
            if self.folder.joinpath(reader.LABELS).exists() and not self._is_empty_start():
                raise InvalidInput(
                    str(self.folder), found="labels.csv without dataset.json", expected="both, or an empty folder"
                )
            self.manifest = self._new_manifest()
            contracts.write_bytes(self.folder / reader.LABELS, reader.format_labels([]))
            self._write_manifest()
        removed_takes.settle(self.folder, {row.take_id for row in self.rows}, self.manifest["classes"])
        self._sweep_orphans()

    def _is_empty_start(self) -> bool:
        """Tell whether a crash fell between the first empty labels.csv and the first manifest."""
        return (self.folder / reader.LABELS).read_bytes() == reader.format_labels([])

    def _must_match(self) -> None:
        """Refuse to mix protocols or drawn faces with people."""
        if self.manifest["kind"] != self._kind:
            raise InvalidInput(
                str(self.folder / reader.MANIFEST),
                found=f"a dataset of kind {self.manifest['kind']}",
                expected=f"{self._kind}: drawn actors and people do not share a dataset",
                todo="choose another --dataset",
            )
        # Limits of quality and targets do not change what a sequence is: datasets from before there were any go on.
        recorded, current = (
            {**document, "quality": vars(Limits.of(document)), "targets": None}
            for document in (self.manifest["protocol"], self._protocol.document)
        )
        if recorded != current:
            key = next(key for key in {**recorded, **current} if recorded.get(key) != current.get(key))
            raise InvalidInput(
                str(self.folder / reader.MANIFEST),
                found=f"a dataset recorded with {key} = {recorded.get(key)}",
                expected=f"the protocol at hand, with {current.get(key)}",
                todo="use its protocol, or another --dataset",
            )

    def _new_manifest(self) -> dict[str, Any]:
        now = paths.utc_text()
        size = self._protocol.image_size_px
        return {
            "schema_version": 1,
            "name": self.folder.name,
            "version": 1,
            "kind": self._kind,
            "created_utc": now,
            "updated_utc": now,
            "classes": self._protocol.document["classes"],
            "positive_class": self._protocol.document["positive_class"],
            "protocol": self._protocol.document,
            "image": {"width_px": size, "height_px": size, "format": "jpg", "quality": JPEG_QUALITY},
            "crop": preprocess.CROP,
            "resize": preprocess.RESIZE,
            "mirror": preprocess.MIRROR,
            "counts": {},
            "next": {"take": 1, "sequence": 1},
            "checksums": {},
        }

    def count_takes(self, subject_id: str) -> int:
        """Count a person's stored takes."""
        return len({row.take_id for row in self.rows if row.subject_id == subject_id})

    def find_film(self, sha256: str) -> dict[str, Any] | None:
        """Return the record of the first take that was cut from this very film, if there is one."""
        for take_id in sorted({row.take_id for row in self.rows}):
            record = self.folder / "takes" / f"{take_id}.json"
            if record.is_file():
                take = contracts.read_document(record, "take")
                if take["source_sha256"] == sha256:
                    return take
        return None

    def add_take(
        self,
        record: dict[str, Any],
        film: Path,
        found: list[NewSequence],
        faults: Sequence[str] = (),
        picture_png: bytes | None = None,
    ) -> dict[str, Any]:
        """Store a take: whole, or not at all.

        Args:
            record: The take's record without what only the dataset knows (ids and the film's name and hash). Its
                ``quality``, where there is one, has one entry per sequence.
            film: The take's film, on the same disk as the dataset; moved into it.
            found: The take's sequences.
            faults: Why the take is kept apart, in rejected/, instead; its ids are used up all the same.
            picture_png: Kept beside the record.

        Returns:
            The complete record, as it was stored.
        """
        import cv2

        self._must_not_be_barred({record["subject_id"]})
        take_id = f"take_{self._next('take'):04d}"
        first = self._next("sequence")
        names: list[str] = []
        new_rows: list[SequenceRow] = []
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".incoming-") as incoming:
            for offset, sequence in enumerate(found):
                sequence_id = f"seq_{first + offset:04d}"
                encoded = []
                for name, frame in zip(
                    reader.frame_names(sequence_id, len(sequence.frames_thwc_u8)),
                    sequence.frames_thwc_u8,
                    strict=True,
                ):
                    bgr = np.ascontiguousarray(frame[:, :, ::-1])
                    data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
                    contracts.write_bytes(Path(incoming) / name, data)
                    encoded.append(data)
                    names.append(name)
                new_rows.append(
                    SequenceRow.of_pictures(
                        encoded,
                        sequence.frame_times_ms,
                        sequence_id=sequence_id,
                        subject_id=record["subject_id"],
                        take_id=take_id,
                        label=sequence.label,
                        emotion=sequence.emotion,
                        frame_interval_ms=float(self._protocol.frame_interval_ms),
                        source=record["source"],
                        reviewed=False,
                    )
                )
            complete = {
                **record,
                "schema_version": 1,
                "take_id": take_id,
                "film": {"file": f"takes/{take_id}.mp4", "sha256": contracts.sha256_file(film)},
                "sequence_ids": [row.sequence_id for row in new_rows],
            }
            if "quality" in record:
                each = zip(new_rows, record["quality"], strict=True)
                complete["quality"] = [{"sequence_id": row.sequence_id, **entry} for row, entry in each]
            place = Path(incoming) / take_id if faults else self.folder
            for folder in ("images", "takes"):
                contracts.make_folder(place / folder)
            film.chmod(0o600)
            portable.replace(film, place / complete["film"]["file"])
            contracts.write_document(place / "takes" / f"{take_id}.json", complete, "take")
            if picture_png is not None:
                contracts.write_bytes(place / "takes" / f"{take_id}.png", picture_png)
            for name in names:
                portable.replace(Path(incoming) / name, place / name)
            portable.sync_folder(place / "images")
            if faults:
                removed_takes.write_removal(place, new_rows, "rejected", faults)
                self.commit(self.rows, next_take=1, next_sequence=len(new_rows))
                contracts.make_folder(self.folder / removed_takes.REJECTED)
                portable.replace(place, self.folder / removed_takes.REJECTED / take_id)
                return complete
        self.commit([*self.rows, *new_rows], next_take=1, next_sequence=len(new_rows))
        return complete

    def withdraw_take(self, take_id: str, reason: str = "repeated") -> Path:
        """Take a take out of the dataset: its rows go, its files move to trash/; `restore_take` is the way back.

        Args:
            take_id: One of this dataset.
            reason: ``repeated``, ``undone``, ``consent_withdrawn`` or ``deleted``.

        Returns:
            The folder in trash/, with the files, the rows as labels.csv and removal.json.
        """
        gone = [row for row in self.rows if row.take_id == take_id]
        if not gone:
            raise InvalidInput(str(self.folder), found=f"no {take_id}", expected="a take of this dataset")
        place = removed_takes.new_place(self.folder, take_id)
        removed_takes.write_removal(place, gone, reason)
        self.commit([row for row in self.rows if row.take_id != take_id])
        removed_takes.move_files(removed_takes.file_names(gone), self.folder, place)
        return place

    def restore_take(self, take_id: str) -> list[SequenceRow]:
        """Put a take from trash/ or rejected/ back under its own ids; a rejected one is used from now on.

        Returns:
            Its rows.

        Raises:
            InvalidInput: It is in neither, its ids are taken, or the person has withdrawn.
        """
        removal = removed_takes.find_removed(self.folder, take_id)
        back = removal.rows(self.manifest["classes"])
        if {row.sequence_id for row in back} & {row.sequence_id for row in self.rows}:
            raise InvalidInput(str(removal.place), found="sequences that the dataset has", expected="removed ones")
        self._must_not_be_barred({row.subject_id for row in back})
        removed_takes.move_files(removed_takes.file_names(back), removal.place, self.folder)
        self.commit(sorted([*self.rows, *back], key=lambda row: int(row.sequence_id.rpartition("_")[2])))
        removed_takes.forget(removal.place)
        return back

    def delete_take(self, take_id: str) -> None:
        """Delete a take for good, from the dataset or from beside it: only for the person who is in it.

        Raises:
            InvalidInput: There is no such take.
        """
        if any(row.take_id == take_id for row in self.rows):
            self.withdraw_take(take_id, removed_takes.DELETED)
        removed_takes.delete(removed_takes.find_removed(self.folder, take_id))

    def declare_rights(self, rights: list[dict[str, Any]]) -> None:
        """Write licence and basis of the sequences of each source into the manifest."""
        self.manifest = {**self.manifest, "rights": rights}
        self.commit(self.rows)

    def note_photo_crop(self) -> None:
        """Write into the manifest that photos were cut around the face where the middle would have missed it."""
        if self.manifest.get("photo_crop") != PHOTO_CROP:
            self.manifest = {**self.manifest, "photo_crop": PHOTO_CROP}
            self.commit(self.rows)

    def _must_not_be_barred(self, subject_ids: set[str]) -> None:
        if subject_ids:
            tombstones.read_barred(self.folder).refuse(subject_ids, str(self.folder))

    def _next(self, what: str) -> int:
        return int(self.manifest["next"][what])

    def commit(self, rows: list[SequenceRow], next_take: int = 0, next_sequence: int = 0) -> None:
        """Make rows the dataset's content: labels.csv first, the manifest last.

        Raises:
            InvalidInput: A row is added of a person who has withdrawn.
        """
        there = {row.sequence_id for row in self.rows}
        self._must_not_be_barred({row.subject_id for row in rows if row.sequence_id not in there})
        contracts.write_bytes(self.folder / reader.LABELS, reader.format_labels(rows))
        self.rows = rows
        self.manifest["next"] = {
            "take": self._next("take") + next_take,
            "sequence": self._next("sequence") + next_sequence,
        }
        self.manifest["version"] += 1
        self._write_manifest()

    def _write_manifest(self) -> None:
        takes, ids = ({getattr(row, key) for row in self.rows} for key in ("take_id", "sequence_id"))
        for what, used in (("take", takes), ("sequence", ids)):
            numbers = [int(name.rpartition("_")[2]) for name in used]
            self.manifest["next"][what] = max([self._next(what), *[number + 1 for number in numbers]])
        self.manifest["updated_utc"] = paths.utc_text()
        self.manifest = write_manifest(self.folder, self.manifest, self.rows)
        card.write_card(self.folder, self.manifest, self.rows)

    def _sweep_orphans(self) -> None:
        """Move files that no row lists out of the way, and refresh a manifest that a crash left one step behind."""
        listed = {name for row in self.rows for name in row.frame_names()}
        takes = {row.take_id for row in self.rows}
        orphans = [
            path
            for folder in ("images", "takes")
            for path in sorted((self.folder / folder).glob("*"))
            if (f"images/{path.name}" not in listed if folder == "images" else path.stem not in takes)
        ]
        if orphans:
            names = [path.relative_to(self.folder).as_posix() for path in orphans]
            removed_takes.move_files(names, self.folder, removed_takes.new_place(self.folder, "unfinished"))
        labels_sha256 = contracts.sha256_file(self.folder / reader.LABELS)
        if self.manifest["checksums"][reader.LABELS] != labels_sha256:
            self.manifest["version"] += 1
            self._write_manifest()
