"""Which part of an encoder's graph a node belongs to: the crop before it, squeeze-and-excitation, the heads, the rest.

What finds and cuts the face out is never made smaller: a box that moves by a pixel is another picture.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.onnx.editing import Editor

WEIGHTED = ("Conv", "Gemm", "MatMul")


@dataclass(frozen=True)
class Regions:
    """Names of nodes by region; a node that is in none is an ordinary one of the encoder.

    Attributes:
        crop: What turns the picture into the network's input, up to the subtraction of the mean.
        squeeze: Convolutions of single pixels, and the gates that multiply by them.
        heads: Products with matrices, after the last convolution.
    """

    crop: frozenset[str]
    squeeze: frozenset[str]
    heads: frozenset[str]


def name_nodes(model: Any) -> None:
    """Give every node a name of its own, in place: quantisers choose by names."""
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}_{number}"


def find_regions(model: Any, mean: Collection[float]) -> Regions:
    """Find the regions of an encoder whose nodes have names.

    Args:
        model: The graph; ``frame`` to ``features``.
        mean: Of the encoder's normalisation: where it is subtracted, the crop ends.
    """
    editor = Editor(model)
    nodes = list(model.graph.node)
    maker = {name: node for node in nodes for name in node.output}
    wanted = np.asarray(sorted(mean), np.float32)

    def subtracts_mean(node: Any) -> bool:
        values = editor.weight(node.input[1]) if node.op_type == "Sub" and len(node.input) > 1 else None
        return values is not None and values.size == 3 and bool(np.allclose(np.sort(values.ravel()), wanted, atol=1e-6))

    crop: set[str] = set()
    waiting = [node for node in nodes if subtracts_mean(node)]
    while waiting:
        node = waiting.pop()
        if node.name not in crop:
            crop.add(node.name)
            waiting += [maker[name] for name in node.input if name in maker]
    inside = [node for node in nodes if node.name not in crop]
    single = {
        node.name
        for node in inside
        if node.op_type == "Conv" and list(editor.shapes.get(node.input[0], ()))[2:] == [1, 1]
    }
    gates = {name for node in inside for name in node.output if list(editor.shapes.get(name, ()))[2:] == [1, 1]}
    squeeze = single | {node.name for node in inside if node.op_type == "Mul" and set(node.input) & gates}
    heads = {node.name for node in inside if node.op_type in ("Gemm", "MatMul")}
    return Regions(frozenset(crop), frozenset(squeeze), frozenset(heads))
