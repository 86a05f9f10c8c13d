import numpy as np
import pytest
from matplotlib.figure import Figure

from shared import plots
from shared.plots_intervals import Estimate, ForestRow, Reliability, forest_figure, reliability_figure

ROWS = [
    ForestRow("recall", [Estimate(-0.05, -0.14, 0.04), Estimate(0.1, 0.02, 0.2)]),
    ForestRow("precision", [Estimate(None, None, None), Estimate(0.3, None, None)]),
]


def lines_of(figure: Figure) -> list[tuple[list[float], list[float]]]:
    lines = figure.axes[0].get_lines()
    return [(np.asarray(one.get_xdata()).tolist(), np.asarray(one.get_ydata()).tolist()) for one in lines]


def test_a_forest_draws_each_interval_in_points_and_no_interval_where_there_is_none() -> None:
    figure = forest_figure(ROWS, ["one", "two"], 0.05, "en")
    bars = [pytest.approx(x) for x, y in lines_of(figure) if len(x) == 2 and y[0] == y[1]]
    assert bars == [[-14, 4], [2, 20]]
    dots = [x[0] for x, _ in lines_of(figure) if len(x) == 1]
    assert dots == pytest.approx([-5, 10, 30])
    (low, high) = figure.axes[0].get_xlim()
    assert -low == high > 30
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["one", "two"]


def test_the_margin_is_a_band_around_zero() -> None:
    figure = forest_figure(ROWS, ["one", "two"], 0.03, "en")
    corners = figure.axes[0].patches[0].get_extents().transformed(figure.axes[0].transData.inverted())
    assert (corners.x0, corners.x1) == pytest.approx((-3, 3))


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_figures_without_any_number_are_still_figures(lang: plots.Lang) -> None:
    empty = [ForestRow("recall", [Estimate(None, None, None)])]
    assert plots.png_bytes(forest_figure(empty, ["one"], 0.05, lang)).startswith(b"\x89PNG")
    assert plots.png_bytes(reliability_figure([], lang)).startswith(b"\x89PNG")


def test_a_reliability_curve_stands_at_its_scores_with_its_bounds() -> None:
    figure = reliability_figure([Reliability("one", [0.1, 0.9], [0.2, 1.0], [0.05, 0.6], [0.5, 1.0])], "en")
    assert ([0.1, 0.9], [0.2, 1.0]) in lines_of(figure)
    (bars,) = [one for one in figure.axes[0].collections if hasattr(one, "get_segments")]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert ends == [pytest.approx([0.05, 0.5]), pytest.approx([0.6, 1.0])]
