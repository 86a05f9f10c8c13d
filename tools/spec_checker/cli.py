"""Flags of spec-checker: which spec to check, against which ONNX."""

import argparse
from dataclasses import replace
from pathlib import Path

from shared import cli, paths
from shared.text import language
from tools.spec_checker.config import CostsConfig, SpecCheckConfig

_EXAMPLES = """
spec-checker --model demo                            # artifacts/handoff/demo/frontend_spec.json (default: the newest)
spec-checker --spec web/spec.json                    # checks it against the ONNX that it names
spec-checker --spec web/spec.json --model web/model.onnx --json
spec-checker --model demo --public-key team.pub      # and it must be signed with the team's key
spec-checker --browser                               # runs the newest hand-off in a real Chromium, writes the proof
spec-checker --browser --model demo --film take.mp4  # with this film as the webcam
"""

_COSTS_EXAMPLES = """
spec-checker costs --model people-1a2b3c4d-e10
spec-checker costs --model large,small --rounds 30       # two models in one figure
spec-checker costs --no-browser --json
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
    parser.add_argument(
        "--public-key",
        metavar="KEY",
        help="the folder must be signed with it: base64, or a file (default: this workspace's own, if it is signed)",
    )
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
    cli.add_json(parser)
    _add_costs(parser)
    return parser


def _add_costs(checker: cli.Parser) -> None:
    parser = checker.add_command(
        "costs",
        "Measures what a decision costs by each way of a hand-off, beside its accuracy. Size, multiply-adds, memory, "
        "milliseconds natively, in a real Chromium, on a real graphics card and by LiteRT, and the first decision; a "
        "page with a Pareto figure. What is not on this computer is left out, and the page says why.",
        _COSTS_EXAMPLES,
        _measure_costs,
    )
    parser.add_argument(
        "--model", metavar="A,B,...", help="names under artifacts/handoff, or folders (default: the newest)"
    )
    cli.add_out(parser, "artifacts/costs/<models>")
    parser.add_argument(
        "--rounds", type=cli.positive_int, default=12, metavar="N", help="rounds of timing (default: 12)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only natively and by LiteRT")
    parser.add_argument("--chromium", metavar="PROGRAM", help="the browser (default: SMILEBENCH_CHROMIUM, or found)")
    cli.add_lang(parser)
    cli.add_json(parser)


def _measure_costs(arguments: argparse.Namespace) -> cli.Result:
    names = [name.strip() for name in (arguments.model or "").split(",") if name.strip()]
    folders = tuple(dict.fromkeys(paths.handoff_dir(name) for name in (names or [None])))
    config = cli.fill(
        CostsConfig,
        arguments,
        folders=folders,
        out=arguments.out and arguments.out.resolve(),
        browser=not arguments.no_browser,
    )
    from tools.spec_checker.costs.costs import measure_costs

    return measure_costs(config, language.choose(arguments.lang))


def _check(arguments: argparse.Namespace) -> cli.Result:
    config = _to_config(arguments)
    if arguments.public_key is not None:
        from shared.web.handoff_seal import read_public_key

        config = replace(config, public_key=read_public_key(arguments.public_key))
    if config.browser:
        from tools.spec_checker.proving import prove

        return prove(config)
    from tools.spec_checker.static.check import check_file

    return check_file(config.spec, config.model, public_key=config.public_key)


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
