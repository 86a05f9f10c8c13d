"""The reporter's work: read the arms, compare them, write the page and the document.

Reads results documents and what they name; writes report.html, report.md, the figures and, last, comparison.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.provenance import code_info
from shared.statistics.metric_names import SHOWN_METRICS
from tools.reporter.ab.comparison import compare, find_flips
from tools.reporter.ab.content import build_page
from tools.reporter.ab.judgement import Judgement, judge
from tools.reporter.ab.labels import LabelCheck, check_labels, find_suspects
from tools.reporter.ab.looks_log import ask, record
from tools.reporter.ab.sentence import describe_look
from tools.reporter.ab.strips import draw_strips
from tools.reporter.config import ReportConfig
from tools.reporter.practice.added import read_added
from tools.reporter.practice.alikeness import Alikeness, find_alikeness
from tools.reporter.practice.groups import Grouped, find_groups
from tools.reporter.practice.people_curve import read_people_curve
from tools.reporter.practice.streams import StreamArm, read_streams
from tools.reporter.render.blocks import Page
from tools.reporter.render.folder import HTML, files_of, write_page
from tools.reporter.sources.arms import Arm, Source, read_arms
from tools.reporter.sources.datasets import find_dataset
from tools.reporter.sources.histories import read_history, read_run
from tools.reporter.text.words import ReportWords

COMPARISON = "comparison.json"


@dataclass(frozen=True)
class ReportResult:
    """A finished report.

    Attributes:
        folder: Where it lies.
        comparison: The document in it.
        pictures: File names of the figures.
        judgement: What can be said of the arms.
        gate: Whether the verdict decides the exit code.
    """

    folder: Path
    comparison: Document
    pictures: tuple[str, ...]
    judgement: Judgement
    gate: bool = False

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / HTML

    @property
    def exit_code(self) -> int:
        """0; with the gate 1 unless the best candidate is better than the baseline and every reference."""
        return int(self.gate and not self.comparison["verdict"]["gate"]["passes"])

    def as_text(self) -> str:
        """Show the metrics with their intervals as a small table, then the verdict, and say where to look."""
        words, arms = ReportWords("en"), self.comparison["arms"]
        table = [["", *(arm["name"] for arm in arms)]]
        for metric in SHOWN_METRICS:
            cells = []
            for arm in arms:
                found = self.judgement.arms[arm["name"]].intervals[metric]
                bounds = f" [{words.interval(metric, found)}]" if found.low is not None else ""
                cells.append(words.metric_value(metric, arm["metrics"][metric]) + bounds)
            table.append([words(metric), *cells])
        width = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)).rstrip() for row in table]
        predictions = self.judgement.arms[self.judgement.best].predictions
        sequences, people = words.sequences(predictions.n, predictions.repeats), words.people(predictions.n_subjects)
        kind = " (SYNTHETIC: drawn people)" if self.comparison["synthetic"] else ""
        lines = [self.comparison["recommendation"]["sentence"]["en"], "", *lines]
        lines += [
            f"95 % intervals in brackets; {sequences} of {people}{kind}",
            *([self.judgement.at_chance.sentence["en"]] if self.judgement.at_chance else []),
            f"verdict on {self.judgement.best}: {words(f'outcome_{self.judgement.verdict.word}')}",
            self.judgement.sentence("en"),
            describe_look(self.judgement.asked, words),
            *self._gate_lines(),
            f"report: {paths.shown(self.folder / HTML)}",
            *(f"next: {line}" for line in self.comparison["recommendation"]["next"]),
        ]
        return "\n".join(lines)

    def _gate_lines(self) -> list[str]:
        if not self.gate:
            return []
        reasons = self.comparison["verdict"]["gate"]["reasons"]
        words, candidate = ReportWords("en"), self.judgement.best
        lines = [
            words(
                f"gate_{one['reason']}",
                candidate=candidate,
                reference=one["reference"],
                word=words(f"outcome_{one['word']}"),
            )
            for one in reasons
        ]
        return [f"gate: not passed (exit 1): {'; '.join(lines)}" if lines else "gate: passed"]

    def as_json(self) -> dict[str, Any]:
        """Give where everything lies, and the comparison's arms."""
        return {
            "report_id": self.comparison["comparison_id"],
            **files_of(self.folder, self.pictures),
            "comparison": str(self.folder / COMPARISON),
            "synthetic": self.comparison["synthetic"],
            "n_sequences": self.comparison["n_sequences"],
            "n_subjects": self.comparison["n_subjects"],
            "recommendation": self.comparison["recommendation"],
            "verdict": self.comparison["verdict"],
            "gate": {"asked": self.gate, "passed": not self.judgement.gate_reasons},
            "arms": self.comparison["arms"],
        }


