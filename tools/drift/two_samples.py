"""How different two populations are: population stability, and a classifier that tries to tell them apart. Pure."""

from dataclasses import dataclass

import numpy as np

from shared.arrays import F64, Bool, Int
from shared.statistics.predictions import place
from tools.drift.permutations import Deals, People

N_BINS = 10
LEAST_PER_BIN = 8  # moments of the reference; fewer bins where there are fewer
LEAST_SHARE = 1e-3  # of a bin: an empty one would make the index infinite
N_FOLDS = 5
RIDGE = 1.0  # of standardised features: a few dozen people, a dozen features
N_CLASSIFIER_DEALS = 400
SOME, MUCH = 0.1, 0.25
"""From which a population stability index is called some and much. Source: the usual rule of credit scoring (Siddiqi
2006, Credit Risk Scorecards, chapter 9); what it is by chance among so few people is shown beside it."""


def stability_index(reference: F64, play: F64) -> float:
    """Return the population stability index of two histograms: the sum of (q - p) ln(q / p).

    Args:
        reference: (n_bins,) shares of the reference.
        play: (n_bins,) shares of play; both are held off 0.

    Example:
        >>> round(stability_index(np.array([0.5, 0.5]), np.array([0.25, 0.75])), 4)
        0.2747
    """
    return float(_indexes(reference[None], play[None])[0])


def _indexes(reference: F64, play: F64) -> F64:
    """Return the index of each pair of histograms, (n,)."""
    held = (np.maximum(one, LEAST_SHARE) for one in (reference, play))
    p, q = (one / one.sum(axis=1, keepdims=True) for one in held)
    return np.asarray(((q - p) * np.log(q / p)).sum(axis=1))


def edges_of(values: F64, weights: F64) -> F64:
    """Return the inner edges of bins that hold the same share of weighted values each; equal edges are one.

    A value that all have is a bin of its own.
    """
    there = ~np.isnan(values)
    n_bins = max(2, min(N_BINS, int(there.sum()) // LEAST_PER_BIN))
    if not there.any():
        return np.zeros(0)
    order = np.argsort(values[there], kind="stable")
    ordered, shares = values[there][order], np.cumsum(weights[there][order])
    at = np.searchsorted(shares / shares[-1], np.arange(1, n_bins) / n_bins, side="left")
    edges = np.unique(ordered[np.minimum(at, ordered.size - 1)])
    if ordered[0] == ordered[-1]:  # all alike: what is less, that value, what is more
        edges = np.array([np.nextafter(ordered[0], -np.inf), ordered[0]])
    return edges


def histograms(values: F64, edges: F64, owners: Int, n_owners: int) -> F64:
    """Return each owner's shares of the bins, (n_owners, n_bins): everybody counts once; 0 without a value."""
    there = ~np.isnan(values)
    bins = np.searchsorted(edges, values[there], side="left")
    counts = np.zeros((n_owners, edges.size + 1))
    np.add.at(counts, (owners[there], bins), 1.0)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), 0.0)


def stability_by_chance(people: People, deals: Deals, reference: F64, play: F64) -> F64:
    """Return the index for each deal of people, (n_deals,); the first is what was found.

    Args:
        people: Who is where.
        deals: How they are dealt.
        reference: (n, n_bins) each person's shares in the reference, in the order of `people`.
        play: (m, n_bins) the same in play.
    """
    n_both = len(people.both)
    alone = np.concatenate([reference[n_both:], play[n_both:]])
    kept = (~deals.is_swapped).astype(float)
    of_reference = kept @ reference[:n_both] + (1 - kept) @ play[:n_both] + (~deals.is_play).astype(float) @ alone
    of_play = kept @ play[:n_both] + (1 - kept) @ reference[:n_both] + deals.is_play.astype(float) @ alone
    return _indexes(_shares(of_reference), _shares(of_play))


def _shares(sums: F64) -> F64:
    total = sums.sum(axis=1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1), 1 / sums.shape[1])


