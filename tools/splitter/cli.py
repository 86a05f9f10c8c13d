"""Command line of the splitter: flags to a SplitConfig, or to the config of ``check`` or ``duplicates``.

splitter --dataset people
splitter --dataset people --folds 5 --seeds 3
splitter check --dataset people
splitter duplicates --dataset people
"""

import argparse

from shared import cli, paths
from tools.splitter.config import CheckConfig, DuplicatesConfig, SplitConfig

NOBODY = "none"
EXAMPLES = """
splitter --dataset people
splitter --dataset people --seed 3 --json
splitter --dataset people --folds 5 --seeds 3
splitter --dataset people --leave-one-out
splitter --dataset people --test s06,s07
splitter --dataset photos --test none  (nobody is tested: the test set is another dataset)
splitter check --dataset people        (the same person, take or picture in two parts of a split)
splitter duplicates --dataset people   (the same picture under two people; no split needed)
"""

CHECK_DESCRIPTION = (
    "Look for leaks: the same person, take or picture (also re-encoded, mirrored or cropped by up to an eighth) in "
    "two parts of a split. Exit code 1 where there is one; every pair is listed and drawn side by side."
)
CHECK_EXAMPLES = """
splitter check --dataset people
splitter check --dataset people --split artifacts/splits/people-1a2b3c4d-seed0.json --json
"""

DUPLICATES_DESCRIPTION = (
    "Look for pictures that a dataset holds twice: the same bytes, or the same picture re-encoded, mirrored or "
    "cropped by up to an eighth, under two people. Exit code 1 where there is one; the pairs are drawn."
)
DUPLICATES_EXAMPLES = """
splitter duplicates --dataset people
splitter duplicates --dataset people --across takes --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "splitter",
        "Split a dataset's people into train, validation and test, and freeze that in files: one split, or folds in "
        "which everybody is tested once a seed. Nobody is in two parts; the same dataset and seed give the same split.",
        EXAMPLES,
        _split,
    )
    cli.add_dataset(parser)
    cli.add_seed(parser)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--folds", type=cli.whole(2), metavar="N", help="N splits (folds) in which everybody is tested once"
    )
    kind.add_argument("--leave-one-out", action="store_true", help="one split per person, who is tested alone")
    kind.add_argument(
        "--test",
        metavar="A,B",
        help=f"test these people, such as s01,s02; {NOBODY}: nobody, if the test set is another dataset (default: "
        "drawn)",
    )
    parser.add_argument(
        "--seeds", type=cli.positive_int, metavar="N", help="repeat the folds with N seeds, from --seed on (default: 1)"
    )
    cli.add_allow_no_consent(parser)
    cli.add_out(parser, "artifacts/splits")
    cli.add_json(parser)
    _add_check(parser)
    _add_duplicates(parser)
    return parser


def _add_check(splitter: cli.Parser) -> None:
    parser = splitter.add_command("check", CHECK_DESCRIPTION, CHECK_EXAMPLES, _check)
    cli.add_dataset(parser)
    parser.add_argument(
        "--split",
        type=cli.path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="split files (default: all frozen splits of the dataset as it is now)",
    )
    cli.add_out(parser, "artifacts/leaks/<dataset>")
    cli.add_json(parser)


def _add_duplicates(splitter: cli.Parser) -> None:
    parser = splitter.add_command("duplicates", DUPLICATES_DESCRIPTION, DUPLICATES_EXAMPLES, _duplicates)
    cli.add_dataset(parser)
    parser.add_argument(
        "--across",
        choices=("people", "takes"),
        default="people",
        help="compare pictures of two people, or also of two takes of one person (default: people)",
    )
    cli.add_out(parser, "artifacts/leaks/<dataset>")
    cli.add_json(parser)


def _split(arguments: argparse.Namespace) -> cli.Result:
    config = _to_config(arguments)
    from tools.splitter.freeze import freeze

    return freeze(config)


def _check(arguments: argparse.Namespace) -> cli.Result:
    dataset = paths.dataset_dir(arguments.dataset)
    from tools.splitter.check import check

    return check(CheckConfig(dataset, tuple(arguments.split), arguments.out or paths.artifacts("leaks") / dataset.name))


def _duplicates(arguments: argparse.Namespace) -> cli.Result:
    dataset = paths.dataset_dir(arguments.dataset)
    from tools.splitter.duplicates import list_duplicates

    out = arguments.out or paths.artifacts("leaks") / dataset.name
    return list_duplicates(DuplicatesConfig(dataset, arguments.across, out))


def _to_config(arguments: argparse.Namespace) -> SplitConfig:
    is_folds = arguments.folds is not None or arguments.leave_one_out
    cli.require(
        is_folds or arguments.seeds is None,
        "--seeds",
        found="neither --folds nor --leave-one-out",
        expected="one of them; a single split takes --seed",
    )
    return cli.fill(
        SplitConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        n_folds=arguments.folds,
        n_seeds=arguments.seeds or 1,
        test=_parse_people(arguments.test),
        out=arguments.out or paths.artifacts("splits"),
    )


def _parse_people(text: str | None) -> tuple[str, ...] | None:
    """Parse s01,s02; ``none`` is an empty list."""
    if text is None:
        return None
    if text == NOBODY:
        return ()
    people = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    cli.require(bool(people), "--test", found=repr(text), expected=f"people such as s01,s02, or {NOBODY}")
    return people


main = cli.entry(parser)
