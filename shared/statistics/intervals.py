"""How sure a metric is, and a difference of two paired arms: 95 % intervals by person. Pure; reads and writes nothing.

Each person counts once, however many clips there are. The methods were chosen by simulation with two kinds of people
(`tests/simulations/sim_coverage.py`, results in LOG.md): a plain percentile bootstrap over a few people covers too
rarely, so the spread between people (`shared.statistics.clustered_variance`) is turned into an effective number of
sequences and put into a score interval. Where a handful of errors or disagreements is all there is, no interval can hit
95 %: counts are whole, and these intervals are then too wide rather than too narrow.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from shared.arrays import F64
from shared.statistics.clustered_variance import ClusteredVariance, clustered_variance
from shared.statistics.methods import IntervalMethod, Reason
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions, check_paired, f1_of_share, part_and_whole
from shared.statistics.recipes import RecipeDifference, recipe_spread

LEVEL = 0.95
LEAST_EFFECT = 0.4
"""Clips of both classes from each person can be worth more than independent ones; more than this is not believed."""
FEW = 10.0
"""Right and wrong sequences from which on a share is taken to scatter evenly to both sides."""


@dataclass(frozen=True)
class Interval:
    """A number and how sure it is.

    Attributes:
        value: The metric or the difference (candidate minus baseline); None where undefined.
        low: Lower bound; None where it cannot be said.
        high: Upper bound; None where it cannot be said.
        n: Sequences that the number looks at: the positives for recall, all for accuracy.
        n_subjects: People who gave them.
        method: How the bounds were found.
        reason: Why value or bounds are None; None where all is well.
        design_effect: How many times the variance is what it would be if each sequence were of a person of its own;
            None where that is so, and where there are no bounds.
        icc: How alike a person's sequences are, see `shared.statistics.clustered_variance`; None likewise.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_subjects: int
    method: IntervalMethod
    reason: Reason | None = None
    design_effect: float | None = None
    icc: float | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> "Interval":
        """Read what `as_document` wrote."""
        reason = None if found["reason"] is None else Reason(found["reason"])
        return cls(**{**found, "method": IntervalMethod(found["method"]), "reason": reason})


_Likeness = tuple[float | None, float | None]
_NO_LIKENESS: _Likeness = None, None


def wilson(n_right: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Compute Wilson's score interval of a rate from independent predictions.

    Args:
        n_right: Correct predictions, from 0 to n.
        n: Predictions, more than 0.
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


def _worth(n: float, effect: float, found: ClusteredVariance, level: float) -> float:
    """How many sequences of as many people are worth these, for an interval with the quantile of the normal.

    The effect is not known, so that Student's t takes the place of the normal; but clips cannot be more alike than
    all of a person's being one.
    """
    normal, student = _quantile(level, None), _quantile(level, found.df)
    return max(n / effect * (normal / student) ** 2, min(n, found.n_alike))


def _worth_of_recipes(worth: float, of_one: float, recipes: RecipeDifference | None, level: float) -> float:
    """Return how many sequences are left where trainings could have been others, too; of_one is the variance of one."""
    if recipes is None or not recipes.of_seeds or of_one <= 0:
        return worth
    reach = recipes.quantile(1 - level) * recipes.error / _quantile(level, None)
    return min(worth, of_one / reach**2)


def _share_interval(metric: str, arm: Predictions, level: float, *, is_alone: bool = True) -> Interval:
    """Wilson's interval of a share, or of F1, alone or as an arm of a difference."""
    part, whole = (one.sum() for one in part_and_whole(metric, arm.counts))
    n, n_subjects = int(whole), int(np.count_nonzero(part_and_whole(metric, arm.counts)[1]))
    if not n:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, Reason.NO_SEQUENCES)
    share = float(part / whole)
    value = float(f1_of_share(share) if metric == "f1" else share)
    if n_subjects < 2:
        return Interval(value, None, None, n, n_subjects, IntervalMethod.NONE, Reason.ONE_PERSON)
    worth, by_person, likeness, recipes = float(n), n_subjects < n, _NO_LIKENESS, None
    if by_person:
        found = clustered_variance(metric, [arm], as_share=True, is_alone=is_alone)
        assert isinstance(found, ClusteredVariance)  # there are two people
        likeness = found.design_effect, found.icc
        simple, variance = share * (1 - share) / n, float(found.covariance[0, 0])
        effect = max(LEAST_EFFECT, variance / simple) if simple > 0 else found.usual_effect
        recipes = recipe_spread(metric, [arm], as_share=True, found=found)
        worth = _worth_of_recipes(_worth(n, effect, found, level), simple * n, recipes, level)
    low, high = wilson(share * worth, worth, level)
    method = IntervalMethod.WILSON_BY_PERSON if by_person else IntervalMethod.WILSON
    if metric == "f1":
        low, high = float(f1_of_share(low)), float(f1_of_share(high))
        method = IntervalMethod.WILSON_JACCARD_BY_PERSON if by_person else IntervalMethod.WILSON_JACCARD
    method = method if recipes is None else IntervalMethod.PEOPLE_AND_SEEDS
    return Interval(value, low, high, n, n_subjects, method, None, *likeness)


