"""Compares browser and Python on the same pixels: the client's crop and resize, the graph's own, and a long run.

Runs the proof's page on one thread of wasm; writes only raw frames, into a given folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli
from shared.arrays import U8
from shared.onnx.decisions import is_flip
from shared.onnx.stream import OnnxGraph, SmileStream, find_graph
from shared.preprocess import to_batch
from tools.spec_checker.agreement import OPTIONAL
from tools.spec_checker.browser.chromium import ProofPage
from tools.spec_checker.browser.graphs import Expected, latency
from tools.spec_checker.findings import FIGURES_WIDTH, Finding, failed, passed, skipped
from tools.spec_checker.golden_vectors import read_case

Spec = Mapping[str, Any]
CLIENT_FILE = "smile-detector.pixels.mjs"
# Python's resize is reproduced to the last byte, except for halves, which may round to either side.
_MAX_LEVELS_OFF = 1
_WARM_UP = 60
FLAT_BYTES = 2 << 20
_CHUNKS = 10


def graph_named(spec: Spec, role: str, variant: str) -> Mapping[str, Any] | None:
    """Find a graph's entry, or None."""
    return next((g for g in spec["graphs"] if (g["role"], g["variant"]) == (role, variant)), None)


def encoder_of_pages(spec: Spec) -> Mapping[str, Any] | None:
    """Find the encoder that the client runs on wasm: the one made for it, else the plain one."""
    return graph_named(spec, "encoder", "wasm") or graph_named(spec, "encoder", "plain")


def check_golden_pixels(page: ProofPage, spec: Spec, folder: Path) -> Finding:
    """Crop and resize the golden pictures with the client's code and compare bytes."""
    field = "browser.preprocessing"
    if not (folder / CLIENT_FILE).is_file():
        return skipped(field, f"no {CLIENT_FILE} beside the spec, so there is no client to check")
    compared = page.call("resizeGolden", {"sizePx": spec["preprocessing"]["width_px"]})
    worst = max(compared, key=lambda case: (case["largest"], case["nDifferent"]))
    slowest = max(compared, key=lambda case: float(case["ms"]))
    figures = (
        f"largest difference {worst['largest']} of 255, in {sum(case['nDifferent'] for case in compared)} values; "
    )
    figures += f"slowest {slowest['name']}, {slowest['ms']:.1f} ms"
    if worst["largest"] > _MAX_LEVELS_OFF:
        return failed(
            field,
            f"{worst['name']}: {worst['nDifferent']} values differ by up to {worst['largest']} of 255",
            f"the golden crops, to {_MAX_LEVELS_OFF} of 255",
            f"use {CLIENT_FILE} as it was handed off",
        )
    return passed(field, f"{len(compared)} kinds of picture cropped as in Python: {figures}", limit=FIGURES_WIDTH)


