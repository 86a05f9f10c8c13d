import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shared import power
from shared.answers import Answers
from shared.errors import InvalidInput
from shared.metrics import Confusion

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
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


@pytest.mark.parametrize(("share", "difference"), [(0.1, 0.2), (0.1, 0.0), (1.2, 0.5)])
def test_impossible_differences_are_refused(share: float, difference: float) -> None:
    with pytest.raises(InvalidInput):
        power.clips_needed(share, difference)


def test_the_observed_disagreement_and_its_correlation_by_hand() -> None:
    labels = np.ones(8, dtype=np.bool_)
    people = np.repeat(np.arange(4), 2)
    one = Answers(labels, np.array([0, 0, 1, 1, 1, 1, 1, 1.0]), 0.5, people)
    other = Answers(labels, np.array([1, 1, 0, 0, 1, 1, 1, 1.0]), 0.5, people)
    found = power.disagreement(one, other)
    assert (found.share, found.difference, found.correlation) == (0.5, 0.0, 1.0)  # both clips always go together
    assert (found.clips_per_person, found.weighted_clips_per_person) == (2.0, 2.0)


def test_correlated_clips_need_more_people_than_new_people_would() -> None:
    base = power.Disagreement(0.2, 0.08, 0.0, 5.0, 5.0, 60, 12)
    alike = power.plan(dataclasses.replace(base, correlation=0.3))
    apart = power.plan(base)
    assert alike is not None
    assert apart is not None
    assert alike.n_subjects / apart.n_subjects == pytest.approx(power.design_effect(5, 0.3), rel=0.1)
    assert alike.more_subjects == alike.n_subjects - 12
    assert alike.more_sequences == alike.n_sequences - 60


def test_one_clip_a_person_comes_near_connors_number_and_pays_for_the_exact_test() -> None:
    found = power.plan(power.Disagreement(0.25, 0.1, 0.0, 1.0, 1.0, 40, 40))
    assert found is not None
    classical = power.clips_needed(0.25, 0.1)
    assert classical < found.n_subjects < classical * 1.15


def test_a_difference_of_no_interest_is_not_chased_and_no_disagreement_still_gives_a_plan() -> None:
    found = power.plan(power.Disagreement(0.0, 0.0, 0.0, 4.0, 4.0, 48, 12))
    assert found is not None
    assert found.target == 0.05
    assert found.n_subjects >= 6
    assert power.plan(power.Disagreement(0.3, 0.0, 0.2, 4.0, 4.0, 48, 12), margin=0.0005) is None


def test_the_promised_people_find_the_difference_about_four_times_in_five() -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "sim_power.py", "--runs", "250", "--only", "2", "4", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    for row in json.loads(done.stdout):
        assert 0.73 < row["power"] < 0.89
