"""Hand-offs of landmarks and blendshapes: valid ones pass, each wrong value fails, the graph is proven in Chromium."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts, paths
from shared.errors import MissingOutside
from shared.faces import landmarker
from shared.web.npm import ONNXRUNTIME_WEB
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff
from tools.spec_checker.browser import proof as proving_in_browser
from tools.spec_checker.browser.chromium import NAMES
from tools.spec_checker.browser.film import FilmComparison
from tools.spec_checker.browser.graphs import Expected, Where, compare
from tools.spec_checker.browser.landmarks import FaceComparison, judge_faces
from tools.spec_checker.browser.writing import BrowserResults, write_proof
from tools.spec_checker.cli import main
from tools.spec_checker.findings import Report
from tools.spec_checker.static.check import check_file

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, NAMES)) or shutil.which("npm") is None, reason="needs Chromium, and npm"
)
FILM = paths.assets() / "videos" / "protocol" / "s03_take1.mp4"
LANDMARKER = b"a landmarker"
LayOut = Callable[..., Path]


@pytest.fixture
def lay_out(make_feature_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayOut:
    """Return a maker of hand-offs with the model's card beside the spec; gives the spec's path."""
    fetched = tmp_path / "home" / "artifacts" / "fetched"
    fetched.mkdir(parents=True)
    (fetched / landmarker.MODEL_NAME).write_bytes(LANDMARKER)

    def lay_out(kind: str, **rest: Any) -> Path:
        with monkeypatch.context() as patch:
            patch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
            patch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "none"))
            model = make_feature_model(tmp_path / "models" / kind, kind, **rest)
            folder = write_handoff(HandoffConfig(model, tmp_path / "handoff" / kind)).folder
        shutil.copy(model.with_name("model.json"), folder / "model.json")
        return folder / "frontend_spec.json"

    return lay_out


def failures(report: Report) -> dict[str, str]:
    return {finding.field: str(finding) for finding in report.findings if finding.status == "fail"}


def change(path: Path, field: str, value: Any) -> None:
    """Change one value of a spec, or take it out if the value is None."""
    spec = json.loads(path.read_text(encoding="utf-8"))
    *above, last = field.split(".")
    node: Any = spec
    for key in above:
        node = node[key]
    if value is None:
        del node[last]
    else:
        node[last] = value
    path.write_text(json.dumps(spec), encoding="utf-8")


@pytest.mark.parametrize("kind", ["landmarks", "blendshapes"])
def test_a_valid_folder_passes_and_lists_what_was_checked(kind: str, lay_out: LayOut) -> None:
    report = check_file(lay_out(kind), None)
    assert failures(report) == {}
    found = {finding.field: finding for finding in report.findings}
    assert found["input.kind"].found == kind
    assert found["runtime.landmarker"].found == "@mediapipe/tasks-vision@1.1.0"
    assert found["landmarker"].found.startswith("face_landmarker.task")
    assert "tasks-vision 1.1.0" in found["package.json"].found
    assert found["golden.answers"].found.endswith("largest difference 0.0e+00")
    assert found["schema"].status == "pass"
    assert "input.color" not in found
    assert "outputs.emotion_logits" not in found


def test_a_graph_of_a_fixed_number_of_frames_passes_too(lay_out: LayOut) -> None:
    assert failures(check_file(lay_out("landmarks", frames=5), None)) == {}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("input.kind", "blendshapes", "landmarks (the ONNX)"),
        ("input.shape", [1, 5, 468, 3], "[1, 5, 478, 3]"),
        ("input.shape", [1, 7, 478, 3], "[1, 5, 478, 3]"),
        ("input.layout", "NTCHW", "NTPC"),
        ("input.unit", "pixel", "fraction_of_square"),
        ("input.uses_z", True, "False (the ONNX, run on faces that differ in z only)"),
        ("input.landmarker", None, "the Face Landmarker and its settings"),
        ("input.landmarker.sha256", "0" * 64, "landmark_model_sha256 in the ONNX"),
        ("input.landmarker.sha256", "latest", "64 hex digits"),
        ("input.landmarker.running_mode", "VIDEO", "IMAGE (as in training)"),
        ("input.landmarker.max_faces", 1, "3 (as in training)"),
        ("input.landmarker.face", "first", "largest"),
        ("input.landmarker.border", 0.1, "0.25"),
        ("input.landmarker.border", None, "the black border"),
        ("input.landmarker.frame_without_face", "zeros", "nearest"),
        ("input.landmarker.window_without_face", False, "0 (as in training)"),
        ("preprocessing.scale", "pixel / 255", "bytes"),
        ("preprocessing.width_px", 192, "224"),
        ("frames.count", 4, "5 (the input's second axis)"),
        ("runtime.landmarker", None, "@mediapipe/tasks-vision@1.1.0"),
        ("emotions", ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"], "no emotion_logits"),
        ("runtime.landmarker.npm_package", "mediapipe", "@mediapipe/tasks-vision"),
        ("runtime.landmarker.npm_version", "^1.1.0", "an exact version"),
        ("tolerance.landmarks_javascript", None, "landmarks_javascript"),
    ],
)
def test_each_wrong_value_of_a_spec_fails_its_field(field: str, value: Any, message: str, lay_out: LayOut) -> None:
    path = lay_out("landmarks")
    change(path, field, value)
    report = check_file(path, None)
    found = failures(report)
    named = [text for where, text in found.items() if field.startswith(where) or where.startswith(field)]
    assert named, found
    assert message in " ".join(named)
    assert report.exit_code == 1


def test_blendshapes_in_another_order_are_refused(lay_out: LayOut) -> None:
    path = lay_out("blendshapes")
    change(path, "input.names", [*landmarker.BLENDSHAPES[1:], landmarker.BLENDSHAPES[0]])
    assert "the 52 in the landmarker's order" in failures(check_file(path, None))["input.names"]


def test_a_model_of_frames_that_names_a_landmarker_is_refused(lay_out: LayOut) -> None:
    example = Path(__file__).parents[1] / "schemas" / "positive" / "frontend_spec" / "frames.json"
    spec = json.loads(example.read_text(encoding="utf-8"))
    path = lay_out("landmarks").with_name("frames.json")
    spec["runtime"]["landmarker"] = {"npm_package": "@mediapipe/tasks-vision", "npm_version": "1.1.0"}
    spec["model"]["file"] = "none.onnx"
    path.write_text(json.dumps(spec), encoding="utf-8")
    assert "a model of frames uses no landmarker" in failures(check_file(path, None))["runtime.landmarker"]


def another_task(folder: Path) -> None:
    (folder / landmarker.MODEL_NAME).write_bytes(b"a newer landmarker")


def unpinned(folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps({"dependencies": {"onnxruntime-web": ONNXRUNTIME_WEB.version}}))


def changed_numbers(folder: Path) -> None:
    path = folder / "golden" / "neutral.bin"
    path.write_bytes(path.read_bytes()[:-4] + np.float32(7).tobytes())


def change_golden(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "golden" / "golden.json"
    golden = json.loads(path.read_text(encoding="utf-8"))
    edit(golden)
    path.write_text(json.dumps(golden), encoding="utf-8")
    change(folder / "frontend_spec.json", "golden.sha256", contracts.sha256_file(path))


def another_answer(folder: Path) -> None:
    change_golden(folder, lambda golden: golden["cases"][0].update(smile_prob=0.999))


def a_face_more(folder: Path) -> None:
    """Mark a frame without a face as one with a face: smile_prob then differs from the graph's."""

    def edit(golden: dict[str, Any]) -> None:
        case = next(case for case in golden["cases"] if case["name"] == "no_face_at_all")
        case["frames"][0]["found"] = True

    change_golden(folder, edit)


