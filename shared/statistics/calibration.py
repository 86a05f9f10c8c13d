"""Does a score of 0.8 mean four smiles in five: reliability, its error, and a temperature. Pure; no input or output.

The temperature is fitted on validation people, never on the test set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy import optimize, special

from shared.arrays import F64, Bool, Int
from shared.errors import InvalidInput
from shared.statistics.intervals import interval, wilson
from shared.statistics.metrics import check_scores
from shared.statistics.predictions import Predictions

N_BINS = 10
LEAST_SCORE = 1e-7
"""Scores are held this far from 0 and 1, where the logit is infinite (float32 can't tell 1 - 6e-8 from 1)."""
COLDEST, HOTTEST = 0.05, 20.0


@dataclass(frozen=True)
class Bin:
    """Sequences whose scores lie close together.

    Attributes:
        low: Scores from here, the first bin's including it,
        high: to here, including it.
        n: Sequences.
        mean_score: What the model says, on average.
        positive_share: What is true.
        interval_low: 95 % interval of positive_share, by person: lower end.
        interval_high: Its upper end.
    """

    low: float
    high: float
    n: int
    mean_score: float
    positive_share: float
    interval_low: float
    interval_high: float


def _share_bounds(positive: Bool, people: Int, sequence_ids: tuple[str, ...]) -> tuple[float, float]:
    """Return the interval of the share of positives, by person; all sequences of one person alone count as one."""
    _, numbers = np.unique(people, return_inverse=True)
    # A share of anything is an accuracy: that of saying what is counted.
    said = Predictions(np.ones(positive.size, dtype=np.bool_), positive.astype(np.float64), 0.5, numbers, sequence_ids)
    found = interval("accuracy", said)
    if found.low is None or found.high is None:
        return wilson(float(positive.mean()), 1.0)
    return found.low, found.high


@dataclass(frozen=True)
class Calibration:
    """How well scores are probabilities.

    Attributes:
        bins: The reliability curve; empty bins are left out.
        expected_error: Mean distance of score and truth over bins, weighted by n: from 0 (good) to 1. Few sequences
            make it larger than it is: compare it only at equal n.
        log_loss: Mean negative logarithm of the probability of the truth.
        brier_error: Mean squared distance of score and truth.
        n: Sequences.
    """

    bins: tuple[Bin, ...]
    expected_error: float
    log_loss: float
    brier_error: float
    n: int

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return {**asdict(self), "bins": [asdict(one) for one in self.bins]}

    @classmethod
    def from_document(cls, found: Mapping[str, Any]) -> "Calibration":
        """Read what `as_document` wrote."""
        return cls(**{**found, "bins": tuple(Bin(**one) for one in found["bins"])})


def _probabilities(labels: Sequence[bool] | Bool, scores: Sequence[float] | F64) -> tuple[Bool, F64]:
    label_array, score_array = check_scores(labels, scores)
    if bad := np.flatnonzero((score_array < 0) | (score_array > 1)).tolist():
        raise InvalidInput(
            f"scores: entry {bad[0] + 1}", found=f"{score_array[bad[0]]:g}", expected="probabilities from 0 to 1"
        )
    return label_array, score_array


def _log_loss(labels: Bool, logits: F64) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(labels, -logits, logits))))


def _logits(scores: F64) -> F64:
    return np.asarray(special.logit(np.clip(scores, LEAST_SCORE, 1 - LEAST_SCORE)), dtype=np.float64)


