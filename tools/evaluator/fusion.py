"""Fuses the scores of several approaches into one: a weighted sum of their logits, learned on validation people. Pure.

    score = 1 / (1 + exp(-(offset + sum of weight x logit(score of a member))))

Each member's logits are calibrated first; then weights, none below 0, are fitted by logistic regression and drawn
towards each other, the more strongly the fewer people there are. A sequence without a face is decided by the members
that need none, with weights of their own. Nothing here sees a test person, and no threshold is chosen here. Reads and
writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special

from shared.arrays import F64, Bool
from shared.statistics.calibration import LEAST_SCORE

LEAST_PEOPLE = 3
PULL = 0.3
"""How strongly weights are drawn towards each other, in people. Our own choice (`tests/simulations/sim_fusion.py`)."""
_RIDGE = 1e-6  # keeps the fit of classes that can be told apart without an error from running away
_STEEPEST = 20.0


@dataclass(frozen=True)
class Combination:
    """A weighted sum of logits.

    Attributes:
        weights: Of each member's logit, by name; none is below 0.
        offset: Added to the sum.
        is_learned: False where the people allowed to learn nothing: then all members count alike, each from its own
            threshold.
    """

    weights: Mapping[str, float]
    offset: float
    is_learned: bool

    def score(self, logits: Mapping[str, F64]) -> F64:
        """Score sequences.

        Args:
            logits: (n,) of each member, by name; members that this combination does not know are not looked at.

        Returns:
            (n,) from 0 to 1.

        Example:
            >>> Combination({"a": 1.0, "b": 0.5}, -1.0, True).score({"a": np.zeros(1), "b": np.full(1, 2.0)}).tolist()
            [0.5]
        """
        total = np.asarray(sum(weight * logits[name] for name, weight in self.weights.items()), dtype=np.float64)
        return np.asarray(special.expit(self.offset + total), dtype=np.float64)

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return {"weights": dict(self.weights), "offset": self.offset, "is_learned": self.is_learned}


def logits_of(scores: F64) -> F64:
    """Return the logits of scores, which are held off 0 and 1.

    Example:
        >>> logits_of(np.array([0.5, 1.0])).round(2).tolist()
        [0.0, 16.12]
    """
    return np.asarray(special.logit(np.clip(scores, LEAST_SCORE, 1 - LEAST_SCORE)), dtype=np.float64)


def combine(
    labels: Bool,
    logits: Mapping[str, F64],
    subjects: Sequence[str],
    thresholds: Mapping[str, float],
    pull: float = PULL,
) -> Combination:
    """Learn a combination on validation people.

    Args:
        labels: (n,) True for the positive class.
        logits: (n,) of each member, by name.
        subjects: (n,) who is seen.
        thresholds: Each member's own threshold, from 0 to 1; used only where nothing can be learned.
        pull: How strongly weights are drawn towards each other, in people; 0 leaves them free.

    Returns:
        The combination. With too few people, one class, or no member that ranks better than chance, all count alike,
        each from its own threshold.

    Source: calibration by Platt 1999 (targets of Lin, Lin & Weng 2007); the sum of weighted logits is the logarithmic
    opinion pool (Genest & Zidek 1986, Statistical Science 1:114-135). That the pull loses least was measured (LOG.md).
    """
    fits = {name: _calibrate(labels, values) for name, values in logits.items()}
    n_people = len(set(subjects))
    good = {name: fit for name, fit in fits.items() if fit is not None}
    if n_people < LEAST_PEOPLE or not good:
        at = logits_of(np.array([thresholds[name] for name in logits]))
        return Combination(dict.fromkeys(logits, 1 / len(logits)), -float(at.mean()), is_learned=False)
    calibrated = np.stack([slope * logits[name] + offset for name, (slope, offset) in good.items()], axis=1)  # (n, K)
    weights, offset = _fit_weights(_soft_targets(labels), calibrated, pull / n_people)
    found = dict.fromkeys(logits, 0.0)
    for weight, (name, (slope, shift)) in zip(weights.tolist(), good.items(), strict=True):
        found[name] = weight * slope
        offset += weight * shift
    return Combination(found, offset, is_learned=True)


def _soft_targets(labels: Bool) -> F64:
    """Return what a fit aims at: a little off 0 and 1, so that few sequences do not make it certain."""
    n_positive = int(labels.sum())
    n_negative = labels.size - n_positive
    return np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))


def _calibrate(labels: Bool, logits: F64) -> tuple[float, float] | None:
    """Fit slope and offset of a logit; None where a class is missing or higher logits do not mean more positives."""
    if labels.all() or not labels.any() or logits.max() == logits.min():
        return None
    centre, spread = float(logits.mean()), float(logits.std())
    inputs = ((logits - centre) / spread)[:, None]
    weights, offset = _fit_weights(_soft_targets(labels), inputs, 0.0)
    slope = float(weights[0]) / spread
    return (slope, offset - slope * centre) if weights[0] > np.sqrt(_RIDGE) else None


def _fit_weights(targets: F64, inputs: F64, pull: float) -> tuple[F64, float]:
    """Minimise the mean log loss plus pull times the squared distances of the weights from their mean.

    Args:
        targets: (n,) from 0 to 1.
        inputs: (n, K).
        pull: 0 or more.

    Returns:
        (K,) weights from 0 up, and the offset.
    """
    n, n_members = inputs.shape

    def loss(found: F64) -> tuple[float, F64]:
        weights, total = found[:-1], inputs @ found[:-1] + found[-1]
        away = weights - weights.mean()
        value = np.mean(np.logaddexp(0, total) - targets * total) + pull * away @ away + _RIDGE * found @ found
        error = (special.expit(total) - targets) / n
        slopes = np.concatenate([inputs.T @ error + 2 * pull * away, [error.sum()]]) + 2 * _RIDGE * found
        return float(value), slopes

    start = np.append(np.full(n_members, 1 / n_members), 0.0)
    bounds = [(0.0, _STEEPEST)] * n_members + [(None, None)]
    result = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    return np.asarray(result.x[:-1], dtype=np.float64), float(result.x[-1])
