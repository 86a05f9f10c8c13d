"""The command line of game: flags to a configuration. What is served is `tools.game.game`'s business."""

import argparse

from shared import cli, paths
from shared.text import language
from tools.game.config import GameConfig

TOOL = "game"
PORT_DEFAULT = 8400

DESCRIPTION = """\
Play "Don't laugh" (웃지마) in your browser: the webcam sees you, the model decides when you laughed.

Serves one page on this computer (127.0.0.1) until Control-C ends it, with the model's hand-off folder exactly as a
front end would run it. Nothing that the camera sees leaves the page. onnxruntime-web is fetched once by npm.

Exit codes: 0 you ended it, 1 there is no hand-off for this model yet, 2 wrong usage, 3 npm or the port is missing."""

EXAMPLES = """\
game
game --model people-e12
game --model people-e12 --lang ko --port 8500
game --handoff /media/stick/smile-detector --no-open"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _play)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", metavar="NAME", help="a hand-off under artifacts/handoff/ (default: the newest)")
    which.add_argument("--handoff", type=cli.path, metavar="DIR", help="a hand-off folder anywhere")
    cli.add_page(parser, PORT_DEFAULT, f"{PORT_DEFAULT}; 0 chooses a free one")
    cli.add_lang(parser)
    return cli.add_json(parser)


def _play(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        GameConfig,
        arguments,
        handoff=arguments.handoff.resolve() if arguments.handoff else paths.handoff_dir(arguments.model),
        opens_browser=not arguments.no_open,
        lang=language.choose(arguments.lang),
    )
    from tools.game.game import play

    return play(config)


main = cli.entry(parser)
