"""Which labels look wrong to models that have not seen the person: confident learning. Pure Python; reads nothing."""

import math
from collections.abc import Sequence

_ROUNDING = 1e-9


def flag(probabilities: Sequence[Sequence[float]], labels: Sequence[int]) -> list[bool]:
    """Flag the labels that confident learning takes for wrong.

    Args:
        probabilities: A row for each sequence, a number for each class, out of fold.
        labels: The classes' indices.

    Returns:
        True where another class is at least as probable as it is on average among the sequences of that class, and the
        most probable of those. Source: Northcutt, Jiang and Chuang 2021, Confident Learning, section 3.1 (the confident
        joint off its diagonal).

    Example:
        >>> flag([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.1, 0.9]], [0, 0, 1, 1])
        [False, False, True, False]
    """
    own: dict[int, list[float]] = {}
    for row, label in zip(probabilities, labels, strict=True):
        own.setdefault(label, []).append(row[label])
    least = {label: math.fsum(values) / len(values) - _ROUNDING for label, values in own.items()}
    found = []
    for row, label in zip(probabilities, labels, strict=True):
        confident = [(-row[index], index) for index, limit in least.items() if row[index] >= limit]
        found.append(bool(confident) and min(confident)[1] != label)
    return found
