"""Command line of the reporter. See ``reporter --help``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shared import cli, paths
from shared.approaches import APPROACHES, FUSE, REASONS, find_approach
from shared.errors import WrongUsage
from shared.scores import columns
from shared.statistics.metric_names import METRICS
from shared.text import language
from tools.reporter.config import ApproachesConfig, Question, ReportConfig, ScoresConfig, TablesConfig

if TYPE_CHECKING:
    from shared.statistics.metrics import Confusion
    from tools.reporter.tables.rates import PublishedRates, RightCount

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
reporter scores --baseline old.csv --candidate new.csv      (files of scores of any origin; see reporter scores --help)
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

TABLES_DESCRIPTION = """Say what two published tables of counts can show, whichever way the answers behind them pair up.

A table is TP,FN,TN,FP at each arm's threshold, both of the same clips. Where only rates are printed, all tables that
round to them are taken into account; where only accuracies are known, RIGHT/N. Writes no file."""

TABLES_EXAMPLES = """
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10
reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10 --n-subjects 16 --lang ko
reporter tables --baseline 52/80 --candidate 58/80
reporter tables --baseline-rates precision=62.5%,recall=75%,accuracy=65%,n=80 --candidate 28,12,30,10 --json
"""


SCORES_DESCRIPTION = """Compare two files of scores that your own program wrote, with the same report and verdict.

Reads csv, JSON or JSON lines with a label and a score in each row, and where there is one a column that says who is who
and one that names the row. What scikit-learn's, Hugging Face's and MLflow's users write needs no editing. Writes
report.html, report.md, comparison.json and the figures."""

SCORES_EXAMPLES = """
reporter scores --baseline old.csv --candidate new.csv
reporter scores --baseline old.csv --candidate new.csv --subject-column patient_id --gate
reporter scores --baseline v1=a/preds.csv --candidate v2=b/preds.csv --threshold v1=0.4 --threshold v2=0.6 --lang ko
reporter scores --baseline old.csv --candidate new.csv --positive laughing --primary roc_auc --protected none --json
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
    _add_question(parser)
    _add_only_look(parser)
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
    help_ = "an arm's events on whole films (evaluator --stream; repeat): shown first"
    add("--stream", action="append", default=[], metavar="[NAME=]FILE", help=help_)
    help_ = "a dataset whose moments were added to an old one in --dataset (repeat): shows what they bought"
    add("--added", action="append", default=[], metavar="NAME", help=help_)
    cli.add_dataset(parser, default="none: no pictures of changed predictions")
    help_ = "suspicion.json of reviewer suspect: the verdict without labels that look wrong (default: the dataset's)"
    add("--suspects", type=cli.path, metavar="JSON", help=help_)
    add("--no-faces", action="store_true", help="leave the pictures out: for a report that is passed on")
    _add_place(parser)
    _add_approaches(parser)
    _add_scores(parser)
    _add_tables(parser)
    return parser


def _add_question(parser: cli.Parser) -> None:
    """Add what the verdict answers, and whether it is the exit code."""
    add = parser.add_argument
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
    help_ = "csv with subject_id and a column for each attribute (glasses, age band, device): recall by group"
    add("--groups", type=cli.path, metavar="CSV", help=help_)


def _add_only_look(parser: cli.Parser) -> None:
    help_ = "this question will be looked at once: a difference counts from p < 0.05, and later looks claim nothing"
    parser.add_argument("--only-look", action="store_true", help=help_)


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
    _add_only_look(parser)
    _add_place(parser)


def _add_scores(reporter: cli.Parser) -> None:
    parser = reporter.add_command("scores", SCORES_DESCRIPTION, SCORES_EXAMPLES, _scores)
    add = parser.add_argument
    add("--baseline", required=True, metavar="[NAME=]FILE", help="table of labels and scores to compare with")
    help_ = "table of a candidate, of the same rows; give it again for each further one"
    add("--candidate", required=True, action="append", metavar="[NAME=]FILE", help=help_)
    help_ = "positive is a score above this; for one arm NAME=P (repeat) (default: 0.5; 0 where scores are logits)"
    add("--threshold", action="append", default=[], metavar="[NAME=]P", help=help_)
    columns.add_flags(parser)
    _add_question(parser)
    _add_place(parser)


def _add_tables(reporter: cli.Parser) -> None:
    parser = reporter.add_command("tables", TABLES_DESCRIPTION, TABLES_EXAMPLES, _tables)
    for arm in ("baseline", "candidate"):
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument(f"--{arm}", metavar="TP,FN,TN,FP", help=f"counts of the {arm}, or RIGHT/N")
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


def _question(arguments: argparse.Namespace) -> Question:
    protected = None if arguments.protected == "none" else arguments.protected
    return Question(arguments.primary, protected, arguments.margin)


def _report(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.report_id, "--report-id")
    config = cli.fill(
        ReportConfig,
        arguments,
        baseline=_split_name(arguments.baseline, "--baseline"),
        candidates=tuple(_split_name(text, "--candidate") for text in arguments.candidate),
        references=tuple(_split_name(text, "--reference") for text in arguments.reference),
        question=_question(arguments),
        people=tuple(_split_number(text) for text in arguments.people),
        streams=tuple(_split_name(text, "--stream") for text in arguments.stream),
        added=tuple(arguments.added),
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


def _scores(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.report_id, "--report-id")
    config = cli.fill(
        ScoresConfig,
        arguments,
        baseline=_split_name(arguments.baseline, "--baseline"),
        candidates=tuple(_split_name(text, "--candidate") for text in arguments.candidate),
        wanted=cli.fill(columns.Wanted, arguments),
        thresholds=tuple(map(_split_threshold, arguments.threshold)),
        question=_question(arguments),
        lang=language.choose(arguments.lang),
    )
    from tools.reporter.ab.scores import report_scores

    return report_scores(config)


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


def _split_threshold(text: str) -> tuple[str, float]:
    """Parse P or NAME=P."""
    name, _, value = text.rpartition("=")
    try:
        return name, cli.finite(value)
    except argparse.ArgumentTypeError:
        raise WrongUsage("--threshold", found=repr(text), expected="a number, or NAME=number") from None


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


def _read_table(counts: str | None, rates: str | None, flag: str) -> "Confusion | PublishedRates | RightCount":
    """Read a table of counts, right clips alone, or published rates."""
    from shared.statistics.metrics import Confusion
    from tools.reporter.tables.rates import MAX_N, RightCount, parse_rates

    if counts is None:
        return parse_rates(rates or "", f"{flag}-rates")
    sign = "/" if "/" in counts else ","
    parts = [part.strip() for part in counts.split(sign)]
    whole = all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts)
    numbers = [int(part) for part in parts] if whole else []
    if sign == "/" and len(numbers) == 2 and 0 < numbers[1] <= MAX_N and numbers[0] <= numbers[1]:
        return RightCount(*numbers)
    if sign == "/" or len(numbers) != 4 or not 0 < sum(numbers) <= MAX_N:
        raise WrongUsage(
            flag,
            found=repr(counts),
            expected=f"TP,FN,TN,FP: four whole numbers, together 1 to {MAX_N:,}; or RIGHT/N, if only accuracy is known",
        )
    tp, fn, tn, fp = numbers
    return Confusion(tp=tp, fn=fn, tn=tn, fp=fp)


main = cli.entry(parser)