def another_length(folder: Path) -> None:
    change_golden(folder, lambda golden: golden["cases"][0]["input"].update(shape=[5, 478, 2]))


@pytest.mark.parametrize(
    ("spoil", "field", "message"),
    [
        (another_task, "landmarker.sha256", "the landmarker that produced the training features"),
        (unpinned, "package.json", "@mediapipe/tasks-vision 1.1.0"),
        (changed_numbers, "golden", "sha256"),
        (another_answer, "golden.answers", "smile_prob of neutral"),
        (a_face_more, "golden.answers", "no_face_at_all"),
        (another_length, "golden", "as many numbers and frames as in the shape"),
    ],
)
def test_the_files_beside_the_spec_are_checked(
    spoil: Callable[[Path], None], field: str, message: str, lay_out: LayOut
) -> None:
    path = lay_out("landmarks")
    spoil(path.parent)
    assert message in failures(check_file(path, None))[field]


def test_a_landmarker_that_lies_elsewhere_is_a_note(lay_out: LayOut) -> None:
    path = lay_out("landmarks")
    (path.parent / landmarker.MODEL_NAME).unlink()
    report = check_file(path, None)
    assert failures(report) == {}
    assert "must load it from elsewhere" in next(str(f) for f in report.findings if f.field == "landmarker")


