"""How sure a metric is, and a difference of two paired arms: 95 % intervals by person. Pure; reads and writes nothing.

Each person is asked once, however many clips he gave. The methods were chosen by simulation
(`tests/benchmarks/sim_coverage.py`, results in LOG.md): a plain percentile bootstrap over a few people covers too
rarely, so the spread between people is turned into an effective number of sequences and put into a score interval with
the t quantile of the people.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from shared.answers import METRICS, Answers, Int, check_paired, f1_of_share, part_and_whole, place, values
from shared.metrics import F64, Bool

LEVEL = 0.95
ONE_PERSON = "one person only: nothing is known of others"
ONE_CLASS = "only one class is present"
NOTHING_ASKED = "there is no sequence that the metric looks at"
FEW_PEOPLE = "fewer than two people with a sequence that the metric looks at"
NO_SPREAD = "no person differs from another in what changed, so that the spread between people is unknown"
TYPICAL_CORRELATION = 0.15
"""Of clips of one person, where too few people have anything to count (our own choice, see `_effect`)."""
LEAST_EFFECT = 0.4
"""Clips of both classes from each person can be worth more than independent ones; more than this is not believed."""


@dataclass(frozen=True)
class Interval:
    """A number and how sure it is.

    Attributes:
        value: The metric or the difference (candidate minus baseline); None where undefined.
        low: Lower bound; None where it cannot be said.
        high: Upper bound; None where it cannot be said.
        n: Sequences that the number looks at: the positives for recall, all for accuracy.
        n_subjects: People who gave them.
        method: How the bounds were found, in words for a table.
        reason: Why value or bounds are None; None where all is well.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_subjects: int
    method: str
    reason: str | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


