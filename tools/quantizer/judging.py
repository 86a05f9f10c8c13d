"""Compares a smaller encoder's decisions with the plain one's, and says whether a page may use it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shared.arrays import F64, Bool
from shared.statistics.intervals import Interval, difference, interval
from shared.statistics.predictions import make_predictions
from tools.quantizer.speed import Speed

MOST_FLIPS = 0.01  # of the decisions
NOISE = 1.05  # times whose ratio is nearer to 1 than this are called the same


@dataclass(frozen=True)
class Judged:
    """What a smaller encoder does to the decisions on some people.

    Attributes:
        n: Decisions.
        n_flips: That are another one than the plain encoder's.
        flips: Their share, with an interval by person.
        largest_difference: Of the probability; 1 where one is not a number.
        accuracy: Of the smaller one.
        change: Of the accuracy, smaller minus plain, with an interval by person.
    """

    n: int
    n_flips: int
    flips: Interval
    largest_difference: float
    accuracy: float
    change: Interval

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return {
            "n": self.n,
            "n_flips": self.n_flips,
            "flips": self.flips.as_document(),
            "largest_difference": self.largest_difference,
            "accuracy": self.accuracy,
            "change": self.change.as_document(),
        }


def judge(labels: Bool, plain: F64, smaller: F64, people: Sequence[str], threshold: float) -> Judged:
    """Compare the probabilities of a smaller encoder with the plain one's.

    Args:
        labels: (n,) True for the positive class.
        plain: (n,) probabilities.
        smaller: (n,) likewise; one that is not finite counts as 0 and as a difference of 1.
        people: (n,) whose.
        threshold: Of the decision.

    Source: a flip is a disagreement of two classifiers, so its share is 1 - accuracy where the plain decisions are the
    labels; intervals as everywhere, `shared.statistics.intervals`.
    """
    is_finite = np.isfinite(smaller)
    held = np.where(is_finite, smaller, 0.0)
    flipped = (held > threshold) != (plain > threshold)
    agreement = interval("accuracy", make_predictions(plain > threshold, held, people, threshold))
    one, other = (make_predictions(labels, scores, people, threshold) for scores in (plain, held))
    return Judged(
        n=int(labels.size),
        n_flips=int(flipped.sum()),
        flips=_turned(agreement),
        largest_difference=float(np.abs(held - plain).max()) if is_finite.all() else 1.0,
        accuracy=float(((held > threshold) == labels).mean()),
        change=difference("accuracy", one, other),
    )


def _turned(found: Interval) -> Interval:
    """Return the interval of 1 minus a share."""

    def turn(bound: float | None) -> float | None:
        return None if bound is None else 1.0 - bound

    return replace(found, value=turn(found.value), low=turn(found.high), high=turn(found.low))


def why_not(judged: Judged, size_ratio: float, speeds: Mapping[str, Speed], margin: float | None) -> list[str]:
    """List what keeps a smaller encoder from being offered; nothing where it passes.

    Args:
        judged: On the people who judge.
        size_ratio: Its bytes, of the plain encoder's.
        speeds: Where it was timed: ``native``, ``wasm``.
        margin: By how much the accuracy may fall; None does not ask (validation people only choose).
    """
    reasons = []
    if judged.n_flips > MOST_FLIPS * judged.n:
        reasons.append(f"{judged.n_flips} of {judged.n} decisions flip, more than {MOST_FLIPS:.0%}")
    if judged.largest_difference >= 1:
        reasons.append("an answer is no number, or the opposite one")
    if margin is not None:
        low = judged.change.low
        if low is None:
            reasons.append("one person cannot show that the accuracy does not fall")
        elif low <= -margin:
            reasons.append(f"the accuracy may fall by {-low:.1%}, and {margin:.0%} is the margin")
    is_faster = any(speed.ratio * NOISE < 1 for speed in speeds.values())
    if size_ratio >= 1 and not is_faster:
        reasons.append("it is neither smaller nor faster")
    return reasons


def choose(
    candidates: Mapping[str, Judged], sizes: Mapping[str, int], speeds: Mapping[str, Mapping[str, Speed]]
) -> str:
    """Choose the best of one kind: those that pass before others, then what is not slower, then the smallest.

    Where none passes, the one that flips least. ``wasm`` decides speed where it was timed, else ``native``.
    """

    def rank(name: str) -> tuple[bool, bool, int, int]:
        found = candidates[name]
        passes = not why_not(found, 0.0, {}, None)
        own = speeds[name].get("wasm") or speeds[name].get("native")
        is_slow = own is not None and own.ratio > NOISE
        return (not passes, is_slow, 0 if passes else found.n_flips, sizes[name])

    return min(candidates, key=rank)
