import math

import numpy as np
import pytest

from shared.errors import WrongUsage
from shared.statistics import metrics
from shared.statistics.thresholds import Objective, choose, parse_objective, selection_gap

# Sorted by score: - + - + + with these scores.
LABELS = np.array([False, True, False, True, True])
SCORES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
PEOPLE = ["a", "a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f1", 0.2),  # 3 found, 1 false alarm: 6/7; with 0.6 it is 4/5
        ("recall:1", 0.2),
        ("recall:0.6", 0.6),  # two of three are enough, without a false alarm
        ("false_alarms:60", 0.2),  # one of two negatives a window is 60 of 120 windows a minute
        ("false_alarms:1", 0.6),
    ],
)
def test_the_threshold_serves_its_objective(text: str, expected: float) -> None:
    found = choose(LABELS, SCORES, PEOPLE, parse_objective(text), windows_a_minute=120)
    assert found is not None
    assert found.value == pytest.approx(expected)
    assert found.is_met


def test_a_level_that_no_threshold_reaches_is_said_to_be_missed() -> None:
    found = choose(np.array([False, True]), np.array([0.9, 0.1]), ["a", "b"], Objective("false_alarms", 1.0))
    assert found is not None
    assert not found.is_met


def draw(rng: np.random.Generator, n: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw normal logits of both classes, apart by so much, and the scores."""
    labels = np.arange(n) % 2 == 0
    return labels, 1 / (1 + np.exp(-rng.normal(np.where(labels, apart / 2, -apart / 2), 1)))


def test_youden_of_two_even_clouds_lies_halfway() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    found = choose(scores > 0.5, scores, list("abcdef"), Objective("youden"))
    assert found is not None
    assert found.value == pytest.approx(0.5)  # symmetric around it


def test_youden_loses_less_than_the_top_of_the_curve() -> None:
    """Normal logits of equal spread: the truth is 0.5, and J at a threshold is known."""
    rng = np.random.default_rng(0)
    lost: dict[str, list[float]] = {"ours": [], "top": []}
    for _ in range(200):
        labels, scores = draw(rng, 40, apart=2.0)
        roc = metrics.roc_curve(labels, scores)
        found = choose(labels, scores, ["x"] * 40, Objective("youden"))
        assert roc is not None
        assert found is not None
        for name, value in (("ours", found.value), ("top", metrics.youden(roc).decision_threshold)):
            at = float(np.log(value / (1 - value)))
            reached = (math.erf((at + 1) / 2**0.5) - math.erf((at - 1) / 2**0.5)) / 2
            lost[name].append(math.erf(1 / 2**0.5) - reached)
    assert np.mean(lost["ours"]) < 0.6 * np.mean(lost["top"])


def test_few_peoples_threshold_is_drawn_to_where_it_is_expected_and_many_peoples_is_not() -> None:
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    labels = scores > 0.5
    apart = 1 / (1 + np.exp(-(np.log(scores / (1 - scores)) + 3)))  # a person who scores higher
    youden_ = Objective("youden")
    for n_people in (1, 2, 40):
        everyone = [str(number) for number in range(n_people) for _ in scores]
        all_labels, all_scores = np.tile(labels, n_people), np.tile(apart, n_people)
        own = choose(all_labels, all_scores, everyone, youden_)
        drawn = choose(all_labels, all_scores, everyone, youden_, toward=0.5)
        assert own is not None
        assert drawn is not None
        own_logit, logit = (float(np.log(each.value / (1 - each.value))) for each in (own, drawn))
        assert logit == pytest.approx(own_logit * n_people / (n_people + 1))
        if own.low is not None and own.high is not None:
            assert drawn.low is not None
            assert drawn.high is not None
            assert 0.5 < drawn.low < own.low
    kept = choose(labels, apart, list("aaaa"), Objective("recall", 0.9), toward=0.5)
    assert kept == choose(labels, apart, list("aaaa"), Objective("recall", 0.9))


def test_with_few_people_a_drawn_threshold_loses_less_on_other_people() -> None:
    """Each person's logits are shifted by a standard deviation of 1, about clouds 4 apart; 0.5 is right for all."""
    rng = np.random.default_rng(0)
    lost: dict[float | None, list[float]] = {None: [], 0.5: []}
    for _ in range(200):
        labels, scores = draw(rng, 4, apart=4.0)
        shifted = 1 / (1 + np.exp(-(np.log(scores / (1 - scores)) + rng.normal())))
        for toward, found in lost.items():
            chosen = choose(labels, shifted, ["x"] * 4, Objective("youden"), toward=toward)
            at = 0.0 if chosen is None else float(np.log(chosen.value / (1 - chosen.value)))
            found.append(abs(at))
    assert np.mean(lost[0.5]) < 0.7 * np.mean(lost[None])


def test_youden_keeps_to_the_curve_where_the_fit_does_not_hold() -> None:
    """Positives in a narrow band above 0.5, negatives spread far below and a few far above."""
    rng = np.random.default_rng(1)
    scores = np.concatenate([rng.uniform(0.50, 0.52, 200), rng.uniform(0, 0.49, 150), rng.uniform(0.99, 1, 50)])
    labels = np.arange(400) < 200
    found = choose(labels, scores, ["x"] * 400, Objective("youden"))
    assert found is not None
    assert found.value == pytest.approx(0.495, abs=0.01)


def test_youden_holds_scores_of_zero_and_one() -> None:
    found = choose(
        np.array([False, False, True, True]), np.array([0.0, 0.0, 1.0, 1.0]), list("abcd"), Objective("youden")
    )
    assert found is not None
    assert found.value == pytest.approx(0.5)


def test_the_interval_needs_three_people_and_holds_the_threshold_where_it_is_clear() -> None:
    rng = np.random.default_rng(1)
    labels = np.tile([True, False], 60)
    scores = np.clip(np.where(labels, 0.8, 0.3) + rng.normal(0, 0.03, 120), 0, 1)
    many = choose(labels, scores, [f"p{i // 6}" for i in range(120)], Objective("youden"))
    few = choose(labels, scores, [f"p{i % 2}" for i in range(120)], Objective("youden"))
    assert many is not None
    assert few is not None
    assert many.low is not None
    assert many.high is not None
    assert 0.3 < many.low <= many.value <= many.high < 0.8
    assert few.low is None


def test_one_class_or_nothing_to_gain_gives_no_threshold() -> None:
    assert choose(np.array([True, True]), np.array([0.1, 0.9]), ["a", "b"], Objective("youden")) is None
    assert choose(np.array([True, False]), np.array([0.1, 0.9]), ["a", "b"], Objective("youden")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "best",
        "recall",
        "recall:2",
        "youden:1",
        "false_alarms:x",
        "f1:0.5",
        "cost",
        "cost:1",
        "cost:0,1",
        "cost:1,nan",
        "cost:1,2,3",
    ],
)
def test_an_objective_that_is_none_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match=r"recall:0\.9"):
        parse_objective(text)


