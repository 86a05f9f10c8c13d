"""Providers: which numbers come out, in which order, of pictures whose answer was worked out by hand."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.faces.detector import Face
from shared.faces.providers import ENET_CHANNELS, Emotions, Enet, open_provider
from tools.timeline.config import MomentsConfig, TimelineConfig
from tools.timeline.moments.write import write_moments
from tools.timeline.table.build import build
from tools.timeline.table.rows import read_timeline

FACE = Face((20.0, 20.0, 60.0, 60.0), 0.9, 0.0, 0.0)


def save(path: Path, size: tuple[int, ...], weights: np.ndarray, axes: list[int]) -> Path:
    """Write a graph that gives the mean of its picture by channel, times weights."""
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["output"]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, weights.shape[1]])]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, list(size))]
    constants = [numpy_helper.from_array(weights.astype(np.float32), "weights")]
    graph = helper.make_graph(nodes, "means", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def test_enet_gets_rgb_with_imagenets_mean_and_softmax_is_over_its_first_eight_outputs(tmp_path: Path) -> None:
    weights = np.zeros((3, 10))
    weights[0, 4] = 1.0  # happiness from red
    weights[2, 8], weights[1, 9] = 1.0, 1.0  # valence from blue, arousal from green
    provider = Enet(save(tmp_path / "enet.onnx", (1, 3, 224, 224), weights, [2, 3]))
    picture = np.full((80, 80, 3), (255, 128, 0), np.uint8)
    found = dict(zip(ENET_CHANNELS, provider.read(picture, FACE).tolist(), strict=True))
    red, green, blue = (1 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (0 - 0.406) / 0.225
    assert found["happiness"] == pytest.approx(np.exp(red) / (np.exp(red) + 7), rel=1e-4)
    assert sum(found[name] for name in ENET_CHANNELS[:8]) == pytest.approx(1, abs=1e-6)
    assert found["valence"] == pytest.approx(blue, rel=1e-4)
    assert found["arousal"] == pytest.approx(green, rel=1e-3)
    assert (provider.about.fun, provider.about.arousal) == (("happiness",), "arousal")


def test_an_enet_of_other_numbers_is_refused(tmp_path: Path) -> None:
    provider = Enet(save(tmp_path / "eight.onnx", (1, 3, 224, 224), np.zeros((3, 8)), [2, 3]))
    with pytest.raises(InvalidInput, match="8 outputs, expected 10: anger"):
        provider.read(np.zeros((80, 80, 3), np.uint8), FACE)
    with pytest.raises(InvalidInput, match=r"expected \(N, 3, 224, 224\)"):
        Enet(save(tmp_path / "small.onnx", (1, 3, 112, 112), np.zeros((3, 10)), [2, 3]))


def write_card(path: Path, classes: list[str]) -> None:
    shape = {"name": "input", "shape": [1, 64, 64, 1], "normalization": "(pixel / 255 - 0.5) * 2"}
    path.with_suffix(".json").write_text(json.dumps({"input": shape, "output": {"classes": classes}}))


def test_channels_are_named_by_the_card_and_those_that_mean_fun_are_known(tmp_path: Path) -> None:
    path = save(tmp_path / "c.onnx", (1, 64, 64, 1), np.array([[0.25, 0.5]]), [1, 2])
    write_card(path, ["calm", "Happiness"])
    provider = Emotions(path)
    white = np.full((80, 80, 3), 255, np.uint8)
    assert provider.read(white, FACE).tolist() == [0.25, 0.5]
    assert provider.about.fun == ("Happiness",)
    write_card(path, ["calm", "Happiness", "rage"])
    with pytest.raises(InvalidInput, match="found 2 numbers, expected calm, Happiness, rage"):
        Emotions(path).read(white, FACE)


def test_a_model_without_a_channel_of_fun_says_what_it_has_and_any_can_be_chosen(
    bright_film: Path, tmp_path: Path
) -> None:
    path = save(tmp_path / "c.onnx", (1, 64, 64, 1), np.array([[1.0, 0.1]]), [1, 2])
    write_card(path, ["grin", "calm"])
    build(TimelineConfig(bright_film, tmp_path / "t", 2, "emotions", str(path), "none", None, "own"))
    with pytest.raises(InvalidInput, match=r"found grin, calm, expected one that means fun.*--channel NAME"):
        write_moments(tmp_path / "t", MomentsConfig())
    found = write_moments(tmp_path / "t", MomentsConfig(channels=("grin",), high=0.3)).document["moments"]
    assert [one["onset_s"] for one in found] == [8.0, 20.0]
    timeline = read_timeline(tmp_path / "t")
    assert timeline.channels["grin"][20] == pytest.approx(0.6, abs=0.02)  # 0.8 of white, from -1 to 1


def test_the_blendshapes_of_a_cut_without_a_face_are_nan() -> None:
    pytest.importorskip("mediapipe")
    if not any((folder / landmarker.MODEL_NAME).is_file() for folder in landmarker.model_folders()):
        pytest.skip("no landmark model beside the project")
    with open_provider("blendshapes") as provider:
        assert np.isnan(provider.read(np.zeros((80, 80, 3), np.uint8), FACE)).all()
        assert provider.about.fun == ("mouthSmileLeft", "mouthSmileRight")
