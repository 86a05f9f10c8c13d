import csv
import itertools
import time

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.multitest import multipletests

from shared.errors import InvalidInput
from shared.paths import assets
from shared.statistics import significance
from shared.statistics.methods import TestMethod
from shared.statistics.predictions import Predictions, values
from shared.statistics.significance import swap_together


def arms(n_people: int, clips: int, seed: int, gain: float = 0.0) -> tuple[Predictions, Predictions]:
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), clips)
    labels = np.arange(people.size) % 2 == 0
    one, other = (Predictions(labels, rng.normal(signal * labels, 1.0), 0.5, people) for signal in (1.0, 1.0 + gain))
    return one, other


@pytest.mark.parametrize(("gained", "lost", "p"), [(8, 2, 0.109375), (28, 22, 0.47988766), (0, 0, 1.0), (5, 5, 1.0)])
def test_mcnemar_of_known_tables(gained: int, lost: int, p: float) -> None:
    assert significance.mcnemar(gained, lost) == pytest.approx(p, abs=5e-9)
    if gained + lost:
        reference = reference_mcnemar([[3, gained], [lost, 4]], exact=True).pvalue
        assert significance.mcnemar(gained, lost) == pytest.approx(min(1.0, reference))


def test_mid_p_is_the_exact_p_less_half_the_chance_of_both_ends_that_were_seen() -> None:
    assert significance.mcnemar_mid_p(3, 1) == pytest.approx(2 * (1 / 16) + 4 / 16)  # 2 (P(0) + P(1) / 2)
    assert significance.mcnemar_mid_p(2, 2) == pytest.approx(1 - (6 / 16) / 2)
    assert significance.mcnemar_mid_p(0, 0) == 1.0


def test_delong_gives_the_published_numbers_of_the_asah_data() -> None:
    path = assets() / "data/statistics/asah.csv"
    if not path.is_file():
        pytest.skip(f"no published data at {path}")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    labels = np.array([row["outcome"] == "1" for row in rows])
    s100b, wfns = (np.array([float(row[name]) for row in rows]) for name in ("s100b", "wfns"))
    found = significance.delong(labels, s100b, wfns)
    assert found.statistic == pytest.approx(2.209, abs=5e-4)
    assert found.p == pytest.approx(0.02718, abs=5e-6)
    found = significance.auc_covariance(labels, [s100b, wfns], np.arange(len(rows)))
    assert not isinstance(found, str)
    assert found.areas == pytest.approx([0.7314, 0.8237], abs=5e-5)


def test_delong_by_person_of_one_clip_each_has_delongs_z() -> None:
    one, other = arms(40, 1, 0, gain=1.0)
    plain = significance.delong(one.labels, one.scores, other.scores)
    by_person = significance.delong_by_person(one, other)
    assert by_person.statistic == pytest.approx(plain.statistic)
    assert plain.p is not None
    assert by_person.p is not None
    assert by_person.p > plain.p  # t instead of the normal


def test_copies_of_a_persons_clips_do_not_move_delong_by_person() -> None:
    one, other = arms(30, 2, 1, gain=1.0)

    def tripled(arm: Predictions) -> Predictions:
        return Predictions(np.repeat(arm.labels, 3), np.repeat(arm.scores, 3), arm.threshold, np.repeat(arm.people, 3))

    once, thrice = (significance.delong_by_person(*pair) for pair in ((one, other), (tripled(one), tripled(other))))
    assert thrice.statistic == pytest.approx(once.statistic)
    plain = significance.delong(tripled(one).labels, tripled(one).scores, tripled(other).scores)
    assert plain.statistic is not None
    assert once.statistic is not None
    assert abs(plain.statistic) > abs(once.statistic) * 1.4  # taking copies for witnesses


def test_obuchowskis_variance_equals_her_formula_summed_by_hand() -> None:
    labels = np.array([True, False, True, True, False, False])
    scores = np.array([0.9, 0.3, 0.4, 0.8, 0.6, 0.1])
    people = np.array([0, 0, 0, 1, 1, 2])
    # V10: 1, 2/3, 1; V01: 1, 2/3, 1; AUC 8/9. Sums less the AUC: positives -1/9, 1/9; negatives 1/9, -2/9, 1/9.
    x, y = np.array([-1, 1, 0]) / 9 / 3, np.array([1, -2, 1]) / 9 / 3
    expected = 2 / 1 * (x**2).sum() + 3 / 2 * (y**2).sum() + 2 * 3 / 2 * (x * y).sum()
    found = significance.auc_covariance(labels, [scores], people)
    assert not isinstance(found, str)
    assert found.areas[0] == pytest.approx(8 / 9)
    assert found.covariance[0, 0] == pytest.approx(expected)


def test_swapping_people_of_one_clip_each_is_mcnemar() -> None:
    one, other = arms(60, 1, 2, gain=1.5)
    right = [arm.decisions == arm.labels for arm in (one, other)]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    assert significance.swap_test("accuracy", one, other).p == pytest.approx(significance.mcnemar(gained, lost))


