"""The same arithmetic in other operators: encoders that a backend can load, or runs faster. Exact up to rounding.

- `fold_std`: the division by std moves into the first convolution's weights. The subtraction of the mean stays: the
  convolution pads with zeros, which mean "the mean colour" only after it.
- `to_webgl`: only operators and types that onnxruntime-web's WebGL backend knows.
- `to_wasm`: what is slow in onnxruntime's wasm kernels, written in operators that are fast there.
"""

from collections import Counter
from typing import Any

import numpy as np
import onnx

from shared.arrays import F32, F64
from shared.onnx.editing import Editor, Rewrite, attributes_of

# In the WebGL backend Clip takes its limits as inputs from here on; all others that are used are older.
WEBGL_OPSET = 13
_GLOBAL = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}  # over a whole grid, all that is used


def fold_std(model: onnx.ModelProto) -> onnx.ModelProto:
    """Divide the first convolution's weights by std, instead of every pixel."""
    constants = {each.name for each in model.graph.initializer}
    filtered = {node.input[0] for node in model.graph.node if node.op_type == "Conv"}
    divisions = {
        node.output[0]: node
        for node in model.graph.node
        if node.op_type == "Div" and node.input[1] in constants and node.output[0] in filtered
    }

    def fold(editor: Editor, node: Any) -> bool:
        if node.output[0] in divisions:
            return True  # its consumer takes its first input instead
        if node.op_type != "Conv" or node.input[0] not in divisions:
            return False
        division = divisions[node.input[0]]
        weight, std = editor.weight(node.input[1]), editor.weight(division.input[1])
        assert weight is not None
        assert std is not None
        name = editor.constant(node.input[1] + "_by_std", (weight / std).astype(np.float32))
        editor.add("Conv", [division.input[0], name, *node.input[2:]], node.output[0], **attributes_of(node))
        return True

    return Editor(model).rewrite(fold).finish()


