"""Counts the multiply-adds of an ONNX graph: convolutions, products of matrices, LSTMs. Runs nothing.

Additions, activations and pooling are left out, as everywhere in the field. Shapes are inferred; an axis that is free
counts as 1.
"""

import math
from typing import Any

import onnx
from onnx import numpy_helper


def count_macs(data: bytes) -> int:
    """Count a graph's multiply-adds for one run.

    Source: Howard et al. 2017, MobileNets, section 3.1: outputs times the inputs that each is made of.
    """
    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(data))
    graph = model.graph
    shapes: dict[str, list[int]] = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes.setdefault(value.name, [axis.dim_value or 1 for axis in value.type.tensor_type.shape.dim])
    for node in graph.node:
        if node.op_type == "Constant":
            shapes[node.output[0]] = list(numpy_helper.to_array(node.attribute[0].t).shape)
    return sum(_of(node, shapes) for node in graph.node)


def _of(node: Any, shapes: dict[str, list[int]]) -> int:
    """Count a node's; 0 for what multiplies nothing, or whose shapes are not known."""
    ins = [shapes.get(name, []) for name in node.input]
    out = shapes.get(node.output[0], [])
    kind = node.op_type
    if kind == "Conv" and len(ins) > 1:
        return math.prod(out) * math.prod(ins[1][1:])
    if kind == "ConvTranspose" and len(ins) > 1:
        return math.prod(ins[0]) * math.prod(ins[1][1:])
    if kind == "Gemm" and ins[0]:
        turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return math.prod(out) * ins[0][0 if turned else -1]
    if kind == "MatMul" and ins[0]:
        return math.prod(out) * ins[0][-1]
    if kind == "LSTM" and len(ins) > 2:
        steps, directions = (ins[0][0] if ins[0] else 1), (ins[1][0] if ins[1] else 1)
        return steps * directions * (math.prod(ins[1][1:]) + math.prod(ins[2][1:]))
    return 0
