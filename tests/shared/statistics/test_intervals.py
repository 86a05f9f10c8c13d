import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk
from statsmodels.stats.proportion import proportion_confint

from shared.errors import InvalidInput
from shared.statistics import intervals
from shared.statistics.intervals import Interval, interval
from shared.statistics.methods import IntervalMethod, Reason
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions, check_paired, make_predictions, place
from shared.statistics.roc_band import person_weights, strata_of

SIMULATIONS = Path(__file__).parents[2] / "simulations"


def of_people(labels: list[int], scores: list[float], subjects: str, threshold: float = 0.5) -> Predictions:
    return make_predictions([bool(label) for label in labels], scores, list(subjects), threshold)


def drawn(n_people: int, clips: int, signal: float = 1.5, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), clips)
    labels = np.arange(people.size) % 2 == 0
    scores = rng.normal(signal * labels, 1.0) + rng.normal(0, 0.5, n_people)[people]
    return Predictions(labels, scores, signal / 2, people)


def simulated(script: str, *flags: str) -> dict[str, dict[str, dict[str, float]]]:
    done = subprocess.run(
        [sys.executable, SIMULATIONS / script, *flags, "--json"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("n_right", "n"), [(52, 80), (58, 80), (0, 7), (7, 7), (1, 2)])
def test_wilson_equals_statsmodels(n_right: int, n: int) -> None:
    assert intervals.wilson(n_right, n) == pytest.approx(proportion_confint(n_right, n, method="wilson"), abs=1e-12)


def test_each_rate_of_people_with_one_clip_each_is_wilsons_with_its_own_n() -> None:
    arm = of_people([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.2, 0.1, 0.7, 0.3], "abcdef")
    recall = intervals.interval("recall", arm)
    assert (recall.value, recall.n, recall.n_subjects, recall.method) == (
        pytest.approx(2 / 3),
        3,
        3,
        IntervalMethod.WILSON,
    )
    assert (recall.low, recall.high) == pytest.approx(proportion_confint(2, 3, method="wilson"), abs=1e-12)
    assert intervals.interval("accuracy", arm).n == 6


def test_f1_is_turned_from_the_share_of_hits_among_all_that_matters() -> None:
    arm = of_people([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.2, 0.1, 0.7, 0.3], "abcdef")
    f1 = intervals.interval("f1", arm)  # TP 2, FN 1, FP 1: J = 2 / 4, F1 = 2 / 3
    low, high = proportion_confint(2, 4, method="wilson")
    assert (f1.value, f1.n) == (pytest.approx(2 / 3), 4)
    assert (f1.low, f1.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))


def test_clips_that_only_repeat_a_persons_answer_add_no_certainty() -> None:
    one_each = drawn(30, 1)
    ten_each = Predictions(
        np.repeat(one_each.labels, 10), np.repeat(one_each.scores, 10), one_each.threshold, np.repeat(np.arange(30), 10)
    )
    for metric in METRICS:
        single, repeated = intervals.interval(metric, one_each), intervals.interval(metric, ten_each)
        assert single.low is not None
        assert single.high is not None
        assert repeated.low is not None
        assert repeated.high is not None
        assert repeated.value == pytest.approx(single.value)
        assert repeated.high - repeated.low >= (single.high - single.low) * 0.9
        assert repeated.n_subjects == single.n_subjects


@pytest.mark.parametrize("metric", METRICS)
def test_one_person_is_told_to_say_nothing_of_others(metric: str) -> None:
    alone = of_people([1, 1, 0, 0], [0.9, 0.8, 0.1, 0.7], "aaaa")
    for found in (intervals.interval(metric, alone), intervals.difference(metric, alone, alone)):
        assert (found.low, found.high) == (None, None)
        assert found.reason


def test_one_class_leaves_what_needs_the_other_undefined_with_the_reason() -> None:
    arm = of_people([0, 0, 0, 0], [0.9, 0.8, 0.1, 0.7], "abcd")
    assert intervals.interval("recall", arm).reason == Reason.NO_SEQUENCES
    assert intervals.interval("roc_auc", arm).reason == Reason.ONE_CLASS
    assert intervals.interval("roc_auc", arm).value is None
    assert intervals.difference("roc_auc", arm, arm).reason == Reason.ONE_CLASS
    assert intervals.interval("accuracy", arm).low is not None


def test_a_perfect_score_is_not_certain() -> None:
    arm = of_people([1, 0] * 6, [0.9, 0.1] * 6, "aabbccddeeff")
    for metric in METRICS:
        found = intervals.interval(metric, arm)
        assert found.value == 1.0
        assert found.high == 1.0
        assert found.low is not None
        assert 0.4 < found.low < 0.85


def test_all_scores_equal_is_an_auc_of_one_half_without_an_error() -> None:
    arm = of_people([1, 0] * 6, [0.5] * 12, "aabbccddeeff")
    found = intervals.interval("roc_auc", arm)
    assert found.value == 0.5
    assert found.low is not None
    assert found.low < 0.4


