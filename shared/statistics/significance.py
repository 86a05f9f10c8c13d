"""Significance of a difference of two paired arms: tests by sequence and by person. Pure; no input, no output.

McNemar's and DeLong's tests take each sequence as a witness of its own and are right where each person gave one. With
several clips per person only the tests by person keep their error rate.
"""

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import signal, special, stats

from shared.arrays import F64, Bool, Int
from shared.errors import InvalidInput
from shared.statistics.methods import Reason, TestMethod
from shared.statistics.predictions import Predictions, check_paired, place, values
from shared.statistics.recipes import recipe_difference

ENUMERATED_PEOPLE = 14  # 16,384 ways to swap
MOST_SWAPS = 4_000_000  # in memory at once: of many people there are some batches of draws
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Test:
    """A two-sided test that two arms are alike.

    Attributes:
        p: From 0 to 1; None where the data cannot say.
        statistic: What was observed: a difference, candidate minus baseline, or its z or t.
        n: Sequences that could have told.
        n_subjects: People who could have told; None where the test does not look at people.
        method: Of the test.
        metric: Whose difference is tested.
        n_resamples: Random draws; None where every case was counted.
        reason: Why p is None; None where all is well.
    """

    __test__ = False  # not a test of pytest's

    p: float | None
    statistic: float | None
    n: int
    n_subjects: int | None
    method: TestMethod
    metric: str
    n_resamples: int | None = None
    reason: Reason | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


def mcnemar(n_gained: int, n_lost: int) -> float:
    """Compute McNemar's exact p from the sequences that only one arm gets right.

    Args:
        n_gained: Right in the candidate only.
        n_lost: Right in the baseline only.

    Example:
        >>> round(mcnemar(28, 22), 8)
        0.47988766
    """
    if n_gained + n_lost == 0:
        return 1.0
    return float(min(1.0, 2 * stats.binom.cdf(min(n_gained, n_lost), n_gained + n_lost, 0.5)))


def mcnemar_mid_p(n_gained: int, n_lost: int) -> float:
    """Compute McNemar's mid-p: the exact p less half the probability of what was seen.

    Source: Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91.

    Example:
        >>> round(mcnemar_mid_p(16, 5), 4)
        0.0169
    """
    n = n_gained + n_lost
    if n == 0:
        return 1.0
    point = float(stats.binom.pmf(n_gained, n, 0.5))
    if n_gained == n_lost:
        return 1 - point / 2
    return mcnemar(n_gained, n_lost) - point


def delong(labels: Bool, baseline_scores: F64, candidate_scores: F64) -> Test:
    """Test the difference of two AUCs on the same sequences, each a witness of its own.

    Args:
        labels: (n,) True for the positive class.
        baseline_scores: (n,) higher means more positive.
        candidate_scores: (n,) likewise; need not be on the same scale.

    Returns:
        z as the statistic, positive where the candidate is larger.

    Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845.
    """
    return _auc_test(labels, baseline_scores, candidate_scores, np.arange(labels.size), by_person=False)


