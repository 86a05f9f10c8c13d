"""A recording session: takes of one person into one dataset.

Reads a source; writes the dataset through `shared.dataset.writer`, one whole take at a time. A take that fails its
quality limits, or whose smile does not follow the prompts, is kept apart in rejected/. What opens and closes a
session's parts is `tools.recorder.record`; the window's own loop is `tools.recorder.window.window_loop`.
"""

import contextlib
import errno
import importlib.metadata
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from shared import cli, contracts, paths
from shared.dataset.protocol import DURATION_SLACK_S, Protocol
from shared.dataset.quality import Limits, measure_sequence
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput, SmilebenchError
from shared.faces.detector import FaceFinder
from tools.recorder.config import RecordingConfig
from tools.recorder.cues import Prompter, Speaker
from tools.recorder.frame_queue import Feed
from tools.recorder.same_person import find_change
from tools.recorder.smile_curve import SmileCurve
from tools.recorder.smile_meter import SmileMeter
from tools.recorder.sources import Source
from tools.recorder.summary import SessionResult, describe_faults
from tools.recorder.take import Take, TakeRecorder, TakeRefused, describe, disk_is_full

_CURVE_WIDTH_PX, _CURVE_HEIGHT_PX = 900, 160


@dataclass(frozen=True)
class Outcome:
    """What became of a take.

    Attributes:
        record: Its record, as it was stored.
        take: Its pictures.
        curve: The smile over it, or None.
        faults: Why it is kept apart; empty where it is in the dataset.
    """

    record: dict[str, Any]
    take: Take
    curve: SmileCurve | None
    faults: tuple[str, ...]