def test_a_browsers_outputs_are_compared_without_the_windows_without_a_face(lay_out: LayOut) -> None:
    path = lay_out("landmarks")
    spec = json.loads(path.read_text(encoding="utf-8"))
    expected = Expected(spec, path.parent)
    outputs = [
        [{"smile_prob": [case["smile_prob"]]}] if any(frame["found"] for frame in case["frames"]) else []
        for case in expected.cases
    ]
    compared = compare(spec["graphs"][0], outputs, expected)
    assert compared == {"largest_difference": 0.0, "n_decisions": len(expected.cases) - 1, "n_flips": 0}
    outputs[0] = [{"smile_prob": [1 - expected.cases[0]["smile_prob"]]}]
    assert compare(spec["graphs"][0], outputs, expected)["largest_difference"] > 0


def face_comparison(**changed: Any) -> FaceComparison:
    figures: dict[str, Any] = {
        "film": "a film",
        "n_pictures": 40,
        "n_found": 38,
        "n_with_border": 8,
        "n_found_differs": 0,
    }
    differences = {"xy": 1e-4, "z": 0.2, "blendshapes": 1e-3, "prob": 1e-4}
    figures |= {f"largest_difference_{what}": value for what, value in differences.items()}
    figures |= {"n_decisions": 26, "n_flips": 0, "ms": {"p50": 30.0, "p95": 40.0, "n": 29}}
    return FaceComparison(**{**figures, **changed})


@pytest.mark.parametrize(
    ("changed", "uses_z", "status"),
    [
        ({}, False, "pass"),  # z differs by far, but is not used
        ({}, True, "fail"),
        ({"largest_difference_xy": 0.01}, False, "fail"),
        ({"largest_difference_blendshapes": 0.1}, False, "fail"),
        ({"largest_difference_prob": 0.1}, False, "fail"),
        ({"n_flips": 1}, False, "fail"),
        ({"n_found_differs": 1}, False, "fail"),
        ({"n_found": 0, "n_with_border": 0}, False, "fail"),
    ],
)
def test_two_landmarkers_are_the_same_within_the_tolerance(
    changed: dict[str, Any], uses_z: bool, status: str, lay_out: LayOut
) -> None:
    spec = json.loads(lay_out("landmarks").read_text(encoding="utf-8"))
    spec["input"]["uses_z"] = uses_z
    assert judge_faces(face_comparison(**changed), spec).status == status


def test_a_decisions_time_is_written_once_per_browser_and_device(lay_out: LayOut) -> None:
    path = lay_out("landmarks")
    here, phone = (Where("wasm", 1, "Chromium 156", device) for device in ("2 cores", "a phone"))
    for where, p50 in ((here, 40.0), (phone, 90.0), (here, 30.0)):
        write_proof(path, BrowserResults(film=played({"p50": p50, "p95": 99.0, "n": 50}), film_where=where))
    proof = contracts.read_document(path.with_name("browser_proof.json"), "browser_proof")
    written = [(entry["device"], entry["decision_ms"]["p50"]) for entry in proof["tested_decisions"]]
    assert written == [("a phone", 90.0), ("2 cores", 30.0)]
    write_proof(path, BrowserResults())  # a proof without a film leaves those of others
    again = contracts.read_document(path.with_name("browser_proof.json"), "browser_proof")
    assert again["tested_decisions"] == proof["tested_decisions"]


