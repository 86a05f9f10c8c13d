"""Which of several approaches to ship, by a rule that is fixed before anybody looks. Pure; reads and writes nothing.

1. The leader has the highest primary metric; of equals the cheaper one leads.
2. Every pair is tested by person, with Holm's correction over all pairs: since the leader is found on these very
   people, any pair could have been the one that is looked at. One approach is better where test and interval agree.
3. Whatever the leader is not shown to be better than is not told apart from it.
4. Of these the cheapest is recommended that is shown to be better than the floor (always the larger class) and, if it
   was trained, than every approach that needs no training. Where there is none, the answer is "cannot tell".

Cheap is: no training, then fewer bytes to download, then less time a decision.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from shared.errors import InvalidInput
from shared.statistics.intervals import Interval, difference
from shared.statistics.power import Plan, plan_for
from shared.statistics.predictions import Predictions
from shared.statistics.significance import Test, compare, holm
from tools.reporter.ab.verdict import ALPHA, Because, in_sequences
from tools.reporter.config import MARGIN


class Ground(StrEnum):
    """What a choice rests on, or what stands against one."""

    SHOWN = "shown"  # the leader is better than each of the others
    CHEAPEST = "cheapest"  # of those that are not told apart from the leader
    FLOOR = "floor"  # the leader is not shown to be better than always the larger class
    FREE = "free"  # nor than an approach without training that is not shown to beat the floor itself
    FEW_PEOPLE = "few_people"  # whose predictions could not have shown anything, with so many pairs


@dataclass(frozen=True)
class Offer:
    """An approach as the rule sees it: its predictions and what it costs.

    Attributes:
        name: Of the approach.
        predictions: Of the same sequences as all others.
        intervals: Of each metric of these predictions.
        is_trained: Whether more than a threshold was learned from labels.
        download_bytes: What a page downloads for it.
        decision_ms: For one new picture; None where it was not measured.
    """

    name: str
    predictions: Predictions
    intervals: Mapping[str, Interval]
    is_trained: bool
    download_bytes: int
    decision_ms: float | None

    @property
    def cost(self) -> tuple[bool, int, float]:
        """What is compared to find the cheapest."""
        return self.is_trained, self.download_bytes, math.inf if self.decision_ms is None else self.decision_ms


@dataclass(frozen=True)
class Pair:
    """Two approaches on the same sequences.

    Attributes:
        one: The earlier one in the order of the offers.
        other: The later one.
        difference: Of the primary metric, one minus other.
        test: Of that difference, by person.
        p_adjusted: After Holm over all pairs; None where the test has no p.
        better: The one that is shown to be better; None where neither is.
    """

    one: str
    other: str
    difference: Interval
    test: Test
    p_adjusted: float | None
    better: str | None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


@dataclass(frozen=True)
class Choice:
    """What may be said of several approaches.

    Attributes:
        recommended: What to ship; None where that cannot be told.
        because: Why; one of `WEAK` where the figures cannot carry a choice.
        leader: The highest primary metric.
        values: The primary metric of each approach.
        level: Names that are not told apart from the leader, itself among them, the cheapest first.
        rival: Whom the leader must beat, so that another answer could be given; None where there is nobody.
        pairs: Every pair, by (one, other).
        primary: The metric that decides.
        floor: The approach that needs no training and no download.
        least_people: Fewer people could not have shown anything; None where the test has no such limit.
        plan: What would tell leader and rival apart; None where there is no rival, or no plan can be made.
        repeats: Predictions per sequence, where several seeds were pooled.
        margin: The least difference of practical interest.
        alpha: Of any false "better" among all pairs.
    """

    recommended: str | None
    because: Ground | Because
    leader: str
    values: Mapping[str, Interval]
    level: tuple[str, ...]
    rival: str | None
    pairs: Mapping[tuple[str, str], Pair]
    primary: str
    floor: str
    least_people: int | None
    plan: Plan | None
    repeats: float
    margin: float
    alpha: float = ALPHA

    def pair(self, one: str, other: str) -> Pair:
        """Return a pair in this direction: the difference is one minus other."""
        if (one, other) in self.pairs:
            return self.pairs[one, other]
        found = self.pairs[other, one]
        return replace(found, one=one, other=other, difference=_turned(found.difference))

    def is_better(self, one: str, other: str) -> bool:
        """Whether one is shown to be better than other."""
        return self.pair(one, other).better == one

    @property
    def is_within_margin(self) -> bool:
        """Whether leader and rival are as good as equal: the whole interval lies within the margin."""
        if self.rival is None:
            return False
        found = self.pair(self.leader, self.rival).difference
        return found.low is not None and found.high is not None and -self.margin < found.low <= found.high < self.margin

    @property
    def word(self) -> str:
        """``ship`` or ``cannot_tell``."""
        return "ship" if self.recommended is not None else "cannot_tell"


def choose(
    offers: Sequence[Offer],
    floor: str,
    *,
    primary: str = "accuracy",
    margin: float = MARGIN,
    alpha: float = ALPHA,
    plan_alpha: float | None = None,
    repeats: float = 1.0,
    seed: int = 0,
) -> Choice:
    """Choose what to ship.

    Args:
        offers: Two or more; the floor is one of them.
        floor: Name of the approach that always gives the larger class.
        primary: The metric that decides.
        margin: The least difference of practical interest, for plans.
        alpha: Of any false "better" among all pairs.
        plan_alpha: That of the look which is planned; None for the same.
        repeats: Predictions per sequence, where several seeds were pooled.
        seed: Of draws, where a test needs them.

    Raises:
        InvalidInput: One offer only, no floor among them, or predictions of different sequences.
    """
    named = {offer.name: offer for offer in offers}
    if len(named) < 2 or len(named) != len(offers) or floor not in named:
        raise InvalidInput("approaches", found=", ".join(named) or "none", expected=f"{floor} and another, each once")
    values = {name: offer.intervals[primary] for name, offer in named.items()}
    pairs = _compare_all(offers, primary, alpha, seed)
    leader = min(named, key=lambda name: (-_rank(values[name]), named[name].cost))
    found = Choice(
        recommended=None, because=Ground.SHOWN, leader=leader, values=values, level=(), rival=None, pairs=pairs,
        primary=primary, floor=floor, least_people=_least_people(primary, len(pairs), alpha), plan=None,
        repeats=repeats, margin=margin, alpha=alpha,
    )  # fmt: skip
    same = [name for name in named if name == leader or not found.is_better(leader, name)]
    found = replace(found, level=tuple(sorted(same, key=lambda name: named[name].cost)))
    found = _recommend(found, named)
    return replace(found, plan=_plan(found, named, alpha if plan_alpha is None else plan_alpha))


def weaken(choice: Choice, because: Because) -> Choice:
    """Turn a choice that the figures can't carry into "cannot tell"."""
    return replace(choice, recommended=None, because=because, rival=None, plan=None)


