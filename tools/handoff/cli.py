"""Flags of handoff: which model, where to, and what of its decision the front end is told.

handoff --model demo
"""

import argparse
import contextlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from shared import cli, paths
from shared.errors import InvalidInput

if TYPE_CHECKING:
    from tools.handoff.config import Config

_EXAMPLES = """
handoff                                   # the newest model, to artifacts/handoff/<model_id>/
handoff --model people-1a2b3c4d-e10
handoff --model demo --dataset people     # the smaller variants are judged on the people's pictures
handoff --model demo --out web/model --release-threshold 0.4 --min-duration-ms 200
"""


def build_parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "handoff",
        "Writes the folder that a front-end team copies: the model as graphs for a page (whole window, one-frame "
        "encoder and head, variants), golden vectors, the JavaScript client and frontend_spec.json.\n"
        "Every graph is run and compared first; if one of them answers otherwise, nothing is written (exit code 1).\n"
        "Run again on an unchanged model it changes nothing and keeps what the browser proof wrote.",
        _EXAMPLES,
    )
    add = parser.add_argument
    add("--model", metavar="M", help="a name under artifacts/models/, a folder, or an .onnx file (default: the newest)")
    add("--out", metavar="FOLDER", type=Path, help="where to (default: artifacts/handoff/<model_id>)")
    add(
        "--dataset",
        metavar="D",
        help="the model's dataset: fp16 and int8 are calibrated on its training people and judged on its validation "
        "people (default: drawn pictures)",
    )
    add(
        "--release-threshold",
        metavar="P",
        type=cli.fraction,
        help="a smile that has begun ends when smile_prob falls to this (default: 0.8 of the threshold)",
    )
    add(
        "--min-duration-ms",
        metavar="MS",
        type=_milliseconds,
        help="how long smile_prob stays above the threshold before a smile counts (default: one frame interval, so "
        "that a single odd frame starts none; 100 for a model of single photos)",
    )
    cli.add_json(parser)
    return parser


def _milliseconds(text: str) -> float:
    """Parse a length of 0 to 60,000 ms."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 60_000:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected milliseconds from 0 to 60000")
    return value


def _find_model(value: str | None) -> Path:
    """Return the ONNX of --model, or of the newest model."""
    if value is not None:
        folder = Path(value).expanduser()
        onnx = (folder / paths.MODEL_FILE).resolve() if folder.is_dir() else paths.model_file(value)
        if not onnx.is_file():
            _refuse(value, onnx)
        return onnx
    newest = paths.newest_named("models", paths.MODEL_CARD, unless=_is_of_a_fold)
    if newest is None:
        where = paths.shown(paths.artifacts("models"))
        raise InvalidInput(where, found="no model", expected="one", todo="export one, or name an .onnx with --model")
    return newest / paths.MODEL_FILE


def _is_of_a_fold(card: Path) -> bool:
    """Tell whether a model was made to measure an approach, on a part of the people, and not to be shipped."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        split = json.loads(card.read_text(encoding="utf-8"))["split"]["file"]
        return re.search(r"-(fold|person)\d+of\d+\.json$", split) is not None
    return False


def _refuse(value: str, onnx: Path) -> NoReturn:
    """Say that --model names nothing, and what it could name.

    Raises:
        InvalidInput: Always.
    """
    where = paths.artifacts("models")
    names = sorted(card.parent.name for card in where.glob(f"*/{paths.MODEL_CARD}"))
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    raise InvalidInput(
        f"--model {value}",
        found=f"no such model: there is no {paths.shown(onnx)}",
        expected=f"one in {paths.shown(where)} ({listed or 'there is none yet'}), or an .onnx file",
        todo="name one that is there" if names else "export one",
    )


def _configure(arguments: argparse.Namespace) -> "Config":
    """Turn flags into a config."""
    from tools.handoff.config import Config

    return Config(
        model=_find_model(arguments.model),
        out=None if arguments.out is None else arguments.out.expanduser().resolve(),
        dataset=None if arguments.dataset is None else paths.dataset_dir(arguments.dataset),
        release_threshold=arguments.release_threshold,
        min_duration_ms=arguments.min_duration_ms,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write a hand-off; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        config = _configure(arguments)
        from tools.handoff.write import write_handoff

        return write_handoff(config)

    return cli.run("handoff", arguments, work)
