"""Command line of the trainer: flags to a TrainConfig.

trainer --dataset people --epochs 10
"""

import argparse
import os
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.models import pretrained
from shared.models.encoder_specs import CROPS, ENCODERS, POOLINGS, VIEWS
from tools.trainer.config import ALL_EPOCHS, TrainConfig
from tools.trainer.pretraining.cli import add_pretrain

EXAMPLES = """
trainer --dataset people --epochs 10
trainer --dataset people --weights artifacts/runs/base/best.safetensors --lr 1e-5
trainer --dataset people --encoder efficientnet_lite0_b7 --input-px 112 --pooling grid --epochs 30 --freeze-epochs all
trainer --dataset people --freeze-epochs 3 --unfreeze-blocks 3 --unfreeze-lr-factor 0.1
trainer --dataset people --weights none --epochs 50 --keep-epochs 7,10,30
trainer --dataset people --network landmark_mlp          (after: featurizer --dataset people)
trainer --dataset people --network landmark_mlp --normalisation farthest --with-z
"""


_PLAIN_NETWORK = {
    "encoder": "mobilenet_v3_small",
    "input_px": 224,
    "pooling": "average",
    "crop": "none",
    "views": "one",
}
_PICTURES = {
    **_PLAIN_NETWORK,
    "weights": "imagenet",
    "epochs": 10,
    "batch": 4,
    "lr": 5e-5,
    "schedule": "constant",
    "label_smoothing": 0.0,
    "mixup": 0.0,
}
_FEATURES = {
    **_PLAIN_NETWORK,
    "weights": "none",
    "epochs": 120,
    "batch": 64,
    "lr": 5e-4,
    "schedule": "cosine",
    "label_smoothing": 0.05,
    "mixup": 1.0,
}
SCHEMES = ("upright", "eyes", "farthest")  # of shared.faces.normalise, which is not light
FROZEN_LR = 1e-3  # of heads on an encoder that stays as it is: they begin at random
PRETRAINED_LR = 1e-4  # of heads that begin pretrained: at 1e-3 six people undo what thousands of photos taught (LOG.md)
DEFAULTS: dict[str, dict[str, Any]] = {"dual_head": _PICTURES, "landmark_mlp": _FEATURES, "blendshape_mlp": _FEATURES}


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "trainer",
        "Train a smile network on the training people of a dataset: the dual-head network of pictures, or a small one "
        "of landmarks or blendshapes. The same command goes on with a run that was cut off, to the same result.",
        EXAMPLES,
        _train,
    )
    add = parser.add_argument
    cli.add_dataset(parser)
    add(
        "--split",
        type=cli.path,
        metavar="FILE",
        help="frozen split file (default: one is frozen on first use)",
    )
    cli.add_out(parser, "artifacts/runs/<dataset>-<settings>")
    add("--network", choices=tuple(DEFAULTS), default="dual_head", help="network to train (default: dual_head)")
    add(
        "--encoder",
        choices=tuple(ENCODERS),
        help="encoder of pictures (default: mobilenet_v3_small, or that of pretrained weights)",
    )
    add(
        "--input-px",
        type=cli.whole(32, 224),
        help="side to which the network shrinks pictures (default: 224, or that of pretrained weights)",
    )
    add(
        "--pooling",
        choices=POOLINGS,
        help="of the encoder's features: average over the picture, or grid, which keeps places (default: average, or "
        "that of pretrained weights)",
    )
    add(
        "--crop",
        choices=CROPS,
        help="face: the network finds the face in each picture and looks at that alone (default: none, or that of "
        "pretrained weights)",
    )
    add(
        "--views",
        choices=VIEWS,
        help="mirrored: answer with the mean of a sequence and its mirror image, for twice the encoder's cost "
        "(default: one)",
    )
    add(
        "--weights",
        help="imagenet, none, a .safetensors file, a pretraining by its name, or pretrained: the newest one (default: "
        "imagenet; of features: none)",
    )
    add("--epochs", type=cli.positive_int, help="passes over the training people (default: 10; of features: 120)")
    add("--keep-epochs", type=cli.int_list, default=(), help="epochs to keep beside best and last, such as 7,10,30")
    add("--batch", type=cli.positive_int, help="sequences a step (default: 4; of features: 64)")
    add(
        "--lr",
        type=float,
        help="learning rate of AdamW (default: 5e-5; with an encoder that stays frozen 1e-3, pretrained 1e-4; of "
        "features: 5e-4)",
    )
    add("--weight-decay", type=float, default=1e-2, help="weight decay of AdamW (default: 1e-2)")
    add("--schedule", choices=("constant", "cosine"), help="learning rate over the epochs (of features: cosine)")
    add("--label-smoothing", type=cli.fraction, metavar="S", help="certainty taken from labels (of features: 0.05)")
    add("--mixup", type=float, metavar="A", help="how evenly features are mixed with others; 0 for none (default: 1)")
    add("--normalisation", choices=SCHEMES, default=SCHEMES[0], help=f"of landmarks (default: {SCHEMES[0]})")
    add("--with-z", action="store_true", help="let the landmarks' z count: 1,434 numbers a face instead of 956")
    add("--emotion-weight", type=float, default=0.3, help="factor of the emotion loss (default: 0.3)")
    add("--no-augment", action="store_true", help="train on the pictures as they are")
    add("--freeze-epochs", type=_freeze, default=0, help="first epochs with the encoder frozen, or all (default: 0)")
    add("--unfreeze-blocks", type=int, default=0, help="encoder blocks that learn afterwards, from the end (0: all)")
    add("--unfreeze-lr-factor", type=float, default=1.0, help="factor of their learning rate (default: 1)")
    cli.add_seed(parser)
    add("--split-seed", type=cli.seed, default=0, help="random seed of the split, without --split (default: 0)")
    add("--train-people", type=cli.positive_int, metavar="N", help="use only N of the training people (default: all)")
    cli.add_allow_no_consent(parser)
    add("--threads", type=cli.positive_int, default=os.cpu_count() or 1, help="torch threads (default: all cores)")
    cli.add_device(parser)
    cli.add_json(parser)
    add_pretrain(parser)
    return parser


