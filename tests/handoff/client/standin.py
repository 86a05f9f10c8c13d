"""A hand-off folder with graphs so small that its answers can be worked out by hand.

A frame's features are the means of its red, green and blue. The output that decides, smile_prob by default, is the red
of the five frames, weighted 1 to 5 from the oldest to the newest and divided by 15, so that a wrong order or a wrong
frame changes it. emotion_logits are red, green, blue of the same weighted mean, then 3, 4, 5, 6.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from shared import contracts, paths
from tools.handoff.folder import client_files

SIZE_PX = 32
COUNT = 5
OPSET = 18
F32 = TensorProto.FLOAT


def _constants(**values: np.ndarray) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(array, name) for name, array in values.items()]


def _model(nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> bytes:
    graph = helper.make_graph(nodes, "standin", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _head_nodes(features: str, prob: str) -> list[Any]:
    return [
        helper.make_node("Mul", [features, "weights"], ["weighted"]),
        helper.make_node("ReduceSum", ["weighted", "axis_1"], ["mean"], keepdims=0),
        helper.make_node("Slice", ["mean", "zero", "one", "axis_1"], ["red"]),
        helper.make_node("Reshape", ["red", "one"], [prob]),
        helper.make_node("Concat", ["mean", "rest"], ["emotion_logits"], axis=1),
    ]


def _head_constants() -> list[Any]:
    weights = (np.arange(1, COUNT + 1, dtype=np.float32) / 15).reshape(1, COUNT, 1)
    return _constants(
        weights=weights,
        axis_1=np.array([1]),
        zero=np.array([0]),
        one=np.array([1]),
        rest=np.array([[3, 4, 5, 6]], np.float32),
    )


def _graphs(
    prob: str, size: int
) -> dict[str, tuple[str, str, bytes, list[tuple[str, list[Any], str]], list[tuple[str, list[Any]]]]]:
    """Name to (role, variant, bytes, inputs, outputs)."""
    answers = [(prob, [1]), ("emotion_logits", [1, 7])]
    out = [helper.make_tensor_value_info(name, F32, shape) for name, shape in answers]
    features = [helper.make_tensor_value_info("features", F32, [1, 3])]
    encoder = _model(
        [helper.make_node("ReduceMean", ["frame", "axes"], ["features"], keepdims=0)],
        [helper.make_tensor_value_info("frame", F32, [1, 3, size, size])],
        features,
        _constants(axes=np.array([2, 3])),
    )
    head = _model(
        _head_nodes("features", prob),
        [helper.make_tensor_value_info("features", F32, [1, COUNT, 3])],
        out,
        _head_constants(),
    )
    window = _model(
        [helper.make_node("ReduceMean", ["frames", "axes"], ["features"], keepdims=0), *_head_nodes("features", prob)],
        [helper.make_tensor_value_info("frames", F32, [1, COUNT, 3, size, size])],
        out,
        [*_head_constants(), *_constants(axes=np.array([3, 4]))],
    )
    pixels = _model(
        [
            helper.make_node("Slice", ["rgba", "from", "to", "axis_2"], ["rgb"]),
            helper.make_node("Cast", ["rgb"], ["floats"], to=F32),
            helper.make_node("ReduceMean", ["floats", "axes"], ["bytes"], keepdims=0),
            helper.make_node("Div", ["bytes", "most"], ["fractions"]),
            helper.make_node("Reshape", ["fractions", "shape"], ["features"]),
        ],
        [helper.make_tensor_value_info("rgba", TensorProto.UINT8, ["height", "width", 4])],
        features,
        _constants(
            **{"from": np.array([0]), "to": np.array([3]), "axis_2": np.array([2])},
            axes=np.array([0, 1]),
            most=np.array(255, np.float32),
            shape=np.array([1, 3]),
        ),
    )
    return {
        "window": ("window", "plain", window, [("frames", [1, COUNT, 3, size, size], "float32")], answers),
        "encoder": ("encoder", "plain", encoder, [("frame", [1, 3, size, size], "float32")], [("features", [1, 3])]),
        "head": ("head", "plain", head, [("features", [1, COUNT, 3], "float32")], answers),
        "encoder_pixels": (
            "encoder",
            "pixels",
            pixels,
            [("rgba", ["height", "width", 4], "uint8")],
            [("features", [1, 3])],
        ),
    }


def write_standin(
    folder: Path,
    *,
    threshold: float = 0.5,
    release_threshold: float = 0.4,
    min_duration_ms: float = 0,
    max_deviation_ms: float = 50,
    providers: tuple[str, ...] = ("wasm",),
    positive_class: str = "smile",
    size_px: int = SIZE_PX,
) -> dict[str, Any]:
    """Write the folder with the client's own files and a browser proof; returns the spec.

    Args:
        folder: Made if it is not there.
        threshold: Of the decision.
        release_threshold: Of the decision.
        min_duration_ms: Of the decision.
        max_deviation_ms: How far a frame may lie from its place in the window.
        providers: Those that the proof calls proven; without any nothing is.
        positive_class: What the output that decides is named after.
        size_px: Side of the square that it sees.
    """
    prob = f"{positive_class}_prob"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in client_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    graphs, tested = [], []
    for name, (role, variant, data, inputs, outputs) in _graphs(prob, size_px).items():
        file = "smile_detector.onnx" if name == "window" else f"{name}.onnx"
        (folder / file).write_bytes(data)
        sha256 = contracts.sha256_file(folder / file)
        graphs.append(
            {
                "name": name,
                "role": role,
                "variant": variant,
                "file": file,
                "sha256": sha256,
                "bytes": len(data),
                "opset": OPSET,
                "operators": ["ReduceMean"],
                "inputs": [
                    {"name": own, "shape": shape, "dtype": dtype, "meaning": "see standin.py"}
                    for own, shape, dtype in inputs
                ],
                "outputs": [
                    {"name": own, "shape": shape, "dtype": "float32", "meaning": "see standin.py"}
                    for own, shape in outputs
                ],
                "verdict": None,
            }
        )
        tested.extend(
            {
                "graph": name,
                "sha256": sha256,
                "execution_provider": provider,
                "threads": 1,
                "browser": "Chromium 156",
                "device": "a test",
                "created_utc": "2026-01-22T11:25:34Z",
                "loads": True,
                "reason": None,
                "largest_difference": 0.0,
                "n_decisions": 6,
                "n_flips": 0,
                "latency_ms": {"first": 2.0, "p50": 1.0, "p95": 1.5, "n": 20},
            }
            for provider in providers
        )
    window = graphs[0]
    emotions = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    spec: dict[str, Any] = {
        "schema_version": 3,
        "spec_id": "standin",
        "created_utc": "2026-01-22T11:25:34Z",
        "synthetic": True,
        "model": {key: window[key] for key in ("file", "sha256", "bytes", "opset", "operators")},
        "input": {
            "name": "frames",
            "shape": [1, COUNT, 3, size_px, size_px],
            "dtype": "float32",
            "layout": "NTCHW",
            "color": "RGB",
            "range": [0, 1],
        },
        "outputs": window["outputs"],
        "classes": [f"non_{positive_class}", positive_class],
        "positive_class": positive_class,
        "emotions": emotions,
        "emotions_trained": ["happy", "neutral"],
        "decision": {
            "output": prob,
            "operator": ">",
            "threshold": threshold,
            "chosen_on": "validation",
            "release_threshold": release_threshold,
            "min_duration_ms": min_duration_ms,
        },
        "frames": {"count": COUNT, "interval_ms": 100, "max_deviation_ms": max_deviation_ms},
        "preprocessing": {
            "crop": "center_square",
            "resize": "area",
            "width_px": size_px,
            "height_px": size_px,
            "mirror": False,
            "scale": "pixel / 255",
        },
        "runtime": {"npm_package": "onnxruntime-web", "npm_version": "1.30.0"},
        "graphs": graphs,
        "tolerance": {
            prob: 1e-4,
            "emotion_logits": 1e-3,
            "features": 1e-3,
            f"{prob}_javascript": 0.02,
            f"{prob}_pixels": 1e-3,
        },
        "golden": {"file": "golden/golden.json", "sha256": "0" * 64, "n_cases": 1},
    }
    contracts.write_document(folder / paths.SPEC_FILE, spec, "frontend_spec")
    proof = {
        "schema_version": 1,
        "spec_id": spec["spec_id"],
        "spec_sha256": contracts.sha256_file(folder / paths.SPEC_FILE),
        "created_utc": "2026-01-22T11:25:34Z",
        "execution_providers": list(providers),
        "tested": tested,
        "tested_decisions": [],
    }
    contracts.write_document(folder / paths.PROOF_FILE, proof, "browser_proof")
    return spec
