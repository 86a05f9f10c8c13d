"""Combines the decisions of several reviewers: which decisions count, disagreements, Cohen's kappa of each pair.

Pure; reads and writes nothing.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.statistics.kappa import Kappa, measure_kappa
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
