"""Emotions: macro F1 by hand, the interval by person, two models on the same people, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared import contracts
from shared.dataset.protocol import EMOTIONS, parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from tools.evaluator import cli
from tools.evaluator.emotions import macro_f1


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    return make_dataset(tmp_path / "datasets" / "people", subjects=4, protocol=protocol)


def _write_model(path: Path, emotion: str | None) -> Path:
    """Write a model of the contract that always names one emotion, or has no such head."""
    frames = helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, 5, 3, 64, 64])
    logits = np.zeros((1, 7), np.float32)
    outputs, nodes = [helper.make_tensor_value_info("smile_prob", TensorProto.FLOAT, [1])], []
    nodes.append(helper.make_node("ReduceMean", ["frames"], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Reshape", ["mean", "one"], ["smile_prob"]))
    constants = [helper.make_tensor("one", TensorProto.INT64, [1], [1])]
    if emotion:
        logits[0, EMOTIONS.index(emotion)] = 1
        outputs.append(helper.make_tensor_value_info("emotion_logits", TensorProto.FLOAT, [1, 7]))
        constants.append(helper.make_tensor("named", TensorProto.FLOAT, [1, 7], logits.ravel()))
        nodes.append(helper.make_node("Identity", ["named"], ["emotion_logits"]))
    graph = helper.make_graph(nodes, "test", [frames], outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def _measure(*words: object) -> int:
    return cli.main(["emotions", "--dataset", "people", "--min-people", "2", "--quiet", *map(str, words)])


def test_macro_f1_is_the_mean_over_the_emotions_that_count() -> None:
    named, truth = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    # F1 of 0: 2 * 1 / (2 + 1); of 1: 2 * 1 / (1 + 2); of 2: 1, which does not count here.
    assert macro_f1(named, truth, [0, 1], np.ones(4)) == pytest.approx(2 / 3)
    assert macro_f1(named, truth, [0, 1], np.array([1.0, 0.0, 1.0, 1.0])) == 1.0


def test_two_models_are_measured_on_the_same_people(people: Dataset, tmp_path: Path) -> None:
    first, second = (_write_model(tmp_path / f"{name}.onnx", name) for name in ("happy", "neutral"))
    assert _measure("--model", first, "--model", second) == 0
    (file,) = (tmp_path / "artifacts" / "results").glob("people_emotions_*.json")
    document = contracts.read_document(file, "emotion_results")
    assert document["counted"] == ["happy", "neutral"]  # in the order of EMOTIONS
    # Half of the sequences show each: F1 is 2/3 for the one that is named and 0 for the other.
    assert [model["macro_f1"]["value"] for model in document["models"]] == [pytest.approx(1 / 3)] * 2
    assert document["models"][0]["f1"] == {"happy": pytest.approx(2 / 3), "neutral": 0.0}
    assert document["difference"]["value"] == pytest.approx(0)
    assert sum(map(sum, document["models"][0]["confusion"])) == len(people.rows)


def test_a_classifier_of_faces_is_asked_as_its_json_says(people: Dataset, tmp_path: Path) -> None:
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 64, 64, 1])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 7])
    named = helper.make_tensor("named", TensorProto.FLOAT, [1, 7], np.eye(7, dtype=np.float32)[6])
    graph = helper.make_graph([helper.make_node("Identity", ["named"], ["scores"])], "t", [image], [scores], [named])
    path = tmp_path / "classifier.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    classes = [*[each for each in EMOTIONS if each != "happy"], "happy"]
    card: dict[str, Any] = {
        "input": {"name": "image", "shape": [1, 64, 64, 1], "normalization": "(pixel / 255 - 0.5) * 2"},
        "output": {"classes": classes},
    }
    path.with_suffix(".json").write_text(json.dumps(card))
    code = _measure("--model", path)
    if code == 3:
        pytest.skip("no YuNet here: ./inv fetch-models")
    (file,) = (tmp_path / "artifacts" / "results").glob("people_emotions_*.json")
    document = contracts.read_document(file, "emotion_results")
    assert document["models"][0]["f1"]["happy"] == pytest.approx(2 / 3)  # its last class, whatever our order
    path.with_suffix(".json").write_text(json.dumps({"input": {"shape": [1, 3, 64, 64]}}))
    assert _measure("--model", path) == 1


def test_a_model_without_emotions_is_refused(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _measure("--model", _write_model(tmp_path / "plain.onnx", None)) == 1
    assert "emotion_logits" in capsys.readouterr().err


def test_emotions_that_too_few_people_show_do_not_count(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _measure("--model", _write_model(tmp_path / "happy.onnx", "happy"), "--min-people", 100) == 1
    assert "lower --min-people" in capsys.readouterr().err
