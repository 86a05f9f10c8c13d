"""The command line of game: flags to a configuration. What is served is `tools.game.game`'s business."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from shared import cli, paths

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


def port(text: str) -> int:
    """Parse a port; 0 takes a free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from 0 to 65535")
    return int(text)


def build_parser() -> cli.Parser:
    """Build the parser; separate, so that tests and documentation can read the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", metavar="NAME", help="a hand-off under artifacts/handoff/ (default: the newest)")
    which.add_argument("--handoff", metavar="DIR", help="a hand-off folder anywhere")
    parser.add_argument(
        "--port",
        type=port,
        default=PORT_DEFAULT,
        metavar="N",
        help=f"port on 127.0.0.1; 0 takes a free one (default: {PORT_DEFAULT})",
    )
    parser.add_argument("--no-open", action="store_true", help="do not open a browser; print the address only")
    parser.add_argument("--lang", choices=("en", "ko"), help="the page's first language (default: the browser's)")
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        from tools.game.game import Config, play

        if arguments.handoff is not None:
            handoff = Path(arguments.handoff).expanduser().resolve()
        else:
            handoff = paths.handoff_dir(arguments.model)
        config = Config(
            handoff=handoff,
            model=arguments.model,
            port=arguments.port,
            opens_browser=not arguments.no_open,
            lang=arguments.lang,
        )
        return play(config)

    return cli.run(TOOL, arguments, work)
