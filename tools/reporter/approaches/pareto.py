"""What accuracy costs in time: which approaches nobody beats in both, and which quicker ones are as good as the best.

An approach is Pareto-optimal if no other is at least as quick and at least as good, and better in one of the two. That
looks at the figures as they are. What may be said of people not measured is the other question: a quicker approach is
as good as the best one if it is shown to be worse by less than the margin (non-inferiority). Its difference to the best
gets an interval by person whose level holds for all quicker approaches together (Bonferroni). The best is found on the
same people, which makes it look a little too good and the claim harder, not easier. The floor takes no part.

Pure; reads and writes nothing.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.statistics.intervals import Interval, difference
from tools.reporter.ab.verdict import ALPHA
from tools.reporter.approaches.choice import Offer

MARGIN = 0.02
"""Two points; our own choice: less than that a player does not notice, and a page runs for it many times as long."""


@dataclass(frozen=True)
class Pareto:
    """What accuracy costs in time.

    Attributes:
        best: The highest primary metric, of equals the quicker one; None where nothing was timed and measured.
        optimal: The Pareto-optimal approaches, the quickest first.
        differences: The best minus each quicker approach, at `level`, the quickest first.
        as_good: Those of them that are shown to be worse by less than the margin, the quickest first.
        untimed: Approaches whose time was not measured; they take no part.
        margin: The least difference of practical interest here, as a fraction.
        level: Of each interval.
    """

    best: str | None
    optimal: tuple[str, ...]
    differences: Mapping[str, Interval]
    as_good: tuple[str, ...]
    untimed: tuple[str, ...]
    margin: float
    level: float

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them; `tools.reporter.approaches.tradeoff` adds the sentence."""
        return {
            "best": self.best,
            "optimal": list(self.optimal),
            "quicker": [
                {"name": name, "difference": found.as_document(), "is_as_good": name in self.as_good}
                for name, found in self.differences.items()
            ],
            "untimed": list(self.untimed),
            "margin": self.margin,
            "level": self.level,
        }


def find_pareto(
    offers: Sequence[Offer], floor: str, primary: str, *, margin: float = MARGIN, alpha: float = ALPHA
) -> Pareto:
    """Find what is Pareto-optimal, and what is as good as the best and quicker.

    Args:
        offers: The approaches, of the same sequences.
        floor: Name of the approach that takes no part.
        primary: The metric.
        margin: The least difference of practical interest.
        alpha: Of any false "as good" among all quicker approaches, two-sided as everywhere.
    """
    others = [offer for offer in offers if offer.name != floor]
    points = {
        offer.name: (offer.decision_ms, value)
        for offer in others
        if offer.decision_ms is not None and (value := offer.intervals[primary].value) is not None
    }
    untimed = tuple(offer.name for offer in others if offer.decision_ms is None)
    named = {offer.name: offer for offer in others}
    ordered = sorted(points, key=lambda name: (points[name][0], -points[name][1]))
    # From quick to slow, only what is better than everything quicker; of equals in both all stay.
    optimal: list[str] = []
    for point, group in itertools.groupby(ordered, key=lambda name: points[name]):
        if not optimal or point[1] > points[optimal[-1]][1]:
            optimal += group
    if not optimal:
        return Pareto(None, (), {}, (), untimed, margin, 1 - alpha)
    best = min(ordered, key=lambda name: (-points[name][1], points[name][0]))
    quicker = [name for name in ordered if points[name][0] < points[best][0]]
    level = 1 - alpha / max(1, len(quicker))
    differences = {
        name: difference(primary, named[name].predictions, named[best].predictions, level) for name in quicker
    }
    as_good = tuple(name for name, found in differences.items() if found.high is not None and found.high < margin)
    return Pareto(best, tuple(optimal), differences, as_good, untimed, margin, level)
