"""Takes in frames in real time, so that drawing never delays a capture time and no frame is lost unnoticed."""

import atexit
import queue
import threading
import time
from collections.abc import Generator, Iterator

from shared.video import Frame

_BACKLOG_BYTES = 250_000_000
_BACKLOG_LEAST = 8
_BACKLOG_MOST = 90  # three seconds, in which a busy computer may catch up
STALL_S = 4.0  # a camera that is silent for so long has stopped


class Feed:
    """Frames that arrive in real time, collected by a thread so that drawing never delays a capture time.

    Args:
        frames: Where they come from; used by the thread only.
        paced: Whether to hold each frame back until its time: for films and actors, which come faster than life.

    Attributes:
        n_lost: Frames that were thrown away because this computer was too slow to take them in.
    """

    def __init__(self, frames: Iterator[Frame], *, paced: bool) -> None:
        self._frames = frames
        self._paced = paced
        self._queue: queue.SimpleQueue[Frame | Exception | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._ended = False
        self.n_lost = 0
        self._thread = threading.Thread(target=self._collect, name="frames", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        end: Exception | None = None
        start_s, last_s = 0.0, float("inf")
        try:
            for frame in self._frames:
                if self._paced:
                    now_s = time.monotonic()
                    if frame.time_s < last_s:  # the first frame, or a film that begins again
                        start_s = now_s - frame.time_s
                    last_s = frame.time_s
                    self._stop.wait(max(0.0, start_s + frame.time_s - now_s))
                if self._stop.is_set():
                    break
                room = min(max(_BACKLOG_BYTES // frame.rgb_hwc_u8.nbytes, _BACKLOG_LEAST), _BACKLOG_MOST)
                if self._queue.qsize() < room:
                    self._queue.put(frame)
                else:
                    self.n_lost += 1
        except Exception as error:  # raised again by `next`: also a bug must not leave the main thread waiting
            end = error
        finally:
            if isinstance(self._frames, Generator):
                self._frames.close()  # here, in the thread that ran it
            self._queue.put(end)

    def next(self, timeout_s: float) -> Frame | None:
        """Wait for the next frame.

        Returns:
            The frame, or None if none came in time, or none will come any more (`has_ended`).

        Raises:
            Exception: What the source raised: a SmilebenchError where it broke off, anything else is a bug.
        """
        if self._ended:
            return None
        try:
            item = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(item, Frame):
            return item
        self._ended = True
        if item is not None:
            raise item
        return None

    @property
    def has_ended(self) -> bool:
        """Whether the source has no more frames."""
        return self._ended

    @property
    def backlog(self) -> int:
        """How many frames wait."""
        return self._queue.qsize()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until the source ends or is silent for STALL_S."""
        while True:
            frame = self.next(STALL_S)
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """Stop the thread; a source that hangs is left to end with the process.

        A thread that comes back from OpenCV while Python shuts down would end the process by SIGABRT: one that is busy
        for longer than the user waits here is waited for at the end.
        """
        self._stop.set()
        self._thread.join(timeout=1.0)
        if self._thread.is_alive():
            atexit.register(self._thread.join, STALL_S)
