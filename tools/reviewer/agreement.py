"""Combines the decisions of several reviewers: which decisions count, disagreements, Cohen's kappa of each pair.

Pure; reads and writes nothing.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.statistics.intervals import wilson
from tools.reviewer.decisions import Decision, current

How = Literal["agreed", "majority", "preferred"]


@dataclass(frozen=True)
class Outcome:
    """What the reviewers of one sequence decided together.

    Attributes:
        decision: As in review.json; None where they disagree.
        how: By which rule it counts; None where they disagree.
        reviewers: Those who made this decision, sorted; all where they disagree.
        votes: Each reviewer's decision.
    """

    decision: str | None
    how: How | None
    reviewers: tuple[str, ...]
    votes: dict[str, str]


def settle(votes: Mapping[str, str], prefer: str | None = None) -> Outcome:
    """Settle the decisions on one sequence: unanimous, else the preferred reviewer's, else that of more than half.

    Args:
        votes: Each reviewer's decision; at least one.
        prefer: Whose decision counts where reviewers disagree.

    Example:
        >>> settle({"r1": "unsure", "r2": "label:smile", "r3": "unsure"}).decision
        'unsure'
    """
    known = dict(sorted(votes.items()))
    counts = Counter(known.values())
    decision, n_votes = counts.most_common(1)[0]
    how: How
    if len(counts) == 1:
        how = "agreed"
    elif prefer in known:
        decision, how = known[prefer], "preferred"
    elif 2 * n_votes > len(known):
        how = "majority"
    else:
        return Outcome(None, None, tuple(known), known)
    return Outcome(decision, how, tuple(who for who, what in known.items() if what == decision), known)


def settle_all(decisions: Sequence[Decision], prefer: str | None = None) -> dict[str, Outcome]:
    """Settle every sequence that has a decision, by sequence id."""
    votes: dict[str, dict[str, str]] = {}
    for reviewer, last_by_sequence in current(decisions).items():
        for sequence_id, last in last_by_sequence.items():
            votes.setdefault(sequence_id, {})[reviewer] = last.decision
    return {sequence_id: settle(found, prefer) for sequence_id, found in sorted(votes.items())}


@dataclass(frozen=True)
class Kappa:
    """How far two reviewers agree beyond chance.

    Attributes:
        reviewers: The two, sorted.
        n: Sequences that both decided on without seeing the other's decision.
        agreement: Share of those with the same decision from both; None without any.
        kappa: Cohen's kappa; None where chance alone would always agree (both only ever made the same one decision).
        low: Lower 95 % bound of kappa, or None.
        high: Upper bound.
        table: Counts of pairs of decisions: the first reviewer's, then the second's.
    """

    reviewers: tuple[str, str]
    n: int
    agreement: float | None
    kappa: float | None
    low: float | None
    high: float | None
    table: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "reviewers": list(self.reviewers),
            "n_sequences": self.n,
            "agreement": self.agreement,
            "kappa": self.kappa,
            "kappa_low": self.low,
            "kappa_high": self.high,
            "table": self.table,
        }


def kappas(decisions: Sequence[Decision]) -> list[Kappa]:
    """Compute Cohen's kappa of each pair of reviewers.

    Only decisions made without seeing the other's count: having seen it biases towards agreement.
    """
    alone = current([decision for decision in decisions if not decision.saw_others])
    found = []
    for first, second in itertools.combinations(sorted(alone), 2):
        both = sorted(set(alone[first]) & set(alone[second]))
        pairs = [(alone[first][name].decision, alone[second][name].decision) for name in both]
        found.append(measure_kappa((first, second), pairs))
    return found


def measure_kappa(reviewers: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Kappa:
    """Compute Cohen's kappa with its interval.

    Args:
        reviewers: The two reviewers.
        pairs: Both decisions on each sequence.

    Returns:
        Kappa over all decisions (labels, unsure and exclude are the categories). The interval is Wilson's of the
        share of agreement, moved to kappa's scale with the agreement by chance held fixed, so that it does not shrink
        to a point where all agree. Not corrected for sequences of one person being alike: over few people it is
        somewhat too narrow. Source: Cohen 1960, A coefficient of agreement for nominal scales (kappa, and the
        agreement by chance taken as fixed); Wilson's bounds instead of his normal ones are our own choice.
    """
    n = len(pairs)
    table: dict[str, dict[str, int]] = {}
    for one, other in pairs:
        table.setdefault(one, {}).setdefault(other, 0)
        table[one][other] += 1
    if not n:
        return Kappa(reviewers, 0, None, None, None, None, table)
    same = sum(one == other for one, other in pairs)
    firsts, seconds = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(firsts[what] * seconds[what] for what in firsts) / n**2
    if chance == 1:
        return Kappa(reviewers, n, 1.0, None, None, None, table)
    value = (same / n - chance) / (1 - chance)
    low, high = ((bound - chance) / (1 - chance) for bound in wilson(same, n))
    return Kappa(reviewers, n, same / n, value, max(-1.0, low), min(1.0, high), table)
