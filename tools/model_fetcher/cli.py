"""The command ``model-fetcher``: third-party model files into artifacts/fetched/, each known by its hash.

Reads the network, or a folder with --from; writes artifacts/fetched/. For example::

    model-fetcher --only yunet
"""

import argparse

from shared import cli
from tools.model_fetcher.config import NAMES, FetchModelsConfig

_EXAMPLES = """
model-fetcher                                  both models, where they are not there yet
model-fetcher --only yunet                     the face detector only (0.2 MB)
model-fetcher --from /media/stick/models       without a network: copies the files that lie there
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "model-fetcher",
        "Fetch model files that the project does not hold itself: YuNet (face boxes, MIT) and MediaPipe's Face "
        "Landmarker\n(points and blendshapes, Apache-2.0). Each is checked against its known hash. Exit codes: 0 all "
        "are there,\n1 a file is not the known one, 3 no network.",
        _EXAMPLES,
        _fetch,
    )
    parser.add_argument("--only", choices=NAMES, help="one of them (default: both)")
    parser.add_argument(
        "--folder",
        "--from",
        type=cli.path,
        metavar="DIR",
        help="copy the files from this folder instead of the network",
    )
    return cli.add_json(parser)


def _fetch(arguments: argparse.Namespace) -> cli.Result:
    config = FetchModelsConfig((arguments.only,) if arguments.only else NAMES, arguments.folder)
    from tools.model_fetcher.fetch import fetch_models

    return fetch_models(config)


main = cli.entry(parser)
