"""Specs that people wrote in their own way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.spec_checker.cli import main
from tools.spec_checker.static.check import check_file
from tools.spec_checker.static.claims import read_claims

SEED_2 = Path(__file__).parents[1] / "schemas" / "negative" / "frontend_spec" / "seed_2_handwritten.json"
Build = Callable[..., Path]


def test_the_handwritten_spec_is_refused_with_all_its_reasons_at_once(build_onnx: Build, tmp_path: Path) -> None:
    model = build_onnx(tmp_path / "smile_detector_finetuned.onnx", lstm=True)
    report = check_file(SEED_2, model)
    failed = {finding.field: str(finding) for finding in report.findings if finding.status == "fail"}
    assert report.exit_code == 1
    assert "there is no such package as onnxmlruntime-web" in failed["runtime.npm_package"]
    assert "npm install onnxruntime-web@1.30.0" in failed["runtime.npm_package"]
    assert "webgl cannot load this graph: it has no LSTM, HardSwish" in failed["runtime.execution_providers"]
    assert "no int64" in failed["runtime.execution_providers"]
    for field in (
        "preprocessing.crop",
        "preprocessing.resize",
        "preprocessing.mirror",
        "frames.interval_ms",
        "model.sha256",
        "classes",
        "positive_class",
        "emotions",
        "runtime.npm_version",
        "decision.chosen_on",
        "input.name",
        "input.layout",
        "schema_version",
    ):
        assert "found nothing" in failed[field], field


def test_what_the_handwritten_spec_does_say_is_understood(build_onnx: Build, tmp_path: Path) -> None:
    report = check_file(SEED_2, build_onnx(tmp_path / "smile_detector_finetuned.onnx", lstm=True))
    passes = {finding.field for finding in report.findings if finding.status == "pass"}
    assert {
        "model.file",
        "input.shape",
        "input.color",
        "input.range",
        "frames.count",
        "preprocessing.width_px",
        "preprocessing.scale",
        "decision.threshold",
        "decision.operator",
    } <= passes


def test_it_is_refused_without_the_onnx_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--spec", str(SEED_2)]) == 1
    out, _ = capsys.readouterr()
    assert "there is no such package as onnxmlruntime-web" in out
    assert "webgl has no LSTM" in out
    assert "found no ONNX file, expected the file that the spec names" in out


@pytest.mark.parametrize(
    ("spec", "field", "value"),
    [
        ({"threshold": 0.25}, "decision.threshold", 0.25),
        ({"decision": "smile if smile_prob > 0.2820"}, "decision.threshold", 0.282),
        ({"decision": "smile if smile_prob >= 0.5"}, "decision.operator", ">="),
        ({"rule": "smile_prob > 0.5"}, "decision.output", "smile_prob"),
        ({"inputShape": [1, 5, 3, 224, 224]}, "input.shape", [1, 5, 3, 224, 224]),
        ({"input": "1x5x3x224x224"}, "input.shape", [1, 5, 3, 224, 224]),
        ({"Input": {"Size": "320x240"}}, "preprocessing.width_px", 320),
        ({"Input": {"Size": "320x240"}}, "preprocessing.height_px", 240),
        ({"channelOrder": "BGR"}, "input.color", "BGR"),
        ({"channels": "RGB, not BGR"}, "input.color", "RGB"),
        ({"normalization": "divide by 255"}, "input.range", [0, 1]),
        ({"normalization": "-1 to 1"}, "input.range", [-1, 1]),
        ({"normalization": "ImageNet mean and std"}, "input.range", None),
        ({"frameIntervalMs": "100 ms"}, "frames.interval_ms", 100),
        ({"install": "npm i --save onnxruntime-web@1.30.0"}, "runtime.npm_package", "onnxruntime-web"),
        ({"install": "npm i --save onnxruntime-web@1.30.0"}, "runtime.npm_version", "1.30.0"),
        ({"dependencies": {"react": "19", "onnxruntime-web": "^1.30.0"}}, "runtime.npm_version", "^1.30.0"),
        ({"executionProviders": ["WebGPU", "wasm"]}, "runtime.execution_providers", ["webgpu", "wasm"]),
        ({"backend": "WebGL (30-50 ms)"}, "runtime.execution_providers", ["webgl"]),
        ({"labels": "non_smile, smile"}, "classes", ["non_smile", "smile"]),
        ({"mirror": "no"}, "preprocessing.mirror", False),
        ({"modelSize": "7.7MB"}, "model.bytes", 7_700_000),
        ({"model_size": "7.5 MiB"}, "model.bytes", 7_864_320),
        ({"frontend": {"model": {"sha256": "ab"}}}, "model.sha256", "ab"),
        ({"outputs": ["a", "b"]}, "outputs", {"a": {}, "b": {}}),
        ({"outputs": [{"name": "a", "shape": [1]}]}, "outputs", {"a": {"name": "a", "shape": [1]}}),
    ],
)
def test_a_value_is_found_under_the_key_that_people_use(spec: dict[str, Any], field: str, value: Any) -> None:
    assert read_claims(spec)[field].value == value


def test_a_single_word_deep_in_the_spec_is_not_a_claim() -> None:
    assert "model.sha256" not in read_claims({"dataset": {"pictures": {"first": {"sha256": "ab"}}}})


def test_json_output_is_one_document_with_the_same_findings(
    build_onnx: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = build_onnx(tmp_path / "a.onnx")
    assert main(["--spec", str(SEED_2), "--model", str(model), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    report = check_file(SEED_2, model)
    assert document["passed"] is False
    assert document["n_fail"] == report.count("fail") > 10
    assert [entry["field"] for entry in document["findings"]] == [finding.field for finding in report.findings]
    assert {frozenset(entry) for entry in document["findings"]} == {
        frozenset(("field", "status", "found", "expected", "todo", "note"))
    }


def test_an_onnx_without_a_spec_beside_it_names_the_missing_file(
    build_onnx: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", str(build_onnx(tmp_path / "a.onnx"))]) == 1
    assert "frontend_spec.json: found no such file" in capsys.readouterr().err


def test_every_failure_says_how_to_fix_it(build_onnx: Build, tmp_path: Path) -> None:
    model = build_onnx(tmp_path / "smile_detector_finetuned.onnx", lstm=True)
    for spec in (SEED_2, *sorted(SEED_2.parent.glob("*.json"))[::8]):
        findings = check_file(spec, model).findings
        assert any(finding.status == "fail" for finding in findings), spec.name
        assert all(finding.todo for finding in findings if finding.status == "fail"), spec.name
