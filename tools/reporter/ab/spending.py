"""How much of the 5 % each look at a question may use, so that all looks together claim falsely in 5 % at most. Pure.

Who records more people and looks again has another chance to be misled by luck. The first look may use 3 of the 5 %;
it fixes for how many people the question is planned, and what is left is spent as people come in, slowly at first
(O'Brien-Fleming-like). A tenth of that is kept for whoever goes on beyond the plan. `tests/benchmarks/sim_looks.py`
checks the sum (results in LOG.md).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from shared.arrays import F64

ALPHA = 0.05
FIRST, AT_LARGEST = 0.03, 0.048
"""Spent by the first look, and by a look at as many people as were planned (our own choice)."""
UNPLANNED = 4
"""Without a plan the question is taken to end at so many times the people of the first look (our own choice)."""
LEAST = 1e-5
"""Where nothing may be spent: no difference of a sane size counts from here."""
_N_NODES = 300


@dataclass(frozen=True)
class Seen:
    """An earlier look.

    Attributes:
        n_people: People who were looked at.
        alpha: From which p on a difference counted.
    """

    n_people: int
    alpha: float


def spent_at(n_people: int, first: int, largest: int) -> float:
    """Return how much of the 5 % may be used until so many people were looked at.

    Args:
        n_people: People who were looked at by then, at least `first`.
        first: People of the first look.
        largest: People who were planned for, more than `first`.

    Source: Lan & DeMets 1983, Biometrika 70:659-663, the function that is like O'Brien & Fleming's, for what the first
    look leaves; information counted in people.

    Example:
        >>> [round(spent_at(n, 12, 60), 4) for n in (12, 36, 60, 120)]
        [0.03, 0.032, 0.048, 0.0495]
    """
    if n_people >= largest:
        return ALPHA - (ALPHA - AT_LARGEST) * (largest / n_people) ** 2
    share = max(0.0, (n_people - first) / (largest - first))
    if not share:
        return FIRST
    of_rest = 2 * float(special.ndtr(special.ndtri(ALPHA / 2) / math.sqrt(share))) / ALPHA
    return FIRST + (AT_LARGEST - FIRST) * of_rest


def level_of(seen: Sequence[Seen], n_people: int, spend: float) -> float:
    """Return from which p on a difference counts, where everybody of the earlier looks is looked at again.

    Args:
        seen: The earlier looks, each at more people than the one before.
        n_people: People of this look, more than those of the last one.
        spend: Probability to claim falsely at this look and at none before.

    Returns:
        A two-sided level: `spend` itself for the first look, more than `spend` for later ones, since looks at partly
        the same people resemble each other.

    Source: Armitage, McPherson & Rowe 1969, Journal of the Royal Statistical Society A 132:235-244 (the recursion).

    Example:
        >>> level_of([], 12, 0.03), round(level_of([Seen(12, 0.03)], 48, 0.018), 4)
        (0.03, 0.0202)
    """
    if spend <= LEAST:
        return LEAST
    if not seen:
        return spend
    places, weights = _unclaimed(seen)
    step = math.sqrt(n_people - seen[-1].n_people)
    total = float(weights.sum())

    def excess(z: float) -> float:
        reach = z * math.sqrt(n_people)
        inside = weights * (special.ndtr((reach - places) / step) - special.ndtr((-reach - places) / step))
        return total - float(inside.sum()) - spend

    z = float(optimize.brentq(excess, 0.0, 12.0, xtol=1e-6))
    return float(min(1.0, max(LEAST, 2 * special.ndtr(-z))))


def _unclaimed(seen: Sequence[Seen]) -> tuple[F64, F64]:
    """Places of the sum over people where no look has claimed anything, and their probabilities."""
    nodes, node_weights = np.polynomial.legendre.leggauss(_N_NODES)
    places, weights, before = np.zeros(1), np.ones(1), 0
    for look in seen:
        step = math.sqrt(look.n_people - before)
        reach = -float(special.ndtri(look.alpha / 2)) * math.sqrt(look.n_people)
        arrived = nodes * reach
        density = np.exp(-0.5 * ((arrived[:, None] - places) / step) ** 2) @ weights / (step * math.sqrt(2 * math.pi))
        places, weights, before = arrived, density * node_weights * reach, look.n_people
    return places, weights
