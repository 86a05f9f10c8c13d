"""Whether play is seen in a mirror. Pure.

A mirrored picture is as good a picture as any: what tells it is that left and right are not alike. A person's pictures
lean to one side (hair, light from a window, what stands behind), and mirrored they lean to the other. Somebody who is
in training and in play is compared with themself. For others it can be known only where all training people lean
alike, as in one room; else it cannot.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from shared.arrays import F64, U8
from tools.drift.permutations import People

SIDE = 16  # of the small picture whose halves are compared
LEAST_PEOPLE = 7  # 2^-7 is below `ALPHA`
ALPHA = 0.01


class Unknown(StrEnum):
    """Why nobody can say whether play is mirrored."""

    FEW_PEOPLE = "few_people"
    NO_COMMON_SIDE = "no_common_side"
    LEANS_ELSEWHERE = "leans_elsewhere"  # neither as in training nor to the contrary


@dataclass(frozen=True)
class Mirrored:
    """Whether play leans to the other side.

    Attributes:
        is_mirrored: Whether that is shown; None where it cannot be known.
        p: Of play that leans to no side; None where too few could be compared.
        agreement: From -1 (mirrored) over 0 (leans elsewhere) to 1 (leans alike): the mean over people; None where
            there is nobody to compare.
        n_people: Who were compared.
        unknown: Why it cannot be known.
    """

    is_mirrored: bool | None
    p: float | None
    agreement: float | None
    n_people: int
    unknown: Unknown | None


def lean_of(picture_rgb_hwc_u8: U8) -> F64:
    """Return how a picture leans to its sides: (SIDE * SIDE / 2,) left half less mirrored right half, of length 1.

    A mirrored picture leans to the contrary.

    Example:
        >>> picture = np.zeros((32, 32, 3), np.uint8)
        >>> picture[:, :16] = 200
        >>> bool((lean_of(picture) > 0).all() and (lean_of(picture[:, ::-1]) < 0).all())
        True
    """
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(picture_rgb_hwc_u8), cv2.COLOR_RGB2GRAY)
    small = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float64)
    lean = (small - small[:, ::-1])[:, : SIDE // 2].reshape(-1)
    length = float(np.linalg.norm(lean))
    return np.asarray(lean / length if length > 1e-9 else lean)


def judge_mirroring(people: People, reference: F64, play: F64) -> Mirrored:
    """Say whether play is mirrored.

    Args:
        people: Who is where.
        reference: (n_both + n_reference_only, n) each person's mean lean in the reference, in the order of `people`.
        play: (n_both + n_play_only, n) the same in play.
    """
    n_both = len(people.both)
    agreements = list(_cosines(reference[:n_both], play[:n_both]))
    unknown = Unknown.FEW_PEOPLE
    if n_both < LEAST_PEOPLE and people.play_only:
        if len(reference) >= LEAST_PEOPLE and _p_below(-_leave_one_out(reference)) <= ALPHA:
            common = np.tile(reference.mean(axis=0), (len(people.play_only), 1))
            agreements += list(_cosines(common, play[n_both:]))
        else:
            unknown = Unknown.NO_COMMON_SIDE
    mean = float(np.mean(agreements)) if agreements else None
    if len(agreements) < LEAST_PEOPLE:
        return Mirrored(None, None, mean, len(agreements), unknown)
    p = _p_below(np.array(agreements))
    if p > ALPHA and _p_below(-np.array(agreements)) > ALPHA:
        return Mirrored(None, p, mean, len(agreements), Unknown.LEANS_ELSEWHERE)
    return Mirrored(p <= ALPHA, p, mean, len(agreements), None)


def _leave_one_out(reference: F64) -> F64:
    """Return how each training person leans along the others."""
    others = (reference.sum(axis=0, keepdims=True) - reference) / max(1, len(reference) - 1)
    return _cosines(reference, others)


def _cosines(one: F64, other: F64) -> F64:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / np.maximum(lengths, 1e-12))


def _p_below(agreements: F64) -> float:
    """Return p of a mean below 0, by all changes of sign (or 4,000 drawn ones)."""
    n = agreements.size
    if n <= 12:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = np.where(np.random.default_rng(0).random((4000, n)) < 0.5, -1.0, 1.0)
        signs[0] = 1.0
    return float((signs @ agreements <= agreements.sum() + 1e-12).mean())