@dataclass(frozen=True)
class Curves:
    """A film's probabilities on the same RGBA bytes.

    Attributes:
        film: Its name.
        n_frames: Frames that both processed.
        javascript: Largest difference of the probability with the client's crop and resize; None without a stream.
        pixels: The same with them inside the graph; None without that graph.
        n_flips: Decisions that differ with the client's resize although Python's lies outside of the tolerance around
            the threshold.
        n_flips_pixels: The same with the graph's own.
        low: Smallest of Python's probabilities.
        high: Largest.
    """

    film: str
    n_frames: int
    javascript: float | None
    pixels: float | None
    n_flips: int
    n_flips_pixels: int
    low: float
    high: float

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def compare_curves(
    page: ProofPage, spec: Spec, folder: Path, film_dir: Path, name: str, frames: Sequence[U8]
) -> Curves | None:
    """Compute the probabilities for frames of a film, one interval apart, in the browser and in Python.

    Args:
        page: On wasm.
        spec: The spec.
        folder: The hand-off.
        film_dir: Served as /film/; the raw frames are written there.
        name: The film's.
        frames: RGB pictures of one size.

    Returns:
        The comparison; None where there is no stream or no client to compare.
    """
    encoder, head = encoder_of_pages(spec), graph_named(spec, "head", "plain")
    pixels = graph_named(spec, "encoder", "pixels")
    if encoder is None or head is None or not (folder / CLIENT_FILE).is_file():
        return None
    cli.note(f"spec-checker: {len(frames)} frames of {name} as raw pixels ...")
    files = []
    for number, frame in enumerate(frames):
        rgba = np.dstack([frame, np.full(frame.shape[:2], 255, np.uint8)])
        files.append(f"{number}.bin")
        (film_dir / files[-1]).write_bytes(np.ascontiguousarray(rgba).tobytes())
    for entry in (encoder, head, pixels):
        if entry is not None:
            page.call("load", {"entry": entry, "provider": "wasm"})
    settings = {
        "files": files,
        "width": frames[0].shape[1],
        "height": frames[0].shape[0],
        "sizePx": spec["preprocessing"]["width_px"],
        "count": spec["frames"]["count"],
        "encoder": encoder["name"],
        "pixels": pixels and pixels["name"],
        "head": head["name"],
        "prob": spec["decision"]["output"],
    }
    browser_probs = page.call("curves", settings)
    stream = SmileStream(folder)
    interval_ms = spec["frames"]["interval_ms"]
    results = [stream.push(frame, number * interval_ms) for number, frame in enumerate(frames)]
    python_probs = [result.prob for result in results if result.prob is not None]
    prob = spec["decision"]["output"]
    largest: dict[str, float | None] = {}
    n_flips: dict[str, int] = {}
    for kind in ("javascript", "pixels"):
        pairs = list(zip(browser_probs[kind], python_probs, strict=False))
        largest[kind] = max((abs(browser - python) for browser, python in pairs), default=None)
        limit, threshold = spec["tolerance"][f"{prob}_{kind}"], spec["decision"]["threshold"]
        n_flips[kind] = sum(is_flip(browser, python, threshold, limit) for browser, python in pairs)
    return Curves(
        name,
        len(frames),
        largest["javascript"],
        largest["pixels"],
        n_flips["javascript"],
        n_flips["pixels"],
        min(python_probs),
        max(python_probs),
    )


def judge_curves(curves: Curves | None, spec: Spec) -> list[Finding]:
    """Turn a film's comparison on the same pixels into findings."""
    if curves is None:
        return [skipped("browser.pixels", "no streaming pair, or no client beside the spec")]
    findings, prob = [], spec["decision"]["output"]
    for kind, value, n_flips in (
        ("javascript", curves.javascript, curves.n_flips),
        ("pixels", curves.pixels, curves.n_flips_pixels),
    ):
        field = f"browser.curve.{kind}"
        limit = spec["tolerance"][f"{prob}_{kind}"]
        if value is None:
            findings.append(skipped(field, "the folder has no such graph"))
            continue
        figures = f"{curves.film}: largest difference {value:.1e} on {curves.n_frames} frames "
        figures += f"({prob} {curves.low:.2f} to {curves.high:.2f}), {n_flips} flips"
        if value <= limit and not n_flips:
            findings.append(passed(field, figures, limit=FIGURES_WIDTH))
        elif kind in OPTIONAL:
            findings.append(skipped(field, f"left out, no page needs it: {figures}; at most {limit:g} is allowed"))
        else:
            todo = "crop and resize differ from Python's: use the client and the graph as they were handed off"
            findings.append(failed(field, figures, f"at most {limit:g} and 0 flips", todo, limit=FIGURES_WIDTH))
    return findings


