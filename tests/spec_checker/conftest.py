"""Small ONNX files of the model contract, with the card that the exporter would write beside them."""

import copy
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared import contracts
from shared.web.handoff_seal import write_manifest

CASES = {"small_40x30": (40, 30), "portrait_300x400": (300, 400)}
EXAMPLE = Path(__file__).parents[1] / "schemas" / "positive" / "model" / "ours.json"
Build = Callable[..., Path]


def notes_of(card: dict[str, Any]) -> dict[str, str]:
    """Say inside the ONNX what the exporter says there."""
    return {
        "smilebench.schema_version": "1",
        "smilebench.model_id": card["model_id"],
        "smilebench.classes": json.dumps(card["classes"]),
        "smilebench.positive_class": card["positive_class"],
        "smilebench.emotions": json.dumps(card["emotions"]),
        "smilebench.threshold": json.dumps(card["threshold"]["value"]),
        "smilebench.frame_interval_ms": json.dumps(card["frame_interval_ms"]),
        "smilebench.crop": card["crop"],
        "smilebench.resize": card["resize"],
        "smilebench.mirror": json.dumps(card["mirror"]),
    }


@pytest.fixture
def build_onnx() -> Build:
    """Return a maker of ONNX files: the mean brightness of a window through a sigmoid, and seven logits.

    ``build_onnx(path, notes={}, shape=(1, 5, 3, 224, 224), input_name="frames", prob_name="smile_prob", logits=7,
    activation="Sigmoid", lstm=False, int64=True, padding=0)``; `padding` adds that many unused bytes of weights.
    """

    def build(
        path: Path,
        notes: dict[str, str] | None = None,
        shape: tuple[int | str, ...] = (1, 5, 3, 224, 224),
        input_name: str = "frames",
        prob_name: str = "smile_prob",
        logits: int = 7,
        activation: str = "Sigmoid",
        lstm: bool = False,
        int64: bool = True,
        padding: int = 0,
    ) -> Path:
        # Opset 13 holds the axes of ReduceMean in an attribute: a graph without int64 is possible.
        weights = [("w", np.ones((1, logits), np.float32))]
        axes = list(range(1, len(shape)))
        nodes = [
            helper.make_node("ReduceMean", [input_name], ["mean"], axes=axes, keepdims=0),
            helper.make_node(activation, ["mean"], [prob_name]),
        ]
        if int64:
            weights.append(("one_one", np.array([1, 1], np.int64)))
            nodes.append(helper.make_node("Reshape", [prob_name, "one_one"], ["row"]))
        else:
            nodes.append(helper.make_node("ReduceMean", [input_name], ["row"], axes=axes[1:], keepdims=0))
            weights[0] = ("w", np.ones((5, logits), np.float32))
        nodes.append(helper.make_node("MatMul", ["row", "w"], ["emotion_logits"]))
        if lstm:
            # The recurrence takes the frames' colours and adds 0, so that the outputs stay those of the mean.
            weights += [("lw", np.zeros((1, 8, 3), np.float32)), ("lr", np.zeros((1, 8, 2), np.float32))]
            nodes[1:1] = [
                helper.make_node("ReduceMean", [input_name], ["colours"], axes=[3, 4], keepdims=0),
                helper.make_node("LSTM", ["colours", "lw", "lr"], ["", "hidden"], hidden_size=2),
                helper.make_node("ReduceMean", ["hidden"], ["nothing"], axes=[0, 1, 2], keepdims=0),
                helper.make_node("HardSwish", ["nothing"], ["still_nothing"]),
                helper.make_node("Add", ["mean", "still_nothing"], ["sum"]),
            ]
            nodes[6].input[0] = "sum"
        if padding:
            weights.append(("padding", np.random.default_rng(0).random(padding // 4, dtype=np.float32)))
            nodes.append(helper.make_node("Identity", ["padding"], ["unused"]))
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, list(shape))],
            [
                helper.make_tensor_value_info(prob_name, TensorProto.FLOAT, [1]),
                helper.make_tensor_value_info("emotion_logits", TensorProto.FLOAT, [1, logits]),
            ],
            [numpy_helper.from_array(values, name) for name, values in weights],
        )
        opset = 14 if lstm else 13
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        helper.set_model_props(model, notes or {})
        onnx.save(model, str(path))
        return path

    return build


