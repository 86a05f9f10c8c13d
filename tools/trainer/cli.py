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
from tools.trainer.config import ALL_EPOCHS, BALANCED, BEFORE, PRECISIONS, TrainConfig, parse_weights
from tools.trainer.pretraining.cli import add_pretrain

EXAMPLES = """
trainer --dataset people --epochs 10
trainer --dataset people --weights artifacts/runs/base/best.safetensors --lr 1e-5
trainer --dataset people --encoder efficientnet_lite0_b7 --input-px 112 --pooling grid --epochs 30 --freeze-epochs all
trainer --dataset people --freeze-epochs 3 --unfreeze-blocks 3 --unfreeze-lr-factor 0.1
trainer --dataset people --weights none --epochs 50 --keep-epochs 7,10,30
trainer --dataset photos --network photo                 (stage 0, 1 and 2 of a classifier of photos)
trainer --dataset photos --network photo --class-weights balanced --unfreeze-blocks 3
trainer --dataset photos --network photo --augment-to 250
trainer --dataset people --network landmark_mlp          (after: featurizer --dataset people)
trainer --dataset people --network landmark_mlp --normalisation farthest --with-z
trainer --dataset clips --network clip_lstm               (after: featurizer, its kind emotions)
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
SCHEDULES = ("constant", "cosine", "plateau")
SCHEMES = ("upright", "eyes", "farthest")  # of shared.faces.normalise, which is not light
FROZEN_LR = 1e-3  # of heads on an encoder that stays as it is: they begin at random
PRETRAINED_LR = 1e-4  # of heads that begin pretrained: at 1e-3 six people undo what thousands of photos taught (LOG.md)
_SAME_FOR_ALL = {
    "freeze_epochs": 0,
    "unfreeze_blocks": 0,
    "unfreeze_lr_factor": 1.0,
    "patience": 0,
    "plateau_patience": 0,
}
_PHOTOS = {  # measured (LOG.md): 1,600 photos of faces from ImageNet weights
    "encoder": "efficientnet_lite0_b10",
    "input_px": 112,
    "pooling": "grid",
    "crop": "face",
    "views": "mirrored",
    "weights": "imagenet",
    "epochs": 40,
    "batch": 32,
    "lr": 1e-3,
    "schedule": "plateau",
    "label_smoothing": 0.0,
    "mixup": 0.2,
    "freeze_epochs": 10,
    "unfreeze_blocks": 0,
    "unfreeze_lr_factor": 0.3,
    "patience": 8,
    "plateau_patience": 2,
}
# Logistic regression on statistics has no hidden state to protect: it is fitted to the labels as they are.
_STATISTICS = {**_FEATURES, "epochs": 300, "lr": 5e-3, "label_smoothing": 0.0, "mixup": 0.0}
_CLIPS = {**_FEATURES, "lr": 2e-3}
DEFAULTS: dict[str, dict[str, Any]] = {
    "dual_head": {**_SAME_FOR_ALL, **_PICTURES},
    "photo": _PHOTOS,
    "landmark_mlp": {**_SAME_FOR_ALL, **_FEATURES},
    "blendshape_mlp": {**_SAME_FOR_ALL, **_FEATURES},
    "clip_lstm": {**_SAME_FOR_ALL, **_CLIPS},
    "clip_conv1d": {**_SAME_FOR_ALL, **_CLIPS},
    "clip_stats": {**_SAME_FOR_ALL, **_STATISTICS},
}
PICTURE_NETWORKS = ("dual_head", "photo")


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "trainer",
        "Train a network on the training people of a dataset: the dual-head network of pictures, a classifier of "
        "photos, or a small network of landmarks, blendshapes or clips' channels. The same command goes on with a run "
        "that was cut off, to the same result.",
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
    add(
        "--schedule",
        choices=SCHEDULES,
        help="learning rate over the epochs; plateau: lower whenever the validation loss stands still (default: "
        "constant; of photos: plateau; of features: cosine)",
    )
    _add_stopping(add)
    add("--label-smoothing", type=cli.fraction, metavar="S", help="certainty taken from labels (of features: 0.05)")
    add(
        "--mixup",
        type=float,
        metavar="A",
        help="how evenly features or photos are mixed with others; 0 for none (default: of photos 0.2, of features 1)",
    )
    add("--normalisation", choices=SCHEMES, default=SCHEMES[0], help=f"of landmarks (default: {SCHEMES[0]})")
    add("--with-z", action="store_true", help="let the landmarks' z count: 1,434 numbers a face instead of 956")
    add("--emotion-weight", type=float, default=0.3, help="factor of the emotion loss (default: 0.3)")
    add("--no-augment", action="store_true", help="train on the pictures as they are")
    add(
        "--freeze-epochs",
        type=_freeze,
        help="stage 1: first epochs with the encoder frozen, or all (default: 0; of photos 10 or half of --epochs)",
    )
    add(
        "--unfreeze-blocks",
        type=cli.whole(0),
        help="stage 2: encoder blocks that learn afterwards, from the end; run.json names them (default: 0, which is "
        "all)",
    )
    add("--unfreeze-lr-factor", type=float, help="factor of their learning rate (default: 1; of photos 0.3)")
    add(
        "--class-weights",
        type=_class_weights,
        metavar="W",
        help="of photos, factors of the classes in the loss: balanced, or one each, such as calm=1,teasing=2",
    )
    add(
        "--augment-to",
        type=cli.positive_int,
        default=0,
        metavar="N",
        help="of photos, bring each class of the training part to N photos by varied copies",
    )
    cli.add_seed(parser)
    add("--split-seed", type=cli.seed, default=0, help="random seed of the split, without --split (default: 0)")
    add("--train-people", type=cli.positive_int, metavar="N", help="use only N of the training people (default: all)")
    cli.add_allow_no_consent(parser)
    add("--threads", type=cli.positive_int, default=os.cpu_count() or 1, help="torch threads (default: all cores)")
    cli.add_device(parser)
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="numbers in which training computes; auto: float32, and on CUDA bfloat16 or float16 (weights, validation "
        "and checkpoints are float32 in any case)",
    )
    cli.add_json(parser)
    add_pretrain(parser)
    return parser


def _add_stopping(add: Any) -> None:
    """Describe when a stage ends, and when its rate is lowered."""
    add(
        "--patience",
        type=cli.whole(0),
        metavar="N",
        help="early stopping: epochs without a lower validation loss after which a stage ends; 0 ends none (default: "
        "0; of photos 8)",
    )
    add(
        "--plateau-patience",
        type=cli.whole(0),
        metavar="N",
        help="with --schedule plateau: such epochs that are borne before the rate is lowered (default: of photos 2)",
    )
    add("--factor", type=cli.fraction, default=0.3, help="by which plateau lowers the rate (default: 0.3)")
    add("--min-lr", type=float, default=1e-6, help="rate under which plateau does not go (default: 1e-6)")
    add("--min-delta", type=float, default=0.0, help="by how much a loss must be lower to count (default: 0)")


def _class_weights(text: str) -> str:
    """Check balanced, or a=1,b=2; returns it as it is."""
    try:
        if text != BALANCED:
            parse_weights(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected balanced, or weights such as a=1,b=2") from None
    return text


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
    is_features = arguments.network not in PICTURE_NETWORKS
    is_photo = arguments.network == "photo"
    is_pretrained = not is_features and _take_pretrained(arguments)
    asked_freeze = arguments.freeze_epochs
    is_frozen = (asked_freeze or 0) >= (arguments.epochs or DEFAULTS[arguments.network]["epochs"])
    for name, value in DEFAULTS[arguments.network].items():
        if getattr(arguments, name) is None:
            frozen_lr = PRETRAINED_LR if is_pretrained else FROZEN_LR
            setattr(arguments, name, frozen_lr if name == "lr" and is_frozen else value)
    if asked_freeze is None:
        arguments.freeze_epochs = min(arguments.freeze_epochs, max(1, arguments.epochs // 2))
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
    cli.require(
        arguments.mixup >= 0 and (is_features or is_photo or arguments.mixup == 0),
        "--mixup",
        found=f"{arguments.mixup:g}",
        expected="0 or more" if is_features or is_photo else "0: sequences of pictures are not mixed",
    )
    cli.require(
        not is_features or (arguments.weights != "imagenet" and arguments.freeze_epochs == 0),
        "--weights imagenet and --freeze-epochs",
        found=f"--network {arguments.network}",
        expected=f"--network {' or '.join(PICTURE_NETWORKS)}, which have an image encoder",
    )
    cli.require(
        arguments.network == "landmark_mlp" or not (arguments.with_z or arguments.normalisation != SCHEMES[0]),
        "--with-z and --normalisation",
        found=f"--network {arguments.network}",
        expected="--network landmark_mlp, the only one that takes landmarks as input",
    )
    cli.require(
        is_photo or not (arguments.class_weights or arguments.augment_to),
        "--class-weights and --augment-to",
        found=f"--network {arguments.network}",
        expected="--network photo",
    )
    arguments.class_weights = arguments.class_weights or ""
    _check_stopping(arguments)
    dataset = paths.dataset_dir(arguments.dataset)
    return cli.fill(TrainConfig, arguments, dataset=dataset, augment=not arguments.no_augment)


def _check_stopping(arguments: argparse.Namespace) -> None:
    """Refuse a training that would stop before its rate was lowered twice, and rates that do not fall."""
    least = 2 * arguments.plateau_patience + 2
    is_plateau = arguments.schedule == "plateau"
    cli.require(
        not (is_plateau and arguments.patience) or arguments.patience >= least,
        "--patience",
        found=f"{arguments.patience} with --plateau-patience {arguments.plateau_patience}",
        expected=f"at least {least}, twice that and 2: the rate is lowered twice before training stops",
    )
    cli.require(0 < arguments.factor < 1, "--factor", found=f"{arguments.factor:g}", expected="above 0 and below 1")
    cli.require(
        not is_plateau or 0 <= arguments.min_lr <= arguments.lr,
        "--min-lr",
        found=f"{arguments.min_lr:g}",
        expected=f"0 to {arguments.lr:g}, which is --lr",
    )
    cli.require(arguments.min_delta >= 0, "--min-delta", found=f"{arguments.min_delta:g}", expected="0 or more")
    if not is_plateau:  # what no epoch depends on decides no run's name
        arguments.factor, arguments.min_lr = BEFORE["factor"], BEFORE["min_lr"]


main = cli.entry(parser)