@dataclass(frozen=True)
class Told:
    """How well a classifier tells play from training.

    Attributes:
        auc: Area under its ROC curve on people that it has not seen; 0.5 is not at all.
        p: Share of deals of people with an area at least as large.
        n_deals: How many were tried.
        weights: (n_features,) of the classifier of everybody, of standardised features; positive means more in play.
    """

    auc: float
    p: float
    n_deals: int
    weights: F64


def tell_apart(features: F64, is_play: Bool, owners: Int, people: People, deals: Deals, seed: int = 0) -> Told:
    """Try to tell play from training by a linear classifier, on people that it has not seen.

    Args:
        features: (n, n_features) of all moments, NaN where unknown.
        is_play: (n,) whether a moment is of play.
        owners: (n,) number of the person in ``people.both + people.reference_only + people.play_only``.
        people: Who is where.
        deals: How people could be dealt.
        seed: Of folds, and of the deals that are tried.

    Source: classifier two-sample test, Lopez-Paz & Oquab 2017 (ICLR), with folds and permutations by person.
    """
    known = ~np.isnan(features)
    columns = zip(features.T, known.T, strict=True)
    middles = np.array([float(np.median(column[there])) if there.any() else 0.0 for column, there in columns])
    filled = np.where(known, features, middles)
    spread = filled.std(axis=0)
    inputs = np.where(spread > 1e-9, (filled - filled.mean(axis=0)) / np.where(spread > 1e-9, spread, 1), 0.0)
    inputs = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    n_people = len(people.both) + len(people.reference_only) + len(people.play_only)
    rng = np.random.default_rng(seed)
    folds = rng.permutation(n_people) % min(N_FOLDS, n_people)
    labels = _labels(is_play, owners, len(people.both), deals)
    tried = np.arange(len(deals))
    if tried.size > N_CLASSIFIER_DEALS:
        tried = np.concatenate([[0], rng.choice(np.arange(1, len(deals)), N_CLASSIFIER_DEALS - 1, replace=False)])
    scores = _score_unseen(inputs, labels[tried], owners, folds)
    areas = np.array([_area(label, score) for label, score in zip(labels[tried], scores, strict=True)])
    weights = _fit(inputs, labels[:1])[:-1, 0]
    return Told(float(areas[0]), float((areas >= areas[0] - 1e-9).mean()), int(tried.size), weights)


def _labels(is_play: Bool, owners: Int, n_both: int, deals: Deals) -> Bool:
    """Return whether each moment counts as play, (n_deals, n)."""
    in_both = owners < n_both
    labels = np.empty((len(deals), is_play.size), dtype=np.bool_)
    labels[:, in_both] = is_play[in_both] ^ deals.is_swapped[:, owners[in_both]]
    labels[:, ~in_both] = deals.is_play[:, owners[~in_both] - n_both]
    return labels


def _fit(inputs: F64, labels: Bool) -> F64:
    """Fit ridge regressions on balanced targets, one a row of labels: (n_features + 1, n_labels)."""
    share = labels.mean(axis=1, keepdims=True)
    targets = np.where(labels, 0.5 / np.maximum(share, 1e-9), -0.5 / np.maximum(1 - share, 1e-9))
    penalty = RIDGE * np.eye(inputs.shape[1])
    penalty[-1, -1] = 1e-6  # the offset is free
    return np.asarray(np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ targets.T))


def _score_unseen(inputs: F64, labels: Bool, owners: Int, folds: Int) -> F64:
    """Score each moment by a classifier that has not seen its person, (n_labels, n)."""
    scores = np.zeros(labels.shape)
    for fold in np.unique(folds):
        unseen = folds[owners] == fold
        scores[:, unseen] = (inputs[unseen] @ _fit(inputs[~unseen], labels[:, ~unseen])).T
    return scores


def _area(labels: Bool, scores: F64) -> float:
    found = place(labels, scores)
    return 0.5 if found is None else found.auc
