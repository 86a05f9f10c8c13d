"""What a decision costs: in the browser, natively, and over a server; all in one run, in turns.

    ./inv bench --only browser
    python tests/benchmarks/bench_browser.py --model demo --rounds 20 --gpu
    python tests/benchmarks/bench_browser.py --model small --against first     (small's stream, first's window)

Prints a markdown table. One Chromium, one thread of wasm unless a row says otherwise; the order is that of a round, and
rounds follow each other, so that a noisy machine hits every row alike. Needs a hand-off (./inv handoff), Chromium, npm.
"""

import argparse
import contextlib
import http.client
import http.server
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.errors import SmilebenchError
from shared.onnx.stream import OnnxGraph, SmileStream, find_graph
from shared.preprocess import to_batch
from tools.spec_checker.browser.chromium import (
    PROVIDER_FLAGS,
    SOFTWARE_WEBGPU,
    describe_processor,
    find_chromium,
    open_chromium,
    open_page,
    serve,
)
from tools.spec_checker.static.folder import read_case

PER_ROUND = 3
Times = dict[str, list[float]]


def native(spec: Any, folder: Path) -> dict[str, Callable[[], object]]:
    """Give what onnxruntime runs in Python, on one thread."""
    case = contracts.read_document(folder / "golden" / "golden.json", "golden")["cases"][0]
    crops = read_case(folder / "golden", case)[1]
    batch = to_batch(crops)
    frame = np.ascontiguousarray(batch[0, :1])
    window, encoder, head = (
        OnnxGraph(folder, find_graph(spec, role, "plain")) for role in ("window", "encoder", "head")
    )
    features = np.concatenate([encoder.run(frame)[0]] * spec["frames"]["count"])[None]
    return {
        "native window": lambda: window.run(batch),
        "native pair": lambda: head.run(features) if encoder.run(frame) else None,
    }


@contextlib.contextmanager
def server_alternative(folder: Path) -> Iterator[dict[str, Callable[[], object]]]:
    """Serve the spec over HTTP on this computer; gives the round trip of one picture, jpg in, decision out."""
    import cv2

    stream = SmileStream(folder)
    clock = iter(range(10**9))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer waits 40 ms for the other side's acknowledgement
        wbufsize = -1

        def do_POST(self) -> None:
            data = np.frombuffer(self.rfile.read(int(self.headers["Content-Length"])), np.uint8)
            picture = np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
            answer = stream.push(picture, 100.0 * next(clock))
            body = json.dumps({stream.prob_name: answer.prob, "is_positive": answer.is_positive}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1])
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    case = contracts.read_document(folder / "golden" / "golden.json", "golden")["cases"][0]
    picture = read_case(folder / "golden", case)[0][0]
    jpg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()

    def ask() -> object:
        connection.request("POST", "/", body=jpg)
        return json.loads(connection.getresponse().read())

    try:
        yield {"server": ask}
    finally:
        connection.close()
        server.shutdown()
        thread.join()
        server.server_close()


def measure(folder: Path, rounds: int, threads: int) -> Times:
    """Run everything in turns; the first round warms up and is left out."""
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    times: Times = {}
    with (
        serve(folder) as server,
        open_chromium(find_chromium()) as browser,
        open_page(browser, server, "wasm", 1) as page,
        open_page(browser, server, "wasm", threads) as threaded,
        server_alternative(folder) as remote,
    ):
        here = {**native(spec, folder), **remote}
        names = [graph["name"] for graph in spec["graphs"]]
        for graph in spec["graphs"]:
            page.call("load", {"entry": graph, "provider": "wasm"})
            threaded.call("load", {"entry": graph, "provider": "wasm"})
        for number in range(rounds + 1):
            found: Times = {name: page.call("time", {"name": name, "n": PER_ROUND}) for name in names}
            for name in ("window", "encoder", "encoder_wasm"):
                if name in names:
                    found[f"{name} x{threads}"] = threaded.call("time", {"name": name, "n": PER_ROUND})
            for name, work in here.items():
                found[name] = []
                for _ in range(PER_ROUND):
                    started = time.perf_counter()
                    work()
                    found[name].append((time.perf_counter() - started) * 1000)
            if number:
                for name, values in found.items():
                    times.setdefault(name, []).extend(values)
        resized = page.call("resizeGolden", {"sizePx": spec["preprocessing"]["width_px"]})
        times["resize"] = [case["ms"] for case in resized if "640x480" in case["name"]]
    return times


def measure_gpu(folder: Path) -> Times:
    """Run window and encoder on WebGPU and WebGL: on this computer's adapter, else on one drawn in software."""
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    times: Times = {}
    for provider, names in (("webgpu", ("window", "encoder", "head")), ("webgl", ("encoder_webgl",))):
        for extra in ((), SOFTWARE_WEBGPU) if provider == "webgpu" else ((),):
            flags = (*PROVIDER_FLAGS[provider], *extra)
            with (
                serve(folder) as server,
                open_chromium(find_chromium(), flags) as browser,
                open_page(browser, server, provider) as page,
            ):
                if page.environment["adapter"] is None:
                    continue
                print(f"{provider}: {page.environment['adapter']}")
                for graph in (g for g in spec["graphs"] if g["name"] in names):
                    if page.call("load", {"entry": graph, "provider": provider})["loads"]:
                        n = 4 if page.environment["isSoftware"] else 40
                        times[f"{provider} {graph['name']}"] = page.call("time", {"name": graph["name"], "n": n})[1:]
                break
    return times


