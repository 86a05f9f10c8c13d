"""The command lines of the chains that are several tools in a row: what each flag means, its default and its limits.

What a tool at the end of a chain would refuse after hours of training is refused here at once, by that tool's own flag.
"""

import argparse
import json
from pathlib import Path

from shared import cli
from shared.approaches import (
    APPROACHES,
    FLOOR,
    FUSE,
    PHOTO,
    PHOTO_LOGISTIC,
    get_approach,
    in_order,
    parse_names,
    usual_names,
)
from shared.chain.flags import parser_of
from shared.chain.left_out import count_sequences, holds_photos
from shared.errors import WrongUsage

AB_EXAMPLES = """
./inv ab --epochs 10 --dataset people
./inv ab --epochs 7,10,30,50 --dataset people --folds 5 --seeds 3
./inv ab --epochs 10 --dataset people,game --baseline shipped.onnx
"""

SMALL = 500  # photos
FOLDS, SEEDS = 5, 3
SIDES_FILE = "sides.json"  # of shared.dataset.splits, which is not light
_OF_FEW_PHOTOS = f"of at most {SMALL} photos {FOLDS} with {SEEDS} seeds"

# Flags of the trainer that say which network is compared.
_ENCODER_FLAGS = ("encoder", "input_px", "pooling", "crop", "views")
NETWORK_FLAGS = (*_ENCODER_FLAGS, "freeze_epochs", "unfreeze_blocks", "unfreeze_lr_factor")


def network_of(given: argparse.Namespace) -> dict[str, object]:
    """Return the flags of the network that differ from the trainer's defaults."""
    defaults = {flag.dest: flag.default for flag in parser_of("trainer").flags()}
    values = {name: getattr(given, name) for name in NETWORK_FLAGS}
    return {name: value for name, value in values.items() if value != defaults[name]}


def ab_parser() -> cli.Parser:
    """Describe the flags of ``ab``."""
    about = "Compare before and after: split, baseline, training, export, measurement, report."
    parser = cli.Parser("./inv ab", about, AB_EXAMPLES)
    add = parser.add_argument
    several = "or several with commas: new moments are added to the first one, whose test people are measured"
    add("--dataset", required=True, help=f"name under datasets/, or a path; {several}")
    lengths = "passes over the training people; several lengths are several arms, such as 7,10,30,50 (default: 10)"
    add("--epochs", type=cli.int_list, default="10", metavar="N,...", help=lengths)
    _add_training(parser, "the detector to compare with (default: ./inv baseline)")
    _add_folds(parser, 0, f"one split, {_OF_FEW_PHOTOS}; with folds everybody is tested")
    add("--test", metavar="A,B", help="measure on these people, such as s06,s07 (default: drawn)")
    _borrow_report(parser, "margin", "protected", "only_look", "lang")
    add("--people-curve", action="store_true", help="also train on fewer people, to see whether recording more helps")
    help_ = "also play the test people's films: false alarms a minute, delay, missed laughs come first in the report"
    add("--stream", action="store_true", help=help_)
    add("--gate", action="store_true", help="exit code 1 unless the verdict is better")
    return parser


def approaches_parser() -> cli.Parser:
    """Describe the flags of ``compare-approaches``."""
    parser = cli.Parser(
        "./inv compare-approaches",
        "Say which approach to ship: pictures, landmarks or blendshapes, on the same folds and people.",
        "./inv compare-approaches --dataset people",
    )
    add = parser.add_argument
    cli.add_dataset(parser)
    add(
        "--approaches",
        type=approach_names,
        metavar="A,...",
        help=f"some of {','.join(name for name in APPROACHES if name != FLOOR)}, or a fusion of them such as "
        "dual_head+landmark_mlp (default: all that dataset and machine allow, no fusion; of clips "
        "those that are made for them)",
    )
    fuse = "also compare a fusion: a weighted sum of the members' logits, learned on validation people (repeat)"
    add("--fuse", type=_fusion, action="append", default=[], metavar="A+B", help=fuse)
    add(
        "--epochs",
        type=cli.positive_int,
        default=10,
        metavar="N",
        help="passes of the dual head over the training people; small networks have their own 120 (default: 10)",
    )
    _add_training(parser, "a detector whose weights training may start from")
    _add_folds(parser, FOLDS, f"{FOLDS}, or as many as there are people")
    parser.set_defaults(test=None)
    _borrow_report(parser, "primary", "margin", "only_look", "lang")
    return parser


