"""Command line of the reporter. See ``reporter --help``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared import cli, paths
from shared.approaches import APPROACHES, FUSE, REASONS, find_approach
from shared.errors import WrongUsage
from shared.statistics.metric_names import METRICS
from shared.text import language
from tools.reporter.config import ApproachesConfig, Question, ReportConfig, TablesConfig

if TYPE_CHECKING:
    from shared.statistics.metrics import Confusion
    from tools.reporter.tables.rates import PublishedRates

DESCRIPTION = """Compare a baseline with one or more candidates that were measured on the same sequences.

Reads results documents of the evaluator with the predictions csv beside each, and writes report.html (one file, works
offline), report.md, comparison.json and the figures. Refuses results of different sequences."""

EXAMPLES = """
reporter --baseline BASELINE_results.json --candidate OURS_results.json
reporter --baseline b.json --candidate ep10=a.json --candidate ep50=c.json --run artifacts/runs/R/run.json
reporter --baseline b.json --candidate a.json --dataset people --lang ko
reporter --baseline b.json --candidate a.json --reference majority.json --reference one_frame.json --gate
reporter --baseline b.json --candidate a.json --dataset people --no-faces --out ./for_the_customer
reporter approaches --result blendshapes=b.json --result majority=m.json --timings t.json --features features.json
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10     (from published tables; see reporter tables --help)
"""

APPROACHES_DESCRIPTION = """Say which of several approaches to ship, by a rule that is fixed beforehand.

Reads results documents of the evaluator on the same sequences, and what each approach costs: model cards, training
runs, times (evaluator time), the features' manifest, hand-offs. Writes one table, one figure and one verdict:
report.html, report.md, approaches.json and the figure."""

APPROACHES_EXAMPLES = """
reporter approaches --result blendshapes=b.json --result majority=m.json --timings t.json --features features.json
reporter approaches --result dual_head=d.json --result majority=m.json --card dual_head=model.json --timings t.json
reporter approaches --result dual_head=d.json --result landmark_mlp=l.json --result majority=m.json --lang ko \\
  --card dual_head=d/model.json --card landmark_mlp=l/model.json --timings t.json --features features.json
"""

MAX_CLIPS = 20_000  # the exact test by person takes seconds then

TABLES_DESCRIPTION = """Say what two published tables of counts can show, whichever way the answers behind them pair up.

A table is TP,FN,TN,FP at each arm's threshold, both of the same clips. Where only rates are printed, all tables that
round to them are taken into account. Writes no file."""

TABLES_EXAMPLES = """
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10 --n-subjects 16 --lang ko
reporter tables --baseline-rates precision=62.5%,recall=75%,accuracy=65%,n=80 --candidate 28,12,30,10 --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser("reporter", DESCRIPTION, EXAMPLES, _report)
    add = parser.add_argument
    add("--baseline", required=True, metavar="[NAME=]FILE", help="results document to compare with (.json)")
    add(
        "--candidate",
        required=True,
        action="append",
        metavar="[NAME=]FILE",
        help="results document of a candidate; give it again for each further one. Without a NAME the model's is used",
    )
    add(
        "--reference",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="results document of an arm that needs no training (the larger class, one frame); candidates should beat "
        "it",
    )
    _add_primary(parser)
    add(
        "--protected",
        choices=(*METRICS, "none"),
        default="recall",
        help="metric that must not drop by more than the margin (default: recall)",
    )
    cli.add_margin(parser)
    add(
        "--gate",
        action="store_true",
        help="exit code 1 unless the best candidate is better than the baseline and than every reference",
    )
    add(
        "--run",
        action="append",
        default=[],
        type=Path,
        metavar="RUN",
        help="a training run (its run.json or folder), for its learning curve",
    )
    add("--history", action="append", default=[], type=Path, metavar="CSV", help="a training history without its run")
    add(
        "--people",
        action="append",
        default=[],
        metavar="N=FILE",
        help="results of the same training on N people (repeat): draws accuracy against the number of people",
    )
    cli.add_dataset(parser, default="none: no pictures of changed predictions")
    add("--no-faces", action="store_true", help="leave the pictures out: for a report that is passed on")
    _add_place(parser)
    _add_approaches(parser)
    _add_tables(parser)
    return parser


def _add_primary(parser: cli.Parser) -> None:
    parser.add_argument(
        "--primary", choices=METRICS, default="accuracy", help="metric that decides (default: accuracy)"
    )


def _add_place(parser: cli.Parser) -> None:
    """Add where a report is written, under which name and in which language."""
    cli.add_out(parser, "artifacts/reports/ID")
    parser.add_argument("--report-id", metavar="ID", help="name of the report (default: dataset and time)")
    cli.add_lang(parser)
    cli.add_json(parser)


def _add_approaches(reporter: cli.Parser) -> None:
    parser = reporter.add_command("approaches", APPROACHES_DESCRIPTION, APPROACHES_EXAMPLES, _approaches)
    add = parser.add_argument
    for flag, help_ in (
        ("--result", "results document of an approach (repeat; majority and one more at least)"),
        ("--run", "run.json of a network's training (repeat; of folds and seeds several)"),
        ("--card", "model.json of a network (repeat)"),
        ("--spec", "frontend_spec.json of a network's hand-off, for times in a browser (repeat)"),
    ):
        add(flag, action="append", default=[], metavar="NAME=FILE", help=help_)
    add("--timings", type=Path, required=True, metavar="FILE", help="what a decision takes here: ./inv evaluator time")
    add("--features", type=Path, metavar="FILE", help="features.json, where an approach needs faces")
    add(
        "--left-out", action="append", default=[], metavar="NAME=REASON", help="what was not compared, and why (repeat)"
    )
    cli.add_dataset(parser, default="the one that the results name; for its card and its test log")
    _add_primary(parser)
    cli.add_margin(parser)
    _add_place(parser)