def delong_by_person(baseline: Predictions, candidate: Predictions) -> Test:
    """Test the difference of two AUCs on the same sequences, people being the witnesses.

    Returns:
        t as the statistic; Student's t instead of the normal, since there are few people.

    Source: Obuchowski 1997, Biometrics 53:567-578.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    check_paired(baseline, candidate)
    return _auc_test(baseline.labels, baseline.scores, candidate.scores, baseline.people, by_person=True)


def _auc_test(labels: Bool, baseline: F64, candidate: F64, people: Any, *, by_person: bool) -> Test:
    n = int(labels.size)
    n_people = int(people.max()) + 1 if by_person else None
    test = functools.partial(
        Test,
        n=n,
        n_subjects=n_people,
        method=TestMethod.DELONG_BY_PERSON if by_person else TestMethod.DELONG,
        metric="roc_auc",
    )
    if n_people == 1:
        return test(None, None, reason=Reason.ONE_PERSON)
    found = auc_covariance(labels, [baseline, candidate], people)
    if isinstance(found, Reason):
        return test(None, None, reason=found)
    difference = float(found.areas[1] - found.areas[0])
    variance = float(np.array([-1.0, 1.0]) @ found.covariance @ np.array([-1.0, 1.0]))
    if variance < 1e-12:
        if abs(difference) < TOLERANCE:
            return test(1.0, 0.0)
        return test(None, None, reason=Reason.NO_VARIANCE)
    z = difference / math.sqrt(variance)
    p = 2 * float(special.stdtr(found.df, -abs(z)) if by_person else special.ndtr(-abs(z)))
    return test(p, z)


@dataclass(frozen=True)
class AucCovariance:
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


def auc_covariance(labels: Bool, scores: Sequence[F64], people: Int) -> AucCovariance | Reason:
    """Compute AUCs and their covariance from placement values summed by person.

    With one sequence per person it is DeLong's covariance.

    Args:
        labels: (n,) True for the positive class.
        scores: One (n,) array per arm.
        people: (n,) numbers of the people from 0.

    Returns:
        Areas and covariance, or why there are none.

    Source: Obuchowski 1997, Biometrics 53:567-578.
    """
    n_people = int(people.max()) + 1
    m, n = int(labels.sum()), int((~labels).sum())
    if not m or not n:
        return Reason.ONE_CLASS
    has_positive = np.bincount(people[labels], minlength=n_people) > 0
    has_negative = np.bincount(people[~labels], minlength=n_people) > 0
    k10, k01, k = int(has_positive.sum()), int(has_negative.sum()), n_people
    if k10 < 2 or k01 < 2:
        return Reason.FEW_PEOPLE
    areas, of_positives, of_negatives = [], [], []
    for arm_scores in scores:
        placed = place(labels, arm_scores)
        assert placed is not None
        areas.append(placed.auc)
        of_positives.append(np.bincount(people[labels], placed.of_positives - placed.auc, n_people))
        of_negatives.append(np.bincount(people[~labels], placed.of_negatives - placed.auc, n_people))
    x, y = np.array(of_positives) / m, np.array(of_negatives) / n
    sizes = np.bincount(people, minlength=n_people).astype(np.float64)
    by_size = max(1.0, float(sizes.sum() ** 2 / (sizes**2).sum()) - 1)  # few people who gave most are few people
    xx, yy, xy = x @ x.T * k10 / (k10 - 1), y @ y.T * k01 / (k01 - 1), x @ y.T * k / (k - 1)
    if (has_positive & has_negative).any():
        df = float(min(k10, k01) - 1)
    else:
        vx, vy = float(np.trace(xx)), float(np.trace(yy))
        df = (vx + vy) ** 2 / (vx**2 / (k10 - 1) + vy**2 / (k01 - 1)) if vx + vy > 0 else min(k10, k01) - 1.0
    return AucCovariance(np.array(areas), xx + yy + xy + xy.T, min(df, by_size), m + n, k)


def swap_test(
    metric: str, baseline: Predictions, candidate: Predictions, *, n_resamples: int = 20_000, seed: int = 0
) -> Test:
    """Test a difference by swapping the two arms' decisions within whole people.

    If the arms were alike, nothing would change when a person's two sets of decisions are swapped. Accuracy and recall
    are counted through exactly for any number of people; precision and F1 for few, and by seeded draws for many. With
    one clip per person the test of accuracy is McNemar's exact one.

    Args:
        metric: accuracy, recall, precision or f1; for the AUC see `delong_by_person`.
        baseline: Its predictions.
        candidate: Of the same sequences.
        n_resamples: Draws where the ways to swap are too many.
        seed: Of the draws.

    Returns:
        The difference as the statistic. p is None for one person, or where the metric is undefined.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    check_paired(baseline, candidate)
    one, other = baseline.counts, candidate.counts
    observed = float(values(metric, other.sum(axis=0)) - values(metric, one.sum(axis=0)))
    test = functools.partial(
        Test, n=baseline.n, n_subjects=baseline.n_subjects, method=TestMethod.SWAP_EXACT, metric=metric
    )
    if baseline.n_subjects < 2:
        return test(None, None, reason=Reason.ONE_PERSON)
    if math.isnan(observed):
        return test(None, None, reason=Reason.NO_SEQUENCES)
    if metric in ("accuracy", "recall"):
        columns = [0, 2] if metric == "accuracy" else [0]
        change = (other - one)[:, columns].sum(axis=1).astype(int)
        p = _p_of_signs(change[change != 0].tolist())
    else:
        differing = (one != other).any(axis=1)
        p, n_draws = _p_of_swaps(metric, one, other, differing, observed, n_resamples, seed)
        if n_draws:
            return test(p, observed, method=TestMethod.SWAP_DRAWS, n_resamples=n_draws)
    return test(p, observed)


def _p_of_signs(changes: Sequence[int]) -> float:
    """Share of all choices of signs whose sum is at least as far from 0 as the sum of the changes.

    Changes of one size are a binomial; where all have one size, this is McNemar's exact test.
    """
    sizes, times = np.unique(np.abs(np.array(changes, dtype=np.int64)), return_counts=True)
    if not sizes.size:
        return 1.0
    if sizes.size == 1:
        n_up = sum(change > 0 for change in changes)
        return mcnemar(n_up, len(changes) - n_up)
    chance = np.ones(1)  # of the sum being -reach to reach
    for size, n in zip(sizes.tolist(), times.tolist(), strict=True):
        of_size = np.zeros(2 * size * n + 1)
        of_size[:: 2 * size] = stats.binom.pmf(np.arange(n + 1), n, 0.5)
        chance = signal.convolve(chance, of_size)
    reach = (chance.size - 1) // 2
    sums = np.abs(np.arange(-reach, reach + 1))
    return float(min(1.0, max(0.0, chance[sums >= abs(sum(changes))].sum())))


