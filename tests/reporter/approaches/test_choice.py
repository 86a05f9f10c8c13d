"""Which approach to ship: the rule, by answers made by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from shared.errors import InvalidInput
from shared.statistics.intervals import intervals
from shared.statistics.power import plan_for
from shared.statistics.predictions import Predictions, make_predictions
from shared.statistics.significance import compare, holm
from tools.reporter.ab.verdict import Because
from tools.reporter.approaches.choice import Choice, Offer, choose, weaken
from tools.reporter.approaches.sentence import sentences

N_PEOPLE = 40


def right_for(right: Sequence[bool]) -> Predictions:
    """Answers of people with a smile and a non-smile each; both are right, or both are wrong."""
    labels = np.tile([True, False], len(right))
    is_right = np.repeat(np.asarray(right), 2)
    people = [f"s{number:03d}" for number in range(len(right)) for _ in range(2)]
    scores = np.where(labels == is_right, 0.9, 0.1)
    return make_predictions(labels, scores, people, 0.5, [f"seq_{number:04d}" for number in range(labels.size)])


def first(n_right: int, n: int = N_PEOPLE) -> Predictions:
    """The first n_right people are recognised, the others never: arms made so are as alike as can be."""
    return right_for([number < n_right for number in range(n)])


def floor_of(n: int = N_PEOPLE) -> Predictions:
    """Nobody ever smiles: half of everybody's sequences are right."""
    like = first(n, n)
    return Predictions(like.labels, np.zeros(like.n), 0.5, like.people, like.sequence_ids)


def offer(
    name: str, predictions: Predictions, *, trained: bool = True, mb: float = 10.0, ms: float | None = 5.0
) -> Offer:
    return Offer(name, predictions, intervals(predictions), trained, round(mb * 1e6), ms)


def chosen(*offers: Offer, n: int = N_PEOPLE, primary: str = "accuracy") -> Choice:
    return choose([*offers, offer("majority", floor_of(n), trained=False, mb=0, ms=0.0)], "majority", primary=primary)


def named(*offers: Offer, n: int = N_PEOPLE) -> Mapping[str, Offer]:
    every = [*offers, offer("majority", floor_of(n), trained=False, mb=0, ms=0.0)]
    return {one.name: one for one in every}


def test_a_leader_that_is_shown_to_beat_everybody_is_recommended_whatever_it_costs() -> None:
    found = chosen(offer("dual_head", first(40), mb=99), offer("blendshapes", first(26), trained=False, mb=1))
    assert (found.recommended, found.because, found.leader) == ("dual_head", "shown", "dual_head")
    assert found.level == ("dual_head",)
    assert (found.rival, found.plan) == (None, None)
    assert found.pair("dual_head", "blendshapes").difference.value == pytest.approx(14 / 40)


def test_of_those_that_are_not_told_apart_the_cheapest_is_recommended() -> None:
    offers = (
        offer("dual_head", first(40), mb=21.5),
        offer("landmark_mlp", first(39), mb=31.0),
        offer("blendshape_mlp", first(38), mb=30.0, ms=None),
        offer("blendshapes", first(20), trained=False, mb=17.2),
    )
    found = chosen(*offers)
    assert (found.leader, found.recommended, found.because) == ("dual_head", "dual_head", "cheapest")
    assert found.level == ("dual_head", "blendshape_mlp", "landmark_mlp")
    assert found.rival is None  # the others cost more and reach less: nothing is left to settle
    assert "among those" not in sentences(found, named(*offers))["en"]
    swapped = chosen(offer("dual_head", first(39), mb=21.5), offer("landmark_mlp", first(40), mb=31.0))
    assert (swapped.leader, swapped.recommended, swapped.rival) == ("landmark_mlp", "dual_head", "dual_head")
    # The plan looks as carefully as the smallest p of three pairs is looked at.
    assert swapped.plan == plan_for("accuracy", first(39), first(40), alpha=0.05 / 3)
    assert swapped.plan != plan_for("accuracy", first(39), first(40))


def test_a_trained_leader_gives_way_to_a_free_approach_that_it_is_not_shown_to_beat() -> None:
    free = offer("blendshapes", first(37), trained=False, mb=50, ms=90.0)
    found = chosen(offer("landmark_mlp", first(40), mb=1, ms=0.1), free)
    assert (found.leader, found.recommended, found.because) == ("landmark_mlp", "blendshapes", "cheapest")


