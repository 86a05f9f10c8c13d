"""Measures of moments against truth: event F1, area under precision and recall, hits, rank correlation, sign flips.

Pure; knows no files.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64, Bool

TOLERANCES_S = (2.0, 5.0)
HITS = (1, 5)
FEW_FILMS = 5
_EXACT_FILMS = 16
_N_FLIPS = 10_000


@dataclass(frozen=True)
class Matched:
    """How many onsets found a partner."""

    n_matched: int
    n_found: int
    n_true: int

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where there is nothing on either side."""
        both = self.n_found + self.n_true
        return 2 * self.n_matched / both if both else None

    def __add__(self, other: "Matched") -> "Matched":
        return Matched(self.n_matched + other.n_matched, self.n_found + other.n_found, self.n_true + other.n_true)


def match(found_s: Sequence[float], true_s: Sequence[float], tolerance_s: float) -> Matched:
    """Pair found with true onsets that lie within a tolerance, each at most once, as many as possible.

    Going through both in the order of time is enough: of times on a line no other pairing has more pairs.

    Example:
        >>> match([1.0, 2.0, 9.0], [0.5, 3.5, 20.0], 2.0)
        Matched(n_matched=2, n_found=3, n_true=3)
    """
    found, true = sorted(found_s), sorted(true_s)
    n_matched, place = 0, 0
    for onset_s in found:
        while place < len(true) and true[place] < onset_s - tolerance_s - 1e-9:
            place += 1
        if place < len(true) and true[place] <= onset_s + tolerance_s + 1e-9:
            n_matched, place = n_matched + 1, place + 1
    return Matched(n_matched, len(found), len(true))


def average_precision(labels: Bool, scores: F64) -> float | None:
    """Return the area under precision and recall: the mean precision at each step of recall; ties are one step.

    Returns:
        None where one class is missing. By chance it is the share of positives.

    Example:
        >>> average_precision(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.7, 0.1]))
        0.8333333333333333
    """
    if not labels.any() or labels.all():
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # of each group of equal scores
    n_hits, n_seen = hits[last], np.flatnonzero(last) + 1
    gained = np.diff(np.concatenate([[0], n_hits]))
    return float((gained * n_hits / n_seen).sum() / hits[-1])


def hit_at(
    k: int, onsets_s: Sequence[float], scores: Sequence[float], true_s: Sequence[float], tolerance_s: float
) -> bool:
    """Tell whether one of the k moments of the highest score lies at a true onset."""
    best = sorted(zip(scores, onsets_s, strict=True), key=lambda pair: (-pair[0], pair[1]))[:k]
    return match([onset_s for _, onset_s in best], true_s, tolerance_s).n_matched > 0


def kendall(scores: F64, ratings: F64) -> float | None:
    """Return Kendall's tau-b; None where either side is constant."""
    from scipy.stats import kendalltau

    if len(np.unique(scores)) < 2 or len(np.unique(ratings)) < 2:
        return None
    return float(kendalltau(scores, ratings).statistic)


@dataclass(frozen=True)
class FlipTest:
    """A sign-flip test of paired differences over films.

    Attributes:
        mean: Of the differences.
        p: Two-sided; None with five films or fewer, of which no such test can tell anything.
        n_films: That have a difference.
    """

    mean: float | None
    p: float | None
    n_films: int


def sign_flips(differences: Sequence[float], seed: int = 0) -> FlipTest:
    """Test whether differences, one a film, are centred on 0: each sign could as well be the other.

    All flips up to 16 films, else 10,000 drawn ones. Source: Fisher 1935, The Design of Experiments, section 21.

    Example:
        >>> sign_flips([0.1, 0.2, 0.1, 0.3, 0.2, 0.1]).p
        0.03125
    """
    values = np.asarray(differences, np.float64)
    n = len(values)
    if n == 0:
        return FlipTest(None, None, 0)
    mean = float(values.mean())
    if n <= FEW_FILMS:
        return FlipTest(mean, None, n)
    if n <= _EXACT_FILMS:
        signs = np.array(list(itertools.product((1, -1), repeat=n)))
        extreme = np.abs(signs @ values) >= abs(values.sum()) - 1e-9
        return FlipTest(mean, float(extreme.mean()), n)
    signs = np.random.default_rng(seed).choice((1, -1), size=(_N_FLIPS, n))
    extreme = np.abs(signs @ values) >= abs(values.sum()) - 1e-9
    return FlipTest(mean, float((extreme.sum() + 1) / (_N_FLIPS + 1)), n)


def draw_onsets(n: int, duration_s: float, gap_s: float, rng: np.random.Generator) -> list[float]:
    """Draw so many onsets at random, none nearer to the next than the gap where they have the room."""
    gap_s = min(gap_s, duration_s / n if n else gap_s)
    room_s = max(duration_s - gap_s * max(n - 1, 0), 0.0)
    return [float(onset) for onset in np.sort(rng.uniform(0, room_s, n)) + gap_s * np.arange(n)]


def uniform_onsets(n: int, duration_s: float) -> list[float]:
    """Return so many onsets at equal distances.

    Example:
        >>> uniform_onsets(2, 60.0)
        [15.0, 45.0]
    """
    return [duration_s * (number + 0.5) / n for number in range(n)]
