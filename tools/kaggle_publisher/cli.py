"""The command line of kaggle-publisher: flags to a configuration. The work is done in modules of their own."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from shared import cli, paths
from shared.errors import WrongUsage
from tools.kaggle_publisher.config import FetchConfig, PublishConfig, WithdrawConfig

TOOL = "kaggle-publisher"
DEFAULT_LICENSE = "CC-BY-NC-SA-4.0"

DESCRIPTION = """\
Publish a dataset on Kaggle: only whom has agreed, only what is on a list, and only what has arrived.

A dry run unless --yes is given: it stages to artifacts/publish/<dataset>/ (or --out), shows every file, who is left
out and why, and what is other than in the last release. With --yes it uploads (private), waits until Kaggle is ready,
reads the file list back and compares; an upload that was cut off goes on when the same command is run again.
People get new pseudonyms in each release; pictures lose all metadata. consent.json, films, trash and reviews never go.

Other commands: kaggle-publisher fetch (get a release back), kaggle-publisher withdraw (take a person out)."""

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
The folder is made whole or not at all; one that holds something else is never replaced."""

FETCH_EXAMPLES = """\
kaggle-publisher fetch my-team/smiles-in-nine-seconds
kaggle-publisher fetch my-team/smiles-in-nine-seconds/2 --dataset smiles-v2"""

WITHDRAW_DESCRIPTION = """\
Take a person out: writes the withdrawal into consent.json, moves the takes to trash/ (they can be put back), leaves a
tombstone without personal data, and lists the releases, splits and models that contain the person."""

WITHDRAW_EXAMPLES = """\
kaggle-publisher withdraw --dataset people --subject s03 --dry-run
kaggle-publisher withdraw --dataset people --subject s03 --retrain"""


def build_parser() -> cli.Parser:
    """Build the parser; separate, so that tests and documentation can read the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES)
    parser.add_argument("--dataset", required=True, help="a name under datasets/, or a path")
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
    parser.add_argument("--out", metavar="DIR", help="the staging folder (default: artifacts/publish/<dataset>)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--yes", action="store_true", help="upload; without it nothing is sent")
    mode.add_argument("--dry-run", action="store_true", help="stage and list only (the default)")
    parser.add_argument("--public", action="store_true", help="visible to everybody; asks for the slug once more")
    parser.add_argument("--confirm", metavar="SLUG", help="the slug, for --public in scripts")
    parser.add_argument(
        "--allow-unreviewed", action="store_true", help="labels that nobody has checked may go; the card says so"
    )
    parser.add_argument(
        "--joinable", action="store_true", help="people keep their pseudonym over all releases made with this flag"
    )
    parser.add_argument("--landmarks-only", action="store_true", help="publish geometry without pictures")
    parser.add_argument(
        "--wait", metavar="S", type=cli.positive_int, help="seconds to wait for Kaggle to be ready (default: 900)"
    )
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["fetch"]:
        return _main_fetch(words[1:])
    if words[:1] == ["withdraw"]:
        return _main_withdraw(words[1:])
    arguments = build_parser().parse_args(words)

    def work() -> cli.Result:
        cli.require(
            arguments.public or arguments.confirm is None,
            "--confirm",
            found="--confirm without --public",
            expected="both, or neither",
        )
        config = PublishConfig(
            dataset=paths.dataset_dir(arguments.dataset),
            owner=arguments.owner,
            slug=arguments.slug,
            title=arguments.title,
            subtitle=arguments.subtitle,
            license_name=arguments.license,
            out=Path(arguments.out).expanduser().resolve() if arguments.out else None,
            yes=arguments.yes,
            public=arguments.public,
            confirm=arguments.confirm,
            allow_unreviewed=arguments.allow_unreviewed,
            joinable=arguments.joinable,
            landmarks_only=arguments.landmarks_only,
            ready_timeout_s=arguments.wait,
        )
        from tools.kaggle_publisher.publish import publish

        return publish(config)

    return cli.run(TOOL, arguments, work)


def _main_fetch(words: Sequence[str]) -> int:
    parser = cli.Parser(f"{TOOL} fetch", FETCH_DESCRIPTION, FETCH_EXAMPLES)
    parser.add_argument("id", metavar="OWNER/SLUG", help="the dataset's address; OWNER/SLUG/2 is its second version")
    parser.add_argument("--dataset", help="a new name under datasets/, or a path (default: the slug)")
    cli.add_json(parser)
    arguments = parser.parse_args(words)

    def work() -> cli.Result:
        if not re.fullmatch(r"[A-Za-z0-9_-]+/[a-z0-9-]+(/\d+)?", arguments.id):
            raise WrongUsage("OWNER/SLUG", found=repr(arguments.id), expected="an address such as my-team/our-faces")
        from tools.kaggle_publisher.fetch import fetch

        return fetch(FetchConfig(arguments.id, paths.dataset_dir(arguments.dataset or arguments.id.split("/")[1])))

    return cli.run(f"{TOOL} fetch", arguments, work)


def _main_withdraw(words: Sequence[str]) -> int:
    parser = cli.Parser(f"{TOOL} withdraw", WITHDRAW_DESCRIPTION, WITHDRAW_EXAMPLES)
    parser.add_argument("--dataset", required=True, help="a name under datasets/, or a path")
    parser.add_argument("--subject", required=True, metavar="ID", help="the person's pseudonym")
    parser.add_argument("--retrain", action="store_true", help="mark the models that learned from the person as stale")
    parser.add_argument("--dry-run", action="store_true", help="list what would happen and change nothing")
    cli.add_json(parser)
    arguments = parser.parse_args(words)

    def work() -> cli.Result:
        from tools.kaggle_publisher.withdraw import withdraw

        return withdraw(
            WithdrawConfig(
                paths.dataset_dir(arguments.dataset), arguments.subject, arguments.retrain, arguments.dry_run
            )
        )

    return cli.run(f"{TOOL} withdraw", arguments, work)