@pytest.fixture
def make_model(tmp_path: Path, build_onnx: Build) -> Callable[..., Path]:
    """Return a maker of model folders: an ONNX of the contract with model.json beside it; gives the ONNX.

    ``make_model(card={...}, notes={...}, **of_build_onnx)``; what is given overrides what would be right.
    """

    def make(card: dict[str, Any] | None = None, notes: dict[str, str] | None = None, **rest: Any) -> Path:
        folder = tmp_path / "models" / "people-epoch10"
        folder.mkdir(parents=True, exist_ok=True)
        document = {**copy.deepcopy(json.loads(EXAMPLE.read_text(encoding="utf-8"))), **(card or {})}
        path = build_onnx(folder / "smile_detector.onnx", {**notes_of(document), **(notes or {})}, **rest)
        loaded = onnx.load(str(path))
        if "onnx" not in (card or {}):
            document["onnx"] = {
                "file": path.name,
                "sha256": contracts.sha256_file(path),
                "bytes": path.stat().st_size,
                "opset": loaded.opset_import[0].version,
                "operators": sorted({node.op_type for node in loaded.graph.node}),
            }
        contracts.write_document(folder / "model.json", document, "model")
        return path

    return make


def write_golden(folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """Write golden vectors of gray and noisy pictures for the ONNX in a folder; gives the spec's entry."""
    import cv2
    import onnxruntime

    from shared.preprocess import crop_and_resize, to_batch

    def put(name: str, data: bytes) -> dict[str, str]:
        (folder / "golden" / name).write_bytes(data)
        return {"file": name, "sha256": hashlib.sha256(data).hexdigest()}

    (folder / "golden").mkdir(exist_ok=True)
    session = onnxruntime.InferenceSession(str(folder / spec["model"]["file"]), providers=["CPUExecutionProvider"])
    document: dict[str, Any] = {"schema_version": 1, "model_sha256": spec["model"]["sha256"], "cases": []}
    for name, (width, height) in CASES.items():
        frames = []
        crops = []
        for k in range(5):
            picture = np.random.default_rng(k).integers(40 * k, 40 * k + 60, (height, width, 3), dtype=np.uint8)
            crops.append(crop_and_resize(picture))
            written = {
                key: put(f"{name}_{k}_{key}.png", cv2.imencode(".png", pixels[..., ::-1])[1].tobytes())
                for key, pixels in (("picture", picture), ("crop", crops[-1]))
            }
            frames.append({"timestamp_ms": 100 * k, **written})
        prob, logits = session.run(None, {session.get_inputs()[0].name: to_batch(np.stack(crops))})
        document["cases"].append(
            {
                "name": name,
                "width_px": width,
                "height_px": height,
                "frames": frames,
                "features": None,
                "smile_prob": float(np.ravel(prob)[0]),
                "emotion_logits": [float(value) for value in np.ravel(logits)],
                "is_smile": bool(np.ravel(prob)[0] > spec["decision"]["threshold"]),
            }
        )
    path = folder / "golden" / "golden.json"
    contracts.write_document(path, document, "golden")
    return {"file": "golden/golden.json", "sha256": contracts.sha256_file(path), "n_cases": len(CASES)}


@pytest.fixture
def lay_out(make_model: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of hand-offs of one small graph with its card beside it; gives the spec's path.

    Takes the arguments of `make_model`, with which the ONNX or the card can contradict the spec.
    """

    def lay_out(card: dict[str, Any] | None = None, **rest: Any) -> Path:
        model = make_model(card, **rest)
        folder = tmp_path / "web"
        folder.mkdir(exist_ok=True)
        for path in (model, model.with_name("model.json")):
            (folder / path.name).write_bytes(path.read_bytes())
        spec = json.loads((EXAMPLE.parents[1] / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        spec["model"] = document["onnx"]
        spec["spec_id"] = document["model_id"]
        spec["graphs"] = [{**spec["graphs"][0], **spec["model"]}]
        spec["golden"] = write_golden(folder, spec)
        contracts.write_document(folder / "frontend_spec.json", spec, "frontend_spec")
        return folder / "frontend_spec.json"

    return lay_out


@pytest.fixture
def handoff(lay_out: Callable[..., Path]) -> tuple[Path, dict[str, Any]]:
    """Lay out a good hand-off; give its spec's path and content."""
    path = lay_out(lstm=True)
    return path, json.loads(path.read_text(encoding="utf-8"))


# Each place of the window has its own weight, so that frames in another order give another answer.
PLACES = np.array([1, 2, 4, 8, 16], np.float32) / 31


def save_graph(path: Path, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, Any], notes: Any) -> None:
    """Save a graph of float32 tensors without int64; `weights` and `ones` are there for all."""
    declared, given = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in tensors.items()]
        for tensors in (inputs, outputs)
    )
    constants = {"weights": PLACES.reshape(1, 5, 1), "ones": np.ones((5, 7), np.float32)}
    used = {name for node in nodes for name in node.input}
    weights = [numpy_helper.from_array(values, name) for name, values in constants.items() if name in used]
    graph = helper.make_graph(nodes, "tiny", declared, given, weights)
    # Opset 12: the axes of both Reduce operators are attributes, so there is no int64 and WebGL loads it.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=7)
    helper.set_model_props(model, notes)
    onnx.save(model, str(path))


