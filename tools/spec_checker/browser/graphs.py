"""Every graph of a hand-off on every execution provider: whether it loads, agrees with Python, and its latency.

Runs the proof's page; writes nothing. Its results are entries of the browser proof's `tested`.
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
from shared.onnx.decisions import is_flip
from shared.onnx.stream import OnnxGraph, find_graph
from shared.preprocess import to_batch
from tools.spec_checker.agreement import OPTIONAL, SAME_ARITHMETIC, SMALLER, agrees, tolerance_of
from tools.spec_checker.browser.chromium import ProofPage
from tools.spec_checker.findings import FIGURES_WIDTH, Finding, failed, passed, skipped
from tools.spec_checker.golden_vectors import is_of_features, read_case

Spec = Mapping[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is run.

    Attributes:
        n_runs: Runs of a graph, including the golden vectors.
        limit_ms: Time limit of a graph's runs after the golden vectors.
        n_soak: Inferences of the soak.
        film_s: Duration of the film.
        software_s: Time limit on a software adapter; no further graph is started after it.
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
    """Python's outputs for the golden cases.

    Args:
        spec: The front-end spec.
        folder: The hand-off.
    """

    def __init__(self, spec: Spec, folder: Path) -> None:
        golden = contracts.read_document(folder / "golden" / "golden.json", "golden")
        self.cases = golden["cases"]
        self.features = [None if is_of_features(case) else read_case(folder / "golden", case)[2] for case in self.cases]
        self.threshold = spec["decision"]["threshold"]
        self.prob_name = spec["decision"]["output"]
        self.band = spec["tolerance"][self.prob_name]
        has_head = any((g["role"], g["variant"]) == ("head", "plain") for g in spec["graphs"])
        self._head = OnnxGraph(folder, find_graph(spec, "head", "plain")) if has_head else None
        self._folder = folder

    def decide(self, features: F32) -> float:
        """Give Python's probability for the features of some frames, the last repeated until there are enough."""
        assert self._head is not None
        count = len(self.cases[0]["frames"])
        rows = [*features, *[features[-1]] * (count - len(features))]
        return float(np.ravel(self._head.run(np.stack(rows)[None].astype(np.float32))[0])[0])

    def features_of(self, graph: Mapping[str, Any]) -> list[F32 | None]:
        """Give Python's features for the golden cases by an encoder's own arithmetic.

        In fewer bits they are other ones than the plain encoder's: how far they may lie from those, a verdict says on
        people. A proof says that the browser computes what Python computes.
        """
        if graph["variant"] not in SMALLER:
            return self.features
        encoder = OnnxGraph(self._folder, graph)
        cropped = [read_case(self._folder / "golden", case)[1] for case in self.cases]
        return [
            np.concatenate([np.asarray(encoder.run(frame[None])[0], np.float32) for frame in to_batch(crops)[0]])
            for crops in cropped
        ]

    def is_flip(self, browser_prob: float, python_prob: float) -> bool:
        """Tell whether two decisions differ; not if Python's probability is within the band around the threshold."""
        return is_flip(browser_prob, python_prob, self.threshold, self.band)


def has_golden_input(graph: Mapping[str, Any], expected: Expected) -> bool:
    """Tell whether the golden vectors have a graph's input."""
    return graph["role"] == "window" or expected.features[0] is not None


def test_graphs(
    page: ProofPage, spec: Spec, expected: Expected, where: Where, effort: Effort
) -> tuple[list[dict[str, Any]], list[str]]:
    """Load and run each graph in one configuration.

    Returns:
        Entries of `tested`, one per graph; and the names of graphs that were left out, as the time limit of a software
        adapter was reached.
    """
    entries, left_out = [], []
    end = time.monotonic() + (effort.software_s if where.is_software else math.inf)
    for graph in spec["graphs"]:
        if not has_golden_input(graph, expected):
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
    # A software adapter is correct but 40 times slower than wasm: one picture is enough.
    settings = (
        {"nCases": 1, "nFrames": 1, "nRuns": 1} if where.is_software else {"nCases": len(expected.cases), "nFrames": 9}
    )
    measured = page.call(
        "measure", {"nRuns": effort.n_runs, "limitMs": effort.limit_ms, **settings, "name": graph["name"]}
    )
    page.call("release", graph["name"])
    if measured["error"] is not None:
        # It loads but does not run: for a page that equals not loading.
        return {**entry, "reason": measured["error"]}
    return {
        **entry,
        "loads": True,
        **compare(graph, measured["outputs"], expected),
        "latency_ms": latency(measured["timesMs"]),
    }


