"""Runs a hand-off in a real browser: every graph on every provider, the same pixels, a soak, a film as webcam.

Writes nothing; `tools.spec_checker.proving` writes the results.
"""

import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, contracts
from shared.errors import CheckFailed, MissingOutside
from shared.faces import landmarker
from shared.onnx.stream import GraphChoice, kind_of
from shared.web.npm import TASKS_VISION
from shared.web.server import PageServer
from tools.spec_checker.browser.chromium import (
    PROVIDER_FLAGS,
    SOFTWARE_WEBGPU,
    ProofPage,
    describe_processor,
    find_chromium,
    open_chromium,
    open_page,
    serve,
)
from tools.spec_checker.browser.film import judge_film, play_film
from tools.spec_checker.browser.footage import FPS, MAX_FRAMES, Footage, draw_film, read_film, write_footage
from tools.spec_checker.browser.graphs import FULL, QUICK, Effort, Expected, Where, judge, test_graphs
from tools.spec_checker.browser.landmarks import compare_faces, judge_faces
from tools.spec_checker.browser.pictures import (
    Curves,
    Soak,
    check_golden_pixels,
    compare_curves,
    judge_curves,
    judge_soak,
    soak,
)
from tools.spec_checker.browser.writing import BrowserResults
from tools.spec_checker.config import SpecCheckConfig
from tools.spec_checker.findings import failed, skipped

MAX_THREADS = 4
# Files of the example page; without them no film can be played through it.
_EXAMPLE_FILES = ("index.html", "smile-detector.mjs")
# The golden pictures' film repeats after two seconds; five seconds show every drift.
_DRAWN_S = 5.0
_NO_FILM = "the landmarker finds no face in drawn pictures: give a film of a face with --film"


@dataclass
class Proof(BrowserResults):
    """All results of the browser."""

    soak: Soak | None = None
    curves: Curves | None = None


def prove_in_browser(config: SpecCheckConfig, spec: Any) -> Proof:
    """Run a hand-off in a real browser; nothing is written.

    Args:
        config: The hand-off, the film, the browser and the effort.
        spec: Its front-end spec, which has passed all static checks.

    Raises:
        InvalidInput: The film cannot be read.
        MissingOutside: No browser, no npm, or no registry.
    """
    proof = Proof()
    program = find_chromium(config.chromium)
    folder = config.spec.parent
    with tempfile.TemporaryDirectory(prefix="smilebench-proof-") as name:
        footage = _make_footage(config, folder, Path(name), kind_of(spec))
        frames_dir = Path(name) / "frames"
        frames_dir.mkdir()
        face_files = _find_landmarker(proof, spec, folder) if kind_of(spec) != "frames" and footage else None
        with serve(folder, frames_dir, face_files) as server:
            _prove_wasm(proof, program, server, spec, config, footage, frames_dir)
            _prove_webgpu(proof, program, server, spec, config)
            _prove_webgl(proof, program, server, spec, config)
            if footage and face_files:
                _prove_faces(proof, program, server, spec, config, face_files[1], footage, frames_dir)
            if footage and (kind_of(spec) == "frames" or face_files):
                _prove_film(proof, program, server, spec, config, footage)
            elif footage is None:
                proof.findings += [skipped(f"browser.{what}", _NO_FILM) for what in ("landmarks", "film")]
    return proof


def _effort(config: SpecCheckConfig) -> Effort:
    """Return how much is run."""
    return QUICK if config.quick else FULL


def _find_landmarker(proof: Proof, spec: Any, folder: Path) -> tuple[Path, Path] | None:
    """Find the folders of tasks-vision and of the landmarker's model; without them only the graphs are proven."""
    try:
        package = TASKS_VISION.install()
        beside = folder / landmarker.MODEL_NAME
        model = beside if beside.is_file() else landmarker.find_model()
        if (found := contracts.sha256_file(model)) != spec["input"]["landmarker"]["sha256"]:
            raise MissingOutside(str(model), found=f"sha256 {found[:12]}", expected="the spec's landmarker")
        if not importlib.util.find_spec("mediapipe"):
            raise MissingOutside("mediapipe", found="no such package", expected="the featurizer extra")
    except MissingOutside as error:
        why = f"{error.what}: found {error.found}, expected {error.expected}; only the graphs were run"
        proof.findings += [skipped(f"browser.{what}", why) for what in ("landmarks", "film")]
        return None
    return package, model.parent


