"""The graphs: encoder and head equal the window, and every rewritten encoder equals the encoder."""

import functools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.torch
from onnx import TensorProto, helper

from shared.arrays import U8
from shared.golden.drawing import draw_face, draw_windows
from shared.models import build_network
from shared.models.onnx_export import export_stream
from shared.onnx.graph import Graph, parse_graph
from shared.onnx.pair import Encoder, Stream, Window
from shared.onnx.rewrites import fold_std, to_wasm
from shared.onnx.session import open_session
from shared.preprocess import crop_and_resize, to_batch
from tools.handoff.graphs import build
from tools.handoff.graphs.build import describe
from tools.handoff.graphs.pixels import add_preprocessing
from tools.handoff.write import Written

# Of onnxruntime-web's table of WebGL operators, those that an encoder can use.
WEBGL_OPERATORS = {"Add", "Clip", "Conv", "Div", "Flatten", "GlobalAveragePool", "Mul", "Relu", "Sub"}


def read(written: Written, name: str) -> bytes:
    return (written.folder / f"{name}.onnx").read_bytes()


def parsed(written: Written, name: str) -> Graph:
    return parse_graph(read(written, name), written.folder / f"{name}.onnx")


@pytest.mark.parametrize("n_windows", [20, pytest.param(100, marks=pytest.mark.slow)])
def test_encoder_and_head_equal_the_window_on_other_pictures_than_the_tools_own(
    written: Written, n_windows: int
) -> None:
    window = Window(read(written, "smile_detector"))
    stream = Stream(read(written, "encoder"), read(written, "head"))
    rng = np.random.default_rng(11)
    for _ in range(n_windows):
        # Brightness and contrast differ, so that the outputs do.
        frames = (rng.random((5, 3, 224, 224)) * rng.uniform(0.05, 1)).astype(np.float32)
        stream_outputs, window_outputs = stream.run(frames), window.run(frames)
        assert stream_outputs.prob == pytest.approx(window_outputs.prob, abs=1e-5)
        assert stream_outputs.emotion_logits == pytest.approx(window_outputs.emotion_logits, abs=1e-5)


def test_the_temperature_of_the_card_lies_in_the_head(written: Written) -> None:
    # 1.7 divides the logit; without it the outputs would differ by far more than the tolerance.
    model = onnx.load_model_from_string(read(written, "head"))
    (division,) = [node for node in model.graph.node if node.op_type == "Div"]
    (divisor,) = [t for t in model.graph.initializer if t.name == division.input[1]]
    assert onnx.numpy_helper.to_array(divisor).item() == pytest.approx(1.7)


@pytest.mark.parametrize("name", ["encoder_wasm", "encoder_webgl"])
def test_a_rewritten_encoder_gives_the_encoders_features(written: Written, name: str) -> None:
    plain, rewritten = Encoder(read(written, "encoder"), "encoder"), Encoder(read(written, name), name)
    for frame in to_batch(draw_windows(6, 1, 224))[:, 0]:
        features = plain.run(frame[None])
        assert np.abs(rewritten.run(frame[None]) - features).max() <= 1e-5 * max(1, np.abs(features).max())


def test_webgl_gets_only_operators_and_types_that_it_has(written: Written) -> None:
    graph = parsed(written, "encoder_webgl")
    assert set(graph.operators) <= WEBGL_OPERATORS
    assert not graph.uses_int64
    assert graph.opset <= 13
    assert parsed(written, "encoder").uses_int64  # so the check above is not vacuous


def test_the_division_by_std_lies_in_the_first_convolution(written: Written) -> None:
    assert "Div" not in parsed(written, "encoder").operators
    assert "Sub" in parsed(written, "encoder").operators