def _compare_all(
    offers: Sequence[Offer], primary: str, alpha: float, seed: int
) -> dict[tuple[str, str], Pair]:  # fmt: skip
    """Test every pair; a test without a p counts as p = 1, so that leaving it out gains nothing."""
    both = list(itertools.combinations(offers, 2))
    tests = [compare(primary, other.predictions, one.predictions, seed) for one, other in both]
    adjusted = holm([1.0 if test.p is None else test.p for test in tests])
    pairs = {}
    for (one, other), test, p in zip(both, tests, adjusted, strict=True):
        found = difference(primary, other.predictions, one.predictions, 1 - alpha)
        is_sure = test.p is not None and p < alpha and found.low is not None and found.high is not None
        better = None
        if is_sure and found.low is not None and found.low > 0:
            better = one.name
        elif is_sure and found.high is not None and found.high < 0:
            better = other.name
        p_adjusted = None if test.p is None else p
        pairs[one.name, other.name] = Pair(one.name, other.name, found, test, p_adjusted, better)
    return pairs


def _rank(found: Interval) -> float:
    return -1.0 if found.value is None else found.value


def _turned(found: Interval) -> Interval:
    """Return the interval of a difference the other way round."""
    value, low, high = (None if one is None else -one for one in (found.value, found.low, found.high))
    return replace(found, value=value, low=high, high=low)


def _least_people(primary: str, n_pairs: int, alpha: float) -> int | None:
    """Count the people whom the exact test needs before its smallest p, times the pairs, can be below alpha."""
    return None if primary == "roc_auc" else math.floor(math.log2(n_pairs / alpha)) + 2


def _recommend(found: Choice, named: Mapping[str, Offer]) -> Choice:
    """Apply the rule's last step, or say what stands against it."""
    of_leader = named[found.leader].predictions
    if of_leader.labels.all() or not of_leader.labels.any():
        return replace(found, because=Because.ONE_CLASS)
    free = [name for name, offer in named.items() if not offer.is_trained and name != found.floor]

    def is_eligible(name: str) -> bool:
        if name == found.floor or not found.is_better(name, found.floor):
            return False
        return not named[name].is_trained or all(found.is_better(name, one) for one in free)

    eligible = [name for name in found.level if is_eligible(name)]
    if eligible:
        chosen = eligible[0]
        rival = chosen if chosen != found.leader else None
        because = Ground.SHOWN if len(found.level) == 1 else Ground.CHEAPEST
        return replace(found, recommended=chosen, because=because, rival=rival)
    rival = found.floor
    if found.floor not in found.level:
        rival = next(name for name in found.level if name in free)
    because = Ground.FLOOR if rival == found.floor else Ground.FREE
    if found.least_people is not None and of_leader.n_subjects < found.least_people:
        because = Ground.FEW_PEOPLE
    return replace(found, because=because, rival=rival if rival != found.leader else None)


def _plan(found: Choice, named: Mapping[str, Offer], alpha: float) -> Plan | None:
    """Plan to tell leader and rival apart, as carefully as the smallest p of all pairs is looked at.

    Where they are as good as equal, nothing is left to settle.
    """
    if found.rival is None or found.is_within_margin or named[found.leader].predictions.n_subjects < 2:
        return None
    one, other = named[found.rival].predictions, named[found.leader].predictions
    plan = plan_for(found.primary, one, other, found.margin, alpha / len(found.pairs))
    if plan is None:
        return None
    if found.least_people is not None and plan.n_subjects < found.least_people:
        n_sequences = math.ceil(plan.n_sequences * found.least_people / plan.n_subjects)
        plan = replace(
            plan, n_sequences=n_sequences, n_subjects=found.least_people,
            more_sequences=max(0, n_sequences - other.n),
            more_subjects=max(0, found.least_people - other.n_subjects),
        )  # fmt: skip
    return in_sequences(plan, found.repeats)