def _make_footage(config: SpecCheckConfig, folder: Path, work_dir: Path, kind: str) -> Footage | None:
    """Write the film, with the counter in its margin; None without a film for a model of features."""
    if config.film is None and kind != "frames":
        return None
    cli.note("spec-checker: preparing the film ...")
    seconds = config.film_s or _effort(config).film_s
    n_frames = min(MAX_FRAMES, round(FPS * (seconds if config.film else min(seconds, _DRAWN_S))))
    if config.film is not None:
        pictures, name = read_film(config.film, n_frames), config.film.name
    else:
        pictures, name = draw_film(folder / "golden", n_frames), "a drawn film"
    return write_footage(pictures, work_dir / "webcam.y4m", name)


def _where(browser: Any, page: ProofPage, provider: str, threads: int) -> Where:
    environment = page.environment
    device = describe_processor() + (f"; {environment['adapter']}" if environment["adapter"] else "")
    return Where(
        provider, threads, f"Chromium {browser.version}", device, provider != "wasm" and environment["isSoftware"]
    )


def _run_graphs(
    proof: Proof, browser: Any, page: ProofPage, spec: Any, expected: Expected, where: Where, effort: Effort
) -> None:
    entries, left_out = test_graphs(page, spec, expected, where, effort)
    proof.tested += entries
    proof.findings += [judge(entry, spec, page.environment["adapter"]) for entry in entries]
    if left_out:
        why = f"on a software adapter the limit of {effort.software_s:g} s was reached before {', '.join(left_out)}"
        proof.findings.append(skipped(f"browser.{where}", why))


def _prove_wasm(
    proof: Proof,
    program: str,
    server: PageServer,
    spec: Any,
    config: SpecCheckConfig,
    footage: Footage | None,
    frames_dir: Path,
) -> None:
    """Run every graph on wasm, on one thread and on several; then the same pixels and the soak."""
    effort = _effort(config)
    expected = Expected(spec, config.spec.parent)
    with open_chromium(program, PROVIDER_FLAGS["wasm"]) as browser:
        with open_page(browser, server, "wasm") as page:
            cores = page.environment["cores"]
            proof.film_where = _where(browser, page, "wasm", 1)
            _run_graphs(proof, browser, page, spec, expected, proof.film_where, effort)
        if kind_of(spec) == "frames":
            assert footage is not None
            _prove_pixels(proof, browser, server, spec, config, footage, frames_dir, expected)
        else:
            why = "pictures go to the landmarker, not to a graph"
            proof.findings += [skipped(f"browser.{what}", why) for what in ("preprocessing", "pixels", "soak")]
        threads = min(MAX_THREADS, cores)
        if threads > 1:
            with open_page(browser, server, "wasm", threads) as page:
                _run_graphs(proof, browser, page, spec, expected, _where(browser, page, "wasm", threads), effort)


def _prove_pixels(
    proof: Proof,
    browser: Any,
    server: PageServer,
    spec: Any,
    config: SpecCheckConfig,
    footage: Footage,
    frames_dir: Path,
    expected: Expected,
) -> None:
    """Compare crop, resize and a film's raw pixels; then the soak."""
    folder = config.spec.parent
    with open_page(browser, server, "wasm") as page:
        proof.findings.append(check_golden_pixels(page, spec, folder))
        step = max(1, round(spec["frames"]["interval_ms"] * FPS / 1000))
        apart = footage.frames[::step]
        proof.curves = compare_curves(page, spec, folder, frames_dir, footage.name, apart)
        proof.findings += judge_curves(proof.curves, spec)
    with open_page(browser, server, "wasm") as page:
        proof.soak = soak(page, spec, folder, expected, _effort(config).n_soak)
        proof.findings += judge_soak(proof.soak, spec)


