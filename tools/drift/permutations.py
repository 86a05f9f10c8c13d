"""What could be otherwise if play were like training: which person's moments count for which of both. Pure.

People are exchanged, never single moments, as moments of one person resemble each other. Somebody who is in both
populations is compared with themself: their two parts may change places. Those who are in one population only are
dealt anew among the populations. All that can happen is listed where it is little, else drawn.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from shared.arrays import F64, Bool

N_DRAWS = 4000


@dataclass(frozen=True)
class People:
    """Who is in which population.

    Attributes:
        both: Names of people in both.
        reference_only: Names of people of the reference alone.
        play_only: Names of people of play alone.
    """

    both: tuple[str, ...]
    reference_only: tuple[str, ...]
    play_only: tuple[str, ...]

    @classmethod
    def of(cls, reference: set[str], play: set[str]) -> "People":
        """Sort people by where they are."""
        return cls(*(tuple(sorted(who)) for who in (reference & play, reference - play, play - reference)))

    @property
    def n_deals(self) -> int:
        """In how many ways everybody could be dealt."""
        alone, n_play = len(self.reference_only) + len(self.play_only), len(self.play_only)
        return int(2 ** len(self.both) * comb(alone, n_play))

    @property
    def least_p(self) -> float:
        """The smallest p that a two-sided test of these people can give."""
        alone_ref, alone_play = len(self.reference_only), len(self.play_only)
        # A deal and its opposite say the same: with people in both, or as many alone here as there.
        has_opposite = bool(self.both) and (alone_ref == alone_play or not alone_ref * alone_play)
        has_opposite |= not self.both and alone_ref == alone_play
        return min(1.0, (2 if has_opposite else 1) / self.n_deals)


@dataclass(frozen=True)
class Deals:
    """Ways in which people are dealt; the first is the one that was found.

    Attributes:
        is_swapped: (n, n_both) whether a person's parts have changed places.
        is_play: (n, n_alone) whether a person of one population counts as play; the reference's people come first.
        is_complete: Whether these are all ways there are.
    """

    is_swapped: Bool
    is_play: Bool
    is_complete: bool

    def __len__(self) -> int:
        return len(self.is_swapped)


def deal(people: People, seed: int = 0, n_draws: int = N_DRAWS) -> Deals:
    """List or draw the ways in which people could be dealt.

    Example:
        >>> deals = deal(People(("a", "b"), ("c",), ("d",)))
        >>> len(deals), deals.is_complete  # two people swapped or not, and one of two alone in play
        (8, True)
    """
    n_both, n_ref, n_play = (len(who) for who in (people.both, people.reference_only, people.play_only))
    found_play = np.concatenate([np.zeros(n_ref, np.bool_), np.ones(n_play, np.bool_)])
    if people.n_deals <= n_draws:
        swaps = ((np.arange(2**n_both)[:, None] >> np.arange(n_both)) & 1).astype(np.bool_)
        plays = []
        for chosen in combinations(range(n_ref + n_play), n_play):
            plays.append(np.isin(np.arange(n_ref + n_play), chosen))
        plays.sort(key=lambda one: not np.array_equal(one, found_play))  # the one that was found comes first
        dealt = np.array(plays, dtype=np.bool_).reshape(len(plays), n_ref + n_play)
        return Deals(np.tile(swaps, (len(dealt), 1)), np.repeat(dealt, len(swaps), axis=0), is_complete=True)
    rng = np.random.default_rng(seed)
    is_swapped = rng.random((n_draws, n_both)) < 0.5
    is_play = np.array([rng.permutation(found_play) for _ in range(n_draws)], dtype=np.bool_)
    is_swapped[0], is_play[0] = False, found_play
    return Deals(is_swapped, is_play.reshape(n_draws, n_ref + n_play), is_complete=False)


def differences(people: People, deals: Deals, reference: F64, play: F64) -> F64:
    """Return the difference of play from the reference, for each deal and measure.

    Args:
        people: Who is where.
        deals: How they are dealt.
        reference: (n_both + n_reference_only, n_measures) a person's means in the reference, in the order of `people`.
        play: (n_both + n_play_only, n_measures) the same in play. NaN where a person has no such measure.

    Returns:
        (n_deals, n_measures) standardised over the deals: people in both by the mean of what they changed, others by
        the difference of two means, both put together by their numbers of people (Stouffer). 0 where nothing varies.
    """
    n_both = len(people.both)
    parts, weights = [], []
    if n_both:
        change = play[:n_both] - reference[:n_both]
        there = ~np.isnan(change)
        sign = np.where(deals.is_swapped, -1.0, 1.0)
        parts.append(_standardise((sign @ np.nan_to_num(change)) / np.maximum(there.sum(axis=0), 1)))
        weights.append(np.sqrt(there.sum(axis=0)))
    if people.reference_only and people.play_only:
        alone = np.concatenate([reference[n_both:], play[n_both:]])
        there, values = ~np.isnan(alone), np.nan_to_num(alone)
        means = []
        for dealt in (deals.is_play, ~deals.is_play):
            number = dealt.astype(float) @ there
            means.append(np.where(number > 0, (dealt.astype(float) @ values) / np.maximum(number, 1), np.nan))
        parts.append(_standardise(np.nan_to_num(means[0] - means[1])))
        n_ref, n_play = (
            int(np.max(part.sum(axis=0))) for part in (there[: -len(people.play_only)], there[-len(people.play_only) :])
        )
        weights.append(np.full(alone.shape[1], np.sqrt(n_ref * n_play / max(1, n_ref + n_play))))
    if not parts:
        return np.zeros((len(deals), reference.shape[1]))
    total = sum(part * weight for part, weight in zip(parts, weights, strict=True))
    return _standardise(np.asarray(total))


def _standardise(values: F64) -> F64:
    """Divide by the standard deviation over the deals; what does not vary is 0."""
    spread = np.sqrt((values**2).mean(axis=0))
    return np.where(spread > 1e-12, values / np.where(spread > 1e-12, spread, 1.0), 0.0)


def adjusted_p(found: F64) -> F64:
    """Return a p for each measure that holds for all of them together.

    Args:
        found: (n_deals, n_measures) standardised differences; the first deal is what was found.

    Source: single-step maxT: Westfall & Young 1993, Resampling-Based Multiple Testing, section 2.3.

    Example:
        >>> adjusted_p(np.array([[2.0, 0.1], [1.0, -2.0], [-2.0, 1.0], [0.5, 0.5]])).tolist()
        [0.75, 1.0]
    """
    sizes = np.abs(found)
    largest = sizes.max(axis=1)
    return np.asarray((largest[:, None] >= sizes[0][None, :] - 1e-9).mean(axis=0))
