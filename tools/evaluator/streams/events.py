"""Events of a film: when the decision turned positive, against the laughs that somebody marked. Pure.

The decision is the client's own (`shared.onnx.stream.Decider`: threshold, release threshold, minimum duration), so an
event begins where a page would tell the player "you laughed".

Which event belongs to which laugh: an event belongs to the laugh in which it begins, or, where it begins in none, to
the nearest laugh that is at most the tolerance away. The first event of a laugh finds it, with a delay from the marked
onset (below 0 where it came before the mark); more events of the same laugh are repeats. An event that belongs to no
laugh is a false alarm. A laugh without an event is missed, unless an earlier event still lasts at its onset: then the
decision was positive already, and the laugh counts as neither found nor missed.

Minutes of play are those in which an event would be a false alarm: from the first decision to the last frame, less all
laughs and the tolerance around them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from shared.arrays import F64, Bool
from shared.onnx.stream import Decider, Rule

TOLERANCE_MS = 500.0
"""How exactly people mark when a laugh begins and ends (our own choice: a smile takes about half a second to form)."""


@dataclass(frozen=True)
class Laugh:
    """A marked span in which the person laughs, in ms on the film's clock."""

    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Stream:
    """What the model said of each frame of a film, and what is marked in it.

    Attributes:
        film: Its name: a take's id, or a file's name.
        subject_id: Who plays.
        times_ms: (n,) capture times, increasing.
        probs: (n,) of the positive class; NaN where the window was incomplete and there was no decision.
        laughs: What is marked, in order of time, none within another.
    """

    film: str
    subject_id: str
    times_ms: F64
    probs: F64
    laughs: tuple[Laugh, ...]


@dataclass(frozen=True)
class Event:
    """A span in which the decision was positive; it ends with the film where nothing else ends it."""

    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Found:
    """What became of a laugh: ``found`` with the delay of its event, ``missed``, or ``already_positive``."""

    laugh: Laugh
    outcome: str
    delay_ms: float | None = None


@dataclass(frozen=True)
class Played:
    """A film's events against its laughs.

    Attributes:
        film: Its name.
        subject_id: Who plays.
        events: When the decision was positive.
        laughs: What became of each laugh.
        false_alarms_ms: When events began that belong to no laugh.
        n_repeats: Further events of laughs that were found.
        play_ms: How long an event would have been a false alarm.
        n_frames: Frames of the film.
        n_undecided: Frames without a decision: the first ones, and those after a gap.
    """

    film: str
    subject_id: str
    events: tuple[Event, ...]
    laughs: tuple[Found, ...]
    false_alarms_ms: tuple[float, ...]
    n_repeats: int
    play_ms: float
    n_frames: int
    n_undecided: int

    @property
    def delays_ms(self) -> list[float]:
        """Delays of the laughs that were found."""
        return [one.delay_ms for one in self.laughs if one.delay_ms is not None]

    def count(self, outcome: str) -> int:
        """Count the laughs of an outcome."""
        return sum(one.outcome == outcome for one in self.laughs)


def decide(times_ms: F64, probs: F64, rule: Rule) -> Bool:
    """Return the client's decision at each frame: hysteresis, minimum duration, and a pause where there is none.

    Example:
        >>> rule = Rule(5, 100, 50, threshold=0.5, release_threshold=0.4, min_duration_ms=100)
        >>> decide(np.arange(5) * 100.0, np.array([np.nan, 0.6, 0.7, 0.45, 0.4]), rule).tolist()
        [False, False, True, True, False]
    """
    decider = Decider(rule)
    decisions = np.zeros(times_ms.size, dtype=np.bool_)
    for place, (time_ms, prob) in enumerate(zip(times_ms.tolist(), probs.tolist(), strict=True)):
        if prob != prob:  # NaN
            decider.pause()
            decisions[place] = decider.is_positive
        else:
            decisions[place] = decider.decide(prob, time_ms)
    return decisions


