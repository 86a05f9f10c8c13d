"""Frames and timecode: seconds to frames of a constant rate, and frames to HH:MM:SS:FF, drop-frame where it is usual.

Editors know constant rates only: a film of variable rate is placed by its nearest usual one, which keeps times.
Source: SMPTE ST 12-1, drop-frame: of 30000/1001 the numbers 0 and 1 are left out in each minute but every tenth.
"""

from dataclasses import dataclass
from fractions import Fraction

USUAL = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1))
)
_NEAR = 0.0006  # of a rate: 29.97 against 30000/1001 is 1e-6 of it, against 30 a thousandth


@dataclass(frozen=True)
class Timebase:
    """A constant rate.

    Attributes:
        rate: Frames a second.
    """

    rate: Fraction

    @classmethod
    def of(cls, fps: float | None) -> "Timebase":
        """Choose the usual rate that is meant, else the rate itself; 30 where a film says nothing.

        Example:
            >>> Timebase.of(29.97).rate, Timebase.of(12.5).rate
            (Fraction(30000, 1001), Fraction(25, 2))
        """
        if not fps:
            return cls(Fraction(30))
        near = min(USUAL, key=lambda rate: abs(float(rate) - fps))
        if abs(float(near) - fps) <= _NEAR * fps:
            return cls(near)
        return cls(Fraction(fps).limit_denominator(1001))

    @property
    def nominal(self) -> int:
        """Frames that a second of timecode has."""
        return max(1, round(self.rate))

    @property
    def is_drop(self) -> bool:
        """Whether timecode leaves numbers out, to keep pace with the clock."""
        return self.rate in (Fraction(30000, 1001), Fraction(60000, 1001))

    def frame(self, time_s: float) -> int:
        """Return the nearest frame."""
        return round(time_s * self.rate)

    def seconds(self, frame: int) -> Fraction:
        """Return a frame's time."""
        return frame / self.rate

    def timecode(self, frame: int) -> str:
        """Write a frame as timecode.

        Example:
            >>> Timebase.of(29.97).timecode(1800), Timebase.of(25).timecode(90001)
            ('00:01:00;02', '01:00:00:01')
        """
        sign = ":"
        if self.is_drop:
            sign, dropped = ";", self.nominal // 15
            ten_minutes = self.nominal * 600 - 9 * dropped
            tens, rest = divmod(frame, ten_minutes)
            frame += 9 * dropped * tens
            if rest >= self.nominal * 60:
                frame += dropped * ((rest - self.nominal * 60) // (self.nominal * 60 - dropped) + 1)
        seconds, frames = divmod(frame, self.nominal)
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{sign}{frames:02d}"

    def frame_of(self, timecode: str) -> int:
        """Read timecode; the other way of `timecode`.

        Example:
            >>> Timebase.of(29.97).frame_of("00:01:00;02")
            1800
        """
        hours, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
        minutes += 60 * hours
        number = (60 * minutes + seconds) * self.nominal + frames
        return number - (self.nominal // 15) * (minutes - minutes // 10) if self.is_drop else number
