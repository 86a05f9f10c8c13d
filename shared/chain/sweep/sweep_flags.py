"""The command lines of ``sweep-plan``, ``sweep`` and ``sweep-merge``: what flags mean, their defaults and limits."""

import argparse
import contextlib
import io
import re
import shlex
from pathlib import Path

from shared import cli, paths
from shared.approaches import APPROACHES, FLOOR, get_approach
from shared.chain import commands
from shared.chain.flags import parser_of
from shared.chain.sweep.sweep_plan import Arm
from shared.errors import WrongUsage
from shared.system import portable, ray_cluster

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
# What the plan or the cell decides.
_KEPT = ("dataset", "split", "out", "network", "weights", "seed", "threads", "allow_no_consent", "json", "quiet")
PLAN_EXAMPLES = """
./inv sweep-plan --dataset people --folds 5 --seeds 3 --epochs 7,10,30
./inv sweep-plan --dataset people --folds 10 --seeds 5 --arm "slow=--epochs 30 --lr 1e-5" --arm "fast=--epochs 10"
"""
RUN_EXAMPLES = """
./inv sweep --plan people-1a2b3c4d
./inv sweep --plan people-1a2b3c4d --shard 2/3
./inv sweep --plan people-1a2b3c4d --engine ray --address auto
"""


def plan_parser() -> cli.Parser:
    """Describe the flags of ``sweep-plan``."""
    parser = cli.Parser(
        "./inv sweep-plan", "Plan a sweep: folds x seeds x arms x approaches, a cell each.", PLAN_EXAMPLES
    )
    add = parser.add_argument
    cli.add_dataset(parser)
    add(
        "--folds",
        type=cli.whole(0),
        default=5,
        metavar="N",
        help="divide the people into so many (default: 5; 0: one split)",
    )
    add("--seeds", type=cli.positive_int, default=1, metavar="N", help="how often, each time divided anew (default: 1)")
    add(
        "--epochs",
        type=cli.int_list,
        default="10",
        metavar="N,...",
        help="lengths of training, an arm each (default: 10)",
    )
    add(
        "--arm", type=_arm, action="append", default=[], metavar="NAME=FLAGS",
        help="an arm by flags of the trainer, instead of --epochs (repeat)",
    )  # fmt: skip
    add(
        "--approaches", type=commands.approach_names, default="dual_head", metavar="A,...",
        help=f"some of {','.join(name for name in APPROACHES if name != FLOOR)} (default: dual_head)",
    )  # fmt: skip
    add(
        "--weights",
        default="",
        help="where networks of pictures start: imagenet, none, pretrained or a file (default: imagenet)",
    )
    parser.borrow(parser_of("exporter"), "objective")
    cli.add_out(parser, "artifacts/sweeps/<dataset>-<plan>")
    cli.add_allow_no_consent(parser)
    cli.add_seed(parser)
    cli.add_lang(parser)
    return parser


def arms_of(given: argparse.Namespace) -> tuple[Arm, ...]:
    """Return the arms that flags ask for.

    Raises:
        WrongUsage: A name twice.
    """
    arms = given.arm or [Arm(f"epochs-{n}", ("--epochs", str(n))) for n in given.epochs]
    names = [arm.name for arm in arms]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise WrongUsage("--arm", found=f"{twice[0]} twice", expected="each name once")
    return tuple(arms)


def approaches_of(given: argparse.Namespace) -> tuple[str, ...]:
    """Return the approaches that flags ask for.

    Raises:
        WrongUsage: A fusion, which is made of several cells.
    """
    if fused := [name for name in given.approaches if get_approach(name).members]:
        expected = "single approaches; ./inv compare-approaches fuses them"
        raise WrongUsage("--approaches", found=fused[0], expected=expected)
    return tuple(given.approaches)


def check_objective(given: argparse.Namespace) -> None:
    """Refuse an objective that the exporter would refuse in each cell.

    Raises:
        WrongUsage: It is none.
    """
    from shared.statistics.thresholds import parse_objective

    parse_objective(given.objective)


