"""Keeps moments of play as takes of a dataset, whole or not at all; shows and deletes them for the person in them.

Writes through `shared.dataset.writer`: a take with source ``game``, its film, and sequences cut from the marked spans
by the frames' times. One that fails its quality limits lies in rejected/, as elsewhere. A moment is acknowledged when
it is on disk; sent again it is found, not stored twice. Without consent nothing is written, not even a folder.
"""

import contextlib
import errno
import importlib.metadata
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.dataset import consent, reader, removed_takes, statement, tombstones
from shared.dataset.protocol import Protocol, Window, choose_frames, parse_protocol, read_protocol
from shared.dataset.quality import Limits, measure_sequence
from shared.dataset.writer import AT_WORK, DatasetWriter, NewSequence
from shared.errors import CheckFailed, InvalidInput
from shared.faces.detector import FaceFinder
from shared.films.pace import measure
from shared.text.catalogue import Lang
from shared.video import FilmWriter, Frame
from tools.game.keep.moment import Code, Moment, Refused

SOURCE = "game"
_PROMPT = {"ko": "웃지 마세요", "en": "Do not laugh"}


@dataclass(frozen=True)
class Kept:
    """A moment that is on disk.

    Attributes:
        record: Of its take.
        faults: Why it is kept apart, in rejected/; empty where it is in the dataset.
        was_known: It had been stored before.
    """

    record: dict[str, Any]
    faults: tuple[str, ...]
    was_known: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give what the page shows to the person."""
        play = self.record["play"]
        return {
            "moment_id": play["moment_id"],
            "take_id": self.record["take_id"],
            "captured_utc": play["captured_utc"],
            "trigger": play["trigger"],
            "player_label": play["player_label"],
            "duration_s": self.record["duration_s"],
            "n_frames": self.record["n_frames"],
            "n_sequences": len(self.record["sequence_ids"]),
            "faults": list(self.faults),
        }


class MomentStore:
    """The dataset of kept moments. All methods may be called from any thread; one works at a time.

    Args:
        folder: The dataset's folder; need not be there.
        finder: Looks for faces; None leaves out the limits that need them.
    """

    def __init__(self, folder: Path, finder: FaceFinder | None) -> None:
        self.folder = folder
        self._finder = finder
        self._guard = threading.RLock()

    def why_not(self, subject_id: str) -> str | None:
        """Say why nothing of a person may be kept; None where it may."""
        with self._guard:
            return consent.read_consent(self.folder).why_not(subject_id, "train")

    def agreed(self, subject_id: str) -> tuple[str, ...] | None:
        """List the scopes of a person's valid consent; None where there is none."""
        with self._guard:
            newest = consent.read_consent(self.folder).of(subject_id)
            return None if newest is None or newest.why_not("train", paths.utc_text()) else newest.scopes

    def agree(self, subject_id: str, scopes: list[str], lang: Lang, statement_sha256: str, given_by: str) -> None:
        """Record what a person has answered on the page.

        Raises:
            Refused: A no, or an answer to another text than today's; nothing is written.
        """
        with self._guard:
            try:
                statement.agree(
                    self.folder, subject_id, scopes, lang=lang, given_by=given_by, statement_sha256=statement_sha256
                )
            except CheckFailed as refusal:
                raise Refused(Code.NO_CONSENT, f"{refusal.found}; {refusal.todo}") from None

    def keep(self, moment: Moment) -> Kept:
        """Store a moment; when this returns, it is on disk.

        Raises:
            Refused: No consent, another moment of this id, another model's frames than the dataset's, a span without a
                sequence, another program at work in the dataset, or no space left.
        """
        with self._guard, _explained():
            self._must_be_agreed(moment.subject_id)
            if (known := self._find(moment.play["moment_id"])) is not None:
                if known.record["source_sha256"] != moment.sha256 or known.record["subject_id"] != moment.subject_id:
                    raise Refused(Code.OTHER_MOMENT, "another moment has this id")
                return Kept(known.record, known.faults, was_known=True)
            protocol = self._protocol_for(moment)
            found = _cut(moment, protocol)
            limits = Limits.of(protocol.document)
            quality = [
                measure_sequence(
                    each.frames_thwc_u8, each.frame_times_ms, protocol.frame_interval_ms, self._finder, limits
                )
                for each in found
            ]
            faults = tuple(dict.fromkeys(fault for each in quality for fault in each.faults))
            record = {**_record(moment, protocol), "quality": [each.as_json() for each in quality]}
            with self._writing(protocol) as writer:
                incoming = Path(tempfile.mkdtemp(dir=self.folder, prefix=".incoming-"))
                try:
                    film = _write_film(moment, incoming / "take.mp4")
                    stored = writer.add_take(record, film, found, faults)
                finally:
                    shutil.rmtree(incoming, ignore_errors=True)
            return Kept(stored, faults)

    def list_moments(self, subject_id: str) -> list[Kept]:
        """List a person's moments, the newest first; those that are kept apart too."""
        with self._guard:
            own = [kept for kept in self._moments() if kept.record["subject_id"] == subject_id]
            return sorted(own, key=lambda kept: int(kept.record["take_id"].rpartition("_")[2]), reverse=True)

    def film_of(self, subject_id: str, moment_id: str) -> Path:
        """Return the film of a person's moment.

        Raises:
            Refused: There is no such moment of this person.
        """
        with self._guard:
            place, kept = self._place_of(subject_id, moment_id)
            return place.joinpath(kept.record["film"]["file"])

    def delete(self, subject_id: str, moment_id: str) -> None:
        """Delete a person's moment: pictures, film, rows and record; there is no way back.

        Raises:
            Refused: There is no such moment of this person, or another program is at work in the dataset.
        """
        with self._guard, _explained():
            _, kept = self._place_of(subject_id, moment_id)
            protocol = reader.find_protocol(self.folder)
            assert protocol is not None, "a dataset with a moment has a protocol"
            with self._writing(protocol) as writer:
                writer.delete_take(kept.record["take_id"])

    def _must_be_agreed(self, subject_id: str) -> None:
        if (reason := self.why_not(subject_id)) is not None:
            raise Refused(Code.NO_CONSENT, f"{subject_id}: {reason}")
        if (since := tombstones.read_barred(self.folder).since(subject_id)) is not None:
            raise Refused(Code.NO_CONSENT, f"{subject_id} withdrew on {since[:10]}")

    @contextlib.contextmanager
    def _writing(self, protocol: Protocol) -> Iterator[DatasetWriter]:
        """Open the dataset for writing, without what was never acknowledged.

        A recorder's unfinished takes are put aside for their owner. A moment that was being stored when a server
        died is sent again by its page, or was never called kept: of it nothing is to be left.
        """
        with DatasetWriter(self.folder, protocol, "real") as writer:
            for place in (self.folder / removed_takes.TRASH).glob("*_unfinished*"):
                shutil.rmtree(place)
            yield writer

    def _protocol_for(self, moment: Moment) -> Protocol:
        """Return the dataset's protocol, or make one for the first moment.

        Raises:
            Refused: The model at play takes other frames, or knows other classes, than the dataset.
        """
        wanted = play_protocol(moment)
        known = reader.find_protocol(self.folder)
        if known is None:
            return wanted
        for key in ("frame_count", "frame_interval_ms", "image_size_px", "classes", "positive_class"):
            if known.document[key] != wanted.document[key]:
                found, expected = wanted.document[key], known.document[key]
                raise Refused(
                    Code.OTHER_MODEL, f"{key} = {found}; {self.folder.name} has {expected}: choose another dataset"
                )
        return known

    def _place_of(self, subject_id: str, moment_id: str) -> tuple[Path, Kept]:
        for place, kept in self._places():
            if kept.record["play"]["moment_id"] == moment_id and kept.record["subject_id"] == subject_id:
                return place, kept
        raise Refused(Code.UNKNOWN_MOMENT, "there is no such moment of this person")

    def _find(self, moment_id: str) -> Kept | None:
        return next((kept for kept in self._moments() if kept.record["play"]["moment_id"] == moment_id), None)

    def _moments(self) -> Iterator[Kept]:
        return (kept for _, kept in self._places())

    def _places(self) -> Iterator[tuple[Path, Kept]]:
        """Go through the moments in the dataset, and those that are kept apart, with the folder that has them."""
        if not (self.folder / reader.MANIFEST).is_file():
            return
        rows = reader.open_dataset(self.folder).rows
        for take_id in sorted({row.take_id for row in rows}):
            if (record := _read_take(self.folder, take_id)) is not None:
                yield self.folder, Kept(record, ())
        for removal in removed_takes.list_removed(self.folder):
            if removal.record["reason"] == "rejected" and (record := _read_take(removal.place, removal.take_id)):
                yield removal.place, Kept(record, tuple(removal.record["faults"]))


