"""The hand-off of a model of landmarks or blendshapes: its spec, its golden vectors, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from shared import contracts, paths
from shared.dataset.feature_store import nearest_with_face
from shared.dataset.protocol import read_protocol
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.onnx.model import OnnxModel
from shared.onnx.pair import Window
from shared.onnx.stream import Decider, Rule
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from shared.web.spec_file import READMES
from tools.handoff.config import HandoffConfig
from tools.handoff.golden.features import FeatureCase, draw_feature_cases
from tools.handoff.write import Written, write_handoff

LANDMARKER = b"a landmarker"
MakeModel = Callable[..., Path]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with the landmarker's model among the fetched ones; no assets."""
    home = tmp_path / "home"
    (home / "artifacts" / "fetched").mkdir(parents=True)
    (home / "artifacts" / "fetched" / landmarker.MODEL_NAME).write_bytes(LANDMARKER)
    monkeypatch.setenv("SMILEBENCH_HOME", str(home))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "no-assets"))
    return home


@pytest.fixture
def hand_off(make_feature_model: MakeModel, tmp_path: Path) -> Callable[..., Written]:
    """Return a maker of hand-offs: ``hand_off("landmarks", **of_write_feature_model)``."""

    def make(kind: str, **rest: Any) -> Written:
        model = make_feature_model(tmp_path / "models" / kind, kind, **rest)
        return write_handoff(HandoffConfig(model, tmp_path / "handoff" / kind))

    return make


