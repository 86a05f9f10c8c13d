"""Every graph of a hand-off on every execution provider: loads, answers as Python does, takes how long.

Runs the proof's page; writes nothing. Its answers are entries of the browser proof's `tested`.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths
from shared.arrays import F32
from shared.onnx.stream import OnnxGraph, find_graph
from tools.spec_checker.agreement import SAME_ARITHMETIC, agrees, tolerance_of
from tools.spec_checker.browser.chromium import ProofPage
from tools.spec_checker.findings import FIGURES_WIDTH, Finding, failed, passed
from tools.spec_checker.golden_vectors import is_of_features, read_case

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is run.

    Attributes:
        n_runs: Of a graph, the golden vectors included.
        limit_ms: No more runs after that, the golden vectors apart.
        n_soak: Inferences of the soak.
        film_s: How long the film plays.
        software_s: After that no further graph is begun on an adapter that is drawn in software.
    """

    n_runs: int
    limit_ms: float
    n_soak: int
    film_s: float
    software_s: float


FULL = Effort(n_runs=100, limit_ms=4000, n_soak=2000, film_s=10.0, software_s=45.0)
QUICK = Effort(n_runs=12, limit_ms=600, n_soak=200, film_s=4.0, software_s=20.0)


@dataclass(frozen=True)
class Where:
    """A configuration: provider, threads, the browser's name and version, processor and adapter."""

    provider: str
    threads: int
    browser: str
    device: str
    is_software: bool = False

    def __str__(self) -> str:
        return f"{self.provider}.{self.threads}" if self.provider == "wasm" else self.provider


class Expected:
    """What Python says of the golden cases.

    Args:
        spec: The front-end spec.
        folder: Where it lies.
    """

    def __init__(self, spec: Spec, folder: Path) -> None:
        golden = contracts.read_document(folder / "golden" / "golden.json", "golden")
        self.cases = golden["cases"]
        self.features = [None if is_of_features(case) else read_case(folder / "golden", case)[2] for case in self.cases]
        self.threshold = spec["decision"]["threshold"]
        self.band = spec["tolerance"]["smile_prob"]
        has_head = any((g["role"], g["variant"]) == ("head", "plain") for g in spec["graphs"])
        self._head = OnnxGraph(folder, find_graph(spec, "head", "plain")) if has_head else None

    def decide(self, features: F32) -> float:
        """Give Python's smile_prob for the features of some frames, the last repeated until there are enough."""
        assert self._head is not None
        count = len(self.cases[0]["frames"])
        rows = [*features, *[features[-1]] * (count - len(features))]
        return float(np.ravel(self._head.run(np.stack(rows)[None].astype(np.float32))[0])[0])

    def is_flip(self, mine: float, theirs: float) -> bool:
        """Tell whether two probabilities decide otherwise; not where Python's lies on the threshold itself."""
        differs = (mine > self.threshold) != (theirs > self.threshold)
        return bool(differs and abs(theirs - self.threshold) > self.band)


def can_be_fed(graph: Mapping[str, Any], expected: Expected) -> bool:
    """Tell whether the golden vectors hold what a graph eats."""
    return graph["role"] == "window" or expected.features[0] is not None


def test_graphs(
    page: ProofPage, spec: Spec, expected: Expected, where: Where, effort: Effort
) -> tuple[list[dict[str, Any]], list[str]]:
    """Load and run each graph in one configuration.

    Returns:
        Entries of `tested`, one a graph; and the names of graphs that were left out, as an adapter that is drawn in
        software had used up its time.
    """
    entries, left_out = [], []
    end = time.monotonic() + (effort.software_s if where.is_software else math.inf)
    for graph in spec["graphs"]:
        if not can_be_fed(graph, expected):
            continue
        if time.monotonic() > end:
            left_out.append(graph["name"])
            continue
        cli.note(f"spec-checker: {where}: {graph['name']} ...")
        entries.append(_test_graph(page, graph, expected, where, effort))
    return entries, left_out


def _test_graph(
    page: ProofPage, graph: Mapping[str, Any], expected: Expected, where: Where, effort: Effort
) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "graph": graph["name"],
        "sha256": graph["sha256"],
        "execution_provider": where.provider,
        "threads": where.threads,
        "browser": where.browser,
        "device": where.device,
        "created_utc": paths.utc_text(),
        "loads": False,
        "reason": None,
        "largest_difference": None,
        "n_decisions": 0,
        "n_flips": 0,
        "latency_ms": None,
    }
    loaded = page.call("load", {"entry": graph, "provider": where.provider})
    if not loaded["loads"]:
        return {**entry, "reason": loaded["reason"]}
    # A graphics adapter drawn in software is right but 40 times slower than wasm: one picture tells as much as thirty.
    asked = (
        {"nCases": 1, "nFrames": 1, "nRuns": 1} if where.is_software else {"nCases": len(expected.cases), "nFrames": 9}
    )
    told = page.call("measure", {"nRuns": effort.n_runs, "limitMs": effort.limit_ms, **asked, "name": graph["name"]})
    page.call("release", graph["name"])
    if told["error"] is not None:
        # It loads and then does not run: for a page that is the same as not loading.
        return {**entry, "reason": told["error"]}
    return {**entry, "loads": True, **compare(graph, told["answers"], expected), "latency_ms": latency(told["timesMs"])}


