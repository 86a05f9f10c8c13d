"""Cohen's kappa of two raters, with an interval: how far they agree beyond chance.

Pure; reads and writes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.statistics.intervals import wilson


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