def compare(graph: Mapping[str, Any], browser_outputs: Sequence[Any], expected: Expected) -> dict[str, Any]:
    """Compare a browser's outputs for the golden cases with Python's.

    Args:
        graph: The graph's entry in the spec.
        browser_outputs: For each case a list of outputs by name, one for each run (an encoder runs once per frame).
        expected: Python's.

    Returns:
        largest_difference, n_decisions and n_flips. Python's head gives the decisions for an encoder's features; where
        the arithmetic differs (pixels, fp16, int8), the difference is that of the probability, else that of any output.
    """
    largest, n_flips, n_decided = 0.0, 0, 0
    features = expected.features_of(graph) if graph["role"] == "encoder" else expected.features
    for number, (case, runs) in enumerate(zip(expected.cases, browser_outputs, strict=False)):
        if graph["role"] == "encoder":
            python_features = features[number]
            assert python_features is not None
            browser_features = np.stack([np.asarray(run[graph["outputs"][0]["name"]], np.float32) for run in runs])
            python_features = python_features[: len(browser_features)]
            probs = expected.decide(browser_features), expected.decide(python_features)
            same = graph["variant"] in SAME_ARITHMETIC
            largest = max(largest, _largest(browser_features, python_features) if same else _largest(*probs))
            n_flips += expected.is_flip(*probs)
            n_decided += 1
            continue
        if not runs:  # no frame of the window has a face, so the graph is not run
            continue
        [run] = runs
        n_decided += 1
        for output in graph["outputs"]:
            largest = max(largest, _largest(run[output["name"]], case[output["name"]]))
        n_flips += expected.is_flip(run[expected.prob_name][0], case[expected.prob_name])
    return {"largest_difference": largest, "n_decisions": n_decided, "n_flips": n_flips}


def _largest(browser_values: Any, python_values: Any) -> float:
    """Give the largest difference; NaN and infinity count as a difference beyond all tolerances."""
    difference = np.abs(np.asarray(browser_values, np.float64) - np.asarray(python_values, np.float64))
    return float(difference.max()) if np.isfinite(difference).all() else 1e9


def latency(times_ms: Sequence[float]) -> dict[str, Any]:
    """Summarise a graph's runs; the first is separate, as it compiles and allocates."""
    rest = list(times_ms[1:]) or list(times_ms)
    return {
        "first": round(times_ms[0], 2),
        "p50": round(float(np.percentile(rest, 50)), 2),
        "p95": round(float(np.percentile(rest, 95)), 2),
        "n": len(rest),
    }


def percentiles(times_ms: Sequence[float]) -> dict[str, Any]:
    """Summarise times whose first is like the others."""
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "n": len(times_ms)}


def judge(entry: Mapping[str, Any], spec: Spec, adapter: str | None) -> Finding:
    """Turn one entry into a finding.

    On wasm every graph must load, as any page falls back to it; a graph for WebGL must load there, where the browser
    has WebGL at all. Elsewhere a graph may fail to load. A graph that loads must agree with Python, unless its verdict
    does not offer it to pages.
    """
    graph = next(graph for graph in spec["graphs"] if graph["name"] == entry["graph"])
    provider = entry["execution_provider"]
    place = f"{provider}.{entry['threads']}" if provider == "wasm" else provider
    field = f"browser.{place}.{graph['name']}"
    if not entry["loads"]:
        must_load = provider == "wasm" or (graph["variant"] == "webgl" and provider == "webgl" and adapter is not None)
        if must_load:
            return failed(field, f"it does not load: {entry['reason']}", "a graph that loads", "write the graph again")
        return passed(field, "does not load, and need not load", entry["reason"] or "")
    times = entry["latency_ms"]
    figures = f"difference {entry['largest_difference']:.1e}, {entry['n_flips']} of {entry['n_decisions']} flipped; "
    figures += f"p50 {times['p50']:.1f} ms, p95 {times['p95']:.1f}, first {times['first']:.0f}"
    if agrees(entry, graph, spec["tolerance"]):
        return passed(field, figures, limit=FIGURES_WIDTH)
    if graph["verdict"] is not None and not graph["verdict"]["offer"]:
        return passed(field, figures, "it need not agree: its verdict does not offer it to pages", FIGURES_WIDTH)
    limit = tolerance_of(graph, spec["tolerance"])
    if graph["variant"] in OPTIONAL:
        return skipped(field, f"left out here, no page runs it: {figures}; at most {limit:g} and 0 flips are allowed")
    return failed(
        field,
        figures,
        f"0 flips and differences of at most {limit:g}",
        "this browser's outputs differ from Python's: do not offer it there",
    )