def depthwise(channels: int, side: int, kernel: int, stride: int) -> tuple[onnx.ModelProto, Any]:
    weight = np.random.default_rng(3).normal(size=(channels, 1, kernel, kernel)).astype(np.float32)
    node = helper.make_node(
        "Conv", ["frame", "w"], ["features"], group=channels, kernel_shape=[kernel] * 2, strides=[stride] * 2,
        pads=[kernel // 2] * 4, dilations=[1, 1],
    )  # fmt: skip
    out = -(-side // stride)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, [1, channels, side, side])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, channels, out, out])],
        [onnx.numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return model, np.random.default_rng(4).normal(size=(1, channels, side, side)).astype(np.float32)


@pytest.mark.parametrize(
    ("side", "kernel", "stride"), [(7, 5, 1), (14, 5, 1), (1, 5, 1), (3, 5, 1), (14, 5, 2), (14, 3, 1)]
)
def test_rows_laid_end_to_end_convolve_as_a_picture_does(side: int, kernel: int, stride: int) -> None:
    model, picture = depthwise(6, side, kernel, stride)
    rewritten = to_wasm(model)
    is_longer = kernel == 5 and stride == 1 and side > 1
    assert any(node.op_type == "Concat" for node in rewritten.graph.node) is is_longer
    plain, long = (Encoder(m.SerializeToString(), "conv").run(picture) for m in (model, rewritten))
    assert np.abs(plain - long).max() < 1e-5


def grey_three_times(pads: list[int], stride: int, *, has_bias: bool, channels: str = "aaa") -> onnx.ModelProto:
    """Make a first convolution that sees three channels less their means; each letter is a picture."""
    rng, side = np.random.default_rng(5), 13
    out = (side + pads[0] + pads[2] - 3) // stride + 1
    constants = {"mean": rng.random((1, 3, 1, 1)), "w": rng.normal(size=(4, 3, 3, 3)), "b": rng.normal(size=4)}
    nodes = [
        helper.make_node("Mul", ["frame", "frame"], ["a"]),
        helper.make_node("Add", ["frame", "a"], ["b_"]),
        helper.make_node("Concat", [{"a": "a", "b": "b_"}[one] for one in channels], ["three"], axis=1),
        helper.make_node("Sub", ["three", "mean"], ["centred"]),
        helper.make_node(
            "Conv", ["centred", "w", *(["b"] if has_bias else [])], ["features"], group=1, kernel_shape=[3, 3],
            strides=[stride] * 2, pads=pads, dilations=[1, 1],
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, [1, 1, side, side])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 4, out, out])],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(("pads", "stride"), [([1, 1, 1, 1], 2), ([0, 0, 1, 1], 2), ([1, 1, 1, 1], 1), ([0] * 4, 1)])
def test_grey_three_times_is_convolved_once(pads: list[int], stride: int, has_bias: bool) -> None:
    model = grey_three_times(pads, stride, has_bias=has_bias)
    rewritten = to_wasm(model)
    assert [node.op_type for node in rewritten.graph.node] == ["Mul", "Add", "Conv", "Add"]
    frame = np.random.default_rng(6).random((1, 1, 13, 13)).astype(np.float32)
    plain, once = (Encoder(each.SerializeToString(), "conv").run(frame) for each in (model, rewritten))
    assert np.abs(plain - once).max() < 1e-5


def test_channels_that_differ_are_convolved_each() -> None:
    rewritten = to_wasm(grey_three_times([1, 1, 1, 1], 2, has_bias=True, channels="aba"))
    assert [node.op_type for node in rewritten.graph.node] == ["Mul", "Add", "Concat", "Sub", "Conv"]


@functools.cache
def preprocess_only() -> Any:
    """Open the preprocessing before an encoder that passes its frame on."""
    shape = [1, 3, 224, 224]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["frame"], ["features"])],
        "g",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    return open_session(add_preprocessing(model, 224).SerializeToString(), "preprocessing")


def levels(session: Any, picture_rgb: U8) -> U8:
    rgba = np.dstack([picture_rgb, np.random.default_rng(5).integers(0, 256, picture_rgb.shape[:2], np.uint8)])
    (frame,) = session.run(None, {"rgba": rgba})
    return np.asarray(np.rint(frame[0].transpose(1, 2, 0) * 255), np.uint8)


SHRINKING = [
    (224, 224), (225, 225), (640, 480), (480, 640), (641, 479), (448, 448), (448, 900), (672, 672), (896, 900),
    (1280, 720), (1920, 1080), (1080, 1920), (3840, 2160), (300, 227),
]  # fmt: skip
GROWING = [(1, 1), (2, 3), (1, 900), (900, 1), (31, 500), (111, 111), (112, 112), (120, 90), (223, 223), (7, 5)]


@pytest.mark.parametrize(("width", "height"), [*SHRINKING, *GROWING])
def test_the_graph_resizes_noise_as_opencv_does(width: int, height: int) -> None:
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)
    difference = np.abs(levels(preprocess_only(), picture).astype(int) - crop_and_resize(picture).astype(int))
    assert difference.max() <= 1  # OpenCV enlarges with weights of 11 bits
    if (width, height) in SHRINKING:
        assert (difference > 0).mean() < 1e-3  # a tie that float32 breaks the other way


