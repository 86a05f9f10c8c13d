"""A recording session: takes of one person into one dataset, with or without a window.

Reads a source and the protocol; writes the dataset through `shared.dataset_writer`, one whole take at a time. The
window's own loop is in `tools.recorder.booth`.
"""

import contextlib
import importlib.metadata
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from shared import cli, contracts, paths, sequences
from shared.dataset_writer import DatasetWriter
from shared.errors import InvalidInput, SmilebenchError
from shared.protocol import DEFAULT_PROTOCOL, DURATION_SLACK_S, Protocol, read_protocol
from tools.recorder.feed import Feed
from tools.recorder.settings import Settings
from tools.recorder.sources import Source, open_source, silence_libraries
from tools.recorder.take import Take, TakeRecorder, TakeRefused, describe


@dataclass(frozen=True)
class SessionResult:
    """What a session came to.

    Attributes:
        settings: What was asked for.
        takes: Records of the takes that this session stored and kept.
        refused: Why takes were refused, in order.
        n_takes_of_subject: Takes of this person in the dataset now.
        is_complete: Whether at least what was asked for is stored.
    """

    settings: Settings
    takes: list[dict[str, Any]]
    refused: list[str]
    n_takes_of_subject: int
    is_complete: bool

    @property
    def exit_code(self) -> int:
        """0 if at least what was asked for is stored, else 1."""
        return 0 if self.is_complete else 1

    def as_text(self) -> str:
        """Summarise for people."""
        who, n_sequences = self.settings.subject_id, sum(len(take["sequence_ids"]) for take in self.takes)
        goal = "" if self.settings.target is None else f" of {self.settings.target}"
        if not self.takes and not self.refused and self.is_complete and self.settings.target is not None:
            return f"{who} has {self.n_takes_of_subject}{goal} takes in {self._where()} already: nothing to record"
        stored = f"stored {_count(len(self.takes), 'take')} of {who} ({_count(n_sequences, 'sequence')})"
        lines = [f"{stored} in {self._where()}; {who} now has {self.n_takes_of_subject}{goal}"]
        if self.refused:
            lines.append(f"refused {_count(len(self.refused), 'take')}; nothing of it was stored")
        if not self.is_complete and self.settings.target is not None:
            lines.append("run the same command to go on")
        return "\n".join(lines)

    def _where(self) -> str:
        return paths.shown(self.settings.dataset)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": str(self.settings.dataset),
            "subject_id": self.settings.subject_id,
            "takes": self.takes,
            "refused": [{"reason": reason} for reason in self.refused],
            "n_takes_of_subject": self.n_takes_of_subject,
        }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def record(settings: Settings) -> SessionResult:
    """Record takes as asked for.

    Args:
        settings: See there.

    Returns:
        What was stored and what was refused.

    Raises:
        MissingOutside: No camera, or no screen for the window.
        InvalidInput: No film, a dataset that is not valid, or of another kind or protocol.
    """
    silence_libraries()
    if (n_takes := _already_there(settings)) is not None:
        return SessionResult(settings, [], [], n_takes, is_complete=True)
    protocol = read_protocol(settings.protocol or DEFAULT_PROTOCOL)
    if settings.preview:
        from tools.recorder.screen import require_screen

        require_screen()
    source = open_source(settings, protocol)
    try:
        kind = "synthetic" if source.kind == "synthetic" else "real"
        with DatasetWriter(settings.dataset, protocol, kind) as writer:
            session = Session(settings, protocol, source, writer)
            session.tell_about_film()
            if settings.preview:
                from tools.recorder.booth import run_booth

                run_booth(session)
            else:
                session.run_without_window()
            return session.result()
    finally:
        source.close()


def _already_there(settings: Settings) -> int | None:
    """Count the person's takes where the target is reached already; None where there is something to do."""
    if settings.target is None or not (settings.dataset / sequences.MANIFEST).is_file():
        return None
    rows = sequences.open_dataset(settings.dataset).rows
    n_takes = len({row.take_id for row in rows if row.subject_id == settings.subject_id})
    return n_takes if n_takes >= settings.target else None


