import numpy as np
import pytest

from shared import metrics
from shared.errors import WrongUsage
from shared.thresholds import Objective, choose, parse_objective, selection_gap

# Sorted by score: - + - + + with these scores.
LABELS = np.array([False, True, False, True, True])
SCORES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
PEOPLE = ["a", "a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("youden", 0.6),  # 2 of 3 found, no false alarm: J = 0.67; every other threshold has less
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


def test_youden_equals_the_metrics_decision_threshold() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        labels, scores = rng.random(30) < 0.5, np.round(rng.random(30), 2)
        roc = metrics.roc_curve(labels, scores)
        found = choose(labels, scores, ["x"] * 30, Objective("youden"))
        assert roc is not None
        if found is not None:
            assert found.value == pytest.approx(metrics.youden(roc).decision_threshold)


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


@pytest.mark.parametrize("text", ["", "best", "recall", "recall:2", "youden:1", "false_alarms:x", "f1:0.5"])
def test_an_objective_that_is_none_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match=r"recall:0\.9"):
        parse_objective(text)


def test_the_gap_is_what_choosing_on_the_test_people_would_have_added() -> None:
    # honest at 0.8: 1 of 3 found, no false alarm: 0.6667; best at 0.6: 2 of 3 found: 0.8333
    assert selection_gap(LABELS, SCORES, 0.8) == pytest.approx(1 / 6)
    assert selection_gap(LABELS, SCORES, 0.6) == pytest.approx(0.0)
    assert selection_gap(LABELS[1:2], SCORES[1:2], 0.5) is None
