"""What mistakes cost: net benefit of each arm by what a false alarm costs against a miss. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from shared.plots import figures
from shared.statistics.predictions import Predictions
from tools.reporter.render.blocks import Cell, Paragraph, Picture, Section, Table
from tools.reporter.render.interval_figures import decision_figure
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords, signed

COSTS = ((1, 10), (1, 5), (1, 2), (1, 1), (2, 1), (5, 1))
"""Of a false alarm and of a miss."""
CURVE = np.linspace(0.02, 0.98, 49)


def net_benefit(predictions: Predictions, ratio: float, threshold: float | None) -> float:
    """Count what an arm is worth, in found positives per sequence.

    Args:
        predictions: Its predictions.
        ratio: What a false alarm costs, a miss costing 1; above 0.
        threshold: Positive is strictly greater; None is the one in use.

    Returns:
        (TP - ratio x FP) / n: 0 for calling nothing positive, the share of positives for being always right.

    Source: Vickers & Elkin 2006, Medical Decision Making 26:565-574, with ratio = p / (1 - p) at their threshold
        probability p.

    Example:
        >>> from shared.statistics.predictions import make_predictions
        >>> arm = make_predictions([True, True, False, False], [0.9, 0.2, 0.8, 0.1], ["a", "b", "c", "d"], 0.5)
        >>> net_benefit(arm, 0.5, None)
        0.125
    """
    called = predictions.decisions if threshold is None else predictions.scores > threshold
    found, alarms = int((called & predictions.labels).sum()), int((called & ~predictions.labels).sum())
    return (found - ratio * alarms) / predictions.n


def costs_section(arms: Sequence[Arm], predictions: Mapping[str, Predictions], words: ReportWords) -> Section:
    """Show net benefit by the costs of mistakes, as a table and as a decision curve."""
    positive = arms[0].results["positive_class"]
    found = {arm.name: predictions[arm.name] for arm in arms if arm.kind != "majority"}
    share = float(predictions[arms[0].name].labels.mean())
    rows = []
    for alarm, miss in COSTS:
        ratio = alarm / miss
        cells = [
            Cell(
                _per_hundred(net_benefit(one, ratio, None)),
                (words("cost_fitted", value=_per_hundred(net_benefit(one, ratio, ratio / (1 + ratio)))),),
            )
            for one in found.values()
        ]
        always = Cell(_per_hundred(share - ratio * (1 - share)))
        rows.append((Cell(words("cost_ratio", alarm=alarm, miss=miss)), *cells, always))
    header = (Cell(words("cost_column")), *map(Cell, found), Cell(words("cost_always", positive=positive)))
    curves = {name: [100 * net_benefit(one, p / (1 - p), p) for p in CURVE.tolist()] for name, one in found.items()}
    everything = [100 * (share - p / (1 - p) * (1 - share)) for p in CURVE.tolist()]
    top = 100 * share
    figure = decision_figure(CURVE.tolist(), curves, everything, top, words.lang)
    png = figures.png_bytes(figure)
    return Section(
        "costs",
        words("costs"),
        (
            Paragraph(words("costs_intro", positive=positive)),
            Table("plain", header, tuple(rows)),
            Picture("decision_curve.png", png, words("costs"), words("costs_caption")),
            Paragraph(words("costs_note", best=_per_hundred(share)), "faint"),
        ),
    )


def _per_hundred(value: float) -> str:
    return signed(100 * value, 1)
