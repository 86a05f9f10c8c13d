"""Command line of drift: flags to a configuration.

drift --dataset game --model people-10
"""

import argparse

from shared import cli, paths
from shared.text import language
from tools.drift.config import DriftConfig, SelectionConfig

DESCRIPTION = (
    "Say whether what a model meets in play differs from what it learned from, and name what differs: light, size of "
    "faces, frame rate, missed windows, pictures without a face, mirroring, scores. People are compared, not single "
    "moments, and people who are alike are called different in at most 5 %. Writes one page and a document. Exit code "
    "0: no drift is shown; 1: drift, or too few people to tell."
)
EXAMPLES = """
drift --dataset game                              # the newest model and the people whom it was trained on
drift --dataset game --model people-10
drift select --dataset game --most 50                # which moments to label first
drift --dataset game --model old.onnx --reference people --side all --lang ko
"""

FACE_MODEL_HELP = "YuNet's file, or none to leave out what needs faces (default: the fetched one)"
SELECT_DESCRIPTION = (
    "Say which kept moments to label first: those that the model is unsure of, of many people in turn, and unlike each "
    "other. What somebody has reviewed is left out. Writes a csv."
)
SELECT_EXAMPLES = """
drift select --dataset game                       # 50 of them, by the newest model
drift select --dataset game --model people-10 --most 20 --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser("drift", DESCRIPTION, EXAMPLES, _compare)
    add = parser.add_argument
    cli.add_dataset(parser)
    cli.add_model(parser)
    add(
        "--reference", metavar="DATASET", help="what to compare with (default: the dataset that the model's card names)"
    )
    add(
        "--side",
        choices=("train", "all"),
        default="train",
        help="of the reference: the people that the model was trained on, or all (default: train)",
    )
    add("--face-model", metavar="FILE", help=FACE_MODEL_HELP)
    cli.add_out(parser, "artifacts/drift/<dataset>_<UTC>")
    cli.add_seed(parser)
    cli.add_allow_no_consent(parser)
    cli.add_lang(parser)
    cli.add_json(parser)
    _add_select(parser)
    return parser


def _add_select(drift: cli.Parser) -> None:
    parser = drift.add_command("select", SELECT_DESCRIPTION, SELECT_EXAMPLES, _select)
    add = parser.add_argument
    cli.add_dataset(parser)
    cli.add_model(parser)
    add("--most", type=cli.positive_int, default=50, metavar="N", help="how many (default: 50)")
    add("--face-model", metavar="FILE", help=FACE_MODEL_HELP)
    cli.add_out(parser, "artifacts/drift/<dataset>_select_<UTC>.csv")
    cli.add_allow_no_consent(parser)
    cli.add_json(parser)


def _compare(arguments: argparse.Namespace) -> cli.Result:
    from shared.onnx.cards import find_model

    config = cli.fill(
        DriftConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        model=find_model(arguments.model),
        reference=arguments.reference and paths.dataset_dir(arguments.reference),
        out=arguments.out and arguments.out.resolve(),
        lang=language.choose(arguments.lang),
    )
    from tools.drift.report import report_drift

    return report_drift(config)


def _select(arguments: argparse.Namespace) -> cli.Result:
    from shared.onnx.cards import find_model

    config = cli.fill(
        SelectionConfig,
        arguments,
        n=arguments.most,
        dataset=paths.dataset_dir(arguments.dataset),
        model=find_model(arguments.model),
        out=arguments.out and arguments.out.resolve(),
    )
    from tools.drift.selection import select_moments

    return select_moments(config)


main = cli.entry(parser)