def play_protocol(moment: Moment) -> Protocol:
    """Make the protocol of moments of this model: nobody is told when to smile, and any span may carry a label.

    Source: our own choice; limits of quality are the recorder's.
    """
    default, model = read_protocol().document, moment.play["model"]
    return parse_protocol(
        {
            **default,
            "name": "play",
            "duration_s": 10,
            "phases": [{"start_s": 0, "end_s": 10, "prompt": _PROMPT}],
            "windows": [{"start_s": 0, "end_s": 10, "label": label} for label in model["classes"]],
            "classes": model["classes"],
            "positive_class": model["positive_class"],
            "frame_count": model["frame_count"],
            "frame_interval_ms": model["frame_interval_ms"],
            "image_size_px": int(moment.frames_thwc_u8.shape[1]),
        },
        "the protocol of play",
    )


def _cut(moment: Moment, protocol: Protocol) -> list[NewSequence]:
    """Cut the sequences of the marked spans.

    Raises:
        Refused: The pace of the page's frames leaves none, or none with the player's word.
    """
    times_s = moment.times_s
    found: list[NewSequence] = []
    for mark in moment.play["marks"]:
        window = Window(mark["start_ms"] / 1000, mark["end_ms"] / 1000, mark["label"], None)
        chosen = choose_frames(protocol, window, times_s)
        if not chosen and mark["by"] == "player":
            found = []  # without what the player has said the rest is not worth keeping
            break
        found += [
            NewSequence(
                label=mark["label"],
                emotion=None,
                frame_times_ms=tuple(round(times_s[index] * 1000, 1) for index in indices),
                frames_thwc_u8=np.stack([moment.frames_thwc_u8[index] for index in indices]),
            )
            for indices in chosen
        ]
    if not found:
        raise Refused(
            Code.BAD_MOMENT,
            f"no {protocol.frame_count} frames {protocol.frame_interval_ms:g} ms apart in a marked span: "
            "the page was too slow",
        )
    return found


