"""The reporter's work: read the arms, compare them, write the page and the document.

Reads results documents and what they name; writes report.html, report.md, the figures and, last, comparison.json.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.contracts import Document
from shared.provenance import code_info
from tools.reporter.arms import read_arms, read_history, read_run
from tools.reporter.comparison import COMPARED_METRICS, compare, find_flips
from tools.reporter.content import build_page
from tools.reporter.markdown import render_markdown
from tools.reporter.page import render_html
from tools.reporter.strips import draw_strips
from tools.reporter.words import Lang, Words

HTML = "report.html"
MARKDOWN = "report.md"
COMPARISON = "comparison.json"


@dataclass(frozen=True)
class ReportConfig:
    """What to report.

    Attributes:
        baseline: Name (None: the model's) and results document.
        candidates: The same of each candidate.
        runs: run.json files whose learning curve is shown.
        histories: history.csv files without a run.
        dataset: Folder for pictures of changed sequences; None for none.
        with_faces: False leaves the pictures out although a dataset is named.
        out: Folder to write to; None for the report's own below artifacts/reports/.
        report_id: Its name; None makes one of dataset, side and time.
        lang: The page's language.
    """

    baseline: tuple[str | None, Path]
    candidates: tuple[tuple[str | None, Path], ...]
    runs: tuple[Path, ...] = ()
    histories: tuple[Path, ...] = ()
    dataset: Path | None = None
    with_faces: bool = True
    out: Path | None = None
    report_id: str | None = None
    lang: Lang = "en"


@dataclass(frozen=True)
class ReportResult:
    """A finished report.

    Attributes:
        folder: Where it lies.
        comparison: The document in it.
        pictures: File names of the figures.
    """

    folder: Path
    comparison: Document
    pictures: tuple[str, ...]

    exit_code = 0

    def as_text(self) -> str:
        """Show the metrics as a small table and say where to look."""
        words, arms = Words("en"), self.comparison["arms"]
        width = [max(14, len(arm["name"]) + 2) for arm in arms]
        lines = [f"{'':10}" + "".join(f"{arm['name']:>{w}}" for arm, w in zip(arms, width, strict=True))]
        for metric in COMPARED_METRICS:
            values = [words.metric_value(metric, arm["metrics"][metric]) for arm in arms]
            lines.append(f"{words(metric):10}" + "".join(f"{v:>{w}}" for v, w in zip(values, width, strict=True)))
        n, people = self.comparison["n_sequences"], self.comparison["n_subjects"]
        kind = " (SYNTHETIC: drawn people)" if self.comparison["synthetic"] else ""
        lines += [
            f"{words.sequences(n)} of {words.people(people)}{kind}; differences are not yet shown to be more than luck",
            f"report: {paths.shown(self.folder / HTML)}",
        ]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give where everything lies, and the comparison's arms."""
        return {
            "report_id": self.comparison["comparison_id"],
            "folder": str(self.folder),
            "report": str(self.folder / HTML),
            "markdown": str(self.folder / MARKDOWN),
            "comparison": str(self.folder / COMPARISON),
            "pictures": [str(self.folder / name) for name in self.pictures],
            "synthetic": self.comparison["synthetic"],
            "n_sequences": self.comparison["n_sequences"],
            "n_subjects": self.comparison["n_subjects"],
            "arms": self.comparison["arms"],
        }


def make_report(config: ReportConfig) -> ReportResult:
    """Compare and write; nothing is written when something that was read is wrong.

    Raises:
        InvalidInput: A file is not what it must be, or the arms were measured on different sequences.
        WrongUsage: Two arms have one name.
        MissingOutside: Korean, and no font that has Hangul.
    """
    arms = read_arms(config.baseline, config.candidates)
    histories = [*map(read_run, config.runs), *map(read_history, config.histories)]
    sources = [source for history in histories for source in history.sources]
    moment = paths.utc_now()
    baseline = arms[0].results
    report_id = config.report_id or f"{baseline['dataset']['name']}_{baseline['side']}_{paths.utc_stamp(moment)}"
    strips: dict[str, bytes] = {}
    no_strips_reason: str | None = "flips_no_dataset"
    if not config.with_faces:
        no_strips_reason = "flips_no_faces"
    elif config.dataset is not None:
        no_strips_reason = None
        changed = {flip["sequence_id"] for arm in arms[1:] for flip in find_flips(arms[0], arm)}
        strips, source = draw_strips(config.dataset, arms[0], changed)
        sources.append(source)
    comparison = compare(arms, report_id, paths.utc_text(moment), sources, code_info("matplotlib", "numpy"))
    contracts.validate(comparison, "comparison", COMPARISON)
    page = build_page(arms, comparison, histories, strips, no_strips_reason, config.lang)

    folder = (config.out or paths.artifacts("reports") / report_id).resolve()
    pictures = page.pictures()
    for picture in pictures:
        contracts.write_bytes(folder / picture.file, picture.png)
    contracts.write_bytes(folder / MARKDOWN, render_markdown(page).encode("utf-8"))
    contracts.write_bytes(folder / HTML, render_html(page).encode("utf-8"))
    contracts.write_document(folder / COMPARISON, comparison, "comparison")
    return ReportResult(folder, comparison, tuple(picture.file for picture in pictures))
