"""Command line of the exporter: flags to an ExportConfig.

exporter --run artifacts/runs/people-1a2b3c4d
"""

import argparse
from pathlib import Path

from shared import cli, paths
from tools.exporter.config import TARGETS, EnsembleConfig, ExportConfig

EXAMPLES = """
exporter --run artifacts/runs/people-1a2b3c4d
exporter --run people-1a2b3c4d --checkpoint epoch_0010 --out artifacts/models/people-10
exporter --run photos-1a2b3c4d --checkpoint stage_0 --calibrate
exporter --run people-1a2b3c4d --threshold 0.5
exporter --run people-1a2b3c4d --target litert
exporter --run people-1a2b3c4d --objective recall:0.9 --calibrate
"""

ENSEMBLE_DESCRIPTION = (
    "Put several exported models of one contract together: one ONNX that gives the mean of their probabilities, and "
    "its card. It is called better than its best member only where the paired 95 % interval by person says so; what it "
    "costs stands beside it."
)
ENSEMBLE_EXAMPLES = """
exporter ensemble --models people-a,people-b,people-c
exporter ensemble --models fold1,fold2,fold3 --out folds --dataset other-people
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "exporter",
        "Export a checkpoint as the contract's single ONNX graph with model.json beside it. The decision threshold is "
        "chosen on the run's validation people. Torch and onnxruntime are compared on real sequences: a decision that "
        "flips, or a difference above 1e-4, is exit code 1.",
        EXAMPLES,
        _export,
    )
    add = parser.add_argument
    add("--run", required=True, help="folder of the run, or its name under artifacts/runs")
    add(
        "--checkpoint",
        default="best",
        help="best, last, epoch_0010; of photos stage_0, stage_1 (default: best)",
    )
    cli.add_dataset(parser, default="the one that run.json names")
    add("--split", type=cli.path, metavar="FILE", help="the run's split file (default: the one that run.json names)")
    add("--out", help="folder of the model, or a name under artifacts/models (default: <run>-<checkpoint>)")
    add("--threshold", type=cli.fraction, metavar="P", help="decision threshold (default: chosen on validation people)")
    cli.add_objective(parser)
    cli.add_allow_no_consent(parser)
    add("--calibrate", action="store_true", help="fit a temperature on the validation people, put it into the graph")
    add(
        "--target",
        choices=TARGETS,
        default="onnx",
        help="litert: a .tflite for phones as well, proven against torch; ./inv gets its packages (default: onnx)",
    )
    cli.add_json(parser)
    _add_ensemble(parser)
    return parser


def _add_ensemble(exporter: cli.Parser) -> None:
    parser = exporter.add_command("ensemble", ENSEMBLE_DESCRIPTION, ENSEMBLE_EXAMPLES, _ensemble)
    add = parser.add_argument
    add("--models", required=True, metavar="A,B,...", help="names under artifacts/models, or .onnx files, two or more")
    add("--out", help="folder of the model, or a name under artifacts/models (default: ensemble-<hash of the members>)")
    cli.add_dataset(parser, default="the members' own: their validation people, where they share a split")
    add("--threshold", type=cli.fraction, metavar="P", help="decision threshold (default: chosen, or their mean)")
    cli.add_objective(parser)
    cli.add_allow_no_consent(parser)
    add("--any-size", action="store_true", help="even if too large for a page, and so for a hand-off")
    cli.add_json(parser)


def _export(arguments: argparse.Namespace) -> cli.Result:
    if arguments.target == "onnx":
        config = _to_config(arguments)
        from tools.exporter.export import export

        return export(config)
    from tools.exporter.litert import export_for_phones, require_converter

    require_converter()
    return export_for_phones(_to_config(arguments))


def _ensemble(arguments: argparse.Namespace) -> cli.Result:
    from shared import contracts
    from shared.onnx.cards import find_model
    from shared.statistics.thresholds import parse_objective

    names = [name.strip() for name in arguments.models.split(",") if name.strip()]
    cli.require(len(names) >= 2, "--models", found=arguments.models, expected="two or more, separated by commas")
    files = tuple(find_model(name) for name in names)
    hashes = [contracts.sha256_file(file) for file in files]
    cli.require(len(set(hashes)) == len(files), "--models", found="one model twice", expected="each once")
    out = arguments.out or f"ensemble-{contracts.sha256_json(sorted(hashes))[:8]}"
    config = cli.fill(
        EnsembleConfig,
        arguments,
        models=files,
        out=_model_folder(out),
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
        objective=parse_objective(arguments.objective),
    )
    cli.require(
        all(file.parent != config.out for file in files), "--out", found=str(out), expected="another than the members"
    )
    from tools.exporter.ensemble import build_ensemble

    return build_ensemble(config)


def _model_folder(value: str) -> Path:
    """Return a model's folder from what --out was given."""
    out = paths.folder_named(value, paths.artifacts("models"), "--out")
    cli.require(
        paths.is_name(out.name),
        "--out",
        found=repr(out.name),
        expected=f"a folder whose name can name the model: {paths.NAME_RULE}",
    )
    return out


def _to_config(arguments: argparse.Namespace) -> ExportConfig:
    from shared import contracts
    from shared.statistics.thresholds import parse_objective

    run = paths.folder_named(arguments.run, paths.artifacts("runs"), "--run")
    document = contracts.read_document(run / "run.json", "run")
    split = document["split"]["file"] if document["split"] else ""
    return cli.fill(
        ExportConfig,
        arguments,
        run=run,
        dataset=paths.dataset_dir(arguments.dataset or document["dataset"]["name"]),
        split=arguments.split or paths.artifacts("splits") / split,
        out=_model_folder(arguments.out or f"{run.name}-{arguments.checkpoint}"),
        objective=parse_objective(arguments.objective),
    )


main = cli.entry(parser)