def table(times: Times, threads: int) -> str:
    """Write what was measured as markdown: what a decision for one new frame costs, and how it compares."""
    middle = {name: statistics.median(values) for name, values in times.items()}
    best = "encoder_wasm" if "encoder_wasm" in middle else "encoder"

    def pair(encoder: str, suffix: str = "") -> float | None:
        name = encoder + suffix
        return middle[name] + middle["head"] if name in middle and "head" in middle else None

    gpu_pair = None
    if {"webgpu encoder", "webgpu head"} <= set(middle):
        gpu_pair = middle["webgpu encoder"] + middle["webgpu head"]
    several = f" x{threads}"
    rows = [
        ("wasm, window (five pictures each time)", middle.get("window")),
        (f"wasm, window, {threads} threads", middle.get(f"window{several}")),
        ("wasm, streaming pair, plain encoder", pair("encoder")),
        (f"wasm, streaming pair, {best}: what a page runs", pair(best)),
        (f"wasm, streaming pair, {best}, {threads} threads", pair(best, several)),
        ("wasm, streaming pair, encoder_webgl", pair("encoder_webgl")),
        ("wasm, streaming pair, encoder_pixels (crop and resize inside)", pair("encoder_pixels")),
        ("wasm, streaming pair, encoder_fp16", pair("encoder_fp16")),
        ("wasm, streaming pair, encoder_int8", pair("encoder_int8")),
        ("wasm, head alone", middle.get("head")),
        ("JavaScript, crop and resize of 640x480", middle.get("resize")),
        ("native onnxruntime, window, 1 thread", middle.get("native window")),
        ("native onnxruntime, streaming pair, 1 thread", middle.get("native pair")),
        ("server: jpg of 640x480 over loopback, streaming pair; your network comes on top", middle.get("server")),
        ("WebGPU, window", middle.get("webgpu window")),
        ("WebGPU, streaming pair", gpu_pair),
        ("WebGL, encoder_webgl alone (window and head do not load there)", middle.get("webgl encoder_webgl")),
    ]
    window = middle["window"]
    lines = ["| a decision for one new frame | ms | window in wasm is so many times as long |", "|---|---|---|"]
    for name, ms in rows:
        if ms is not None:
            lines.append(f"| {name} | {ms:.1f} | {window / ms:{'.0f' if window / ms >= 10 else '.2g'}} |")
    return "\n".join(lines)


def paired_ratio(times: Times, encoder: str) -> float:
    """Divide the window's fastest run of each round by the pair's in the same round; the median over rounds."""

    def fastest(name: str) -> list[float]:
        values = times[name]
        return [min(values[start : start + PER_ROUND]) for start in range(0, len(values), PER_ROUND)]

    rounds = zip(fastest("window"), fastest(encoder), fastest("head"), strict=True)
    return statistics.median(window / (seeing + deciding) for window, seeing, deciding in rounds)


def measure_against(folder: Path, other: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Run a hand-off's stream and another one's window in turns, one page each of one Chromium, one thread of wasm.

    Returns:
        The fastest run of each round, in milliseconds: of encoder and head together, of the other's window.
    """
    streams, windows = [], []
    with (
        serve(folder) as server,
        serve(other) as other_server,
        open_chromium(find_chromium()) as browser,
        open_page(browser, server, "wasm", 1) as page,
        open_page(browser, other_server, "wasm", 1) as other_page,
    ):
        specs = [contracts.read_document(each / paths.SPEC_FILE, "frontend_spec") for each in (folder, other)]
        names = {graph["name"] for graph in specs[0]["graphs"]}
        pair = ("encoder_wasm" if "encoder_wasm" in names else "encoder", "head")
        for graph in specs[0]["graphs"]:
            if graph["name"] in pair:
                page.call("load", {"entry": graph, "provider": "wasm"})
        (window,) = (graph for graph in specs[1]["graphs"] if graph["name"] == "window")
        other_page.call("load", {"entry": window, "provider": "wasm"})
        for number in range(rounds + 1):
            stream = sum(min(page.call("time", {"name": name, "n": PER_ROUND})) for name in pair)
            whole = min(other_page.call("time", {"name": "window", "n": PER_ROUND}))
            if number:
                streams.append(stream)
                windows.append(whole)
    return streams, windows


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a hand-off's name or folder (default: the newest)")
    parser.add_argument("--rounds", type=int, default=12, help=f"of {PER_ROUND} runs a graph (default 12)")
    parser.add_argument("--threads", type=int, default=2, help="of the rows with threads (default 2)")
    parser.add_argument("--gpu", action="store_true", help="WebGPU and WebGL too; minutes without a graphics card")
    parser.add_argument("--against", help="another hand-off: only its window against this one's stream")
    arguments = parser.parse_args()
    try:
        folder = paths.handoff_dir(arguments.model)
        if arguments.against:
            streams, windows = measure_against(folder, paths.handoff_dir(arguments.against), arguments.rounds)
            ratio = statistics.median(window / stream for window, stream in zip(windows, streams, strict=True))
            print(f"{describe_processor()}; {arguments.rounds} rounds, the fastest of {PER_ROUND} runs each")
            print(f"stream of {folder.name}: {statistics.median(streams):.1f} ms a decision")
            print(f"window of {arguments.against}: {statistics.median(windows):.1f} ms; ratio {ratio:.1f}")
            return 0
        times = measure(folder, arguments.rounds, arguments.threads)
        if arguments.gpu:
            times |= measure_gpu(folder)
    except SmilebenchError as error:
        print(f"bench browser: left out: {error}")
        return 0
    print(f"{describe_processor()}; medians of {arguments.rounds * PER_ROUND} runs in {arguments.rounds} rounds\n")
    print(table(times, arguments.threads))
    encoder = "encoder_wasm" if "encoder_wasm" in times else "encoder"
    for name in dict.fromkeys(("encoder", encoder)):
        print(f"\nratio window / ({name} + head), median over rounds: {paired_ratio(times, name):.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
