"""People who give one class each, in numbers that are luck, and few people of whom two gave most."""

import numpy as np

from shared.statistics.intervals import interval
from shared.statistics.predictions import Predictions
from shared.statistics.significance import delong_by_person


def people_of_one_class(n_people: int, rng: np.random.Generator) -> Predictions:
    people = np.repeat(np.arange(n_people), rng.integers(1, 11, n_people))
    labels = (rng.random(n_people) < 0.5)[people]
    evidence = np.where(labels, 0.8, -0.8) + (0.6 * rng.standard_normal(n_people))[people]
    return Predictions(labels, evidence + rng.standard_normal(people.size), 0.0, people)


def test_precision_is_no_surer_than_the_luck_of_who_came_allows() -> None:
    """With each class's number taken as fixed, the interval held the truth in 82 % at 40 people."""
    rng = np.random.default_rng(4)
    true = people_of_one_class(40_000, rng).confusion.precision
    assert true is not None
    found = [interval("precision", people_of_one_class(40, rng)) for _ in range(200)]
    held = [one.low <= true <= one.high for one in found if one.low is not None and one.high is not None]
    assert np.mean(held) > 0.89


def test_two_people_who_gave_most_are_not_eight_people() -> None:
    """The printed p of DeLong's test was below 0.05 in 14 % of pairs of alike arms."""
    rng = np.random.default_rng(4)
    people = np.repeat(np.arange(8), [40, 30, 6, 4, 3, 3, 2, 2])
    labels = np.arange(people.size) % 2 == 0
    p_values = []
    for _ in range(200):
        clear = 0.8 + 0.8 * rng.standard_normal((2, 8))[:, people]
        scores = np.where(labels, clear, -clear) + rng.standard_normal((2, people.size))
        p_values.append(delong_by_person(*(Predictions(labels, one, 0.0, people) for one in scores)).p)
    assert np.mean([p is not None and p < 0.05 for p in p_values]) < 0.07
