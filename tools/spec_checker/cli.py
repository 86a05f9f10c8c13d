"""Flags of spec-checker: which spec to check, against which ONNX."""

import argparse
from pathlib import Path

from shared import cli, paths
from tools.spec_checker.config import SpecCheckConfig

_EXAMPLES = """
spec-checker                                         # the newest hand-off
spec-checker --model demo                            # artifacts/handoff/demo/frontend_spec.json
spec-checker --spec web/spec.json                    # checks it against the ONNX that it names
spec-checker --spec web/spec.json --model web/model.onnx --json
spec-checker --browser                               # runs the newest hand-off in a real Chromium, writes the proof
spec-checker --browser --model demo --film take.mp4  # with this film as the webcam
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "spec-checker",
        "Checks a front-end spec in any format against the ONNX.\n"
        "One line per field: pass, or what was found, what was expected and how to fix it.\n"
        "With --browser: every graph on wasm, WebGPU and WebGL in a real Chromium, the client's preprocessing,\n"
        "a soak, and a film as webcam through the example page, all compared with Python; the results are written\n"
        "to browser_proof.json beside the spec. Exit code 1 if anything fails, 3 if there is no Chromium or npm.",
        _EXAMPLES,
        _check,
    )
    cli.add_model(parser, "handoff")
    parser.add_argument("--spec", metavar="FILE", type=cli.path, help="the spec (default: the hand-off of --model)")
    browser = parser.add_argument_group("in a real browser")
    browser.add_argument("--browser", action="store_true", help="run the hand-off in Chromium; some minutes")
    browser.add_argument(
        "--film",
        metavar="FILE",
        type=cli.path,
        help="played as webcam (default: a drawn film; a model of landmarks needs one of a face)",
    )
    browser.add_argument(
        "--film-seconds", metavar="S", type=cli.number(1, 600, "seconds"), help="for how long (default: 10)"
    )
    browser.add_argument("--chromium", metavar="PROGRAM", help="the browser (default: SMILEBENCH_CHROMIUM, or found)")
    browser.add_argument("--quick", action="store_true", help="fewer inferences, no software WebGPU: under a minute")
    return cli.add_json(parser)


def _check(arguments: argparse.Namespace) -> cli.Result:
    config = _to_config(arguments)
    if config.browser:
        from tools.spec_checker.proving import prove

        return prove(config)
    from tools.spec_checker.static.check import check_file

    return check_file(config.spec, config.model)


def _to_config(arguments: argparse.Namespace) -> SpecCheckConfig:
    """Turn flags into a config."""
    browser_flags = [arguments.film, arguments.film_seconds, arguments.chromium, arguments.quick or None]
    cli.require(
        arguments.browser or not any(browser_flags),
        "--film",
        found="a flag of --browser",
        expected="--browser beside it",
    )
    cli.require(
        not (arguments.browser and arguments.spec and arguments.model),
        "--model",
        found="--spec and --model with --browser",
        expected="one of them: the browser runs the folder of the spec",
    )
    film = arguments.film and arguments.film.resolve()
    browser_settings = (arguments.browser, film, arguments.film_seconds, arguments.chromium, arguments.quick)
    if arguments.spec is not None:
        model = None if arguments.model is None else paths.model_file(arguments.model)
        return SpecCheckConfig(arguments.spec.resolve(), model, *browser_settings)
    if arguments.model is not None and Path(arguments.model).suffix == ".onnx":
        onnx = paths.model_file(arguments.model)
        return SpecCheckConfig(onnx.with_name(paths.SPEC_FILE), onnx, *browser_settings)
    return SpecCheckConfig(paths.handoff_dir(arguments.model) / paths.SPEC_FILE, None, *browser_settings)


main = cli.entry(parser)
