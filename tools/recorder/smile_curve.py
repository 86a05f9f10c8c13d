"""Judges whether a person smiled when prompted, from a smile score over a take: relative to the person's own range.

Pure functions of times and scores; what gives the scores (a landmark model) and who draws the curve is elsewhere. A
take with a fault carries a label that its pictures do not show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.dataset.protocol import Protocol
from shared.dataset.quality import Limits

FAULTS = ("face_lost", "no_rise", "smile_in_neutral", "smile_outside")
INTERVAL_MS = 100.0
# Our own choice. The middle lies a little low, as people begin to smile faster than they fade, and as half a smile in
# the neutral second is a wrong label already. A fifth of a window is one of its five-picture sequences, nearly.
_LEVEL = 0.4
_MOST_WRONG = 0.2
_LEAST_SEEN = 0.5
_SURE = 0.5  # a score above which a face smiles whatever its range: 91.7 % right over all of GENKI-4K


@dataclass(frozen=True)
class SmileCurve:
    """A smile score over a take, and its judgement.

    Attributes:
        interval_ms: Between two samples; the first is at the take's start.
        scores: 0 to 1; None where no face was found.
        neutral: Median in the windows of other classes; None where there is none.
        smile: Median in the windows of the positive class.
        level: The score that parts smiling from not smiling for this person in this take, or None.
        rise_s: When the score first passes it.
        faults: Of `FAULTS`; empty where the person followed the prompts.
    """

    interval_ms: float
    scores: tuple[float | None, ...]
    neutral: float | None
    smile: float | None
    level: float | None
    rise_s: float | None
    faults: tuple[str, ...]

    def as_json(self, model_sha256: str) -> dict[str, Any]:
        """Give the values as a take's record holds them."""

        def short(value: float | None) -> float | None:
            return None if value is None else round(value, 3)

        return {
            "model_sha256": model_sha256,
            "interval_ms": self.interval_ms,
            "curve": [short(score) for score in self.scores],
            "neutral": short(self.neutral),
            "smile": short(self.smile),
            "rise_s": short(self.rise_s),
            "faults": list(self.faults),
        }


def judge(scores: Sequence[float | None], protocol: Protocol, interval_ms: float = INTERVAL_MS) -> SmileCurve:
    """Judge a take's smile scores.

    The level is 0.4 of the way from the take's 5th to its 95th percentile. In the neutral windows the score may pass it
    for a fifth of the time, in the smile windows it may fall short for a fifth; and the windows' medians must differ by
    at least the protocol's min_smile_rise.

    Args:
        scores: One each `interval_ms` from the take's start; None where no face was found.
        protocol: Gives the windows and the least rise.
        interval_ms: Between two scores.

    Returns:
        The curve with its faults. A protocol without a window of both kinds has none.
    """
    values = _smooth(np.array([np.nan if score is None else score for score in scores], dtype=np.float64))
    times_s = np.arange(len(values)) * interval_ms / 1000
    positive = protocol.document["positive_class"]
    inside = {is_smile: np.zeros(len(values), dtype=bool) for is_smile in (False, True)}
    for window in protocol.windows:
        inside[window.label == positive] |= (times_s >= window.start_s - 1e-6) & (times_s <= window.end_s + 1e-6)
    neutral, smile = values[inside[False]], values[inside[True]]
    faults: list[str] = []
    level: float | None = None
    moves = False
    if neutral.size and smile.size:
        if min(np.isfinite(neutral).mean(), np.isfinite(smile).mean()) < _LEAST_SEEN:
            faults = ["face_lost"]
        else:
            low, high = np.nanpercentile(values, [5, 95])
            level, min_rise = float(low + _LEVEL * (high - low)), Limits.of(protocol.document).min_smile_rise
            moves = float(high - low) >= min_rise
            faults = _faults(neutral, smile, level, min_rise, moves=moves)
    return SmileCurve(
        interval_ms=interval_ms,
        scores=tuple(scores),
        neutral=_median(neutral),
        smile=_median(smile),
        level=level,
        rise_s=_rise_s(values, times_s, level) if level is not None and moves and "no_rise" not in faults else None,
        faults=tuple(faults),
    )


def _faults(
    neutral: npt.NDArray[np.float64], smile: npt.NDArray[np.float64], level: float, min_rise: float, *, moves: bool
) -> list[str]:
    """Name what is wrong with the scores of the two kinds of windows."""
    neutral, smile = neutral[np.isfinite(neutral)], smile[np.isfinite(smile)]
    wrong = {
        "smile_in_neutral": np.median(neutral) >= _SURE or (moves and (neutral > level).mean() > _MOST_WRONG),
        "smile_outside": moves and (smile < level).mean() > _MOST_WRONG,
    }
    found = [fault for fault in FAULTS if wrong.get(fault)]
    if found:
        return found  # who smiles all the time hears of that alone, not of a missing smile as well
    return ["no_rise"] if not moves or np.median(smile) - np.median(neutral) < min_rise else []


def _smooth(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Take the median of each three neighbours, so that a single blink or misreading has no effect."""
    if len(values) < 3:
        return values
    padded = np.concatenate([values[:1], values, values[-1:]])
    three = np.sort(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)  # nan last
    n_seen = np.isfinite(three).sum(axis=0)
    middle = np.where(n_seen == 3, three[1], np.where(n_seen == 2, (three[0] + three[1]) / 2, three[0]))
    return np.where(np.isfinite(values), middle, np.nan)


def _rise_s(values: npt.NDArray[np.float64], times_s: npt.NDArray[np.float64], level: float) -> float | None:
    """Return when the score first passes the level from below; None where it never does."""
    seen = np.isfinite(values)
    above = values[seen] > level
    passes = np.flatnonzero(above[1:] & ~above[:-1])
    return float(times_s[seen][passes[0] + 1]) if passes.size else None


def _median(values: npt.NDArray[np.float64]) -> float | None:
    seen = values[np.isfinite(values)]
    return float(np.median(seen)) if seen.size else None
