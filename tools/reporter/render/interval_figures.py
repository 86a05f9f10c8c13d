"""Figures that show how sure numbers are: differences with their intervals, and whether scores are probabilities.

Takes plain data and returns a matplotlib Figure, as `shared.plots.figures` does. Reads its words and a font.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from shared.plots import figures
from shared.plots.figures import DASHES, FAINT, GRID, INK, PALETTE
from shared.text.catalogue import Lang, Words, read_catalogue

TEXTS = read_catalogue(Path(__file__).with_suffix(".toml"))
MARKERS = ("o", "s", "D", "^", "v", "P")


@dataclass(frozen=True)
class Estimate:
    """A difference and its interval, as fractions; None where undefined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ForestRow:
    """A metric's differences, one an arm in the order of the arms."""

    name: str
    estimates: Sequence[Estimate]


@dataclass(frozen=True)
class Reliability:
    """An arm's reliability curve.

    Attributes:
        name: How the legend calls it.
        mean_scores: Of each bin.
        shares: Of positives in each bin.
        lows: Lower bounds of the shares.
        highs: Upper bounds.
    """

    name: str
    mean_scores: Sequence[float]
    shares: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


def forest_figure(rows: Sequence[ForestRow], arms: Sequence[str], margin: float, lang: Lang) -> Figure:
    """Draw differences as a forest plot, in points, with the band in which a difference does not matter.

    Args:
        rows: From top to bottom.
        arms: Names of the arms, as many as each row's estimates.
        margin: Half the band's width, as a fraction.
        lang: Language of the words.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), figures.font_families(lang)
    figure = figures.new_figure(width_in=4.8, height_in=1.1 + len(rows) * (0.32 + 0.2 * len(arms)) + 0.22 * len(arms))
    axes = figure.add_subplot()
    axes.axvspan(-100 * margin, 100 * margin, color=GRID, zorder=0)
    axes.axvline(0, color=INK, linewidth=1)
    step = 0.7 / max(len(arms), 1)
    reach = [0.0]
    for number, name in enumerate(arms):
        drawn = False
        for place, row in enumerate(rows):
            found = row.estimates[number]
            if found.value is None:
                continue
            y = place + (number - (len(arms) - 1) / 2) * step
            colour = PALETTE[(number + 1) % len(PALETTE)]  # the baseline has the first, as in the other figures
            has_bounds = found.low is not None and found.high is not None
            if found.low is not None and found.high is not None:
                axes.plot([100 * found.low, 100 * found.high], [y, y], color=colour, linewidth=2.4)
                reach += [100 * abs(found.low), 100 * abs(found.high)]
            reach.append(100 * abs(found.value))
            axes.plot(
                100 * found.value,
                y,
                linestyle="none",
                marker=MARKERS[number % len(MARKERS)],
                markersize=8,
                color=colour,
                markerfacecolor=colour if has_bounds else "white",
                label=None if drawn else figures.shorten(name),
                zorder=3,
            )
            drawn = True
    axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=11, fontfamily=font)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    limit = max(1.08 * max(reach), 130 * margin)
    axes.set_xlim(-limit, limit)
    axes.set_xlabel(words("points"), fontsize=10.5, fontfamily=font)
    figures.clean(axes)
    axes.grid(axis="y", visible=False)
    if len(arms) > 1 and axes.get_legend_handles_labels()[0]:
        figure.legend(
            loc="outside lower center", ncols=1, prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID
        )
    return figure


def reliability_figure(curves: Sequence[Reliability], lang: Lang, first_colour: int = 0) -> Figure:
    """Draw reliability curves into one square plot, with the diagonal of a calibrated model.

    Args:
        curves: At least one.
        lang: Language of the words.
        first_colour: Place of the first curve's colour in the palette.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), figures.font_families(lang)
    figure = figures.new_figure(width_in=4.3, height_in=4.5)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (2, 2)), label=words("calibrated"))
    for number, curve in enumerate(curves):
        below = [share - low for share, low in zip(curve.shares, curve.lows, strict=True)]
        above = [high - share for share, high in zip(curve.shares, curve.highs, strict=True)]
        axes.errorbar(
            curve.mean_scores,
            curve.shares,
            # A bound that rounding puts a hair on the wrong side is no bar of negative length.
            yerr=([max(0.0, size) for size in below], [max(0.0, size) for size in above]),
            color=PALETTE[(number + first_colour) % len(PALETTE)],
            linestyle=DASHES[number % len(DASHES)],
            marker=MARKERS[number % len(MARKERS)],
            linewidth=1.8,
            elinewidth=0.9,
            markersize=6,
            label=figures.shorten(curve.name),
            clip_on=False,
        )
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel(words("score"), fontsize=11, fontfamily=font)
    axes.set_ylabel(words("share"), fontsize=11, fontfamily=font)
    figures.clean(axes)
    axes.legend(loc="upper left", prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID)
    return figure


