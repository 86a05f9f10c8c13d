"""A workspace with training people, the same people at play, and a model of brightness."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Path:
    """Drawn training people, what the same people are in play (darker), and a model of brightness."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    make_dataset(tmp_path / "datasets" / "people", subjects=8, protocol=protocol)
    make_dataset(tmp_path / "datasets" / "game", subjects=8, protocol=protocol)
    for path in (tmp_path / "datasets" / "game" / "images").iterdir():
        cv2.imwrite(str(path), (cv2.imread(str(path)) * 0.5).astype(np.uint8))
    nodes = [
        helper.make_node("ReduceMean", ["frames", "axes"], ["mean"], keepdims=0),
        helper.make_node("Identity", ["mean"], ["smile_prob"]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, 5, 3, 64, 64])],
        [helper.make_tensor_value_info("smile_prob", TensorProto.FLOAT, [1])],
        [helper.make_tensor("axes", TensorProto.INT64, [4], [1, 2, 3, 4])],
    )
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), tmp_path / "m.onnx")
    return tmp_path
