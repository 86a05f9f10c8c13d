"""Reads a film forward once: the frame that is on screen at each beat, and where the film cuts.

Nothing is kept but the frame before. Frames keep their own times, whatever the rate. Cuts are found as PySceneDetect's
content detector does: by the mean change of hue, saturation and value from one frame to the next.
Source: B. Castellano, PySceneDetect, ContentDetector (threshold 27 of 255), on frames of 64 x 36.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from shared.arrays import U8
from shared.video import DecodedFrame, Film

CUT = 27.0  # mean change a channel, 0 to 255
MIN_SHOT_S = 0.6
_SMALL = 64, 36
_TINY_S = 1e-6


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


def read_samples(film: Film, rate: float, start: Place) -> Iterator[Sample]:
    """Yield the frame on screen at each beat; a frame that stands for several beats comes once.

    Args:
        film: Opened for this.
        rate: Beats a second.
        start: Where to go on; what comes is the same as without a break.

    Raises:
        InvalidInput: The film breaks off.
    """
    beat, shown, cuts = start.beat + 1, _Shown(), [start.last_cut_s]
    fresh: list[float] = []
    for frame in film.decode(from_s=max(start.time_s, 0.0)):
        if frame.time_s < start.time_s:
            continue
        while beat / rate < frame.time_s - _TINY_S:
            if shown.frame is not None and shown.frame.time_s > start.time_s:
                yield from shown.take(beat, fresh)
            beat += 1
        change = shown.replace(frame)
        if change > CUT and frame.time_s - cuts[-1] >= MIN_SHOT_S:
            cuts[-1] = frame.time_s
            fresh.append(frame.time_s)
    if shown.frame is not None and shown.frame.time_s > start.time_s and beat / rate <= shown.frame.time_s + _TINY_S:
        yield from shown.take(beat, fresh)


class _Shown:
    """The frame on screen, and how it differs from the one before."""

    def __init__(self) -> None:
        self.frame: DecodedFrame | None = None
        self._small: Any = None
        self._is_taken = False

    def replace(self, frame: DecodedFrame) -> float:
        """Show the next frame; returns the mean change from the one before, 0 for the first."""
        small = cv2.cvtColor(frame.to_small_rgb(*_SMALL), cv2.COLOR_RGB2HSV).astype(np.int16)
        change = 0.0 if self._small is None else float(np.abs(small - self._small).mean())
        self.frame, self._small, self._is_taken = frame, small, False
        return change

    def take(self, beat: int, fresh: list[float]) -> Iterator[Sample]:
        """Yield the frame, once, with the cuts found so far."""
        if self.frame is not None and not self._is_taken:
            self._is_taken = True
            yield Sample(beat, self.frame.time_s, self.frame.to_rgb(), tuple(fresh))
            fresh.clear()
