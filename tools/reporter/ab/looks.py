"""A look at a question that may have been looked at before: from which p on a difference counts. Pure.

Who records more people and looks again has another chance to be misled by luck. The first look may use 3 of the 5 %;
it fixes for how many people the question is planned, and what is left is spent as people come in, slowly at first
(O'Brien-Fleming-like). A tenth of that is kept for whoever goes on beyond the plan. `tests/simulations/sim_looks.py`
checks the sum (results in LOG.md). Looks belong together where they ask the same of the same arms on people of whom
some are the same, or of a dataset that grew (`tools.reporter.ab.looks_log` finds them). Judging only people who were in
no earlier look belongs to it, too. Whoever says beforehand that there will be one look only has all 5 % for it, and
nothing later: a second look claims nothing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

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
Person = tuple[str, ...]
"""Marks of a person's first sequences: whoever shares one is the same, in a renamed copy or with more sequences."""


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


@dataclass(frozen=True)
class Past:
    """An earlier look.

    Attributes:
        people: Who was looked at.
        n_seen: People of this look and all before.
        largest: For how many people the question is planned.
        alpha: From which p on a difference counted.
        spent: Of the 5 %, by this look and all before.
    """

    people: tuple[Person, ...]
    n_seen: int
    largest: int
    alpha: float
    spent: float

    @classmethod
    def of(cls, look: "Look") -> "Past":
        """Keep what later looks must know."""
        return cls(look.people, look.n_seen, look.largest, look.alpha, look.spent)


@dataclass(frozen=True)
class Look:
    """A look at a question.

    Attributes:
        number: From 1; looks at the very same people share one.
        people: Who is looked at.
        n_new: Of them, people who were in no earlier look.
        n_seen: People of this look and all before.
        largest: For how many people the question is planned; the first look's plan fixes it.
        alpha: From which p on a difference counts.
        spent: Of the 5 %, by this look and all before.
    """

    number: int
    people: tuple[Person, ...]
    n_new: int
    n_seen: int
    largest: int
    alpha: float
    spent: float

    @property
    def is_only(self) -> bool:
        """Whether all 5 % are used, by a look that was to be the only one."""
        return self.spent >= ALPHA

    @property
    def left(self) -> float:
        """What later looks may use."""
        return ALPHA - self.spent

    @property
    def plan_alpha(self) -> float:
        """The level that a plan should count with: what a look at the planned people may use at least."""
        until = AT_LARGEST if self.spent < AT_LARGEST - 0.001 else ALPHA
        return max(LEAST, until - self.spent)

    def planned_for(self, n_people: int | None) -> "Look":
        """Fix for how many people the question is planned, at its first look; later looks change nothing."""
        if self.number > 1 or self.is_only or n_people is None or n_people <= self.n_seen:
            return self
        return replace(self, largest=n_people)

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        fields = asdict(self)
        return {**{key: fields[key] for key in fields if key != "people"}, "n_people": len(self.people)}


def next_look(past: Sequence[Past], people: Iterable[Person], *, is_only: bool = False) -> Look:
    """Say from which p on a difference counts at this look.

    Args:
        past: The earlier looks, oldest first.
        people: Who is looked at now.
        is_only: Whether a first look is the only one that there will be: it may use all 5 %, later ones nothing.

    Returns:
        The look. The very same people are no new look: nothing is spent, and the level is what it was. Where everybody
        of the earlier looks is looked at again, `level_of` gives the level; else (other people, or some of them) it
        is what may be spent, which is right whatever the looks have to do with each other.

    Example:
        >>> first = next_look([], [("a",), ("b",)])
        >>> first.alpha, first.largest, next_look([Past.of(first)], [("c",)]).n_new
        (0.03, 8, 1)
        >>> only = next_look([], [("a",), ("b",)], is_only=True)
        >>> only.alpha, next_look([Past.of(only)], [("a",), ("b",), ("c",)]).alpha
        (0.05, 1e-05)
    """
    now = tuple(people)
    if not past and is_only:
        return Look(1, now, len(now), len(now), len(now), ALPHA, ALPHA)
    if not past:
        return Look(1, now, len(now), len(now), max(UNPLANNED * len(now), 2), FIRST, FIRST)
    looks = _distinct(past)
    numbers = _number([one.people for one in looks] + [now])
    *before, these = numbers
    for number, (one, members) in enumerate(zip(looks, before, strict=True), start=1):
        if members == these:
            return Look(number, now, 0, one.n_seen, one.largest, one.alpha, one.spent)
    seen = set().union(*before)
    last, n_seen = looks[-1], len(seen | these)
    largest = looks[0].largest
    spent = max(last.spent, spent_at(n_seen, looks[0].n_seen, largest)) if n_seen > last.n_seen else last.spent
    alpha = max(LEAST, spent - last.spent)
    if seen <= these and all(one.alpha > LEAST or one.n_seen < n_seen for one in looks):
        alpha = level_of([Seen(one.n_seen, one.alpha) for one in looks], n_seen, spent - last.spent)
    return Look(len(looks) + 1, now, len(these - seen), n_seen, largest, alpha, spent)


def _distinct(past: Sequence[Past]) -> list[Past]:
    """Leave out looks at the very same people, which were no new ones."""
    kept: list[Past] = []
    for one in past:
        if not kept or one.n_seen > kept[-1].n_seen:
            kept.append(one)
    return kept


def _number(looks: Sequence[Sequence[Person]]) -> list[set[int]]:
    """Number the people of all looks: whoever shares a mark is one person."""
    known: dict[str, int] = {}
    found = []
    for people in looks:
        members = set()
        for person in people:
            number = next((known[mark] for mark in person if mark in known), len(known))
            known |= {mark: number for mark in person if mark not in known}
            members.add(number)
        found.append(members)
    return found
