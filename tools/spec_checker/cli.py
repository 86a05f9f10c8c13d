"""Flags of spec-checker: write a model's front-end spec, or check a spec against its ONNX."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths

_EXAMPLES = """
spec-checker --model demo                            # writes artifacts/handoff/<model_id>/frontend_spec.json
spec-checker --model runs/a.onnx --out web/spec.json # the ONNX is copied beside it
spec-checker --spec web/spec.json                    # checks it against the ONNX that it names
spec-checker --spec theirs.json --model theirs.onnx --json
"""


@dataclass(frozen=True)
class Config:
    """What to do.

    Attributes:
        model: The ONNX, or None for the one that the spec names.
        spec: The spec to check, or None to write one.
        out: Where to write it, or None for the usual place.
    """

    model: Path | None
    spec: Path | None
    out: Path | None


def build_parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "spec-checker",
        "Writes frontend_spec.json, all that a web page must know to run a model, and checks it against the ONNX; or "
        "checks anybody's spec.\nOne line a field: pass, or what was found, what was expected and how to mend it.\n"
        "Exit code 1 if a field fails.",
        _EXAMPLES,
    )
    parser.add_argument("--model", metavar="M", help="a name under artifacts/models/, or an .onnx file")
    parser.add_argument("--spec", metavar="FILE", type=Path, help="check this JSON file instead of writing one")
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write the spec (default: artifacts/handoff/<model_id>/frontend_spec.json)",
    )
    cli.add_json(parser)
    return parser


def _configure(arguments: argparse.Namespace) -> Config:
    """Turn flags into a config."""
    cli.require(
        arguments.model is not None or arguments.spec is not None,
        "--model",
        found="neither --model nor --spec",
        expected="a model to write the spec of, or a spec to check",
    )
    cli.require(
        arguments.spec is None or arguments.out is None,
        "--out",
        found="--out beside --spec",
        expected="--out with --model only: checking writes nothing",
    )
    return Config(
        model=None if arguments.model is None else paths.model_file(arguments.model),
        spec=None if arguments.spec is None else arguments.spec.expanduser().resolve(),
        out=None if arguments.out is None else arguments.out.expanduser().resolve(),
    )


def _work(config: Config) -> cli.Result:
    from tools.spec_checker.handoff import check_file, write_spec

    if config.spec is not None:
        return check_file(config.spec, config.model)
    assert config.model is not None
    return write_spec(config.model, config.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Run spec-checker; returns its exit code."""
    arguments = build_parser().parse_args(argv)
    return cli.run("spec-checker", arguments, lambda: _work(_configure(arguments)))
