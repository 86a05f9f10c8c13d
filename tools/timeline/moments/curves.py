"""Curves over a film, a value for each beat: the score of fun, one channel, loudness, laughter, tension.

Reads a timeline; writes nothing. A beat without a face has no value of the face's channels (nan). What is usual in a
film decides what its sound means: loudness and laughter are taken against the film's own.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from shared.arrays import F64, Int
from shared.errors import InvalidInput, WrongUsage
from shared.sound.laughter import strength_of
from tools.timeline.table.rows import Timeline

LOUDNESS, LAUGHTER, FUN = "loudness", "laughter", "fun"
SOUND_CHANNELS = (LOUDNESS, LAUGHTER)
_SMOOTH_S = 1.5  # a median: drops what lasts for one beat
_LOUD_SHARE = 0.99
_RESTING_SHARE = 0.2
_LAST_S = 1.0  # the last frame that was looked at counts so long


def n_beats(timeline: Timeline) -> int:
    """Count the beats of a film."""
    return int(max(timeline.beat[-1] + 1, np.floor(timeline.duration_s * rate(timeline))))


def rate(timeline: Timeline) -> float:
    """Return the beats of a second."""
    return float(timeline.manifest["rate_per_s"])


def rows_of_beats(timeline: Timeline, track: int | None) -> Int:
    """Return the row that stands for each beat: the frame on screen, the largest face or the track's; -1 for none.

    Raises:
        WrongUsage: The timeline has no such track.
    """
    if track is not None and track not in timeline.track:
        n = timeline.manifest["counts"]["tracks"]
        raise WrongUsage("--track", found=str(track), expected=f"one of the {n} tracks of {timeline.name}")
    frames, first = np.unique(timeline.beat, return_index=True)  # the largest face is a frame's first row
    times_s = timeline.time_s[first]
    if track is not None:
        row_of_frame = {int(timeline.beat[row]): row for row in np.flatnonzero(timeline.track == track)}
        first = np.array([row_of_frame.get(int(frame), -1) for frame in frames])
    beats = np.arange(n_beats(timeline))
    shown = np.searchsorted(frames, beats, side="right") - 1
    is_seen = (shown >= 0) & (beats <= frames[-1] + _LAST_S * rate(timeline))
    for at_s in timeline.manifest["breaks_s"]:
        after = frames[times_s > at_s + 1e-4]
        is_seen &= (beats <= at_s * rate(timeline)) | (beats >= (after[0] if after.size else np.inf))
    return np.asarray(np.where(is_seen, first[np.maximum(shown, 0)], -1), np.int64)


def channel(timeline: Timeline, name: str, track: int | None = None) -> F64:
    """Return a channel by beat; of sound from 0 to 1 against what is usual in the film.

    Raises:
        InvalidInput: The timeline has no such channel.
    """
    if name == FUN:
        return fun(timeline, track)
    if name in SOUND_CHANNELS:
        return _sound(timeline, name)
    if name not in timeline.channels:
        known = ", ".join([*timeline.channels, FUN, *SOUND_CHANNELS])
        raise InvalidInput(f"{timeline.name}: channel", found=repr(name), expected=f"one of {known}"[:400])
    rows = rows_of_beats(timeline, track)
    return np.asarray(np.where(rows >= 0, timeline.channels[name][np.maximum(rows, 0)], np.nan), np.float64)


def fun(timeline: Timeline, track: int | None = None) -> F64:
    """Return the mean of the channels that mean fun, above what the face shows at rest.

    At rest is what a fifth of the film lies below, at most what the provider says; the rest is stretched to 1.

    Raises:
        InvalidInput: The provider has none.
    """
    names = timeline.manifest["provider"]["fun"]
    if not names:
        raise InvalidInput(
            f"{timeline.name}: channels",
            found=", ".join(timeline.channels),
            expected="one that means fun, such as smile or happy",
            todo="name one: ./inv timeline-moments --channel NAME",
        )
    values = np.mean([channel(timeline, name, track) for name in names], axis=0)
    known, most = values[~np.isnan(values)], timeline.manifest["provider"]["resting"]
    if not most or not known.size:
        return np.asarray(values, np.float64)
    resting = min(float(np.quantile(known, _RESTING_SHARE)), most)
    return np.asarray(np.maximum((values - resting) / (1 - resting), 0.0), np.float64)


def heard(timeline: Timeline) -> bool:
    """Tell whether somebody listened for laughter."""
    return bool(timeline.manifest["sound"] and timeline.manifest["sound"]["yamnet_sha256"])


def _sound(timeline: Timeline, name: str) -> F64:
    """Return loudness or laughter by beat, from 0 (usual in this film) to 1; nan where there is no sound."""
    beats = np.arange(n_beats(timeline)) / rate(timeline)
    if not timeline.sound or (name == LAUGHTER and not heard(timeline)):
        raise InvalidInput(f"{timeline.name}: sound", found="none", expected=f"sound with {name}")
    times, values = timeline.sound["time_s"], timeline.sound["loudness_db" if name == LOUDNESS else name]
    place = np.searchsorted(times, beats, side="right") - 1
    usual = float(np.median(values))
    if name == LAUGHTER:
        strength = strength_of(values, usual)
        scaled = np.lib.stride_tricks.sliding_window_view(np.pad(strength, 1), 3).max(1)  # people laugh in bursts
    else:
        loud = float(np.quantile(values, _LOUD_SHARE))
        scaled = np.clip((values - usual) / max(loud - usual, 1.0), 0.0, 1.0)
    ends = times[-1] + float(timeline.manifest["sound"]["step_s"])
    inside = (place >= 0) & (beats < ends)
    return np.asarray(np.where(inside, scaled[np.maximum(place, 0)], np.nan), np.float64)


def smooth_median(values: F64, beats_per_s: float) -> F64:
    """Return the running median over 1.5 s; a beat without a value stays without one."""
    half = max(1, round(_SMOOTH_S * beats_per_s)) // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    return np.asarray(np.where(np.isnan(values), np.nan, _quietly(np.nanmedian, windows)), np.float64)


def _quietly(function: object, windows: F64) -> F64:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of windows that are nothing but nan
        return np.asarray(function(windows, axis=1), np.float64)  # type: ignore[operator]


def score(timeline: Timeline, channels: Sequence[str], track: int | None) -> F64:
    """Return the score by beat: the largest of the channels, each smoothed; nan where none has a value."""
    parts = [smooth_median(channel(timeline, name, track), rate(timeline)) for name in channels]
    return np.asarray(np.fmax.reduce(parts), np.float64)


def tension(timeline: Timeline, track: int | None, window_s: float) -> tuple[F64, list[str]]:
    """Return the tension by beat, from 0 to 1, and what it is made of.

    The mean of arousal, where the provider gives it, and of the change of all channels from one beat to the next, each
    scaled to the film's own 5th to 95th percentile; then a running mean over the window. A convention of ours: that
    tension is followed by fun is an assumption.
    """
    provider = timeline.manifest["provider"]
    parts, names = [], []
    if provider["arousal"]:
        parts.append(channel(timeline, provider["arousal"], track))
        names.append(str(provider["arousal"]))
    every = np.stack([channel(timeline, name, track) for name in provider["channels"]])
    change = np.concatenate([[np.nan], np.abs(np.diff(every, axis=1)).mean(0)])
    rows = rows_of_beats(timeline, track)
    same = np.concatenate([[False], timeline.track[rows[1:]] == timeline.track[rows[:-1]]])
    parts.append(np.where(same, change, np.nan))
    names.append("change")
    raw = mean_of(np.stack([_scaled(part) for part in parts]))
    return smooth_mean(raw, rate(timeline), window_s), names


def mean_of(curves: F64) -> F64:
    """Return the mean of curves, (m, n), beat by beat; nan where none has a value."""
    return _quietly(np.nanmean, curves.T)


def smooth_mean(values: F64, beats_per_s: float, window_s: float) -> F64:
    """Return the running mean over a window."""
    half = max(1, round(window_s * beats_per_s)) // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    return _quietly(np.nanmean, np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1))


def _scaled(values: F64) -> F64:
    """Scale to the 5th to 95th percentile, from 0 to 1."""
    known = values[~np.isnan(values)]
    if not known.size:
        return values
    low, high = np.quantile(known, [0.05, 0.95])
    return np.asarray(np.clip((values - low) / max(float(high - low), 1e-6), 0, 1), np.float64)
