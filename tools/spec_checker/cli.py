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
spec-checker --browser                               # runs the newest hand-off in a real Chromium, fills tested
spec-checker --browser --model demo --film take.mp4  # with this film as the webcam
"""


@dataclass(frozen=True)
class Config:
    """What to do.

    Attributes:
        spec: The spec to check.
        model: The ONNX, or None for the one that the spec names.
        browser: Run the hand-off in a real browser, and write what was seen into the spec.
        film: The film to play as webcam there, or None for a drawn one.
        film_s: For how many seconds, or None for the usual.
        chromium: The browser, or None to find one.
        quick: Fewer inferences.
    """

    spec: Path
    model: Path | None
    browser: bool = False
    film: Path | None = None
    film_s: float | None = None
    chromium: str | None = None
    quick: bool = False


def build_parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "spec-checker",
        "Checks a front-end spec, ours or anybody's, against the ONNX.\n"
        "One line a field: pass, or what was found, what was expected and how to mend it.\n"
        "With --browser: every graph on wasm, WebGPU and WebGL in a real Chromium, the client's preprocessing,\n"
        "a soak, and a film as webcam through the example page, all beside Python; what was seen is written into\n"
        "the spec's tested and execution_providers. Exit code 1 if anything fails, 3 if there is no Chromium or npm.",
        _EXAMPLES,
    )
    parser.add_argument("--model", metavar="M", help="a name under artifacts/handoff/, or an .onnx file")
    parser.add_argument("--spec", metavar="FILE", type=Path, help="the spec (default: the hand-off of --model)")
    browser = parser.add_argument_group("in a real browser")
    browser.add_argument("--browser", action="store_true", help="run the hand-off in Chromium; some minutes")
    browser.add_argument(
        "--film",
        metavar="FILE",
        type=Path,
        help="played as webcam (default: a drawn film; a model of landmarks needs one of a face)",
    )
    browser.add_argument("--film-seconds", metavar="S", type=_seconds, help="for how long (default: 10)")
    browser.add_argument("--chromium", metavar="PROGRAM", help="the browser (default: SMILEBENCH_CHROMIUM, or found)")
    browser.add_argument("--quick", action="store_true", help="fewer inferences, no software WebGPU: under a minute")
    cli.add_json(parser)
    return parser


def _seconds(text: str) -> float:
    """Parse a time from 1 s to 10 minutes."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected seconds from 1 to 600")
    return value


def _configure(arguments: argparse.Namespace) -> Config:
    """Turn flags into a config."""
    of_browser = [arguments.film, arguments.film_seconds, arguments.chromium, arguments.quick or None]
    cli.require(
        arguments.browser or not any(of_browser), "--film", found="a flag of --browser", expected="--browser beside it"
    )
    cli.require(
        not (arguments.browser and arguments.spec and arguments.model),
        "--model",
        found="--spec and --model with --browser",
        expected="one of them: the browser runs the folder that the spec lies in",
    )
    film = arguments.film and arguments.film.expanduser().resolve()
    rest = (arguments.browser, film, arguments.film_seconds, arguments.chromium, arguments.quick)
    if arguments.spec is not None:
        model = None if arguments.model is None else paths.model_file(arguments.model)
        return Config(arguments.spec.expanduser().resolve(), model, *rest)
    if arguments.model is not None and Path(arguments.model).suffix == ".onnx":
        onnx = paths.model_file(arguments.model)
        return Config(onnx.with_name(paths.SPEC_FILE), onnx, *rest)
    return Config(paths.handoff_dir(arguments.model) / paths.SPEC_FILE, None, *rest)


def _work(config: Config) -> cli.Result:
    if config.browser:
        from tools.spec_checker.browser.proof import Wanted, prove

        return prove(Wanted(config.spec, config.film, config.film_s, config.chromium, config.quick))
    from tools.spec_checker.static.check import check_file

    return check_file(config.spec, config.model)


def main(argv: Sequence[str] | None = None) -> int:
    """Run spec-checker; returns its exit code."""
    arguments = build_parser().parse_args(argv)
    return cli.run("spec-checker", arguments, lambda: _work(_configure(arguments)))