def test_the_spec_says_what_a_page_must_feed(hand_off: Callable[..., Written]) -> None:
    written = hand_off("landmarks")
    spec = contracts.read_document(written.folder / "frontend_spec.json", "frontend_spec")
    stated = spec["input"]
    assert (stated["kind"], stated["name"], stated["shape"]) == ("landmarks", "landmarks", [1, 5, 478, 3])
    assert (stated["layout"], stated["unit"], stated["uses_z"]) == ("NTPC", "fraction_of_square", False)
    assert stated["landmarker"] == {
        "file": "face_landmarker.task",
        "sha256": contracts.sha256_file(written.folder / "face_landmarker.task"),
        "running_mode": "IMAGE",
        "max_faces": 3,
        "face": "largest",
        "border": 0.25,
        "frame_without_face": "nearest",
        "window_without_face": 0,
    }
    assert spec["preprocessing"]["scale"] == "bytes"
    assert spec["graphs"][0]["inputs"][0]["shape"] == [1, "frames", 478, 3]
    assert [graph["role"] for graph in spec["graphs"]] == ["window"]
    assert [output["name"] for output in spec["outputs"]] == ["smile_prob"]
    assert spec["runtime"]["landmarker"] == {"npm_package": "@mediapipe/tasks-vision", "npm_version": "1.1.0"}
    package = json.loads((written.folder / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == {"onnxruntime-web": ONNXRUNTIME_WEB.version, TASKS_VISION.name: "1.1.0"}
    assert (written.folder / "smile-detector.landmarks.mjs").is_file()
    for name in READMES:
        text = (written.folder / name).read_text(encoding="utf-8")
        assert "`face_landmarker.task`" in text
        assert "encoder" not in text
    assert written.notes == ()


def test_whether_z_counts_is_asked_of_the_graph(hand_off: Callable[..., Written]) -> None:
    assert hand_off("landmarks", uses_z=True).spec["input"]["uses_z"] is True


def test_blendshapes_are_named_in_their_order(hand_off: Callable[..., Written]) -> None:
    stated = hand_off("blendshapes").spec["input"]
    assert (stated["kind"], stated["shape"], stated["unit"]) == ("blendshapes", [1, 5, 52], "score")
    assert stated["names"] == list(landmarker.BLENDSHAPES)
    assert "uses_z" not in stated


@pytest.mark.parametrize("kind", ["landmarks", "blendshapes"])
def test_golden_vectors_hold_pythons_outputs_and_fill_frames_without_a_face(
    kind: str, hand_off: Callable[..., Written], tmp_path: Path
) -> None:
    folder = hand_off(kind).folder / "golden"
    golden = contracts.read_document(folder / "golden.json", "golden")
    model = OnnxModel(tmp_path / "models" / kind / "smile_detector.onnx", threads=1)
    probs = {}
    for case in golden["cases"]:
        assert contracts.sha256_file(folder / case["input"]["file"]) == case["input"]["sha256"]
        values = np.fromfile(folder / case["input"]["file"], "<f4").reshape(case["input"]["shape"])
        found = [frame["found"] for frame in case["frames"]]
        assert not values[[not one for one in found]].any()  # without filling these are zeros
        nearest = nearest_with_face(found)
        prob = 0.0 if nearest is None else float(model.run(values[nearest][None]).smile_prob[0])
        assert case["smile_prob"] == pytest.approx(prob, abs=1e-7)
        assert case["is_smile"] == (prob > 0.4375)
        probs[case["name"]] = prob
    assert probs["no_face_at_all"] == 0
    assert probs["highest_of_many"] > probs["most_undecided_of_many"] > probs["lowest_of_many"] > 0
    lost = next(case for case in golden["cases"] if case["name"] == "face_lost_in_the_middle")
    assert [frame["found"] for frame in lost["frames"]] == [True, True, False, True, True]
    assert probs["face_lost_in_the_middle"] != probs["smile_begins"]


def test_names_of_emotions_are_not_promised_without_their_output(hand_off: Callable[..., Written]) -> None:
    spec = hand_off("landmarks").spec
    assert (spec["emotions"], spec["emotions_trained"]) == ([], [])


def of_photos(model: Path) -> Path:
    """Make a model one of single photos: its card and the ONNX's own notes."""
    graph = onnx.load(str(model))
    notes = {entry.key: entry.value for entry in graph.metadata_props}
    onnx.helper.set_model_props(graph, {**notes, "smilebench.frame_interval_ms": "0"})
    onnx.save(graph, str(model))
    path = model.with_name(paths.MODEL_CARD)
    card = contracts.read_json(path)
    card["frame_interval_ms"] = 0
    card["input"]["shape"][1] = 1
    card["onnx"].update(sha256=contracts.sha256_file(model), bytes=model.stat().st_size)
    contracts.write_document(path, card, "model")
    return model


def test_one_odd_photo_starts_no_smile_unless_asked(make_feature_model: MakeModel, tmp_path: Path) -> None:
    model = of_photos(make_feature_model(tmp_path / "photos", "landmarks"))
    spec = write_handoff(HandoffConfig(model, tmp_path / "out")).spec
    assert spec["frames"] == {"count": 1, "interval_ms": 0, "max_deviation_ms": 0, "max_step_ms": 2000}
    assert spec["decision"]["min_duration_ms"] == read_protocol().frame_interval_ms == 100
    high = spec["decision"]["threshold"] + 0.1
    decider = Decider(Rule.from_spec(spec))
    assert [decider.decide(high, t) for t in (0, 33, 66, 100)] == [False, False, False, True]
    spec = write_handoff(HandoffConfig(model, tmp_path / "out", min_duration_ms=0)).spec
    assert spec["decision"]["min_duration_ms"] == 0


def test_of_photos_a_window_is_one_frame(make_feature_model: MakeModel, tmp_path: Path) -> None:
    window = Window(make_feature_model(tmp_path / "photos", "landmarks").read_bytes())
    cases = draw_feature_cases("landmarks", 1, window)
    assert {case.features.shape for case in cases} == {(1, 478, 3)}
    assert len({case.name for case in cases}) == len(cases)
    assert [case.name for case in cases if case.filled is None] == ["no_face_at_all"]


def test_a_frame_without_a_face_takes_the_nearest_and_of_two_as_near_the_earlier() -> None:
    features = np.arange(5, dtype=np.float32)[:, None] * np.ones(52, np.float32)
    filled = FeatureCase("one", features, (False, True, False, True, False)).filled
    assert filled is not None
    assert filled[:, 0].tolist() == [1, 1, 1, 3, 3]


def test_the_landmarkers_model_comes_along_only_if_it_is_the_very_one(
    hand_off: Callable[..., Written], home: Path
) -> None:
    (home / "artifacts" / "fetched" / landmarker.MODEL_NAME).write_bytes(b"another")
    written = hand_off("landmarks")
    assert not (written.folder / landmarker.MODEL_NAME).exists()
    assert [note for note in written.notes if "fetch-models" in note]
    (home / "artifacts" / "fetched" / landmarker.MODEL_NAME).write_bytes(LANDMARKER)
    again = write_handoff(HandoffConfig(home.parent / "models/landmarks/smile_detector.onnx", written.folder))
    assert set(again.changed) == {landmarker.MODEL_NAME, "manifest.json", *READMES}


def test_a_second_run_changes_nothing(hand_off: Callable[..., Written], home: Path) -> None:
    written = hand_off("landmarks")
    model = home.parent / "models" / "landmarks" / "smile_detector.onnx"
    assert write_handoff(HandoffConfig(model, written.folder)).changed == ()


def change_card(model: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = model.with_name("model.json")
    card = json.loads(path.read_text(encoding="utf-8"))
    change(card)
    path.write_text(json.dumps(card), encoding="utf-8")


def another_landmarker(card: dict[str, Any]) -> None:
    card["input"]["landmark_model_sha256"] = "0" * 64


def another_shape(card: dict[str, Any]) -> None:
    card["input"]["shape"] = [1, 5, 468, 3]


def another_kind(card: dict[str, Any]) -> None:
    card["input"] |= {"name": "blendshapes", "shape": [1, 5, 52]}


def more_outputs(card: dict[str, Any]) -> None:
    card["outputs"].append({**card["outputs"][0], "name": "emotion_logits"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (another_landmarker, "landmark_model_sha256.*expected '0000"),
        (another_shape, r"landmarks \[1, 5, 478, 3\], expected landmarks \[1, 5, 468, 3\]"),
        (another_kind, r"expected blendshapes \[1, 5, 52\]"),
        (more_outputs, "expected a model with the outputs smile_prob"),
    ],
)
def test_a_card_that_is_about_another_graph_is_refused(
    change: Callable[[dict[str, Any]], Any], message: str, make_feature_model: MakeModel, tmp_path: Path
) -> None:
    model = make_feature_model(tmp_path / "models" / "one", "landmarks")
    change_card(model, change)
    with pytest.raises(InvalidInput, match=message):
        write_handoff(HandoffConfig(model, tmp_path / "handoff"))
    assert not (tmp_path / "handoff").exists()


def test_a_changed_graph_is_refused(make_feature_model: MakeModel, tmp_path: Path) -> None:
    model = make_feature_model(tmp_path / "models" / "one", "landmarks")
    graph = onnx.load(str(model))
    graph.graph.name = "tinier"
    onnx.save(graph, str(model))
    with pytest.raises(InvalidInput, match="changed after its export"):
        write_handoff(HandoffConfig(model, tmp_path / "handoff"))
