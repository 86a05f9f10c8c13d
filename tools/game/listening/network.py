"""Makes an ONNX graph of YAMNet's LiteRT file, for the onnxruntime-web that the page has anyway.

The int8 weights stay int8 in the file and become floats when a session opens (a Cast and a Mul, which every runtime
folds); after each step the results are rounded to the same 256 numbers as in the LiteRT graph. So both give the same
scores but for a rounding now and then: of 846 patches of real sounds 99.7 % are the same, the others one step of the
last layer off (0.31 of a logit, 0.08 of a score at most).
Reads one file; writes nothing.
  python -c "from tools.game.listening.network import convert; print(len(convert(open('y.tflite', 'rb').read(), 'y')))"
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.errors import InvalidInput
from shared.sound.laughter import BANDS, N_CLASSES, PATCH
from tools.game.listening.tflite import Graph, Operator, Tensor, read_graph

PATCH_INPUT, SCORES = "patch", "scores"
_OPSET, _IR = 13, 8
_WHOLE_FROM = 1.5 * 2**23  # added to a float32, it leaves no place for what is behind the point


def convert(data: bytes, name: str) -> bytes:
    """Return the ONNX graph: input ``patch`` (1, 96, 64) float32, output ``scores`` (1, 521) float32.

    Args:
        data: The .tflite.
        name: What errors call it.

    Raises:
        InvalidInput: It is another network.
    """
    graph = read_graph(data, name)
    shapes = graph.tensors[graph.input].shape, graph.tensors[graph.output].shape
    if shapes != ((1, PATCH, BANDS), (1, N_CLASSES)):
        raise InvalidInput(name, found=f"a graph from {shapes[0]} to {shapes[1]}", expected="YAMNet of log-mel patches")
    return _Builder(graph, name).build()


class _Builder:
    """Goes through the operators and writes their like; pictures are laid out channels first.

    What flows is in steps of each tensor's own scale, counted from what stands for 0: whole numbers, as in the LiteRT
    graph. Weights take both scales in, so that a convolution gives steps at once.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self._onnx, self._types, self._numpy = helper, TensorProto, numpy_helper
        self._graph, self._name = graph, name
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._names: dict[int, str] = {graph.input: PATCH_INPUT}

    def build(self) -> bytes:
        for operator in self._graph.operators:
            made = getattr(self, f"_{operator.name.lower()}")(operator)
            self._names[operator.outputs[0]] = made
        self._add("Identity", [self._names[self._graph.output]], SCORES)
        value = self._onnx.make_tensor_value_info
        graph = self._onnx.make_graph(
            self._nodes,
            "yamnet",
            [value(PATCH_INPUT, self._types.FLOAT, [1, PATCH, BANDS])],
            [value(SCORES, self._types.FLOAT, [1, N_CLASSES])],
            self._constants,
        )
        model = self._onnx.make_model(graph, opset_imports=[self._onnx.make_opsetid("", _OPSET)], ir_version=_IR)
        return bytes(model.SerializeToString())

    def _add(self, kind: str, inputs: Sequence[str], output: str | None = None, **attributes: Any) -> str:
        output = output or f"t{len(self._nodes)}"
        self._nodes.append(self._onnx.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _constant(self, values: Any, dtype: Any = np.float32) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(self._numpy.from_array(np.ascontiguousarray(values, dtype), name))
        return name

    def _tensor(self, operator: Operator, place: int) -> Tensor:
        return self._graph.tensors[operator.inputs[place]]

    def _input(self, operator: Operator) -> str:
        return self._names[operator.inputs[0]]

    def _times(self, name: str, factor: float) -> str:
        return self._add("Mul", [name, self._constant(factor)])

    def _rounded(self, name: str, operator: Operator) -> str:
        """Cut steps to the 256 that the tensor has, and round them to the nearest; onnxruntime's Round takes longer."""
        tensor = self._graph.tensors[operator.outputs[0]]
        low, high = -128 - tensor.zero_point, 127 - tensor.zero_point
        if operator.is_relu6 and (low != 0 or high * float(tensor.scale[0]) > 6.001):
            raise InvalidInput(self._name, found="results beyond 0 to 6", expected="a plain quantised network")
        cut = self._add("Clip", [name, self._constant(low), self._constant(high)])
        large = self._constant(_WHOLE_FROM)
        return self._add("Sub", [self._add("Add", [cut, large]), large])

    def _weighted(self, operator: Operator, axes: tuple[int, ...]) -> list[str]:
        """Write weights, laid out anew, and bias: int8 in the file, floats that turn steps into steps in a session."""
        weights, bias = self._tensor(operator, 1), self._tensor(operator, 2)
        assert weights.values is not None
        assert bias.values is not None
        before, after = self._tensor(operator, 0).scale[0], self._graph.tensors[operator.outputs[0]].scale[0]
        factor = (weights.scale.astype(np.float64) * before / after).reshape(-1, *[1] * (len(axes) - 1))
        floats = self._add("Cast", [self._constant(weights.values.transpose(axes), np.int8)], to=self._types.FLOAT)
        shift = bias.values * bias.scale.astype(np.float64) / after
        return [self._add("Mul", [floats, self._constant(factor)]), self._constant(shift)]

    def _quantize(self, operator: Operator) -> str:
        scale = float(self._graph.tensors[operator.outputs[0]].scale[0])
        return self._rounded(self._times(self._input(operator), 1 / scale), operator)

    def _reshape(self, operator: Operator) -> str:
        _, height, width, channels = self._graph.tensors[operator.outputs[0]].shape
        if channels != 1:
            raise InvalidInput(self._name, found=f"{channels} channels", expected="one")
        return self._add("Reshape", [self._input(operator), self._constant([1, channels, height, width], np.int64)])

    def _split(self, operator: Operator) -> str:
        if len(operator.outputs) != 1:
            raise InvalidInput(self._name, found="a split into several", expected="a plain quantised network")
        return self._names[operator.inputs[1]]

    def _conv_2d(self, operator: Operator) -> str:
        return self._convolution(operator, (0, 3, 1, 2), 1)

    def _depthwise_conv_2d(self, operator: Operator) -> str:
        return self._convolution(operator, (3, 0, 1, 2), self._tensor(operator, 1).shape[-1])

    def _convolution(self, operator: Operator, axes: tuple[int, ...], group: int) -> str:
        inputs = [self._input(operator), *self._weighted(operator, axes)]
        strides = [operator.stride] * 2
        return self._rounded(self._add("Conv", inputs, auto_pad="SAME_UPPER", strides=strides, group=group), operator)

    def _mean(self, operator: Operator) -> str:
        axes = self._tensor(operator, 1).values
        if axes is None or sorted(axes.tolist()) != [1, 2]:
            raise InvalidInput(self._name, found="a mean of other axes", expected="one over the whole patch")
        before, after = self._tensor(operator, 0).scale[0], self._graph.tensors[operator.outputs[0]].scale[0]
        mean = self._add("GlobalAveragePool", [self._input(operator)])
        return self._rounded(self._times(mean, float(before) / float(after)), operator)

    def _fully_connected(self, operator: Operator) -> str:
        flat = self._add("Flatten", [self._input(operator)], axis=1)
        return self._rounded(self._add("Gemm", [flat, *self._weighted(operator, (0, 1))], transB=1), operator)

    def _logistic(self, operator: Operator) -> str:
        before, after = self._tensor(operator, 0).scale[0], self._graph.tensors[operator.outputs[0]].scale[0]
        shares = self._add("Sigmoid", [self._times(self._input(operator), float(before))])
        return self._rounded(self._times(shares, 1 / float(after)), operator)

    def _dequantize(self, operator: Operator) -> str:
        return self._times(self._input(operator), float(self._tensor(operator, 0).scale[0]))
