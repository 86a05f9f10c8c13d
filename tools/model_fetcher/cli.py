"""The command ``model-fetcher``: third-party model files into artifacts/fetched/, each known by its hash.

Reads the network, or a folder with --from; writes artifacts/fetched/. For example::

    model-fetcher --only yunet
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli

NAMES = ("yunet", "face_landmarker")
_EXAMPLES = """
model-fetcher                                  both models, where they are not there yet
model-fetcher --only yunet                     the face detector only (0.2 MB)
model-fetcher --from /media/stick/models       without a network: copies the files that lie there
"""


@dataclass(frozen=True)
class Config:
    """What to fetch, and from where.

    Attributes:
        names: Of `NAMES`.
        source: A folder to copy from; None for the network.
    """

    names: tuple[str, ...]
    source: Path | None


def build_parser() -> cli.Parser:
    """Build the command line's parser."""
    parser = cli.Parser(
        "model-fetcher",
        "Fetch model files that the project does not hold itself: YuNet (face boxes, MIT) and MediaPipe's Face "
        "Landmarker\n(points and blendshapes, Apache-2.0). Each is checked against its known hash. Exit codes: 0 all "
        "are there,\n1 a file is not the known one, 3 no network.",
        _EXAMPLES,
    )
    parser.add_argument("--only", choices=NAMES, help="one of them (default: both)")
    parser.add_argument("--from", dest="source", metavar="DIR", help="copy from this folder instead of the network")
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        from tools.model_fetcher.fetch import fetch_models

        source = Path(arguments.source).expanduser() if arguments.source else None
        return fetch_models(Config((arguments.only,) if arguments.only else NAMES, source))

    return cli.run("model-fetcher", arguments, work)