def make_report(config: ReportConfig) -> ReportResult:
    """Compare and write; nothing is written when something that was read is wrong.

    Raises:
        InvalidInput: A file is not what it must be, or the arms were measured on different sequences.
        WrongUsage: Two arms have one name.
        MissingOutside: Korean, and no font that has Hangul.
    """
    arms = read_arms(config.baseline, config.candidates, config.references)
    facts = find_dataset(config.dataset, arms[0])
    asked = None
    if facts is not None:
        judged = [arm for arm in arms if arm.role == "candidate"]
        asked = ask(arms[0], judged, config.question.primary, facts.people, facts.folder, is_only=config.only_look)
    judgement = judge(arms, config.question, asked)
    histories = [*map(read_run, config.runs), *map(read_history, config.histories)]
    points = read_people_curve(config.baseline, config.people)
    streams = read_streams(config.streams, arms)
    tested = [row.subject_id for row in arms[0].rows.values()]
    newer = read_added(config.added, config.dataset, tested)
    sources = [source for history in histories for source in history.sources]
    sources += [source for point in points for source in point.sources] + [one.source for one in streams]
    strips: dict[str, bytes] = {}
    no_strips_reason: str | None = "flips_no_dataset"
    if not config.with_faces:
        no_strips_reason = "flips_no_faces"
    elif config.dataset is not None:
        no_strips_reason = None
        changed = {flip["sequence_id"] for arm in arms if arm.role == "candidate" for flip in find_flips(arms[0], arm)}
        strips, source = draw_strips(config.dataset, arms[0], changed)
        sources.append(source)
    found = find_suspects(arms, config.suspects)
    labels = None if found is None else check_labels(arms, judgement, found[0])
    sources += [] if found is None else [found[1]]
    groups = find_groups(arms, judgement.predictions, judgement.best, config.groups)
    alike = find_alikeness(judgement.predictions, {} if facts is None else facts.takes)
    comparison = compare_arms(arms, judgement, config.report_id, sources, groups, labels, streams, alike)
    page = build_page(
        arms, judgement, comparison, histories, facts, strips, no_strips_reason, config.lang, points, groups, labels,
        streams, newer,
    )  # fmt: skip
    return write_report(page, comparison, judgement, config.out, gate=config.gate)


def compare_arms(
    arms: Sequence[Arm],
    judgement: Judgement,
    report_id: str | None,
    sources: Sequence[Source],
    groups: Grouped | None = None,
    labels: LabelCheck | None = None,
    streams: Sequence[StreamArm] = (),
    alike: Sequence[Alikeness] = (),
) -> Document:
    """Make the comparison document of arms, checked; a name of None is made of dataset and time."""
    moment, baseline = paths.utc_now(), arms[0].results
    name = report_id or f"{baseline['dataset']['name']}_{baseline['side']}_{paths.utc_stamp(moment)}"
    code = code_info("matplotlib", "numpy", "scipy")
    comparison = compare(arms, judgement, name, paths.utc_text(moment), sources, code)
    if groups is not None:
        comparison["groups"] = groups.as_document()
    if labels is not None:
        comparison["label_check"] = labels.as_document()
    if streams:
        comparison["streams"] = [one.as_document() for one in streams]
    if alike:
        comparison["alikeness"] = [one.as_document() for one in alike]
    contracts.validate(comparison, "comparison", COMPARISON)
    return comparison


def write_report(
    page: Page, comparison: Document, judgement: Judgement, out: Path | None, *, gate: bool
) -> ReportResult:
    """Write the page, its figures and, last, the document."""
    folder = (out or paths.artifacts("reports") / comparison["comparison_id"]).resolve()
    if judgement.asked is not None:  # before anything of it can be read
        record(judgement.asked, comparison["created_utc"])
    pictures = write_page(page, folder)
    contracts.write_document(folder / COMPARISON, comparison, "comparison")
    return ReportResult(folder, comparison, pictures, judgement, gate)
