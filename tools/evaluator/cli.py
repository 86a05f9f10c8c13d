"""Command line of the evaluator: flags to the configuration of a measurement, and of what else it measures.

evaluator --model people-10 --dataset people
evaluator scores scores.csv --json
"""

import argparse
import os
from pathlib import Path

from shared import cli, paths
from shared.approaches import FUSE, find_approach
from shared.scores import columns
from tools.evaluator.config import (
    EmotionsConfig,
    EvaluationConfig,
    FusionConfig,
    ScoresConfig,
    StreamsConfig,
    TimingConfig,
)
from tools.evaluator.streams import flags

EXAMPLES = """
evaluator --model people-10 --dataset people
evaluator --model old_detector.onnx --dataset people --split artifacts/splits/people-1a2b3c4d-seed0.json
evaluator --model people-10 --dataset people --threshold 0.5 --json
evaluator --arm majority --dataset people --split artifacts/splits/people-1a2b3c4d-seed0.json
evaluator --stream --model people-10 --dataset people --objective false_alarms:2
evaluator pool fold1_results.json fold2_results.json --name epochs-10
evaluator fuse --dataset people --split S.json --validation dual_head=DV.json ...     (see evaluator fuse --help)
evaluator time --dataset people --model dual_head=artifacts/models/people-10/smile_detector.onnx --faces
evaluator scores scores.csv --json        (a csv with the columns label and score; see evaluator scores --help)
"""

SESSION = "SMILEBENCH_SESSION"

SCORES_DESCRIPTION = (
    "Measure a csv with one row per sequence: a label (smile/non_smile, 1/0, true/false; or any two classes, with "
    "--positive or a score column such as anxious_prob) and a score. Reads what scikit-learn's, Hugging Face's and "
    "MLflow's users write, as it is. Writes no file."
)
SCORES_EXAMPLES = """
evaluator scores scores.csv
evaluator scores predictions.csv --label-column truth --score-column p --positive laughing --threshold 0.3 --json
"""

POOL_DESCRIPTION = (
    "Put the test results of folds and seeds together: every person measured by a model that has not seen them."
)
POOL_EXAMPLES = """
evaluator pool artifacts/results/fold1.json artifacts/results/fold2.json --name epochs-10
"""

EMOTIONS_DESCRIPTION = (
    "Measure how well one or two models name emotions: macro F1 over the emotions that enough people show, with an "
    "interval by person, and milliseconds a picture."
)
EMOTIONS_EXAMPLES = """
evaluator emotions --dataset faces --model faces-1a2b3c4d-best --split artifacts/splits/faces-1a2b3c4d-seed0.json
evaluator emotions --dataset faces --model emotion_mini_xception.onnx --model faces-1a2b3c4d-best --min-people 50
"""

FUSE_DESCRIPTION = (
    "Fuse what several approaches predicted: a weighted sum of their logits. Weights and threshold come from their "
    "results on the validation part of a split, what they are worth is measured by their results on the test part. "
    "Where no face was found, the members that need none decide."
)
FUSE_EXAMPLES = """
evaluator fuse --dataset people --split S.json --validation dual_head=DV.json --validation landmark_mlp=LV.json \\
  --test dual_head=DT.json --test landmark_mlp=LT.json
"""