def demo_parser() -> cli.Parser:
    """Describe the flags of ``demo``."""
    parser = cli.Parser("./inv demo", "Run all steps with drawn actors.", "./inv demo --lang en")
    parser.add_argument("--films", action="store_true", help="find the laughs of two films of drawn actors instead")
    cli.add_lang(parser)
    cli.add_seed(parser)
    return parser


def check(given: argparse.Namespace) -> None:
    """Refuse what no flag's own type sees.

    Raises:
        WrongUsage: --test with --folds or without people, or an objective that thresholds cannot be chosen for.
    """
    from shared.statistics.thresholds import parse_objective

    if given.test and given.folds:
        raise WrongUsage("--test", found="--folds beside it", expected="one of them: with folds everybody is tested")
    if getattr(given, "stream", False) and (given.folds or (given.folds is None and given.usual_folds)):
        raise WrongUsage("--stream", found="--folds beside it", expected="one split, whose models are handed off")
    if given.test == "none":  # which the splitter takes, for a test set that is another dataset
        raise WrongUsage("--test", found=given.test, expected="people to measure on, such as s06,s07")
    parse_objective(given.objective)


def choose_folds(given: argparse.Namespace, dataset: Path) -> None:
    """Fill in folds and seeds where no flag gives them.

    With 500 photos or fewer one split tests so few of them that a photo is a percent or more: folds, in which each is
    tested, and several seeds are the default there.

    Raises:
        WrongUsage: --seeds without folds.
    """
    is_free = not given.test and not (dataset / SIDES_FILE).is_file()  # else the test people are known
    is_small = is_free and holds_photos(dataset) and count_sequences(dataset) <= SMALL
    if given.folds is None:
        given.folds = FOLDS if is_small or given.usual_folds else 0
        given.seeds = given.seeds or (SEEDS if is_small else 1)
    given.seeds = given.seeds or 1
    if given.seeds > 1 and not given.folds:
        raise WrongUsage("--seeds", found="no --folds beside it", expected="both, as --folds 5 --seeds 3")


def _add_training(parser: cli.Parser, baseline: str) -> None:
    """Add how the networks are trained, and the baseline, whose weights they can start from."""
    parser.add_argument("--baseline", type=cli.path, metavar="ONNX", help=baseline)
    parser.add_argument(
        "--weights",
        help="pretrained, imagenet, none, or a .safetensors file (default: the newest of ./inv pretrain, else the "
        "baseline's if it has some, else imagenet)",
    )
    parser.add_argument("--lr", default="", help="learning rate (default: the trainer's)")
    parser.borrow(parser_of("trainer"), *NETWORK_FLAGS)
    cli.add_allow_no_consent(parser)
    cli.add_seed(parser)


def _add_folds(parser: cli.Parser, default: int, default_text: str) -> None:
    folds = f"divide the people into so many folds (default: {default_text})"
    parser.add_argument("--folds", type=cli.whole(0), metavar="N", help=folds)
    seeds = "with --folds: how often, each time divided and trained otherwise (default: 1; of at most 500 photos 3)"
    parser.add_argument("--seeds", type=cli.positive_int, metavar="N", help=seeds)
    parser.set_defaults(usual_folds=default)


def _borrow_report(parser: cli.Parser, *dests: str) -> None:
    """Take over what the report at the end shows, and what thresholds are chosen for."""
    parser.borrow(parser_of("reporter"), *dests)
    parser.borrow(parser_of("exporter"), "objective")


def approaches_of(given: argparse.Namespace, dataset: Path) -> tuple[str, ...]:
    """Return the approaches to compare, fusions and their members among them; by default of photos also a classifier.

    Args:
        given: The flags.
        dataset: The dataset's folder.
    """
    fusions = [name for names in given.fuse for name in names]
    protocol = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))["protocol"]
    usual = usual_names(of_clips=protocol.get("whole_windows", False))
    photos = (PHOTO, PHOTO_LOGISTIC) if holds_photos(dataset) else ()
    return in_order(dict.fromkeys([*(given.approaches or (*usual, *photos)), *fusions]))


def approach_names(text: str) -> tuple[str, ...]:
    """Parse names of approaches."""
    try:
        return parse_names(text)
    except WrongUsage as error:
        raise argparse.ArgumentTypeError(f"found {error.found}, expected {error.expected}") from None


def _fusion(text: str) -> tuple[str, ...]:
    """Parse the name of a fusion; returns it with its members and the floor."""
    names = approach_names(text)
    if "," in text or not any(get_approach(name).members for name in names):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected names joined by {FUSE}: dual_head+landmark_mlp")
    return names
