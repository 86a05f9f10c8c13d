"""Figures that more than one tool shows: ROC curves, confusion matrices and learning curves, in Korean or English.

Takes plain data and returns a matplotlib Figure with the Agg canvas; touches no pyplot and no global setting, so it
works without a screen and beside other plots. Reads words and a font. Figures are narrow and their letters large, so
that they can still be read on a phone of 390 px.
"""

import functools
import importlib.util
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from shared import contracts
from shared.errors import InvalidInput, MissingOutside
from shared.text.catalogue import Lang, Words, read_catalogue
from shared.text.rounding import rounded

DPI = 200
# Okabe and Ito's colours, which people with any colour blindness can tell apart; each line has its own dash as well,
# for print. Source: Wong, "Points of view: Color blindness", Nature Methods 8, 441 (2011).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
INK = "#222222"
FAINT = "#8A8A8A"
GRID = "#E3E3E3"

TEXTS = read_catalogue(Path(__file__).with_suffix(".toml"))


@dataclass(frozen=True)
class RocCurve:
    """A model's ROC curve.

    Attributes:
        name: How the legend calls it.
        fpr: False positive rates from 0 to 1, ascending.
        tpr: True positive rates, as many.
        auc: Area below it, or None where it is not defined.
        operating_point: (fpr, tpr) at the threshold in use, drawn as a dot; None for no dot.
        band: (fpr, lowest tpr, highest tpr) of what the curve could be with other people; None for no band.
    """

    name: str
    fpr: Sequence[float]
    tpr: Sequence[float]
    auc: float | None
    operating_point: tuple[float, float] | None = None
    band: tuple[Sequence[float], Sequence[float], Sequence[float]] | None = None


@dataclass(frozen=True)
class Confusion:
    """A model's confusion matrix.

    Attributes:
        name: Its title.
        counts: counts[i][j] is the number of sequences of the actual class i that were predicted as class j.
    """

    name: str
    counts: Sequence[Sequence[int]]

    @classmethod
    def binary(cls, name: str, *, tp: int, fn: int, tn: int, fp: int) -> "Confusion":
        """Build the matrix of two classes in the order (positive, negative)."""
        return cls(name, ((tp, fn), (fp, tn)))


