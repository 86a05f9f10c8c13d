"""The traffic light: checks the camera's picture at intervals, in its own thread, and names the first fault.

It sees the latest picture only and is never waited for, so that no frame is lost over it. Reads and writes nothing.
"""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

from shared import preprocess
from shared.arrays import U8
from shared.dataset.quality import FAULTS, Limits, faults_of, measure_picture
from shared.faces.detector import FaceFinder
from shared.system import portable

_EVERY_S = 0.15
_EVERY_WHILE_RECORDING_S = 0.4
_MEMORY = 3  # readings; the most frequent result is shown, so that the light does not flicker


@dataclass(frozen=True)
class QualityReading:
    """Result of one check of a picture; the traffic light shows it.

    Attributes:
        fault: The first of `shared.dataset.quality.FAULTS`, or None when all is well.
        box: The face as fractions of the stored square (left, top, right, bottom), or None.
        knows_faces: Whether faces were searched for.
    """

    fault: str | None
    box: tuple[float, float, float, float] | None
    knows_faces: bool


class Watcher:
    """Checks pictures in a thread. Use it as a context manager.

    Args:
        finder: Used by this thread only; None checks the light only.
        limits: Quality limits of the protocol.
        size_px: Side of the stored pictures.
    """

    def __init__(self, finder: FaceFinder | None, limits: Limits, size_px: int) -> None:
        self._finder = finder
        self._limits = limits
        self._size_px = size_px
        self._picture: U8 | None = None
        self._news = threading.Event()
        self._stop = threading.Event()
        self._faults: deque[str | None] = deque(maxlen=_MEMORY)
        self._reading: QualityReading | None = None
        self._failure: Exception | None = None
        self.is_recording = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def show(self, picture_rgb_hwc_u8: U8) -> None:
        """Offer a picture; it is checked when the thread has time, unless a newer one comes first."""
        self._picture = picture_rgb_hwc_u8
        self._news.set()

    @property
    def reading(self) -> QualityReading | None:
        """The latest reading; None before the first.

        Raises:
            Exception: The thread has failed, with its reason.
        """
        if self._failure is not None:
            raise self._failure
        return self._reading

    def _run(self) -> None:
        portable.lower_thread_priority()
        try:
            while self._news.wait() and not self._stop.is_set():
                self._news.clear()
                if self._picture is not None:
                    self._measure(self._picture)
                self._stop.wait(_EVERY_WHILE_RECORDING_S if self.is_recording else _EVERY_S)
        except Exception as error:  # shown to the main thread with the next reading
            self._failure = error

    def _measure(self, picture: U8) -> None:
        found = measure_picture(preprocess.crop_and_resize(picture, self._size_px), self._finder)
        faults = faults_of(found, self._limits)
        self._faults.append(faults[0] if faults else None)
        shown = Counter(self._faults).most_common(1)[0][0]
        box = None
        if found.face is not None:
            x0, y0, x1, y1 = (value / self._size_px for value in found.face.box_xyxy_px)
            box = (x0, y0, x1, y1)
        assert shown is None or shown in FAULTS
        self._reading = QualityReading(shown, box, self._finder is not None)

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._news.set()
        self._thread.join(timeout=2.0)


class RateMeter:
    """Measures how many frames a second come, over the last seconds."""

    _SPAN_S = 3.0

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()

    def add(self) -> None:
        """Count a frame that came now."""
        now_s = time.monotonic()
        self._times_s.append(now_s)
        while now_s - self._times_s[0] > self._SPAN_S:
            self._times_s.popleft()

    @property
    def fps(self) -> float | None:
        """Frames a second; None before two thirds of the span are there."""
        if len(self._times_s) < 2:
            return None
        span_s = self._times_s[-1] - self._times_s[0]
        return (len(self._times_s) - 1) / span_s if span_s >= self._SPAN_S * 2 / 3 else None
