"""The loop behind the window: frames in, keys in, takes out. One thread draws and records, another takes in frames.

Every frame is recorded; only the drawing waits when the computer is busy.
"""

import time

from shared.errors import SmilebenchError
from shared.preprocess import U8
from shared.video import Frame
from tools.recorder.feed import STALL_S, Feed
from tools.recorder.screen import View, Window, draw
from tools.recorder.session import Session
from tools.recorder.take import TakeRecorder, TakeRefused

_DRAW_AT_LEAST_EVERY_S = 0.25
_PATIENCE_S = 0.02
_THANKS_S = 3.0


def run_booth(session: Session) -> None:
    """Record takes on key presses until the target is reached, or the person at the keyboard ends it.

    Args:
        session: Keeps what is stored and refused.
    """
    with Window("smilebench recorder") as window:
        booth = _Booth(session, window)
        try:
            booth.run()
        finally:
            booth.close()


class _Booth:
    """The state of the loop."""

    def __init__(self, session: Session, window: Window) -> None:
        self._session = session
        self._window = window
        self._picture: U8 | None = None
        self._recorder: TakeRecorder | None = None
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
            if self._recorder is not None:
                self._record(self._recorder, frame, error)
            elif self._feed.has_ended and not self._cause:
                self._cause = "source"
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
            is_over = not recorder.add(frame) if frame is not None else self._has_stopped()
            if is_over:
                self._store(recorder)
        except SmilebenchError as reason:
            self._session.refuse(reason)
            self._cause = reason.cause if isinstance(reason, TakeRefused) else "source"
            self._end_take("refused")

    def _has_stopped(self) -> bool:
        return self._feed.has_ended or time.monotonic() - self._heard_s > STALL_S

    def _store(self, recorder: TakeRecorder) -> None:
        self._stage = "saving"
        self._draw()
        self._window.key()
        self._session.store(recorder, self._feed.n_lost)
        self._end_take("saved")
        if self._session.is_target_reached:
            self._stage = "done"
            self._end_s = time.monotonic() + _THANKS_S

    def _obey(self, key: str | None) -> bool:
        """Do what a key asks for; False to end."""
        if key == "quit":
            return False
        if self._recorder is not None:
            if key == "repeat":
                self._begin()
        elif key == "repeat" and self._stage != "ready":
            if self._stage != "refused":
                self._session.withdraw_last()
            self._begin()
        elif key == "space" and self._stage != "done":
            self._begin()
        return True

    def _begin(self) -> None:
        """Begin a take, in place of one that runs."""
        self._drop_take()
        self._feed.close()
        self._recorder = self._session.begin()
        self._feed = Feed(self._session.source.take(self._session.next_number), paced=not self._session.source.is_live)
        self._stage, self._cause, self._end_s = "take", "", None
        self._heard_s = time.monotonic()

    def _end_take(self, stage: str) -> None:
        self._drop_take()
        self._feed.close()
        self._feed = self._idle()
        self._stage = stage

    def _drop_take(self) -> None:
        if self._recorder is not None:
            self._recorder.discard()
        self._recorder = None

    def _idle(self) -> Feed:
        source = self._session.source
        return Feed(source.idle(), paced=not source.is_live)

    def _draw(self) -> None:
        session = self._session
        stored = session.takes[-1]["sequence_ids"] if session.takes else []
        view = View(
            stage=self._stage,
            time_s=self._recorder.time_s if self._recorder is not None else 0.0,
            n_takes=session.n_takes,
            target=session.settings.target,
            subject_id=session.settings.subject_id,
            cause=self._cause,
            n_sequences=len(stored),
        )
        self._window.show(draw(self._picture, view, session.protocol, session.settings.lang))
        self._drawn_s = time.monotonic()

    def close(self) -> None:
        """Drop a running take and stop taking in frames."""
        self._drop_take()
        self._feed.close()
