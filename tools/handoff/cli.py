"""Flags of handoff: the model, the folder, and the settings of the decision.

handoff --model demo
"""

import argparse

from shared import cli
from tools.handoff.config import HandoffConfig

_EXAMPLES = """
handoff                                   # the newest model, to artifacts/handoff/<model_id>/
handoff --model people-1a2b3c4d-e10
handoff --model demo --sign              # after validate-spec --browser: signs the folder and its proof
handoff --model demo --out web/model --release-threshold 0.4 --min-duration-ms 200
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "handoff",
        "Writes the folder that a front-end team copies: the model as graphs for a page (whole window, one-frame "
        "encoder and head, variants, smaller encoders where quantizer offers some), golden vectors, the JavaScript "
        "client and frontend_spec.json.\n"
        "Every graph is run and compared first; if its outputs differ, nothing is written (exit code 1).\n"
        "A second run on an unchanged model changes nothing and keeps the browser proof.",
        _EXAMPLES,
        _write,
    )
    cli.add_model(parser)
    cli.add_out(parser, "artifacts/handoff/<model_id>")
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
    parser.add_argument(
        "--sign",
        action="store_true",
        help="sign the folder, and its browser proof if there is one, with the team's Ed25519 key",
    )
    parser.add_argument(
        "--key",
        metavar="FILE",
        type=cli.path,
        help="with --sign: the private key (default: keys/handoff.pem)",
    )
    return cli.add_json(parser)


def _write(arguments: argparse.Namespace) -> cli.Result:
    from shared.onnx.cards import find_model

    cli.require(arguments.sign or not arguments.key, "--key", found="a key", expected="--sign beside it")
    config = cli.fill(
        HandoffConfig,
        arguments,
        is_signed=arguments.sign,
        model=find_model(arguments.model),
        out=arguments.out and arguments.out.resolve(),
    )
    from tools.handoff.write import write_handoff

    return write_handoff(config)


main = cli.entry(parser)
