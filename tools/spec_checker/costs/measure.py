"""Measures what each way of a hand-off costs: natively, in a real Chromium, on a graphics card, by LiteRT.

One thread, all ways of a model in turns, the fastest of three runs a round, the median over rounds. What is not here
(a browser, a graphics card, LiteRT) is left out with its reason.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths
from shared.arrays import F32
from shared.errors import MissingOutside, SmilebenchError
from shared.onnx.litert import LiteRtModel
from shared.onnx.stream import OnnxGraph
from shared.preprocess import to_batch
from tools.spec_checker.browser.chromium import PROVIDER_FLAGS, find_chromium, open_chromium, open_page, serve
from tools.spec_checker.costs.missing import Note, missing
from tools.spec_checker.costs.ways import Way
from tools.spec_checker.golden_vectors import is_of_features, read_case

PER_ROUND = 3


@dataclass
class Cost:
    """What a way costs; None where it was not measured.

    Attributes:
        native_ms: onnxruntime.
        wasm_ms: onnxruntime-web in Chromium.
        webgpu_ms: The same on a graphics card that is none in software.
        first_decision_ms: In Chromium, from a started page to the first decision: loading, compiling, first runs. The
            camera's time to fill a window comes on top.
        memory_bytes: The heap of wasm after it.
    """

    native_ms: float | None = None
    wasm_ms: float | None = None
    webgpu_ms: float | None = None
    first_decision_ms: float | None = None
    memory_bytes: int | None = None


@dataclass
class Measured:
    """What was measured of a hand-off.

    Attributes:
        costs: By the name of a way.
        litert: Milliseconds by LiteRT: window and stream; empty where there is no file, or no LiteRT.
        notes: What was left out, by place (``wasm``, ``webgpu``, ``litert``), and why, as `missing` gives it.
        adapter: The graphics card, where there is a real one.
    """

    costs: dict[str, Cost]
    litert: dict[str, float] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    adapter: str | None = None


def measure(folder: Path, ways: list[Way], rounds: int, chromium: str | None, *, browser: bool) -> Measured:
    """Measure all ways of a hand-off.

    Args:
        folder: The hand-off.
        ways: Its ways.
        rounds: Of timing, besides one to warm up.
        chromium: The browser, or None to find one.
        browser: Whether to look for one at all.
    """
    found = Measured({way.name: Cost() for way in ways})
    inputs = _inputs(folder)
    cli.note(f"costs: {folder.name}: natively ...")
    for name, ms in _in_turns({way.name: _native(folder, way, inputs) for way in ways}, rounds).items():
        found.costs[name].native_ms = ms
    _measure_litert(folder, found, inputs, rounds)
    if not browser:
        found.notes["wasm"] = found.notes["webgpu"] = missing("not_asked")
        return found
    try:
        program = find_chromium(chromium)
        cli.note(f"costs: {folder.name}: in {Path(program).name} ...")
        with serve(folder) as server, open_chromium(program) as open_browser:
            _first_decisions(open_browser, server, ways, found)
            with open_page(open_browser, server, "wasm", 1) as page:
                for name, ms in _in_page(page, ways, "wasm", rounds).items():
                    found.costs[name].wasm_ms = ms
        _measure_webgpu(program, folder, ways, found, rounds)
    except (SmilebenchError, ModuleNotFoundError) as error:
        found.notes["wasm"] = missing("error", str(error))
        found.notes.setdefault("webgpu", missing("error", str(error)))
    return found


def _inputs(folder: Path) -> dict[str, F32]:
    """Read the first golden case as inputs of a window, a frame or features."""
    golden = folder / "golden"
    case = contracts.read_document(golden / "golden.json", "golden")["cases"][0]
    if is_of_features(case):
        shape = case["input"]["shape"]
        values = np.frombuffer((golden / case["input"]["file"]).read_bytes(), "<f4").reshape(1, *shape)
        return {"window": np.ascontiguousarray(values, np.float32)}
    _, crops, features = read_case(golden, case)
    window = to_batch(crops)
    found = {"window": window, "encoder": np.ascontiguousarray(window[0, :1])}
    return found if features is None else {**found, "head": np.asarray(features, np.float32)[None]}


def _native(folder: Path, way: Way, inputs: Mapping[str, F32]) -> Callable[[], object]:
    graphs = [(OnnxGraph(folder, graph), inputs[graph["role"]]) for graph in way.graphs]
    return lambda: [graph.run(values) for graph, values in graphs]


def _in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time works in turns; returns milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            runs = []
            for _ in range(PER_ROUND):
                began = time.perf_counter()
                work()
                runs.append(1000 * (time.perf_counter() - began))
            if number:
                times[name].append(min(runs))
    return {name: float(np.median(found)) for name, found in times.items()}


def _measure_litert(folder: Path, found: Measured, inputs: Mapping[str, F32], rounds: int) -> None:
    file = folder / "phone" / paths.LITERT_FILE
    if not file.is_file():
        found.notes["litert"] = missing("no_tflite" if "encoder" in inputs else "phone_runs_mediapipe")
        return
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    try:
        model = LiteRtModel(file, spec["decision"]["output"])
    except MissingOutside as error:
        found.notes["litert"] = missing("error", str(error))
        return
    frames = inputs["window"][0]
    features = np.concatenate([model.encode(frame[None]) for frame in frames])
    works: dict[str, Callable[[], object]] = {
        "window": lambda: model.run(frames),
        "stream": lambda: (model.encode(frames[:1]), model.decide(features)),
    }
    found.litert = _in_turns(works, rounds)


def _first_decisions(browser: Any, server: Any, ways: list[Way], found: Measured) -> None:
    """Load each way in a page of its own; its first decision, and the heap after it."""
    for way in ways:
        with open_page(browser, server, "wasm", 1) as page:
            began = time.perf_counter()
            for graph in way.graphs:
                loaded = page.call("load", {"entry": graph, "provider": "wasm"})
                if not loaded["loads"]:
                    found.notes[f"wasm {way.name}"] = missing("error", str(loaded["reason"]))
                    break
                page.call("time", {"name": graph["name"], "n": 1})
            else:
                found.costs[way.name].first_decision_ms = 1000 * (time.perf_counter() - began)
                found.costs[way.name].memory_bytes = int(page.call("memory")["wasm"])


def _in_page(page: Any, ways: list[Way], provider: str, rounds: int) -> dict[str, float]:
    """Time the ways that load in one page, in turns; returns milliseconds."""
    loads = {}
    for graph in {graph["name"]: graph for way in ways for graph in way.graphs}.values():
        loads[graph["name"]] = page.call("load", {"entry": graph, "provider": provider})["loads"]
    times: dict[str, list[float]] = {name: [] for name, is_loaded in loads.items() if is_loaded}
    for number in range(rounds + 1):
        for name, kept in times.items():
            fastest = min(page.call("time", {"name": name, "n": PER_ROUND}))
            if number:
                kept.append(fastest)
    middle = {name: float(np.median(kept)) for name, kept in times.items()}
    return {
        way.name: sum(middle[graph["name"]] for graph in way.graphs)
        for way in ways
        if all(graph["name"] in middle for graph in way.graphs)
    }


def _measure_webgpu(program: str, folder: Path, ways: list[Way], found: Measured, rounds: int) -> None:
    """Time on a graphics card; one that is drawn in software says nothing of time and is left out."""
    with (
        serve(folder) as server,
        open_chromium(program, PROVIDER_FLAGS["webgpu"]) as browser,
        open_page(browser, server, "webgpu") as page,
    ):
        adapter, is_software = page.environment["adapter"], page.environment["isSoftware"]
        if adapter is None or is_software:
            software = missing("only_software", str(adapter))
            found.notes["webgpu"] = missing("no_graphics_card") if adapter is None else software
            return
        found.adapter = str(adapter)
        for name, ms in _in_page(page, ways, "webgpu", rounds).items():
            found.costs[name].webgpu_ms = ms
