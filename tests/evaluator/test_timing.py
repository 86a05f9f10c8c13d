"""How long a decision takes: what is timed, and what is refused. Nobody asserts how fast."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared import contracts
from shared.dataset.reader import Dataset, open_dataset
from shared.faces.landmarker import NO_FACE
from tools.evaluator import cli, timing
from tools.evaluator.config import TimingConfig
from tools.evaluator.timing import measure_times

POSITIVE = Path(__file__).parents[1] / "schemas" / "positive"


def write_mean(path: Path, name: str, shape: list[Any], output: str, out_shape: list[Any], axes: list[int]) -> Path:
    """Write a graph that averages over axes: tiny, and real."""
    nodes = [helper.make_node("ReduceMean", [name, "axes"], [output], keepdims=0)]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, out_shape)],
        [helper.make_tensor("axes", TensorProto.INT64, [len(axes)], axes)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def write_window(path: Path) -> Path:
    return write_mean(path, "frames", [1, 5, 3, 224, 224], "smile_prob", [1], [1, 2, 3, 4])


def write_handoff(folder: Path, window: Path) -> Path:
    """Write a hand-off of encoder and head that are as tiny."""
    folder.mkdir()
    write_mean(folder / "encoder.onnx", "frame", [1, 3, 224, 224], "features", [1, 3], [2, 3])
    write_mean(folder / "head.onnx", "features", [1, 5, 3], "smile_prob", [1], [1, 2])
    spec = json.loads((POSITIVE / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
    graph = {**spec["graphs"][0], "verdict": None, "variant": "plain"}
    spec["graphs"] = [{**graph, "name": name, "role": name, "file": f"{name}.onnx"} for name in ("encoder", "head")]
    spec["model"]["sha256"] = contracts.sha256_file(window)
    contracts.write_document(folder / "frontend_spec.json", spec, "frontend_spec")
    return folder


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=3)


def test_windows_and_the_stream_of_a_hand_off_are_timed_in_turns(people: Dataset, tmp_path: Path) -> None:
    window = write_window(tmp_path / "window.onnx")
    points = write_mean(tmp_path / "points.onnx", "landmarks", [1, "T", 478, 3], "smile_prob", [1], [1, 2, 3])
    handoff = write_handoff(tmp_path / "handoff", window)
    words = ["time", "--dataset", "people", "--model", f"dual={window}", "--model", f"points={points}", "--quiet"]
    assert cli.main([*words, "--handoff", f"dual={handoff}", "--rounds", "4"]) == 0
    (file,) = (tmp_path / "artifacts" / "timings").iterdir()
    found = contracts.read_document(file, "timings")
    dual, small = found["models"]
    assert (dual["name"], dual["kind"], dual["frame_count"]) == ("dual", "frames", 5)
    assert (small["kind"], small["frame_count"]) == ("landmarks", 5)  # any T: as many pictures as the dataset has
    assert dual["bytes"] == window.stat().st_size
    assert small["stream_ms"] is None
    assert all(span["n"] == 4 for span in (dual["window_ms"], dual["stream_ms"], small["window_ms"]))
    assert dual["window_ms"]["p95"] >= dual["window_ms"]["p50"] > 0
    assert found["landmarker"] is None
    assert found["machine"]["cores"] >= 1


def test_the_stream_encodes_one_new_picture_a_decision_and_the_window_all(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = write_window(tmp_path / "window.onnx")
    handoff = write_handoff(tmp_path / "handoff", window)
    seen: list[tuple[str, tuple[int, ...]]] = []
    real = timing.run_session

    def spy(session: Any, inputs: dict[str, Any], what: str) -> dict[str, Any]:
        seen.extend((what, value.shape) for value in inputs.values())
        return real(session, inputs, what)

    monkeypatch.setattr(timing, "run_session", spy)
    out = tmp_path / "out"
    measure_times(TimingConfig(people.folder, (("dual", window),), (("dual", handoff),), False, 2, out))
    assert set(seen) == {("encoder", (1, 3, 224, 224)), ("head", (1, 5, 3))}
    assert len(seen) == 2 * (2 + timing._WARM_UP)


def test_faces_are_read_one_picture_a_decision(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "face_landmarker.task"
    model.write_bytes(b"task")
    shapes: list[tuple[int, ...]] = []

    class Landmarker:
        def __init__(self) -> None:
            self.model, self.model_sha256 = model, contracts.sha256_file(model)

        def read(self, picture: np.ndarray) -> Any:
            shapes.append(picture.shape)
            return NO_FACE

        def close(self) -> None:
            shapes.append(())

    monkeypatch.setattr(timing, "FaceLandmarker", Landmarker)
    found = measure_times(TimingConfig(people.folder, (), (), True, 3, tmp_path / "out")).document["landmarker"]
    assert (found["file"], found["bytes"], found["reading_ms"]["n"]) == ("face_landmarker.task", 4, 3)
    assert shapes == [*[(224, 224, 3)] * (3 + timing._WARM_UP), ()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "nothing to time"),
        (["--model", "dual"], "NAME=PATH"),
        (["--model", "dual=a.onnx", "--model", "dual=b.onnx"], "a name twice"),
        (["--model", "dual=a.onnx", "--handoff", "other=h"], "the name of a --model"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], expected: str, people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["time", "--dataset", "people", *words]) == 2
    assert expected in capsys.readouterr().err


def test_the_hand_off_of_another_model_is_refused(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = write_window(tmp_path / "window.onnx")
    handoff = write_handoff(tmp_path / "handoff", window)
    other = write_mean(tmp_path / "other.onnx", "frames", [1, 5, 3, 224, 224], "smile_prob", [1], [4, 3, 2, 1])
    words = ["time", "--dataset", "people", "--model", f"dual={other}", "--handoff", f"dual={handoff}"]
    assert cli.main(words) == 1
    assert "the hand-off of another model" in capsys.readouterr().err
    assert not (tmp_path / "artifacts" / "timings").exists()


def test_photos_are_timed_as_windows_of_one(tmp_path: Path, people: Dataset) -> None:
    single = write_mean(tmp_path / "single.onnx", "frames", [1, 1, 3, 224, 224], "smile_prob", [1], [1, 2, 3, 4])
    found = measure_times(TimingConfig(open_dataset(people.folder).folder, (("one", single),), (), False, 1, tmp_path))
    assert found.document["models"][0]["frame_count"] == 1
