"""Finds moments in a score: hysteresis, minimum gap and length, look-back, snapped to cuts or quiet places.

Pure; knows no files. Times are seconds of the film.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64

_MOST_BLIND_S = 1.0  # a face may be lost so long within a moment
QUIET_DB = 6.0  # below the film's median


@dataclass(frozen=True)
class Moment:
    """A funny moment.

    Attributes:
        start_s: Where to begin playing: before the reaction.
        onset_s: Where the reaction begins.
        peak_s: Where the score is highest.
        end_s: Where it ends.
        score: Mean of the score from onset to end.
        snapped: To what start and end were moved: ``cut``, ``quiet`` or None.
    """

    start_s: float
    onset_s: float
    peak_s: float
    end_s: float
    score: float
    snapped: tuple[str | None, str | None]


@dataclass(frozen=True)
class Rules:
    """See `tools.timeline.config.MomentsConfig`; here with the thresholds settled."""

    high: float
    low: float
    min_gap_s: float
    min_length_s: float
    look_back_s: float
    snap_s: float


def find_spans(score: F64, step_s: float, rules: Rules) -> list[tuple[int, int]]:
    """Return the spans of beats, ends exclusive, in which a reaction lasts.

    Example:
        >>> rules = Rules(0.5, 0.3, 1.0, 1.0, 0.0, 0.0)
        >>> find_spans(np.array([0.0, 0.4, 0.6, 0.4, 0.2, 0.0, 0.0, 0.6, 0.0]), 0.5, rules)
        [(1, 4)]
    """
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    is_high, last = False, 0
    most_blind = round(_MOST_BLIND_S / step_s)
    for beat, value in enumerate([*score.tolist(), None]):
        if value is not None and np.isnan(value):
            if begun is None or beat - last <= most_blind:
                continue
            value = rules.low
        if value is not None and value > rules.low:
            begun = beat if begun is None else begun
            is_high, last = is_high or value > rules.high, beat
        elif begun is not None:
            if is_high:
                spans.append((begun, last + 1))
            begun, is_high = None, False
    merged: list[tuple[int, int]] = []
    for span in spans:
        if merged and (span[0] - merged[-1][1]) * step_s < rules.min_gap_s:
            merged[-1] = merged[-1][0], span[1]
        else:
            merged.append(span)
    return [(begin, end) for begin, end in merged if (end - begin) * step_s >= rules.min_length_s - 1e-9]


def find_moments(
    score: F64, step_s: float, rules: Rules, *, duration_s: float, cuts_s: Sequence[float], quiet_s: Sequence[float]
) -> list[Moment]:
    """Find the moments of a score, in the order of time; they do not overlap.

    Args:
        score: By beat.
        step_s: From one beat to the next.
        rules: Thresholds and lengths.
        duration_s: Of the film.
        cuts_s: Where new shots begin.
        quiet_s: Where the film is quiet.
    """
    moments: list[Moment] = []
    spans = find_spans(score, step_s, rules)
    for number, (begin, end) in enumerate(spans):
        onset_s, ends_s = begin * step_s, min(end * step_s, duration_s)
        before_s = moments[-1].end_s if moments else 0.0
        after_s = spans[number + 1][0] * step_s if number + 1 < len(spans) else duration_s
        start_s, at_start = _snap(max(before_s, onset_s - rules.look_back_s), rules.snap_s, cuts_s, quiet_s)
        end_s, at_end = _snap(ends_s, rules.snap_s, cuts_s, quiet_s)
        start_s = min(max(start_s, before_s), onset_s)
        values = score[begin:end]
        peak_s = (begin + int(np.nanargmax(values))) * step_s
        end_s = min(max(end_s, peak_s, onset_s + step_s), after_s, duration_s)
        mean = float(np.nanmean(values))
        moments.append(Moment(start_s, onset_s, min(peak_s, end_s), end_s, mean, (at_start, at_end)))
    return moments


def _snap(time_s: float, most_s: float, cuts_s: Sequence[float], quiet_s: Sequence[float]) -> tuple[float, str | None]:
    """Move a time to the nearest cut within reach, else to the nearest quiet place, else leave it."""
    for name, places in (("cut", cuts_s), ("quiet", quiet_s)):
        near = min(places, key=lambda place: abs(place - time_s), default=None)
        if near is not None and abs(near - time_s) <= most_s:
            return near, name
    return time_s, None


def find_quiet(times_s: F64, loudness_db: F64, step_s: float) -> list[float]:
    """Return the middles of steps that are quieter than their neighbours and far below the film's median.

    Example:
        >>> find_quiet(np.array([0.0, 0.5, 1.0]), np.array([-20.0, -40.0, -20.0]), 0.5)
        [0.75]
    """
    if not times_s.size:
        return []
    most = float(np.median(loudness_db)) - QUIET_DB
    before = np.concatenate([[np.inf], loudness_db[:-1]])
    after = np.concatenate([loudness_db[1:], [np.inf]])
    quiet = (loudness_db <= most) & (loudness_db < before) & (loudness_db <= after)
    return [float(time_s + step_s / 2) for time_s in times_s[quiet]]
