"""The command line of kaggle-publisher: flags to a configuration. Rules and staging live in their own modules."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths

TOOL = "kaggle-publisher"
DEFAULT_LICENSE = "CC-BY-NC-SA-4.0"

DESCRIPTION = """\
Stage a dataset for Kaggle and show exactly what would go. A dry run: this version uploads nothing and needs no account.

Checks Kaggle's rules for title, subtitle, slug and licence, then the whole dataset, and copies to
artifacts/publish/<dataset>/ (or --out) only: the pictures that labels.csv lists, labels.csv, dataset.json, README.md
and dataset-metadata.json. Films, trash, consent, reviews and hidden files never go. A dataset of drawn faces must say
"synthetic" in its title and card. The folder is made anew each time, whole or not at all.
It does not check who agreed to be published: ask before you upload anything by hand."""

EXAMPLES = """\
kaggle-publisher --dataset people --owner my-team
kaggle-publisher --dataset people --owner my-team --title "Smiles in nine seconds" --slug smiles-in-nine-seconds
kaggle-publisher --dataset demo --owner my-team --license CC0-1.0 --json"""


@dataclass(frozen=True)
class Config:
    """What to stage, under which name, and where. None stands for: derived from the dataset.

    Attributes:
        dataset: The dataset's folder.
        owner: Kaggle user or organisation.
        slug: The last part of the dataset's address.
        title: 6 to 50 characters.
        subtitle: 20 to 80 characters.
        license_name: One of Kaggle's names.
        out: The staging folder; None for artifacts/publish/<dataset>.
    """

    dataset: Path
    owner: str
    slug: str | None
    title: str | None
    subtitle: str | None
    license_name: str
    out: Path | None


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
    parser.add_argument(
        "--dry-run",
        action="store_true",
        default=True,
        help="stage and list, upload nothing (always so in this version)",
    )
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        config = Config(
            dataset=paths.dataset_dir(arguments.dataset),
            owner=arguments.owner,
            slug=arguments.slug,
            title=arguments.title,
            subtitle=arguments.subtitle,
            license_name=arguments.license,
            out=Path(arguments.out).expanduser().resolve() if arguments.out else None,
        )
        from tools.kaggle_publisher.publish import stage_dataset

        return stage_dataset(config)

    return cli.run(TOOL, arguments, work)
