"""Drift's statistics by hand: who can change places, what differs, population stability, a classifier, mirrors."""

import numpy as np
import pytest

from tools.drift.mirroring import Unknown, judge_mirroring, lean_of
from tools.drift.permutations import People, adjusted_p, deal, differences
from tools.drift.two_samples import edges_of, histograms, stability_by_chance, stability_index, tell_apart

SEVEN = tuple("abcdefg")


def test_people_are_dealt_in_all_ways_there_are() -> None:
    people = People.of({"a", "b", "c", "d"}, {"b", "a", "e"})
    assert (people.both, people.reference_only, people.play_only) == (("a", "b"), ("c", "d"), ("e",))
    assert people.n_deals == 2**2 * 3
    deals = deal(people)
    assert (len(deals), deals.is_complete) == (12, True)
    assert not deals.is_swapped[0].any()
    assert deals.is_play[0].tolist() == [False, False, True]
    assert (
        len({(*swap, *play) for swap, play in zip(deals.is_swapped.tolist(), deals.is_play.tolist(), strict=True)})
        == 12
    )


@pytest.mark.parametrize(
    ("people", "least"),
    [
        (People(SEVEN, (), ()), 2 / 128),
        (People((), ("a", "b", "c"), ("d", "e", "f", "g")), 1 / 35),
        (People((), ("a", "b", "c", "d"), ("e", "f", "g", "h")), 2 / 70),
        (People(("a",), (), ()), 1.0),
        (People((), ("a", "b"), ()), 1.0),
    ],
)
def test_the_smallest_p_that_so_few_people_can_give(people: People, least: float) -> None:
    assert people.least_p == pytest.approx(least)


def test_too_many_ways_are_drawn_and_the_found_one_comes_first() -> None:
    people = People(tuple(f"p{n}" for n in range(20)), ("a",), ("b",))
    deals = deal(people, n_draws=100)
    assert (len(deals), deals.is_complete) == (100, False)
    assert not deals.is_swapped[0].any()
    assert deals.is_play[0].tolist() == [False, True]


def test_people_in_both_are_compared_with_themselves() -> None:
    """Seven who all change by one in the first measure: as far as signs can go, so p is that of the two extremes."""
    people = People(SEVEN, (), ())
    base = np.arange(7)[:, None] * np.array([[100.0, 1.0, 5.0]])
    change = np.array([[1, 0, 0]] * 7) + np.array([[0, sign, 0] for sign in (1, -1, 1, -1, 1, -1, 0)])
    found = differences(people, deal(people), base, base + change)
    assert found[0].tolist() == pytest.approx([np.sqrt(7), 0, 0])
    assert adjusted_p(found).tolist() == [pytest.approx(2 / 128), 1, 1]


def test_other_people_are_compared_by_their_means() -> None:
    people = People((), ("a", "b", "c"), ("d", "e", "f", "g"))
    reference, play = np.array([[1.0], [2.0], [3.0]]), np.array([[11.0], [12.0], [13.0], [14.0]])
    assert adjusted_p(differences(people, deal(people), reference, play)).tolist() == [pytest.approx(1 / 35)]
    assert adjusted_p(differences(people, deal(people), reference, play - 10.5))[0] > 0.5


def test_a_value_that_nobody_has_differs_in_nothing() -> None:
    people = People(SEVEN, (), ())
    unknown = np.full((7, 1), np.nan)
    assert differences(people, deal(people), unknown, unknown)[0].tolist() == [0]


def test_the_population_stability_index_is_that_of_the_formula() -> None:
    # (0.25 - 0.5) ln(0.25 / 0.5) + (0.75 - 0.5) ln(0.75 / 0.5) = 0.1733 + 0.1014
    assert stability_index(np.array([0.5, 0.5]), np.array([0.25, 0.75])) == pytest.approx(0.2747, abs=1e-4)
    assert stability_index(np.array([0.3, 0.7]), np.array([0.3, 0.7])) == 0


def test_everybody_counts_once_however_many_moments_there_are() -> None:
    values = np.array([1.0, 1.0, 1.0, 1.0, 9.0, np.nan])
    found = histograms(values, np.array([5.0]), np.array([0, 0, 0, 0, 1, 1]), 3)
    assert found.tolist() == [[1, 0], [0, 1], [0, 0]]


