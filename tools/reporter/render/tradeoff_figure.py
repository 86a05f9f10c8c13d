"""The figure of accuracy against time: a point each with its interval, and a line through the Pareto-optimal ones.

Takes plain data and returns a matplotlib Figure, as `shared.plots.figures` does. Reads a font.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from shared.plots import figures
from shared.plots.figures import GRID, INK, PALETTE
from shared.text.catalogue import Lang
from tools.reporter.render.interval_figures import MARKERS, Estimate

_LOGARITHMIC_FROM = 20  # times: with a larger range of costs, the cheap ones would lie upon each other
_LEAST_GAP = 0.04  # of the axis, between two points


@dataclass(frozen=True)
class TradeoffPoint:
    """What something reaches, and what it costs.

    Attributes:
        name: How the legend calls it.
        cost: Above 0.
        reached: A fraction from 0 to 1, with its interval.
        is_optimal: Whether the line goes through it and it is filled.
        is_marked: Whether a ring is drawn around it.
    """

    name: str
    cost: float
    reached: Estimate
    is_optimal: bool
    is_marked: bool


def tradeoff_figure(
    points: Sequence[TradeoffPoint],
    line_name: str,
    axis_names: tuple[str, str],
    lang: Lang,
    *,
    in_percent: bool = True,
) -> Figure:
    """Draw what each point reaches against what it costs.

    Args:
        points: At least one; those without a value are left out.
        line_name: How the legend calls the line through the optimal ones.
        axis_names: Of costs and of what is reached.
        lang: Language of the words.
        in_percent: Whether what is reached is written in percent.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    font, scale = figures.font_families(lang), 100 if in_percent else 1
    figure = figures.new_figure(width_in=5.2, height_in=3.9 + 0.11 * len(points))
    axes = figure.add_subplot()
    drawn = sorted((point for point in points if point.reached.value is not None), key=lambda point: point.cost)
    is_logarithmic = bool(drawn) and drawn[-1].cost > _LOGARITHMIC_FROM * drawn[0].cost
    places = spread([point.cost for point in drawn], is_logarithmic=is_logarithmic)
    if is_logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ScalarFormatter())
    optimal = []
    for number, (point, x) in enumerate(zip(drawn, places, strict=True)):
        found, colour = point.reached, PALETTE[number % len(PALETTE)]
        y = scale * (found.value or 0.0)
        if found.low is not None and found.high is not None:
            axes.plot([x, x], [scale * found.low, scale * found.high], color=colour, linewidth=2.0, zorder=2)
        axes.plot(
            x, y, linestyle="none", marker=MARKERS[number % len(MARKERS)], markersize=9, color=colour,
            markerfacecolor=colour if point.is_optimal else "white", label=point.name, zorder=3, clip_on=False,
        )  # fmt: skip
        if point.is_marked:
            axes.plot(
                x, y, linestyle="none", marker="o", markersize=18, markerfacecolor="none", markeredgecolor=INK,
                markeredgewidth=1.6, zorder=4, clip_on=False,
            )  # fmt: skip
        if point.is_optimal:
            optimal.append((x, y))
    if optimal:
        xs, ys = zip(*optimal, strict=True)
        axes.step(xs, ys, where="post", color=INK, linewidth=1.2, label=line_name, zorder=1)
    if not is_logarithmic:
        axes.set_xlim(0, 1.08 * max(places, default=1.0))
    axes.set_xlabel(axis_names[0], fontsize=10.5, fontfamily=font)
    axes.set_ylabel(axis_names[1] + (" (%)" if in_percent else ""), fontsize=10.5, fontfamily=font)
    figures.clean(axes)
    figure.legend(
        loc="outside lower center", ncols=2, prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID
    )
    return figure


def spread(costs: Sequence[float], *, is_logarithmic: bool) -> list[float]:
    """Move points that would lie on each other apart, by a share of the axis.

    Args:
        costs: Ascending, above 0.
        is_logarithmic: Whether the axis is.

    Returns:
        As many places, ascending; those of points that lie alone are their costs.

    Example:
        >>> spread([10.0, 50.0, 100.0], is_logarithmic=False)
        [10.0, 50.0, 100.0]
    """
    places = [math.log(cost) for cost in costs] if is_logarithmic else list(costs)
    if len(places) < 2:
        return list(costs)
    gap = _LEAST_GAP * (places[-1] - places[0] if is_logarithmic else places[-1])
    groups = [[place] for place in places]
    number = 1
    while number < len(groups):
        if _left(groups[number], gap) - _right(groups[number - 1], gap) < gap * (1 - 1e-9):
            groups[number - 1] += groups.pop(number)
            number = max(1, number - 1)
        else:
            number += 1
    moved = [_left(group, gap) + place * gap for group in groups for place in range(len(group))]
    return [math.exp(place) for place in moved] if is_logarithmic else moved


def _left(group: Sequence[float], gap: float) -> float:
    """Where the first of a group stands."""
    return sum(group) / len(group) - gap * (len(group) - 1) / 2


def _right(group: Sequence[float], gap: float) -> float:
    """Where the last of a group stands."""
    return sum(group) / len(group) + gap * (len(group) - 1) / 2
