"""Accuracy against the number of training people: whether recording more people will help.

Reads results of the same network trained on fewer people, measured on the same sequences as the arms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.plots.figures import png_bytes
from shared.statistics.intervals import Interval
from tools.reporter.render.blocks import Paragraph, Picture, Section
from tools.reporter.render.interval_figures import Estimate, people_curve_figure
from tools.reporter.sources.arms import Source, read_arms
from tools.reporter.text.words import ReportWords

METRIC = "accuracy"


@dataclass(frozen=True)
class PeoplePoint:
    """What a number of training people came to, and the files that say so."""

    n_people: int
    accuracy: Interval
    sources: tuple[Source, ...]


def read_people_curve(baseline: tuple[str | None, Path], files: Sequence[tuple[int, Path]]) -> list[PeoplePoint]:
    """Read the points of the curve, by number of people.

    Args:
        baseline: The report's baseline, whose sequences they must have been measured on.
        files: Number of training people and results document.

    Raises:
        InvalidInput: Measured on other sequences than the baseline.
    """
    points = []
    for n_people, file in sorted(files):
        arm = next(a for a in read_arms(baseline, [(f"{n_people} people", file)]) if a.role == "candidate")
        points.append(PeoplePoint(n_people, arm.intervals[METRIC], tuple(arm.sources)))
    return points


def people_curve_section(points: Sequence[PeoplePoint], words: ReportWords) -> Section | None:
    """Draw the curve; None with fewer than two points."""
    if len(points) < 2:
        return None
    bars = [(one.n_people, Estimate(one.accuracy.value, one.accuracy.low, one.accuracy.high)) for one in points]
    figure = people_curve_figure(bars, words.lang)
    picture = Picture("people_curve.png", png_bytes(figure), words("people_curve"), words("people_curve_caption"))
    facts = "; ".join(
        f"{words.people(point.n_people)}: {words.metric_value(METRIC, point.accuracy.value)}" for point in points
    )
    return Section("people_curve", words("people_curve"), (Paragraph(facts), picture))
