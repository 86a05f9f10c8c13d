"""Weights of a fusion, learned on validation people."""

import numpy as np
import pytest

from shared.arrays import F64, Bool
from shared.statistics import metrics
from tools.evaluator.fusion import Combination, combine, logits_of

HALF = {"one": 0.5, "other": 0.5}


def draw(seed: int, n: int, signals: tuple[float, float]) -> tuple[Bool, dict[str, F64], list[str]]:
    """Evidence of two members, independent and normal: one person a sequence."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2 == 0
    side = np.where(labels, 1.0, -1.0)
    values = [side * signal / 2 + rng.standard_normal(n) for signal in signals]
    return labels, dict(zip(HALF, values, strict=True)), [f"s{number}" for number in range(n)]


def auc(labels: Bool, scores: F64) -> float:
    roc = metrics.roc_curve(labels, scores)
    assert roc is not None
    return metrics.roc_auc(roc)


def test_weights_are_those_of_the_true_log_odds() -> None:
    # Normal evidence of unit variance, means +-1 and +-0.5: the log odds are 2 x one + 1 x other.
    found = combine(*draw(1, 40_000, (2.0, 1.0)), HALF)
    assert found.weights["one"] == pytest.approx(2.0, abs=0.1)
    assert found.weights["other"] == pytest.approx(1.0, abs=0.05)
    assert found.offset == pytest.approx(0.0, abs=0.05)


def test_a_member_that_is_stretched_and_shifted_counts_as_it_did_before() -> None:
    labels, logits, people = draw(2, 60, (1.5, 1.5))
    plain = combine(labels, logits, people, HALF)
    bent = combine(labels, {**logits, "other": 5 * logits["other"] - 7}, people, HALF)
    assert bent.weights["other"] == pytest.approx(plain.weights["other"] / 5, rel=1e-3)
    np.testing.assert_allclose(
        bent.score({**logits, "other": 5 * logits["other"] - 7}), plain.score(logits), rtol=0, atol=1e-4
    )


def test_the_fusion_of_two_independent_members_ranks_new_people_better_than_either() -> None:
    found = combine(*draw(3, 60, (1.6, 2.0)), HALF)
    labels, logits, _ = draw(4, 20_000, (1.6, 2.0))
    alone = [auc(labels, values) for values in logits.values()]
    assert auc(labels, found.score(logits)) > max(alone) + 0.02


def test_a_member_that_knows_nothing_or_the_opposite_does_not_count() -> None:
    labels, logits, people = draw(5, 400, (2.0, -2.0))
    found = combine(labels, logits, people, HALF)
    assert found.weights["other"] == 0.0
    constant = combine(labels, {**logits, "other": np.full(400, 0.3)}, people, HALF)
    assert constant.weights["other"] == 0.0
    np.testing.assert_allclose(constant.score(logits), found.score(logits), atol=1e-6)


def test_classes_without_an_error_give_weights_that_stay_finite() -> None:
    labels = np.array([True, True, False, False, True, False])
    sure = np.where(labels, 16.0, -16.0)
    found = combine(labels, {"one": sure, "other": sure}, list("abcdef"), HALF)
    assert max(found.weights.values()) < 1
    # Laplace: three of three positives are taken for four of five.
    np.testing.assert_allclose(found.score({"one": sure, "other": sure}), np.where(labels, 0.8, 0.2), atol=1e-3)


@pytest.mark.parametrize(
    ("labels", "people"),
    [([True, False, True, False], ["a", "a", "b", "b"]), ([True] * 4, ["a", "b", "c", "d"])],
    ids=["two people", "one class"],
)
def test_where_nothing_can_be_learned_members_count_alike_from_their_own_thresholds(
    labels: list[bool], people: list[str]
) -> None:
    logits = {"one": np.array([1.0, -1.0, 2.0, -2.0]), "other": np.array([3.0, 1.0, 4.0, 0.0])}
    found = combine(np.array(labels), logits, people, {"one": 0.5, "other": 0.8807970779778823})  # logits 0 and 2
    assert found == Combination({"one": 0.5, "other": 0.5}, pytest.approx(-1.0), is_learned=False)
    assert (found.score(logits) > 0.5).tolist() == [True, False, True, False]


def test_logits_are_finite_at_0_and_1() -> None:
    assert logits_of(np.array([0.0, 0.5, 1.0])).round(2).tolist() == [-16.12, 0.0, 16.12]