TIME_DESCRIPTION = (
    "Time a decision for one new picture on this computer, all ways in turns, on one thread: whole windows, the "
    "encoder and head of a hand-off, the reading of a face. Read the ratios; a phone is slower."
)
TIME_EXAMPLES = """
evaluator time --dataset people --model dual_head=artifacts/models/people-10/smile_detector.onnx
evaluator time --dataset people --model new=new.onnx --model old=old.onnx --faces --rounds 100
evaluator time --dataset people --model new=new.onnx --handoff new=artifacts/handoff/people-10 --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "evaluator",
        "Measure an ONNX model of the contract (from smilebench or elsewhere) on a dataset: accuracy, precision, "
        "recall, F1, ROC AUC, Youden's optimal threshold, confusion matrix, ROC picture, predictions.",
        EXAMPLES,
        _evaluate,
    )
    add = parser.add_argument
    cli.add_model(parser, default="none, which --arm majority and the blendshapes need not")
    cli.add_dataset(parser)
    add(
        "--arm",
        choices=(
            "model",
            "one_frame",
            "blendshapes",
            "blendshape_logistic",
            "one_channel",
            "clip_boosting",
            "majority",
        ),
        default="model",
        help="one_frame: the model sees the middle frame only; blendshapes: MediaPipe's smile, or a regression on "
        "all 52 (after: featurizer); one_channel, clip_boosting: of clips, the channel that means fun, or trees on all "
        "(after: featurizer --kind emotions); majority: no model, always the larger class (default: model)",
    )
    add("--split", type=cli.path, metavar="FILE", help="frozen split file (default: the model's training split)")
    add(
        "--side",
        choices=("train", "validation", "test", "all"),
        help="part of the split (default: test; all without a split)",
    )
    add("--threshold", type=cli.fraction, metavar="P", help="decision threshold (default: the model's own, else 0.5)")
    add("--name", help="how the results call the model (default: its id or file name)")
    cli.add_out(parser, "artifacts/results")
    _add_session(parser)
    _add_stamp(parser)
    cli.add_allow_no_consent(parser)
    add("--threads", type=cli.whole(0), default=0, metavar="N", help="threads of onnxruntime (default: its own choice)")
    flags.add_flags(parser)
    cli.add_json(parser)
    _add_pool(parser)
    _add_fuse(parser)
    _add_time(parser)
    _add_emotions(parser)
    _add_scores(parser)
    return parser


def _add_session(parser: cli.Parser) -> None:
    parser.add_argument(
        "--session",
        metavar="NAME",
        help=f"comparison that this is a part of: counts as one test-set evaluation (default: ${SESSION}, if set)",
    )


def _add_stamp(parser: cli.Parser) -> None:
    parser.add_argument(
        "--stamp",
        type=_utc,
        metavar="UTC",
        help="write this moment into the results, and nothing that differs from run to run, such as seconds: cells of "
        "a sweep are the same bytes on each computer (default: now)",
    )


def _utc(text: str) -> str:
    try:
        return paths.utc_text(paths.parse_utc(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a time such as 2026-01-22T11:25:34Z") from None


def _add_pool(evaluator: cli.Parser) -> None:
    parser = evaluator.add_command("pool", POOL_DESCRIPTION, POOL_EXAMPLES, _pool)
    parser.add_argument("files", nargs="+", type=Path, metavar="RESULTS.json", help="results of one arm, a fold each")
    parser.add_argument("--name", required=True, help="how the pooled results call the arm")
    _add_stamp(parser)
    cli.add_out(parser, "artifacts/results")
    cli.add_json(parser)


def _add_fuse(evaluator: cli.Parser) -> None:
    parser = evaluator.add_command("fuse", FUSE_DESCRIPTION, FUSE_EXAMPLES, _fuse)
    add = parser.add_argument
    cli.add_dataset(parser)
    add("--split", type=cli.path, required=True, metavar="FILE", help="frozen split file that all were measured by")
    for side in ("validation", "test"):
        help_ = f"an approach and its results on the {side} part (repeat: two or more)"
        add(f"--{side}", action="append", required=True, metavar="NAME=RESULTS.json", help=help_)
    cli.add_objective(parser)
    add("--name", help="how the results call the fusion (default: after its members)")
    cli.add_out(parser, "artifacts/results")
    _add_session(parser)
    cli.add_allow_no_consent(parser)
    cli.add_json(parser)


def _add_time(evaluator: cli.Parser) -> None:
    parser = evaluator.add_command("time", TIME_DESCRIPTION, TIME_EXAMPLES, _time)
    add = parser.add_argument
    cli.add_dataset(parser)
    add("--model", action="append", default=[], metavar="NAME=ONNX", help="a model (repeat for more)")
    add("--handoff", action="append", default=[], metavar="NAME=DIR", help="the hand-off of that model (repeat)")
    add("--faces", action="store_true", help="time MediaPipe's reading of a face as well")
    cli.add_allow_no_consent(parser)
    add("--rounds", type=cli.positive_int, default=40, metavar="N", help="decisions each (default: 40)")
    cli.add_out(parser, "artifacts/timings")
    cli.add_json(parser)


def _add_emotions(evaluator: cli.Parser) -> None:
    parser = evaluator.add_command("emotions", EMOTIONS_DESCRIPTION, EMOTIONS_EXAMPLES, _emotions)
    add = parser.add_argument
    cli.add_dataset(parser)
    add("--model", action="append", required=True, type=cli.path, metavar="ONNX", help="a model; twice to compare two")
    add("--split", type=cli.path, metavar="FILE", help="frozen split file (default: everybody)")
    add("--side", choices=("train", "validation", "test", "all"), help="part of the split (default: test, or all)")
    add("--min-people", type=cli.positive_int, default=100, metavar="N", help="that an emotion needs (default: 100)")
    cli.add_allow_no_consent(parser)
    cli.add_out(parser, "artifacts/results")
    cli.add_json(parser)


def _add_scores(evaluator: cli.Parser) -> None:
    parser = evaluator.add_command("scores", SCORES_DESCRIPTION, SCORES_EXAMPLES, _scores)
    add = parser.add_argument
    add("file", type=Path, help="csv with commas, semicolons or tabs, with or without a header; or JSON")
    add("--threshold", type=cli.finite, help="positive is a score above this (default: 0.5; 0 where scores are logits)")
    columns.add_flags(parser)
    cli.add_json(parser)


def _evaluate(arguments: argparse.Namespace) -> cli.Result:
    if arguments.stream:
        return _evaluate_streams(arguments)
    for name in flags.STREAM_ONLY:
        flag = "--" + name.replace("_", "-")
        cli.require(getattr(arguments, name) is None, flag, found="no --stream beside it", expected="both")
    config = _to_config(arguments)
    from tools.evaluator.evaluate import evaluate

    return evaluate(config)


def _evaluate_streams(arguments: argparse.Namespace) -> cli.Result:
    for flag, given, expected in (
        ("--arm", arguments.arm != "model", "none: a hand-off is measured"),
        ("--name", arguments.name is not None, "none: results bear the hand-off's name"),
        ("--films", arguments.films is not None and arguments.marks is None, "--marks beside it"),
        ("--objective", None not in (arguments.objective, arguments.threshold), "it or --threshold, not both"),
        ("--model", str(arguments.model).endswith(".onnx"), "the name or folder of a hand-off (./inv handoff)"),
    ):
        cli.require(not given, flag, found="it with --stream", expected=expected)
    from shared.statistics.thresholds import parse_objective
    from tools.evaluator.streams.choice import check_objective
    from tools.evaluator.streams.events import TOLERANCE_MS
    from tools.evaluator.streams.stream_results import evaluate_streams

    objective = arguments.objective and parse_objective(arguments.objective)
    if objective:
        check_objective(objective)
    config = cli.fill(
        StreamsConfig,
        arguments,
        handoff=paths.handoff_dir(arguments.model),
        dataset=paths.dataset_dir(arguments.dataset),
        objective=objective,
        tolerance_ms=TOLERANCE_MS if arguments.tolerance_ms is None else arguments.tolerance_ms,
        seed=0,
        out=arguments.out or paths.artifacts("results"),
        session=_session(arguments),
    )
    return evaluate_streams(config)


def _pool(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.name, "--name")
    from tools.evaluator.pool import pool

    return pool(arguments.files, arguments.name, arguments.out or paths.artifacts("results"), arguments.stamp)


def _fuse(arguments: argparse.Namespace) -> cli.Result:
    cli.require_name(arguments.name, "--name")
    validation, test = (
        tuple(sorted(_split_pair(text, flag) for text in texts))
        for flag, texts in (("--validation", arguments.validation), ("--test", arguments.test))
    )
    names = [name for name, _ in validation]
    fusion = find_approach(FUSE.join(names))
    cli.require(
        fusion is not None and bool(fusion.members),
        "--validation",
        found=", ".join(names),
        expected="two or more approaches, each once",
    )
    cli.require(
        [name for name, _ in test] == names,
        "--test",
        found=", ".join(name for name, _ in test),
        expected=f"{', '.join(names)}, as --validation",
    )
    from shared.statistics.thresholds import parse_objective
    from tools.evaluator.fuse import fuse

    config = cli.fill(
        FusionConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        fusion=fusion,
        validation=validation,
        test=test,
        objective=parse_objective(arguments.objective),
        out=arguments.out or paths.artifacts("results"),
        session=_session(arguments),
    )
    return fuse(config)


def _session(arguments: argparse.Namespace) -> str | None:
    session = arguments.session or os.environ.get(SESSION) or None
    cli.require_name(session, "--session")
    return session


def _time(arguments: argparse.Namespace) -> cli.Result:
    models, handoffs = (
        tuple(_split_pair(text, flag) for text in texts)
        for flag, texts in (("--model", arguments.model), ("--handoff", arguments.handoff))
    )
    names = [name for name, _ in models]
    cli.require(
        bool(models) or arguments.faces, "evaluator time", found="nothing to time", expected="--model or --faces"
    )
    cli.require(len(set(names)) == len(names), "--model", found="a name twice", expected="another name for each")
    for name, _ in handoffs:
        cli.require(name in names, "--handoff", found=repr(name), expected="the name of a --model")
    dataset, out = paths.dataset_dir(arguments.dataset), arguments.out or paths.artifacts("timings")
    from tools.evaluator.timing import measure_times

    return measure_times(
        TimingConfig(dataset, models, handoffs, arguments.faces, arguments.rounds, out, arguments.allow_no_consent)
    )


def _emotions(arguments: argparse.Namespace) -> cli.Result:
    models = tuple(paths.model_file(str(path)) for path in arguments.model)
    cli.require(len(models) <= 2, "--model", found=f"{len(models)} of them", expected="one or two")
    side = arguments.side or ("test" if arguments.split else "all")
    cli.require(
        side == "all" or arguments.split is not None, "--side", found=f"{side} without --split", expected="both, or all"
    )
    config = cli.fill(
        EmotionsConfig,
        arguments,
        models=models,
        dataset=paths.dataset_dir(arguments.dataset),
        side=side,
        out=arguments.out or paths.artifacts("results"),
    )
    from tools.evaluator.emotions import measure_emotions

    return measure_emotions(config)


def _scores(arguments: argparse.Namespace) -> cli.Result:
    from tools.evaluator.scores import evaluate_scores

    return evaluate_scores(cli.fill(ScoresConfig, arguments, wanted=cli.fill(columns.Wanted, arguments)))


def _split_pair(text: str, flag: str) -> tuple[str, Path]:
    """Parse NAME=PATH."""
    name, _, path = text.partition("=")
    cli.require(
        paths.is_name(name) and bool(path),
        flag,
        found=repr(text),
        expected="NAME=PATH, such as dual_head=model.onnx",
    )
    return name, Path(path).expanduser()


def _to_config(arguments: argparse.Namespace) -> EvaluationConfig:
    cli.require_name(arguments.name, "--name")
    cli.require(
        bool(arguments.model) or arguments.arm not in ("model", "one_frame"),
        "--model",
        found="nothing",
        expected="an .onnx file",
    )
    cli.require(
        arguments.arm in ("model", "one_frame", "majority") or arguments.split is not None,
        "--split",
        found=f"--arm {arguments.arm} without a split",
        expected="one: threshold and weights come from its training people",
    )
    return cli.fill(
        EvaluationConfig,
        arguments,
        model=paths.model_file(arguments.model or "none.onnx"),
        dataset=paths.dataset_dir(arguments.dataset),
        out=arguments.out or paths.artifacts("results"),
        session=_session(arguments),
    )


main = cli.entry(parser)
