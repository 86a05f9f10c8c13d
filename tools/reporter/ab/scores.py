"""Two or more tables of scores, from files or from arrays, as a comparison. Writes what a report writes, when asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.contracts import Document
from shared.errors import InvalidInput
from shared.scores.columns import find_positive, plain_label
from shared.scores.table import ScoreTable
from shared.statistics.intervals import Interval
from shared.text.catalogue import Lang
from tools.reporter.ab.content import build_page
from tools.reporter.ab.judgement import Judgement, judge
from tools.reporter.ab.report import ReportResult, compare_arms, write_report
from tools.reporter.config import Question, ScoresConfig
from tools.reporter.practice.groups import find_groups
from tools.reporter.sources.arms import Arm
from tools.reporter.sources.score_arms import make_score_arms, read_score_arms


@dataclass(frozen=True)
class Comparison:
    """What can be said of arms that were measured on the same rows.

    Attributes:
        arms: The baseline first.
        judgement: Of these arms.
    """

    arms: tuple[Arm, ...]
    judgement: Judgement

    @property
    def word(self) -> str:
        """The verdict on the best candidate: better, worse, equal or cannot_tell."""
        return str(self.judgement.verdict.word)

    @property
    def candidate(self) -> str:
        """Name of the candidate that the verdict is about."""
        return self.judgement.best

    @property
    def p(self) -> float | None:
        """The p of the primary metric's difference by person, after Holm over all candidates."""
        return self.judgement.verdict.p_adjusted

    @property
    def difference(self) -> Interval:
        """The primary metric's difference, candidate minus baseline, with its 95 % interval by person."""
        return self.judgement.verdict.difference

    def sentence(self, lang: Lang = "en") -> str:
        """Write the verdict, and what would settle it where something would."""
        return self.judgement.sentence(lang)

    def as_json(self) -> Document:
        """Give everything, as comparison.json holds it."""
        return compare_arms(self.arms, self.judgement, None, [])

    def write(self, folder: str | Path, lang: Lang = "en") -> Path:
        """Write report.html, report.md, comparison.json and the figures; returns the page's place."""
        return self.report(Path(folder), lang).page

    def report(
        self,
        folder: Path | None,
        lang: Lang,
        report_id: str | None = None,
        groups: Path | None = None,
        *,
        gate: bool = False,
    ) -> ReportResult:
        """Write the report; None is its own folder below artifacts/reports/."""
        grouped = find_groups(self.arms, self.judgement.predictions, self.candidate, groups)
        comparison = compare_arms(self.arms, self.judgement, report_id, [], grouped)
        page = build_page(self.arms, self.judgement, comparison, (), None, {}, None, lang, (), grouped)
        return write_report(page, comparison, self.judgement, folder, gate=gate)

    def __str__(self) -> str:
        caution = self.arms[0].caution
        return "\n".join([self.sentence(), *([caution.text("en")] if caution else [])])


def report_scores(config: ScoresConfig) -> ReportResult:
    """Compare tables of scores and write the same report; nothing is written when something that was read is wrong.

    Raises:
        InvalidInput: A table cannot be understood, or two are not of the same rows.
        WrongUsage: Two arms have one name, or a threshold is that of none.
        MissingOutside: Korean, and no font that has Hangul.
    """
    arms = read_score_arms(config.baseline, config.candidates, config.wanted, dict(config.thresholds))
    found = Comparison(arms, judge(arms, config.question))
    return found.report(config.out, config.lang, config.report_id, config.groups, gate=config.gate)


def compare_scores(
    labels: Sequence[Any], baseline: Sequence[Any], candidate: Sequence[Any] | Mapping[str, Sequence[Any]],
    subjects: Sequence[Any] | None, positive: Any, threshold: float | Mapping[str, float] | None,
    asked: tuple[str, str | None, float],
) -> Comparison:  # fmt: skip
    """Compare scores that are in memory; `smilebench.compare` describes them."""
    candidates = candidate if isinstance(candidate, Mapping) else {"candidate": candidate}
    arms = {"baseline": baseline, **candidates}
    named = [plain_label(str(label)) for label in labels]
    wanted = None if positive is None else str(positive)
    if not named:
        raise InvalidInput("labels", found="none", expected="one for each row")
    chosen = find_positive(set(named), wanted, "labels")
    negative = next((label for label in sorted(set(named)) if label != chosen), None)
    at = sorted(set(named)).index(chosen) if chosen is not None and negative is not None else 1
    people = None if subjects is None else [str(one) for one in subjects]
    if people is not None and len(people) != len(named):
        raise InvalidInput("subjects", found=f"{len(people)}", expected=f"{len(named)}, one for each label")
    tables = [
        ScoreTable(name, [label == chosen for label in named], _column(scores, name, len(named), at), chosen, negative,
                   people, [f"row_{number:06d}" for number in range(1, len(named) + 1)], None)
        for name, scores in arms.items()
    ]  # fmt: skip
    thresholds = dict(threshold) if isinstance(threshold, Mapping) else {} if threshold is None else {"": threshold}
    made = make_score_arms(list(arms), tables, [Path(name) for name in arms], thresholds)
    return Comparison(made, judge(made, Question(*asked)))


def _column(scores: Sequence[Any], name: str, n: int, at: int) -> list[float]:
    """Return a score for each row: of two columns, by class in their order, the positive class's."""
    found = np.asarray(scores, dtype=np.float64)
    if found.ndim == 2 and found.shape[1] == 2:
        found = found[:, at]
    if found.shape != (n,):
        raise InvalidInput(name, found=f"scores of shape {found.shape}", expected=f"({n},), one for each label")
    if bad := np.flatnonzero(~np.isfinite(found)).tolist():
        raise InvalidInput(f"{name}: row {bad[0] + 1}", found=f"the score {found[bad[0]]}", expected="a finite number")
    return [float(score) for score in found]
