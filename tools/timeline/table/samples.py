"""Reads a film forward once: the frame that is on screen at each beat, and where the film cuts.

Nothing is kept but the frame before. Frames keep their own times, whatever the rate. Cuts are found as PySceneDetect's
content detector does: by the mean change of hue, saturation and value from one frame to the next.
Source: B. Castellano, PySceneDetect, ContentDetector (threshold 27 of 255), on frames of 64 x 36.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared.arrays import U8
from shared.video import BrokenFilm, DecodedFrame, Film

CUT = 27.0  # mean change a channel, 0 to 255
MIN_SHOT_S = 0.6
_SMALL = 64, 36
_TINY_S = 1e-6
_LEAP_S = 1.0  # behind a place that cannot be decoded; twice as far each time


@dataclass(frozen=True)
class Sample:
    """A frame that is looked at.

    Attributes:
        beat: Which beat of the rate it stands for: it is on screen at beat / rate seconds.
        time_s: Its own time.
        rgb_hwc_u8: The picture.
        cuts_s: Where new shots began after the sample before, up to this one.
    """

    beat: int
    time_s: float
    rgb_hwc_u8: U8
    cuts_s: tuple[float, ...]


@dataclass(frozen=True)
class Place:
    """Where a reading goes on: behind the sample of this time.

    Attributes:
        beat: Of the last sample; -1 at the start.
        time_s: Of the last sample.
        last_cut_s: Of the last cut up to it.
    """

    beat: int = -1
    time_s: float = -1.0
    last_cut_s: float = 0.0


def read_samples(film: Path, rate: float, start: Place, on_break: Callable[[float], None]) -> Iterator[Sample]:
    """Yield the frame on screen at each beat; a frame that stands for several beats comes once.

    Where the film cannot be decoded, it goes on at the next place where it can.

    Args:
        film: The film.
        rate: Beats a second.
        start: Where to go on; what comes is the same as in one go.
        on_break: Is told after which time the film cannot be decoded.

    Raises:
        InvalidInput: Not one frame can be decoded.
    """
    reading, from_s, leap_s = _Reading(rate, start), max(start.time_s, 0.0), _LEAP_S
    while True:
        with Film(str(film)) as opened:
            try:
                for frame in opened.decode(from_s=from_s):
                    if frame.time_s > reading.last_s:
                        yield from reading.take_in(frame)
                        leap_s = _LEAP_S
            except BrokenFilm:
                if reading.shown is None:
                    raise
                on_break(reading.last_s)
                from_s, leap_s = reading.last_s + leap_s, 2 * leap_s
                if from_s < (opened.duration_s or 0.0):
                    continue
        yield from reading.end()
        return


class _Reading:
    """A film as far as it was read: the frame on screen, how it differs from the one before, the next beat."""

    def __init__(self, rate: float, start: Place) -> None:
        self.shown: DecodedFrame | None = None
        self.last_s = start.time_s - _TINY_S  # frames up to it were read
        self._rate, self._start_s, self._beat = rate, start.time_s, start.beat + 1
        self._last_cut_s, self._cuts = start.last_cut_s, list[float]()
        self._small: Any = None
        self._is_taken = False

    def take_in(self, frame: DecodedFrame) -> Iterator[Sample]:
        """Show the next frame; yield the one before, if it was on screen at a beat."""
        while self._beat / self._rate < frame.time_s - _TINY_S:
            yield from self._look()
            self._beat += 1
        small = cv2.cvtColor(frame.to_small_rgb(*_SMALL), cv2.COLOR_RGB2HSV).astype(np.int16)
        change = 0.0 if self._small is None else float(np.abs(small - self._small).mean())
        if change > CUT and frame.time_s - self._last_cut_s >= MIN_SHOT_S:
            self._last_cut_s = frame.time_s
            self._cuts.append(frame.time_s)
        self.shown, self._small, self.last_s = frame, small, frame.time_s
        self._is_taken = frame.time_s <= self._start_s

    def end(self) -> Iterator[Sample]:
        """Yield the last frame, if it is on screen at a beat."""
        if self.shown is not None and self._beat / self._rate <= self.shown.time_s + _TINY_S:
            yield from self._look()

    def _look(self) -> Iterator[Sample]:
        """Yield the frame on screen, once, with the cuts found so far."""
        if self.shown is not None and not self._is_taken:
            self._is_taken = True
            yield Sample(self._beat, self.shown.time_s, self.shown.to_rgb(), tuple(self._cuts))
            self._cuts.clear()