def _write_film(moment: Moment, path: Path) -> Path:
    height, width = moment.frames_thwc_u8.shape[1:3]
    writer = FilmWriter(path, width, height)
    for time_s, picture in zip(moment.times_s, moment.frames_thwc_u8, strict=True):
        writer.add(Frame(time_s, picture))
    writer.close()
    with path.open("r+b") as film:
        os.fsync(film.fileno())
    return path


def _record(moment: Moment, protocol: Protocol) -> dict[str, Any]:
    measured = measure(moment.times_s, 0)
    return {
        "subject_id": moment.subject_id,
        "recorded_utc": moment.play["captured_utc"],
        "source": SOURCE,
        "source_sha256": moment.sha256,
        "source_note": f"kept at play: {moment.play['trigger']}",
        "width_px": int(moment.frames_thwc_u8.shape[2]),
        "height_px": int(moment.frames_thwc_u8.shape[1]),
        "clock": "monotonic",
        "duration_s": measured.duration_s,
        "n_frames": measured.n_frames,
        "measured_fps": measured.fps,
        "nominal_fps": None,
        "n_dropped": max(measured.n_dropped, moment.play["n_missed"]),
        "n_doubled": 0,
        "largest_gap_ms": measured.largest_gap_ms,
        "protocol_sha256": contracts.sha256_json(protocol.document),
        "tool_version": importlib.metadata.version("smilebench"),
        "play": moment.play,
    }


def _read_take(folder: Path, take_id: str) -> dict[str, Any] | None:
    """Read a take's record; None where it is gone or none of play."""
    path = folder / "takes" / f"{take_id}.json"
    if not path.is_file():
        return None
    record = contracts.read_document(path, "take")
    return record if record["source"] == SOURCE and "play" in record else None


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what can go wrong with a dataset into a refusal that a page understands."""
    try:
        yield
    except Refused:
        raise
    except InvalidInput as error:
        if AT_WORK in str(error):
            raise Refused(Code.BUSY, "another program is at work in the dataset; send it again") from None
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Refused(Code.NO_ROOM, "no space left on the disk; nothing of the moment was stored") from None
        raise