def _train(arguments: argparse.Namespace) -> cli.Result:
    config = _to_config(arguments)
    from tools.trainer.train import train

    return train(config)


def _freeze(text: str) -> int:
    """Parse a number of epochs, or all."""
    return ALL_EPOCHS if text == "all" else cli.whole(0)(text)


def _take_pretrained(arguments: argparse.Namespace) -> bool:
    """Find pretrained weights, and take from their card what network they are of; tells whether there are any.

    Raises:
        MissingOutside: There are none.
        WrongUsage: A flag asks for another network.
    """
    if arguments.weights:
        arguments.weights = pretrained.resolve_weights(arguments.weights)
    if arguments.weights and (card := pretrained.read_card(Path(arguments.weights))):
        for name, value in card["network"].items():
            given = getattr(arguments, name)
            flag = "--" + name.replace("_", "-")
            cli.require(given in (None, value), flag, found=str(given), expected=f"{value}, as in {arguments.weights}")
            setattr(arguments, name, value)
        return True
    return False


def _to_config(arguments: argparse.Namespace) -> TrainConfig:
    is_pretrained = arguments.network == "dual_head" and _take_pretrained(arguments)
    is_frozen = arguments.freeze_epochs >= (arguments.epochs or DEFAULTS[arguments.network]["epochs"])
    for name, value in DEFAULTS[arguments.network].items():
        if getattr(arguments, name) is None:
            frozen_lr = PRETRAINED_LR if is_pretrained else FROZEN_LR
            setattr(arguments, name, frozen_lr if name == "lr" and is_frozen else value)
    cli.require(arguments.lr > 0, "--lr", found=str(arguments.lr), expected="more than 0")
    cli.require(
        arguments.freeze_epochs <= arguments.epochs or arguments.freeze_epochs == ALL_EPOCHS,
        "--freeze-epochs",
        found=str(arguments.freeze_epochs),
        expected=f"0 to {arguments.epochs}, which is --epochs, or all",
    )
    cli.require(
        all(epoch <= arguments.epochs for epoch in arguments.keep_epochs),
        "--keep-epochs",
        found=str(max(arguments.keep_epochs, default=0)),
        expected=f"at most --epochs, {arguments.epochs}",
    )
    is_features = arguments.network != "dual_head"
    cli.require(
        arguments.mixup >= 0 and (is_features or arguments.mixup == 0),
        "--mixup",
        found=f"{arguments.mixup:g}",
        expected="0 or more" if is_features else "0: sequences of pictures are not mixed",
    )
    cli.require(
        not is_features or (arguments.weights != "imagenet" and arguments.freeze_epochs == 0),
        "--weights imagenet and --freeze-epochs",
        found=f"--network {arguments.network}",
        expected="--network dual_head, the only one with an image encoder",
    )
    cli.require(
        arguments.network == "landmark_mlp" or not (arguments.with_z or arguments.normalisation != SCHEMES[0]),
        "--with-z and --normalisation",
        found=f"--network {arguments.network}",
        expected="--network landmark_mlp, the only one that takes landmarks as input",
    )
    dataset = paths.dataset_dir(arguments.dataset)
    return cli.fill(TrainConfig, arguments, dataset=dataset, augment=not arguments.no_augment)


main = cli.entry(parser)
