"""Reads what a .tflite holds: tensors, their numbers and scales, and operators in order. Runs nothing.

Reads the file's own layout (flatbuffers), of which a small part is needed: one sub-graph, and the operators of a plain
quantised network. Knows no ONNX.
Source: TensorFlow Lite's schema, version 3 (schema.fbs); flatbuffers' internals.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.arrays import F32
from shared.errors import InvalidInput

_TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 2: np.dtype("<i4"), 9: np.dtype("i1")}
_CODES = {
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    9: "FULLY_CONNECTED",
    14: "LOGISTIC",
    22: "RESHAPE",
    40: "MEAN",
    49: "SPLIT",
    114: "QUANTIZE",
}
_SAME, _NONE, _RELU6 = 0, 0, 3
# Fields of a convolution's options: what is done to its results; those that must be 1 (dilation, channels for each).
_CONVOLUTIONS = {"CONV_2D": (3, 4, 5), "DEPTHWISE_CONV_2D": (4, 3, 5, 6)}


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        shape: Its sizes.
        values: What it holds, where it is constant; else None.
        scale: (n,) of its quantised numbers; empty where they are none.
        zero_point: Which number stands for 0; of constants with a scale for each channel it is 0.
    """

    shape: tuple[int, ...]
    values: np.ndarray | None
    scale: F32
    zero_point: int


@dataclass(frozen=True)
class Operator:
    """A step of the graph.

    Attributes:
        name: As TensorFlow Lite names it.
        inputs: Places of the tensors that it reads.
        outputs: Places of those that it writes.
        stride: Of a convolution, the same both ways; else 1.
        is_relu6: A convolution whose results are cut to 0 to 6.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    stride: int = 1
    is_relu6: bool = False


@dataclass(frozen=True)
class Graph:
    """A network of one sub-graph: its tensors, its operators in order, and the places of input and output."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    input: int
    output: int


def read_graph(data: bytes, name: str) -> Graph:
    """Read a .tflite.

    Args:
        data: The file.
        name: What errors call it.

    Raises:
        InvalidInput: It is no .tflite, or has other operators than a plain quantised network.
    """
    if data[4:8] != b"TFL3":
        raise _unsupported(name, "no .tflite of version 3")
    try:
        return _read(_Table(data, _u32(data, 0)), name)
    except (struct.error, IndexError, ValueError, UnicodeDecodeError):
        raise _unsupported(name, "a .tflite that breaks off") from None


def _unsupported(name: str, found: str) -> InvalidInput:
    return InvalidInput(
        name, found=found, expected="a plain quantised network", todo="get it again: ./inv fetch-models --only yamnet"
    )


def _read(model: "_Table", name: str) -> Graph:
    graphs = model.tables(2)
    if len(graphs) != 1:
        raise _unsupported(name, f"{len(graphs)} sub-graphs")
    codes = [max(code.int8(0), code.int32(3)) for code in model.tables(1)]
    buffers = [buffer.content(0) for buffer in model.tables(4)]
    tensors = tuple(_tensor(table, buffers, name) for table in graphs[0].tables(0))
    operators = tuple(_operator(table, codes, name) for table in graphs[0].tables(3))
    (start,), (end,) = graphs[0].int32s(1), graphs[0].int32s(2)
    return Graph(tensors, operators, start, end)


def _tensor(table: "_Table", buffers: list[bytes], name: str) -> Tensor:
    if table.int8(1) not in _TYPES:
        raise _unsupported(name, f"a tensor of type {table.int8(1)}")
    shape, data = tuple(table.int32s(0)), buffers[table.int32(2)]
    values = np.frombuffer(data, _TYPES[table.int8(1)]).reshape(shape) if data else None
    quantised = table.table(4)
    scale = np.frombuffer(quantised.vector(2, 4), "<f4") if quantised else np.zeros(0, np.float32)
    points = np.frombuffer(quantised.vector(3, 8), "<i8") if quantised else np.zeros(0, np.int64)
    if scale.size > 1 and points.any():
        raise _unsupported(name, "channels with zero points of their own")
    return Tensor(shape, values, np.asarray(scale, np.float32), int(points[0]) if points.size else 0)


def _operator(table: "_Table", codes: list[int], name: str) -> Operator:
    code = codes[table.int32(0)]
    if code not in _CODES:
        raise _unsupported(name, f"an operator of code {code}")
    kind, inputs, outputs = _CODES[code], tuple(table.int32s(1)), tuple(table.int32s(2))
    if kind not in _CONVOLUTIONS:
        return Operator(kind, inputs, outputs)
    options = table.table(4)
    if options is None:
        raise _unsupported(name, "a convolution without options")
    activation, *ones = _CONVOLUTIONS[kind]
    across, down = options.int32(1), options.int32(2)
    is_plain = options.int8(0) == _SAME and options.int8(activation) in (_NONE, _RELU6)
    if not is_plain or across != down or any(options.int32(field, 1) != 1 for field in ones):
        raise _unsupported(name, "a convolution of another kind")
    return Operator(kind, inputs, outputs, across, options.int8(activation) == _RELU6)


def _u32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


class _Table:
    """A table of flatbuffers: fields by number, some of which may be missing."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - int(struct.unpack_from("<i", data, at)[0])
        self._n_bytes = int(struct.unpack_from("<H", data, self._fields)[0])

    def _place(self, field: int) -> int | None:
        entry = 4 + 2 * field
        if entry + 2 > self._n_bytes:
            return None
        offset = int(struct.unpack_from("<H", self._data, self._fields + entry)[0])
        return self._at + offset if offset else None

    def int8(self, field: int) -> int:
        place = self._place(field)
        return 0 if place is None else int(struct.unpack_from("<b", self._data, place)[0])

    def int32(self, field: int, missing: int = 0) -> int:
        place = self._place(field)
        return missing if place is None else int(struct.unpack_from("<i", self._data, place)[0])

    def table(self, field: int) -> "_Table | None":
        place = self._place(field)
        return None if place is None else _Table(self._data, place + _u32(self._data, place))

    def tables(self, field: int) -> list["_Table"]:
        place = self._place(field)
        if place is None:
            return []
        start = place + _u32(self._data, place)
        places = (start + 4 + 4 * number for number in range(_u32(self._data, start)))
        return [_Table(self._data, each + _u32(self._data, each)) for each in places]

    def vector(self, field: int, item_bytes: int) -> bytes:
        place = self._place(field)
        if place is None:
            return b""
        start = place + _u32(self._data, place)
        end = start + 4 + item_bytes * _u32(self._data, start)
        if end > len(self._data):
            raise ValueError("a vector beyond the file's end")
        return self._data[start + 4 : end]

    def content(self, field: int) -> bytes:
        return self.vector(field, 1)

    def int32s(self, field: int) -> list[int]:
        return [int(value) for value in np.frombuffer(self.vector(field, 4), "<i4")]
