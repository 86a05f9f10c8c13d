"""How alike sequences of a take and of a person are."""

import numpy as np
import pytest

from shared.statistics.predictions import Predictions
from tools.reporter.practice.alikeness import find_alikeness, nested_correlations


def test_the_correlations_that_values_were_drawn_with_are_found() -> None:
    rng = np.random.default_rng(3)
    takes = np.repeat(np.arange(900), rng.integers(1, 5, 900))
    people = takes // 3
    values = 0.5 * rng.standard_normal(300)[people] + 1.0 * rng.standard_normal(900)[takes]
    values += rng.standard_normal(takes.size)
    found = nested_correlations(values, people, takes)
    assert found == pytest.approx((1.25 / 2.25, 0.25 / 2.25), abs=0.06)


def test_what_cannot_be_told_apart_is_not_told() -> None:
    one_each = np.arange(6)
    assert nested_correlations(np.ones(6), one_each // 2, one_each) is None  # a sequence a take
    assert nested_correlations(np.ones(6), one_each // 2, one_each // 2) is None  # a take a person
    assert nested_correlations(np.ones(8), np.repeat([0, 1], 4), np.repeat([0, 1, 2, 3], 2)) == (0.0, 0.0)


def test_seeds_of_one_sequence_are_one_and_unknown_takes_say_nothing() -> None:
    ids = tuple(f"q{i}{seed}" for seed in ("", "@2") for i in range(8))
    right = np.tile([1, 1, 0, 0, 1, 1, 0, 0], 2) > 0
    arm = Predictions(np.ones(16, dtype=bool), right.astype(float), 0.5, np.tile(np.repeat([0, 1], 4), 2), ids)
    takes = {f"q{i}": f"take_{i // 2}" for i in range(8)}
    (found,) = find_alikeness({"old": arm}, takes)
    assert (found.icc_take, found.icc_person, found.n_takes, found.sequences_per_take) == (1.0, 0.0, 4, 2.0)
    assert find_alikeness({"old": arm}, {"q0": "take_0"}) == []