def compare(graph: Mapping[str, Any], answers: Sequence[Any], expected: Expected) -> dict[str, Any]:
    """Compare a browser's answers for the golden cases with Python's.

    Args:
        graph: The graph's entry in the spec.
        answers: For each case a list of outputs by name, one for each run (an encoder runs once a frame).
        expected: Python's.

    Returns:
        largest_difference, n_decisions and n_flips. An encoder's features are decided on by Python's head; where its
        arithmetic is another (pixels, fp16, int8), the difference is that of the decision's smile_prob, else that of
        any output.
    """
    largest, n_flips, n_decided = 0.0, 0, 0
    for number, (case, runs) in enumerate(zip(expected.cases, answers, strict=False)):
        if graph["role"] == "encoder":
            theirs = expected.features[number]
            assert theirs is not None
            mine = np.stack([np.asarray(run[graph["outputs"][0]["name"]], np.float32) for run in runs])
            theirs = theirs[: len(mine)]
            probs = expected.decide(mine), expected.decide(theirs)
            same = graph["variant"] in SAME_ARITHMETIC
            largest = max(largest, _largest(mine, theirs) if same else _largest(*probs))
            n_flips += expected.is_flip(*probs)
            n_decided += 1
            continue
        if not runs:  # no frame of the window has a face, so that the graph is not asked
            continue
        [run] = runs
        n_decided += 1
        for output in graph["outputs"]:
            largest = max(largest, _largest(run[output["name"]], case[output["name"]]))
        n_flips += expected.is_flip(run["smile_prob"][0], case["smile_prob"])
    return {"largest_difference": largest, "n_decisions": n_decided, "n_flips": n_flips}


def _largest(mine: Any, theirs: Any) -> float:
    """Give the largest difference; a number that is none counts as a difference beyond all tolerances."""
    difference = np.abs(np.asarray(mine, np.float64) - np.asarray(theirs, np.float64))
    return float(difference.max()) if np.isfinite(difference).all() else 1e9


def latency(times_ms: Sequence[float]) -> dict[str, Any]:
    """Sum up a graph's runs: the first one apart, as it compiles and allocates."""
    rest = list(times_ms[1:]) or list(times_ms)
    return {
        "first": round(times_ms[0], 2),
        "p50": round(float(np.percentile(rest, 50)), 2),
        "p95": round(float(np.percentile(rest, 95)), 2),
        "n": len(rest),
    }


def percentiles(times_ms: Sequence[float]) -> dict[str, Any]:
    """Sum up times whose first is like the others."""
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "n": len(times_ms)}


def judge(entry: Mapping[str, Any], spec: Spec, adapter: str | None) -> Finding:
    """Turn one entry into a finding.

    On wasm every graph must load, as any page falls back to it; a graph for WebGL must load there, where the browser
    has WebGL at all. Elsewhere "does not load" is a fact to write down. What loads must answer as Python does, unless
    its verdict says that no page shall use it.
    """
    graph = next(graph for graph in spec["graphs"] if graph["name"] == entry["graph"])
    provider = entry["execution_provider"]
    place = f"{provider}.{entry['threads']}" if provider == "wasm" else provider
    field = f"browser.{place}.{graph['name']}"
    if not entry["loads"]:
        must = provider == "wasm" or (graph["variant"] == "webgl" and provider == "webgl" and adapter is not None)
        if must:
            return failed(field, f"it does not load: {entry['reason']}", "a graph that loads", "write the graph again")
        return passed(field, "does not load, and is not said to", entry["reason"] or "")
    times = entry["latency_ms"]
    figures = f"difference {entry['largest_difference']:.1e}, {entry['n_flips']} of {entry['n_decisions']} flipped; "
    figures += f"p50 {times['p50']:.1f} ms, p95 {times['p95']:.1f}, first {times['first']:.0f}"
    if agrees(entry, graph, spec["tolerance"]):
        return passed(field, figures, limit=FIGURES_WIDTH)
    if graph["verdict"] is not None and not graph["verdict"]["offer"]:
        return passed(field, figures, "it need not agree: its verdict says that no page shall use it", FIGURES_WIDTH)
    limit = tolerance_of(graph, spec["tolerance"])
    return failed(
        field,
        figures,
        f"0 flips and differences of at most {limit:g}",
        "this browser computes otherwise than Python: do not offer it there",
    )