def _auc_interval(arm: Predictions, level: float, *, is_alone: bool) -> Interval:
    """Wilson's interval of an area, alone or as an arm of a difference.

    Alone it is no surer than if each sequence were a question of its own.
    """
    value = None if arm.placements is None else arm.placements.auc
    found = (
        Reason.ONE_PERSON
        if arm.n_subjects < 2 and value is not None
        else (clustered_variance("roc_auc", [arm], is_alone=is_alone))
    )
    if isinstance(found, Reason):
        return Interval(value, None, None, arm.n, arm.n_subjects, IntervalMethod.NONE, found)
    assert value is not None
    variance = float(found.covariance[0, 0])
    if variance > 0 and 0 < value < 1:
        n = min(value * (1 - value) / variance, arm.n / arm.repeats if is_alone else math.inf)
    else:  # perfectly apart (or never right): one sequence out of place can be in the wrong before all others
        n = min(int(arm.labels.sum()), int((~arm.labels).sum())) / found.usual_effect
    recipes = recipe_spread("roc_auc", [arm], found=found)
    worth = _worth_of_recipes(_worth(n, 1.0, found, level), value * (1 - value), recipes, level)
    low, high = wilson(value * worth, worth, level)
    by_person = arm.n_subjects < arm.n
    method = IntervalMethod.DELONG_WILSON_BY_PERSON if by_person else IntervalMethod.DELONG_WILSON
    method = method if recipes is None else IntervalMethod.PEOPLE_AND_SEEDS
    likeness = (found.design_effect, found.icc) if by_person else _NO_LIKENESS
    return Interval(value, low, high, arm.n, arm.n_subjects, method, None, *likeness)


def interval(metric: str, arm: Predictions, level: float = LEVEL) -> Interval:
    """Say how sure a metric is.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        arm: The predictions.
        level: Share of intervals that hold the truth.

    Returns:
        The metric with bounds; bounds are None, with the reason, for one person only or a class that is missing. With
        three seeds or more they are of the recipe, over people and seeds, see `shared.statistics.recipes`.

    Source: Wilson's interval with an effective number of sequences and Student's t: Korn & Graubard 1998, Survey
    Methodology 24:193-201; AUC: the same after Kottas, Kuss & Zapf 2014, BMC Medical Research Methodology 14:26, and
    its largest variance after Birnbaum & Klose 1957, Annals of Mathematical Statistics 28:933-945. The spread:
    `shared.statistics.clustered_variance`.
    """
    if metric == "roc_auc":
        return _auc_interval(arm, level, is_alone=True)
    return _share_interval(metric, arm, level)


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


def _same_whole_difference(metric: str, baseline: Predictions, candidate: Predictions, level: float) -> Interval:
    """Interval where both arms are measured on the same sequences: accuracy (all), recall (the positives)."""
    counted = baseline.labels if metric == "recall" else np.ones(baseline.n, dtype=np.bool_)
    n, n_subjects = int(counted.sum()), int(np.unique(baseline.people[counted]).size)
    if not n:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, Reason.NO_SEQUENCES)
    right = [(arm.decisions == arm.labels)[counted] for arm in (baseline, candidate)]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    value = (gained - lost) / n
    if n_subjects < 2:
        return Interval(value, None, None, n, n_subjects, IntervalMethod.NONE, Reason.ONE_PERSON)
    worth, method, likeness = float(n), IntervalMethod.TANGO, _NO_LIKENESS
    if n_subjects < n:
        found = clustered_variance(metric, [baseline, candidate])
        assert isinstance(found, ClusteredVariance)  # there are two people
        simple = ((gained + lost) / n - value**2) / n
        effect = max(LEAST_EFFECT, _variance(found) / simple) if simple > 1e-12 else found.usual_effect
        recipes = recipe_spread(metric, [baseline, candidate], found=found)
        worth = _worth_of_recipes(_worth(n, effect, found, level), simple * n, recipes, level)
        method = IntervalMethod.TANGO_BY_PERSON if recipes is None else IntervalMethod.PEOPLE_AND_SEEDS
        likeness = found.design_effect, found.icc
    low, high = _tango(gained * worth / n, lost * worth / n, worth, _quantile(level, None))
    return Interval(value, low, high, n, n_subjects, method, None, *likeness)


def _variance(found: ClusteredVariance) -> float:
    """Variance of candidate minus baseline."""
    return float(found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1])


