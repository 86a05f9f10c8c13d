"""The command line of grid-viewer: flags to a configuration. What is drawn is `tools.grid_viewer.grid`'s business."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths
from shared.text.catalogue import Lang

TOOL = "grid-viewer"
ROWS_DEFAULT = 10
ROWS_MAX = 100  # a sheet of 100 rows is 20,000 px high; more than that, few picture viewers open

DESCRIPTION = """\
Show every sequence of a dataset with its label, so that all labels can be checked by eye.

Writes to artifacts/grids/<dataset>/ (or --out):
  page_001.png ...  sheets: a row a sequence, sorted by person, take and id
  index.html        one self-contained page: filter by label and person, search, play, enlarge; English and Korean
Sheets left by an earlier, larger run are removed; files that grid-viewer did not write are never touched.
The dataset is only read. To correct a label, edit its row in labels.csv."""

EXAMPLES = """\
grid-viewer --dataset people
grid-viewer --dataset people --label smile --lang ko
grid-viewer --dataset people --subject s01 --subject s02 --out /tmp/grid --rows 20
grid-viewer --dataset people --json"""


@dataclass(frozen=True)
class Config:
    """What to show, and where.

    Attributes:
        dataset: The dataset's folder.
        out: The folder for sheets and page; None for artifacts/grids/<dataset>.
        labels: Show only these labels; empty for all.
        subjects: Show only these people; empty for all.
        rows_per_page: Lines of pictures on a sheet.
        lang: ``en`` or ``ko``: the sheets' language, and the page's first.
    """

    dataset: Path
    out: Path | None
    labels: tuple[str, ...]
    subjects: tuple[str, ...]
    rows_per_page: int
    lang: Lang


def build_parser() -> cli.Parser:
    """Build the parser; separate, so that tests and documentation can read the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES)
    parser.add_argument("--dataset", required=True, help="a name under datasets/, or a path")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: artifacts/grids/<dataset>)")
    parser.add_argument("--label", action="append", default=[], help="only this label (repeat for more)")
    parser.add_argument("--subject", action="append", default=[], help="only this person (repeat for more)")
    parser.add_argument(
        "--rows",
        type=cli.positive_int,
        default=ROWS_DEFAULT,
        metavar="N",
        help=f"rows on a sheet, 1 to {ROWS_MAX} (default: {ROWS_DEFAULT})",
    )
    parser.add_argument("--lang", choices=("en", "ko"), default="en", help="language of sheets and page (default: en)")
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        cli.require(
            arguments.rows <= ROWS_MAX, "--rows", found=str(arguments.rows), expected=f"a number from 1 to {ROWS_MAX}"
        )
        config = Config(
            dataset=paths.dataset_dir(arguments.dataset),
            out=Path(arguments.out).expanduser().resolve() if arguments.out else None,
            labels=tuple(arguments.label),
            subjects=tuple(arguments.subject),
            rows_per_page=arguments.rows,
            lang=arguments.lang,
        )
        from tools.grid_viewer.grid import make_grid

        return make_grid(config)

    return cli.run(TOOL, arguments, work)
