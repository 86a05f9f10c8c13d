"""How good the best of several candidates is without what being chosen adds to its figure. Pure.

Of five arms that are alike the best looks better than it is, by what luck gave it. People are drawn with replacement;
the best on those drawn is measured on those who were not. `tests/reporter/ab/test_selection.py` holds the bias.
"""

from collections.abc import Sequence

import numpy as np

from shared.statistics.predictions import Predictions
from shared.statistics.roc_band import resampled

N_RESAMPLES = 1000
LEAST_PEOPLE = 6


def unflattered(metric: str, candidates: Sequence[Predictions], seed: int = 0) -> float | None:
    """Estimate the metric of the best candidate on other people.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        candidates: Two or more, on the same sequences.
        seed: Of the draws.

    Returns:
        The estimate; None for few people, or where the metric is undefined.

    Source: Tsamardinos, Greasidou & Borboudakis 2018, Machine Learning 107:1895-1922 (BBC-CV), by person.
    """
    n_people = candidates[0].n_subjects
    if len(candidates) < 2 or n_people < LEAST_PEOPLE:
        return None
    drawn = (
        np.random.default_rng(seed)
        .multinomial(n_people, np.full(n_people, 1 / n_people), N_RESAMPLES)
        .astype(np.float64)
    )
    left = (drawn == 0).astype(np.float64)
    inside = np.array([resampled(metric, one, drawn) for one in candidates])  # (n_candidates, n_resamples)
    outside = np.array([resampled(metric, one, left) for one in candidates])
    best = np.argmax(np.nan_to_num(inside, nan=-1.0), axis=0)
    found = outside[best, np.arange(N_RESAMPLES)]
    return float(np.nanmean(found)) if np.isfinite(found).any() else None
