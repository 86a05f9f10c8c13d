"""A score that is learned from marks: statistics of the seconds around each beat, judged by models of other films.

Of each channel the mean, standard deviation, maximum and minimum over a clip of six seconds around the beat, over the
beats that have a value (4 x K numbers; a beat without a face is left out, a legal 0 is not). Each film is judged by
models that have seen the other films only; people who are in two films are known in both.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from shared import cli
from shared.arrays import F64, Bool
from shared.statistics.clip_statistics import Judge, fit_boosting, fit_logistic, summarise
from tools.timeline.moments import curves
from tools.timeline.moments.find import Rules, find_spans
from tools.timeline.table.rows import Timeline
from tools.timeline.truth.labels import Event
from tools.timeline.truth.measures import TOLERANCES_S, Matched, match

CLIP_S = 6.0
FEWEST_FILMS = 3
LOGISTIC, BOOSTING = "clip_stats", "clip_stats_boosting"
_LEVELS = tuple(round(level, 2) for level in np.arange(0.2, 0.96, 0.05).tolist())


def clip_statistics(values: F64, beats_per_s: float) -> F64:
    """Return the statistics of a clip around each beat.

    Args:
        values: (K, n) channels by beat; nan where there is no value.
        beats_per_s: The rate.

    Returns:
        (n, 4 K): all means, then standard deviations, maxima, minima; nan where a clip has no value at all.

    Example:
        >>> clip_statistics(np.array([[0.0, np.nan, 3.0]]), 0.4).tolist()  # 6 s: the beat before, itself, the next
        [[0.0, 0.0, 0.0, 0.0], [1.5, 1.5, 3.0, 0.0], [3.0, 0.0, 3.0, 3.0]]
    """
    half = max(1, round(CLIP_S * beats_per_s / 2))
    padded = np.pad(values, ((0, 0), (half, half)), constant_values=np.nan)
    clips = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=1)  # (K, n, window)
    return summarise(clips.transpose(1, 2, 0))


def learned_onsets(films: Sequence[Any]) -> dict[str, dict[str, list[float]]]:
    """Find the onsets of each film by models of the others; by method, then by the timeline's name.

    Args:
        films: With timeline, moments and events, as `tools.timeline.truth.score.Film`; three or more, of one provider.
    """
    names = list(films[0].timeline.channels)
    sounds = [curves.LOUDNESS] if all(film.timeline.sound for film in films) else []
    inputs = [_inputs(film.timeline, [*names, *sounds], film.moments["track"]) for film in films]
    targets = [_targets(film.timeline, film.events) for film in films]
    found: dict[str, dict[str, list[float]]] = {LOGISTIC: {}, BOOSTING: {}}
    for held_out, film in enumerate(films):
        others = [place for place in range(len(films)) if place != held_out]
        known = np.concatenate([targets[place] for place in others])
        if known.all() or not known.any():
            cli.note(f"warning: nothing is learned for {film.timeline.name}: the other films' marks show one class")
            for method in found.values():
                method[film.timeline.name] = []
            continue
        for name, fit in _FITS.items():
            judge = fit(np.concatenate([inputs[place] for place in others]), known)
            level = _best_level([(judge(inputs[place]), films[place]) for place in others])
            found[name][film.timeline.name] = _onsets(judge(inputs[held_out]), film, level)
    return found


def _inputs(timeline: Timeline, names: Sequence[str], track: int | None) -> F64:
    values = np.stack([curves.channel(timeline, name, track) for name in names])
    return clip_statistics(values, curves.rate(timeline))


def _targets(timeline: Timeline, events: Sequence[Event]) -> Bool:
    """Tell of each beat whether it lies in an event."""
    times_s = np.arange(curves.n_beats(timeline)) / curves.rate(timeline)
    inside = np.zeros(len(times_s), bool)
    for event in events:
        inside |= (times_s >= event.start_s) & (times_s < event.end_s)
    return inside


_FITS: Mapping[str, Callable[[F64, Bool], Judge]] = {LOGISTIC: fit_logistic, BOOSTING: fit_boosting}


def _best_level(judged: Sequence[tuple[F64, Any]]) -> float:
    """Choose the level with the highest event F1 at 2 s on the films that were learned from; of several, the middle."""
    values = []
    for level in _LEVELS:
        total = Matched(0, 0, 0)
        for scores, film in judged:
            total += match(_onsets(scores, film, level), film.true_s, TOLERANCES_S[0])
        values.append(total.f1 or 0.0)
    best = [level for level, value in zip(_LEVELS, values, strict=True) if value == max(values)]
    return float(best[len(best) // 2])


def _onsets(scores: F64, film: Any, level: float) -> list[float]:
    rules, step_s = film.moments["rules"], film.moments["step_s"]
    spans = find_spans(scores, step_s, Rules(level, level, rules["min_gap_s"], rules["min_length_s"], 0, 0))
    return [begin * step_s for begin, _ in spans]
