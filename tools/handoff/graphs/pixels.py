"""Puts the preprocessing into the graph: a canvas's RGBA bytes of any size in, so that all pages use the same pixels.

    rgba (height, width, 4) → centred square → area average, rounded to bytes as cv2.INTER_AREA does → / 255 → encoder

Each of the 224 places of a side is the mean of the source pixels that its cell covers, partly covered ones counting
by their part. Cell i reaches from i·side to (i+1)·side in units of 1/224 pixel, so all bounds are whole numbers and
nothing is rounded before the mean; the same rule enlarges a small picture (then a cell covers one or two pixels). Rows
first, then columns: each pass gathers the K pixels that a cell can touch and multiplies them by their parts.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_RGB = [0, 1, 2]


class _Nodes:
    """Nodes under construction; every method returns the name of a tensor."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"pre_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any, dtype: Any = np.int64) -> str:
        array = np.asarray(values, dtype)
        name = f"pre_c{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(array, name)
        return name


def add_preprocessing(encoder: onnx.ModelProto, size_px: int) -> onnx.ModelProto:
    """Give an encoder the crop, the resize and the scaling.

    Args:
        encoder: ``frame`` (1, 3, S, S) to ``features``.
        size_px: S.

    Returns:
        ``rgba`` (height, width, 4) uint8 to ``features``. Alpha is ignored.
    """
    build = _Nodes()
    shape = build.add("Shape", "rgba")
    height, width = (build.add("Gather", shape, build.constant(axis)) for axis in (0, 1))
    side = build.add("Min", height, width)
    square = _crop(build, height, width, side)
    index, parts = _cells(build, side, size_px)
    # (side, side, 4) → (S, side·4)
    lines = build.add("Reshape", square, _vector(build, side, build.constant([-1])))
    rows = _average(build, lines, index, parts, size_px)
    # (S, side, 4) → (side, S·4) → (S across, S down·4)
    turned = build.add("Transpose", build.add("Reshape", rows, build.constant([size_px, -1, 4])), perm=[1, 0, 2])
    columns = _average(build, build.add("Reshape", turned, build.constant([-1, size_px * 4])), index, parts, size_px)
    picture = build.add("Reshape", columns, build.constant([size_px, size_px, 4]))  # (across, down, channel)
    planes = build.add("Transpose", picture, perm=[2, 1, 0])
    colors = build.add("Gather", planes, build.constant(_RGB), axis=0)
    scaled = build.add("Div", _round(build, colors, side, size_px), build.constant(255.0, np.float32))
    frame = build.add("Unsqueeze", scaled, build.constant([0]))
    return _join(build, encoder, frame)


def _vector(build: _Nodes, *scalars_or_vectors: str) -> str:
    """Join lengths into a shape."""
    flat = [build.add("Reshape", name, build.constant([-1])) for name in scalars_or_vectors]
    return build.add("Concat", *flat, axis=0)


def _crop(build: _Nodes, height: str, width: str, side: str) -> str:
    """Cut the largest centred square, as shared.preprocess.square_box does."""
    two = build.constant(2)
    top, left = (build.add("Div", build.add("Sub", length, side), two) for length in (height, width))
    starts, ends = _vector(build, top, left), _vector(build, build.add("Add", top, side), build.add("Add", left, side))
    return build.add("Slice", "rgba", starts, ends, build.constant([0, 1]))


def _cells(build: _Nodes, side: str, size_px: int) -> tuple[str, str]:
    """Return which source pixels each cell may touch, (S, K), and their parts of it, (S, 1, K)."""
    size, one = build.constant(size_px), build.constant(1)
    # A cell is `side` long and a pixel S, so it touches at most ceil(side / S) + 1 pixels.
    touched = build.add("Div", build.add("Add", side, build.constant(2 * size_px - 1)), size)
    offset = build.add("Range", build.constant(0), touched, one)
    begin = build.add("Mul", build.constant(np.arange(size_px)[:, None]), side)
    pixel = build.add("Add", build.add("Div", begin, size), offset)
    low = build.add("Max", build.add("Mul", pixel, size), begin)
    high = build.add("Min", build.add("Mul", build.add("Add", pixel, one), size), build.add("Add", begin, side))
    covered = build.add("Max", build.add("Sub", high, low), build.constant(0))
    parts = build.add(
        "Div",
        build.add("Cast", covered, to=TensorProto.FLOAT),
        build.add("Cast", side, to=TensorProto.FLOAT),
    )
    inside = build.add("Min", pixel, build.add("Sub", side, one))  # pixels outside have no part
    return inside, build.add("Unsqueeze", parts, build.constant([1]))


def _average(build: _Nodes, lines: str, index: str, parts: str, size_px: int) -> str:
    """Average lines: (n, m) to (S, m) float32."""
    gathered = build.add("Cast", build.add("Gather", lines, index, axis=0), to=TensorProto.FLOAT)  # (S, K, m)
    return build.add("Reshape", build.add("MatMul", parts, gathered), build.constant([size_px, -1]))


def _round(build: _Nodes, values: str, side: str, size_px: int) -> str:
    """Round to bytes: halves to even, but up where OpenCV averages 2x2 in whole numbers."""
    half = build.constant(0.5, np.float32)
    up = build.add("Floor", build.add("Add", values, half))
    is_half_size = build.add("Equal", side, build.constant(2 * size_px))
    return build.add("Where", is_half_size, up, build.add("Round", values))


def _join(build: _Nodes, encoder: onnx.ModelProto, frame: str) -> onnx.ModelProto:
    """Put the nodes before the encoder's."""
    model = onnx.ModelProto()
    model.CopyFrom(encoder)
    graph = model.graph
    rest = list(graph.node)
    for node in rest:
        for number, name in enumerate(node.input):
            if name == graph.input[0].name:
                node.input[number] = frame
    del graph.node[:]
    graph.node.extend([*build.nodes, *rest])
    graph.initializer.extend(build.constants.values())
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("rgba", TensorProto.UINT8, ["height", "width", 4]))
    onnx.checker.check_model(model, full_check=True)
    return model