def test_the_gap_is_what_choosing_on_the_test_people_would_have_added() -> None:
    # honest at 0.8: 1 of 3 found, no false alarm: 0.6667; best at 0.6: 2 of 3 found: 0.8333
    assert selection_gap(LABELS, SCORES, 0.8) == pytest.approx(1 / 6)
    assert selection_gap(LABELS, SCORES, 0.6) == pytest.approx(0.0)
    assert selection_gap(LABELS[1:2], SCORES[1:2], 0.5) is None


def test_a_threshold_can_be_the_one_whose_mistakes_cost_least() -> None:
    labels = np.array([False, False, False, True, False, True, True])
    scores = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.9])

    def chosen(text: str) -> float:
        found = choose(labels, scores, ["a"] * 7, parse_objective(text))
        assert found is not None
        return found.value

    # Above 0.65 a laugh is missed; above 0.35 none is, and 0.6 is a false alarm.
    assert chosen("cost:2,1") == pytest.approx(0.65)
    assert chosen("cost:1,2") == pytest.approx(0.35)
    assert str(parse_objective("cost:1,2.5")) == "cost:1,2.5"
    assert parse_objective("cost:1,2.5").costs == (1.0, 2.5)
    same = choose(labels, 1 - scores, ["a"] * 7, parse_objective("cost:100,1"))
    assert same is not None
    assert not same.is_met  # nothing is called positive
    assert not (1 - scores > same.value).any()
