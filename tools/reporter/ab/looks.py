"""A look at a question that may have been looked at before: from which p on a difference counts. Pure.

Looks belong together where they ask the same of the same arms on people of whom some are the same, or of a dataset
that grew (`tools.reporter.ab.looks_log` finds them). Judging only
people who were in no earlier look belongs to it, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tools.reporter.ab.spending import ALPHA, AT_LARGEST, FIRST, LEAST, UNPLANNED, Seen, level_of, spent_at

Person = tuple[str, ...]
"""Marks of a person's first sequences: whoever shares one is the same, in a renamed copy or with more sequences."""


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
        if self.number > 1 or n_people is None or n_people <= self.n_seen:
            return self
        return replace(self, largest=n_people)

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        fields = asdict(self)
        return {**{key: fields[key] for key in fields if key != "people"}, "n_people": len(self.people)}


def next_look(past: Sequence[Past], people: Iterable[Person]) -> Look:
    """Say from which p on a difference counts at this look.

    Args:
        past: The earlier looks, oldest first.
        people: Who is looked at now.

    Returns:
        The look. The very same people are no new look: nothing is spent, and the level is what it was. Where everybody
        of the earlier looks is looked at again, `level_of` gives the level; else (other people, or some of them) it
        is what may be spent, which is right whatever the looks have to do with each other.

    Example:
        >>> first = next_look([], [("a",), ("b",)])
        >>> first.alpha, first.largest, next_look([Past.of(first)], [("c",)]).n_new
        (0.03, 8, 1)
    """
    now = tuple(people)
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