def test_a_trained_approach_is_not_recommended_over_a_free_one_that_the_leader_beats_but_it_does_not() -> None:
    # 40, 35 and 32 of 40 people: the leader beats the free one, the middle is told apart from neither.
    free = offer("blendshapes", first(32), trained=False)
    found = chosen(offer("dual_head", first(40), mb=99), offer("landmark_mlp", first(35), mb=1), free)
    assert found.is_better("dual_head", "blendshapes")
    assert not found.is_better("landmark_mlp", "blendshapes")
    assert found.level == ("landmark_mlp", "dual_head")
    assert found.recommended == "dual_head"
    said = sentences(found, named(offer("dual_head", first(40), mb=99), offer("landmark_mlp", first(35), mb=1), free))[
        "en"
    ]
    assert said.startswith("Highest accuracy: dual head, 100.0 %. Of the approaches")
    assert "it costs least among those that are shown to beat the floor" in said  # the landmark MLP costs less


def test_equal_figures_are_led_by_the_cheaper_one() -> None:
    found = chosen(offer("dual_head", first(38), mb=21.5), offer("landmark_mlp", first(38), mb=9.0))
    assert (found.leader, found.recommended) == ("landmark_mlp", "landmark_mlp")
    quicker = chosen(offer("dual_head", first(38), ms=9.0), offer("landmark_mlp", first(38), ms=2.0))
    assert quicker.leader == "landmark_mlp"
    untimed = chosen(offer("dual_head", first(38), ms=None), offer("landmark_mlp", first(38), ms=2.0))
    assert untimed.leader == "landmark_mlp"


def test_nothing_is_recommended_that_is_not_shown_to_beat_the_larger_class() -> None:
    weak = right_for([number % 2 == 0 for number in range(N_PEOPLE)])
    found = chosen(offer("dual_head", weak), offer("blendshapes", first(20), trained=False))
    assert (found.word, found.because, found.recommended) == ("cannot_tell", "floor", None)
    offers = (offer("dual_head", first(23)), offer("blendshapes", first(21), trained=False))
    found = chosen(*offers)
    assert (found.because, found.rival) == ("floor", "majority")
    for lang, start in (("en", "Cannot tell"), ("ko", "판단할 수 없음")):
        said = sentences(found, named(*offers))[lang]  # type: ignore[arg-type]
        assert said.startswith(start)
        assert "best" not in said
    assert found.plan is not None


def test_a_leader_between_a_free_approach_and_the_floor_is_not_recommended() -> None:
    # The leader is right for 32 of 40, the free one for 26 others, so that no more than luck parts it from the floor.
    others = right_for([number >= 14 for number in range(N_PEOPLE)])
    offers = (offer("dual_head", first(32)), offer("blendshapes", others, trained=False))
    found = chosen(*offers)
    assert found.is_better("dual_head", "majority")
    assert not found.is_better("blendshapes", "majority")
    assert (found.because, found.recommended, found.rival) == ("free", None, "blendshapes")
    assert "smile blendshapes, which needs no training" in sentences(found, named(*offers))["en"]
    assert "학습이 필요 없는 방식(미소 블렌드셰이프)" in sentences(found, named(*offers))["ko"]


def test_few_people_are_told_how_many_it_takes_and_nothing_is_claimed() -> None:
    offers = tuple(
        offer(name, first(n_right, 7), trained=name != "blendshapes")
        for name, n_right in (("dual_head", 5), ("landmark_mlp", 7), ("blendshapes", 7))
    )
    found = chosen(*offers, n=7)
    # 4 approaches, 6 pairs: 2^(1-8) * 6 = 0.047 is the first below 0.05.
    assert (found.because, found.recommended, found.least_people) == ("few_people", None, 8)
    assert all(pair.better is None for pair in found.pairs.values())
    assert found.plan is not None
    assert found.plan.n_subjects >= 8
    assert "with 7 people" in sentences(found, named(*offers, n=7))["en"]
    assert "적어도 8명" in sentences(found, named(*offers, n=7))["ko"]
    enough = chosen(*(offer(one.name, first(8, 8), trained=one.is_trained) for one in offers[1:]), n=8)
    assert enough.least_people == 7
    assert enough.recommended == "blendshapes"


