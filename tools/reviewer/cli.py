"""The command line of the reviewer: flags to a configuration; each command is a module.

reviewer serve --dataset people --reviewer r1
"""

import argparse

from shared import cli, paths
from shared.errors import WrongUsage
from shared.text import language
from tools.reviewer.config import ReviewConfig, Rules

TOOL = "reviewer"

EXAMPLES = """
reviewer suspect --dataset people                      # labels that look wrong, by out-of-fold predictions
reviewer serve --dataset people --reviewer r1          # decide, in the browser
reviewer serve --dataset people --reviewer r2 --lang ko --scores artifacts/results/pooled_results_20260122_112534.json
reviewer status --dataset people                       # progress, Cohen's kappa, disagreements
reviewer apply --dataset people --dry-run              # what would change in labels.csv
reviewer apply --dataset people --min-reviewers 2
reviewer revert --dataset people                       # undo the last apply
"""


def parser() -> cli.Parser:
    """Build the parser of all commands."""
    parser = cli.Parser(
        TOOL,
        "Review the label of every sequence of a dataset on a local page, measure how far reviewers agree, and apply "
        "their decisions.\n\nDecisions are stored in the dataset's review.json, one per line; only `apply` changes "
        "labels.csv, and `revert` undoes it. Every command has --json and --quiet.",
        EXAMPLES,
    )
    _add_serve(parser)
    what = "Show the progress of the review: counts, Cohen's kappa of each pair, disagreements"
    cli.add_json(_add(parser, "status", what, _status))
    _add_apply(parser)
    cli.add_json(_add(parser, "revert", "Undo the last apply: restore labels and sequences", _revert))
    _add_suspect(parser)
    return parser


def _add(reviewer: cli.Parser, verb: str, what: str, work: cli.Work) -> cli.Parser:
    examples = "\n".join(line for line in EXAMPLES.strip().splitlines() if line.startswith(f"reviewer {verb} "))
    parser = reviewer.add_command(verb, f"{what}.", examples, work)
    cli.add_dataset(parser)
    return parser


def _add_serve(reviewer: cli.Parser) -> None:
    parser = _add(reviewer, "serve", "Open the review page on this computer until Ctrl-C", _serve)
    parser.add_argument("--reviewer", default="r1", metavar="NAME", help="your pseudonym, not your name (default: r1)")
    cli.add_page(parser, 0, "the usual one, or the next free one")
    parser.add_argument(
        "--scores",
        type=cli.path,
        action="append",
        default=[],
        metavar="FILE",
        help="out-of-fold scores to sort by: results of the evaluator, or a suspicion.json (repeat for more; default: "
        "the list of ./inv suspect, if there is one). Scores of people whom the model was trained on are refused",
    )
    cli.add_lang(parser)
    cli.add_json(parser)


def _add_apply(reviewer: cli.Parser) -> None:
    parser = _add(
        reviewer,
        "apply",
        "Apply the reviewers' decisions to labels.csv, with a log in trash/; revert undoes it",
        _apply,
    )
    cli.add_dry_run(parser)
    parser.add_argument(
        "--min-reviewers",
        type=cli.positive_int,
        default=1,
        metavar="N",
        help="how many reviewers must agree (default: 1)",
    )
    parser.add_argument("--prefer", metavar="NAME", help="whose decision counts where reviewers disagree")
    parser.add_argument("--keep-unsure", action="store_true", help="keep unsure sequences in the dataset")
    cli.add_json(parser)


def _add_suspect(reviewer: cli.Parser) -> None:
    parser = _add(reviewer, "suspect", "Find labels that look wrong, by models that have not seen the person", _suspect)
    parser.add_argument(
        "--kind",
        choices=("blendshapes", "pixels"),
        help="features of the models (default: blendshapes if MediaPipe's landmarker is available, else pixels)",
    )
    cli.add_landmark_model(parser)
    cli.add_seed(parser)
    cli.add_allow_no_consent(parser)
    cli.add_out(parser, "artifacts/reviews/<dataset>/suspicion.json")
    cli.add_json(parser)


def _serve(arguments: argparse.Namespace) -> cli.Result:
    config = ReviewConfig(
        dataset=paths.dataset_dir(arguments.dataset),
        reviewer=check_reviewer(arguments.reviewer, "--reviewer"),
        port=arguments.port,
        score_files=tuple(file.resolve() for file in arguments.scores),
        lang=language.choose(arguments.lang),
        open_browser=not arguments.no_open,
    )
    from tools.reviewer.server import serve

    return serve(config)


def _status(arguments: argparse.Namespace) -> cli.Result:
    from tools.reviewer.status import read_status

    return read_status(paths.dataset_dir(arguments.dataset))


def _apply(arguments: argparse.Namespace) -> cli.Result:
    prefer = check_reviewer(arguments.prefer, "--prefer") if arguments.prefer is not None else None
    rules = Rules(arguments.min_reviewers, prefer, arguments.keep_unsure)
    from tools.reviewer.corrections import apply_review

    return apply_review(paths.dataset_dir(arguments.dataset), rules, dry_run=arguments.dry_run)


def _revert(arguments: argparse.Namespace) -> cli.Result:
    from tools.reviewer.reversal import revert_review

    return revert_review(paths.dataset_dir(arguments.dataset))


def _suspect(arguments: argparse.Namespace) -> cli.Result:
    dataset, out = paths.dataset_dir(arguments.dataset), arguments.out and arguments.out.resolve()
    from tools.reviewer.suspect import suspect

    return suspect(
        dataset,
        arguments.kind,
        arguments.landmark_model,
        arguments.seed,
        out,
        allow_no_consent=arguments.allow_no_consent,
    )


def check_reviewer(name: str, flag: str) -> str:
    """Return a reviewer's pseudonym.

    Raises:
        WrongUsage: It is not a valid pseudonym.
    """
    if not paths.is_subject(name):
        expected = f"{paths.SUBJECT_RULE}, such as r1"
        raise WrongUsage(flag, found=repr(name), expected=expected)
    return name


main = cli.entry(parser)
