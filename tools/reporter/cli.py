"""Command line of the reporter. See ``reporter --help``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shared import cli, paths
from shared.approaches import APPROACHES, REASONS
from shared.errors import WrongUsage

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

METRICS = ("accuracy", "recall", "precision", "f1", "roc_auc")
MAX_CLIPS = 20_000  # the exact test by person takes seconds then

TABLES_DESCRIPTION = """Say what two published tables of counts can show, whichever way the answers behind them pair up.

A table is TP,FN,TN,FP at each arm's threshold, both of the same clips. Where only rates are printed, all tables that
round to them are taken into account. Writes no file."""

TABLES_EXAMPLES = """
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10 --n-subjects 16 --lang ko
reporter tables --baseline-rates precision=62.5%,recall=75%,accuracy=65%,n=80 --candidate 28,12,30,10 --json
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the reporter and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["tables"]:
        return _main_tables(words[1:])
    if words[:1] == ["approaches"]:
        return _main_approaches(words[1:])
    parser = cli.Parser("reporter", DESCRIPTION, EXAMPLES)
    parser.add_argument(
        "--baseline", required=True, metavar="[NAME=]FILE", help="results document to compare with (.json)"
    )
    parser.add_argument(
        "--candidate",
        required=True,
        action="append",
        metavar="[NAME=]FILE",
        help="results document of a candidate; give it again for each further one. Without a NAME the model's is used",
    )
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="results document of an arm that costs nothing (the larger class, one frame); candidates should beat it",
    )
    parser.add_argument(
        "--primary", choices=METRICS, default="accuracy", help="metric that decides (default: accuracy)"
    )
    parser.add_argument(
        "--protected",
        choices=(*METRICS, "none"),
        default="recall",
        help="metric that must not drop by more than the margin (default: recall)",
    )
    parser.add_argument(
        "--margin",
        type=cli.fraction,
        default=0.05,
        metavar="M",
        help="difference that does not matter (default: 0.05)",
    )
    parser.add_argument(
        "--gate",
        action="store_true",
        help="exit code 1 unless the best candidate is better than the baseline and than every reference",
    )
    parser.add_argument(
        "--run",
        action="append",
        default=[],
        type=Path,
        metavar="RUN",
        help="a training run (its run.json or folder), for its learning curve",
    )
    parser.add_argument(
        "--history", action="append", default=[], type=Path, metavar="CSV", help="a training history without its run"
    )
    parser.add_argument(
        "--people",
        action="append",
        default=[],
        metavar="N=FILE",
        help="results of the same training on N people (repeat): draws accuracy against the number of people",
    )
    parser.add_argument("--dataset", metavar="D", help="name or folder of the dataset, for pictures of changed answers")
    parser.add_argument(
        "--no-faces", action="store_true", help="leave the pictures out: for a report that is passed on"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: artifacts/reports/ID)")
    parser.add_argument("--report-id", metavar="ID", help="name of the report (default: dataset, side and time)")
    parser.add_argument("--lang", choices=("en", "ko"), default="en", help="language of the page (default: en)")
    cli.add_json(parser)
    arguments = parser.parse_args(words)

    def work() -> cli.Result:
        _require_report_id(arguments.report_id)
        cli.require(0 < arguments.margin < 1, "--margin", found=f"{arguments.margin:g}", expected="above 0 and below 1")
        dataset = None if arguments.dataset is None else paths.dataset_dir(arguments.dataset)

        from tools.reporter.ab.judgement import Question
        from tools.reporter.ab.report import ReportConfig, make_report

        return make_report(
            ReportConfig(
                baseline=_split_name(arguments.baseline, "--baseline"),
                candidates=tuple(_split_name(text, "--candidate") for text in arguments.candidate),
                references=tuple(_split_name(text, "--reference") for text in arguments.reference),
                question=Question(
                    arguments.primary, None if arguments.protected == "none" else arguments.protected, arguments.margin
                ),
                gate=arguments.gate,
                people=tuple(_split_number(text) for text in arguments.people),
                runs=tuple(arguments.run),
                histories=tuple(arguments.history),
                dataset=dataset,
                with_faces=not arguments.no_faces,
                out=arguments.out,
                report_id=arguments.report_id,
                lang=arguments.lang,
            )
        )

    return cli.run("reporter", arguments, work)


def _require_report_id(report_id: str | None) -> None:
    if report_id is not None and not paths.NAME_PATTERN.fullmatch(report_id):
        raise WrongUsage(
            "--report-id",
            found=repr(report_id),
            expected=paths.NAME_RULE,
        )


