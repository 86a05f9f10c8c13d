"""Command line of the studio.

studio status
"""

import argparse

from shared import cli, paths
from shared.text import language
from tools.studio.config import ServeConfig, StatusConfig

EXAMPLES = """
studio serve                       # the page, in the browser, until Ctrl-C
studio status
studio status --dataset people
studio status --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser("studio", "Show the whole workspace. Every command has --json and --quiet.", EXAMPLES)
    page = parser.add_command(
        "serve",
        "Open one page over the whole workspace: what there is, what came from what, what is next; start tasks. "
        "On this computer only, until Ctrl-C.",
        "studio serve\nstudio serve --lang ko",
        _serve,
    )
    cli.add_page(page, 0, "the usual one, or the next free one")
    cli.add_lang(page)
    cli.add_json(page)
    status = parser.add_command(
        "status",
        "Say what there is (datasets, models, runs, results, hand-offs) and what is next for each dataset and model: "
        "at most three suggestions, each with its reason and the command. Reads documents only, changes nothing.",
        "studio status\nstudio status --dataset people\nstudio status --json",
        _status,
    )
    status.add_argument(
        "--dataset", metavar="DATASET", help="one dataset and the models that learned from it (default: everything)"
    )
    cli.add_lang(status)
    cli.add_json(status)
    return parser


def _serve(arguments: argparse.Namespace) -> cli.Result:
    config = ServeConfig(arguments.port, not arguments.no_open, language.choose(arguments.lang))
    from tools.studio.server import serve

    return serve(config)


def _status(arguments: argparse.Namespace) -> cli.Result:
    folder = paths.dataset_dir(arguments.dataset) if arguments.dataset else None
    config = StatusConfig(folder, language.choose(arguments.lang))
    from tools.studio.status import tell_status

    return tell_status(config)


main = cli.entry(parser)
