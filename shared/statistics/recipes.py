"""A difference of two recipes, not of two trained models: people and trainings both could have been others. Pure.

Trained again with another seed, the same recipe gives another model. With three seeds or more that luck is measured: a
difference then scatters over people and over seeds, which are crossed. A test over people alone takes the luck of a
training for a difference of recipes: with a skill that differs by 0.15 (a logit) between trainings it claims falsely in
20 to 39 % at 100 to 300 people with three seeds pooled (`tests/benchmarks/sim_recipes.py`, results in LOG.md).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from shared.arrays import Bool
from shared.statistics.clustered_variance import ClusteredVariance, clustered_variance
from shared.statistics.predictions import Predictions, place, values

LEAST_SEEDS = 3


@dataclass(frozen=True)
class RecipeDifference:
    """A difference, candidate minus baseline, with both of its variances.

    Attributes:
        value: Of the metric over all seeds.
        of_people: Variance over other people.
        of_seeds: Variance over other seeds, of the mean over these; holds a little of the people's, too.
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
        The difference; None with fewer than three seeds, with seeds that miss sequences, or where the metric is
        undefined for one of them.
    """
    n_seeds = baseline.n_seeds
    if n_seeds < LEAST_SEEDS or baseline.n != n_seeds * (int(baseline.clips.max()) + 1):
        return None
    found = clustered_variance(metric, [baseline, candidate])
    if not isinstance(found, ClusteredVariance):
        return None
    of_seeds = [
        _value(metric, candidate, baseline.seeds == seed) - _value(metric, baseline, baseline.seeds == seed)
        for seed in range(n_seeds)
    ]
    if not np.isfinite(of_seeds).all():
        return None
    change = np.array([-1.0, 1.0])
    return RecipeDifference(
        value=float(found.values[1] - found.values[0]),
        of_people=max(0.0, float(change @ found.covariance @ change)),
        of_seeds=float(np.var(of_seeds, ddof=1)) / n_seeds,
        df_people=max(1.0, min(found.df, baseline.n_subjects - 1.0)),
        n_seeds=n_seeds,
    )


def _value(metric: str, arm: Predictions, chosen: Bool) -> float:
    """Measure the predictions of one seed; NaN where that is undefined."""
    if metric != "roc_auc":
        return float(values(metric, np.bincount(arm.cells[chosen], minlength=4).astype(np.float64)))
    placed = place(arm.labels[chosen], arm.scores[chosen])
    return math.nan if placed is None else placed.auc
