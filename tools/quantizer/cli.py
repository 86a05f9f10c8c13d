"""Flags of quantizer: the model, its dataset, which ways are tried.

quantizer --model demo
"""

import argparse

from shared import cli, paths
from shared.errors import WrongUsage
from tools.quantizer.config import SCHEMES, TUNINGS, QuantizeConfig

_EXAMPLES = """
quantizer                                        # the newest model
quantizer --model people-1a2b3c4d-e10
quantizer --model people-1a2b3c4d-e10 --variants fp16_weights,int8_weights,int8_channel --tuning never
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "quantizer",
        "Makes a model's encoder smaller in every way that there is (half precision, 8-bit weights, 8-bit arithmetic) "
        "and says which of them a page may use.\n"
        "Ranges come from training people, the way is chosen on validation people and judged once on test people: at "
        "most 1 % of decisions flip, accuracy does not fall by the margin, and it is smaller or faster.\n"
        "Exit code 1 where none passes. Only what passes goes into the next hand-off.",
        _EXAMPLES,
        _quantize,
    )
    cli.add_model(parser)
    cli.add_out(parser, "artifacts/quantized/<model_id>")
    cli.add_dataset(parser, default="the one that the model's card names")
    parser.add_argument(
        "--variants", type=_variants, metavar="A,B,...", help=f"what to try, of {','.join(SCHEMES)} (default: all)"
    )
    parser.add_argument(
        "--tuning",
        choices=TUNINGS,
        default="auto",
        help="fine-tune the weights for 8 bits; auto: where no 8-bit arithmetic passes without it (default: auto)",
    )
    parser.add_argument(
        "--tuning-steps", type=cli.positive_int, default=300, metavar="N", help="steps of that (default: 300)"
    )
    parser.add_argument(
        "--rounds", type=cli.positive_int, default=12, metavar="N", help="rounds of timing (default: 12)"
    )
    cli.add_margin(parser)
    cli.add_allow_no_consent(parser)
    return cli.add_json(parser)


def _variants(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in SCHEMES]
    if unknown or not names:
        found = ", ".join(unknown) or repr(text)
        raise argparse.ArgumentTypeError(f"found {found}, expected some of {', '.join(SCHEMES)}")
    return tuple(name for name in SCHEMES if name in names)


def _quantize(arguments: argparse.Namespace) -> cli.Result:
    from shared.onnx.cards import find_model

    config = cli.fill(
        QuantizeConfig,
        arguments,
        model=find_model(arguments.model),
        out=arguments.out and arguments.out.resolve(),
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
        schemes=arguments.variants or SCHEMES,
    )
    if config.out is not None and config.out == config.model.parent:
        raise WrongUsage("--out", found=str(config.out), expected="another folder than the model's")
    from tools.quantizer.quantize import quantize

    return quantize(config)


main = cli.entry(parser)