@pytest.fixture
def stream_folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """Return a whole hand-off that a test may spoil: a copy of `tiny_folder`."""
    return shutil.copytree(tiny_folder, tmp_path / "handoff" / "tiny")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a whole hand-off with a tiny streaming pair and the real client; features are a frame's mean colours."""
    import onnxruntime

    from shared.preprocess import crop_and_resize, to_batch

    folder = tmp_path_factory.mktemp("handoff") / "tiny"
    (folder / "golden").mkdir(parents=True)
    for file in (Path(__file__).parents[2] / "tools" / "handoff" / "client").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    spec = json.loads((EXAMPLE.parents[1] / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
    card = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    answers = {"smile_prob": [1], "emotion_logits": [1, 7]}
    head = [
        helper.make_node("Mul", ["features", "weights"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["mean"], axes=[2], keepdims=0),
        helper.make_node("ReduceSum", ["mean"], ["smile_prob"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["mean", "ones"], ["emotion_logits"]),
    ]

    def see(name: str, axes: list[int]) -> Any:
        return helper.make_node("ReduceMean", [name], ["features"], axes=axes, keepdims=0)

    made = {
        ("window", "plain"): ([see("frames", [3, 4]), *head], {"frames": [1, 5, 3, 224, 224]}, answers),
        ("encoder", "plain"): ([see("frame", [2, 3])], {"frame": [1, 3, 224, 224]}, {"features": [1, 3]}),
        ("head", "plain"): (head, {"features": [1, 5, 3]}, answers),
        ("encoder", "webgl"): ([see("frame", [2, 3])], {"frame": [1, 3, 224, 224]}, {"features": [1, 3]}),
    }
    spec["graphs"] = []
    for (role, variant), (nodes, inputs, outputs) in made.items():
        name = role if variant == "plain" else f"{role}_{variant}"
        path = folder / ("smile_detector.onnx" if role == "window" else f"{name}.onnx")
        save_graph(path, nodes, inputs, outputs, notes_of(card) if role == "window" else {"name": name})
        entry = {
            "file": path.name,
            "sha256": contracts.sha256_file(path),
            "bytes": path.stat().st_size,
            "opset": 12,
            "operators": sorted({node.op_type for node in nodes}),
        }
        tensors = {
            key: [{"name": n, "shape": shape, "dtype": "float32", "meaning": n} for n, shape in shapes.items()]
            for key, shapes in (("inputs", inputs), ("outputs", outputs))
        }
        spec["graphs"].append({"name": name, "role": role, "variant": variant, **entry, **tensors, "verdict": None})
        if role == "window":
            spec["model"] = entry
            card["onnx"] = entry
    contracts.write_document(folder / "model.json", card, "model")
    pinned = {spec["runtime"]["npm_package"]: spec["runtime"]["npm_version"]}
    (folder / "package.json").write_text(json.dumps({"dependencies": pinned}), encoding="utf-8")
    spec["golden"] = write_golden(folder, spec)
    golden = json.loads((folder / "golden" / "golden.json").read_text(encoding="utf-8"))
    encoder = onnxruntime.InferenceSession(str(folder / "encoder.onnx"), providers=["CPUExecutionProvider"])
    for number, case in enumerate(golden["cases"]):
        width, height = case["width_px"], case["height_px"]
        pictures = [
            np.random.default_rng(k).integers(40 * k, 40 * k + 60, (height, width, 3), np.uint8) for k in range(5)
        ]
        batch = to_batch(np.stack([crop_and_resize(picture) for picture in pictures]))[0]
        features = np.concatenate([encoder.run(None, {"frame": frame[None]})[0] for frame in batch]).astype("<f4")
        (folder / "golden" / f"{number}.bin").write_bytes(features.tobytes())
        sha256 = hashlib.sha256(features.tobytes()).hexdigest()
        case["features"] = {"file": f"{number}.bin", "sha256": sha256, "shape": list(features.shape)}
    contracts.write_document(folder / "golden" / "golden.json", golden, "golden")
    spec["golden"]["sha256"] = contracts.sha256_file(folder / "golden" / "golden.json")
    contracts.write_document(folder / "frontend_spec.json", spec, "frontend_spec")
    write_manifest(folder, [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()])
    return folder