def _arm(text: str) -> Arm:
    """Parse NAME=FLAGS, and refuse what the trainer's own command line would refuse in each cell."""
    name, sign, flags = text.partition("=")
    try:
        words = shlex.split(flags)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"found {text!r} ({error})") from None
    if not sign or not _NAME.fullmatch(name):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected NAME=FLAGS, such as slow='--lr 1e-5 --epochs 30'")
    trainer = parser_of("trainer")
    known = {option: flag.dest for flag in trainer.flags() for option in flag.option_strings}
    given = [word.partition("=")[0] for word in words if word.startswith("-") and not _is_number(word)]
    if strange := [word for word in given if word not in known]:
        raise argparse.ArgumentTypeError(f"found {strange[0]} in {text!r}, expected flags of the trainer")
    if others := [word for word in given if known[word] in _KEPT]:
        raise argparse.ArgumentTypeError(f"found {others[0]} in {text!r}, which the plan decides")
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            trainer.parse_args(["--dataset", "x", *words])
    except SystemExit:
        reason = said.getvalue().partition(": ")[2].partition("; see ")[0] or "it cannot be parsed"
        raise argparse.ArgumentTypeError(f"found {text!r}: {reason}") from None
    return Arm(name, tuple(words))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def run_parser() -> cli.Parser:
    """Describe the flags of ``sweep``."""
    parser = cli.Parser("./inv sweep", "Do the cells of a plan that are not done yet.", RUN_EXAMPLES)
    add = parser.add_argument
    _add_plan(parser)
    add("--data", metavar="DATASET", help="the dataset: a name under datasets/, or a path (default: the plan's)")
    add(
        "--shard",
        type=_shard,
        default="1/1",
        metavar="I/N",
        help="only the I-th of N parts of the cells (default: 1/1, all)",
    )
    cores = "cells at a time, a thread each (default: one a core)"
    add("--workers", type=cli.positive_int, metavar="N", help=cores)
    add(
        "--tries", type=cli.positive_int, default=2, metavar="N", help="how often a cell's process may die (default: 2)"
    )
    add(
        "--engine",
        choices=("joblib", "ray"),
        default="joblib",
        help="this computer, or a Ray cluster (default: joblib)",
    )
    add("--address", metavar="A", help=ray_cluster.ADDRESSES)
    add("--cpus", type=cli.number(0, 1024), metavar="N", help="of the cluster: cores that a cell takes (default: 1)")
    add("--gpus", type=cli.number(0, 64), metavar="N", help="of the cluster: GPUs that a cell takes (default: 0)")
    cli.add_lang(parser)
    return parser


def merge_parser() -> cli.Parser:
    """Describe the flags of ``sweep-merge``."""
    examples = (
        "./inv sweep-merge --plan people-1a2b3c4d --shards laptop1/people-1a2b3c4d --shards laptop2/people-1a2b3c4d"
    )
    parser = cli.Parser("./inv sweep-merge", "Put the shards of a sweep together.", examples)
    _add_plan(parser)
    parser.add_argument(
        "--shards", type=cli.path, action="append", required=True, metavar="DIR", help="a folder with cells (repeat)"
    )
    cli.add_lang(parser)
    return parser


def _add_plan(parser: cli.Parser) -> None:
    parser.add_argument(
        "--plan", required=True, metavar="DIR", help="the sweep: a name under artifacts/sweeps/, or a folder"
    )


def plan_folder(text: str) -> Path:
    """Return the folder of a sweep."""
    return paths.folder_named(text, paths.artifacts("sweeps"), "--plan")


def workers_of(given: argparse.Namespace) -> int:
    """Return how many cells run at a time."""
    return given.workers or portable.count_cores()


def check_engine(given: argparse.Namespace) -> None:
    """Refuse flags of the other engine.

    Raises:
        WrongUsage: One was given.
    """
    others = ("workers",) if given.engine == "ray" else ("address", "cpus", "gpus")
    for name in others:
        found, expected = (
            f"it with --engine {given.engine}",
            f"it with --engine {'joblib' if name == 'workers' else 'ray'}",
        )
        cli.require(getattr(given, name) is None, f"--{name}", found=found, expected=expected)


def _shard(text: str) -> tuple[int, int]:
    """Parse I/N."""
    number, sign, of = text.partition("/")
    if not (sign and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected I/N, such as 1/3 (I from 1 to N)")
    return int(number), int(of)
