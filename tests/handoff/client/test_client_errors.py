"""What goes wrong ends in a message that a person understands, in Korean and English, with a code for programs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths

FAILS = "(options) => fails(() => create(options))"


def fail(page: Any, **options: Any) -> tuple[str, str]:
    code, message = page.evaluate(FAILS, options)
    return code, message


def spoil(site: Any, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the spec, and let the browser proof belong to it all the same."""
    rewrite(site.model / paths.SPEC_FILE, change)
    sha256 = contracts.sha256_file(site.model / paths.SPEC_FILE)
    spoil_proof(site, lambda proof: proof.update(spec_sha256=sha256))


def spoil_proof(site: Any, change: Callable[[dict[str, Any]], Any]) -> None:
    rewrite(site.model / paths.PROOF_FILE, change)


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def rough(make_site: Callable[..., Any], write_standin: Callable[..., Any]) -> Any:
    """A site whose console may complain: browsers note every 404 there."""
    site = make_site()
    write_standin(site.model)
    return site


@pytest.mark.parametrize("worker", [True, False])
def test_one_changed_byte_of_a_graph_is_found(rough: Any, worker: bool) -> None:
    file = rough.model / "head.onnx"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    code, message = fail(rough.open(), worker=worker)
    assert code == "model-hash"
    assert "head.onnx" in message
    assert "Copy the whole hand-off folder again" in message
    # What is not run is not fetched: the window does not need the head.
    assert rough.open().evaluate("create({ graph: 'window' }).then((detector) => detector.info.graph)") == "window"


def test_a_truncated_graph_names_both_lengths(rough: Any) -> None:
    file = rough.model / "encoder.onnx"
    whole = file.read_bytes()
    file.write_bytes(whole[:-7])
    code, message = fail(rough.open())
    assert code == "model-truncated"
    assert f"{len(whole) - 7} of {len(whole)} bytes" in message


def test_a_graph_that_is_not_there_is_named(rough: Any) -> None:
    (rough.model / "encoder.onnx").unlink()
    code, message = fail(rough.open())
    assert (code, "encoder.onnx" in message, "HTTP 404" in message) == ("model-missing", True, True)


@pytest.mark.parametrize(
    ("found", "shown"), [(4, "version 4"), (2, "version 2"), ("3", "version 3"), (None, "version none")]
)
def test_a_spec_of_another_version_names_both(rough: Any, found: object, shown: str) -> None:
    spoil(rough, lambda spec: spec.update(schema_version=found))
    code, message = fail(rough.open())
    assert code == "spec-version"
    assert shown in message
    assert "reads version 3" in message


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda spec: spec["preprocessing"].update(resize="bilinear"), "preprocessing.resize is bilinear"),
        (lambda spec: spec["preprocessing"].update(crop="face"), "preprocessing.crop is face"),
        (lambda spec: spec["decision"].update(release_threshold=0.9), "release_threshold"),
        (lambda spec: spec["decision"].pop("release_threshold"), "decision.release_threshold is undefined"),
        (lambda spec: spec["decision"].pop("min_duration_ms"), "decision.min_duration_ms is undefined"),
        (lambda spec: spec["decision"].pop("output"), "decision.output is undefined"),
        (lambda spec: spec.pop("frames"), "frames"),
        (lambda spec: spec.update(graphs=[]), "no graphs"),
        (lambda spec: spec.pop("runtime"), "runtime"),
    ],
)
def test_a_spec_that_this_client_cannot_follow_is_refused(
    rough: Any, change: Callable[[dict[str, Any]], None], named: str
) -> None:
    spoil(rough, change)
    code, message = fail(rough.open())
    assert code == "spec-invalid"
    assert named in message


def test_a_spec_that_is_missing_or_no_json(rough: Any) -> None:
    page = rough.open()
    assert fail(page, spec="/model/nothing.json")[0] == "spec-missing"
    (rough.model / paths.SPEC_FILE).write_text("{", encoding="utf-8")
    assert fail(page)[0] == "spec-invalid"


