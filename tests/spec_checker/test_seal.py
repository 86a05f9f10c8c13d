"""Falsified hand-offs: what can be known is refused with its reason, and a signature catches the rest."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from shared import contracts, paths
from shared.web import handoff_seal
from tools.spec_checker.cli import main
from tools.spec_checker.findings import Report
from tools.spec_checker.static.check import check_file


def _failed(report: Report) -> dict[str, str]:
    return {finding.field: str(finding) for finding in report.findings if finding.status == "fail"}


def _check(folder: Path, public_key: str | None = None) -> dict[str, str]:
    return _failed(check_file(folder / paths.SPEC_FILE, None, public_key=public_key))


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def _make_fit(folder: Path) -> None:
    """Write all hashes anew, as somebody would who wants a lie to pass."""
    handoff_seal.write_manifest(folder, handoff_seal.listed_files(folder))


def test_a_sound_folder_passes(stream_folder: Path) -> None:
    assert _check(stream_folder) == {}


@pytest.mark.parametrize("name", ["smile-detector.window.mjs", "smile-detector.mjs", "smile-detector.worker.mjs"])
def test_a_changed_or_missing_client_file_is_named(stream_folder: Path, name: str) -> None:
    path = stream_folder / name
    path.write_bytes(path.read_bytes() + b"// and a threshold of one's own\n")
    assert f"manifest.{name}" in _check(stream_folder)
    path.unlink()
    assert f"manifest.{name}" in _check(stream_folder)


def test_a_client_file_that_the_manifest_does_not_list_is_named(stream_folder: Path) -> None:
    (stream_folder / "smile-detector.extra.mjs").write_text("export {}")
    assert "manifest.smile-detector.extra.mjs" in _check(stream_folder)


def test_a_folder_without_its_manifest_is_refused(stream_folder: Path) -> None:
    (stream_folder / handoff_seal.MANIFEST_FILE).unlink()
    assert "manifest" in _check(stream_folder)


def test_a_head_with_other_weights_and_all_hashes_rewritten_fails_on_the_golden_vectors(stream_folder: Path) -> None:
    path = stream_folder / "head.onnx"
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name == "weights":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(0.5), tensor.name))
    onnx.save(model, path)

    def refit(spec: dict[str, Any]) -> None:
        for graph in spec["graphs"]:
            if graph["file"] == "head.onnx":
                graph |= {"sha256": contracts.sha256_file(path), "bytes": path.stat().st_size}

    _edit(stream_folder / paths.SPEC_FILE, refit)
    _make_fit(stream_folder)
    assert any("golden" in field or "head" in field for field in _check(stream_folder))


LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a wide tolerance": lambda spec: spec["tolerance"].update({"smile_prob_javascript": 99}),
    "a tolerance that hides another model": lambda spec: spec["tolerance"].update({"smile_prob_javascript": 0.09}),
    "a release threshold of 0": lambda spec: spec["decision"].update(release_threshold=0),
    "a duration of an hour": lambda spec: spec["decision"].update(min_duration_ms=3_600_000),
    "a schema version as text": lambda spec: spec.update(schema_version="3"),
    "an opset that no runtime has": lambda spec: spec["model"].update(opset=26),
    "frames a minute apart": lambda spec: spec["frames"].update(interval_ms=60_000),
    "a deviation above the interval": lambda spec: spec["frames"].update(max_deviation_ms=900),
    "a million pictures": lambda spec: spec["frames"].update(count=1_000_000),
    "an offer beside flips": lambda spec: _verdict(spec, n_decisions=100, n_flips=50),
    "more flips than decisions": lambda spec: _verdict(spec, n_decisions=10, n_flips=11),
    "an offer without a decision": lambda spec: _verdict(spec, n_decisions=0, n_flips=0),
    "a size that it has not": lambda spec: _verdict(spec, n_decisions=100, n_flips=0, size_ratio=0.01),
}


def _verdict(spec: dict[str, Any], **values: Any) -> None:
    graph = next(graph for graph in spec["graphs"] if graph["name"] == "encoder_webgl")
    plain = next(graph for graph in spec["graphs"] if graph["name"] == "encoder")
    sound = {
        "dataset": "people", "n_decisions": 100, "n_flips": 0, "largest_difference": 0.001,
        "size_ratio": graph["bytes"] / plain["bytes"], "offer": True,
    }  # fmt: skip
    graph["verdict"] = sound | values


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_number_that_cannot_be_is_refused_though_all_hashes_fit(
    stream_folder: Path, lie: Callable[[dict[str, Any]], None]
) -> None:
    _edit(stream_folder / paths.SPEC_FILE, lie)
    _make_fit(stream_folder)
    assert _check(stream_folder)


def test_what_only_the_signature_can_know_is_caught_by_it(
    stream_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    key, public, _ = handoff_seal.read_or_make_key(None)
    handoff_seal.sign(stream_folder, key)
    assert _check(stream_folder) == {}
    _edit(stream_folder / paths.SPEC_FILE, lambda spec: spec.update(created_utc="2026-01-23T11:25:34Z"))
    _make_fit(stream_folder)
    assert set(_check(stream_folder)) == {"signature"}
    assert set(_check(stream_folder, public)) == {"signature"}


def test_an_unsigned_folder_is_refused_where_a_key_is_asked_for(
    stream_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    _, public, _ = handoff_seal.read_or_make_key(None)
    spec = str(stream_folder / paths.SPEC_FILE)
    assert main(["--spec", spec, "--public-key", public]) == 1
    assert main(["--spec", spec]) == 0
    assert main(["--spec", spec, "--public-key", "no key"]) == 1
    assert "public key" in capsys.readouterr().err
