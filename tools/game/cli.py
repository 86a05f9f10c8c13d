"""The command line of game: flags to a configuration. What is served is `tools.game.game`'s business."""

import argparse

from shared import cli, paths
from shared.text import language
from tools.game.config import EndpointConfig, GameConfig

TOOL = "game"
PORT_DEFAULT, ENDPOINT_PORT_DEFAULT = 8400, 8410

DESCRIPTION = """\
Play "Don't laugh" (웃지마) in your browser: the webcam sees you, the model decides when you laughed.

Serves one page on this computer (127.0.0.1) until Control-C ends it, with the model's hand-off folder exactly as a
front end would run it. Alone, in turns, or two players side by side; jokes, or clips and pictures of your own. Nothing
that the camera sees leaves the page, unless --keep is given: then a player who has agreed can keep the last seconds as
a take of that dataset, see what is kept, and delete it; and a switch lets the page listen for laughter, without storing
or sending a sound. onnxruntime-web is fetched once by npm.

Exit codes: 0 you ended it, 1 there is no hand-off for this model yet, 2 wrong usage, 3 npm or the port is missing."""

EXAMPLES = """\
game
game --model people-e12
game --model people-e12 --lang ko --port 8500
game --keep play --clips funny/
game --handoff /media/stick/smile-detector --no-open
game endpoint --dataset play --people tokens.csv"""

ENDPOINT_DESCRIPTION = """\
Serve the keep endpoint alone, for a page of your own behind your own login: the reference server of the contract.

Listens on this computer only (127.0.0.1); your web server, which knows who somebody is, forwards to it and hands the
person a token. Each token speaks for one person: it keeps, lists and deletes that person's moments. The file holds
hashes of tokens, so that reading it lets nobody in. Control-C ends it.

Exit codes: 0 you ended it, 1 the file or the dataset is not valid, 2 wrong usage, 3 the port is missing."""

ENDPOINT_EXAMPLES = """\
game endpoint --dataset play --people tokens.csv
game endpoint --dataset play --people tokens.csv --origin https://play.example.org --port 8410"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _play)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", metavar="NAME", help="a hand-off under artifacts/handoff/ (default: the newest)")
    which.add_argument("--handoff", type=cli.path, metavar="DIR", help="a hand-off folder anywhere")
    parser.add_argument(
        "--clips", type=cli.path, metavar="DIR", help="films and pictures to laugh at, beside the jokes"
    )
    parser.add_argument("--keep", metavar="DATASET", help="dataset for the moments that players keep (default: none)")
    add_keeping(parser)
    cli.add_page(parser, PORT_DEFAULT, f"{PORT_DEFAULT}; 0 chooses a free one")
    cli.add_lang(parser)
    cli.add_json(parser)
    _add_endpoint(parser)
    return parser


def add_keeping(parser: cli.Parser) -> None:
    """Add what keeping needs to know."""
    add = parser.add_argument
    add("--given-by", choices=("self", "guardian"), default="self", help="who agrees on the page (default: self)")
    add("--face-model", metavar="FILE", help="YuNet's file, or none, for limits of quality (default: the fetched one)")


def _add_endpoint(game: cli.Parser) -> None:
    parser = game.add_command("endpoint", ENDPOINT_DESCRIPTION, ENDPOINT_EXAMPLES, _serve_endpoint)
    add = parser.add_argument
    cli.add_dataset(parser)
    add("--people", type=cli.path, required=True, metavar="FILE", help="csv: subject_id,token_sha256, one person a row")
    add(
        "--origin",
        action="append",
        default=[],
        metavar="URL",
        help="page that may ask, such as https://play.example.org (repeat)",
    )
    add_keeping(parser)
    port = f"{ENDPOINT_PORT_DEFAULT}; 0 chooses a free one"
    add(
        "--port",
        type=cli.whole(0, 65_535, "a port"),
        default=ENDPOINT_PORT_DEFAULT,
        metavar="N",
        help=f"default: {port}",
    )
    cli.add_json(parser)


def _serve_endpoint(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        EndpointConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        origins=tuple(origin.rstrip("/") for origin in arguments.origin),
    )
    from tools.game.keep.endpoint import serve

    return serve(config)


def _play(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        GameConfig,
        arguments,
        handoff=arguments.handoff.resolve() if arguments.handoff else paths.handoff_dir(arguments.model),
        opens_browser=not arguments.no_open,
        lang=language.choose(arguments.lang),
        keep=paths.dataset_dir(arguments.keep) if arguments.keep else None,
        clips=arguments.clips.resolve() if arguments.clips else None,
    )
    from tools.game.game import play

    return play(config)


main = cli.entry(parser)