def test_a_missing_graph_choice_says_what_there_is(rough: Any) -> None:
    spoil(rough, lambda spec: spec.update(graphs=[g for g in spec["graphs"] if g["name"] != "encoder_pixels"]))
    page = rough.open()
    code, message = fail(page, graph="pixels")
    assert code == "graph-missing"
    assert "window, encoder, head" in message


def test_without_a_stream_the_window_is_run(rough: Any) -> None:
    spoil(rough, lambda spec: spec.update(graphs=[g for g in spec["graphs"] if g["name"] != "head"]))
    assert rough.open().evaluate("create().then((detector) => detector.info.graph)") == "window"


def test_in_wasm_the_encoder_made_for_it_is_taken_where_it_is_proven(rough: Any) -> None:
    def add(document: dict[str, Any], kind: str, name: str, **change: str) -> None:
        entry = next(entry for entry in document[kind] if entry[name] == "encoder")
        document[kind].append({**entry, name: "encoder_wasm", **change})

    spoil(rough, lambda spec: add(spec, "graphs", "name", variant="wasm"))
    spoil_proof(rough, lambda proof: add(proof, "tested", "graph"))
    page = rough.open()
    assert page.evaluate("create().then(({ info }) => info.graphs)") == ["encoder_wasm", "head"]
    spoil_proof(rough, lambda proof: proof["tested"].pop())
    assert page.evaluate("create().then(({ info }) => info.graphs)") == ["encoder", "head"]


def test_wasm_files_that_are_missing_tell_to_install_them(rough: Any, ort_dist: Path) -> None:
    page = rough.open()
    code, message = fail(page, ortUrl="/nowhere/")
    assert code == "wasm-missing"
    assert "npm install" in message
    assert "/nowhere/ort.wasm.min.mjs" in message
    half = rough.model / "half"
    half.mkdir()
    (half / "ort.wasm.min.mjs").write_bytes((ort_dist / "ort.wasm.min.mjs").read_bytes())
    assert fail(page, ortUrl="/model/half/")[0] == "wasm-missing"


