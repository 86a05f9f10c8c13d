"""A film as webcam through the hand-off's own example page: the browser's smile curve compared with Python's.

Each result of the page is matched with the frame that it was computed from, and Python's counterpart of the client
(`shared.onnx.stream`) gets the same frames with the same capture times.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.errors import CheckFailed
from shared.onnx.decisions import is_flip
from shared.onnx.stream import GraphChoice, SmileStream
from shared.web.server import PageServer
from tools.spec_checker.browser.chromium import PAGE_TIMEOUT_MS, PAGES, first_line, open_chromium, wait_until
from tools.spec_checker.browser.footage import FPS, N_BITS, Footage
from tools.spec_checker.browser.graphs import percentiles
from tools.spec_checker.findings import FIGURES_WIDTH, Finding, failed, passed

# A leak is growth that continues; the browser's own caches settle in the first seconds.
FLAT_BYTES = 4 << 20
_MAX_UNMATCHED = 0.02
_MIN_DECISIONS = 10
_MAX_WAIT_MS = 30_000
_PARTS = ("readMs", "preprocessMs", "landmarksMs", "inferenceMs")
_MESSAGE = "document.querySelector('#message').textContent"


@dataclass(frozen=True)
class FilmComparison:
    """A film's results in the browser, compared with Python's.

    Attributes:
        film: Its name.
        graph: stream, window or pixels.
        provider: The page's execution provider.
        n_frames: Frames that the page processed.
        n_decisions: Frames with a probability.
        n_unmatched: Frames whose number could not be read.
        largest_difference: Of the probability from Python's on the same frames.
        n_flips: Decisions that differ although Python's probability lies outside of the tolerance around the threshold.
        n_states: Results whose state (ready, gap, ...) differs from Python's.
        decisions_per_s: While the film ran.
        latency_ms: p50 and p95 from the frame's arrival to the result.
        decision_ms: p50, p95 and n of a decision's own work: reading the pixels, crop, landmarker, graphs; without
            waiting. None without a decision.
        landmarks_ms: The landmarker's part; None for a model of frames.
        first_decision_ms: From the page's load to its first decision, the model's load included.
        memory_bytes: All of the page and its worker, early and at the end; None where the browser does not measure it.
        probs: Time in ms from the first frame, the browser's and Python's probability, for each decision.
    """

    film: str
    graph: str
    provider: str
    n_frames: int
    n_decisions: int
    n_unmatched: int
    largest_difference: float
    n_flips: int
    n_states: int
    decisions_per_s: float
    latency_ms: tuple[float, float]
    decision_ms: dict[str, Any] | None
    landmarks_ms: dict[str, Any] | None
    first_decision_ms: float
    memory_bytes: tuple[int, int] | None
    probs: list[tuple[float, float, float]]

    def as_json(self) -> dict[str, Any]:
        """Give all figures."""
        return asdict(self)


def play_film(
    program: str, server: PageServer, folder: Path, footage: Footage, duration_s: float, graph: GraphChoice
) -> FilmComparison:
    """Play a film as webcam through the example page, for some seconds.

    Args:
        program: The browser.
        server: Serves the hand-off at "/".
        folder: The hand-off.
        footage: The film.
        duration_s: For how long; the film begins anew when it is over.
        graph: Which graphs the page runs.

    Raises:
        CheckFailed: The page gives no result; the error has the page's message.
    """
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={footage.path}",
    )
    with open_chromium(program, flags) as browser, _open_example(browser, server, footage, graph) as (page, info):
        early = _memory(page, 0.4 * duration_s)
        page.wait_for_timeout(0.6 * duration_s * 1000)
        # A busy computer gives few whole windows: it gets more time, but not without limit.
        with contextlib.suppress(CheckFailed):
            wait_until(
                page, f"webcamProof.results.filter((r) => r.state === 'ready').length >= {_MIN_DECISIONS}", _MAX_WAIT_MS
            )
        recorded = page.evaluate("webcamProof")
        late = _memory(page, 0)
    if recorded["errors"]:
        raise CheckFailed("the example page", found="; ".join(recorded["errors"][:2]), expected="results")
    memory = None if early is None or late is None else (early, late)
    return _compare(recorded, info, footage, SmileStream(folder, graph), graph, memory)


@contextlib.contextmanager
def _open_example(browser: Any, server: PageServer, footage: Footage, graph: str) -> Iterator[tuple[Any, Any]]:
    """Open the example page and press its webcam button; gives the page and the detector's info."""
    from playwright.sync_api import Error

    page = browser.new_context(permissions=["camera"]).new_page()
    page.set_default_timeout(PAGE_TIMEOUT_MS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    settings = {"band": footage.band_xyxy_px, "bits": N_BITS}
    page.add_init_script(f"globalThis.webcamProofSettings = {_json(settings)};")
    page.add_init_script((PAGES / "webcam.js").read_text(encoding="utf-8"))
    try:
        page.goto(f"{server.url}index.html?lang=en&provider=wasm&threads=1&allowUntested=1&graph={graph}")
        wait_until(page, f"globalThis.smileDetector || {_MESSAGE}")
        if page.evaluate("!globalThis.smileDetector"):
            raise CheckFailed("the example page", found=page.inner_text("#message"), expected="a loaded model")
        info = page.evaluate("followDetector()")
        page.click("#camera:enabled")
        wait_until(page, f"webcamProof.results.length > 0 || {_MESSAGE}")
        if page.evaluate("webcamProof.results.length === 0"):
            raise CheckFailed("the example page", found=page.inner_text("#message"), expected="a webcam")
        yield page, info
    except Error as error:
        found = first_line(error) + (f"; the page shows: {problems[0]}" if problems else "")
        raise CheckFailed("the example page", found=found, expected="index.html that shows results") from None
    finally:
        page.close()


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


def _memory(page: Any, after_s: float) -> int | None:
    """Measure the bytes that the page and its worker use after a while, without garbage."""
    page.wait_for_timeout(after_s * 1000)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.detach()
    found = page.evaluate("performance.measureUserAgentSpecificMemory?.().then((measured) => measured.bytes) ?? null")
    return None if found is None else int(found)


def _compare(
    recorded: dict[str, Any], info: dict[str, Any], footage: Footage, stream: SmileStream, graph: str, memory: Any
) -> FilmComparison:
    """Run Python on the page's frames and times, and compare result by result."""
    numbers = {frame["timestampUs"]: frame["number"] for frame in recorded["frames"]}
    band = stream.spec["tolerance"][f"{stream.prob_name}_javascript"]
    pictures = _read_pictures(footage, recorded)
    points: list[tuple[float, float, float]] = []
    n_unmatched, n_flips, n_states = 0, 0, 0
    results = recorded["results"]
    for result in results:
        number = numbers.get(round(result["timestampMs"] * 1000))
        if number is None or number >= len(footage.frames):
            n_unmatched += 1
            stream.reset()  # the next windows would have other frames
            continue
        python_result = stream.push(pictures[number], result["timestampMs"])
        if python_result.state == "warming_up" and n_unmatched:
            continue
        # A page that is too slow withholds what Python, which knows no time, answers.
        n_states += result["state"] not in (python_result.state, "too_slow")
        if python_result.prob is None or result["prob"] is None:
            continue
        points.append((result["timestampMs"] - results[0]["timestampMs"], result["prob"], python_result.prob))
        n_flips += is_flip(result["prob"], python_result.prob, stream.rule.threshold, band)
    ready = [result for result in results if result["state"] == "ready"]
    span_s = (ready[-1]["atMs"] - ready[0]["atMs"]) / 1000 if len(ready) > 1 else 0.0
    latencies = [result["latencyMs"] for result in ready]
    return FilmComparison(
        film=footage.name,
        graph=graph,
        provider=info["provider"],
        n_frames=len(results),
        n_decisions=len(ready),
        n_unmatched=n_unmatched,
        largest_difference=max((abs(browser - python) for _, browser, python in points), default=float("nan")),
        n_flips=n_flips,
        n_states=n_states,
        decisions_per_s=round((len(ready) - 1) / span_s, 1) if span_s else 0.0,
        latency_ms=_percentiles(latencies),
        decision_ms=_sum_up([sum(result[part] or 0 for part in _PARTS) for result in ready]),
        landmarks_ms=_sum_up([r["landmarksMs"] for r in ready if r["landmarksMs"] is not None]),
        first_decision_ms=round(ready[0]["atMs"], 0) if ready else float("nan"),
        memory_bytes=memory,
        probs=[(round(at_ms, 1), round(browser, 6), round(python, 6)) for at_ms, browser, python in points],
    )


def _read_pictures(footage: Footage, recorded: dict[str, Any]) -> list[U8]:
    """Read the film by the colours that the page took its webcam for: BT.601 and limited where it does not say."""
    stated = recorded.get("colors") or {}
    matrix = "bt709" if stated.get("matrix") == "bt709" else "smpte170m"
    return footage.read_as(matrix, is_full_range=stated.get("fullRange") is True)


def _sum_up(times_ms: Sequence[float]) -> dict[str, Any] | None:
    return percentiles(times_ms) if times_ms else None


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    p50, p95 = np.percentile(values, [50, 95])
    return round(float(p50), 1), round(float(p95), 1)


def _own_work(curve: FilmComparison) -> str:
    """Describe the time of a decision's own work, and the landmarker's part."""
    if curve.decision_ms is None:
        return ""
    landmarker_part = f", landmarker {curve.landmarks_ms['p50']:.0f} ms" if curve.landmarks_ms else ""
    return f" ({curve.decision_ms['p50']:.0f} ms of work{landmarker_part})"


def judge_film(curve: FilmComparison, tolerance: float) -> Finding:
    """Turn a film's comparison into a finding."""
    field = f"browser.film.{curve.graph}"
    figures = (
        f"{curve.film}: {curve.n_decisions} decisions of {curve.n_frames} frames ({FPS} fps), largest difference "
        f"{curve.largest_difference:.4f}, {curve.n_flips} flips; {curve.decisions_per_s:.1f} decisions/s, "
        f"p50 {curve.latency_ms[0]:.0f} ms, p95 {curve.latency_ms[1]:.0f} ms{_own_work(curve)}, first after "
        f"{curve.first_decision_ms / 1000:.1f} s"
    )
    todo = "the page has other pixels or other windows than Python: compare probs in --json"
    if not curve.probs:
        return failed(field, f"{curve.n_frames} frames and no decision", "decisions", todo)
    if curve.n_unmatched > max(1, _MAX_UNMATCHED * curve.n_frames):
        return failed(field, f"{curve.n_unmatched} of {curve.n_frames} frames torn", "whole frames of the film", todo)
    if curve.n_states:
        return failed(field, f"{curve.n_states} results with another state than Python's", "the same windows", todo)
    if not curve.largest_difference <= tolerance or curve.n_flips:
        return failed(field, figures, f"a difference of at most {tolerance:g} and 0 flips", todo, limit=FIGURES_WIDTH)
    if curve.memory_bytes is not None and curve.memory_bytes[1] - curve.memory_bytes[0] > FLAT_BYTES:
        early, late = curve.memory_bytes
        found = f"memory that grew from {early / 1e6:.1f} to {late / 1e6:.1f} MB"
        return failed(field, found, "flat memory", "close every frame and dispose of every tensor")
    return passed(field, figures, limit=FIGURES_WIDTH)
