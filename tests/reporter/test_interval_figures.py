import numpy as np
import pytest
from matplotlib.figure import Figure

from shared.plots import figures
from tools.reporter.render.interval_figures import (
    CostRow,
    Estimate,
    ForestRow,
    Reliability,
    costs_figure,
    forest_figure,
    reliability_figure,
)

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
def test_figures_without_any_number_are_still_figures(lang: figures.Lang) -> None:
    empty = [ForestRow("recall", [Estimate(None, None, None)])]
    assert figures.png_bytes(forest_figure(empty, ["one"], 0.05, lang)).startswith(b"\x89PNG")
    assert figures.png_bytes(reliability_figure([], lang)).startswith(b"\x89PNG")


def test_a_reliability_curve_stands_at_its_scores_with_its_bounds() -> None:
    figure = reliability_figure([Reliability("one", [0.1, 0.9], [0.2, 1.0], [0.05, 0.6], [0.5, 1.0])], "en")
    assert ([0.1, 0.9], [0.2, 1.0]) in lines_of(figure)
    (bars,) = [one for one in figure.axes[0].collections if hasattr(one, "get_segments")]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert ends == [pytest.approx([0.05, 0.5]), pytest.approx([0.6, 1.0])]


def test_costs_stand_beside_names_and_each_row_has_its_interval_and_its_ring() -> None:
    rows = [
        CostRow("free", "no training, 17 MB", Estimate(0.9, 0.8, 0.95), "faces", True),
        CostRow("dear", "trained, 34 MB", Estimate(0.7, None, None), "pictures", False),
        CostRow("unknown", "trained", Estimate(None, None, None), "pictures", False),
    ]
    groups = {"pictures": "Pictures", "faces": "Faces"}
    figure = costs_figure(rows, groups, ("floor", 0.5), "accuracy", "en")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "free\nno training, 17 MB", "dear\ntrained, 34 MB", "unknown\ntrained",
    ]  # fmt: skip
    assert axes.get_ylim() == (2.5, -0.5)  # the first row is on top
    assert ([80.0, 95.0], [0, 0]) in lines_of(figure)
    dots = [(x[0], y[0]) for x, y in lines_of(figure) if len(x) == 1]
    assert dots == [(90.0, 0), (90.0, 0), (70.0, 1)]  # the first with its ring
    assert ([50.0, 50.0], [0, 1]) in lines_of(figure)
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"Pictures", "Faces", "floor"}
    assert axes.get_xlabel() == "accuracy (%)"
    area = costs_figure(rows, groups, None, "AUC", "en", in_percent=False)
    assert (0.9, 0) in [(x[0], y[0]) for x, y in lines_of(area) if len(x) == 1]