def calibration(
    labels: Sequence[bool] | Bool, scores: Sequence[float] | F64, n_bins: int = N_BINS, *,
    people: Int | None = None, sequence_ids: Sequence[str] = (),
) -> Calibration:  # fmt: skip
    """Measure how well scores are probabilities.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) from 0 to 1.
        n_bins: Of equal width.
        people: (n,) numbers of the people, for the intervals; None takes each sequence as of a person of its own.
        sequence_ids: (n,) names, see `shared.statistics.predictions.Predictions`; empty where none were given.

    Raises:
        InvalidInput: No scores, NaN, outside of 0 to 1, or no bin.

    Source: Naeini, Cooper & Hauskrecht 2015, AAAI (expected calibration error); Guo et al. 2017, ICML.

    Example:
        >>> round(calibration([True, True, False, False], [0.95, 0.75, 0.75, 0.15]).expected_error, 4)
        0.175
    """
    if n_bins < 1:
        raise InvalidInput("bins", found=str(n_bins), expected="at least 1")
    label_array, score_array = _probabilities(labels, scores)
    edges = np.linspace(0, 1, n_bins + 1)
    places = np.clip(np.searchsorted(edges, score_array, side="left") - 1, 0, n_bins - 1)
    bins = []
    for place in range(n_bins):
        inside = places == place
        if not inside.any():
            continue
        n, n_positive = int(inside.sum()), int(label_array[inside].sum())
        ids = tuple(sequence_ids[i] for i in np.flatnonzero(inside).tolist()) if len(sequence_ids) else ()
        low, high = _share_bounds(label_array[inside], np.arange(n) if people is None else people[inside], ids)
        bins.append(
            Bin(
                float(edges[place]), float(edges[place + 1]), n, float(score_array[inside].mean()), n_positive / n,
                low, high,
            )
        )  # fmt: skip
    error = sum(one.n * abs(one.mean_score - one.positive_share) for one in bins) / label_array.size
    return Calibration(
        bins=tuple(bins),
        expected_error=float(error),
        log_loss=_log_loss(label_array, _logits(score_array)),
        brier_error=float(np.mean((score_array - label_array) ** 2)),
        n=int(label_array.size),
    )


class NoTemperature(StrEnum):
    """Why no temperature was fitted."""

    ONE_CLASS = "one_class"
    NO_OPTIMUM = "no_optimum"  # the scores separate the classes perfectly or not at all


@dataclass(frozen=True)
class Temperature:
    """What to divide the logit by.

    Attributes:
        temperature: Above 1 softens scores, below 1 sharpens them; None where it can't be fitted.
        log_loss_before: On the sequences of the fit.
        log_loss_after: On the same sequences, so flattering.
        n: Sequences.
        reason: Why there is none; None where all is well.
    """

    temperature: float | None
    log_loss_before: float
    log_loss_after: float
    n: int
    reason: NoTemperature | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


def fit_temperature(labels: Sequence[bool] | Bool, scores: Sequence[float] | F64) -> Temperature:
    """Fit a temperature that minimises the log loss; on validation sequences.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) from 0 to 1.

    Returns:
        The temperature. It is None where one class is missing, all scores are 0.5, or the loss only falls toward the
        ends of 0.05 to 20: perfectly apart, or no better than chance.

    Raises:
        InvalidInput: No scores, NaN, or outside of 0 to 1.

    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, ICML, section 4.2.
    """
    label_array, score_array = _probabilities(labels, scores)
    logits = _logits(score_array)
    before, n = _log_loss(label_array, logits), int(label_array.size)
    if label_array.all() or not label_array.any():
        return Temperature(None, before, before, n, NoTemperature.ONE_CLASS)
    # In the inverse temperature the loss is convex.
    found = optimize.minimize_scalar(
        lambda inverse: _log_loss(label_array, logits * inverse), bounds=(1 / HOTTEST, 1 / COLDEST), method="bounded",
        options={"xatol": 1e-7},
    )  # fmt: skip
    temperature = 1 / float(found.x)
    if not COLDEST * 1.001 < temperature < HOTTEST * 0.999:
        return Temperature(None, before, before, n, NoTemperature.NO_OPTIMUM)
    return Temperature(temperature, before, float(found.fun), n)


def apply_temperature(scores: Sequence[float] | F64, temperature: float) -> F64:
    """Divide the logits by a temperature.

    Args:
        scores: (n,) from 0 to 1.
        temperature: Above 0.

    Returns:
        (n,) scores from 0 to 1, in the same order of size; 0.5 stays.

    Raises:
        InvalidInput: The temperature isn't above 0.

    Example:
        >>> [round(float(score), 4) for score in apply_temperature([0.5, 0.9], 2.0)]
        [0.5, 0.75]
    """
    if not temperature > 0:
        raise InvalidInput("temperature", found=f"{temperature:g}", expected="a number above 0")
    logits = _logits(np.asarray(scores, dtype=np.float64))
    return np.asarray(special.expit(logits / temperature), dtype=np.float64)
