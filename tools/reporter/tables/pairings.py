"""All ways in which the answers behind two tables can pair up, and what McNemar's test says of them. Pure.

A table says how many clips an arm got right, not which. Between two tables of the same clips, the number of clips on
which the arms disagree is therefore open, from the fewest that fit to the most; the difference itself is fixed. This
file looks at all of them. It knows nothing of people: every clip counts as one from its own person.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from shared.statistics.significance import mcnemar

ALPHA = 0.05


@dataclass(frozen=True)
class Margins:
    """Two arms on the same clips of one class.

    Attributes:
        n: Clips.
        n_baseline: Of these, the baseline got right.
        n_candidate: Of these, the candidate got right.
    """

    n: int
    n_baseline: int
    n_candidate: int

    @property
    def n_pairings(self) -> int:
        """Number of ways to pair: one for each number of clips that both can have got right."""
        return (self.most_disagreements - self.fewest_disagreements) // 2 + 1

    @property
    def gain(self) -> int:
        """Clips that the candidate has right more than the baseline."""
        return self.n_candidate - self.n_baseline

    @property
    def fewest_disagreements(self) -> int:
        """Disagreements where one arm's right answers are all among the other's."""
        return abs(self.gain)

    @property
    def most_disagreements(self) -> int:
        """Disagreements where the arms are right on as different clips as can be."""
        right = self.n_baseline + self.n_candidate
        return min(right, 2 * self.n - right)


@dataclass(frozen=True)
class Pairings:
    """Every pairing that fits, summed up.

    Attributes:
        n: Clips.
        n_pairings: Ways to pair.
        gain: Clips that the candidate has right more than the baseline, the same in all of them.
        fewest_disagreements: Clips on which the arms disagree, at least.
        most_disagreements: And at most.
        p_min: Smallest exact two-sided McNemar p of all pairings; it belongs to the fewest disagreements.
        p_max: Largest one.
        n_significant: Pairings with p below 0.05.
    """

    n: int
    n_pairings: int
    gain: int
    fewest_disagreements: int
    most_disagreements: int
    p_min: float
    p_max: float
    n_significant: int

    @property
    def difference(self) -> float:
        """Candidate minus baseline as a share of the clips, -1 to 1."""
        return self.gain / self.n


def all_pairings(*classes: Margins) -> Pairings:
    """Look at every pairing of the answers in some classes together.

    Args:
        classes: One (recall, specificity) or both (accuracy); each clip is in one of them.

    Returns:
        Their summary.

    Example:
        >>> both = all_pairings(Margins(40, 30, 28), Margins(40, 22, 30))
        >>> both.n_pairings, both.p_min, round(both.p_max, 8)
        (121, 0.109375, 0.47988766)
    """
    gain = sum(part.gain for part in classes)
    fewest = sum(part.fewest_disagreements for part in classes)
    sizes = [part.n_pairings for part in classes]
    n_sums = sum(sizes) - len(sizes) + 1  # disagreements go up from the fewest in steps of two

    def p(step: int) -> float:
        n_disagreements = fewest + 2 * step
        return mcnemar((n_disagreements + gain) // 2, (n_disagreements - gain) // 2)

    # With the difference fixed, each further pair of disagreements (one a side) makes p larger, never smaller: so the
    # ends are the extremes, and the significant pairings are those up to some number of disagreements.
    n_significant_sums = bisect.bisect_left(range(n_sums), ALPHA, key=p)
    return Pairings(
        n=sum(part.n for part in classes),
        n_pairings=math.prod(sizes),
        gain=gain,
        fewest_disagreements=fewest,
        most_disagreements=fewest + 2 * (n_sums - 1),
        p_min=p(0),
        p_max=p(n_sums - 1),
        n_significant=_n_ways(sizes, n_significant_sums),
    )


def _n_ways(sizes: Sequence[int], n_sums: int) -> int:
    """Count the choices of one step in each run (of up to two) whose sum is below n_sums."""
    if len(sizes) == 1:
        return n_sums
    return sum(min(max(n_sums - step, 0), sizes[1]) for step in range(sizes[0]))