def _main_approaches(words: Sequence[str]) -> int:
    parser = cli.Parser("reporter approaches", APPROACHES_DESCRIPTION, APPROACHES_EXAMPLES)
    add = parser.add_argument
    for flag, help_ in (
        ("--result", "results document of an approach (repeat; majority and one more at least)"),
        ("--run", "run.json of a network's training (repeat; of folds and seeds several)"),
        ("--card", "model.json of a network (repeat)"),
        ("--spec", "frontend_spec.json of a network's hand-off, for times in a browser (repeat)"),
    ):
        add(flag, action="append", default=[], metavar="NAME=FILE", help=help_)
    add("--timings", type=Path, required=True, metavar="FILE", help="what a decision takes here: evaluator time")
    add("--features", type=Path, metavar="FILE", help="features.json, where an approach needs faces")
    add(
        "--left-out", action="append", default=[], metavar="NAME=REASON", help="what was not compared, and why (repeat)"
    )
    add("--dataset", metavar="D", help="name or folder of the dataset, for its card and the log of its test side")
    add("--primary", choices=METRICS, default="accuracy", help="metric that decides (default: accuracy)")
    add("--margin", type=cli.fraction, default=0.05, metavar="M", help="least difference of interest (default: 0.05)")
    add("--out", type=Path, metavar="DIR", help="folder to write to (default: artifacts/reports/ID)")
    add("--report-id", metavar="ID", help="name of the report (default: dataset and time)")
    add("--lang", choices=("en", "ko"), default="en", help="language of the page (default: en)")
    cli.add_json(parser)
    arguments = parser.parse_args(words)

    def work() -> cli.Result:
        _require_report_id(arguments.report_id)
        cli.require(0 < arguments.margin < 1, "--margin", found=f"{arguments.margin:g}", expected="above 0 and below 1")
        left_out = tuple(
            (name, reason) for name, reason in (_split_approach(t, "--left-out") for t in arguments.left_out)
        )
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
        from tools.reporter.approaches.report import ApproachesConfig, report_approaches

        return report_approaches(
            ApproachesConfig(
                results=results,
                runs=runs,
                cards=cards,
                specs=specs,
                timings=arguments.timings,
                features=arguments.features,
                left_out=left_out,
                dataset=None if arguments.dataset is None else paths.dataset_dir(arguments.dataset),
                primary=arguments.primary,
                margin=arguments.margin,
                out=arguments.out,
                report_id=arguments.report_id,
                lang=arguments.lang,
            )
        )

    return cli.run("reporter", arguments, work)


def _split_approach(text: str, flag: str) -> tuple[str, str]:
    """Parse NAME=VALUE, NAME being an approach."""
    name, _, value = text.partition("=")
    if name not in APPROACHES or not value:
        raise WrongUsage(flag, found=repr(text), expected=f"NAME=VALUE, NAME one of {', '.join(APPROACHES)}")
    return name, value


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
    if not paths.NAME_PATTERN.fullmatch(name):
        raise WrongUsage(flag, found=repr(name), expected=f"{paths.NAME_RULE} before the '='")
    return name, Path(file)


def _main_tables(words: Sequence[str]) -> int:
    arguments = _tables_parser().parse_args(words)

    def work() -> cli.Result:
        cli.require(0 < arguments.margin < 1, "--margin", found=f"{arguments.margin:g}", expected="above 0 and below 1")
        from tools.reporter.tables.tables import TablesConfig, compare_tables

        return compare_tables(
            TablesConfig(
                baseline=_read_table(arguments.baseline, arguments.baseline_rates, "--baseline"),
                candidate=_read_table(arguments.candidate, arguments.candidate_rates, "--candidate"),
                n_subjects=arguments.n_subjects,
                margin=arguments.margin,
                lang=arguments.lang,
            )
        )

    return cli.run("reporter", arguments, work)


def _tables_parser() -> argparse.ArgumentParser:
    parser = cli.Parser("reporter tables", TABLES_DESCRIPTION, TABLES_EXAMPLES)
    for arm in ("baseline", "candidate"):
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument(f"--{arm}", metavar="TP,FN,TN,FP", help=f"counts of the {arm}")
        group.add_argument(
            f"--{arm}-rates",
            metavar="NAME=VALUE,...",
            help="or its printed rates: precision, recall, accuracy, specificity, f1, with n (and positives if known)",
        )
    add = parser.add_argument
    add("--n-subjects", type=cli.positive_int, metavar="N", help="people who gave the clips, if fewer than clips")
    add(
        "--margin", type=cli.fraction, default=0.05, metavar="M", help="difference that does not matter (default: 0.05)"
    )
    add("--lang", choices=("en", "ko"), default="en", help="language of the text (default: en)")
    cli.add_json(parser)
    return parser


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
