"""Command line of the reporter. See ``reporter --help``."""

from collections.abc import Sequence
from pathlib import Path

from shared import cli, paths
from shared.errors import WrongUsage

DESCRIPTION = """Compare a baseline with one or more candidates that were measured on the same sequences.

Reads results documents of the evaluator with the predictions csv beside each, and writes report.html (one file, works
offline), report.md, comparison.json and the figures. Refuses results of different sequences."""

EXAMPLES = """
reporter --baseline BASELINE_results.json --candidate OURS_results.json
reporter --baseline b.json --candidate ep10=a.json --candidate ep50=c.json --run artifacts/runs/R/run.json
reporter --baseline b.json --candidate a.json --dataset people --lang ko
reporter --baseline b.json --candidate a.json --dataset people --no-faces --out ./for_the_customer
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the reporter and return its exit code."""
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
    parser.add_argument("--dataset", metavar="D", help="name or folder of the dataset, for pictures of changed answers")
    parser.add_argument(
        "--no-faces", action="store_true", help="leave the pictures out: for a report that is passed on"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: artifacts/reports/ID)")
    parser.add_argument("--report-id", metavar="ID", help="name of the report (default: dataset, side and time)")
    parser.add_argument("--lang", choices=("en", "ko"), default="en", help="language of the page (default: en)")
    cli.add_json(parser)
    arguments = parser.parse_args(argv)

    def work() -> cli.Result:
        if arguments.report_id is not None and not paths.NAME_PATTERN.fullmatch(arguments.report_id):
            raise WrongUsage(
                "--report-id",
                found=repr(arguments.report_id),
                expected="a name of letters a-z, digits, '-', '_' and '.' (at most 64)",
            )
        dataset = None if arguments.dataset is None else paths.dataset_dir(arguments.dataset)

        from tools.reporter.report import ReportConfig, make_report

        return make_report(
            ReportConfig(
                baseline=_split_name(arguments.baseline, "--baseline"),
                candidates=tuple(_split_name(text, "--candidate") for text in arguments.candidate),
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


def _split_name(text: str, flag: str) -> tuple[str | None, Path]:
    """Split NAME=FILE; a file whose own name has a '=' is a file all the same."""
    name, equals, file = text.partition("=")
    if not equals or Path(text).is_file():
        return None, Path(text)
    if not paths.NAME_PATTERN.fullmatch(name):
        raise WrongUsage(
            flag, found=repr(name), expected="a name of letters a-z, digits, '-', '_' and '.' before the '='"
        )
    return name, Path(file)