def test_tangos_interval_solves_its_equation_and_is_known_without_disagreement() -> None:
    low, high = intervals._tango(0, 0, 20, 1.959964)
    assert high == pytest.approx(1.959964**2 / (20 + 1.959964**2), abs=1e-9)  # by hand from the score equation
    assert low == pytest.approx(-high)
    low, high = intervals._tango(28, 22, 80, 1.959964)
    for delta in (low, high):  # at a bound the squared score equals the quantile's square; q by a fine search
        q = np.linspace(max(0.0, -delta) + 1e-9, (1 - delta) / 2 - 1e-9, 400_001)
        likelihood = 28 * np.log(q + delta) + 22 * np.log(q) + 30 * np.log(1 - 2 * q - delta)
        best = q[int(np.argmax(likelihood))]
        score = (6 - 80 * delta) ** 2 / (80 * (2 * best + delta - delta**2))
        assert score == pytest.approx(1.959964**2, abs=1e-3)


def test_a_difference_of_arms_that_swap_places_is_turned_around() -> None:
    one, other = drawn(15, 4, 1.0, 1), drawn(15, 4, 1.0, 2)
    for metric in METRICS:
        there, back = intervals.difference(metric, one, other), intervals.difference(metric, other, one)
        assert there.low is not None
        assert back.high is not None
        assert there.value == pytest.approx(-(back.value or 0))
        assert there.low == pytest.approx(-back.high, abs=1e-6)


def test_answers_of_other_sequences_people_or_labels_are_refused_with_the_first_difference() -> None:
    first = make_predictions([True, False], [0.9, 0.1], ["a", "b"], 0.5, ["s1", "s2"])
    with pytest.raises(InvalidInput, match="s1 and s2 as sequence 1"):
        check_paired(first, make_predictions([True, False], [0.9, 0.1], ["a", "b"], 0.5, ["s2", "s1"]))
    with pytest.raises(InvalidInput, match="another label at sequence 1"):
        check_paired(first, make_predictions([False, True], [0.9, 0.1], ["a", "b"], 0.5))
    with pytest.raises(InvalidInput, match="another person at sequence 2"):
        check_paired(first, make_predictions([True, False], [0.9, 0.1], ["a", "a"], 0.5))
    with pytest.raises(InvalidInput, match="2 and 1 sequences"):
        intervals.differences(first, make_predictions([True], [0.9], ["a"], 0.5))


@pytest.mark.parametrize(
    ("scores", "subjects", "ids", "found"),
    [
        ([0.1, float("nan")], ["a", "b"], [], "nan"),
        ([0.1, 0.2], ["a"], [], "1 for 2 labels"),
        ([0.1, 0.2], ["a", "b"], ["s", "s"], "s twice"),
        ([0.1], ["a", "b"], [], "for"),
    ],
)
def test_answers_that_cannot_be_counted_are_refused(
    scores: list[float], subjects: list[str], ids: list[str], found: str
) -> None:
    with pytest.raises(InvalidInput, match=found):
        make_predictions([True, False], scores, subjects, 0.5, ids)


def test_placements_average_to_scikit_learns_area_with_ties() -> None:
    rng = np.random.default_rng(3)
    labels, scores = rng.random(200) < 0.4, rng.integers(0, 9, 200) / 8
    placed = place(labels, scores)
    assert placed is not None
    area = sk.roc_auc_score(labels, scores)
    assert [placed.auc, placed.of_positives.mean(), placed.of_negatives.mean()] == pytest.approx([area] * 3)


def test_people_of_one_class_each_are_drawn_within_their_class() -> None:
    people = np.repeat(np.arange(6), 2)
    arm = Predictions(people < 2, np.linspace(0, 1, 12), 0.5, people)
    weights = person_weights(strata_of(arm), 6, 50, np.random.default_rng(0))
    assert (weights[:, :2].sum(axis=1) == 2).all()


@pytest.mark.parametrize("generator", ["normal", "beta"])
def test_simulated_intervals_hold_the_truth_about_as_often_as_they_say(generator: str) -> None:
    table = simulated("sim_coverage.py", "--runs", "50", "--settings", "8", "--seed", "3", "--generator", generator)
    for metric in METRICS:  # 8 settings of 50 runs: standard error of the mean 1.1 points
        for name in (metric, f"difference of {metric}"):
            assert 0.92 < table[name]["all"]["mean"] <= 0.995, name


def test_an_interval_says_how_alike_a_persons_sequences_are() -> None:
    people = np.repeat(np.arange(30), 4)
    labels = np.arange(120) % 2 == 0
    alike = np.where(people % 3 > 0, labels, ~labels).astype(np.float64)  # right, right, wrong: whole people
    found = interval("accuracy", Predictions(labels, alike, 0.5, people))
    assert found.design_effect == pytest.approx(4, rel=0.3)
    assert found.icc == pytest.approx(1, rel=0.3)
    alone = interval("accuracy", Predictions(labels, alike, 0.5, np.arange(120)))
    assert (alone.design_effect, alone.icc) == (None, None)
    assert Interval.from_document(found.as_document()) == found
    old = {key: value for key, value in found.as_document().items() if key not in ("design_effect", "icc")}
    assert Interval.from_document(old).design_effect is None  # documents that were written before
