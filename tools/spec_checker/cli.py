"""Flags of spec-checker: which spec to check, against which ONNX."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths

_EXAMPLES = """
spec-checker                                         # the newest hand-off
spec-checker --model demo                            # artifacts/handoff/demo/frontend_spec.json
spec-checker --spec web/spec.json                    # checks it against the ONNX that it names
spec-checker --spec theirs.json --model theirs.onnx --json
"""


@dataclass(frozen=True)
class Config:
    """What to do.

    Attributes:
        spec: The spec to check.
        model: The ONNX, or None for the one that the spec names.
    """

    spec: Path
    model: Path | None


def build_parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "spec-checker",
        "Checks a front-end spec, ours or anybody's, against the ONNX.\n"
        "One line a field: pass, or what was found, what was expected and how to mend it.\n"
        "Exit code 1 if a field fails.",
        _EXAMPLES,
    )
    parser.add_argument("--model", metavar="M", help="a name under artifacts/handoff/, or an .onnx file")
    parser.add_argument("--spec", metavar="FILE", type=Path, help="the spec (default: the hand-off of --model)")
    cli.add_json(parser)
    return parser


def _configure(arguments: argparse.Namespace) -> Config:
    """Turn flags into a config."""
    if arguments.spec is not None:
        model = None if arguments.model is None else paths.model_file(arguments.model)
        return Config(spec=arguments.spec.expanduser().resolve(), model=model)
    if arguments.model is not None and Path(arguments.model).suffix == ".onnx":
        onnx = paths.model_file(arguments.model)
        return Config(spec=onnx.with_name(paths.SPEC_FILE), model=onnx)
    return Config(spec=paths.handoff_dir(arguments.model) / paths.SPEC_FILE, model=None)


def _work(config: Config) -> cli.Result:
    from tools.spec_checker.check import check_file

    return check_file(config.spec, config.model)


def main(argv: Sequence[str] | None = None) -> int:
    """Run spec-checker; returns its exit code."""
    arguments = build_parser().parse_args(argv)
    return cli.run("spec-checker", arguments, lambda: _work(_configure(arguments)))
