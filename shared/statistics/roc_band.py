"""Resample people, not clips: the paired bootstrap of every metric of two arms. Pure; reads and writes nothing.

Not what the printed intervals come from (over a few people its percentiles cover too rarely, see LOG.md): it draws the
bands of curves, and shows how any number would scatter over other people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64, Bool, Int
from shared.errors import InvalidInput
from shared.statistics.predictions import METRICS, Answers, check_paired, values

CHUNK = 64  # resamples at a time: the cumulated weights of 10,000 sequences (3 MB) stay near the processor


@dataclass(frozen=True)
class Resampled:
    """Metrics over resampled people.

    Attributes:
        metrics: A (n_resamples, n_arms) array each; NaN where a resample does not define the metric.
        n_subjects: People that were resampled.
        method: In words for a table.
    """

    metrics: dict[str, F64]
    n_subjects: int
    method: str

    def percentiles(self, metric: str, level: float = 0.95) -> tuple[float, float] | None:
        """Return the percentile interval of the last arm minus the first, or of the only arm; None if undefined."""
        drawn = self.metrics[metric]
        difference = drawn[:, -1] - drawn[:, 0] if drawn.shape[1] > 1 else drawn[:, 0]
        defined = difference[~np.isnan(difference)]
        if not defined.size:
            return None
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


def strata_of(arm: Answers) -> list[Int]:
    """Group the people that are drawn among each other.

    Where each person has one class only, positive and negative people are drawn apart, so that their numbers stay.
    """
    has_positive = arm.counts[:, :2].any(axis=1)
    has_negative = arm.counts[:, 2:].any(axis=1)
    if (has_positive & has_negative).any() or has_positive.all() or has_negative.all():
        return [np.arange(arm.n_subjects)]
    return [np.flatnonzero(has_positive), np.flatnonzero(has_negative)]


def person_weights(strata: Sequence[Int], n_subjects: int, n_resamples: int, rng: np.random.Generator) -> F64:
    """Draw how often each person occurs in each resample: (n_resamples, n_subjects) counts."""
    weights = np.zeros((n_resamples, n_subjects))
    rows = np.arange(n_resamples)[:, None] * n_subjects
    for members in strata:
        drawn = members[rng.integers(0, members.size, (n_resamples, members.size))]
        weights += np.bincount((rows + drawn).ravel(), minlength=weights.size).reshape(weights.shape)
    return weights


def weighted_aucs(labels: Bool, scores: F64, people: Int, weights: F64) -> F64:
    """Compute the AUC of each resample from one sort: positives times the weight of the negatives below them.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) higher means more positive.
        people: (n,) numbers of the people from 0.
        weights: (n_resamples, n_subjects) of the people.

    Returns:
        (n_resamples,) areas; ties count one half; NaN where a resample lacks a class.
    """
    order = np.argsort(scores[~labels], kind="stable")
    negatives, positives = scores[~labels][order], scores[labels]
    negative_people, positive_people = people[~labels][order], people[labels]
    below = np.searchsorted(negatives, positives, side="left")
    up_to = np.searchsorted(negatives, positives, side="right")
    by_person = np.ascontiguousarray(weights.T, dtype=np.float32)  # (people, resamples)
    cumulated = np.zeros((negatives.size + 1, by_person.shape[1]), dtype=np.float32)  # whole numbers: exact to 2^24
    np.cumsum(by_person[negative_people], axis=0, out=cumulated[1:])
    positive_weights = by_person[positive_people]
    twice_won = cumulated[below]
    twice_won += cumulated[up_to]
    twice_won *= positive_weights
    won = twice_won.sum(axis=0, dtype=np.float64) / 2
    pairs = positive_weights.sum(axis=0, dtype=np.float64) * cumulated[-1]
    areas = np.full(weights.shape[0], np.nan)
    np.divide(won, pairs, out=areas, where=pairs > 0)
    return areas


def resample(arms: Sequence[Answers], n_resamples: int = 10_000, seed: int = 0) -> Resampled:
    """Resample the people of one arm, or of several on the same sequences, and measure each time.

    Args:
        arms: At least one; the people are drawn once for all, so differences are paired.
        n_resamples: At least 1.
        seed: The same seed gives the same numbers.

    Raises:
        InvalidInput: No arm, one person, or arms that did not answer the same sequences.
    """
    if not arms:
        raise InvalidInput("bootstrap", found="no arm", expected="at least one")
    for other in arms[1:]:
        check_paired(arms[0], other)
    first = arms[0]
    if first.n_subjects < 2:
        raise InvalidInput("bootstrap", found="one person", expected="at least two people to draw from")
    strata = strata_of(first)
    rng = np.random.default_rng(seed)
    metrics = {metric: np.empty((n_resamples, len(arms))) for metric in METRICS}
    for start in range(0, n_resamples, CHUNK):
        rows = slice(start, min(start + CHUNK, n_resamples))
        weights = person_weights(strata, first.n_subjects, rows.stop - start, rng)
        for number, arm in enumerate(arms):
            summed = weights @ arm.counts
            for metric in METRICS[:-1]:
                metrics[metric][rows, number] = values(metric, summed)
            metrics["roc_auc"][rows, number] = weighted_aucs(arm.labels, arm.scores, arm.people, weights)
    kind = "stratified bootstrap" if len(strata) > 1 else "bootstrap"
    return Resampled(metrics, first.n_subjects, f"{kind} over people, {n_resamples} resamples")


@dataclass(frozen=True)
class RocBand:
    """What an ROC curve could be with other people, point by point.

    Attributes:
        fpr: (n_points,) false positive rates from 0 to 1.
        low: (n_points,) lower bound of the true positive rate.
        high: (n_points,) upper bound.
        method: In words.
    """

    fpr: F64
    low: F64
    high: F64
    method: str


def roc_band(arm: Answers, n_resamples: int = 1000, seed: int = 0, level: float = 0.95) -> RocBand | None:
    """Resample the people of an arm and return where its ROC curve lies then.

    Args:
        arm: Its answers.
        n_resamples: At least 1.
        seed: The same seed gives the same band.
        level: Share of the resampled curves between the bounds, at each false positive rate.

    Returns:
        The band on 101 points; None for one person or one class. With few people it is too narrow.
    """
    if arm.n_subjects < 2 or arm.labels.all() or not arm.labels.any():
        return None
    order = np.argsort(-arm.scores, kind="stable")
    labels, people, ordered = arm.labels[order], arm.people[order], arm.scores[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    grid = np.linspace(0, 1, 101)
    weights = person_weights(strata_of(arm), arm.n_subjects, n_resamples, np.random.default_rng(seed))
    curves = []
    for row in weights:
        drawn = row[people]
        hits = np.concatenate(([0.0], np.cumsum(drawn * labels)[ends]))
        misses = np.concatenate(([0.0], np.cumsum(drawn * ~labels)[ends]))
        if hits[-1] and misses[-1]:
            curves.append(np.interp(grid, misses / misses[-1], hits / hits[-1]))
    if not curves:
        return None
    low, high = np.quantile(np.array(curves), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RocBand(grid, low, high, f"bootstrap over people, {n_resamples} resamples")
