"""What metrics and an ROC curve could be with other people, by resampling. Pure; reads and writes nothing.

Resamples people, not clips. Not what the printed intervals come from: over a few people the percentiles of a bootstrap
cover too rarely (LOG.md), and so does this band.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64, Int
from shared.statistics.predictions import Predictions, values

AT_ONCE = 64  # resamples: their weights of 10,000 sequences stay in the processor's cache
MOST_WEIGHTS = 2_000_000  # in memory at once: of many people there are some batches of draws


def strata_of(arm: Predictions) -> list[Int]:
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


def resampled(metric: str, arm: Predictions, weights: F64) -> F64:
    """Measure a metric on resampled people.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        arm: The predictions.
        weights: (n_resamples, n_subjects) how often each person occurs, see `person_weights`.

    Returns:
        (n_resamples,) the metric; NaN where it is undefined.

    Example:
        >>> arm = Predictions(np.array([True, False]), np.array([0.9, 0.2]), 0.5, np.array([0, 1]))
        >>> resampled("roc_auc", arm, np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
        [1.0, nan]
    """
    if metric != "roc_auc":
        return values(metric, weights @ arm.counts)
    ordered = np.sort(negatives := arm.scores[~arm.labels])
    negative_people = arm.people[~arm.labels][np.argsort(negatives, kind="stable")]
    positives, positive_people = arm.scores[arm.labels], arm.people[arm.labels]
    left, right = (np.searchsorted(ordered, positives, side=side) for side in ("left", "right"))
    has_ties = bool((left != right).any())
    areas = []
    for done in range(0, len(weights), AT_ONCE):
        drawn = np.ascontiguousarray(weights[done : done + AT_ONCE].T, dtype=np.float32)  # (n_subjects, n)
        before = np.zeros((ordered.size + 1, drawn.shape[1]), dtype=np.float32)  # whole numbers up to 16 million
        np.cumsum(drawn[negative_people], axis=0, out=before[1:])
        below = (before[left] + before[right]) / 2 if has_ties else before[left]
        of_positives = drawn[positive_people]
        whole = of_positives.sum(axis=0, dtype=np.float64) * before[-1]
        part = (of_positives * below).sum(axis=0, dtype=np.float64)
        areas.append(np.divide(part, whole, out=np.full(whole.size, np.nan), where=whole > 0))
    return np.concatenate(areas)


@dataclass(frozen=True)
class RocBand:
    """What an ROC curve could be with other people, point by point.

    Attributes:
        fpr: (n_points,) false positive rates from 0 to 1.
        low: (n_points,) lower bound of the true positive rate.
        high: (n_points,) upper bound.
        n_resamples: Of the people.
    """

    fpr: F64
    low: F64
    high: F64
    n_resamples: int


def roc_band(arm: Predictions, n_resamples: int = 1000, seed: int = 0, level: float = 0.95) -> RocBand | None:
    """Resample the people of an arm and return where its ROC curve lies then.

    Args:
        arm: Its predictions.
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
    strata, rng = strata_of(arm), np.random.default_rng(seed)
    at_once = max(1, MOST_WEIGHTS // arm.n_subjects)
    batches = (min(at_once, n_resamples - done) for done in range(0, n_resamples, at_once))
    curves = []
    for row in (row for n in batches for row in person_weights(strata, arm.n_subjects, n, rng)):
        drawn = row[people]
        hits = np.concatenate(([0.0], np.cumsum(drawn * labels)[ends]))
        misses = np.concatenate(([0.0], np.cumsum(drawn * ~labels)[ends]))
        if hits[-1] and misses[-1]:
            curves.append(np.interp(grid, misses / misses[-1], hits / hits[-1]))
    if not curves:
        return None
    low, high = np.quantile(np.array(curves), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return RocBand(grid, low, high, n_resamples)