def test_bins_hold_as_many_people_each() -> None:
    values = np.arange(40.0)
    assert edges_of(values, np.ones(40)).tolist() == [7, 15, 23, 31]
    constant = edges_of(np.full(40, 30.0), np.ones(40))  # such as frames a second: more, less and that are apart
    assert np.searchsorted(constant, [12.0, 30.0, 60.0]).tolist() == [0, 1, 2]
    assert edges_of(np.full(3, np.nan), np.ones(3)).size == 0


def test_an_index_is_shown_beside_what_comes_by_chance() -> None:
    people = People(SEVEN, (), ())
    low, high = np.tile([1.0, 0.0], (7, 1)), np.tile([0.0, 1.0], (7, 1))
    drawn = stability_by_chance(people, deal(people), low, high)
    assert drawn[0] == drawn.max()
    assert (drawn >= drawn[0] - 1e-9).sum() == 2  # as found, and all swapped
    assert drawn[1] < drawn[0]


def _apart(shift: float, n_people: int = 9, n_each: int = 6) -> tuple[float, float]:
    rng = np.random.default_rng(1)
    people = People(tuple(f"p{n}" for n in range(n_people)), (), ())
    owners = np.repeat(np.arange(n_people), n_each)
    base = rng.standard_normal((n_people, 3))[owners]
    features = np.concatenate([base + 0.3 * rng.standard_normal(base.shape) for _ in range(2)])
    features[len(owners) :, 1] += shift
    is_play = np.repeat([False, True], len(owners))
    told = tell_apart(features, is_play, np.tile(owners, 2), people, deal(people))
    assert not shift or int(np.argmax(np.abs(told.weights))) == 1
    return told.auc, told.p


def test_a_classifier_tells_what_differs_and_nothing_where_nothing_does() -> None:
    auc, p = _apart(8.0)
    assert auc > 0.95
    assert p <= 2 / 400 + 1e-9
    auc, p = _apart(0.0)
    assert auc < 0.7
    assert p > 0.05


def test_a_mirrored_picture_leans_to_the_other_side() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    assert lean_of(picture[:, ::-1]) == pytest.approx(-lean_of(picture))
    assert np.linalg.norm(lean_of(picture)) == pytest.approx(1)
    assert not lean_of(np.full((48, 48, 3), 90, np.uint8)).any()


def test_mirrors_are_told_by_people_who_are_in_both() -> None:
    rng = np.random.default_rng(0)
    leans = rng.standard_normal((7, 20))
    people = People(SEVEN, (), ())
    mirrored = judge_mirroring(people, leans, -leans + 0.1 * rng.standard_normal(leans.shape))
    assert (mirrored.is_mirrored, mirrored.p, mirrored.n_people) == (True, 1 / 128, 7)
    assert judge_mirroring(people, leans, leans).is_mirrored is False
    elsewhere = judge_mirroring(people, leans, rng.standard_normal(leans.shape))
    assert (elsewhere.is_mirrored, elsewhere.unknown) == (None, Unknown.LEANS_ELSEWHERE)
    few = judge_mirroring(People(SEVEN[:6], (), ()), leans[:6], -leans[:6])
    assert (few.is_mirrored, few.unknown, few.n_people) == (None, Unknown.FEW_PEOPLE, 6)


def test_other_people_tell_of_mirrors_only_where_training_leans_to_one_side() -> None:
    rng = np.random.default_rng(0)
    reference, play = tuple(f"r{n}" for n in range(10)), tuple(f"p{n}" for n in range(8))
    people, room = People((), reference, play), rng.standard_normal(20)
    seen = room + 0.8 * rng.standard_normal((10, 20))
    met = room + 0.8 * rng.standard_normal((8, 20))
    assert judge_mirroring(people, seen, -met).is_mirrored is True
    assert judge_mirroring(people, seen, met).is_mirrored is False
    anywhere = judge_mirroring(people, rng.standard_normal((10, 20)), -met)
    assert (anywhere.is_mirrored, anywhere.unknown) == (None, Unknown.NO_COMMON_SIDE)
