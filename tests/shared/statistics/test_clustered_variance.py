import math

import numpy as np
import pytest

from shared.statistics import clustered_variance as module
from shared.statistics.clustered_variance import ClusteredVariance, clustered_variance
from shared.statistics.methods import Reason
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions, make_predictions
from shared.statistics.significance import auc_covariance


def measured(metric: str, *arms: Predictions, as_share: bool = False) -> ClusteredVariance:
    found = clustered_variance(metric, arms, as_share=as_share)
    assert isinstance(found, ClusteredVariance)
    return found


def drawn(n_people: int, clips: int, correlation: float, seed: int = 0) -> Predictions:
    """Draw a detector whose clips of a person share a part of their evidence."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), clips)
    labels = np.arange(people.size) % 2 == 0
    ease = math.sqrt(correlation) * rng.normal(size=n_people)[people]
    noise = math.sqrt(1 - correlation) * rng.normal(size=people.size)
    return Predictions(labels, np.where(labels, 1.0, -1.0) * (0.8 + ease) + noise, 0.0, people)


def test_a_jackknife_of_people_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # People with 2 of 2, 1 of 2 and 0 of 2 right: without each of them 1/4, 2/4, 3/4; (n - 1) / n times 2 / 16.
    labels = np.ones(6, dtype=np.bool_)
    arm = Predictions(labels, np.array([1, 1, 1, 0, 0, 0.0]), 0.5, np.repeat(np.arange(3), 2))
    monkeypatch.setattr(module, "PAIRED", (0.1, 1e6))  # nothing is known of usual correlations
    assert measured("accuracy", arm).covariance[0, 0] == pytest.approx(2 / 3 * 2 / 16, rel=1e-6)


def test_what_is_usual_counts_for_two_clips_a_person_and_hardly_for_ten() -> None:
    few, many = measured("accuracy", drawn(12, 2, 0.3)), measured("accuracy", drawn(12, 10, 0.3))
    assert few.usual_effect == pytest.approx(1.1)  # 1 + (2 - 1) 0.1
    assert many.usual_effect == pytest.approx(1.9)
    # Of 12 people at most 11 degrees of freedom; of what is usual 2 (1.1 / 0.5)^2 = 9.7 and 2 (1.9 / 4.5)^2 = 0.36.
    assert 9.6 < few.df <= 11 + 9.69
    assert 0.35 < many.df <= 11 + 0.36


def test_one_arm_alone_is_taken_for_more_alike_than_what_two_do_not_share() -> None:
    arm = drawn(12, 3, 0.3)
    alone = clustered_variance("accuracy", [arm], is_alone=True)
    assert isinstance(alone, ClusteredVariance)
    assert alone.usual_effect == pytest.approx(1.5)  # 1 + (3 - 1) 0.25


def test_an_area_of_few_positives_is_no_surer_than_its_size_allows() -> None:
    """Four positives, each above all but one of 60 negatives: they show hardly any spread."""
    labels = np.arange(64) < 4
    scores = np.where(labels, 0.9 + 0.01 * np.arange(64), np.linspace(0, 0.8, 64))
    scores[10] = 0.99
    arm = Predictions(labels, scores, 0.5, np.arange(64))
    shown, alone = measured("roc_auc", arm), clustered_variance("roc_auc", [arm], is_alone=True)
    assert isinstance(alone, ClusteredVariance)
    assert alone.covariance[0, 0] > 1.1 * shown.covariance[0, 0]


def test_sizes_that_differ_do_not_widen_the_spread_itself() -> None:
    """Of independent clips, two people who gave a third each: the mean of the variances is that of the shares."""
    people = np.repeat(np.arange(12), [40, 40] + 10 * [4])
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        right = rng.random(people.size) < 0.7
        found.append(measured("accuracy", Predictions(np.ones(120, dtype=np.bool_), right * 1.0, 0.5, people)))
    mean = np.mean([one.covariance[0, 0] for one in found])
    assert mean == pytest.approx(0.7 * 0.3 / 120, rel=0.25)


def test_people_who_all_answer_alike_are_worth_no_more_than_their_number() -> None:
    people = np.repeat(np.arange(20), 10)
    right = people < 15
    arm = Predictions(np.ones(200, dtype=np.bool_), right.astype(np.float64), 0.5, people)
    found = measured("accuracy", arm)
    assert found.n_alike == pytest.approx(20)
    independent = 0.75 * 0.25 / 200
    assert 9 < found.covariance[0, 0] / independent < 11  # a design effect of 10 clips


def test_the_spread_is_what_repeated_test_sets_scatter() -> None:
    values: dict[str, list[float]] = {metric: [] for metric in METRICS}
    variances: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for seed in range(300):
        arm = drawn(20, 4, 0.3, seed)
        for metric in METRICS:
            found = measured(metric, arm)
            values[metric].append(float(found.values[0]))
            variances[metric].append(float(found.covariance[0, 0]))
    for metric in METRICS:  # standard error of a variance of 300: 8 %
        assert np.mean(variances[metric]) / np.var(values[metric]) == pytest.approx(1.05, abs=0.25), metric


def test_of_one_clip_each_the_area_has_delongs_covariance() -> None:
    rng = np.random.default_rng(4)
    labels = rng.random(60) < 0.4
    arms = [Predictions(labels, rng.normal(labels * signal, 1.0), 0.5, np.arange(60)) for signal in (1.0, 1.5)]
    expected = auc_covariance(labels, [arm.scores for arm in arms], np.arange(60))
    assert not isinstance(expected, str)
    assert measured("roc_auc", *arms).covariance == pytest.approx(expected.covariance, rel=1e-4)


def test_of_two_clips_of_different_classes_nothing_is_taken_for_known() -> None:
    # What a person adds to all of his scores cancels out in the area; were his clips independent, 1.8 times as much.
    rng = np.random.default_rng(2)
    people = np.repeat(np.arange(2000), 2)
    labels = np.arange(4000) % 2 == 0
    scores = labels * 1.0 + rng.normal(size=2000)[people] + 0.7 * rng.normal(size=4000)
    arm = Predictions(labels, scores, 0.5, people)
    expected = auc_covariance(labels, [scores], people)
    assert not isinstance(expected, str)
    assert measured("roc_auc", arm).covariance[0, 0] == pytest.approx(expected.covariance[0, 0], rel=0.02)


def test_people_of_one_class_each_are_compared_within_their_class() -> None:
    # All positives are found and all negatives called positive: precision is the share of positives, which is fixed.
    people = np.repeat(np.arange(10), 3)
    labels = people < 5
    arm = Predictions(labels, np.ones(30), 0.5, people)
    assert measured("precision", arm).covariance[0, 0] == pytest.approx(0.0, abs=1e-12)
    both = Predictions(np.arange(30) % 3 == 0, np.ones(30), 0.5, people)
    mixed = Predictions(np.random.default_rng(0).random(30) < 0.5, np.ones(30), 0.5, people)
    assert measured("precision", both).covariance[0, 0] == pytest.approx(0.0, abs=1e-12)  # one of three from each
    assert measured("precision", mixed).covariance[0, 0] > 1e-3


def test_f1_scatters_as_its_share_does_times_the_slope() -> None:
    arm = drawn(15, 4, 0.2)
    as_share, as_f1 = measured("f1", arm, as_share=True), measured("f1", arm)
    share = float(as_share.values[0])
    assert as_f1.values[0] == pytest.approx(2 * share / (1 + share))
    assert as_f1.covariance[0, 0] == pytest.approx(as_share.covariance[0, 0] * (2 / (1 + share) ** 2) ** 2)


def test_answers_of_further_seeds_are_no_further_clips() -> None:
    arm = drawn(12, 2, 0.2)
    names, ids = [f"p{person}" for person in arm.people], [str(number) for number in range(arm.n)]
    once = make_predictions(arm.labels, arm.scores, names, 0.0, ids)
    thrice = make_predictions(
        np.tile(arm.labels, 3), np.tile(arm.scores, 3), names * 3, 0.0, [f"{i}@{run}" for run in (1, 2, 3) for i in ids]
    )
    assert (once.repeats, thrice.repeats) == (1.0, 3.0)
    for metric in METRICS:
        assert measured(metric, thrice).covariance[0, 0] == pytest.approx(
            measured(metric, once).covariance[0, 0], rel=0.05
        )


def test_what_has_no_spread_says_why() -> None:
    one_class = Predictions(np.ones(4, dtype=np.bool_), np.arange(4.0), 0.5, np.arange(4))
    assert clustered_variance("roc_auc", [one_class]) == Reason.ONE_CLASS
    never = Predictions(np.array([True, False, True, False]), np.zeros(4), 0.5, np.arange(4))
    assert clustered_variance("precision", [never]) == Reason.NO_SEQUENCES
    alone = Predictions(np.array([True, False, False, False]), np.array([1.0, 0, 1, 0]), 0.5, np.array([0, 0, 1, 2]))
    assert clustered_variance("recall", [alone]) == Reason.FEW_PEOPLE