def wilson(n_right: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Compute Wilson's score interval of a rate from independent answers.

    Args:
        n_right: Right answers, from 0 to n.
        n: Answers, more than 0.
        level: Share of intervals that hold the truth.

    Source: Wilson 1927, JASA 22:209-212.

    Example:
        >>> [round(bound, 3) for bound in wilson(52, 80)]
        [0.541, 0.745]
    """
    return _wilson(n_right / n, n, float(special.ndtri((1 + level) / 2)))


def _wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval with any quantile and a fractional n."""
    squared = quantile * quantile / n
    half = quantile * math.sqrt(share * (1 - share) / n + squared / (4 * n))
    middle = share + squared / 2
    low = 0.0 if share == 0 else max(0.0, (middle - half) / (1 + squared))
    high = 1.0 if share == 1 else min(1.0, (middle + half) / (1 + squared))
    return low, high


def _quantile(level: float, df: float | None) -> float:
    """Quantile of Student's t, or of the normal where df is None."""
    upper = (1 + level) / 2
    return float(special.ndtri(upper) if df is None else special.stdtrit(df, upper))


def _effect(variance: float, simple: float, sizes: F64, n_telling: float) -> float:
    """How many times the spread of independent sequences there is: the design effect.

    Where few people have anything to count (an error, a disagreement), the observed effect says little: the typical
    one is mixed in with the weight of one person. Simulated coverage chose this among weights of 0 to 2, correlations
    of 0.05 to 0.25 and floors of 0.4 to 1: a floor of 1 covers 98 % and more.
    """
    mean_size = float((sizes**2).sum() / sizes.sum())
    typical = 1 + (mean_size - 1) * TYPICAL_CORRELATION
    observed = variance / simple if simple > 0 else 0.0
    return max(LEAST_EFFECT, (n_telling * observed + typical) / (n_telling + 1))


def _spread(leave_one_out: F64, total: float) -> float:
    """Variance of a number from what it becomes without each person (jackknife)."""
    n = leave_one_out.size
    return float((n - 1) / n * ((leave_one_out - total) ** 2).sum())


def _share_interval(metric: str, arm: Answers, level: float) -> Interval:
    part, whole = part_and_whole(metric, arm.counts)
    asked = whole > 0
    n, n_subjects = int(whole.sum()), int(asked.sum())
    if not n:
        return Interval(None, None, None, 0, 0, "none", NOTHING_ASKED)
    part, whole = part[asked], whole[asked]
    share = float(part.sum()) / n
    value = float(f1_of_share(share) if metric == "f1" else share)
    if n_subjects < 2:
        return Interval(value, None, None, n, n_subjects, "none", ONE_PERSON)
    if n_subjects == n:
        low, high = wilson(share * n, n, level)
        method = "Wilson"
    else:
        wrong = whole - part
        n_telling = float(((part if share < 0.5 else wrong) > 0).sum())
        without = (part.sum() - part) / (n - whole)
        effect = _effect(_spread(without, share), share * (1 - share) / n, whole, n_telling)
        low, high = _wilson(share, n / effect, _quantile(level, n_subjects - 1))
        method = "Wilson by person"
    if metric == "f1":
        low, high = float(f1_of_share(low)), float(f1_of_share(high))
        method += " of TP/(TP+FP+FN)"
    return Interval(value, low, high, n, n_subjects, method)


@dataclass(frozen=True)
class AucSpread:
    """Areas under ROC curves of arms on the same sequences, and their covariance by person.

    Attributes:
        areas: (n_arms,).
        covariance: (n_arms, n_arms).
        df: Degrees of freedom: of the people that the covariance comes from.
        n: Sequences.
        n_subjects: People.
    """

    areas: F64
    covariance: F64
    df: float
    n: int
    n_subjects: int


def auc_spread(labels: Bool, scores: Sequence[F64], people: Int) -> AucSpread | str:
    """Compute AUCs and their covariance from placement values summed by person.

    With one sequence a person it is DeLong's covariance.

    Args:
        labels: (n,) True for the positive class.
        scores: One (n,) array an arm.
        people: (n,) numbers of the people from 0.

    Returns:
        The spread, or in words why there is none.

    Source: Obuchowski 1997, Biometrics 53:567-578.
    """
    n_people = int(people.max()) + 1
    m, n = int(labels.sum()), int((~labels).sum())
    if not m or not n:
        return ONE_CLASS
    has_positive = np.bincount(people[labels], minlength=n_people) > 0
    has_negative = np.bincount(people[~labels], minlength=n_people) > 0
    k10, k01, k = int(has_positive.sum()), int(has_negative.sum()), n_people
    if k10 < 2 or k01 < 2:
        return FEW_PEOPLE
    areas, of_positives, of_negatives = [], [], []
    for arm_scores in scores:
        placed = place(labels, arm_scores)
        assert placed is not None
        areas.append(placed.auc)
        of_positives.append(np.bincount(people[labels], placed.of_positives - placed.auc, n_people))
        of_negatives.append(np.bincount(people[~labels], placed.of_negatives - placed.auc, n_people))
    x, y = np.array(of_positives) / m, np.array(of_negatives) / n
    xx, yy, xy = x @ x.T * k10 / (k10 - 1), y @ y.T * k01 / (k01 - 1), x @ y.T * k / (k - 1)
    if (has_positive & has_negative).any():
        df = float(min(k10, k01) - 1)
    else:
        vx, vy = float(np.trace(xx)), float(np.trace(yy))
        df = (vx + vy) ** 2 / (vx**2 / (k10 - 1) + vy**2 / (k01 - 1)) if vx + vy > 0 else min(k10, k01) - 1.0
    return AucSpread(np.array(areas), xx + yy + xy + xy.T, df, m + n, k)


def _delong(arm: Answers) -> str:
    return "DeLong" if arm.n == arm.n_subjects else "DeLong by person"


def _auc_interval(arm: Answers, level: float) -> Interval:
    spread = auc_spread(arm.labels, [arm.scores], arm.people)
    if isinstance(spread, str):
        value = None if arm.placements is None else arm.placements.auc
        return Interval(value, None, None, arm.n, arm.n_subjects, "none", spread)
    area = float(spread.areas[0])
    variance = float(spread.covariance[0, 0])
    n_positive = int(arm.labels.sum())
    pairs = min(n_positive, arm.n - n_positive)
    if variance > 0 and 0 < area < 1:
        n_effective = min(area * (1 - area) / variance, 2.0 * pairs)
    else:  # perfectly apart (or never right): each person can vouch for one sequence only
        n_effective = min(spread.df + 1, pairs)
    low, high = _wilson(area, n_effective, _quantile(level, spread.df))
    return Interval(area, low, high, arm.n, arm.n_subjects, _delong(arm) + ", Wilson")


def interval(metric: str, arm: Answers, level: float = LEVEL) -> Interval:
    """Say how sure a metric is.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        arm: The answers.
        level: Share of intervals that hold the truth.

    Returns:
        The metric with bounds; bounds are None, with the reason, for one person only or a class that is missing.

    Source: Wilson's interval with an effective number of sequences and Student's t: Korn & Graubard 1998, Survey
    Methodology 24:193-201; AUC: Obuchowski 1997 with Wilson's interval after Kottas, Kuss & Zapf 2014, BMC Medical
    Research Methodology 14:26.
    """
    return _auc_interval(arm, level) if metric == "roc_auc" else _share_interval(metric, arm, level)


def _tango(n_candidate: float, n_baseline: float, n: float, quantile: float) -> tuple[float, float]:
    """Score interval of a paired difference of shares, (n_candidate - n_baseline) / n."""
    difference = (n_candidate - n_baseline) / n

    def distance(delta: float) -> float:
        b = -n_candidate - n_baseline + (2 * n - n_candidate + n_baseline) * delta
        c = -n_baseline * delta * (1 - delta)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * max(0.0, 2 * q + delta * (1 - delta))
        return abs(n_candidate - n_baseline - n * delta) - quantile * math.sqrt(variance)

    def bound(end: float) -> float:
        inside, outside = difference, end
        for _ in range(50):
            middle = (inside + outside) / 2
            if distance(middle) > 0:
                outside = middle
            else:
                inside = middle
        return (inside + outside) / 2

    return bound(-1.0), bound(1.0)


def _same_whole_difference(metric: str, baseline: Answers, candidate: Answers, level: float) -> Interval:
    """Interval where both arms answer the same questions: accuracy (all), recall (the positives)."""
    asked = baseline.labels if metric == "recall" else np.ones(baseline.n, dtype=np.bool_)
    n = int(asked.sum())
    if not n:
        return Interval(None, None, None, 0, 0, "none", NOTHING_ASKED)
    right = [(arm.decisions == arm.labels)[asked] for arm in (baseline, candidate)]
    people = baseline.people[asked]
    gained = np.bincount(people, right[1] & ~right[0], baseline.n_subjects)
    lost = np.bincount(people, right[0] & ~right[1], baseline.n_subjects)
    whole = np.bincount(people, minlength=baseline.n_subjects).astype(np.float64)
    present = whole > 0
    gained, lost, whole = gained[present], lost[present], whole[present]
    b, c, n_subjects = float(gained.sum()), float(lost.sum()), int(present.sum())
    value = (b - c) / n
    if n_subjects < 2:
        return Interval(value, None, None, n, n_subjects, "none", ONE_PERSON)
    if n_subjects == n:
        low, high = _tango(b, c, n, _quantile(level, None))
        return Interval(value, low, high, n, n_subjects, "Tango")
    change = gained - lost
    without = (b - c - change) / (n - whole)
    simple = ((b + c) / n - value**2) / n
    effect = _effect(_spread(without, value), simple, whole, float((gained + lost > 0).sum()))
    low, high = _tango(b / effect, c / effect, n / effect, _quantile(level, n_subjects - 1))
    return Interval(value, low, high, n, n_subjects, "Tango by person")


def _spread_difference(metric: str, baseline: Answers, candidate: Answers, level: float) -> Interval:
    """Interval where each arm has a whole of its own (precision, F1, AUC): t on the spread between people."""
    one, other = interval(metric, baseline, level), interval(metric, candidate, level)
    if one.value is None or other.value is None:
        return Interval(None, None, None, 0, 0, "none", one.reason or other.reason)
    value = other.value - one.value
    n, n_subjects = baseline.n, baseline.n_subjects
    covariance: F64 | None = None
    if metric == "roc_auc":
        method = _delong(baseline) + ", t and hybrid"
        found = auc_spread(baseline.labels, [baseline.scores, candidate.scores], baseline.people)
        if isinstance(found, str):
            return Interval(value, None, None, n, n_subjects, "none", found)
        variance = float(np.array([-1.0, 1.0]) @ found.covariance @ np.array([-1.0, 1.0]))
        df, covariance = found.df, found.covariance
    else:
        method = "jackknife by person, t"
        wholes = np.array([part_and_whole(metric, arm.counts)[1] for arm in (baseline, candidate)])
        used = wholes.sum(axis=0) > 0
        n_subjects = int(used.sum())
        n = int(max(wholes.sum(axis=1)))
        if (np.count_nonzero(wholes, axis=1) < 2).any():
            return Interval(value, None, None, n, n_subjects, "none", FEW_PEOPLE)
        without = [values(metric, arm.counts.sum(axis=0) - arm.counts[used]) for arm in (baseline, candidate)]
        variance, df = _spread(without[1] - without[0], value), n_subjects - 1.0
    if variance < 1e-12:
        return Interval(value, None, None, n, n_subjects, "none", NO_SPREAD)
    half = _quantile(level, df) * math.sqrt(variance)
    low, high = value - half, value + half
    if covariance is not None:
        hybrid = _hybrid(value, _reach(one), _reach(other), covariance)
        low, high = (low + hybrid[0]) / 2, (high + hybrid[1]) / 2
    return Interval(value, max(-1.0, low), min(1.0, high), n, n_subjects, method)


@dataclass(frozen=True)
class _Reach:
    """How far an interval goes down and up from its value."""

    down: float
    up: float


def _reach(found: Interval) -> _Reach:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return _Reach(found.value - found.low, found.high - found.value)


def _hybrid(value: float, one: _Reach, other: _Reach, covariance: F64) -> tuple[float, float]:
    """Put the intervals of two arms together to that of their difference, as Zou & Donner 2008 do for any number.

    For the AUC t alone covers 90 to 93 % where an arm comes near 1 over few people, the hybrid alone 98 % there and
    93 % where clips of a person resemble each other much; the middle of both stays between (LOG.md).
    """
    product = float(covariance[0, 0] * covariance[1, 1])
    correlation = float(covariance[0, 1]) / math.sqrt(product) if product > 0 else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    return value - reach(other.down, one.up), value + reach(other.up, one.down)


def difference(metric: str, baseline: Answers, candidate: Answers, level: float = LEVEL) -> Interval:
    """Say how sure a metric's difference is, candidate minus baseline, both on the same sequences.

    Source: accuracy and recall: score interval of Tango 1998, Statistics in Medicine 17:891-908, with an effective
    number of sequences; AUC: Obuchowski 1997 with Student's t, and Zou &
    Donner 2008, Statistics in Medicine 27:1693-1702, see `_hybrid`; precision and F1: the jackknife over people.

    Raises:
        InvalidInput: The arms did not answer the same sequences, see `shared.answers.check_paired`.
    """
    check_paired(baseline, candidate)
    if metric in ("accuracy", "recall"):
        return _same_whole_difference(metric, baseline, candidate, level)
    return _spread_difference(metric, baseline, candidate, level)


def intervals(arm: Answers, level: float = LEVEL) -> dict[str, Interval]:
    """Return the interval of each metric: accuracy, recall, precision, f1, roc_auc."""
    return {metric: interval(metric, arm, level) for metric in METRICS}


def differences(baseline: Answers, candidate: Answers, level: float = LEVEL) -> dict[str, Interval]:
    """Return the interval of each metric's difference, candidate minus baseline.

    Raises:
        InvalidInput: The arms did not answer the same sequences.
    """
    return {metric: difference(metric, baseline, candidate, level) for metric in METRICS}
