"""The command line of grid-viewer: flags to a configuration. What is drawn is `tools.grid_viewer.grid`'s business."""

import argparse

from shared import cli, paths
from shared.text import language
from tools.grid_viewer.config import GridConfig

TOOL = "grid-viewer"
ROWS_DEFAULT = 10
ROWS_MAX = 100  # a sheet of 100 rows is 20,000 px high; more than that, few picture viewers open

DESCRIPTION = """\
Show every sequence of a dataset with its label, so that all labels can be checked by eye.

Writes to artifacts/grids/<dataset>/ (or --out):
  page_001.png ...  sheets: one row per sequence, sorted by person, take and id
  index.html        one self-contained page: filter by label and person, search, play, enlarge; English and Korean
Sheets left by an earlier, larger run are removed; files that grid-viewer did not write are never touched.
The dataset is only read. To correct a label, use the reviewer: ./inv review, then ./inv review-apply."""

EXAMPLES = """\
grid-viewer --dataset people
grid-viewer --dataset people --label smile --lang ko
grid-viewer --dataset people --subject s01 --subject s02 --out /tmp/grid --rows 20
grid-viewer --dataset people --json"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _draw)
    cli.add_dataset(parser)
    cli.add_out(parser, "artifacts/grids/<dataset>")
    add = parser.add_argument
    add("--label", action="append", default=[], help="only this label (repeat for more)")
    add("--subject", action="append", default=[], metavar="ID", help="only this person (repeat for more)")
    add(
        "--rows",
        type=cli.whole(1, ROWS_MAX),
        default=ROWS_DEFAULT,
        metavar="N",
        help=f"rows on a sheet, 1 to {ROWS_MAX} (default: {ROWS_DEFAULT})",
    )
    cli.add_lang(parser)
    return cli.add_json(parser)


def _draw(arguments: argparse.Namespace) -> cli.Result:
    config = GridConfig(
        dataset=paths.dataset_dir(arguments.dataset),
        out=arguments.out and arguments.out.resolve(),
        labels=tuple(arguments.label),
        subjects=tuple(arguments.subject),
        rows_per_page=arguments.rows,
        lang=language.choose(arguments.lang),
    )
    from tools.grid_viewer.grid import make_grid

    return make_grid(config)


main = cli.entry(parser)
