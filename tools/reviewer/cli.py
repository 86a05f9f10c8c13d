"""The command line of the reviewer: flags to a configuration; each verb's work is a module of its own.

reviewer serve --dataset people --reviewer r1
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.errors import WrongUsage

TOOL = "reviewer"
_REVIEWER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

EXAMPLES = """
reviewer suspect --dataset people                      # which labels look wrong, out of fold
reviewer serve --dataset people --reviewer r1          # decide, in the browser
reviewer serve --dataset people --reviewer r2 --lang ko --scores artifacts/results/pooled_results_20260122_112534.json
reviewer status --dataset people                       # progress, Cohen's kappa, disagreements
reviewer apply --dataset people --dry-run              # what would change in labels.csv
reviewer apply --dataset people --min-reviewers 2
reviewer revert --dataset people                       # the way back
"""


class _VerbParser(cli.Parser):
    """The parser of one verb, made by argparse, which names its program itself."""

    def __init__(self, *, prog: str, description: str, examples: str, **rest: Any) -> None:
        super().__init__(prog, description, examples, **rest)


def build_parser() -> cli.Parser:
    """Build the parser; separate, so that tests and documentation can read the flags."""
    parser = cli.Parser(
        TOOL,
        "Look at every sequence of a dataset on a local page, decide on its label, measure how far reviewers agree, "
        "and apply what they agree on.\n\nDecisions go to review.json of the dataset, one a line; labels.csv changes "
        "only by `apply`, and `revert` takes that back. Every verb takes --json and --quiet.",
        EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=_VerbParser)
    _add_serve(verbs)
    status = _add(verbs, "status", "how far the review is: counts, Cohen's kappa of each pair, disagreements")
    cli.add_json(status)
    _add_apply(verbs)
    revert = _add(verbs, "revert", "take the last apply back: labels and sequences as they were")
    cli.add_json(revert)
    _add_suspect(verbs)
    return parser


def _add(verbs: "argparse._SubParsersAction[_VerbParser]", verb: str, what: str) -> argparse.ArgumentParser:
    examples = "\n".join(line for line in EXAMPLES.strip().splitlines() if line.startswith(f"reviewer {verb} "))
    parser = verbs.add_parser(
        verb,
        description=what[0].upper() + what[1:] + ".",
        examples=examples,
        help=what,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    return parser


def _add_serve(verbs: "argparse._SubParsersAction[_VerbParser]") -> None:
    serve = _add(verbs, "serve", "open the review page on this computer until Ctrl-C")
    serve.add_argument("--reviewer", required=True, metavar="NAME", help="your pseudonym, such as r1; not your name")
    serve.add_argument("--port", type=int, default=0, help="default: the same one each time, or the next free one")
    serve.add_argument("--no-open", action="store_true", help="only print the address, open no browser")
    serve.add_argument(
        "--scores",
        action="append",
        default=[],
        metavar="FILE",
        help="out-of-fold scores to sort by: results of the evaluator, or a suspicion.json (repeat for more; default: "
        "the list of `reviewer suspect`, if there is one). Scores of people whom the model was trained on are refused",
    )
    serve.add_argument("--lang", choices=("ko", "en"), default="en", help="the page's first language (default: en)")
    cli.add_json(serve)


def _add_apply(verbs: "argparse._SubParsersAction[_VerbParser]") -> None:
    apply = _add(verbs, "apply", "apply what reviewers agree on to labels.csv, with a log in trash/ and a way back")
    apply.add_argument("--dry-run", action="store_true", help="only say what would change")
    apply.add_argument(
        "--min-reviewers", type=cli.positive_int, default=1, metavar="N", help="how many must agree (default: 1)"
    )
    apply.add_argument("--prefer", metavar="NAME", help="whose decision counts where reviewers disagree")
    apply.add_argument(
        "--keep-unsure", action="store_true", help="leave sequences that nobody can tell in the dataset, as they are"
    )
    cli.add_json(apply)


def _add_suspect(verbs: "argparse._SubParsersAction[_VerbParser]") -> None:
    suspect = _add(verbs, "suspect", "find labels that look wrong, by models that have not seen the person")
    suspect.add_argument(
        "--kind",
        choices=("blendshapes", "pixels"),
        help="what the models look at (default: blendshapes where MediaPipe's landmarker is at hand, else pixels)",
    )
    suspect.add_argument("--landmark-model", metavar="FILE", help="face_landmarker.task (default: found by itself)")
    suspect.add_argument("--seed", type=int, default=0, help="decides who is in which fold (default: 0)")
    suspect.add_argument("--out", metavar="FILE", help="default: artifacts/reviews/<dataset>/suspicion.json")
    cli.add_json(suspect)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    arguments = build_parser().parse_args(argv)
    work = {"serve": _serve, "status": _status, "apply": _apply, "revert": _revert, "suspect": _suspect}
    return cli.run(TOOL, arguments, lambda: work[arguments.verb](arguments))


def check_reviewer(name: str, flag: str) -> str:
    """Return a reviewer's pseudonym.

    Raises:
        WrongUsage: It cannot be one.
    """
    if not _REVIEWER.fullmatch(name):
        expected = "a pseudonym of letters a-z, digits, '-' and '_' (at most 64), such as r1"
        raise WrongUsage(flag, found=repr(name), expected=expected)
    return name


def _serve(arguments: argparse.Namespace) -> cli.Result:
    cli.require(0 <= arguments.port <= 65535, "--port", found=str(arguments.port), expected="a number from 1 to 65535")
    reviewer = check_reviewer(arguments.reviewer, "--reviewer")
    from tools.reviewer.server import Config, serve

    return serve(
        Config(
            dataset=paths.dataset_dir(arguments.dataset),
            reviewer=reviewer,
            port=arguments.port,
            score_files=tuple(Path(file).expanduser().resolve() for file in arguments.scores),
            lang=arguments.lang,
            open_browser=not arguments.no_open,
        )
    )


def _status(arguments: argparse.Namespace) -> cli.Result:
    from tools.reviewer.status import read_status

    return read_status(paths.dataset_dir(arguments.dataset))


def _apply(arguments: argparse.Namespace) -> cli.Result:
    prefer = check_reviewer(arguments.prefer, "--prefer") if arguments.prefer is not None else None
    from tools.reviewer.corrections import Rules, apply_review

    rules = Rules(arguments.min_reviewers, prefer, arguments.keep_unsure)
    return apply_review(paths.dataset_dir(arguments.dataset), rules, dry_run=arguments.dry_run)


def _revert(arguments: argparse.Namespace) -> cli.Result:
    from tools.reviewer.reversal import revert_review

    return revert_review(paths.dataset_dir(arguments.dataset))


def _suspect(arguments: argparse.Namespace) -> cli.Result:
    cli.require(arguments.seed >= 0, "--seed", found=str(arguments.seed), expected="0 or more")
    from tools.reviewer.suspect import suspect

    return suspect(
        paths.dataset_dir(arguments.dataset),
        arguments.kind,
        arguments.landmark_model,
        arguments.seed,
        Path(arguments.out).expanduser().resolve() if arguments.out else None,
    )
