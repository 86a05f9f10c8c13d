"""Accuracy against time, as a section of the page and as a sentence. Pure; decides nothing (`pareto.py` does)."""

from collections.abc import Mapping

from shared.plots import figures
from shared.statistics.intervals import Interval
from shared.text.catalogue import LANGS, Lang
from shared.text.rounding import rounded
from tools.reporter.approaches.choice import Offer
from tools.reporter.approaches.pareto import Pareto
from tools.reporter.approaches.sentence import display
from tools.reporter.render.blocks import Paragraph, Picture, Section
from tools.reporter.render.interval_figures import Estimate
from tools.reporter.render.tradeoff_figure import TradeoffPoint, tradeoff_figure
from tools.reporter.text.words import ReportWords, whole_percent


def sentences(pareto: Pareto, offers: Mapping[str, Offer], primary: str) -> dict[Lang, str]:
    """Write it in each language."""
    return {lang: sentence(pareto, offers, primary, ReportWords(lang)) for lang in LANGS}


def sentence(pareto: Pareto, offers: Mapping[str, Offer], primary: str, words: ReportWords) -> str:
    """Say which approaches are Pareto-optimal, and which quicker ones are as good as the best."""
    untimed = ""
    if pareto.untimed:
        untimed = " " + words("tradeoff_untimed", names=_names(pareto.untimed, words))
    if pareto.best is None:
        return words("tradeoff_nothing") + untimed
    metric = words(primary)
    parts = [words("tradeoff_optimal", names=_names(pareto.optimal, words), metric=metric)]
    best = {
        "best": display(pareto.best, words),
        "value": words.metric_value(primary, offers[pareto.best].intervals[primary].value),
        "ms": _milliseconds(offers[pareto.best]),
        "metric": metric,
        "margin": _margin(pareto, primary, words),
        "level": rounded(100 * pareto.level, 1),
    }
    if not pareto.differences:
        parts.append(words("tradeoff_best_is_quickest", **best))
    elif pareto.as_good:
        found = [_as_good(name, pareto.differences[name], offers[name], primary, words) for name in pareto.as_good]
        parts.append(words("tradeoff_as_good", names="; ".join(found), **best))
    else:
        parts.append(words("tradeoff_none_as_good", **best))
    return " ".join(parts) + untimed


def tradeoff_section(
    pareto: Pareto, offers: Mapping[str, Offer], floor: str, primary: str, words: ReportWords
) -> Section:
    """Draw every timed approach, and say what the figure comes to."""
    blocks: list[Paragraph | Picture] = [Paragraph(sentence(pareto, offers, primary, words))]
    if pareto.best is not None:
        points = [
            TradeoffPoint(
                display(name, words),
                offer.decision_ms,
                Estimate(found.value, found.low, found.high),
                name in pareto.optimal,
                name in pareto.as_good,
            )
            for name, offer in offers.items()
            if name != floor and offer.decision_ms is not None
            for found in [offer.intervals[primary]]
        ]
        axes = words("tradeoff_axis"), words(primary)
        figure = tradeoff_figure(points, words("tradeoff_line"), axes, words.lang, in_percent=primary != "roc_auc")
        caption = words("tradeoff_caption", metric=words(primary), margin=_margin(pareto, primary, words))
        blocks.append(Picture("tradeoff.png", figures.png_bytes(figure), words("tradeoff"), caption))
    return Section("tradeoff", words("tradeoff"), tuple(blocks))


def _as_good(name: str, found: Interval, offer: Offer, primary: str, words: ReportWords) -> str:
    assert found.value is not None  # its upper bound is known
    return words(
        "tradeoff_difference",
        name=display(name, words),
        ms=_milliseconds(offer),
        difference=words.difference(primary, found.value, short=True),
        interval=words.interval(primary, found, is_difference=True),
    )


def _names(names: tuple[str, ...], words: ReportWords) -> str:
    return words.listing([display(name, words) for name in names])


def _milliseconds(offer: Offer) -> str:
    assert offer.decision_ms is not None  # only what was timed is written about
    return rounded(offer.decision_ms, 1)


def _margin(pareto: Pareto, primary: str, words: ReportWords) -> str:
    if primary == "roc_auc":
        return rounded(pareto.margin, 3)
    return words("points", value=whole_percent(pareto.margin))
