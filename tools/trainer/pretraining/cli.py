"""The sub-command ``trainer pretrain``: flags to a PretrainConfig."""

import argparse
import os
from typing import Any

from shared import cli, paths
from shared.models.encoder_specs import CROPS, ENCODERS, POOLINGS
from tools.trainer.pretraining.config import PretrainConfig, parse_people_part, parse_source

DESCRIPTION = (
    "Teach a network faces from photos and films, before a team's own people are trained on: labels where there are "
    "any (smiles, emotions), MediaPipe's blendshapes where the landmark model is here, predictions of networks where "
    "they are named. Takes hours on two cores; the same command goes on where it was cut off."
)
EXAMPLES = """
trainer pretrain --datasets genki,celebrities
trainer pretrain --datasets people,genki:all@2,celebrities:all,crops:all@0.5
trainer pretrain --datasets people,genki --people-part 1/2
trainer pretrain --datasets people,genki --size small --teachers efficientnet_lite0_b10-1a2b3c4d
then: trainer --dataset people --weights pretrained
"""

# What a size means, where a flag says nothing else. From scratch the rate is higher, and the heads have the same: at
# three times 3e-3 the LSTM saturates, and nothing is learned for epochs.
SIZES: dict[str, dict[str, Any]] = {
    "large": {
        "encoder": "efficientnet_lite0_b10",
        "input_px": 112,
        "weights": "imagenet",
        "lr": 6e-4,
        "head_lr_factor": 3.0,
        "epochs": 8,
    },
    "small": {
        "encoder": "mobilenet_v3_small_b8",
        "input_px": 96,
        "weights": "none",
        "lr": 3e-3,
        "head_lr_factor": 1.0,
        "epochs": 14,
    },
}


def _default(flag: str) -> str:
    large, small = (size[flag] for size in SIZES.values())
    return (
        f"(default: {large:g}; small: {small:g})" if isinstance(large, float) else f"(default: {large}; small: {small})"
    )


def add_pretrain(trainer: cli.Parser) -> None:
    """Add the sub-command to the trainer's parser."""
    parser = trainer.add_command("pretrain", DESCRIPTION, EXAMPLES, _pretrain)
    add = parser.add_argument
    add(
        "--datasets",
        required=True,
        metavar="A,B",
        help="datasets to learn from; of NAME:all everybody, else training people only; NAME@2 counts its labels twice",
    )
    add(
        "--splits",
        default="",
        metavar="FILE,FILE",
        help="frozen splits of these datasets, such as those that ab or train shall use (default: the one that is "
        "frozen on first use)",
    )
    cli.add_out(parser, "artifacts/pretrained/<encoder>-<settings>")
    add(
        "--size",
        choices=tuple(SIZES),
        default="large",
        help="large: the most accurate; small: a quarter of its time in a page, best with --teachers (default: large)",
    )
    add("--encoder", choices=tuple(ENCODERS), help=f"of pictures {_default('encoder')}")
    add("--input-px", type=cli.whole(32, 224), help=f"side to which pictures are shrunk {_default('input_px')}")
    add("--pooling", choices=POOLINGS, default="grid", help="of the encoder's features (default: grid)")
    add("--crop", choices=CROPS, default="face", help="what of a picture is looked at (default: face)")
    add("--weights", choices=("imagenet", "none"), help=f"the encoder's start {_default('weights')}")
    add("--epochs", type=cli.positive_int, help=f"passes over the pictures {_default('epochs')}")
    add("--batch", type=cli.positive_int, default=64, help="pictures a step (default: 64)")
    add("--lr", type=float, help=f"highest learning rate of the encoder {_default('lr')}")
    add("--head-lr-factor", type=float, help=f"factor of the heads' {_default('head_lr_factor')}")
    add("--weight-decay", type=float, default=1e-2, help="weight decay of AdamW (default: 1e-2)")
    add(
        "--ema",
        type=cli.fraction,
        default=0.0,
        metavar="DECAY",
        help="keep the exponential moving average of weights, of this decay a step, such as 0.998; over a 20th "
        "of all steps at most (default: 0)",
    )
    add("--mixup", type=float, default=0.3, help="how evenly pictures are mixed; 0 for not at all (default: 0.3)")
    add("--variation", type=cli.fraction, default=0.5, help="how much pictures are varied, 0 to 1 (default: 0.5)")
    add("--emotion-weight", type=float, default=0.1, help="factor of the emotion loss (default: 0.1)")
    add("--blendshape-weight", type=float, default=2.0, help="factor of MediaPipe's blendshapes; 0: none (default: 2)")
    add(
        "--teachers",
        default="",
        metavar="A,B",
        help="folders of pretrainings whose mean prediction is learned, too; of those that have not seen a picture's "
        "person, where there are any",
    )
    add("--teacher-share", type=cli.fraction, default=0.65, help="how much of a label it replaces (default: 0.65)")
    add(
        "--emotion-teacher",
        metavar="FILE",
        help="classifier of the emotions of one grey face, with its JSON beside it, whose predictions are learned; "
        "none: labels alone (default: emotion_mini_xception, where ./inv fetch-models has put it)",
    )
    add(
        "--emotion-teacher-weight",
        type=float,
        default=1.0,
        help="factor of the loss against these predictions; 0: none (default: 1)",
    )
    add(
        "--people-part",
        default="",
        metavar="I/N",
        help="learn from the I-th of N parts of the people alone: teachers for the others (default: everybody)",
    )
    cli.add_seed(parser)
    cli.add_allow_no_consent(parser)
    add("--threads", type=cli.positive_int, default=os.cpu_count() or 1, help="torch threads (default: all cores)")
    cli.add_device(parser)
    cli.add_json(parser)


def _pretrain(arguments: argparse.Namespace) -> cli.Result:
    for flag, value in SIZES[arguments.size].items():
        if getattr(arguments, flag) is None:
            setattr(arguments, flag, value)
    for flag in ("lr", "head_lr_factor"):
        value = getattr(arguments, flag)
        cli.require(value > 0, "--" + flag.replace("_", "-"), found=f"{value:g}", expected="more than 0")
    sources = tuple(parse_source(text) for text in arguments.datasets.split(","))
    names = [paths.dataset_dir(source.dataset) for source in sources]
    cli.require(len(set(names)) == len(names), "--datasets", found=arguments.datasets, expected="each dataset once")
    cli.require(arguments.ema < 1, "--ema", found=f"{arguments.ema:g}", expected="0, or less than 1, such as 0.998")
    parse_people_part(arguments.people_part)
    teachers = tuple(
        paths.folder_named(text, paths.artifacts("pretrained"), "--teachers")
        for text in arguments.teachers.split(",")
        if text
    )
    frozen = tuple(cli.path(text) for text in arguments.splits.split(",") if text)
    from tools.trainer.pretraining.pictures import find_emotion_teacher
    from tools.trainer.pretraining.pretrain import pretrain

    emotion_teacher = find_emotion_teacher(arguments.emotion_teacher)
    return pretrain(
        cli.fill(
            PretrainConfig,
            arguments,
            sources=sources,
            teachers=teachers,
            splits=frozen,
            emotion_teacher=emotion_teacher,
        )
    )