def test_signs_of_ten_thousand_people_are_counted_at_once_and_rightly() -> None:
    started = time.process_time()
    assert significance._p_of_signs([1] * 5100 + [-1] * 4900) == pytest.approx(significance.mcnemar(5100, 4900))
    mixed = significance._p_of_signs([1, 2, 3, 4, 5] * 1000 + [-1, -2, -3, -4, -5] * 960)
    z = 40 * 15 / (1960 * (1 + 4 + 9 + 16 + 25)) ** 0.5
    assert mixed == pytest.approx(2 * stats.norm.sf(z), rel=0.01)
    assert time.process_time() - started < 5


def test_signs_of_different_sizes_by_hand() -> None:
    # 3, -1, 2 and all 8 choices: +-3 +-1 +-2 is 6, 4, 2, 0, 0, -2, -4, -6: 6 of 8 at least 2, 4 of 8 at least 4.
    assert significance._p_of_signs([3, -1, 2]) == pytest.approx(4 / 8)
    assert significance._p_of_signs([3, 1, -2]) == pytest.approx(6 / 8)
    assert significance._p_of_signs([]) == 1.0


@pytest.mark.parametrize("metric", ["accuracy", "recall", "precision", "f1"])
def test_the_swap_test_counts_all_ways(metric: str) -> None:
    one, other = arms(7, 4, 5, gain=0.8)
    observed = abs(float(values(metric, other.counts.sum(0)) - values(metric, one.counts.sum(0))))
    extreme = 0
    for ways in itertools.product([False, True], repeat=7):
        swap = np.array(ways)[:, None]
        a, b = np.where(swap, other.counts, one.counts), np.where(swap, one.counts, other.counts)
        extreme += abs(float(values(metric, b.sum(0)) - values(metric, a.sum(0)))) >= observed - 1e-9
    assert significance.swap_test(metric, one, other).p == pytest.approx(extreme / 2**7)


def test_drawn_swaps_come_near_the_counted_ones_and_are_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = arms(12, 4, 5, gain=1.0)
    counted = significance.swap_test("f1", one, other)
    monkeypatch.setattr(significance, "ENUMERATED_PEOPLE", 2)
    drawn_twice = [significance.swap_test("f1", one, other, seed=3) for _ in range(2)]
    assert drawn_twice[0] == drawn_twice[1]
    assert (drawn_twice[0].method, drawn_twice[0].n_resamples) == (TestMethod.SWAP_DRAWS, 20_000)
    assert drawn_twice[0].p == pytest.approx(counted.p, abs=0.015)


def test_five_people_can_never_be_significant() -> None:
    people = np.repeat(np.arange(5), 10)
    labels = np.arange(50) % 2 == 0
    bad, good = (Predictions(labels, np.where(labels == way, 0.9, 0.1), 0.5, people) for way in (False, True))
    assert significance.swap_test("accuracy", bad, good).p == pytest.approx(2 / 2**5)


def test_arms_that_are_the_same_have_p_1() -> None:
    one, _ = arms(10, 3, 0)
    for metric in ("accuracy", "recall", "precision", "f1", "roc_auc"):
        assert significance.compare(metric, one, one).p == 1.0


def test_one_person_or_class_has_no_p_but_a_reason_and_other_sequences_are_refused() -> None:
    people = np.zeros(4, dtype=np.int64)
    alone = Predictions(np.array([True, True, False, False]), np.array([0.9, 0.2, 0.8, 0.1]), 0.5, people)
    one_class = Predictions(np.zeros(4, dtype=np.bool_), alone.scores, 0.5, np.arange(4))
    for metric, arm in (("accuracy", alone), ("roc_auc", alone), ("roc_auc", one_class), ("recall", one_class)):
        found = significance.compare(metric, arm, arm)
        assert found.p is None
        assert found.reason
    with pytest.raises(InvalidInput, match="another label"):
        significance.compare("accuracy", alone, Predictions(~alone.labels, alone.scores, 0.5, people))


def test_holm_equals_statsmodels_and_refuses_what_is_no_p() -> None:
    p_values = [0.001, 0.04, 0.03, 0.2, 0.011]
    assert significance.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
    assert significance.holm([0.04]) == [0.04]
    assert significance.holm([]) == []
    with pytest.raises(InvalidInput, match="nan"):
        significance.holm([0.1, float("nan")])


def test_several_comparisons_together_are_as_sure_as_what_they_have_in_common_allows() -> None:
    # Six people, five arms that each beat the floor on all of them: Holm gives 5 / 32.
    assert swap_together(np.ones((6, 5))) == [2 / 64] * 5
    # Signs by hand: of 2^3 sums of (1, 1, 1) two are 3, of (2, -1, 1) six reach 2 of sqrt(6).
    first, second, none = swap_together(np.array([[1.0, 2.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]))
    assert (first, none) == (2 / 8, 1.0)
    assert second > first
    one = np.array([3.0, 1.0, -1.0, 2.0, 2.0])
    assert swap_together(one[:, None]) == [pytest.approx(6 / 32)]


def test_many_comparisons_of_alike_arms_claim_falsely_in_five_percent_at_most() -> None:
    rng = np.random.default_rng(5)
    claims = [min(swap_together(rng.integers(-2, 3, (12, 6)).astype(float))) < 0.05 for _ in range(200)]
    assert np.mean(claims) < 0.08
