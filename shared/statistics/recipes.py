"""A difference of two recipes, not of two trained models: people and trainings both could have been others. Pure.

Trained again with another seed, the same recipe gives another model. With three seeds or more that luck is measured: a
difference then scatters over people and over seeds, which are crossed. A test over people alone takes the luck of a
training for a difference of recipes: with a skill that differs by 0.15 (a logit) between trainings it claims falsely in
20 to 39 % at 100 to 300 people with three seeds pooled (`tests/simulations/sim_recipes.py`, results in LOG.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from shared.arrays import F64, Bool
from shared.statistics.clustered_variance import ClusteredVariance, changes_by_seed, clustered_variance
from shared.statistics.predictions import Predictions, part_and_whole, place, values

LEAST_SEEDS = 3
COMMON = 0.25
"""How much of what is neither of people nor of seeds alone is taken off the variance over seeds; the one over people
holds it as well. All of it would be right on average, but with three seeds intervals then hold the truth in down to
91 %; with a quarter in 94.6 to 98.6 %, over all sizes of the three parts (normal ones, 60,000 draws each; LOG.md)."""


@dataclass(frozen=True)
class RecipeDifference:
    """A difference, candidate minus baseline, or a metric of one arm, with both of its variances.

    Attributes:
        value: Of the metric over all seeds.
        of_people: Variance over other people.
        of_seeds: Variance over other seeds, of the mean over these; a part of what people add to it is taken off.
        df_people: Degrees of freedom of the first.
        n_seeds: Seeds; one more than the degrees of freedom of the second.
    """

    value: float
    of_people: float
    of_seeds: float
    df_people: float
    n_seeds: int

    @property
    def error(self) -> float:
        """Standard error of the value."""
        return math.sqrt(self.of_people + self.of_seeds)

    def quantile(self, alpha: float) -> float:
        """Return how many standard errors a difference must reach at a two-sided level.

        Between Student's t of people and of seeds, weighted by the variances. Satterthwaite's degrees of freedom, tried
        first, claim falsely in up to 7.7 % with three seeds.

        Source: Cochran & Cox 1957, Experimental Designs, section 4.14.
        """
        of_people, of_seeds = special.stdtrit([self.df_people, self.n_seeds - 1.0], 1 - alpha / 2).tolist()
        total = self.of_people + self.of_seeds
        return float((self.of_people * of_people + self.of_seeds * of_seeds) / total) if total else float(of_people)

    @property
    def p(self) -> float:
        """Two-sided p of no difference between the recipes."""
        if self.error < 1e-9:
            return 1.0 if abs(self.value) < 1e-9 else 0.0
        size = abs(self.value) / self.error

        def excess(log_p: float) -> float:
            return self.quantile(math.exp(log_p)) - size

        if excess(0.0) >= 0:
            return 1.0
        least = math.log(1e-12)
        return math.exp(least if excess(least) <= 0 else float(optimize.brentq(excess, least, 0.0)))

    def bounds(self, level: float) -> tuple[float, float]:
        """Return the interval of that level, within -1 and 1."""
        half = self.quantile(1 - level) * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)


def recipe_difference(metric: str, baseline: Predictions, candidate: Predictions) -> RecipeDifference | None:
    """Measure a difference over people and seeds.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        baseline: Predictions of several seeds; the number of the seed follows the id of a sequence (``seq_0001@2``).
        candidate: Of the same sequences and seeds.

    Returns:
        See `recipe_spread`.
    """
    return recipe_spread(metric, [baseline, candidate])


def recipe_spread(
    metric: str, arms: Sequence[Predictions], *, as_share: bool = False, found: ClusteredVariance | None = None
) -> RecipeDifference | None:
    """Measure a metric of one arm, or the difference of two, over people and seeds.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        arms: One, or two on the same sequences and seeds.
        as_share: See `shared.statistics.clustered_variance.clustered_variance`.
        found: What that returned for them; None measures it.

    Returns:
        The metric or difference; None with fewer than three seeds, with seeds that miss sequences, or where the metric
        is undefined for one of them.

    Source: variances of two crossed random effects by the analysis of variance: Searle, Casella & McCulloch 1992,
    Variance Components, section 4.3.
    """
    arm = arms[0]
    n_seeds = arm.n_seeds
    if n_seeds < LEAST_SEEDS or arm.n != n_seeds * (int(arm.clips.max()) + 1):
        return None
    spread = found or clustered_variance(metric, arms, as_share=as_share)
    if not isinstance(spread, ClusteredVariance):
        return None
    by_arm = [[_value(metric, one, arm.seeds == seed, as_share) for seed in range(n_seeds)] for one in arms]
    of_seeds = np.array(by_arm[-1]) - (np.array(by_arm[0]) if len(arms) > 1 else 0.0)
    if not np.isfinite(of_seeds).all():
        return None
    change = np.array([-1.0, 1.0][-len(arms) :])
    both = _residual(changes_by_seed(metric, arms, as_share=as_share))
    return RecipeDifference(
        value=float(change @ spread.values),
        of_people=max(0.0, float(change @ spread.covariance @ change)),
        of_seeds=max(0.0, float(np.var(of_seeds, ddof=1)) / n_seeds - COMMON * both),
        df_people=max(1.0, min(spread.df, arm.n_subjects - 1.0)),
        n_seeds=n_seeds,
    )


def _residual(changes: F64) -> float:
    """Return what of the variance of a sum is neither of people nor of seeds; the variance over either holds it."""
    used = changes[np.abs(changes).sum(axis=1) > 0]
    n_people, n_seeds = used.shape
    if n_people < 2:
        return 0.0
    left = used - used.mean(axis=1, keepdims=True) - used.mean(axis=0) + used.mean()
    return float((left**2).sum() * n_people * n_seeds / ((n_people - 1) * (n_seeds - 1)))


def _value(metric: str, arm: Predictions, chosen: Bool, as_share: bool) -> float:
    """Measure the predictions of one seed; NaN where that is undefined."""
    if metric == "roc_auc":
        placed = place(arm.labels[chosen], arm.scores[chosen])
        return math.nan if placed is None else placed.auc
    counts = np.bincount(arm.cells[chosen], minlength=4).astype(np.float64)
    if not as_share:
        return float(values(metric, counts))
    part, whole = part_and_whole(metric, counts)
    return float(part / whole) if whole else math.nan