@dataclass(frozen=True)
class Soak:
    """A long run of the streaming pair.

    Attributes:
        n: Inferences.
        largest_difference: Of the probability from Python's window on the same frames.
        n_flips: Decisions that differ.
        wasm_bytes: wasm's heap after the warm-up and at the end.
        page_bytes: All of the page likewise, without garbage; None where the browser does not measure it.
        latency_ms: first, p50, p95 of a decision: encoder and head.
    """

    n: int
    largest_difference: float
    n_flips: int
    wasm_bytes: tuple[int, int]
    page_bytes: tuple[int, int] | None
    latency_ms: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def soak(page: ProofPage, spec: Spec, folder: Path, expected: Expected, n: int) -> Soak | None:
    """Encode and decide n times, frame after frame of the golden pictures; None without a streaming pair."""
    encoder, head = encoder_of_pages(spec), graph_named(spec, "head", "plain")
    if encoder is None or head is None:
        return None
    cli.note(f"spec-checker: a soak of {n} inferences ...")
    for entry in (encoder, head):
        page.call("load", {"entry": entry, "provider": "wasm"})
    count = spec["frames"]["count"]
    settings = {"encoder": encoder["name"], "head": head["name"], "count": count, "prob": spec["decision"]["output"]}
    runs = [page.call("soak", {**settings, "n": _WARM_UP + count - 1})]
    before = _memory(page)
    for number in range(_CHUNKS):
        size = n * (number + 1) // _CHUNKS - n * number // _CHUNKS
        runs.append(page.call("soak", {**settings, "n": size}))
    after = _memory(page)
    window_probs = _window_probs(spec, folder, expected, count)
    probs = [prob for run in runs for prob in run["probs"]]
    pairs = [(prob, window_probs[number % len(window_probs)]) for number, prob in enumerate(probs)]
    times_ms = [ms for run in runs[1:] for ms in run["timesMs"]]
    return Soak(
        n=len(times_ms),
        largest_difference=max(abs(browser - python) for browser, python in pairs),
        n_flips=sum(expected.is_flip(browser, python) for browser, python in pairs),
        wasm_bytes=(before["wasm"], after["wasm"]),
        page_bytes=None if before["all"] is None else (before["all"], after["all"]),
        latency_ms=latency([runs[0]["timesMs"][0], *times_ms]),
    )


def _memory(page: ProofPage) -> Any:
    page.collect_garbage()
    return page.call("memory")


def _window_probs(spec: Spec, folder: Path, expected: Expected, count: int) -> list[float]:
    """Compute the probabilities with Python's window for each run of frames of the soak."""
    crops = np.concatenate([read_case(folder / "golden", case)[1] for case in expected.cases])
    window = OnnxGraph(folder, find_graph(spec, "window", "plain"))
    ring = np.concatenate([crops, crops[: count - 1]])
    batches = (to_batch(ring[start : start + count]) for start in range(len(crops)))
    return [float(np.ravel(window.run(batch)[0])[0]) for batch in batches]


def judge_soak(result: Soak | None, spec: Spec) -> list[Finding]:
    """Turn a soak into findings: its decisions, and its memory."""
    if result is None:
        return [skipped("browser.soak", "no streaming pair")]
    limit = spec["tolerance"][spec["decision"]["output"]]
    figures = f"{result.n} decisions of the streaming pair, largest difference from Python's window "
    figures += f"{result.largest_difference:.1e}, {result.n_flips} flips; p50 {result.latency_ms['p50']:.1f} ms, "
    figures += f"p95 {result.latency_ms['p95']:.1f} ms"
    decisions = passed("browser.soak", figures, limit=FIGURES_WIDTH)
    if not result.largest_difference <= limit or result.n_flips:
        todo = "encoder and head do not belong to the window: write the folder again"
        decisions = failed("browser.soak", figures, f"at most {limit:g} and 0 flips", todo, limit=FIGURES_WIDTH)
    memory = f"wasm {result.wasm_bytes[0] / 1e6:.1f} to {result.wasm_bytes[1] / 1e6:.1f} MB"
    growth = result.wasm_bytes[1] - result.wasm_bytes[0]
    if result.page_bytes is not None:
        memory += f", the whole page {result.page_bytes[0] / 1e6:.1f} to {result.page_bytes[1] / 1e6:.1f} MB"
        growth = max(growth, result.page_bytes[1] - result.page_bytes[0])
    if growth > FLAT_BYTES:
        return [decisions, failed("browser.memory", memory, "flat memory", "dispose of every tensor")]
    return [decisions, passed("browser.memory", memory, f"before and after {result.n} decisions")]