def people_curve_figure(points: Sequence[tuple[int, Estimate]], lang: Lang) -> Figure:
    """Draw accuracy against the number of training people, each point with its interval.

    Args:
        points: Number of people and accuracy, ascending.
        lang: Language of the words.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), figures.font_families(lang)
    figure = figures.new_figure(width_in=4.6, height_in=3.6)
    axes = figure.add_subplot()
    axes.axhline(0.5, color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    known = [(number, found) for number, found in points if found.value is not None]
    numbers, values = [number for number, _ in known], [found.value or 0.0 for _, found in known]
    axes.plot(numbers, values, color=PALETTE[0], marker="o", linewidth=1.8, markersize=6)
    for number, found in known:
        if found.low is not None and found.high is not None:
            axes.plot([number, number], [found.low, found.high], color=PALETTE[0], linewidth=0.9)
    axes.set_ylim(0, 1.01)
    axes.set_xlim(0, max(numbers, default=1) * 1.08)
    axes.set_xticks(numbers)
    axes.set_xlabel(words("people"), fontsize=11, fontfamily=font)
    axes.set_ylabel(words("accuracy"), fontsize=11, fontfamily=font)
    figures.clean(axes)
    return figure


@dataclass(frozen=True)
class CostRow:
    """What something reaches, and what it costs.

    Attributes:
        name: The row's name.
        cost: Written below the name.
        reached: A fraction from 0 to 1, with its interval.
        group: Rows of one group share a colour and a marker.
        is_marked: Whether a ring is drawn around its point.
    """

    name: str
    cost: str
    reached: Estimate
    group: str
    is_marked: bool


def costs_figure(
    rows: Sequence[CostRow],
    groups: Mapping[str, str],
    floor: tuple[str, float] | None,
    axis_name: str,
    lang: Lang,
    *,
    in_percent: bool = True,
) -> Figure:
    """Draw what each row reaches, with its interval, a row below the other, the costs beside their names.

    Rows keep costs that are nearly the same apart, which points on an axis of costs would not: approaches of one kind
    cost the same to a few percent, and so their intervals and names would lie upon each other.

    Args:
        rows: From top to bottom.
        groups: How the legend calls each group, in its order.
        floor: Name and place of a line that everything should lie above; None for none.
        axis_name: Of what is reached.
        lang: Language of the words.
        in_percent: Whether what is reached is written in percent.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    font, scale = figures.font_families(lang), 100 if in_percent else 1
    figure = figures.new_figure(width_in=5.6, height_in=1.5 + 0.52 * len(rows))
    axes = figure.add_subplot()
    numbers = {group: number for number, group in enumerate(groups)}
    drawn: set[str] = set()
    for place, row in enumerate(rows):
        if row.reached.value is None:
            continue
        number, value = numbers[row.group], scale * row.reached.value
        colour = PALETTE[number % len(PALETTE)]
        if row.reached.low is not None and row.reached.high is not None:
            axes.plot([scale * row.reached.low, scale * row.reached.high], [place, place], color=colour, linewidth=2.4)
        label = None if row.group in drawn else groups[row.group]
        drawn.add(row.group)
        axes.plot(
            value, place, linestyle="none", marker=MARKERS[number % len(MARKERS)], markersize=9, color=colour,
            label=label, zorder=3, clip_on=False,
        )  # fmt: skip
        if row.is_marked:
            axes.plot(
                value, place, linestyle="none", marker="o", markersize=18, markerfacecolor="none",
                markeredgecolor=INK, markeredgewidth=1.6, zorder=4, clip_on=False,
            )  # fmt: skip
    if floor is not None:
        axes.axvline(scale * floor[1], color=FAINT, linewidth=1.2, linestyle=(0, (2, 2)), label=floor[0], zorder=0)
    axes.set_yticks(range(len(rows)), [f"{row.name}\n{row.cost}" for row in rows], fontsize=9.5, fontfamily=font)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel(axis_name + (" (%)" if in_percent else ""), fontsize=10.5, fontfamily=font)
    figures.clean(axes)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", labelsize=9.5, length=0)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(
            loc="outside lower center", ncols=2, prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID
        )
    return figure


def decision_figure(
    at: Sequence[float], curves: Mapping[str, Sequence[float]], everything: Sequence[float], top: float, lang: Lang
) -> Figure:
    """Draw decision curves: net benefit per 100 sequences against the threshold that fits the costs of mistakes.

    Args:
        at: Thresholds, 0 to 1.
        curves: Net benefit at each of them, by arm.
        everything: That of calling everything positive.
        top: That of always being right.
        lang: Language of the words.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), figures.font_families(lang)
    figure = figures.new_figure(width_in=6.2, height_in=3.8)
    axes = figure.add_subplot()
    axes.axhline(0, color=FAINT, linewidth=1)
    axes.plot(at, everything, color=FAINT, linewidth=1.2, linestyle=(0, (2, 2)), label=words("everything"))
    for number, (name, values) in enumerate(curves.items()):
        colour, dashes = PALETTE[number % len(PALETTE)], DASHES[number % len(DASHES)]
        axes.plot(at, values, color=colour, linestyle=dashes, linewidth=1.8, label=figures.shorten(name))
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.25 * top - 1, 1.05 * top + 1)
    axes.set_xlabel(words("cost_threshold"), fontsize=11, fontfamily=font)
    axes.set_ylabel(words("net_benefit"), fontsize=11, fontfamily=font)
    figures.clean(axes)
    axes.legend(loc="best", prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID)
    return figure