def _add_tables(reporter: cli.Parser) -> None:
    parser = reporter.add_command("tables", TABLES_DESCRIPTION, TABLES_EXAMPLES, _tables)
    for arm in ("baseline", "candidate"):
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument(f"--{arm}", metavar="TP,FN,TN,FP", help=f"counts of the {arm}")
        group.add_argument(
            f"--{arm}-rates",
            metavar="NAME=VALUE,...",
            help="or its printed rates: precision, recall, accuracy, specificity, f1, with n (and positives if known)",
        )
    parser.add_argument(
        "--n-subjects", type=cli.positive_int, metavar="N", help="people who gave the clips, if fewer than clips"
    )
    cli.add_margin(parser)
    cli.add_lang(parser)
    cli.add_json(parser)


def _report(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.report_id, "--report-id")
    protected = None if arguments.protected == "none" else arguments.protected
    config = cli.fill(
        ReportConfig,
        arguments,
        baseline=_split_name(arguments.baseline, "--baseline"),
        candidates=tuple(_split_name(text, "--candidate") for text in arguments.candidate),
        references=tuple(_split_name(text, "--reference") for text in arguments.reference),
        question=Question(arguments.primary, protected, arguments.margin),
        people=tuple(_split_number(text) for text in arguments.people),
        runs=tuple(arguments.run),
        histories=tuple(arguments.history),
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
        with_faces=not arguments.no_faces,
        lang=language.choose(arguments.lang),
    )
    from tools.reporter.ab.report import make_report

    return make_report(config)


def _approaches(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.report_id, "--report-id")
    left_out = tuple(_split_approach(text, "--left-out") for text in arguments.left_out)
    for _, reason in left_out:
        cli.require(reason in REASONS, "--left-out", found=repr(reason), expected=", ".join(REASONS))
    results, runs, cards, specs = (
        tuple((name, Path(file).expanduser()) for name, file in (_split_approach(text, flag) for text in texts))
        for flag, texts in (
            ("--result", arguments.result),
            ("--run", arguments.run),
            ("--card", arguments.card),
            ("--spec", arguments.spec),
        )
    )
    config = cli.fill(
        ApproachesConfig,
        arguments,
        results=results,
        runs=runs,
        cards=cards,
        specs=specs,
        left_out=left_out,
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
        lang=language.choose(arguments.lang),
    )
    from tools.reporter.approaches.report import report_approaches

    return report_approaches(config)


def _tables(arguments: argparse.Namespace) -> cli.Result:
    config = TablesConfig(
        baseline=_read_table(arguments.baseline, arguments.baseline_rates, "--baseline"),
        candidate=_read_table(arguments.candidate, arguments.candidate_rates, "--candidate"),
        n_subjects=arguments.n_subjects,
        margin=arguments.margin,
        lang=language.choose(arguments.lang),
    )
    from tools.reporter.tables.tables import compare_tables

    return compare_tables(config)


def _split_approach(text: str, flag: str) -> tuple[str, str]:
    """Parse NAME=VALUE, NAME being an approach."""
    name, _, value = text.partition("=")
    found = find_approach(name)
    if found is None or not value:
        expected = f"NAME=VALUE, NAME one of {', '.join(APPROACHES)}, or several of them joined by {FUSE}"
        raise WrongUsage(flag, found=repr(text), expected=expected)
    return found.name, value


def _split_number(text: str) -> tuple[int, Path]:
    """Parse N=FILE."""
    number, _, file = text.partition("=")
    if not number.isascii() or not number.isdigit() or not file:
        raise WrongUsage("--people", found=repr(text), expected="N=FILE, such as 12=results.json")
    return int(number), Path(file).expanduser()


def _split_name(text: str, flag: str) -> tuple[str | None, Path]:
    """Split NAME=FILE; a file whose own name has a '=' is a file all the same."""
    name, equals, file = text.partition("=")
    if not equals or Path(text).is_file():
        return None, Path(text)
    if not paths.is_name(name):
        raise WrongUsage(flag, found=repr(name), expected=f"{paths.NAME_RULE} before the '='")
    return name, Path(file)


def _read_table(counts: str | None, rates: str | None, flag: str) -> "Confusion | PublishedRates":
    """Read a table of counts, or published rates."""
    from shared.statistics.metrics import Confusion
    from tools.reporter.tables.rates import parse_rates

    if counts is None:
        return parse_rates(rates or "", f"{flag}-rates")
    parts = [part.strip() for part in counts.split(",")]
    whole = all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts)
    numbers = [int(part) for part in parts] if whole else []
    if len(numbers) != 4 or not 0 < sum(numbers) <= MAX_CLIPS:
        raise WrongUsage(
            flag, found=repr(counts), expected=f"TP,FN,TN,FP: four whole numbers, together 1 to {MAX_CLIPS:,}"
        )
    tp, fn, tn, fp = numbers
    return Confusion(tp=tp, fn=fn, tn=tn, fp=fp)


main = cli.entry(parser)
