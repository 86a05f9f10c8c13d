"""The command ``model-fetcher``: third-party model files into artifacts/fetched/, each known by its hash.

Reads the network, or a folder with --folder; writes artifacts/fetched/. For example::

    model-fetcher --only yunet
"""

import argparse

from shared import cli
from tools.model_fetcher.config import NAMES, USUAL, FetchModelsConfig

_EXAMPLES = """
model-fetcher                                  both models, where they are not there yet
model-fetcher --only yunet                     the face detector only (0.2 MB)
model-fetcher --folder /media/stick/models       without a network: copies the files that lie there
model-fetcher --only enet                      EmotiEffLib's 8 emotions, valence, arousal (16 MB; for research)
model-fetcher --only yamnet --folder models/     what timeline and game hear laughter by; it has no address
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "model-fetcher",
        "Fetch model files that the project does not hold itself: YuNet (face boxes, MIT) and MediaPipe's Face\n"
        "Landmarker (points and blendshapes, Apache-2.0); on request EmotiEffLib's enet_b0_8_va_mtl (learned from\n"
        "AffectNet, for research), and from a folder YAMNet's LiteRT graph of log-mel patches (laughter, Apache-2.0)\n"
        "and emotion_mini_xception with its card (7 emotions, MIT). Each is checked against its known hash.\n"
        "Exit codes: 0 all are there, 1 a file is not the known one, 3 no network or address.",
        _EXAMPLES,
        _fetch,
    )
    parser.add_argument("--only", choices=NAMES, help="one of them (default: yunet and face_landmarker)")
    parser.add_argument(
        "--folder",
        "--from",
        type=cli.path,
        metavar="DIR",
        help="copy the files from this folder instead of the network",
    )
    return cli.add_json(parser)


def _fetch(arguments: argparse.Namespace) -> cli.Result:
    config = FetchModelsConfig((arguments.only,) if arguments.only else USUAL, arguments.folder)
    from tools.model_fetcher.fetch import fetch_models

    return fetch_models(config)


main = cli.entry(parser)
