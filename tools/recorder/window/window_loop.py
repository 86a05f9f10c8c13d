"""The loop behind the window: frames and keys in, takes out. Drawing and recording share one thread.

Every frame is recorded; only the drawing waits when the computer is busy. Other threads take in frames and check their
quality.
"""

import time
from collections.abc import Callable, Sequence

from shared.arrays import U8
from shared.dataset.quality import Limits
from shared.dataset.statement import Statement
from shared.errors import SmilebenchError
from shared.faces.detector import open_finder
from shared.video import Frame
from tools.recorder.cues import Prompter, Speaker
from tools.recorder.frame_queue import STALL_S, Feed
from tools.recorder.quality_monitor import RateMeter, Watcher
from tools.recorder.session import Outcome, Session
from tools.recorder.take import TakeRecorder, TakeRefused
from tools.recorder.window.consent_screen import ask_consent
from tools.recorder.window.look_back import Review, make_review
from tools.recorder.window.screen import View, draw
from tools.recorder.window.window import Window

_DRAW_AT_LEAST_EVERY_S = 0.25
_PATIENCE_S = 0.02
_THANKS_S = 3.0
_REVIEW_LAPS = 2.0
_REVIEW_LEAST_S = 5.0


def open_window() -> Window:
    """Open the recorder's window."""
    return Window("smilebench recorder")


def ask_in(window: Window, subject_id: str) -> Callable[[Statement], Sequence[str] | None]:
    """Return a function that asks for consent in the window."""
    return lambda statement: ask_consent(window, statement, subject_id)


def run_window_loop(session: Session, window: Window, speaker: Speaker) -> None:
    """Record takes on key presses until the target is reached, or the person at the keyboard ends it.

    Args:
        session: Keeps the takes that are stored, refused and set aside.
        window: Open.
        speaker: Plays the cues.
    """
    finder = None if session.finder is None else open_finder(session.settings.face_model)
    limits, size_px = Limits.of(session.protocol.document), session.protocol.image_size_px
    with Watcher(finder, limits, size_px) as watcher:
        loop = _WindowLoop(session, window, speaker, watcher)
        try:
            loop.run()
        finally:
            loop.close()