def find_events(times_ms: F64, decisions: Bool) -> tuple[Event, ...]:
    """List the spans in which the decision was positive.

    Example:
        >>> find_events(np.array([0.0, 40.0, 80.0, 120.0]), np.array([False, True, True, False]))
        (Event(start_ms=40.0, end_ms=120.0),)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], decisions, [False]]).astype(np.int8)))
    last = times_ms.size - 1
    return tuple(
        Event(float(times_ms[start]), float(times_ms[min(end, last)]))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    )


def play(stream: Stream, rule: Rule, tolerance_ms: float = TOLERANCE_MS) -> Played:
    """Hold the decisions on a film against its marked laughs.

    Args:
        stream: The film.
        rule: The client's.
        tolerance_ms: How far outside of a laugh an event may begin and still belong to it.
    """
    events = find_events(stream.times_ms, decide(stream.times_ms, stream.probs, rule))
    owners = [_owner(event, stream.laughs, tolerance_ms) for event in events]
    laughs = []
    for number, laugh in enumerate(stream.laughs):
        own = [event for event, owner in zip(events, owners, strict=True) if owner == number]
        if own:
            laughs.append(Found(laugh, "found", own[0].start_ms - laugh.start_ms))
        elif any(event.start_ms < laugh.start_ms < event.end_ms for event in events):
            laughs.append(Found(laugh, "already_positive"))
        else:
            laughs.append(Found(laugh, "missed"))
    n_owned = sum(owner is not None for owner in owners)
    return Played(
        film=stream.film,
        subject_id=stream.subject_id,
        events=events,
        laughs=tuple(laughs),
        false_alarms_ms=tuple(e.start_ms for e, owner in zip(events, owners, strict=True) if owner is None),
        n_repeats=n_owned - sum(one.outcome == "found" for one in laughs),
        play_ms=play_time_ms(stream, tolerance_ms),
        n_frames=stream.times_ms.size,
        n_undecided=int(np.isnan(stream.probs).sum()),
    )


def _owner(event: Event, laughs: Sequence[Laugh], tolerance_ms: float) -> int | None:
    """Return the number of the laugh that an event belongs to, or None."""
    distances = [max(laugh.start_ms - event.start_ms, event.start_ms - laugh.end_ms, 0.0) for laugh in laughs]
    nearest = min(range(len(laughs)), key=distances.__getitem__, default=None)
    return nearest if nearest is not None and distances[nearest] <= tolerance_ms else None


def play_time_ms(stream: Stream, tolerance_ms: float) -> float:
    """Return how long an event of this film would be a false alarm.

    Example:
        >>> film = Stream("f", "s01", np.arange(0, 9001, 100.0), np.zeros(91), (Laugh(3000, 6000),))
        >>> play_time_ms(film, 500)
        5000.0
    """
    decided = np.flatnonzero(~np.isnan(stream.probs))
    if not decided.size:
        return 0.0
    first, last = float(stream.times_ms[decided[0]]), float(stream.times_ms[-1])
    total, covered_to = last - first, first
    for laugh in sorted(stream.laughs, key=lambda one: one.start_ms):
        start, end = (
            min(max(at, covered_to), last) for at in (laugh.start_ms - tolerance_ms, laugh.end_ms + tolerance_ms)
        )
        total -= max(0.0, end - start)
        covered_to = max(covered_to, end)
    return total


def with_threshold(rule: Rule, threshold: float) -> Rule:
    """Return the rule with another threshold; the release threshold stays the same part of it.

    Example:
        >>> rule = Rule(5, 100, 50, threshold=0.5, release_threshold=0.4, min_duration_ms=100)
        >>> with_threshold(rule, 0.75).release_threshold
        0.6
    """
    part = rule.release_threshold / rule.threshold if rule.threshold else 1.0
    return replace(rule, threshold=threshold, release_threshold=round(threshold * part, 6))


def overlaps(laughs: Sequence[Laugh]) -> bool:
    """Tell whether two of these laughs, in order of time, share a moment."""
    return any(later.start_ms < earlier.end_ms for earlier, later in pairwise(laughs))
