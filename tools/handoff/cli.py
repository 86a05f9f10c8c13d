"""Flags of handoff: the model, the folder, and the settings of the decision.

handoff --model demo
"""

import argparse
import contextlib
import json
import re
from pathlib import Path
from typing import NoReturn

from shared import cli, paths
from shared.errors import InvalidInput
from tools.handoff.config import HandoffConfig

_EXAMPLES = """
handoff                                   # the newest model, to artifacts/handoff/<model_id>/
handoff --model people-1a2b3c4d-e10
handoff --model demo --dataset people     # the smaller variants are judged on the dataset's pictures
handoff --model demo --out web/model --release-threshold 0.4 --min-duration-ms 200
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "handoff",
        "Writes the folder that a front-end team copies: the model as graphs for a page (whole window, one-frame "
        "encoder and head, variants), golden vectors, the JavaScript client and frontend_spec.json.\n"
        "Every graph is run and compared first; if its outputs differ, nothing is written (exit code 1).\n"
        "A second run on an unchanged model changes nothing and keeps the browser proof.",
        _EXAMPLES,
        _write,
    )
    cli.add_model(parser)
    cli.add_out(parser, "artifacts/handoff/<model_id>")
    cli.add_dataset(
        parser,
        default="drawn pictures; with the model's dataset fp16 and int8 are calibrated on its training people and "
        "judged on its validation people",
    )
    parser.add_argument(
        "--release-threshold",
        metavar="P",
        type=cli.fraction,
        help="what has begun, such as a smile, ends when its probability falls to this (default: 0.8 of the threshold)",
    )
    parser.add_argument(
        "--min-duration-ms",
        metavar="MS",
        type=cli.number(0, 60_000, "milliseconds"),
        help="how long the probability stays above the threshold before it counts (default: one frame interval, so "
        "that a single odd frame starts none; 100 for a model of single photos)",
    )
    return cli.add_json(parser)


def _write(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        HandoffConfig,
        arguments,
        model=_find_model(arguments.model),
        out=arguments.out and arguments.out.resolve(),
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
    )
    from tools.handoff.write import write_handoff

    return write_handoff(config)


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
        raise InvalidInput(
            where, found="no model", expected="an exported model", todo="export one, or name an .onnx with --model"
        )
    return newest / paths.MODEL_FILE


def _is_of_a_fold(card: Path) -> bool:
    """Tell whether a model was trained on a fold to measure an approach, not to be shipped."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        split = json.loads(card.read_text(encoding="utf-8"))["split"]["file"]
        return re.search(r"-(fold|person)\d+of\d+\.json$", split) is not None
    return False


def _refuse(value: str, onnx: Path) -> NoReturn:
    """Refuse a --model that does not exist, and list the models that do.

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
        todo="name an existing model" if names else "export one",
    )


main = cli.entry(parser)