@dataclass
class Session:
    """The state of a session: what is stored so far, and how a take is begun, stored and withdrawn."""

    settings: Settings
    protocol: Protocol
    source: Source
    writer: DatasetWriter
    takes: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

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

    def tell_about_film(self) -> None:
        """Say what only people can judge: the film is longer than a take, or this very film was recorded before."""
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
        return TakeRecorder(self.protocol, self.settings.dataset)

    def store(self, recorder: TakeRecorder, n_lost: int) -> dict[str, Any]:
        """Judge a take that has ended, and store it.

        Args:
            recorder: Has all of the take's frames.
            n_lost: Frames that this computer was too slow for.

        Returns:
            The take's record.

        Raises:
            TakeRefused: It must not be stored.
        """
        take = recorder.finish(self.source.ending)
        if n_lost:
            cli.note(f"recorder: note: {n_lost} frames were dropped, as this computer was too slow for them")
        with _uninterrupted():
            stored = self.writer.add_take(self._record(take, n_lost), take.film, take.found)
        self.takes.append(stored)
        return stored

    def _record(self, take: Take, n_lost: int) -> dict[str, Any]:
        found = describe(take)
        return {
            "subject_id": self.settings.subject_id,
            "recorded_utc": paths.utc_text(),
            "source": self.source.kind,
            "source_sha256": self.source.sha256,
            "source_note": self.source.note + (f"; {n_lost} frames dropped by the recorder" if n_lost else ""),
            "clock": self.source.clock,
            "nominal_fps": self.source.nominal_fps,
            **found,
            "n_dropped": max(found["n_dropped"], n_lost),
            "protocol_sha256": contracts.sha256_json(self.protocol.document),
            "tool_version": importlib.metadata.version("smilebench"),
        }

    def refuse(self, error: SmilebenchError) -> None:
        """Remember why a take was refused, and say it."""
        self.refused.append(str(error))
        print(f"recorder: {error}", file=sys.stderr, flush=True)

    def withdraw_last(self) -> None:
        """Move this session's last take to the dataset's trash, where it can be put back by hand."""
        if self.takes:
            take = self.takes.pop()
            with _uninterrupted():
                place = self.writer.withdraw_take(take["take_id"])
            cli.note(f"recorder: note: {take['take_id']} was moved to {paths.shown(place)}")

    def run_without_window(self) -> None:
        """Record until the target is reached, or one take; a refused take ends it."""
        total = max(1, (self.settings.target or 0) - self.n_takes)
        for _ in cli.progress(range(total), what=f"takes of {self.settings.subject_id}"):
            try:
                self._record_one()
            except (TakeRefused, InvalidInput) as reason:  # InvalidInput: the film breaks off in its data
                self.refuse(reason)
                return

    def _record_one(self) -> None:
        frames = self.source.take(self.next_number)
        feed: Feed | None = None
        if self.source.is_live or self.settings.realtime:
            feed = Feed(frames, paced=not self.source.is_live)
        recorder, prompter = self.begin(), _Prompter(self.protocol, self.settings.lang)
        try:
            for frame in feed or frames:
                if feed:
                    prompter.say(frame.time_s)
                if not recorder.add(frame):
                    break
            self.store(recorder, feed.n_lost if feed else 0)
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
        return SessionResult(self.settings, self.takes, self.refused, self.n_takes, is_complete)


class _Prompter:
    """Tells a person without a window what to do, on stderr."""

    def __init__(self, protocol: Protocol, lang: str) -> None:
        self._protocol = protocol
        self._lang = lang
        self._said: object = None

    def say(self, time_s: float) -> None:
        """Say the prompt of a phase when it begins."""
        phase = self._protocol.phase_at(time_s)
        if phase is not self._said:
            self._said = phase
            cli.note(f"{phase.start_s:g} s: {phase.prompt[self._lang]}")


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until a take is stored whole; it costs a fraction of a second."""
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
