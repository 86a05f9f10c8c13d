"""Clips as statistics: four numbers a channel, and models that learn from them.

Pure; knows no files. What has no value (nan) is left out; a legal 0 is a value.
"""

from collections.abc import Callable

import numpy as np

from shared.arrays import F64, Bool

Judge = Callable[[F64], F64]
_MOST_LEAF, _LEAVES = 20, 10


def summarise(clips: F64) -> F64:
    """Return the statistics of clips.

    Args:
        clips: (n, T, K) channels by step; nan where there is no value.

    Returns:
        (n, 4 K): all means, then standard deviations, maxima, minima; nan where a clip has no value at all.

    Example:
        >>> summarise(np.array([[[1.0], [3.0], [np.nan]]])).tolist()
        [[2.0, 1.0, 3.0, 1.0]]
    """
    known = ~np.isnan(clips)
    n = known.sum(1)
    some = np.maximum(n, 1)
    mean = np.where(known, clips, 0.0).sum(1) / some
    std = np.sqrt(np.where(known, (clips - mean[:, None]) ** 2, 0.0).sum(1) / some)
    most = np.where(known, clips, -np.inf).max(1)
    least = np.where(known, clips, np.inf).min(1)
    found = np.concatenate([np.where(n > 0, each, np.nan) for each in (mean, std, most, least)], axis=1)
    return np.asarray(found, np.float64)


def fit_logistic(inputs: F64, targets: Bool) -> Judge:
    """Fit a logistic regression on standardised statistics; what is missing is taken as usual."""
    from sklearn.linear_model import LogisticRegression

    mean = np.nan_to_num(np.nanmean(inputs, axis=0))
    scale = np.maximum(np.nan_to_num(np.nanstd(inputs, axis=0)), 1e-6)

    def standard(values: F64) -> F64:
        return np.asarray(np.nan_to_num((values - mean) / scale), np.float64)

    model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000).fit(standard(inputs), targets)
    return lambda values: np.asarray(model.predict_proba(standard(values))[:, 1], np.float64)


def fit_boosting(inputs: F64, targets: Bool) -> Judge:
    """Fit boosted trees, which know what is missing by themselves; few clips make small leaves."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    leaf = max(2, min(_MOST_LEAF, len(inputs) // _LEAVES))
    model = HistGradientBoostingClassifier(
        max_iter=100, class_weight="balanced", random_state=0, min_samples_leaf=leaf
    ).fit(inputs, targets)
    return lambda values: np.asarray(model.predict_proba(values)[:, 1], np.float64)
