"""The proof in a real Chromium, on a tiny hand-off with the real client; and the errors that stop it before."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from tools.spec_checker.browser.chromium import NAMES, find_chromium, open_chromium, open_page, serve
from tools.spec_checker.browser.pictures import check_golden_pixels
from tools.spec_checker.cli import main

CHROMIUM = next((name for name in NAMES if shutil.which(name)), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or shutil.which("npm") is None, reason="needs Chromium, and npm for onnxruntime-web"
)


def run(folder: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, Any], str]:
    code = main(["--browser", "--quick", "--json", "--spec", str(folder / "frontend_spec.json"), *flags])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def by_field(document: dict[str, Any]) -> dict[str, Any]:
    return {finding["field"]: finding for finding in document["findings"]}


@needs_chromium
def test_a_valid_folder_is_proven_in_a_file_beside_its_spec(
    stream_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (stream_folder / "frontend_spec.json").read_bytes()
    code, document, _ = run(stream_folder, capsys)
    assert (stream_folder / "frontend_spec.json").read_bytes() == before
    found = by_field(document)
    assert {field: f for field, f in found.items() if f["status"] == "fail"} == {}
    assert (code, document["passed"]) == (0, True)
    spec = contracts.read_document(stream_folder / "frontend_spec.json", "frontend_spec")
    proof = contracts.read_document(stream_folder / "browser_proof.json", "browser_proof")
    assert proof["execution_providers"] == ["wasm"]
    tested = {(e["graph"], e["execution_provider"], e["threads"]): e for e in proof["tested"]}
    hashes = {graph["name"]: graph["sha256"] for graph in spec["graphs"]}
    for (graph, provider, _), entry in tested.items():
        assert entry["sha256"] == hashes[graph]
        assert entry["browser"].startswith("Chromium ")
        assert "core" in entry["device"]
        if provider == "wasm":
            assert entry["loads"]
            assert entry["largest_difference"] < 1e-3  # a mean of 50,176 numbers, added up in another order
            assert (entry["n_decisions"], entry["n_flips"]) == (2, 0)
            assert 0 < entry["latency_ms"]["p50"] <= entry["latency_ms"]["p95"]
    assert {graph for graph, provider, threads in tested if (provider, threads) == ("wasm", 1)} == set(hashes)
    # WebGL loads the graph made for it; the others have the runtime's error message.
    if ("encoder_webgl", "webgl", 1) in tested:
        assert tested["encoder_webgl", "webgl", 1]["loads"]
    assert found["browser.preprocessing"]["status"] == "pass"
    assert document["browser"]["soak"]["n"] == 200
    assert document["browser"]["soak"]["n_flips"] == 0
    first, last = document["browser"]["soak"]["wasm_bytes"]
    assert first == last
    film = document["browser"]["film"]
    assert film["n_decisions"] >= 10
    assert film["largest_difference"] < 0.02
    assert (film["n_flips"], film["n_states"], film["n_unmatched"]) == (0, 0, 0)
    [decision] = proof["tested_decisions"]
    assert (decision["plan"], decision["landmarker"], decision["n_flips"]) == ("stream", None, 0)
    assert 0 < decision["decision_ms"]["p50"] <= decision["decision_ms"]["p95"]
    assert decision["decision_ms"]["n"] == decision["n_decisions"] == film["n_decisions"]
    # The proof passes the checks on files too.
    assert main(["--spec", str(stream_folder / "frontend_spec.json")]) == 0


def change_byte(folder: Path) -> None:
    path = folder / "head.onnx"
    path.write_bytes(path.read_bytes().replace(b"tiny", b"tinz"))


def swap_classes(folder: Path) -> None:
    change_spec(folder, lambda spec: spec["classes"].reverse())


def claim_webgl(folder: Path) -> None:
    change_spec(folder, lambda spec: spec["runtime"].update(execution_providers=["webgl", "wasm"]))


def claim_webgl_in_tested(folder: Path) -> None:
    # The tiny window has no LSTM; a constant of int64 is as much beyond WebGL.
    import onnx

    path = folder / "smile_detector.onnx"
    model = onnx.load(str(path))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1]), "unused"))
    onnx.save(model, str(path))

    def rehash(spec: dict[str, Any]) -> None:
        facts = {"sha256": contracts.sha256_file(path), "bytes": path.stat().st_size}
        spec["model"].update(facts)
        spec["graphs"][0].update(facts)

    (folder / "model.json").unlink()
    change_spec(folder, rehash)
    example = Path(__file__).parents[1] / "schemas/positive/browser_proof/graphs_in_chromium.json"
    proof = json.loads(example.read_text(encoding="utf-8"))
    entry = {**proof["tested"][0], "graph": "window", "sha256": contracts.sha256_file(path)}
    proof["spec_sha256"] = contracts.sha256_file(folder / "frontend_spec.json")
    proof["tested"] = [{**entry, "execution_provider": "webgl"}]
    (folder / "browser_proof.json").write_text(json.dumps(proof), encoding="utf-8")


def claim_untested(folder: Path) -> None:
    change_spec(folder, lambda spec: spec["runtime"].update(execution_providers=["wasm"]))


def change_spec(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "frontend_spec.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    change(spec)
    path.write_text(json.dumps(spec), encoding="utf-8")


@pytest.mark.parametrize(
    ("falsify", "field", "message"),
    [
        (change_byte, "graphs.head.sha256", "the file differs from the one that was handed off"),
        (swap_classes, "classes", "a swapped order inverts every decision"),
        (claim_webgl, "runtime.execution_providers", "webgl"),
        (claim_webgl_in_tested, "browser_proof.tested.0", "webgl cannot load this graph: it has no int64"),
        (claim_untested, "runtime.execution_providers", "nothing yet"),
    ],
)
def test_a_wrong_value_is_refused_before_any_browser_and_nothing_is_written(
    stream_folder: Path,
    capsys: pytest.CaptureFixture[str],
    falsify: Callable[[Path], None],
    field: str,
    message: str,
) -> None:
    falsify(stream_folder)
    before = {path: path.read_bytes() for path in stream_folder.iterdir() if path.is_file()}
    code, document, _ = run(stream_folder, capsys, "--chromium", "no-such-browser")
    assert (code, document["passed"], document["browser"]) == (1, False, None)
    finding = by_field(document)[field]
    assert finding["status"] == "fail"
    assert message in f"{finding['found']} {finding['expected']} {finding['todo']}"
    assert {path: path.read_bytes() for path in stream_folder.iterdir() if path.is_file()} == before


def test_without_a_browser_it_is_exit_3_with_the_package_to_install(
    stream_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("SMILEBENCH_CHROMIUM", raising=False)
    code, _, err = run(stream_folder, capsys, "--quiet")
    assert code == 3
    assert err == (
        "spec-checker: the browser: found no Chromium, expected Chromium or Chrome, to run the graphs in; "
        "install it (Debian, Ubuntu: apt install chromium), or name it with --chromium PATH\n"
    )


def test_a_program_that_is_no_browser_is_exit_3(stream_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(stream_folder, capsys, "--chromium", "/bin/true", "--quiet")
    assert code == 3
    assert "a browser that does not start" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "flags",
    [
        ["--spec"],
        ["--out", "b.json"],
        ["--model", "x y"],
        ["--nonsense"],
        ["--film", "a.mp4"],
        ["--quick"],
        ["--browser", "--spec", "a.json", "--model", "b.onnx"],
        ["--browser", "--film-seconds", "0"],
        ["--browser", "--film-seconds", "nan"],
    ],
)
def test_invalid_flags_are_exit_2(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(flags)
    except SystemExit as leave:
        code = int(str(leave.code))
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


@needs_chromium
def test_a_client_with_another_resize_fails(stream_folder: Path) -> None:
    path = stream_folder / "smile-detector.pixels.mjs"
    text = path.read_text(encoding="utf-8")
    spec = json.loads((stream_folder / "frontend_spec.json").read_text(encoding="utf-8"))
    program = find_chromium()
    with serve(stream_folder) as server, open_chromium(program) as browser:
        with open_page(browser, server, "wasm") as page:
            assert check_golden_pixels(page, spec, stream_folder).status == "pass"
        # Every fourth weight of the area average is a little too small.
        path.write_text(text.replace("weights: Float32Array.from(weights)", WRONG_WEIGHTS), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != text
        with open_page(browser, server, "wasm") as page:
            finding = check_golden_pixels(page, spec, stream_folder)
    assert finding.status == "fail"
    assert "values differ by up to" in finding.found


WRONG_WEIGHTS = "weights: Float32Array.from(weights, (w, k) => (k % 4 ? w : 0.9 * w))"


@needs_chromium
def test_a_graph_that_cannot_run_gives_the_runtimes_own_reason(stream_folder: Path) -> None:
    spec = copy.deepcopy(json.loads((stream_folder / "frontend_spec.json").read_text(encoding="utf-8")))
    (stream_folder / "encoder.onnx").write_bytes(b"no graph at all")
    with (
        serve(stream_folder) as server,
        open_chromium(find_chromium()) as browser,
        open_page(browser, server, "wasm") as page,
    ):
        broken = page.call("load", {"entry": spec["graphs"][1], "provider": "wasm"})
        missing = page.call("load", {"entry": {**spec["graphs"][1], "file": "gone.onnx"}, "provider": "wasm"})
    assert (broken["loads"], missing["loads"]) == (False, False)
    assert broken["reason"]
    assert "404" in missing["reason"]


@needs_chromium
@pytest.mark.slow
def test_the_whole_proof_runs_webgpu_too(stream_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--browser", "--json", "--spec", str(stream_folder / "frontend_spec.json")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["browser"]["soak"]["n"] == 2000
    webgpu = {e["graph"]: e for e in document["browser"]["tested"] if e["execution_provider"] == "webgpu"}
    if not webgpu:
        pytest.skip("this Chromium has no WebGPU adapter, not even in software")
    assert all(entry["loads"] and entry["n_flips"] == 0 for entry in webgpu.values())
    assert "webgpu" in document["browser"]["execution_providers"]
    assert all(finding["note"] for finding in document["findings"] if finding["status"] == "skip")
