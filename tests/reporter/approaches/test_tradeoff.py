"""Accuracy against time: what is Pareto-optimal, which quicker approaches are as good as the best, and the figure."""

from collections.abc import Sequence

import numpy as np
import pytest

from shared.plots import figures
from shared.statistics.intervals import difference, intervals
from shared.statistics.predictions import Predictions, make_predictions
from tools.reporter.approaches.choice import Offer
from tools.reporter.approaches.pareto import Pareto, find_pareto
from tools.reporter.approaches.tradeoff import sentences
from tools.reporter.render.interval_figures import Estimate
from tools.reporter.render.tradeoff_figure import TradeoffPoint, spread, tradeoff_figure

N_PEOPLE = 400


def offer(name: str, predictions: Predictions, ms: float | None) -> Offer:
    return Offer(name, predictions, intervals(predictions), True, 1_000_000, ms)


def right(n_right: int, n: int = N_PEOPLE) -> Predictions:
    """Answers of people with a smile and a non-smile each: right for the first people, wrong for the others."""
    labels = np.tile([True, False], n)
    is_right = np.repeat(np.arange(n) < n_right, 2)
    people = [f"s{number:03d}" for number in range(n) for _ in range(2)]
    scores = np.where(labels == is_right, 0.9, 0.1)
    return make_predictions(labels, scores, people, 0.5, [f"seq_{number:04d}" for number in range(2 * n)])


def found(*offers: Offer) -> tuple[Pareto, dict[str, Offer]]:
    like = offers[0].predictions
    nobody = Predictions(like.labels, np.zeros(like.n), 0.5, like.people, like.sequence_ids)
    every = [*offers, offer("majority", nobody, 0.0)]
    return find_pareto(every, "majority", "accuracy"), {one.name: one for one in every}


def test_what_another_beats_in_both_is_not_optimal() -> None:
    pareto, _ = found(
        offer("dual_head", right(380), 4.0),
        offer("one_frame", right(370), 4.0),  # as quick and worse
        offer("blendshapes", right(380), 15.0),  # slower and as good
        offer("landmark_mlp", right(390), 15.5),
        offer("blendshape_mlp", right(360), 2.0),  # the worst, and the quickest
    )
    assert pareto.optimal == ("blendshape_mlp", "dual_head", "landmark_mlp")
    assert pareto.best == "landmark_mlp"


def test_two_that_are_equal_in_both_are_both_optimal_and_the_floor_takes_no_part() -> None:
    pareto, _ = found(offer("dual_head", right(380), 4.0), offer("landmark_mlp", right(380), 4.0))
    assert set(pareto.optimal) == {"dual_head", "landmark_mlp"}
    assert "majority" not in pareto.differences


def test_a_quicker_approach_is_as_good_if_its_whole_interval_lies_below_two_points() -> None:
    offers = (
        offer("dual_head", right(399), 20.0),
        offer("landmark_mlp", right(398), 10.0),
        offer("blendshapes", right(392), 5.0),  # 1.75 points behind: less than 2, but not surely
        offer("blendshape_mlp", right(300), 1.0),
    )
    pareto, named = found(*offers)
    assert pareto.best == "dual_head"
    assert list(pareto.differences) == ["blendshape_mlp", "blendshapes", "landmark_mlp"]
    assert pareto.as_good == ("landmark_mlp",)
    # Three claims share the five percent.
    assert pareto.level == pytest.approx(1 - 0.05 / 3)
    expected = difference("accuracy", right(392), right(399), 1 - 0.05 / 3)
    assert pareto.differences["blendshapes"] == expected
    assert expected.high is not None
    assert expected.value == pytest.approx(0.0175)
    assert expected.high > 0.02
    said = sentences(pareto, named, "accuracy")
    assert (
        "Quicker than the best (dual head, 99.8 %, 20.0 ms) and as good within 2 points: landmark MLP (10.0 ms"
        in (said["en"])
    )
    assert "smile blendshapes (" not in said["en"]
    assert "98.3 %" in said["en"]
    assert "랜드마크 MLP (10.0 ms" in said["ko"]
    assert "2%p 이내로" in said["ko"]


def test_few_people_show_of_nobody_that_it_is_as_good() -> None:
    pareto, named = found(offer("dual_head", right(7, 7), 20.0), offer("landmark_mlp", right(6, 7), 10.0))
    assert pareto.as_good == ()
    assert "None of the quicker approaches is shown" in sentences(pareto, named, "accuracy")["en"]


def test_what_was_not_timed_takes_no_part_and_is_named() -> None:
    pareto, named = found(offer("dual_head", right(399), None), offer("landmark_mlp", right(390), 10.0))
    assert (pareto.best, pareto.optimal, pareto.untimed) == ("landmark_mlp", ("landmark_mlp",), ("dual_head",))
    said = sentences(pareto, named, "accuracy")
    assert "is the quickest as well" in said["en"]
    assert said["en"].endswith("Not timed: dual head.")
    nothing, named = found(offer("dual_head", right(399), None))
    assert (nothing.best, nothing.optimal) == (None, ())
    assert sentences(nothing, named, "accuracy")["ko"].startswith("시간과 성능을 모두 잰 방식이 없습니다.")


@pytest.mark.parametrize(
    ("costs", "is_logarithmic", "expected"),
    [
        ([10.0, 50.0, 100.0], False, [10.0, 50.0, 100.0]),
        ([10.0, 10.0, 100.0], False, [8.0, 12.0, 100.0]),  # a gap of 4 % of 100
        ([50.0, 50.5, 51.0, 100.0], False, [46.5, 50.5, 54.5, 100.0]),
        ([7.0], False, [7.0]),
        ([1.0, 1.0, 1000.0], True, [0.871, 1.148, 1000.0]),  # a gap of 4 % of three decades, half to each side
    ],
)
def test_points_that_would_lie_on_each_other_are_moved_apart(
    costs: Sequence[float], is_logarithmic: bool, expected: Sequence[float]
) -> None:
    assert spread(costs, is_logarithmic=is_logarithmic) == pytest.approx(expected, abs=6e-4)


def test_the_figure_shows_every_point_and_a_line_through_the_optimal_ones() -> None:
    points = [
        TradeoffPoint("quick", 2.0, Estimate(0.8, 0.75, 0.85), True, False),
        TradeoffPoint("slow and worse", 10.0, Estimate(0.7, None, None), False, False),
        TradeoffPoint("best", 20.0, Estimate(0.9, 0.85, 0.95), True, False),
        TradeoffPoint("undefined", 5.0, Estimate(None, None, None), False, False),
    ]
    figure = tradeoff_figure(points, "optimal", ("ms", "accuracy"), "en")
    (axes,) = figure.axes
    lines = {str(line.get_label()): line for line in axes.lines if not str(line.get_label()).startswith("_")}
    assert set(lines) == {"quick", "slow and worse", "best", "optimal"}
    assert list(lines["optimal"].get_xdata()) == [2.0, 20.0]
    assert list(lines["optimal"].get_ydata()) == [80.0, 90.0]
    assert lines["slow and worse"].get_markerfacecolor() == "white"
    assert axes.get_xscale() == "linear"
    wide = [*points, TradeoffPoint("slowest", 60.0, Estimate(0.9, None, None), False, False)]
    assert tradeoff_figure(wide, "optimal", ("ms", "accuracy"), "ko").axes[0].get_xscale() == "log"
    assert figures.png_bytes(figure).startswith(b"\x89PNG")
