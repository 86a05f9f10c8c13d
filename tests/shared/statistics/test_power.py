import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared.errors import InvalidInput
from shared.statistics import power
from shared.statistics.metrics import Confusion
from shared.statistics.predictions import Predictions

SIMULATIONS = Path(__file__).parents[2] / "simulations"
BASELINE, TUNED = Confusion(tp=30, fn=10, tn=22, fp=18), Confusion(tp=28, fn=12, tn=30, fp=10)


def test_the_published_tables_need_173_to_556_clips() -> None:
    found = power.clips_from_tables(BASELINE, TUNED)
    assert found is not None
    assert (found.low, found.high) == (173, 556)
    assert (found.low_disagreement, found.high_disagreement) == (0.125, 0.4)  # 10 of 80 at least
    assert found.difference == pytest.approx(0.075)


def test_equal_tables_have_no_number_and_other_sequences_are_refused() -> None:
    assert power.clips_from_tables(BASELINE, BASELINE) is None
    with pytest.raises(InvalidInput, match=r"40 \+ 40 and 39 \+ 40"):
        power.clips_from_tables(BASELINE, Confusion(tp=30, fn=9, tn=22, fp=18))


def test_connors_formula_by_hand() -> None:
    # (1.95996 sqrt(0.2) + 0.84162 sqrt(0.2 - 0.01))^2 / 0.01 = (0.87652 + 0.36685)^2 / 0.01 = 154.6
    assert power.clips_needed(0.2, 0.1) == power.clips_needed(0.2, -0.1) == 155


@pytest.mark.parametrize(("share", "n"), [(1.0, 6), (0.9, 7)])
def test_no_fewer_clips_are_promised_than_the_exact_test_can_tell_from(share: float, n: int) -> None:
    # All disagreements in one direction: 6 of them reach p = 2 / 2^6 = 0.031, 5 do not.
    assert power.clips_needed(share, share) == n


@pytest.mark.parametrize(("share", "difference"), [(0.1, 0.2), (0.1, 0.0), (1.2, 0.5)])
def test_impossible_differences_are_refused(share: float, difference: float) -> None:
    with pytest.raises(InvalidInput):
        power.clips_needed(share, difference)


def test_the_observed_disagreement_and_its_correlation_by_hand() -> None:
    labels = np.ones(8, dtype=np.bool_)
    people = np.repeat(np.arange(4), 2)
    one = Predictions(labels, np.array([0, 0, 1, 1, 1, 1, 1, 1.0]), 0.5, people)
    other = Predictions(labels, np.array([1, 1, 0, 0, 1, 1, 1, 1.0]), 0.5, people)
    found = power.disagreement(one, other)
    assert found is not None
    assert (found.share, found.difference, found.correlation) == (0.5, 0.0, 1.0)  # both clips always go together
    assert (found.clips_per_person, found.weighted_clips_per_person) == (2.0, 2.0)


def test_correlated_clips_need_more_people_than_new_people_would() -> None:
    base = power.Disagreement("accuracy", 0.2, 0.08, 0.0, 5.0, 5.0, 60, 12, 60, 12)
    alike = power.plan(dataclasses.replace(base, correlation=0.3))
    apart = power.plan(base)
    assert alike is not None
    assert apart is not None
    assert alike.n_subjects / apart.n_subjects == pytest.approx(power.design_effect(5, 0.3), rel=0.1)
    assert alike.more_subjects == alike.n_subjects - 12
    assert alike.more_sequences == alike.n_sequences - 60


def test_one_clip_a_person_comes_near_connors_number_and_pays_for_the_exact_test() -> None:
    found = power.plan(power.Disagreement("accuracy", 0.25, 0.1, 0.0, 1.0, 1.0, 40, 40, 40, 40))
    assert found is not None
    classical = power.clips_needed(0.25, 0.1)
    assert classical < found.n_subjects < classical * 1.15


def test_a_difference_of_no_interest_is_not_chased_and_no_disagreement_still_gives_a_plan() -> None:
    found = power.plan(power.Disagreement("accuracy", 0.0, 0.0, 0.0, 4.0, 4.0, 48, 12, 48, 12))
    assert found is not None
    assert found.target == 0.05
    assert found.n_subjects >= 6
    assert power.plan(power.Disagreement("accuracy", 0.3, 0.0, 0.2, 4.0, 4.0, 48, 12, 48, 12), margin=0.0005) is None


def drawn(n_people: int, seed: int) -> tuple[Predictions, Predictions]:
    """Four clips per person, one of them positive; the candidate's scores lie further apart."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), 4)
    labels = np.arange(people.size) % 4 == 0
    one, other = (Predictions(labels, rng.normal(signal * labels, 1.0), signal / 2, people) for signal in (1.0, 1.6))
    return one, other


def test_a_plan_for_recall_counts_positive_clips_but_asks_for_all_of_a_persons_clips() -> None:
    pair = drawn(40, 1)
    found = power.disagreement(*pair, "recall")
    assert found is not None
    assert (found.n, found.n_subjects, found.n_sequences, found.clips_per_person) == (40, 40, 160, 1.0)
    plan = power.plan_for("recall", *pair)
    assert plan is not None
    assert (plan.metric, plan.n_sequences) == ("recall", 4 * plan.n_subjects)
    half = power.plan(dataclasses.replace(found, n_people=80))  # where only every second person gives a positive clip
    assert half is not None
    assert half.n_subjects == 2 * plan.n_subjects
    none = Predictions(np.zeros(4, dtype=np.bool_), np.zeros(4), 0.5, np.arange(4))
    assert power.plan_for("recall", none, none) is None


def test_a_plan_for_the_area_needs_fewer_people_the_larger_the_difference_and_none_is_made_up() -> None:
    pair = drawn(40, 1)
    near, far = (power.plan_for("roc_auc", *pair, margin) for margin in (0.2, 0.4))
    assert near is not None
    assert far is not None
    assert (near.metric, near.target, far.target) == ("roc_auc", 0.2, 0.4)
    assert near.n_subjects / far.n_subjects == pytest.approx(4, rel=0.25)  # the square of the target
    one_class = Predictions(np.ones(8, dtype=np.bool_), np.zeros(8), 0.5, np.arange(8))
    assert power.plan_for("roc_auc", one_class, one_class) is None


def test_precision_and_f1_are_planned_for_accuracy_and_the_plan_says_so() -> None:
    for metric in ("precision", "f1"):
        plan = power.plan_for(metric, *drawn(40, 1))
        assert plan is not None
        assert plan.metric == "accuracy"


def test_to_show_that_nothing_dropped_is_planned_for_the_margin_whatever_was_observed() -> None:
    plan = power.plan_for("recall", *drawn(40, 1), margin=0.08, as_if_equal=True)
    assert plan is not None
    assert (plan.metric, plan.target) == ("recall", 0.08)


def test_the_promised_people_find_the_difference_about_four_times_in_five() -> None:
    done = subprocess.run(
        [sys.executable, SIMULATIONS / "sim_power.py", "--runs", "250", "--only", "2", "4", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    for row in json.loads(done.stdout):
        assert 0.73 < row["power"] < 0.89
