"""Command line of the splitter: flags to a SplitConfig, or to the config of ``check`` or ``duplicates``.

splitter --dataset people
splitter --dataset people --folds 5 --seeds 3
splitter check --dataset people
splitter duplicates --dataset people
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths

NOBODY = "none"
EXAMPLES = """
splitter --dataset people
splitter --dataset people --seed 3 --json
splitter --dataset people --folds 5 --seeds 3
splitter --dataset people --leave-one-out
splitter --dataset people --test s06,s07
splitter --dataset photos --test none  (all train or choose the threshold; another dataset is the test)
splitter check --dataset people        (the same person, take or picture on two sides; see splitter check --help)
splitter duplicates --dataset people   (the same picture under two people; no split needed)
"""

CHECK_EXAMPLES = """
splitter check --dataset people
splitter check --dataset people --split artifacts/splits/people-1a2b3c4d-seed0.json --json
"""

DUPLICATES_EXAMPLES = """
splitter duplicates --dataset people
splitter duplicates --dataset people --across takes --json
"""


@dataclass(frozen=True)
class SplitConfig:
    """What is to be frozen.

    Attributes:
        dataset: The dataset's folder.
        seed: Decides who goes where; the first one where there are several.
        n_folds: Folds a seed; None for one split, or for one person a fold.
        leave_one_out: One person a fold.
        n_seeds: How often the folds are drawn anew.
        test: Who is tested on; empty for nobody, None to draw them. For one split.
        out: Folder of the split files.
    """

    dataset: Path
    seed: int
    n_folds: int | None
    leave_one_out: bool
    n_seeds: int
    test: tuple[str, ...] | None
    out: Path


@dataclass(frozen=True)
class CheckConfig:
    """What is looked through for leaks.

    Attributes:
        dataset: The dataset's folder.
        splits: Split files; none means all frozen splits of this state of the dataset.
        out: Folder of the picture of the pairs.
    """

    dataset: Path
    splits: tuple[Path, ...]
    out: Path


@dataclass(frozen=True)
class DuplicatesConfig:
    """What is looked through for pictures that are there twice.

    Attributes:
        dataset: The dataset's folder.
        across: ``people`` or ``takes``.
        out: Folder of the picture of the pairs.
    """

    dataset: Path
    across: str
    out: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Freeze a split or folds, or look for leaks or duplicates; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["check"]:
        return _main_check(words[1:])
    if words[:1] == ["duplicates"]:
        return _main_duplicates(words[1:])
    arguments = _parser().parse_args(words)

    def work() -> cli.Result:
        config = _to_config(arguments)
        from tools.splitter.freeze import freeze

        return freeze(config)

    return cli.run("splitter", arguments, work)


def _main_check(words: Sequence[str]) -> int:
    arguments = _check_parser().parse_args(words)

    def work() -> cli.Result:
        dataset = paths.dataset_dir(arguments.dataset)
        from tools.splitter.check import check

        out = arguments.out or paths.artifacts("leaks") / dataset.name
        return check(CheckConfig(dataset, tuple(arguments.split), out))

    return cli.run("splitter", arguments, work)


def _main_duplicates(words: Sequence[str]) -> int:
    arguments = _duplicates_parser().parse_args(words)

    def work() -> cli.Result:
        dataset = paths.dataset_dir(arguments.dataset)
        from tools.splitter.duplicates import list_duplicates

        out = arguments.out or paths.artifacts("leaks") / dataset.name
        return list_duplicates(DuplicatesConfig(dataset, arguments.across, out))

    return cli.run("splitter", arguments, work)


def _to_config(arguments: argparse.Namespace) -> SplitConfig:
    is_folds = arguments.folds is not None or arguments.leave_one_out
    cli.require(arguments.seed >= 0, "--seed", found=str(arguments.seed), expected="0 or more")
    cli.require(
        arguments.folds is None or arguments.folds >= 2, "--folds", found=str(arguments.folds), expected="2 or more"
    )
    cli.require(
        is_folds or arguments.seeds is None,
        "--seeds",
        found="neither --folds nor --leave-one-out",
        expected="one of them; a single split takes --seed",
    )
    return SplitConfig(
        dataset=paths.dataset_dir(arguments.dataset),
        seed=arguments.seed,
        n_folds=arguments.folds,
        leave_one_out=arguments.leave_one_out,
        n_seeds=arguments.seeds or 1,
        test=_parse_people(arguments.test),
        out=arguments.out or paths.artifacts("splits"),
    )


def _parse_people(text: str | None) -> tuple[str, ...] | None:
    """Parse s01,s02; none is nobody."""
    if text is None:
        return None
    if text == NOBODY:
        return ()
    people = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    cli.require(bool(people), "--test", found=repr(text), expected=f"people such as s01,s02, or {NOBODY}")
    return people


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        "splitter",
        "Divide a dataset's people into train, validation and test, and freeze that to files: one split, or folds in "
        "which everybody is tested once a seed. Nobody is on two sides; the same dataset and seed give the same split.",
        EXAMPLES,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    parser.add_argument("--seed", type=int, default=0, help="decides who goes where (default: 0)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--folds", type=cli.positive_int, metavar="N", help="N splits that test everybody once")
    kind.add_argument("--leave-one-out", action="store_true", help="as many splits as people; each tests one person")
    kind.add_argument(
        "--test",
        metavar="A,B",
        help=f"test these people; {NOBODY}: nobody, where a dataset of its own is the test (default: drawn)",
    )
    parser.add_argument(
        "--seeds", type=cli.positive_int, metavar="N", help="draw the folds N times, from --seed on (default: once)"
    )
    parser.add_argument("--out", type=Path, help="folder of the split files (default: artifacts/splits)")
    cli.add_json(parser)
    return parser


def _check_parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        "splitter check",
        "Look for leaks: the same person, take or picture (also re-encoded, mirrored or cropped by up to an eighth) on "
        "two sides of a split. Exit code 1 where there is one; every pair is listed and drawn side by side.",
        CHECK_EXAMPLES,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    parser.add_argument(
        "--split",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="split files (default: all frozen splits of the dataset as it is now)",
    )
    parser.add_argument("--out", type=Path, help="folder of pairs.png (default: artifacts/leaks/<dataset>)")
    cli.add_json(parser)
    return parser


def _duplicates_parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        "splitter duplicates",
        "Look for pictures that a dataset holds twice: the same bytes, or the same picture re-encoded, mirrored or "
        "cropped by up to an eighth, under two people. Exit code 1 where there is one; the pairs are drawn.",
        DUPLICATES_EXAMPLES,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    parser.add_argument(
        "--across",
        choices=("people", "takes"),
        default="people",
        help="what must not share a picture; takes: also two takes of one person (default: people)",
    )
    parser.add_argument("--out", type=Path, help="folder of duplicates.png (default: artifacts/leaks/<dataset>)")
    cli.add_json(parser)
    return parser