class _WindowLoop:
    """The state of the loop."""

    def __init__(self, session: Session, window: Window, speaker: Speaker, watcher: Watcher) -> None:
        self._session = session
        self._window = window
        self._speaker = speaker
        self._watcher = watcher
        self._rate = RateMeter()
        self._picture: U8 | None = None
        self._recorder: TakeRecorder | None = None
        self._prompter: Prompter | None = None
        self._outcome: Outcome | None = None
        self._review: Review | None = None
        self._review_from_s = 0.0
        self._stage = "ready"
        self._cause = ""
        self._feed = self._idle()
        self._drawn_s = 0.0
        self._heard_s = time.monotonic()
        self._end_s: float | None = None

    def run(self) -> None:
        """Run until the end."""
        while self._end_s is None or time.monotonic() < self._end_s:
            frame, error = self._next_frame()
            now_s = time.monotonic()
            if frame is not None:
                self._heard_s = now_s
                self._picture = frame.rgb_hwc_u8
                self._rate.add()
                if self._review is None and self._stage != "paused":
                    self._watcher.show(frame.rgb_hwc_u8)
            if self._recorder is not None:
                self._record(self._recorder, frame, error)
            elif self._feed.has_ended and not self._cause:
                self._cause = "source"
            if self._review is not None and self._left_s() == 0:
                self._review = None
            if self._feed.backlog == 0 or now_s - self._drawn_s > _DRAW_AT_LEAST_EVERY_S:
                self._draw()
                if not self._obey(self._window.key()):
                    return

    def _next_frame(self) -> tuple[Frame | None, SmilebenchError | None]:
        try:
            return self._feed.next(_PATIENCE_S), None
        except SmilebenchError as error:
            return None, error

    def _record(self, recorder: TakeRecorder, frame: Frame | None, error: SmilebenchError | None) -> None:
        """Give a frame to the running take; end the take when it is over or the source has stopped."""
        try:
            if error is not None:
                raise error
            if frame is not None and self._prompter is not None:
                self._prompter.say(frame.time_s)
            is_over = not recorder.add(frame) if frame is not None else self._has_stopped()
            if is_over:
                self._store(recorder)
        except SmilebenchError as reason:
            self._refuse(reason)

    def _refuse(self, reason: SmilebenchError) -> None:
        self._session.refuse(reason)
        self._cause = reason.cause if isinstance(reason, TakeRefused) else "source"
        self._speaker.play("refused")
        self._end_take("refused")

    def _has_stopped(self) -> bool:
        return self._feed.has_ended or time.monotonic() - self._heard_s > STALL_S

    def _store(self, recorder: TakeRecorder) -> None:
        self._stage = "saving"
        self._draw()
        self._window.key()
        outcome = self._session.store(recorder, self._feed.n_lost)
        self._outcome = outcome
        self._speaker.play("refused" if outcome.faults else "saved")
        self._end_take("aside" if outcome.faults else "saved")
        if self._session.settings.review or outcome.faults:
            found = outcome.take.found
            self._review = make_review(
                [each.label for each in found],
                [each.frames_thwc_u8 for each in found],
                outcome.curve,
                outcome.faults,
                self._session.protocol,
                self._session.settings.lang,
            )
            self._review_from_s = time.monotonic()
        self._end_if_reached()

    def _end_if_reached(self) -> None:
        if self._session.is_target_reached:
            self._stage = "done"
            self._end_s = time.monotonic() + max(_THANKS_S, self._left_s() or 0.0)

    def _left_s(self) -> float | None:
        """Return how long the review of a good take lasts; None where nothing ends it but a key."""
        if self._review is None or self._stage not in ("saved", "done"):
            return None
        length_s = max(_REVIEW_LEAST_S, _REVIEW_LAPS * self._review.lap_s)
        return max(0.0, self._review_from_s + length_s - time.monotonic())

    def _obey(self, key: str | None) -> bool:
        """Act on a key; False to end."""
        if key == "quit":
            return False
        if key == "pause" and self._stage not in ("done", "aside") and self._review is None:
            self._pause()
        elif self._recorder is not None:
            if key == "repeat":
                self._begin()
        elif self._stage == "paused":
            if key == "space":
                self._pause()
        elif key == "repeat" and self._stage not in ("ready", "undone"):
            if self._stage in ("saved", "done"):
                self._session.withdraw_last()
            self._begin()
        elif key == "space" and self._stage != "done":
            self._begin()
        elif key == "keep":
            self._keep()
        elif key == "undo" and self._stage not in ("aside", "refused") and self._session.withdraw_last("undone"):
            self._stage, self._review, self._end_s = "undone", None, None
        return True

    def _pause(self) -> None:
        """Break off a running take, or go on after a break."""
        if self._recorder is not None:
            self._end_take("paused")
        else:
            self._stage = "ready" if self._stage == "paused" else "paused"

    def _keep(self) -> None:
        """End the review; a take that was kept apart is used after all."""
        if self._stage == "aside" and self._outcome is not None:
            self._session.overrule(self._outcome)
            self._stage = "saved"
            self._review = None
            self._end_if_reached()
        elif self._stage == "saved":
            self._review = None
            self._stage = "ready"

    def _begin(self) -> None:
        """Begin a take, in place of one that runs."""
        self._drop_take()
        self._feed.close()
        session = self._session
        self._review, self._outcome, self._cause, self._end_s = None, None, "", None
        self._prompter = Prompter(session.protocol, session.settings.lang, self._speaker, in_words=False)
        try:
            self._recorder = session.begin()
        except TakeRefused as reason:
            self._refuse(reason)
            return
        self._feed = Feed(session.source.take(session.next_number), paced=not session.source.is_live)
        self._stage = "take"
        self._watcher.is_recording = True
        self._heard_s = time.monotonic()

    def _end_take(self, stage: str) -> None:
        self._drop_take()
        self._feed.close()
        self._feed = self._idle()
        self._stage = stage
        self._watcher.is_recording = False

    def _drop_take(self) -> None:
        if self._recorder is not None:
            self._recorder.discard()
        self._recorder = None

    def _idle(self) -> Feed:
        source = self._session.source
        return Feed(source.idle(), paced=not source.is_live)

    def _draw(self) -> None:
        session = self._session
        now_s = time.monotonic()
        cause = self._cause
        if not cause and self._stage == "ready" and (fps := self._rate.fps) is not None:
            cause = "slow" if fps < 0.9 * session.protocol.min_fps else ""
        view = View(
            stage=self._stage,
            time_s=self._recorder.time_s if self._recorder is not None else 0.0,
            n_takes=session.n_takes,
            target=session.settings.target,
            subject_id=session.settings.subject_id,
            cause=cause,
            n_sequences=len(self._outcome.take.found) if self._outcome is not None else 0,
            reading=self._watcher.reading,
            review=self._review,
            review_s=now_s - self._review_from_s,
            keep_in_s=self._left_s(),
        )
        self._window.show(draw(self._picture, view, session.protocol, session.settings.lang))
        self._drawn_s = now_s

    def close(self) -> None:
        """Drop a running take and stop taking in frames."""
        self._drop_take()
        self._feed.close()