def test_the_runtime_is_looked_for_where_npm_puts_it(rough: Any, ort_dist: Path) -> None:
    dist = rough.model / "node_modules" / "onnxruntime-web" / "dist"
    dist.mkdir(parents=True)
    for name in ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"):
        (dist / name).write_bytes((ort_dist / name).read_bytes())
    assert rough.open().evaluate("create({ ortUrl: undefined }).then((detector) => detector.info.provider)") == "wasm"


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.update(execution_providers=[]),
        lambda proof: proof.update(tested=[]),
        lambda proof: [test.update(loads=False) for test in proof["tested"]],
        lambda proof: [test.update(sha256="0" * 64) for test in proof["tested"]],
        lambda proof: [test.update(n_flips=1) for test in proof["tested"]],
        None,
    ],
)
def test_a_model_that_no_proof_has_seen_is_refused_unless_allowed(
    rough: Any, change: Callable[[dict[str, Any]], Any] | None
) -> None:
    if change is None:
        (rough.model / paths.PROOF_FILE).unlink()
    else:
        spoil_proof(rough, change)
    page = rough.open()
    code, message = fail(page)
    assert code == "untested"
    assert "validate-spec --browser" in message
    page.evaluate("create({ allowUntested: true })")
    assert page.evaluate("play([1, 1, 1, 1, 1]).then((results) => results[4].state)") == "ready"
    assert page.evaluate("events.map(([type, detail]) => [type, detail.code])") == [["warning", "untested-allowed"]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda proof: proof.update(spec_sha256="0" * 64), "another frontend_spec.json"),
        (lambda proof: proof.update(schema_version=2), "version 2, not 1"),
        (lambda proof: proof.pop("tested"), "tested"),
    ],
)
def test_a_proof_that_is_not_of_this_spec_proves_nothing_and_says_so(
    rough: Any, change: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    spoil_proof(rough, change)
    page = rough.open()
    code, message = fail(page)
    assert code == "proof-mismatch"
    assert reason in message
    page.evaluate("create({ allowUntested: true })")
    assert page.evaluate("detector.info.proof") is None


def test_a_spec_that_was_edited_has_lost_its_proof(rough: Any) -> None:
    rewrite(rough.model / paths.SPEC_FILE, lambda spec: spec["decision"].update(min_duration_ms=1))
    assert fail(rough.open())[0] == "proof-mismatch"


def test_webgpu_that_nobody_proved_is_refused(rough: Any) -> None:
    assert fail(rough.open(), provider="webgpu")[0] == "untested"


def test_without_isolation_one_thread_is_used_and_two_are_refused(
    make_site: Callable[..., Any], write_standin: Callable[..., Any]
) -> None:
    site = make_site(isolated=False)
    write_standin(site.model)
    page = site.open()
    assert page.evaluate("crossOriginIsolated") is False
    code, message = fail(page, threads=2)
    assert code == "isolation"
    assert "Cross-Origin-Embedder-Policy: require-corp" in message
    assert page.evaluate("create().then((detector) => detector.info.threads)") == 1
    assert page.evaluate("play([1, 1, 1, 1, 1]).then((results) => results[4].state)") == "ready"
    assert page.evaluate("events.map(([type, detail]) => detail.code)") == ["one-thread"]


@pytest.mark.parametrize("worker", [True, False])
def test_two_threads_give_the_same_answer_on_an_isolated_page(site: Any, worker: bool) -> None:
    page = site.open()
    assert (
        page.evaluate("(options) => create(options).then(({ info }) => info.threads)", {"threads": 2, "worker": worker})
        == 2
    )
    results = page.evaluate("play([10, 30, 60, 100, 150])")
    assert results[-1]["smileProb"] == pytest.approx(1400 / 15 / 255, abs=1e-5)


def test_a_worker_that_does_not_start_is_replaced_by_the_page(rough: Any) -> None:
    (rough.model / "smile-detector.worker.mjs").unlink()
    page = rough.open()
    assert page.evaluate("create().then((detector) => detector.info.worker)") is False
    assert page.evaluate("play([1, 1, 1, 1, 1]).then((results) => results[4].state)") == "ready"
    assert page.evaluate("events.map(([type, detail]) => detail.code)") == ["no-worker"]


def test_another_version_of_the_runtime_is_warned_of(rough: Any) -> None:
    spoil(rough, lambda spec: spec["runtime"].update(npm_version="1.29.0"))
    page = rough.open()
    page.evaluate("create()")
    page.evaluate("until(() => events.length > 0)")
    assert page.evaluate("events.map(([type, detail]) => [type, detail.code, detail.values.found])") == [
        ["warning", "ort-version", "1.30.0"]
    ]


def test_a_page_without_https_is_told_so(rough: Any) -> None:
    page = rough.open()
    page.evaluate("Object.defineProperty(window, 'isSecureContext', { value: false })")
    assert fail(page, worker=False)[0] == "insecure-context"


def test_wrong_options_are_a_mistake_of_the_programmer(rough: Any) -> None:
    page = rough.open()
    for options in ({"provider": "webgl"}, {"graph": "fast"}, {"threads": 0}):
        assert page.evaluate(FAILS, options)[0] is None  # a TypeError
    assert page.evaluate("() => { try { new client.SmileDetector(); } catch (error) { return error.message; } }") == (
        "use SmileDetector.create()"
    )


def test_every_message_exists_in_both_languages_with_its_values(site: Any) -> None:
    page = site.open()
    found = page.evaluate(
        """client.CODES.map((code) => [code, client.describe(code, {}, 'en'), client.describe(code, {}, 'ko')])"""
    )
    assert len(found) > 20
    for code, english, korean in found:
        assert code not in (english, korean)
        assert any("가" <= letter <= "힣" for letter in korean), code
        assert not any("가" <= letter <= "힣" for letter in english), code
        assert english.count("?") == korean.count("?"), code  # as many values, shown here as question marks
    page.evaluate("() => { window.failure = fails(() => create({ spec: '/model/none.json', lang: 'ko' })); }")
    assert "찾을 수 없습니다" in page.evaluate("failure")[1]
    site.complaints.clear()  # the browser's own note of the 404
