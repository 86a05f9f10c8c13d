"""A valid spec, and each field with a wrong value."""

import copy
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from tools.spec_checker.cli import main
from tools.spec_checker.findings import Report
from tools.spec_checker.static.check import check_file

MakeModel = Callable[..., Path]
LayOut = Callable[..., Path]


def failures(report: Report) -> dict[str, str]:
    return {finding.field: str(finding) for finding in report.findings if finding.status == "fail"}


def put(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with one value changed, or taken out if the value is None."""
    changed = copy.deepcopy(document)
    *above, last = path.split(".")
    node: Any = changed
    for key in above:
        node = node[int(key)] if isinstance(node, list) else node[key]
    if value is None:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return changed


def test_the_run_of_the_graph_is_reported_with_its_own_numbers(lay_out: LayOut) -> None:
    report = check_file(lay_out(), None)
    assert failures(report) == {}
    found = {finding.field: finding.found for finding in report.findings}
    assert found["graph.run.zeros"] == "smile_prob 0.5000"  # sigmoid(0)
    assert found["graph.run.ones"] == "smile_prob 0.7311"  # sigmoid(1)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("spec_id", "another", "people-epoch10"),
        ("created_utc", "yesterday", "a UTC time"),
        ("synthetic", True, "False"),
        ("model.sha256", "0" * 64, "the ONNX"),
        ("model.bytes", 5, "the ONNX"),
        ("model.opset", 99, "14"),
        ("model.operators", ["Conv"], "LSTM"),
        ("input.name", "input", "frames"),
        ("input.shape", [1, 5, 224, 224, 3], "[1, 5, 3, 224, 224]"),
        ("input.dtype", "float16", "float32"),
        ("input.layout", "NCTHW", "NTCHW"),
        ("input.color", "BGR", "RGB"),
        ("input.range", [0, 255], "[0, 1]"),
        ("input.range", [-1, 1], "[0, 1]"),
        ("outputs.0.name", "smile", "smile_prob"),
        ("outputs.1.shape", [1, 8], "[1, 7]"),
        ("classes", ["smile", "non_smile"], "['non_smile', 'smile']"),
        ("classes", ["smile", "smile"], "non_smile"),
        ("positive_class", "non_smile", "smile"),
        ("positive_class", "grin", "smile"),
        ("emotions", ["happy", "disgust", "fear", "angry", "sad", "surprise", "neutral"], "angry"),
        ("emotions_trained", ["fear"], "happy"),
        ("decision.threshold", 0.438, "0.4375"),
        ("decision.threshold", 43.75, "0.4375"),
        ("decision.operator", ">=", ">"),
        ("decision.chosen_on", "test", "validation"),
        ("frames.count", 4, "5"),
        ("frames.interval_ms", 33.3, "100"),
        ("frames.interval_ms", 0, "100"),
        ("preprocessing.crop", "face", "center_square"),
        ("preprocessing.resize", "bilinear", "area"),
        ("preprocessing.mirror", True, "False"),
        ("preprocessing.width_px", 192, "224"),
        ("preprocessing.scale", "mean and std of ImageNet", "pixel / 255"),
        ("runtime.npm_package", "onnxruntime", "onnxruntime-web"),
        ("runtime.npm_version", "^1.30.0", "1.30.0"),
        ("runtime.npm_version", "latest", "1.30.0"),
        ("runtime.execution_providers", ["webgl", "wasm"], "LSTM, HardSwish"),
        ("runtime.execution_providers", ["wasm"], "whose outputs agree with Python's in a browser proof"),
        ("runtime.execution_providers", [], "found []"),
        ("schema_version", 2, "3 (the version"),
        ("model.colour", "x", "unknown key"),
        ("latency_ms", 30, "unknown key"),
    ],
)
def test_a_false_value_fails_its_field_and_no_other(
    handoff: tuple[Path, dict[str, Any]], field: str, value: Any, expected: str
) -> None:
    failed = failures_with(handoff, field, value)
    key = field.replace("outputs.0.name", "outputs.smile").replace("outputs.1", "outputs.emotion_logits")
    related = {"positive_class"} if field == "classes" else {"outputs.smile_prob"} if "outputs" in field else set()
    related |= {"frames.max_deviation_ms"} if field == "frames.interval_ms" else set()
    assert key in failed
    assert expected in failed[key] or any(expected in failed[other] for other in related & set(failed))
    beside = {other for other in failed if other not in related and not other.startswith(("outputs.0", "outputs.1"))}
    assert beside == {key}


def failures_with(handoff: tuple[Path, dict[str, Any]], field: str, value: Any) -> dict[str, str]:
    """Write the spec with another value; returns what fails then."""
    path, spec = handoff
    path.write_text(json.dumps(put(spec, field, value)), encoding="utf-8")
    return failures(check_file(path, None))


def required_leaves(schema: dict[str, Any], above: str = "") -> list[str]:
    """List the fields that the schema demands, down to the last object."""
    leaves = []
    for key in schema["required"]:
        inner = schema["properties"][key]
        leaves += required_leaves(inner, f"{above}{key}.") if "properties" in inner else [above + key]
    return leaves


def test_a_threshold_beyond_all_numbers_fails_its_field(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, spec = handoff
    path.write_text(json.dumps(spec).replace("0.4375", "1e999"), encoding="utf-8")  # json reads this as infinity
    assert set(failures(check_file(path, None))) == {"decision.threshold"}


def test_each_field_that_is_taken_out_is_missed(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, spec = handoff
    leaves = required_leaves(contracts.load_schema("frontend_spec"))
    assert len(leaves) > 30
    for field in leaves:
        path.write_text(json.dumps(put(spec, field, None)), encoding="utf-8")
        failed = failures(check_file(path, path.with_name("smile_detector.onnx")))
        inside = ("tolerance.", "golden.")  # reported as a whole where all of it is missing
        whole = field.split(".")[0] if field.startswith(inside) else field
        assert any(name == whole or name.startswith(whole + ".") for name in failed), field


def test_an_empty_object_lists_every_field_at_once(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, _ = handoff
    path.write_text("{}", encoding="utf-8")
    failed = failures(check_file(path, path.with_name("smile_detector.onnx")))
    for field in required_leaves(contracts.load_schema("frontend_spec")):
        inside = ("tolerance.", "golden.")  # reported as a whole where all of it is missing
        whole = field.split(".")[0] if field.startswith(inside) else field
        assert any(name == whole or name.startswith(whole + ".") for name in failed), field


def test_one_changed_byte_of_the_model_fails(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, _ = handoff
    onnx_path = path.with_name("smile_detector.onnx")
    data = onnx_path.read_bytes()
    onnx_path.write_bytes(data.replace(b"tiny", b"tinz"))
    failed = failures(check_file(path, None))
    assert set(failed) == {"model.sha256", "graphs.window.sha256"}
    todo = failed["model.sha256"].partition("; ")[2]
    assert todo.index("copy the whole folder again") < todo.index("Only if the spec was written by hand")


def test_the_values_of_a_cut_model_are_not_suggested_for_the_spec(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, spec = handoff
    spec["model"]["bytes"] += 1  # as if the file was cut
    path.write_text(json.dumps(put(spec, "model.sha256", "0" * 64)), encoding="utf-8")
    failed = failures(check_file(path, None))
    assert "copy the whole folder again" in failed["model.bytes"]


def test_a_hand_off_without_package_json_fails(stream_folder: Path) -> None:
    path = stream_folder / "frontend_spec.json"
    assert "package.json" not in failures(check_file(path, None))
    (stream_folder / "package.json").unlink()
    failure = failures(check_file(path, None))["package.json"]
    assert "found no such file, expected one that pins" in failure
    assert "./inv handoff --model MODEL" in failure


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        ({"scripts": {"postinstall": "node x.mjs"}}, "scripts"),
        ({"exports": {".": {"default": "./other.mjs"}}}, "./other.mjs"),
        ({"main": "./../elsewhere.mjs"}, "./../elsewhere.mjs"),
        ({"bin": {"smile-detector-assets": "https://example.org/x.mjs"}}, "https://example.org/x.mjs"),
        ({"private": False}, "private False"),
    ],
)
def test_a_package_json_with_scripts_or_doors_to_other_files_fails(
    stream_folder: Path, lie: dict[str, Any], found: str
) -> None:
    path = stream_folder / "package.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | lie), encoding="utf-8")
    assert found in failures(check_file(stream_folder / "frontend_spec.json", None))["package.json"]


def test_a_lone_spec_needs_no_package_json(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, _ = handoff
    report = check_file(path, None)
    assert failures(report) == {}
    assert {f.field: f.status for f in report.findings}["package.json"] == "skip"


@pytest.mark.parametrize(
    ("notes", "field"),
    [
        ({"smilebench.classes": '["smile", "non_smile"]'}, "classes"),
        ({"smilebench.positive_class": "non_smile"}, "positive_class"),
        ({"smilebench.threshold": "0.5"}, "decision.threshold"),
        ({"smilebench.threshold": "half"}, "decision.threshold"),
        ({"smilebench.frame_interval_ms": "33"}, "frames.interval_ms"),
        ({"smilebench.model_id": "another"}, "spec_id"),
        ({"smilebench.mirror": "true"}, "preprocessing.mirror"),
        ({"smilebench.resize": "bilinear"}, "preprocessing.resize"),
        ({"smilebench.emotions": '["happy"]'}, "emotions"),
    ],
)
def test_an_onnx_whose_own_notes_contradict_its_card_is_refused(
    lay_out: LayOut, notes: dict[str, str], field: str
) -> None:
    report = check_file(lay_out(notes=notes), None)
    assert set(failures(report)) == {field}
    assert report.exit_code == 1


def test_a_card_about_another_file_is_refused(lay_out: LayOut) -> None:
    example = json.loads((Path(__file__).parents[1] / "schemas/positive/model/ours.json").read_text(encoding="utf-8"))
    report = check_file(lay_out({"onnx": example["onnx"]}), None)
    wrong = {"model.sha256", "model.bytes", "model.opset", "model.operators", "graphs.window.sha256"}
    assert wrong == set(failures(report))


def test_an_id_of_digits_only_is_the_same_in_onnx_card_and_spec(lay_out: LayOut) -> None:
    assert failures(check_file(lay_out({"model_id": "2026"}), None)) == {}


def test_a_handoff_is_found_by_its_name_and_the_newest_without_one(
    lay_out: LayOut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main([]) == 1
    assert "no hand-off" in capsys.readouterr().err
    (tmp_path / "artifacts" / "handoff").mkdir(parents=True)
    lay_out().parent.rename(tmp_path / "artifacts/handoff/a")
    shutil.copytree(tmp_path / "artifacts/handoff/a", tmp_path / "artifacts/handoff/b")
    os.utime(tmp_path / "artifacts/handoff/b/frontend_spec.json", (0, 0))
    assert main([]) == 0
    assert "handoff/a/frontend_spec.json: accepted" in capsys.readouterr().out
    assert main(["--model", "b"]) == 0
    assert "handoff/b/frontend_spec.json: accepted" in capsys.readouterr().out
    assert main(["--model", str(tmp_path / "artifacts/handoff/b/smile_detector.onnx")]) == 0
    assert "handoff/b/frontend_spec.json: accepted" in capsys.readouterr().out


def test_an_onnx_without_notes_passes_with_a_note_on_unproven_fields(
    handoff: tuple[Path, dict[str, Any]], make_model: MakeModel, tmp_path: Path
) -> None:
    path, spec = handoff
    strange = make_model(notes={}, lstm=True).rename(tmp_path / "strange.onnx")
    import onnx

    model = onnx.load(str(strange))
    del model.metadata_props[:]
    onnx.save(model, str(strange))
    spec["model"] |= {"file": "strange.onnx", "sha256": contracts.sha256_file(strange), "bytes": strange.stat().st_size}
    spec["graphs"][0] |= spec["model"]
    shutil.copytree(path.parent / "golden", tmp_path / "golden")
    (tmp_path / "strange.json").write_text(json.dumps(spec), encoding="utf-8")
    report = check_file(tmp_path / "strange.json", strange)
    assert failures(report) == {}
    unproven = {finding.field for finding in report.findings if "nothing to compare" in finding.note}
    assert unproven == {"classes", "positive_class", "decision.threshold", "frames.interval_ms"}


@pytest.mark.parametrize("name", ["../../etc/passwd.onnx", "/etc/passwd.onnx", "..\\a.onnx", "a.exe", "C:a.onnx"])
def test_a_model_file_outside_of_the_specs_folder_is_refused_and_not_opened(
    handoff: tuple[Path, dict[str, Any]], name: str
) -> None:
    path, spec = handoff
    path.write_text(json.dumps(put(spec, "model.file", name)), encoding="utf-8")
    failed = failures(check_file(path, None))
    assert {"model.file", "graph"} <= set(failed)
    assert "found no ONNX file, expected the file that the spec names" in failed["graph"]


TESTED = {
    "graph": "window",
    "execution_provider": "wasm",
    "threads": 1,
    "browser": "Chromium 156",
    "device": "Xeon, 2 cores",
    "loads": True,
    "reason": None,
    "n_decisions": 6,
    "n_flips": 0,
    "latency_ms": {"first": 140.2, "p50": 93.1, "p95": 99.8, "n": 200},
    "largest_difference": 1e-6,
    "created_utc": "2026-01-22T11:25:34Z",
}


def put_proof(path: Path, tested: list[dict[str, Any]], **change: Any) -> None:
    """Write a browser proof of a spec."""
    proof = {
        "schema_version": 1,
        "spec_id": json.loads(path.read_text(encoding="utf-8"))["spec_id"],
        "spec_sha256": contracts.sha256_file(path),
        "created_utc": "2026-01-22T11:25:34Z",
        "execution_providers": [],
        "tested": tested,
        "tested_decisions": [],
        **change,
    }
    contracts.write_document(path.with_name("browser_proof.json"), proof, "browser_proof")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"largest_difference": None}, "a number of 0 or more"),
        ({"loads": False}, "null"),
        ({"execution_provider": "webgl"}, "LSTM"),
        ({"created_utc": "2126-01-22T11:25:34Z"}, "in the past"),
        ({"created_utc": "2026-02-31T11:25:34Z"}, "in the past"),
        ({"graph": "encoder"}, "one of the spec's graphs (window)"),
        ({"sha256": "7" * 64}, "the graph's own"),
        ({"n_flips": 7}, "7 flips of 6 decisions"),
        ({"loads": False, "largest_difference": None}, "the runtime's error message"),
    ],
)
def test_an_impossible_run_is_refused(
    handoff: tuple[Path, dict[str, Any]], change: dict[str, Any], expected: str
) -> None:
    path, spec = handoff
    entry = {**TESTED, "sha256": spec["model"]["sha256"]}
    put_proof(path, [entry, {**entry, **change}])
    failed = failures(check_file(path, None))
    assert expected in failed["browser_proof.tested.1"]
    assert "browser_proof.tested.0" not in failed


def test_plausible_runs_pass_including_a_webgl_that_does_not_load(handoff: tuple[Path, dict[str, Any]]) -> None:
    path, spec = handoff
    entry = {**TESTED, "sha256": spec["model"]["sha256"]}
    webgl = {"execution_provider": "webgl", "loads": False, "reason": "cannot resolve operator 'LSTM'"}
    webgl |= {"largest_difference": None, "latency_ms": None, "n_decisions": 0}
    put_proof(path, [entry, {**entry, **webgl}], execution_providers=["wasm"])
    report = check_file(path, None)
    assert failures(report) == {}
    assert {f.field: f.found for f in report.findings}["browser_proof.execution_providers"] == "wasm"


@pytest.mark.parametrize(
    "change",
    [
        {"execution_provider": "webgpu"},
        {"n_flips": 1},
        {"largest_difference": 0.01},  # of the window; the spec tolerates 0.001
        {"sha256": "7" * 64},
    ],
)
def test_a_provider_without_a_passed_run_is_refused(
    handoff: tuple[Path, dict[str, Any]], change: dict[str, Any]
) -> None:
    path, spec = handoff
    put_proof(path, [{**TESTED, "sha256": spec["model"]["sha256"], **change}], execution_providers=["wasm"])
    failure = failures(check_file(path, None))["browser_proof.execution_providers"]
    assert "only providers whose outputs in tested agree with Python's" in failure
    assert "./inv validate-spec --browser" in failure


def test_a_proof_of_another_spec_is_refused_unless_it_is_about_to_be_replaced(
    handoff: tuple[Path, dict[str, Any]],
) -> None:
    path, spec = handoff
    put_proof(path, [{**TESTED, "sha256": spec["model"]["sha256"]}], execution_providers=["wasm"])
    path.write_text(json.dumps(put(spec, "decision.min_duration_ms", 7)), encoding="utf-8")
    failed = failures(check_file(path, None))
    assert set(failed) == {"browser_proof.spec_sha256"}
    assert "another spec than the one beside it" in failed["browser_proof.spec_sha256"]
    assert failures(check_file(path, None, is_to_be_proven=True)) == {}


@pytest.mark.parametrize(
    ("change", "field"), [({"schema_version": 2}, "browser_proof: schema_version"), ({"tested": 3}, "tested")]
)
def test_a_proof_that_cannot_be_read_is_refused(
    handoff: tuple[Path, dict[str, Any]], change: dict[str, Any], field: str
) -> None:
    path, _ = handoff
    put_proof(path, [])
    proof = path.with_name("browser_proof.json")
    document = json.loads(proof.read_text(encoding="utf-8"))
    proof.write_text(json.dumps({**document, **change}), encoding="utf-8")
    (failed_field,) = failures(check_file(path, None))
    assert field in failed_field


@pytest.mark.parametrize(
    ("field", "value", "failed_field"),
    [
        ("graphs.0.bytes", 5, "graphs.window.bytes"),
        ("graphs.0.operators", ["Conv"], "graphs.window.operators"),
        ("graphs.0.inputs.0.name", "frame", "graphs.window.inputs"),
        ("graphs.0.inputs.0.shape", [1, 5, 3, 64, 64], "graphs.window.inputs.frames.shape"),
        ("graphs.0.inputs.0.dtype", "uint8", "graphs.window.inputs.frames.dtype"),
        ("graphs.0.outputs.1.shape", [1, 8], "graphs.window.outputs.emotion_logits.shape"),
        ("graphs.0.file", "elsewhere.onnx", "graphs.window"),
        ("graphs.0.file", "golden/../../x.onnx", "graphs.window"),
        ("graphs.0.variant", "webgl", "graphs.window.variant"),
        ("graphs.0.variant", "int8", "graphs.window.verdict"),
        ("graphs.0.role", "encoder", "graphs.roles"),
        ("golden.sha256", "7" * 64, "golden.sha256"),
        ("golden.n_cases", 7, "golden.n_cases"),
    ],
)
def test_a_wrong_value_about_a_file_beside_the_spec_fails_its_field(
    handoff: tuple[Path, dict[str, Any]], field: str, value: Any, failed_field: str
) -> None:
    failed = failures_with(handoff, field, value)
    assert failed_field in failed
    assert "; " in failed[failed_field]  # how to fix it


def change_golden(path: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, str]:
    """Change golden.json and write its new hash into the spec, as a forger would."""
    golden = path.parent / "golden" / "golden.json"
    document = json.loads(golden.read_text(encoding="utf-8"))
    change(document)
    golden.write_text(json.dumps(document), encoding="utf-8")
    spec = json.loads(path.read_text(encoding="utf-8"))
    spec["golden"]["sha256"] = contracts.sha256_file(golden)
    path.write_text(json.dumps(spec), encoding="utf-8")
    return failures(check_file(path, None))


def test_golden_outputs_that_the_graph_does_not_give_are_refused(handoff: tuple[Path, dict[str, Any]]) -> None:
    def falsify(document: dict[str, Any]) -> None:
        document["cases"][1]["smile_prob"] += 0.001

    failed = change_golden(handoff[0], falsify)
    assert set(failed) == {"golden.answers"}
    assert "smile_prob of portrait_300x400 differs by 0.001" in failed["golden.answers"]


def test_a_golden_crop_of_another_preprocessing_is_refused(handoff: tuple[Path, dict[str, Any]]) -> None:
    def swap(document: dict[str, Any]) -> None:
        frames = document["cases"][0]["frames"]
        frames[0]["crop"], frames[1]["crop"] = frames[1]["crop"], frames[0]["crop"]

    assert "golden.crops" in change_golden(handoff[0], swap)


def test_a_golden_picture_that_changed_is_refused(handoff: tuple[Path, dict[str, Any]]) -> None:
    picture = handoff[0].parent / "golden" / "small_40x30_2_crop.png"
    picture.write_bytes(picture.read_bytes()[:-1] + b"x")
    assert "small_40x30_2_crop.png: sha256" in failures(check_file(handoff[0], None))["golden"]


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", '"text"', "{", "", '{"threshold": NaN}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}"]
)
def test_a_spec_that_is_no_json_object_ends_in_one_line(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "spec.json").write_text(text, encoding="utf-8")
    assert main(["--spec", str(tmp_path / "spec.json")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("spec-checker: ")


def test_control_characters_for_a_terminal_are_shown_escaped(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps({"positive_class": "\x1b[31mred"}), encoding="utf-8")
    assert "\x1b" not in check_file(tmp_path / "spec.json", None).as_text()