def roc_figure(curves: Sequence[RocCurve], lang: Lang) -> Figure:
    """Draw ROC curves into one square plot, with the chance line and each AUC in the legend.

    Args:
        curves: At least one.
        lang: Language of the words.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), font_families(lang)
    figure = new_figure(width_in=4.3, height_in=4.5)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (2, 2)), label=words("chance"))
    for index, curve in enumerate(curves):
        colour = PALETTE[index % len(PALETTE)]
        if curve.band is not None:
            axes.fill_between(*curve.band, color=colour, alpha=0.13, linewidth=0)
        auc = words("no_auc") if curve.auc is None else words("auc", value=rounded(curve.auc, 3))
        axes.plot(
            curve.fpr,
            curve.tpr,
            color=colour,
            linewidth=2.2,
            linestyle=DASHES[index % len(DASHES)],
            label=f"{shorten(curve.name)}: {auc}",
        )
        if curve.operating_point is not None:
            axes.plot(
                *curve.operating_point,
                color=colour,
                marker="o",
                markersize=9,
                markeredgecolor="white",
                markeredgewidth=1.5,
                zorder=5,
                clip_on=False,
            )
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel(words("false_positive_rate"), fontsize=11, fontfamily=font)
    axes.set_ylabel(words("true_positive_rate"), fontsize=11, fontfamily=font)
    clean(axes)
    axes.legend(loc="lower right", prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID)
    return figure


def confusion_figure(confusions: Sequence[Confusion], classes: Sequence[str], lang: Lang) -> Figure:
    """Draw confusion matrices, two in a row, with counts and the percentage of each row (of the actual class).

    Args:
        confusions: At least one.
        classes: Names of rows and columns, in the order of the counts.
        lang: Language of the words.

    Raises:
        MissingOutside: Korean, and no font that has Hangul.
    """
    words, font = Words(TEXTS, lang), font_families(lang)
    n_columns = min(2, len(confusions))
    n_rows = math.ceil(len(confusions) / n_columns)
    figure = new_figure(width_in=1.0 + 2.3 * n_columns, height_in=0.25 + 2.75 * n_rows)
    for index, confusion in enumerate(confusions):
        axes = figure.add_subplot(n_rows, n_columns, index + 1)
        totals = [sum(row) for row in confusion.counts]
        shares = [
            [count / total if total else 0.0 for count in row]
            for row, total in zip(confusion.counts, totals, strict=True)
        ]
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i, row in enumerate(confusion.counts):
            for j, count in enumerate(row):
                percent = words("percent", value=rounded(100 * shares[i][j], 1)) if totals[i] else "–"
                colour = "white" if shares[i][j] > 0.55 else INK
                axes.text(j, i - 0.1, str(count), ha="center", va="center", fontsize=17, color=colour)
                axes.text(j, i + 0.25, percent, ha="center", va="center", fontsize=10.5, color=colour)
        places = range(len(classes))
        axes.set_xticks(places, classes, fontsize=10.5, fontfamily=font)
        axes.set_yticks(places, classes, fontsize=10.5, fontfamily=font, rotation=90, va="center")
        axes.set_xlabel(words("predicted"), fontsize=10.5, fontfamily=font, color=FAINT)
        if index % n_columns == 0:
            axes.set_ylabel(words("actual"), fontsize=10.5, fontfamily=font, color=FAINT)
        axes.set_title(shorten(confusion.name, 22), fontsize=11.5, fontfamily=font, color=INK)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


def learning_curve_figure(
    history: Sequence[Mapping[str, float | None]], lang: Lang, best_epoch: int | None = None
) -> Figure:
    """Draw losses over epochs, and below them validation accuracy and AUC where they were measured.

    Where there are stages, a line marks each border, and the steps of the learning rate are drawn below.

    Args:
        history: Rows with epoch (from 1), train_loss, validation_loss, validation_accuracy, validation_auc,
            learning_rate and stage; all but epoch may be None or absent.
        lang: Language of the words.
        best_epoch: Marked by a line; None for no mark.

    Raises:
        InvalidInput: No epoch yet.
        MissingOutside: Korean, and no font that has Hangul.
    """
    if not history:
        raise InvalidInput("the training history", found="no epochs", expected="one or more")
    words, font = Words(TEXTS, lang), font_families(lang)
    has_rates = any(row.get(key) is not None for row in history for key in ("validation_accuracy", "validation_auc"))
    stages = [row.get("stage") for row in history]
    has_stages = any(stage is not None for stage in stages)
    n_panels = 1 + has_rates + has_stages
    heights = [2.4] * (1 + has_rates) + [1.4] * has_stages
    figure = new_figure(width_in=4.6, height_in=0.5 + sum(heights))
    grid = figure.add_gridspec(n_panels, 1, height_ratios=heights)
    losses = figure.add_subplot(grid[0])
    panels = [losses]
    _plot_columns(losses, history, ("train_loss", "validation_loss"), words, first_colour=0)
    losses.set_ylabel(words("loss"), fontsize=11, fontfamily=font)
    measured = [_number(row.get(key)) for row in history for key in ("train_loss", "validation_loss")]
    finite = [value for value in measured if math.isfinite(value)]
    losses.set_ylim(min([0.0, *finite]), 1.08 * max([0.0, *finite]) or 1.0)
    if has_rates:
        rates = figure.add_subplot(grid[1], sharex=losses)
        panels.append(rates)
        _plot_columns(rates, history, ("validation_accuracy", "validation_auc"), words, first_colour=2)
        rates.set_ylim(-0.02, 1.02)
    if has_stages:
        panels.append(figure.add_subplot(grid[n_panels - 1], sharex=losses))
        _plot_steps(panels[-1], history, words, font)
    for axes in panels:
        for epoch in _stage_borders(history):
            label = words("stage", stage=_stage(history, epoch)) if axes is losses else None
            axes.axvline(epoch - 0.5, color="#333333", linewidth=1.2, label=label)
        if best_epoch is not None:
            axes.axvline(
                best_epoch,
                color=FAINT,
                linewidth=1.2,
                linestyle=(0, (2, 2)),
                label=words("best_epoch", epoch=best_epoch) if axes is losses else None,
            )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        clean(axes)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(prop={"family": font, "size": 9.5}, framealpha=0.92, edgecolor=GRID)
    epochs = [_number(row["epoch"]) for row in history]
    panels[-1].set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    panels[-1].set_xlabel(words("epoch"), fontsize=11, fontfamily=font)
    return figure


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG, atomically; the same figure gives the same bytes, as no date is in them."""
    contracts.write_bytes(path, png_bytes(figure))


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG."""
    # Each drawing would arrange the parts anew, a hair's breadth from where they were: arrange them once.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=DPI, metadata={"Software": None})
    return out.getvalue()


@functools.cache
def find_hangul_font() -> str:
    """Make a font that has Hangul known to matplotlib and return its family name.

    NanumGothic from the package koreanize_matplotlib comes first, so that pictures look the same on every machine. The
    package is only searched for fonts, never imported: its import changes matplotlib's settings for the whole process.

    Raises:
        MissingOutside: There is none; says how to get one.
    """
    spec = importlib.util.find_spec("koreanize_matplotlib")
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place) / "fonts" / "NanumGothic.ttf"
        if path.is_file() and _has_hangul(str(path)):
            font_manager.fontManager.addfont(path)
            return str(font_manager.get_font(str(path)).family_name)
    there = [entry for entry in font_manager.fontManager.ttflist if entry.name in _SYSTEM_FONTS]
    for entry in sorted(there, key=lambda entry: _SYSTEM_FONTS.index(entry.name)):  # not as the disk lists them
        if Path(entry.fname).is_file() and _has_hangul(entry.fname):
            return str(entry.name)
    raise MissingOutside(
        "Korean pictures",
        found="no font with Hangul",
        expected="NanumGothic, Noto Sans CJK, Malgun Gothic or AppleGothic",
        todo="pip install 'smilebench[reporter]' (it brings NanumGothic), or ask for --lang en",
    )


_SYSTEM_FONTS = (
    "NanumGothic",
    "NanumBarunGothic",
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",
    "Noto Sans KR",
    "Malgun Gothic",
    "AppleGothic",
    "Apple SD Gothic Neo",
)


def _has_hangul(file: str) -> bool:
    """Say whether a font file really has Hangul: a font's name does not promise it."""
    return bool(font_manager.get_font(file).get_char_index(ord("한")))


