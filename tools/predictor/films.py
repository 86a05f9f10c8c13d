"""Cuts a film into what a model decides on: a few frames at even distances, again and again. Memory stays flat.

A decision's first frame is the first one at or after its time; each further frame is the one nearest to that frame's
time plus a multiple of the interval, as in `shared.dataset.protocol.choose_frames`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.arrays import U8
from shared.video import DecodedFrame, Film

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Cut(Generic[Seen]):
    """The frames of a decision: the times of the first and last one, and what was seen in each."""

    start_s: float
    end_s: float
    frames: list[Seen]


@dataclass
class _Frame(Generic[Seen]):
    """A frame, looked at only once, and only if a decision wants it."""

    time_s: float
    decoded: DecodedFrame
    look: Callable[[U8], Seen]
    seen: list[Seen] = field(default_factory=list)

    def see(self) -> Seen:
        if not self.seen:
            self.seen.append(self.look(self.decoded.to_rgb()))
        return self.seen[0]


@dataclass
class _Open(Generic[Seen]):
    """A decision that still lacks frames."""

    anchor_s: float
    times_s: list[float]
    frames: list[Seen]


def cut_film(
    film: Film, look: Callable[[U8], Seen], *, frame_count: int, interval_s: float, every_s: float
) -> Iterator[Cut[Seen]]:
    """Yield what decisions are made on, in order.

    Args:
        film: The film, not yet read.
        look: Makes of a frame, (H, W, 3) RGB, what is kept of it.
        frame_count: Frames of a decision.
        interval_s: Between two of them.
        every_s: Between two decisions.

    Yields:
        Decisions whose frames all differ and lie within half an interval of where they should; others are left out.

    Raises:
        InvalidInput: As a `Film` that is read.
    """
    waiting: list[_Open[Seen]] = []
    before: _Frame[Seen] | None = None
    next_s = 0.0
    for decoded in film.decode():
        frame = _Frame(decoded.time_s, decoded, look)
        for each in waiting:
            _give(each, before, frame, frame_count, interval_s)
        if frame.time_s >= next_s:
            waiting.append(_Open(frame.time_s, [frame.time_s], [frame.see()]))
            next_s += every_s * (1 + (frame.time_s - next_s) // every_s)
        yield from _finished(waiting, frame_count, interval_s)
        before = frame
    for each in waiting:  # the last frame stands for what would come just after it
        if before is not None and _wanted(each, interval_s) - before.time_s <= interval_s / 2:
            _take(each, before)
    yield from _finished(waiting, frame_count, interval_s)


def _wanted(one: _Open[Seen], interval_s: float) -> float:
    return one.anchor_s + len(one.times_s) * interval_s


def _give(
    one: _Open[Seen], before: _Frame[Seen] | None, frame: _Frame[Seen], frame_count: int, interval_s: float
) -> None:
    """Take the nearest frame for each time that has been reached; of two as near the earlier."""
    while len(one.times_s) < frame_count and (wanted := _wanted(one, interval_s)) <= frame.time_s:
        is_later = before is None or frame.time_s - wanted < wanted - before.time_s
        _take(one, frame if before is None or is_later else before)


def _take(one: _Open[Seen], frame: _Frame[Seen]) -> None:
    one.times_s.append(frame.time_s)
    one.frames.append(frame.see())


def _finished(waiting: list[_Open[Seen]], frame_count: int, interval_s: float) -> Iterator[Cut[Seen]]:
    """Take complete decisions off the list, and give those that are even."""
    for one in [each for each in waiting if len(each.times_s) == frame_count]:
        waiting.remove(one)
        wanted = [one.anchor_s + number * interval_s for number in range(frame_count)]
        is_even = all(abs(time - at) <= interval_s / 2 for time, at in zip(one.times_s, wanted, strict=True))
        if is_even and len(set(one.times_s)) == frame_count:
            yield Cut(one.times_s[0], one.times_s[-1], one.frames)