@dataclass
class Session:
    """The state of a session: what is stored so far, and how a take is begun, stored and withdrawn."""

    settings: RecordingConfig
    protocol: Protocol
    source: Source
    writer: DatasetWriter
    finder: FaceFinder | None
    meter: SmileMeter | None
    is_confirmed: bool = False
    takes: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)

    @property
    def n_takes(self) -> int:
        """Takes of this person in the dataset."""
        return self.writer.count_takes(self.settings.subject_id)

    @property
    def is_target_reached(self) -> bool:
        """Whether the target is there; never without one."""
        return self.settings.target is not None and self.n_takes >= self.settings.target

    @property
    def next_number(self) -> int:
        """The next take's number among those of this person, from 1."""
        return self.n_takes + 1

    def note_about_film(self) -> None:
        """Note what only a person can judge: the film is longer than a take, or this very film was recorded before."""
        if self.source.duration_s is not None and self.source.duration_s > self.protocol.duration_s + DURATION_SLACK_S:
            cli.note(
                f"recorder: note: the film lasts {self.source.duration_s:.1f} s; only its first "
                f"{self.protocol.duration_s:g} s count, as the protocol takes that long"
            )
        earlier = self.writer.find_film(self.source.sha256) if self.source.sha256 else None
        if earlier is not None:
            cli.note(
                f"recorder: note: this film was recorded before as {earlier['take_id']} of {earlier['subject_id']}; "
                "it is recorded again"
            )

    def begin(self) -> TakeRecorder:
        """Begin a take."""
        try:
            if self.meter is None:
                return TakeRecorder(self.protocol, self.settings.dataset)
            self.meter.begin()
            return TakeRecorder(self.protocol, self.settings.dataset, self.meter.add)
        except OSError as error:
            raise _unless_full(error) from None

    def store(self, recorder: TakeRecorder, n_lost: int) -> Outcome:
        """Judge a take that has ended, and store it: in the dataset, or apart from it when it has faults.

        Args:
            recorder: Has all of the take's frames.
            n_lost: Frames that this computer was too slow for.

        Raises:
            TakeRefused: It must not be stored, or the disk is full.
        """
        take = recorder.finish(self.source.ending)
        if n_lost:
            cli.note(f"recorder: note: {n_lost} frames were dropped, as this computer was too slow for them")
        remarks = [f"the film: {remark}" for remark in self.source.remarks()]
        if self.finder is not None and (change := find_change(take.found, self.finder)):
            remarks.append(f"the person seems to change between {change[0]:.1f} and {change[1]:.1f} s")
        for remark in remarks:
            cli.note(f"recorder: note: {remark}")
        limits, interval_ms = Limits.of(self.protocol.document), self.protocol.frame_interval_ms
        finder = self.finder
        quality = [
            measure_sequence(each.frames_thwc_u8, each.frame_times_ms, interval_ms, finder, limits)
            for each in take.found
        ]
        curve = self.meter.finish() if self.meter is not None else None
        faults = list(dict.fromkeys(fault for each in quality for fault in each.faults))
        extra: dict[str, Any] = {"quality": [each.as_json() for each in quality]}
        picture: bytes | None = None
        if self.source.kind == "synthetic":
            faults = []  # a drawing is as it is drawn
        if curve is not None and self.meter is not None:
            faults += [fault for fault in curve.faults if not (fault == "face_lost" and "no_face" in faults)]
            extra["smile"] = curve.as_json(self.meter.model_sha256)
            picture = self._draw(curve)
        try:
            with _uninterrupted():
                stored = self.writer.add_take(
                    {**self._record(take, n_lost, remarks), **extra}, take.film, take.found, faults, picture
                )
        except OSError as error:
            raise _unless_full(error) from None
        if faults:
            self.set_aside.append({"take_id": stored["take_id"], "faults": faults})
            print(
                f"recorder: {stored['take_id']} is kept apart: {describe_faults(faults)}", file=sys.stderr, flush=True
            )
        else:
            self.takes.append(stored)
        return Outcome(stored, take, curve, tuple(faults))

    def _draw(self, curve: SmileCurve) -> bytes:
        """Draw the smile curve as a PNG."""
        import cv2

        from tools.recorder.window.curve_drawing import draw_curve

        picture = draw_curve(curve, self.protocol, self.settings.lang, _CURVE_WIDTH_PX, _CURVE_HEIGHT_PX)
        data: bytes = cv2.imencode(".png", picture)[1].tobytes()
        return data

    def _record(self, take: Take, n_lost: int, remarks: list[str]) -> dict[str, Any]:
        found = describe(take)
        capture = getattr(self.source, "capture", None)
        if capture is not None:
            n_lost = capture["n_missed"]
        return {
            "subject_id": self.settings.subject_id,
            "recorded_utc": paths.utc_text(),
            "source": self.source.kind,
            "source_sha256": self.source.sha256,
            "source_note": "; ".join(
                [
                    self.source.note,
                    *remarks,
                    *([f"{n_lost} frames dropped by the recorder"] if n_lost and capture is None else []),
                ]
            ),
            **({"confirmed": True} if self.is_confirmed else {}),
            **({"capture": capture} if capture is not None else {}),
            "clock": self.source.clock,
            "nominal_fps": self.source.nominal_fps,
            **found,
            "n_dropped": max(found["n_dropped"], n_lost),
            "protocol_sha256": contracts.sha256_json(self.protocol.document),
            "tool_version": importlib.metadata.version("smilebench"),
        }

    def refuse(self, error: SmilebenchError) -> None:
        """Record and print why a take was refused."""
        self.refused.append({"reason": str(error), "cause": getattr(error, "cause", "source")})
        print(f"recorder: {error}", file=sys.stderr, flush=True)

    def withdraw_last(self, reason: str = "repeated") -> bool:
        """Move this session's last take to the dataset's trash; False where there is none."""
        if not self.takes:
            return False
        take = self.takes.pop()
        with _uninterrupted():
            place = self.writer.withdraw_take(take["take_id"], reason)
        cli.note(f"recorder: note: {take['take_id']} was moved to {paths.shown(place)}")
        return True

    def overrule(self, outcome: Outcome) -> None:
        """Use a take that was kept apart all the same, as the person at the keyboard has seen it."""
        with _uninterrupted():
            self.writer.restore_take(outcome.record["take_id"])
        self.set_aside = [each for each in self.set_aside if each["take_id"] != outcome.record["take_id"]]
        self.takes.append(outcome.record)

    def run_without_window(self, speaker: Speaker) -> None:
        """Record until the target is reached, or one take; a take that is refused or kept apart ends it."""
        total = max(1, (self.settings.target or 0) - self.n_takes)
        for _ in cli.progress(range(total), what=f"takes of {self.settings.subject_id}"):
            try:
                outcome = self._record_one(speaker)
            except (TakeRefused, InvalidInput) as reason:  # InvalidInput: the film breaks off in its data
                self.refuse(reason)
                return
            if outcome.faults:
                return

    def _record_one(self, speaker: Speaker) -> Outcome:
        frames = self.source.take(self.next_number)
        feed: Feed | None = None
        if self.source.is_live or self.settings.realtime:
            feed = Feed(frames, paced=not self.source.is_live)
        recorder, prompter = self.begin(), Prompter(self.protocol, self.settings.lang, speaker)
        try:
            for frame in feed or frames:
                if feed:
                    prompter.say(frame.time_s)
                if not recorder.add(frame):
                    break
            return self.store(recorder, feed.n_lost if feed else 0)
        finally:
            if feed:
                feed.close()
            recorder.discard()

    def result(self) -> SessionResult:
        """Sum up."""
        if self.settings.target is not None:
            is_complete = self.is_target_reached
        else:
            is_complete = self.settings.preview or bool(self.takes)
        return SessionResult(self.settings, self.takes, self.refused, self.set_aside, self.n_takes, is_complete)


def _unless_full(error: OSError) -> Exception:
    """Return a refusal for a full disk, and any other error as it is."""
    return disk_is_full() if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until a take is stored completely; it takes a fraction of a second."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        pending.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pending:
        raise KeyboardInterrupt