def font_families(lang: Lang) -> list[str]:
    """List font families in the order in which a letter is looked for."""
    return [find_hangul_font(), "DejaVu Sans"] if lang == "ko" else ["DejaVu Sans"]


def new_figure(width_in: float, height_in: float) -> Figure:
    """Make a white figure whose parts are arranged so that nothing overlaps."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def clean(axes: Axes) -> None:
    """Leave only what is read: two spines, a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=10, colors=INK)


def _stage_borders(history: Sequence[Mapping[str, float | None]]) -> list[int]:
    """Return the epochs with which another stage begins."""
    pairs = itertools.pairwise(history)
    return [int(_number(after["epoch"])) for before, after in pairs if before.get("stage") != after.get("stage")]


def _stage(history: Sequence[Mapping[str, float | None]], epoch: int) -> int:
    return next(int(_number(row.get("stage"))) for row in history if row["epoch"] == epoch)


def _plot_steps(axes: Axes, history: Sequence[Mapping[str, float | None]], words: Words, font: Sequence[str]) -> None:
    """Plot the learning rate, a step where it changes, on a logarithmic scale."""
    epochs = [_number(row["epoch"]) for row in history]
    values = [_number(row.get("learning_rate")) for row in history]
    axes.step(epochs, values, where="mid", color=PALETTE[1], linewidth=2)
    axes.set_yscale("log")
    rates = sorted({value for value in values if math.isfinite(value)})
    axes.set_yticks(rates, [f"{rate:.2g}" for rate in rates])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(words("learning_rate"), fontsize=11, fontfamily=font)


def _plot_columns(
    axes: Axes,
    history: Sequence[Mapping[str, float | None]],
    keys: Sequence[str],
    words: Words,
    first_colour: int,
) -> None:
    """Plot columns of a history over its epochs; a missing value leaves a gap, an empty column no line."""
    epochs = [_number(row["epoch"]) for row in history]
    for index, key in enumerate(keys):
        values = [_number(row.get(key)) for row in history]
        if all(math.isnan(value) for value in values):
            continue
        axes.plot(
            epochs,
            values,
            label=words(key),
            color=PALETTE[first_colour + index],
            linestyle=DASHES[index],
            linewidth=2,
            # A line of one point cannot be seen; few points are worth showing.
            marker="o" if len(history) <= 15 else None,
            markersize=4.5,
        )


def _number(value: float | None) -> float:
    """Return NaN, which matplotlib leaves out, for None."""
    return math.nan if value is None else float(value)


def shorten(name: str, limit: int = 26) -> str:
    """Keep a long name from covering the plot: its beginning and its end, where names differ."""
    return name if len(name) <= limit else f"{name[: limit - 9]}…{name[-8:]}"