def test_every_pair_is_corrected_for_since_the_leader_was_found_on_these_people() -> None:
    offers = [offer(name, first(n)) for name, n in (("dual_head", 38), ("landmark_mlp", 33), ("blendshape_mlp", 30))]
    found = chosen(*offers)
    assert len(found.pairs) == 6
    every = [*offers, offer("majority", floor_of())]
    tests = {
        (one.name, other.name): compare("accuracy", other.predictions, one.predictions).p or 0.0
        for place, one in enumerate(every)
        for other in every[place + 1 :]
    }
    adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
    assert {pair: one.p_adjusted for pair, one in found.pairs.items()} == pytest.approx(adjusted)
    turned = found.pair("landmark_mlp", "dual_head").difference
    straight = found.pair("dual_head", "landmark_mlp").difference
    assert (turned.value, turned.low, turned.high) == pytest.approx(
        (-(straight.value or 0), -(straight.high or 0), -(straight.low or 0))
    )


def test_a_difference_that_lies_within_the_margin_needs_no_more_clips() -> None:
    offers = (offer("dual_head", first(799, 800), mb=99), offer("landmark_mlp", first(798, 800)))
    found = chosen(*offers, n=800)
    assert (found.leader, found.recommended) == ("dual_head", "landmark_mlp")
    assert found.is_within_margin
    assert found.plan is None
    assert sentences(found, named(*offers, n=800))["en"].endswith(
        "lies within 5.0 points: the difference does not matter."
    )
    assert sentences(found, named(*offers, n=800))["ko"].endswith("5.0%p 이내이므로 차이는 중요하지 않습니다.")
    assert not chosen(offer("dual_head", first(38), mb=99), offer("landmark_mlp", first(36))).is_within_margin


def test_one_class_gives_no_choice() -> None:
    smiles = Predictions(np.ones(20, bool), np.full(20, 0.9), 0.5, np.arange(20))
    none = Predictions(np.ones(20, bool), np.zeros(20), 0.5, np.arange(20))
    offers = [offer("dual_head", smiles), offer("majority", none, trained=False, mb=0)]
    found = choose(offers, "majority")
    assert (found.word, found.because) == ("cannot_tell", "one_class")
    assert "only one class is present" in sentences(found, {one.name: one for one in offers})["en"]


def test_one_person_gives_no_choice() -> None:
    found = chosen(offer("dual_head", first(1, 1)), n=1)
    assert found.recommended is None
    assert found.plan is None


def test_an_approach_that_found_no_face_at_all_is_as_good_as_the_floor_and_never_recommended() -> None:
    blind = offer("blendshapes", floor_of(), trained=False, mb=17.2)
    found = chosen(offer("dual_head", first(39)), blind)
    assert found.recommended == "dual_head"
    assert chosen(blind).recommended is None
    assert chosen(blind).leader == "majority"
    assert sentences(chosen(blind), named(blind))["en"].startswith(
        "Cannot tell: no approach has a higher accuracy than always the larger class"
    )


def test_the_area_under_the_curve_can_decide_and_has_no_least_number_of_people() -> None:
    rng = np.random.default_rng(4)
    like = first(40)
    graded = Predictions(like.labels, like.labels + rng.normal(0, 0.8, like.n), 0.5, like.people, like.sequence_ids)
    found = chosen(offer("dual_head", graded), primary="roc_auc")
    assert (found.recommended, found.least_people) == ("dual_head", None)


def test_figures_that_cannot_carry_a_choice_take_it_away() -> None:
    found = weaken(chosen(offer("dual_head", first(40))), Because.VALIDATION)
    assert (found.word, found.recommended) == ("cannot_tell", None)
    said = sentences(found, named(offer("dual_head", first(40))))["en"]
    assert said == "Cannot tell: epochs and thresholds are chosen on these sequences; measure on the test set."


@pytest.mark.parametrize("names", [["majority"], ["dual_head"], ["dual_head", "dual_head", "majority"]])
def test_a_choice_needs_the_floor_and_something_else(names: list[str]) -> None:
    with pytest.raises(InvalidInput, match="majority and another"):
        choose([offer(name, first(5, 5)) for name in names], "majority")


def test_pooled_seeds_are_counted_as_sequences_in_a_plan() -> None:
    offers = [offer("dual_head", first(39)), offer("landmark_mlp", first(40), mb=99)]
    once = chosen(*offers).plan
    floor = offer("majority", floor_of(), trained=False, mb=0)
    twice = choose([*offers, floor], "majority", repeats=2.0).plan
    assert once is not None
    assert twice is not None
    assert twice.more_subjects == once.more_subjects
    assert twice.more_sequences == -(-once.more_sequences // 2)
