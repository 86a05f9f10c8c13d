import numpy as np
import pytest
from scipy import special

from shared.statistics.intervals import difference, interval
from shared.statistics.methods import IntervalMethod, TestMethod
from shared.statistics.predictions import Predictions
from shared.statistics.recipes import RecipeDifference, recipe_difference
from shared.statistics.significance import compare, swap_test


def pooled(rates: list[float], n_people: int = 60, seed: int = 0) -> Predictions:
    """Predictions of one seed after the other, each right this often; five clips a person."""
    rng = np.random.default_rng(seed)
    n = n_people * 5
    labels = np.tile(np.arange(n) % 2 == 0, len(rates))
    right = np.concatenate([rng.random(n) < rate for rate in rates])
    ids = [f"q{i}" + (f"@{one + 1}" if one else "") for one in range(len(rates)) for i in range(n)]
    people = np.tile(np.repeat(np.arange(n_people), 5), len(rates))
    return Predictions(labels, np.where(right == labels, 0.9, 0.1), 0.5, people, tuple(ids))


def test_a_lucky_training_is_no_better_recipe_although_people_alone_say_so() -> None:
    """One of three seeds is far better: over people alone the recipe passes for better."""
    baseline, candidate = pooled([0.7, 0.7, 0.7]), pooled([0.72, 0.95, 0.7], seed=1)
    alone = swap_test("accuracy", baseline, candidate)
    assert alone.p is not None
    assert alone.p < 0.01
    test, interval = compare("accuracy", baseline, candidate), difference("accuracy", baseline, candidate)
    assert (test.method, interval.method) == (TestMethod.PEOPLE_AND_SEEDS, IntervalMethod.PEOPLE_AND_SEEDS)
    assert test.p is not None
    assert test.p > 0.05
    assert interval.low is not None
    assert interval.low < 0


@pytest.mark.parametrize("metric", ["accuracy", "recall", "precision", "f1", "roc_auc"])
def test_a_recipe_that_is_better_with_each_seed_is_found(metric: str) -> None:
    baseline, candidate = pooled([0.7] * 4), pooled([0.9] * 4, seed=1)
    test, interval = compare(metric, baseline, candidate), difference(metric, baseline, candidate)
    assert test.p is not None
    assert test.p < 0.05
    assert interval.low is not None
    assert interval.low > 0


@pytest.mark.parametrize("metric", ["accuracy", "recall", "precision", "f1", "roc_auc"])
def test_one_arm_holds_the_luck_of_its_trainings(metric: str) -> None:
    """Of three trainings one is far luckier; three that are alike leave the interval nearly as it was."""
    unlike, alike = interval(metric, pooled([0.7, 0.9, 0.75])), interval(metric, pooled([0.78, 0.78, 0.78]))
    assert unlike.method is alike.method is IntervalMethod.PEOPLE_AND_SEEDS
    widths = [(one.high or 0.0) - (one.low or 0.0) for one in (unlike, alike)]
    assert widths[0] > 2 * widths[1]
    assert widths[1] < 0.3


@pytest.mark.parametrize("n_seeds", [1, 2])
def test_fewer_than_three_seeds_say_nothing_of_recipes(n_seeds: int) -> None:
    baseline, candidate = pooled([0.7] * n_seeds), pooled([0.9] * n_seeds, seed=1)
    assert recipe_difference("accuracy", baseline, candidate) is None
    assert compare("accuracy", baseline, candidate).method is TestMethod.SWAP_EXACT


def test_p_and_interval_lie_between_those_of_people_and_of_seeds_alone_and_agree() -> None:
    found = RecipeDifference(value=0.08, of_people=0.0003, of_seeds=0.0005, df_people=40.0, n_seeds=3)
    size = 0.08 / np.sqrt(0.0008)
    low, high = (2 * special.stdtr(df, -size) for df in (40.0, 2.0))
    assert low < found.p < high
    assert found.bounds(1 - found.p)[0] == pytest.approx(0, abs=1e-6)
    assert RecipeDifference(0.0, 0.0, 0.0, 5.0, 3).p == 1.0


@pytest.mark.slow
def test_two_recipes_that_differ_by_luck_are_rarely_called_different() -> None:
    rng = np.random.default_rng(5)
    p_values = []
    for run in range(300):
        of_baseline, of_candidate = (0.75 + 0.03 * rng.standard_normal((2, 3))).tolist()
        arms = pooled(of_baseline, 100, 2 * run), pooled(of_candidate, 100, 2 * run + 1)
        p_values.append(compare("accuracy", *arms).p or 0.0)
    assert np.mean(np.array(p_values) < 0.05) < 0.08
