"""How alike the sequences of one take, and of one person, are: what more clips of the same takes would be worth. Pure.

Intervals and tests count people, which holds whatever takes have to do with each other. Where takes are known, this
says where the likeness lies: clips of one take that are all right or all wrong together are worth little more than one.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.arrays import F64, Int
from shared.statistics.predictions import Predictions, sequence_of


@dataclass(frozen=True)
class Alikeness:
    """Intraclass correlations of whether an arm is right.

    Attributes:
        arm: Whose predictions.
        icc_take: Of two sequences of one take, from 0 to 1.
        icc_person: Of two sequences of one person that are of different takes, from 0 to 1.
        sequences_per_take: Mean.
        n_takes: In all.
        n_subjects: People.
    """

    arm: str
    icc_take: float
    icc_person: float
    sequences_per_take: float
    n_takes: int
    n_subjects: int

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return asdict(self)


def find_alikeness(arms: Mapping[str, Predictions], takes: Mapping[str, str]) -> list[Alikeness]:
    """Measure how alike sequences of one take and of one person are.

    Args:
        arms: Predictions by arm, with sequence ids.
        takes: The take of each sequence; nothing is said where one is missing.

    Returns:
        One for each arm; none where each take gave one sequence, where nobody gave two takes, or for one person.
    """
    return [one for name, arm in arms.items() if (one := _of_arm(name, arm, takes)) is not None]


def _of_arm(name: str, arm: Predictions, takes: Mapping[str, str]) -> Alikeness | None:
    sequences = [sequence_of(prediction_id) for prediction_id in arm.sequence_ids]
    if not sequences or any(sequence not in takes for sequence in sequences):
        return None
    _, first = np.unique(arm.clips, return_index=True)
    n = first.size
    right = np.bincount(arm.clips, arm.decisions == arm.labels, n) / np.bincount(arm.clips, minlength=n)
    _, people = np.unique(arm.people[first], return_inverse=True)
    _, numbers = np.unique([takes[sequences[place]] for place in first], return_inverse=True)
    found = nested_correlations(right, people, numbers)
    if found is None:
        return None
    n_takes, n_people = int(numbers.max()) + 1, int(people.max()) + 1
    return Alikeness(name, found[0], found[1], n / n_takes, n_takes, n_people)


def nested_correlations(values: F64, people: Int, takes: Int) -> tuple[float, float] | None:
    """Estimate the intraclass correlations within takes, and within people across takes.

    Args:
        values: (n,) of each sequence.
        people: (n,) numbers from 0.
        takes: (n,) numbers from 0; a take is of one person.

    Returns:
        Of one take; of one person's different takes. None where the design cannot tell them apart. All values equal
        give 0.

    Source: analysis of variance of an unbalanced nested design: Searle, Casella & McCulloch 1992, Variance Components,
    section 3.6 and appendix F.1 (Henderson's method 1); components below 0 count as 0.

    Example:
        >>> values = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0])
        >>> nested_correlations(values, np.repeat([0, 1], 4), np.repeat([0, 1, 2, 3], 2))
        (1.0, 0.0)
    """
    n, n_people, n_takes = values.size, int(people.max()) + 1, int(takes.max()) + 1
    if not n > n_takes > n_people > 1:
        return None
    of_take, of_person = np.bincount(takes).astype(float), np.bincount(people).astype(float)
    person_of_take = np.zeros(n_takes, dtype=np.int64)
    person_of_take[takes] = people
    take_part = np.bincount(takes, values) ** 2 / of_take
    person_part = np.bincount(people, values) ** 2 / of_person
    whole = values.sum() ** 2 / n
    squares = float((values**2).sum())
    within = (squares - take_part.sum()) / (n - n_takes)
    between_takes = (take_part.sum() - person_part.sum()) / (n_takes - n_people)
    between_people = (person_part.sum() - whole) / (n_people - 1)
    shares = float((of_take**2 / of_person[person_of_take]).sum())
    take_size = (n - shares) / (n_takes - n_people)
    other_take_size = (shares - float((of_take**2).sum()) / n) / (n_people - 1)
    person_size = (n - float((of_person**2).sum()) / n) / (n_people - 1)
    take = max(0.0, (between_takes - within) / take_size)
    person = max(0.0, (between_people - within - other_take_size * take) / person_size)
    total = person + take + max(0.0, within)
    if total < 1e-12:
        return 0.0, 0.0
    return float((person + take) / total), float(person / total)