def played(decision_ms: dict[str, float]) -> FilmComparison:
    """A film as webcam, by hand-made figures."""
    counts = {"n_frames": 60, "n_decisions": 50, "n_unmatched": 0, "n_flips": 0, "n_states": 0}
    return FilmComparison(
        film="a film",
        graph="window",
        provider="wasm",
        **counts,
        largest_difference=0.004,
        decisions_per_s=20.0,
        latency_ms=(30.0, 40.0),
        decision_ms=decision_ms,
        landmarks_ms=None,
        first_decision_ms=1500.0,
        memory_bytes=(30_000_000, 30_500_000),
        probs=[(0.0, 0.5, 0.504)],
    )


@needs_chromium
def test_the_graph_is_proven_in_chromium_and_skipped_checks_are_reported(
    lay_out: LayOut, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lay_out("landmarks")
    assert main(["--browser", "--quick", "--json", "--spec", str(path)]) == 0
    document = json.loads(capsys.readouterr().out)
    found = {finding["field"]: finding for finding in document["findings"]}
    assert found["browser.wasm.1.window"]["status"] == "pass"
    for what in ("preprocessing", "pixels", "soak", "landmarks", "film"):
        assert found[f"browser.{what}"]["status"] == "skip"
    assert "--film" in found["browser.landmarks"]["note"]
    spec = contracts.read_document(path, "frontend_spec")
    proof = contracts.read_document(path.with_name("browser_proof.json"), "browser_proof")
    assert proof["execution_providers"] == ["wasm"]
    one = next(e for e in proof["tested"] if (e["execution_provider"], e["threads"]) == ("wasm", 1))
    assert (one["n_decisions"], one["n_flips"]) == (spec["golden"]["n_cases"] - 1, 0)
    assert one["largest_difference"] < 1e-5
    assert proof["tested_decisions"] == []


@needs_chromium
def test_without_tasks_vision_the_graphs_are_proven_alone(
    lay_out: LayOut, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = lay_out("blendshapes")

    class Absent:
        """A package that cannot be fetched."""

        wanted = "@mediapipe/tasks-vision@1.1.0"

        @staticmethod
        def install() -> Path:
            raise MissingOutside("npm install", found="exit code 1", expected="@mediapipe/tasks-vision@1.1.0")

    monkeypatch.setattr(proving_in_browser, "TASKS_VISION", Absent)
    film = tmp_path / "film.mp4"
    from shared.video import FilmWriter, Frame

    writer = FilmWriter(film, 64, 64)
    for number in range(30):
        writer.add(Frame(number / 30, np.full((64, 64, 3), 90, np.uint8)))
    writer.close()
    assert main(["--browser", "--quick", "--json", "--spec", str(path), "--film", str(film)]) == 0
    document = json.loads(capsys.readouterr().out)
    notes = {f["field"]: f["note"] for f in document["findings"] if f["status"] == "skip"}
    assert "only the graphs were run" in notes["browser.landmarks"]
    assert "@mediapipe/tasks-vision" in notes["browser.film"]
    assert document["browser"]["execution_providers"] == ["wasm"]


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not FILM.is_file(), reason="needs a film of a face")
def test_the_landmarker_in_the_page_reads_what_pythons_reads(
    make_feature_model: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mediapipe")
    real = landmarker.find_model().read_bytes()
    model = make_feature_model(tmp_path / "models" / "one", "landmarks", landmarker=real)
    folder = write_handoff(HandoffConfig(model, tmp_path / "handoff")).folder
    spec_path = folder / "frontend_spec.json"
    assert main(["--browser", "--quick", "--json", "--spec", str(spec_path), "--film", str(FILM)]) == 0
    measured = json.loads(capsys.readouterr().out)["browser"]
    assert measured["landmarks"]["n_found"] >= 35
    assert measured["landmarks"]["n_with_border"] >= 1
    assert measured["landmarks"]["largest_difference_xy"] < 1e-3
    assert measured["landmarks"]["n_found_differs"] == 0
    assert measured["film"]["n_flips"] == 0
    proof_path = spec_path.with_name("browser_proof.json")
    [entry] = contracts.read_document(proof_path, "browser_proof")["tested_decisions"]
    assert 0 < entry["landmarker"]["ms"]["p50"] < entry["decision_ms"]["p50"]