def _p_of_swaps(
    metric: str, one: F64, other: F64, differing: Bool, observed: float, n_resamples: int, seed: int
) -> tuple[float, int]:
    """P of all ways to swap the people who differ, or of draws; and the number of draws, 0 if all were counted."""
    n = int(differing.sum())
    if n == 0:
        return 1.0, 0
    change = (other - one)[differing]
    if exact := n <= ENUMERATED_PEOPLE:
        moved = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) @ change
    else:
        rng, at_once = np.random.default_rng(seed), max(1, MOST_SWAPS // n)
        sizes = [min(at_once, n_resamples - done) for done in range(0, n_resamples, at_once)]
        moved = np.concatenate([rng.integers(0, 2, (size, n)) @ change for size in sizes])
    differences = values(metric, other.sum(axis=0) - moved) - values(metric, one.sum(axis=0) + moved)
    # An undefined difference counts as extreme: it can only make the test more careful.
    extreme = int((~(np.abs(differences) < abs(observed) - TOLERANCE)).sum())
    return (extreme / 2**n, 0) if exact else ((extreme + 1) / (n_resamples + 1), n_resamples)


def compare(metric: str, baseline: Predictions, candidate: Predictions, seed: int = 0) -> Test:
    """Test a difference by person with the test that fits the metric; with three seeds or more, by person and seed.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    by_person = delong_by_person(baseline, candidate) if metric == "roc_auc" else None
    test = by_person or swap_test(metric, baseline, candidate, seed=seed)
    found = None if test.p is None else recipe_difference(metric, baseline, candidate)
    if found is None or test.p is None:
        return test
    return Test(
        max(test.p, found.p), found.value, test.n, test.n_subjects, TestMethod.PEOPLE_AND_SEEDS, metric,
        test.n_resamples,
    )  # fmt: skip


def swap_together(changes: F64, n_resamples: int = 20_000, seed: int = 0) -> list[float]:
    """Test several sums over people at once: p-values that hold for all of them together.

    The signs of a person's changes are turned together, so that what the comparisons have in common is used; Holm's
    correction takes the worst case. With 6 people it leaves 0.031 for any number of comparisons that all point one way.

    Args:
        changes: (n_people, n_comparisons) what each person adds to each difference.
        n_resamples: Draws where people are too many to go through all signs.
        seed: Of the draws.

    Returns:
        A two-sided p for each comparison; 1 where nobody adds anything.

    Source: Westfall & Young 1993, Resampling-Based Multiple Testing, algorithm 2.8 (step-down maxT), by sign changes.

    Example:
        >>> swap_together(np.array([[1.0, 2.0]] * 6))
        [0.03125, 0.03125]
    """
    n_people = len(changes)
    size = np.sqrt((changes**2).sum(axis=0))
    scaled = changes / np.where(size > 0, size, 1.0)
    observed = np.abs(scaled.sum(axis=0))
    order = np.argsort(-observed)
    if exact := n_people <= ENUMERATED_PEOPLE:
        batches: Iterable[np.ndarray[Any, np.dtype[Any]]] = [
            1.0 - 2 * ((np.arange(2**n_people)[:, None] >> np.arange(n_people)) & 1)
        ]
    else:
        rng, at_once = np.random.default_rng(seed), max(1, MOST_SWAPS // n_people)
        sizes = [min(at_once, n_resamples - done) for done in range(0, n_resamples, at_once)]
        batches = (1.0 - 2 * rng.integers(0, 2, (n, n_people), dtype=np.int8) for n in sizes)
    extreme = np.zeros(order.size, dtype=np.int64)
    for signs in batches:
        drawn = np.abs(signs @ scaled)[:, order]
        largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]  # of this comparison and those after it
        extreme += (largest >= observed[order] - TOLERANCE).sum(axis=0)
    shares = extreme / 2**n_people if exact else (extreme + 1) / (n_resamples + 1)
    p = np.ones(order.size)
    p[order] = np.maximum.accumulate(shares)
    return [float(one) for one in np.where(size > 0, p, 1.0)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of several arms against one baseline, so that any false "better" stays rare.

    Source: Holm 1979, Scandinavian Journal of Statistics 6:65-70.

    Example:
        >>> [round(p, 2) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    if not len(p_values):
        return []
    if bad := [p for p in p_values if not 0 <= p <= 1]:
        raise InvalidInput("p-values", found=str(bad[0]), expected="numbers from 0 to 1")
    order = np.argsort(p_values)
    steps = np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return [float(p) for p in adjusted]
