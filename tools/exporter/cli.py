"""Command line of the exporter: flags to an ExportConfig.

exporter --run artifacts/runs/people-1a2b3c4d
"""

import argparse

from shared import cli, paths
from tools.exporter.config import ExportConfig

EXAMPLES = """
exporter --run artifacts/runs/people-1a2b3c4d
exporter --run people-1a2b3c4d --checkpoint epoch_0010 --out artifacts/models/people-10
exporter --run people-1a2b3c4d --threshold 0.5
exporter --run people-1a2b3c4d --objective recall:0.9 --calibrate
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
    add("--checkpoint", default="best", help="best, last or epoch_0010 (default: best)")
    cli.add_dataset(parser, default="the one that run.json names")
    add("--split", type=cli.path, metavar="FILE", help="the run's split file (default: the one that run.json names)")
    add("--out", help="folder of the model, or a name under artifacts/models (default: <run>-<checkpoint>)")
    add("--threshold", type=cli.fraction, metavar="P", help="decision threshold (default: chosen on validation people)")
    cli.add_objective(parser)
    cli.add_allow_no_consent(parser)
    add("--calibrate", action="store_true", help="fit a temperature on the validation people, put it into the graph")
    return cli.add_json(parser)


def _export(arguments: argparse.Namespace) -> cli.Result:
    config = _to_config(arguments)
    from tools.exporter.export import export

    return export(config)


def _to_config(arguments: argparse.Namespace) -> ExportConfig:
    from shared import contracts
    from shared.statistics.thresholds import parse_objective

    run = paths.folder_named(arguments.run, paths.artifacts("runs"), "--run")
    document = contracts.read_document(run / "run.json", "run")
    split = document["split"]["file"] if document["split"] else ""
    out = paths.folder_named(arguments.out or f"{run.name}-{arguments.checkpoint}", paths.artifacts("models"), "--out")
    cli.require(
        paths.is_name(out.name),
        "--out",
        found=repr(out.name),
        expected=f"a folder whose name can name the model: {paths.NAME_RULE}",
    )
    return cli.fill(
        ExportConfig,
        arguments,
        run=run,
        dataset=paths.dataset_dir(arguments.dataset or document["dataset"]["name"]),
        split=arguments.split or paths.artifacts("splits") / split,
        out=out,
        objective=parse_objective(arguments.objective),
    )


main = cli.entry(parser)