def _prove_webgpu(proof: Proof, program: str, server: PageServer, spec: Any, config: SpecCheckConfig) -> None:
    """Run every graph on WebGPU: on a real adapter if there is one, else on a software adapter."""
    expected = Expected(spec, config.spec.parent)
    for flags in (PROVIDER_FLAGS["webgpu"], (*PROVIDER_FLAGS["webgpu"], *SOFTWARE_WEBGPU)):
        with open_chromium(program, flags) as browser, open_page(browser, server, "webgpu") as page:
            if page.environment["adapter"] is None:
                continue
            where = _where(browser, page, "webgpu", 1)
            if where.is_software and config.quick:
                proof.findings.append(skipped("browser.webgpu", "only a software adapter, 40 times slower than wasm"))
                return
            proof.hardware_webgpu = not where.is_software
            _run_graphs(proof, browser, page, spec, expected, where, _effort(config))
            return
    proof.findings.append(skipped("browser.webgpu", "this browser has no WebGPU adapter, not even in software"))


def _prove_webgl(proof: Proof, program: str, server: PageServer, spec: Any, config: SpecCheckConfig) -> None:
    """Run every graph on WebGL, as long as onnxruntime-web has it."""
    expected = Expected(spec, config.spec.parent)
    with open_chromium(program, PROVIDER_FLAGS["webgl"]) as browser:
        try:
            with open_page(browser, server, "webgl") as page:
                if page.environment["adapter"] is None:
                    proof.findings.append(skipped("browser.webgl", "this browser has no WebGL"))
                    return
                _run_graphs(proof, browser, page, spec, expected, _where(browser, page, "webgl", 1), _effort(config))
        except CheckFailed as error:
            proof.findings.append(skipped("browser.webgl", error.found))


def _prove_faces(
    proof: Proof,
    program: str,
    server: PageServer,
    spec: Any,
    config: SpecCheckConfig,
    model_dir: Path,
    footage: Footage,
    frames_dir: Path,
) -> None:
    """Compare the client's landmarker with Python's on the same pictures."""
    model = model_dir / landmarker.MODEL_NAME
    with open_chromium(program, PROVIDER_FLAGS["wasm"]) as browser, open_page(browser, server, "wasm") as page:
        try:
            proof.faces = compare_faces(page, spec, config.spec.parent, model, frames_dir, footage.name, footage.frames)
        except CheckFailed as error:
            proof.findings.append(failed("browser.landmarks", error.found, error.expected, error.todo))
            return
        proof.findings.append(judge_faces(proof.faces, spec))


def _prove_film(
    proof: Proof, program: str, server: PageServer, spec: Any, config: SpecCheckConfig, footage: Footage
) -> None:
    """Play the film as webcam through the example page."""
    folder = config.spec.parent
    if not all((folder / name).is_file() for name in _EXAMPLE_FILES):
        proof.findings.append(skipped("browser.film", f"no {_EXAMPLE_FILES[0]} beside the spec"))
        return
    roles = {graph["role"] for graph in spec["graphs"] if graph["variant"] == "plain"}
    graph: GraphChoice = "stream" if {"encoder", "head"} <= roles else "window"
    seconds = config.film_s or _effort(config).film_s
    cli.note(f"spec-checker: {footage.name} as webcam for {seconds:g} s ...")
    try:
        proof.film = play_film(program, server, folder, footage, seconds, graph)
    except CheckFailed as error:
        proof.findings.append(failed(f"browser.film.{graph}", error.found, error.expected, error.todo))
        return
    proof.findings.append(judge_film(proof.film, spec["tolerance"][f"{spec['decision']['output']}_javascript"]))
