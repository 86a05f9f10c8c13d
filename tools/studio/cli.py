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
    page.add_argument(
        "--lan",
        action="store_true",
        help="also let phones of this network record, by codes that work once: the recording page alone, over HTTPS",
    )
    page.add_argument(
        "--lan-address",
        metavar="IP",
        help="with --lan: the address of this computer that phones reach (default: by which it reaches others)",
    )
    cli.add_dataset(page, "people; with --lan: what phones record into")
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
    is_alone = arguments.lan or not (arguments.lan_address or arguments.dataset)
    cli.require(is_alone, "--lan-address and --dataset", found="no --lan", expected="--lan beside them")
    dataset = arguments.dataset or "people"
    cli.require_name(dataset, "--dataset")
    config = ServeConfig(
        arguments.port, not arguments.no_open, language.choose(arguments.lang), arguments.lan, arguments.lan_address,
        dataset,
    )  # fmt: skip
    from tools.studio.server import serve

    return serve(config)


def _status(arguments: argparse.Namespace) -> cli.Result:
    folder = paths.dataset_dir(arguments.dataset) if arguments.dataset else None
    config = StatusConfig(folder, language.choose(arguments.lang))
    from tools.studio.status import tell_status

    return tell_status(config)


main = cli.entry(parser)