def test_halves_are_rounded_up_where_opencv_averages_two_by_two_and_to_even_elsewhere() -> None:
    session = preprocess_only()
    for side, sums in ((448, (2, 6)), (896, (8, 24))):  # means of 0.5 and 1.5 of 4 and of 16 pixels
        block = side // 224
        for total in sums:
            picture = np.zeros((side, side, 3), np.uint8)
            picture[::block, ::block] = total
            assert np.array_equal(levels(session, picture), crop_and_resize(picture)), (side, total)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (31, 47), (120, 90), (641, 479), (360, 640), (448, 600), (3840, 2160)]
)
def test_a_page_that_gives_its_pixels_gets_pythons_smile_prob(written: Written, width: int, height: int) -> None:
    stream = Stream(read(written, "encoder"), read(written, "head"))
    pixels = Stream(read(written, "encoder_pixels"), read(written, "head"), "encoder_pixels")
    pictures = [draw_face(width, height, mouth, 7) for mouth in (0.0, 1.0)]
    rgba = np.stack([np.dstack([p, np.full(p.shape[:2], 255, np.uint8)]) for p in pictures])
    frames = to_batch(np.stack([crop_and_resize(picture) for picture in pictures]))[0]
    chosen = [0, 0, 1, 1, 0]
    pixels_outputs = pixels.decide(np.concatenate([pixels.encode(picture) for picture in rgba])[chosen])
    stream_outputs = stream.decide(np.concatenate([stream.encode(frame[None]) for frame in frames])[chosen])
    assert pixels_outputs.prob == pytest.approx(stream_outputs.prob, abs=1e-3)


def test_the_input_of_any_size_is_described_as_such(written: Written) -> None:
    (entry,) = [graph for graph in written.spec["graphs"] if graph["name"] == "encoder_pixels"]
    assert entry["inputs"][0]["shape"] == ["height", "width", 4]
    assert entry["inputs"][0]["dtype"] == "uint8"


def test_a_graph_is_described_from_its_bytes(written: Written) -> None:
    entry = describe("head", "head", "plain", "head.onnx", read(written, "head")).entry
    assert [(t["name"], t["shape"], t["dtype"]) for t in [*entry["inputs"], *entry["outputs"]]] == [
        ("features", [1, 5, 576], "float32"),
        ("smile_prob", [1], "float32"),
        ("emotion_logits", [1, 7], "float32"),
    ]


def test_folding_std_changes_no_picture_not_even_at_its_border() -> None:
    shape = [1, 3, 8, 8]
    std = np.array([0.2, 0.3, 0.4], np.float32).reshape(1, 3, 1, 1)
    weight = np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Sub", ["frame", "mean"], ["moved"]),
        helper.make_node("Div", ["moved", "std"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "w"], ["features"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
    ]
    weights = {"mean": std + 0.1, "std": std, "w": weight}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 4, 8, 8])],
        [onnx.numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    picture = np.random.default_rng(2).random(shape, dtype=np.float32)
    folded = fold_std(model)
    assert [node.op_type for node in folded.graph.node] == ["Sub", "Conv"]
    plain, folded_features = (Encoder(m.SerializeToString(), "conv").run(picture) for m in (model, folded))
    assert np.abs(plain - folded_features).max() < 1e-5


@pytest.mark.slow
def test_a_model_that_crops_faces_gets_no_webgl_variant(tmp_path: Path) -> None:
    settings = {"encoder": "mobilenet_v3_small_b3", "input_px": 32, "pooling": "grid", "crop": "face"}
    network = build_network("dual_head", 2, settings, 64)
    weights = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({key: value.contiguous() for key, value in network.state_dict().items()}, weights)
    encoder, _ = export_stream(weights, "dual_head", 2, 64, 1.0, settings)
    card = {"network": "dual_head", "temperature": None, "encoder": settings}
    data = encoder.SerializeToString()
    graph = SimpleNamespace(data=data)
    source: Any = SimpleNamespace(
        graph=graph, weights=weights, card=card, frame_count=2, image_size_px=64, prob="smile_prob"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "describe", lambda name, role, variant, file, data: SimpleNamespace(name=name))
        names = {made.name for made in build.make_graphs(source)}
    assert names == {"window", "encoder", "head", "encoder_wasm", "encoder_pixels"}