def to_webgl(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write HardSwish and HardSigmoid as clip and multiply, and pooling without int64 axes.

    Source: onnxruntime-web's table of WebGL operators; it has no HardSwish, no HardSigmoid and no int64 tensors.
    """

    def hard_sigmoid(editor: Editor, x: str, output: str, alpha: float, beta: float) -> str:
        scalars = {"zero": 0.0, "one": 1.0, f"alpha_{alpha:.4f}": alpha, f"beta_{beta:.4f}": beta}
        zero, one, a, b = (editor.constant(name, np.array(value, np.float32)) for name, value in scalars.items())
        editor.add("Mul", [x, a], f"{output}_scaled")
        editor.add("Add", [f"{output}_scaled", b], f"{output}_moved")
        return editor.add("Clip", [f"{output}_moved", zero, one], output)

    def replace(editor: Editor, node: Any) -> bool:
        output = node.output[0]
        if node.op_type == "HardSwish":
            gate = hard_sigmoid(editor, node.input[0], f"{output}_gate", 1 / 6, 0.5)
            editor.add("Mul", [node.input[0], gate], output)
        elif node.op_type == "HardSigmoid":
            attributes = attributes_of(node)
            hard_sigmoid(editor, node.input[0], output, attributes["alpha"], attributes["beta"])
        elif node.op_type in _GLOBAL:
            editor.add(_GLOBAL[node.op_type], [node.input[0]], output)
        elif node.op_type == "Reshape":
            editor.add("Flatten", [node.input[0]], output, axis=1)
        else:
            return False
        return True

    return Editor(model).rewrite(replace).finish(WEBGL_OPSET)


def to_wasm(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrite depthwise 5x5 convolutions and those of single pixels, half of the encoder's time in wasm.

    onnxruntime copies a picture row by row for each of the 25 places of a 5x5 kernel; with rows of 7 or 14 pixels the
    copying of a row costs more than its pixels. So all rows are laid end to end, with zeros between them, and the
    convolution has five long rows as input. A convolution of a single pixel is a product of a matrix and a vector,
    which is faster as Gemm. And what is the same grey three times is convolved once. Source: profiles of
    onnxruntime-web, our own.
    """
    return Editor(model).rewrite(_see_grey_once(model), _lengthen_rows, _multiply_instead).finish()


def _see_grey_once(model: onnx.ModelProto) -> Rewrite:
    """Return a rewrite: a convolution of three equal channels, each less its mean, as one of a single channel.

    What the means add is the same for every picture, and less at the border, where the convolution sees zeros.
    """
    made_by = {node.output[0]: node for node in model.graph.node}
    n_readers = Counter(name for node in model.graph.node for name in node.input)
    firsts = {}  # by the output of the convolution: what it sees less its means, and the channels side by side
    constants = {each.name for each in model.graph.initializer}
    for node in (each for each in model.graph.node if each.op_type == "Conv"):
        centred = made_by.get(node.input[0])
        if centred is None or centred.op_type != "Sub" or centred.input[1] not in constants:
            continue
        channels = made_by.get(centred.input[0])
        if channels is None or channels.op_type != "Concat" or len(set(channels.input)) > 1:
            continue
        if n_readers[centred.output[0]] == n_readers[channels.output[0]] == 1:
            firsts[node.output[0]] = (centred, channels)
    dropped = {each.output[0] for pair in firsts.values() for each in pair}

    def see(editor: Editor, node: Any) -> bool:
        if node.output[0] in dropped:
            return True
        if node.output[0] not in firsts:
            return False
        centred, channels = firsts[node.output[0]]
        weight, mean = editor.weight(node.input[1]), editor.weight(centred.input[1])
        assert weight is not None
        assert mean is not None
        attributes, name = attributes_of(node), node.output[0]
        height, width = editor.shapes[node.input[0]][2:]
        constant = _convolve(
            np.broadcast_to(-mean.reshape(-1, 1, 1), (weight.shape[1], height, width)), weight, attributes
        )
        if len(node.input) > 2:
            bias = editor.weight(node.input[2])
            assert bias is not None
            constant = constant + bias[:, None, None]
        summed = editor.constant(f"{node.input[1]}_of_grey", weight.sum(1, keepdims=True, dtype=np.float32))
        editor.add("Conv", [channels.input[0], summed], f"{name}_of_grey", **attributes)
        means = editor.constant(f"{name}_of_means", constant[None].astype(np.float32))
        editor.add("Add", [f"{name}_of_grey", means], name)
        return True

    return see


def _convolve(picture_chw: F64, weight: F32, attributes: dict[str, Any]) -> F64:
    """Convolve one picture, zeros around it: (C, H, W) to (outputs, h, w)."""
    top, left, bottom, right = attributes["pads"]
    padded = np.pad(picture_chw, ((0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(1, 2))
    down, across = attributes["strides"]
    summed: F64 = np.einsum("chwij,ocij->ohw", windows[:, ::down, ::across], weight.astype(np.float64), optimize=True)
    return summed


def _lengthen_rows(editor: Editor, node: Any) -> bool:
    """Convolve one long row per channel instead of many short ones: stride 1, depthwise, 5x5."""
    if node.op_type != "Conv":
        return False
    attributes = attributes_of(node)
    _, channels, height, width = editor.shapes[node.input[0]]
    kernel, margin, name = 5, 2, node.output[0]
    if (
        attributes["group"] != channels
        or attributes["kernel_shape"] != [kernel] * 2
        or attributes["strides"] != [1, 1]
        or width < margin
    ):
        return False
    # The zeros right of a row are those left of the next one, so a row needs one margin only.
    pitch = width + margin
    rows = height + 2 * margin + 1  # the last row's right margin lies in one more
    pads = editor.integers(0, 0, margin, margin, 0, 0, margin + 1, 0)
    padded = editor.add("Pad", [node.input[0], pads], f"{name}_padded")
    flat = editor.add("Reshape", [padded, editor.integers(1, channels, 1, rows * pitch)], f"{name}_flat")
    length = height * pitch + kernel - 1
    shifted = [
        editor.add(
            "Slice",
            [flat, editor.integers(dy * pitch), editor.integers(dy * pitch + length), editor.integers(3)],
            f"{name}_row_{dy}",
        )
        for dy in range(kernel)
    ]
    stacked = editor.add("Concat", shifted, f"{name}_rows", axis=2)
    attributes |= {"pads": [0, 0, 0, 0]}
    long = editor.add("Conv", [stacked, *node.input[1:]], f"{name}_long", **attributes)
    square = editor.add("Reshape", [long, editor.integers(1, channels, height, pitch)], f"{name}_square")
    editor.add("Slice", [square, editor.integers(0), editor.integers(width), editor.integers(3)], name)
    return True


def _multiply_instead(editor: Editor, node: Any) -> bool:
    """Write a convolution of a single pixel as Gemm."""
    if node.op_type != "Conv" or editor.shapes[node.input[0]][2:] != [1, 1] or attributes_of(node)["group"] != 1:
        return False
    weight, name = editor.weight(node.input[1]), node.output[0]
    assert weight is not None
    if weight.shape[2:] != (1, 1):
        return False
    n_out, n_in = weight.shape[:2]
    matrix = editor.constant(f"{node.input[1]}_matrix", np.ascontiguousarray(weight.reshape(n_out, n_in).T))
    row = editor.add("Reshape", [node.input[0], editor.integers(1, n_in)], f"{name}_row")
    product = editor.add("Gemm", [row, matrix, *node.input[2:]], f"{name}_product")
    editor.add("Reshape", [product, editor.integers(1, n_out, 1, 1)], name)
    return True
