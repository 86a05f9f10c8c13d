"""The graphs that come out: what is stored in fewer bits, what stays as it was, and that they answer alike."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared.models.encoder_specs import EncoderChoice, spec_of
from shared.onnx.pair import Encoder as Session
from tools.quantizer.quantize import Halves
from tools.quantizer.schemes import Encoder, make, prepare, to_int8

FRAMES = np.random.default_rng(0).random((12, 3, 224, 224), dtype=np.float32)


@pytest.fixture(scope="module")
def encoder(halves: Halves) -> Encoder:
    return halves.encoder


def features(data: bytes) -> np.ndarray:
    session = Session(data, "an encoder")
    return np.concatenate([session.run(frame[None]) for frame in FRAMES[:3]])


def bits(data: bytes) -> dict[int, int]:
    """Count the numbers of an encoder's constants by their type."""
    counts: dict[int, int] = {}
    for tensor in onnx.load_model_from_string(data).graph.initializer:
        counts[tensor.data_type] = counts.get(tensor.data_type, 0) + numpy_helper.to_array(tensor).size
    return counts


def test_weights_are_stored_in_fewer_bits_and_answer_almost_alike(encoder: Encoder) -> None:
    plain = encoder.model.SerializeToString()
    expected = features(plain)
    for scheme, share, least in (("fp16_weights", 0.55, 0.4), ("int8_weights", 0.35, 0.2)):
        data = make(scheme, encoder, FRAMES)
        assert least < len(data) / len(plain) < share
        difference = np.abs(features(data) - expected).max() / np.abs(expected).max()
        assert 0 < difference < (0.001 if scheme == "fp16_weights" else 0.05)


def test_8_bit_arithmetic_leaves_what_it_is_told_to_in_float(encoder: Encoder) -> None:
    whole = onnx.load_model_from_string(make("int8_channel", encoder, FRAMES))
    kept = onnx.load_model_from_string(make("int8_kept", encoder, FRAMES))

    def quantised(model: onnx.ModelProto) -> set[str]:
        made = {name: node.op_type for node in model.graph.node for name in node.output}
        return {
            n.name
            for n in model.graph.node
            if n.op_type in ("Conv", "Gemm") and made.get(n.input[1]) == "DequantizeLinear"
        }

    assert encoder.regions.squeeze
    assert encoder.regions.heads
    spared = {name for name in encoder.regions.squeeze | encoder.regions.heads if name.startswith(("Conv", "Gemm"))}
    assert quantised(whole) & spared
    assert not quantised(kept) & spared
    assert quantised(kept) - spared
    assert (
        bits(kept.SerializeToString())[TensorProto.FLOAT]
        < 0.3 * bits(encoder.model.SerializeToString())[TensorProto.FLOAT]
    )


def test_what_comes_before_the_mean_is_the_crop_and_is_never_touched() -> None:
    """A face's box that moves by a pixel is another picture."""
    choice = EncoderChoice("mobilenet_v3_small_b3", 64, "grid", "face")
    rng = np.random.default_rng(0)
    weights = {
        "detector": rng.normal(size=(3, 3, 9, 9)).astype(np.float32),
        "mean": np.array(spec_of(choice.encoder).mean, np.float32).reshape(1, 3, 1, 1),
        "first": rng.normal(size=(16, 3, 5, 5)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["frame", "detector"], ["found"], kernel_shape=[9, 9], pads=[4, 4, 4, 4]),
        helper.make_node("Sub", ["found", "mean"], ["centred"]),
        helper.make_node("Conv", ["centred", "first"], ["features"], kernel_shape=[5, 5]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 16, 12, 12])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    cropping = prepare(model, choice)
    assert cropping.regions.crop == {"Conv_0", "Sub_1"}
    small = onnx.load_model_from_string(make("int8_weights", cropping, FRAMES))
    kept = {tensor.name: tensor.data_type for tensor in small.graph.initializer}
    assert kept["detector"] == TensorProto.FLOAT
    assert "first" not in kept
    assert kept["first_int8"] == TensorProto.INT8


def test_a_channel_keeps_its_largest_weight_and_one_of_zeros_stays_zero() -> None:
    values = np.array([[0.0, 0.0], [2.54, -0.02]], np.float32)
    whole, scale = to_int8(values, 0)
    assert whole.tolist() == [[0, 0], [127, -1]]
    assert np.allclose(whole * scale, values, atol=1e-6)
    columns, scale = to_int8(values, -1)
    assert scale.shape == (1, 2)
    assert columns[:, 0].tolist() == [0, 127]
