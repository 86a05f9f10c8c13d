"""The ways to make an encoder smaller, by name. Makes graphs; judges none.

    fp16                   half precision, the arithmetic too
    fp16_weights           weights stored in half precision, read back to float32 when the graph is loaded
    int8_weights           weights stored as 8-bit integers with a scale per channel, read back when it is loaded
    int8_tensor            8-bit arithmetic (QDQ), one scale per tensor
    int8_channel           the same, a scale per channel of the weights
    int8_channel_7bit      the same in 7 bits: two products of 8 bits can overflow on processors without VNNI
    int8_kept              as int8_channel, but squeeze-and-excitation and heads compute in float32 (int8_weights)
    int8_kept_percentile   the same, ranges hold 99.99 % of what was seen instead of all
    int8_tuned             as int8_kept, weights fine-tuned for it (`tools.quantizer.finetune`)

Stored weights come back by Cast and Mul of constants, which onnxruntime computes once at loading (DequantizeLinear it
computes at each inference): smaller to download, and exactly as fast.
"""

import contextlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from shared.arrays import F32
from shared.models.encoder_specs import EncoderChoice, spec_of
from tools.quantizer.regions import WEIGHTED, Regions, find_regions, name_nodes

LEAST_WEIGHTS = 256  # of a tensor: smaller ones gain nothing
_LEVELS = 127
_PERCENTILE = 99.99


@dataclass(frozen=True)
class Encoder:
    """An encoder to make smaller.

    Attributes:
        model: ``frame`` (1, 3, S, S) to ``features``; its nodes have names.
        regions: Which node belongs where.
    """

    model: onnx.ModelProto
    regions: Regions


def prepare(encoder: onnx.ModelProto, choice: EncoderChoice) -> Encoder:
    """Name the nodes of an encoder and find its regions."""
    model = onnx.ModelProto()
    model.CopyFrom(encoder)
    name_nodes(model)
    return Encoder(model, find_regions(model, spec_of(choice.encoder).mean))


def make(scheme: str, encoder: Encoder, frames: F32) -> bytes:
    """Make an encoder smaller.

    Args:
        scheme: One of `tools.quantizer.config.SCHEMES`.
        encoder: The encoder, for ``int8_tuned`` with tuned weights.
        frames: (N, 3, S, S) in 0 to 1, of training people: they set the ranges of activations.
    """
    if scheme == "fp16":
        return _to_bytes(_halve(encoder))
    if scheme.endswith("_weights"):
        model = onnx.ModelProto()
        model.CopyFrom(encoder.model)
        nodes = {node.name for node in model.graph.node} - encoder.regions.crop
        _store_weights(model, nodes, in_half=scheme == "fp16_weights")
        return _to_bytes(model)
    kept = (
        encoder.regions.squeeze | encoder.regions.heads if "tensor" not in scheme and "channel" not in scheme else set()
    )
    model = _quantize(
        encoder,
        frames,
        excluded={*encoder.regions.crop, *kept},
        per_channel=scheme != "int8_tensor",
        reduce_range=scheme == "int8_channel_7bit",
        percentile=scheme == "int8_kept_percentile",
    )
    _store_weights(model, set(kept))
    return _to_bytes(model)


def _halve(encoder: Encoder) -> onnx.ModelProto:
    """Compute in half precision; inputs, outputs and the crop stay float32."""
    from onnxconverter_common import float16

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that half precision rounds to its smallest number
        return float16.convert_float_to_float16(
            encoder.model, keep_io_types=True, node_block_list=sorted(encoder.regions.crop)
        )


def _store_weights(model: onnx.ModelProto, nodes: set[str], *, in_half: bool = False) -> None:
    """Store the weights of some nodes in fewer bits, in place; they come back to float32 when the graph is loaded."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    new: list[Any] = []
    for name, users in readers.items():
        tensor = weights.get(name)
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            continue
        if not all(user.name in nodes and user.op_type in WEIGHTED and user.input[1] == name for user in users):
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < LEAST_WEIGHTS:
            continue
        graph.initializer.remove(tensor)
        if in_half:
            graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            new.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
            continue
        whole, scale = to_int8(values, _channel_axis(users[0]))
        graph.initializer.append(numpy_helper.from_array(whole, f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        new.append(helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], f"{name}_cast", to=TensorProto.FLOAT))
        new.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name], f"{name}_mul"))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*new, *rest])


def _channel_axis(node: Any) -> int:
    """Return the axis of a node's output channels in its weights."""
    if node.op_type == "Conv":
        return 0
    is_turned = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
    return 0 if is_turned else -1


def to_int8(values: npt.NDArray[Any], axis: int) -> tuple[npt.NDArray[np.int8], F32]:
    """Round weights to 8-bit integers, with a scale per channel that keeps the channel's largest one.

    Example:
        >>> whole, scale = to_int8(np.array([[1.27, -0.01], [0.5, 0.25]], np.float32), 0)
        >>> whole.tolist(), scale.ravel().round(4).tolist()
        ([[127, -1], [127, 64]], [0.01, 0.0039])
    """
    axes = tuple(other for other in range(values.ndim) if other != axis % values.ndim)
    largest = np.abs(values).max(axis=axes, keepdims=True)
    scale = np.where(largest > 0, largest / _LEVELS, 1.0).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def _quantize(
    encoder: Encoder, frames: F32, *, excluded: set[str], per_channel: bool, reduce_range: bool, percentile: bool
) -> onnx.ModelProto:
    """Compute in 8-bit integers, by onnxruntime's own quantiser."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]  # the package has no types
        """Feeds the calibration frames."""

        def __init__(self) -> None:
            self._frames: Iterator[F32] = iter(frames)

        def get_next(self) -> dict[str, F32] | None:
            frame = next(self._frames, None)
            return None if frame is None else {"frame": frame[None]}

    method = quantization.CalibrationMethod.Percentile if percentile else quantization.CalibrationMethod.MinMax
    with tempfile.TemporaryDirectory() as folder, _silent():
        source, target = Path(folder) / "encoder.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(encoder.model.SerializeToString())
        quantization.quantize_static(
            source,
            target,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=per_channel,
            reduce_range=reduce_range,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=sorted(excluded),
            calibrate_method=method,
            extra_options={"CalibPercentile": _PERCENTILE} if percentile else {},
        )
        return onnx.load_model_from_string(target.read_bytes())


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep the quantiser's advice out of the terminal; it prints to stdout, which is the result's."""
    import io

    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.getLogger().setLevel(before)


def _to_bytes(model: onnx.ModelProto) -> bytes:
    """Serialise a checked graph: the same bytes each time."""
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data