def _own_whole_difference(metric: str, baseline: Predictions, candidate: Predictions, level: float) -> Interval:
    """Interval where each arm has a whole of its own (precision, F1, AUC)."""
    one, other = interval(metric, baseline, level), interval(metric, candidate, level)
    if one.value is None or other.value is None:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, one.reason or other.reason)
    value = other.value - one.value
    n, n_subjects = baseline.n, baseline.n_subjects
    found = Reason.ONE_PERSON if n_subjects < 2 else clustered_variance(metric, [baseline, candidate])
    if isinstance(found, Reason) or one.low is None or other.low is None:
        reason = found if isinstance(found, Reason) else one.reason or other.reason
        return Interval(value, None, None, n, n_subjects, IntervalMethod.NONE, reason)
    variance = _variance(found)
    if metric != "roc_auc":
        n, n_subjects = max(one.n, other.n), found.n_subjects
    if variance < 1e-12:
        return Interval(value, None, None, n, n_subjects, IntervalMethod.NONE, Reason.NO_VARIANCE)
    likeness = (found.design_effect, found.icc) if n_subjects < n else _NO_LIKENESS
    recipes = recipe_spread(metric, [baseline, candidate], found=found)
    half = _quantile(level, found.df) * math.sqrt(variance)
    if recipes is not None and recipes.of_seeds:
        half = max(half, recipes.quantile(1 - level) * recipes.error)
    low, high, method = value - half, value + half, IntervalMethod.JACKKNIFE_BY_PERSON
    weight = _hybrid_weight(metric, baseline, candidate)
    if weight:
        arms = (baseline, candidate)
        if metric == "roc_auc":
            of_arms = [_auc_interval(arm, level, is_alone=False) for arm in arms]
        else:
            of_arms = [_share_interval(metric, arm, level, is_alone=False) for arm in arms]
        luck = [_luck(recipe_spread(metric, [arm])) for arm in arms]
        ends = _hybrid(value, _reach(of_arms[0]), _reach(of_arms[1]), found.covariance + np.diag(luck))
        low, high = (1 - weight) * low + weight * ends[0], (1 - weight) * high + weight * ends[1]
    if metric == "roc_auc":
        by_person = baseline.n_subjects < baseline.n
        method = IntervalMethod.DELONG_HYBRID_BY_PERSON if by_person else IntervalMethod.DELONG_HYBRID
    method = method if recipes is None else IntervalMethod.PEOPLE_AND_SEEDS
    return Interval(value, max(-1.0, low), min(1.0, high), n, n_subjects, method, None, *likeness)


def _hybrid_weight(metric: str, baseline: Predictions, candidate: Predictions) -> float:
    """Return how far Student's t is not to be trusted: from 0 to 1, where an arm is never right or never wrong.

    A share of few sequences scatters further to one side than to the other, which t does not know. An area is a mean
    over pairs, and t holds for it, but for an arm that is perfect: that shows nothing of its spread.
    """
    if metric == "roc_auc":
        areas = [placed.auc for arm in (baseline, candidate) if (placed := arm.placements) is not None]
        return 0.5 * any(area in (0.0, 1.0) for area in areas)
    rarer = []
    for arm in (baseline, candidate):
        part, whole = (float(one.sum()) for one in part_and_whole(metric, arm.counts))
        rarer.append(min(part, whole - part) / arm.repeats)
    return max(0.0, 1 - min(rarer) / FEW)


def _luck(recipes: RecipeDifference | None) -> float:
    """Variance over other trainings; 0 where that is not known."""
    return 0.0 if recipes is None else recipes.of_seeds


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
    """Put the intervals of two arms together to that of their difference, as Zou & Donner 2008 do for any number."""
    product = float(covariance[0, 0] * covariance[1, 1])
    correlation = float(covariance[0, 1]) / math.sqrt(product) if product > 0 else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    return value - reach(other.down, one.up), value + reach(other.up, one.down)


def difference(metric: str, baseline: Predictions, candidate: Predictions, level: float = LEVEL) -> Interval:
    """Say how sure a metric's difference is, candidate minus baseline, both on the same sequences.

    With three seeds or more it is of the recipes, over people and seeds, see `shared.statistics.recipes`.

    Source: accuracy and recall: score interval of Tango 1998, Statistics in Medicine 17:891-908, with an effective
    number of sequences; precision, F1 and AUC: Student's t, and with few sequences Zou & Donner 2008, Statistics in
    Medicine 27:1693-1702, see `_hybrid_weight`. The spread: `shared.statistics.clustered_variance`.

    Raises:
        InvalidInput: The predictions are not of the same sequences, see `shared.statistics.predictions.check_paired`.
    """
    check_paired(baseline, candidate)
    is_same = metric in ("accuracy", "recall")
    return (_same_whole_difference if is_same else _own_whole_difference)(metric, baseline, candidate, level)


def intervals(arm: Predictions, level: float = LEVEL) -> dict[str, Interval]:
    """Return the interval of each metric: accuracy, recall, precision, f1, roc_auc."""
    return {metric: interval(metric, arm, level) for metric in METRICS}


def differences(baseline: Predictions, candidate: Predictions, level: float = LEVEL) -> dict[str, Interval]:
    """Return the interval of each metric's difference, candidate minus baseline.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    return {metric: difference(metric, baseline, candidate, level) for metric in METRICS}
