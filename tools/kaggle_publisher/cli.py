"""The command line of kaggle-publisher: flags to a configuration. The work is done in modules of their own."""

import argparse
import re

from shared import cli, paths
from shared.errors import WrongUsage
from tools.kaggle_publisher.config import FetchConfig, PublishConfig, WithdrawConfig

TOOL = "kaggle-publisher"
DEFAULT_LICENSE = "CC-BY-NC-SA-4.0"

DESCRIPTION = """\
Publish the consenting people's data on Kaggle: only files on a list, and checked after the upload.

A dry run unless --yes is given: it stages to artifacts/publish/<dataset>/ (or --out), shows every file, who is left
out and why, and what is other than in the last release. With --yes it uploads (private), waits until Kaggle is ready,
downloads the release back and compares it to the byte; an upload that was cut off goes on when the same command is
run again, and no version is ever made twice. A release that cannot be finished is given up with --abandon.
People get new pseudonyms in each release; pictures are written anew from their coefficients (or pixels),
so nothing hides in them. consent.json, films, trash and reviews never go."""

EXAMPLES = """\
kaggle-publisher --dataset people --owner my-team
kaggle-publisher --dataset people --owner my-team --title "Smiles in nine seconds" --slug smiles-in-nine-seconds
kaggle-publisher --dataset people --owner my-team --yes
kaggle-publisher --dataset people --owner my-team --yes --public --confirm smiles-in-nine-seconds
kaggle-publisher --dataset people --owner my-team --landmarks-only
kaggle-publisher fetch my-team/smiles-in-nine-seconds --dataset smiles
kaggle-publisher withdraw --dataset people --subject s03"""

FETCH_DESCRIPTION = """\
Get a release back from Kaggle and verify it to the byte: every file against checksums.sha256, then the dataset's check.
The folder is written completely or not at all; one that holds something else is never replaced."""

FETCH_EXAMPLES = """\
kaggle-publisher fetch my-team/smiles-in-nine-seconds
kaggle-publisher fetch my-team/smiles-in-nine-seconds/2 --dataset smiles-v2"""

WITHDRAW_DESCRIPTION = """\
Take a person out: writes the withdrawal into consent.json, moves the takes to trash/ (a new consent lets them be put
back), leaves a tombstone without personal data, and lists every place that has something of the person: releases,
copies in other datasets, splits, results, reports, runs, models, hand-offs.
With --erase all of that is deleted or rewritten, path by path, runs and models that learned from the person too
(--keep-models keeps and marks them), and a search for bytes, pixels and pseudonym proves that only the tombstone is
left. Exit code 1 where the search finds something."""

WITHDRAW_EXAMPLES = """\
kaggle-publisher withdraw --dataset people --subject s03 --dry-run
kaggle-publisher withdraw --dataset people --subject s03 --retrain
kaggle-publisher withdraw --dataset people --subject s03 --erase --dry-run
kaggle-publisher withdraw --dataset people --subject s03 --erase"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _publish)
    cli.add_dataset(parser)
    parser.add_argument("--owner", required=True, help="the Kaggle user or organisation that will own it")
    parser.add_argument("--slug", help="6 to 50 lower-case letters, digits and hyphens (default: from the title)")
    parser.add_argument("--title", help="6 to 50 characters (default: from the dataset)")
    parser.add_argument("--subtitle", help="20 to 80 characters (default: from the dataset)")
    parser.add_argument(
        "--license",
        default=DEFAULT_LICENSE,
        metavar="NAME",
        help=f"Kaggle's name of a licence (default: {DEFAULT_LICENSE})",
    )
    cli.add_out(parser, "artifacts/publish/<dataset>")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--yes", action="store_true", help="upload; without it nothing is sent")
    mode.add_argument("--dry-run", action="store_true", help="stage and list only (the default)")
    parser.add_argument("--public", action="store_true", help="publicly visible; needs --confirm with the slug")
    parser.add_argument("--confirm", metavar="SLUG", help="the slug, for --public in scripts")
    parser.add_argument(
        "--allow-unreviewed", action="store_true", help="publish unreviewed labels too; the card notes it"
    )
    parser.add_argument(
        "--joinable", action="store_true", help="people keep their pseudonym over all releases made with this flag"
    )
    parser.add_argument("--landmarks-only", action="store_true", help="publish geometry without pictures")
    parser.add_argument(
        "--lossless",
        action="store_true",
        help="refuse pictures whose pixels cannot be kept to the bit; without it these few are encoded again",
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="do not download the release back to compare its bytes"
    )
    parser.add_argument(
        "--abandon", action="store_true", help="give up a release that was begun and cannot be finished; sends nothing"
    )
    parser.add_argument(
        "--wait", metavar="S", type=cli.positive_int, help="seconds to wait for Kaggle to be ready (default: 900)"
    )
    cli.add_json(parser)
    _add_fetch(parser)
    _add_withdraw(parser)
    return parser


def _add_fetch(publisher: cli.Parser) -> None:
    parser = publisher.add_command("fetch", FETCH_DESCRIPTION, FETCH_EXAMPLES, _fetch)
    parser.add_argument(
        "address", metavar="OWNER/SLUG", help="the release's address; OWNER/SLUG/2 is its second version"
    )
    cli.add_dataset(parser, default="the slug")
    cli.add_json(parser)


def _add_withdraw(publisher: cli.Parser) -> None:
    parser = publisher.add_command("withdraw", WITHDRAW_DESCRIPTION, WITHDRAW_EXAMPLES, _withdraw)
    cli.add_dataset(parser)
    parser.add_argument("--subject", required=True, metavar="ID", help="the person's pseudonym")
    parser.add_argument("--retrain", action="store_true", help="mark the models that learned from the person as stale")
    parser.add_argument("--erase", action="store_true", help="delete everything of the person here, and prove it")
    parser.add_argument("--keep-models", action="store_true", help="with --erase: keep models, marked as stale")
    cli.add_dry_run(parser)
    cli.add_json(parser)


def _publish(arguments: argparse.Namespace) -> cli.Result:
    cli.require(
        arguments.public or arguments.confirm is None,
        "--confirm",
        found="--confirm without --public",
        expected="both, or neither",
    )
    config = cli.fill(
        PublishConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        license_name=arguments.license,
        out=arguments.out and arguments.out.resolve(),
        ready_timeout_s=arguments.wait,
    )
    from tools.kaggle_publisher.publish import publish

    return publish(config)


def _fetch(arguments: argparse.Namespace) -> cli.Result:
    if not re.fullmatch(r"[A-Za-z0-9_-]+/[a-z0-9-]+(/\d+)?", arguments.address):
        raise WrongUsage("OWNER/SLUG", found=repr(arguments.address), expected="an address such as my-team/our-faces")
    slug = arguments.address.split("/")[1]
    from tools.kaggle_publisher.fetch import fetch

    return fetch(FetchConfig(arguments.address, paths.dataset_dir(arguments.dataset or slug)))


def _withdraw(arguments: argparse.Namespace) -> cli.Result:
    cli.require(
        arguments.erase or not arguments.keep_models, "--keep-models", found="no --erase", expected="it with --erase"
    )
    config = cli.fill(WithdrawConfig, arguments, dataset=paths.dataset_dir(arguments.dataset))
    from tools.kaggle_publisher.withdraw import withdraw

    return withdraw(config)


main = cli.entry(parser)
