"""What a look at more people would say: the chance of each word, and the range of people that is open. Pure.

A few dozen people say little of how large a difference is and how far people differ. So both are drawn many times as
the pilot leaves them open, with a prior that most arms of one kind lie close together, and the verdict's rule is
applied to each draw. `tests/simulations/sim_plan.py` checks the chances (results in LOG.md).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from shared.arrays import F64
from shared.statistics.clustered_variance import ClusteredVariance, changes_by_person, clustered_variance
from shared.statistics.power import MOST_PEOPLE, POWER, Plan
from shared.statistics.predictions import Predictions
from shared.statistics.recipes import RecipeDifference, recipe_difference

PRIOR_MARGINS = 2.0
"""Standard deviation of differences between arms, before anything is measured, in margins (our own choice)."""
N_DRAWS = 4000
WORDS = ("better", "worse", "equal", "cannot_tell")
SETTLES = 0.8
LEAST_DF = 3.0


@dataclass(frozen=True)
class Outlook:
    """What looks at more people would say.

    Attributes:
        n_people: As planned, in all.
        low: People who would do if the difference is as large, and people as alike, as the pilot allows; one in ten.
        high: People who are needed if they are as the pilot allows at the other end; one in ten.
        chances: Of each word at the planned people.
        settled_low: Chance of a word other than "cannot tell" at the low end.
        settled_high: Likewise at the high end.
        if_alike: Chance of each word at the planned people if there is no true difference.
        n_equal: People who show with 80 % probability that arms are equal within the margin, if they are; None where
            that takes more than 100,000.
    """

    n_people: int
    low: int
    high: int
    chances: Mapping[str, float]
    settled_low: float
    settled_high: float
    if_alike: Mapping[str, float]
    n_equal: int | None

    @property
    def settles(self) -> bool:
        """Whether a look at the planned people ends with "cannot tell" in one of five cases at most."""
        return 1 - self.chances["cannot_tell"] >= SETTLES

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


@dataclass(frozen=True)
class Effect:
    """A difference as the data leave it open: draws of it, and of how far people differ.

    Attributes:
        value: Observed.
        true: (n_draws,) what it may be in truth.
        variance: (n_draws,) of one person's part.
    """

    value: float
    true: F64
    variance: F64


def effect_of(found: ClusteredVariance, n_people: int, margin: float, noise: F64, rng: np.random.Generator) -> Effect:
    """Draw what a difference may be in truth: normal around what was observed, drawn to 0 by the prior.

    Args:
        found: Of baseline and candidate.
        n_people: Whom it was found on.
        margin: The least difference of practical interest: the unit of the prior.
        noise: (n_draws,) standard normal.
        rng: Of the variance.
    """
    change = np.array([-1.0, 1.0])
    value = float(found.values[1] - found.values[0])
    df = min(max(found.df, LEAST_DF), 10.0 * n_people)
    # Few disagreements can show none: as if one margin-sized one were to be expected in so many people.
    variance = max(float(change @ found.covariance @ change) * n_people, margin * margin / 4)
    drawn = variance * df / rng.chisquare(df, noise.size)
    prior = (PRIOR_MARGINS * margin) ** 2
    posterior = 1 / (1 / prior + n_people / drawn)
    return Effect(value, value * posterior * n_people / drawn + np.sqrt(posterior) * noise, drawn)


def chance_of_margin(baseline: Predictions, candidate: Predictions, metric: str, margin: float) -> float | None:
    """Return the probability that the candidate is better by the margin or more; None where people are too few.

    Prior: differences between arms are normal around 0 with a standard deviation of two margins.
    """
    found = clustered_variance(metric, [baseline, candidate])
    if not isinstance(found, ClusteredVariance) or baseline.n_subjects < 2:
        return None
    rng = np.random.default_rng(0)
    effect = effect_of(found, baseline.n_subjects, margin, rng.standard_normal(N_DRAWS), rng)
    return float((effect.true >= margin).mean())


def look_ahead(
    baseline: Predictions, candidate: Predictions, plan: Plan, primary: str, protected: str | None, margin: float,
    alpha: float,
) -> Outlook | None:  # fmt: skip
    """Say what looks at more people would say.

    Args:
        baseline: Its predictions.
        candidate: Of the same sequences.
        plan: How many people are planned.
        primary: The metric that decides.
        protected: The metric that must not drop by more than the margin; None for none.
        margin: The least difference of practical interest.
        alpha: Two-sided error of the planned look.

    Returns:
        The outlook; None where the pilot does not say how far people differ.
    """
    n, rng = baseline.n_subjects, np.random.default_rng(0)
    metrics = [primary, *([protected] if protected not in (None, primary) and protected else [])]
    found = [clustered_variance(metric, [baseline, candidate]) for metric in metrics]
    parts = [changes_by_person(metric, [baseline, candidate]) for metric in metrics]
    spreads = [one for one in found if isinstance(one, ClusteredVariance)]
    if len(spreads) < len(metrics):
        return None
    alike = 0.0
    if len(metrics) == 2:
        norm = float(np.linalg.norm(parts[0]) * np.linalg.norm(parts[1]))
        alike = float(parts[0] @ parts[1]) / norm if norm > 0 else 0.0
    mix = np.array([[1.0, 0.0], [alike, math.sqrt(max(0.0, 1 - alike * alike))]])
    before, after = (mix @ rng.standard_normal((2, N_DRAWS)) for _ in range(2))
    effects = [effect_of(one, n, margin, noise, rng) for one, noise in zip(spreads, before, strict=False)]
    step = 0.0 if primary == "roc_auc" else n / baseline.n  # the exact test counts whole clips

    recipes = recipe_difference(primary, baseline, candidate)  # their seeds stay what they are when people come in

    def chances(n_people: int, *, is_alike: bool = False) -> dict[str, float]:
        return _chances(effects, n, n_people, margin, alpha, after, step, recipes, is_alike=is_alike)

    need = (special.ndtri(1 - alpha / 2) + special.ndtri(POWER)) ** 2
    needed = need * effects[0].variance / np.maximum(np.abs(effects[0].true), margin) ** 2
    low, high = (math.ceil(bound) for bound in np.quantile(needed, [0.1, 0.9]))
    low, high = max(n + 1, min(low, plan.n_subjects)), min(MOST_PEOPLE, max(high, plan.n_subjects, n + 2))
    planned = chances(plan.n_subjects)
    reach = (special.ndtri(1 - alpha / 2) + special.ndtri((1 + POWER) / 2)) ** 2
    n_equal = math.ceil(reach * float(np.median(effects[0].variance)) / margin**2)
    return Outlook(
        n_people=plan.n_subjects, low=low, high=high, chances=planned,
        settled_low=1 - chances(low)["cannot_tell"], settled_high=1 - chances(high)["cannot_tell"],
        if_alike=chances(plan.n_subjects, is_alike=True), n_equal=n_equal if n_equal <= MOST_PEOPLE else None,
    )  # fmt: skip


def _chances(
    effects: list[Effect], n: int, n_people: int, margin: float, alpha: float, noise: F64, step: float,
    recipes: RecipeDifference | None, *, is_alike: bool,
) -> dict[str, float]:  # fmt: skip
    """Apply the verdict's rule to everybody, the people of the pilot and those who come in."""
    of_seeds, n_seeds = (recipes.of_seeds, recipes.n_seeds) if recipes else (0.0, 0)
    n_new = n_people - n if n_people > n else n_people  # a look at as many new people repeats the pilot
    t = float(special.stdtrit(n_people - 1, 1 - alpha / 2))
    values, halves = [], []
    for effect, z in zip(effects, noise, strict=False):
        true = 0.0 if is_alike else effect.true
        new = true + np.sqrt(effect.variance / n_new + of_seeds) * z
        values.append((n * effect.value + n_new * new) / n_people if n_people > n else new)
        if of_seeds:
            of_people = float(np.median(effect.variance)) / n_people
            t = RecipeDifference(0.0, of_people, of_seeds, n_people - 1.0, n_seeds).quantile(alpha)
        halves.append(t * np.sqrt(effect.variance / n_people + of_seeds))
    shift = step / n_people
    low, high = values[0] - halves[0] - shift, values[0] + halves[0] + shift
    holds, dropped = np.ones(N_DRAWS, dtype=bool), np.zeros(N_DRAWS, dtype=bool)
    if len(effects) > 1:
        holds, dropped = values[1] - halves[1] >= -margin, values[1] + halves[1] < -margin
    within = (low > -margin) & (high < margin)
    worse = dropped | (~within & (high < 0))
    equal, better = ~worse & within & holds, ~worse & ~within & (low > 0) & holds
    found = {"better": better, "worse": worse, "equal": equal, "cannot_tell": ~(better | worse | equal)}
    return {word: float(np.mean(found[word])) for word in WORDS}
