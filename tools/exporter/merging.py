"""Several ONNX graphs of one contract as one, which gives the mean of what they give. Pure; knows no dataset."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper

from shared.errors import InvalidInput, first_line


def mean_graph(graphs: Sequence[onnx.ModelProto]) -> onnx.ModelProto:
    """Put graphs beside each other behind one input, and give the mean of each output.

    What they compute alike, from the same numbers, is computed once: the same face detector in three networks finds the
    face one time.

    Args:
        graphs: Of one input and the same outputs.

    Raises:
        InvalidInput: They cannot be put together.
    """
    first = graphs[0].graph
    shared_input = first.input[0]
    names = [output.name for output in first.output]
    nodes: list[Any] = []
    weights: list[Any] = []
    for number, model in enumerate(graphs):
        part = compose.add_prefix(model, f"m{number}_").graph
        for node in part.node:
            for place, name in enumerate(node.input):
                if name == f"m{number}_{model.graph.input[0].name}":
                    node.input[place] = shared_input.name
        nodes += part.node
        weights += part.initializer
    nodes, weights = _without_repetition(nodes, weights, {f"m{n}_{name}" for n in range(len(graphs)) for name in names})
    share = numpy_helper.from_array(np.float32(1 / len(graphs)), "share")
    for name in names:
        total = f"m0_{name}"
        for number in range(1, len(graphs)):
            nodes.append(helper.make_node("Add", [total, f"m{number}_{name}"], [f"sum{number}_{name}"]))
            total = f"sum{number}_{name}"
        nodes.append(helper.make_node("Mul", [total, "share"], [name]))
    graph = helper.make_graph(nodes, "mean", [shared_input], list(first.output), [*weights, share])
    model = helper.make_model(
        graph, opset_imports=list(graphs[0].opset_import), ir_version=max(one.ir_version for one in graphs)
    )
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # of a checker whose classes have no parent of their own
        raise InvalidInput("--models", found=f"graphs that do not fit together ({first_line(error)})") from None
    return model


def _without_repetition(nodes: Sequence[Any], weights: Sequence[Any], outputs: set[str]) -> tuple[list[Any], list[Any]]:
    """Leave out weights and nodes that are there already; what graphs give keeps its name."""
    stands_for: dict[str, str] = {}
    known: dict[bytes, str] = {}
    kept_weights, kept_nodes = [], []
    for weight in weights:
        bare = onnx.TensorProto()
        bare.CopyFrom(weight)
        bare.ClearField("name")
        first = known.setdefault(bare.SerializeToString(deterministic=True), weight.name)
        stands_for[weight.name] = first
        if first == weight.name:
            kept_weights.append(weight)
    seen: dict[bytes, list[str]] = {}
    for node in nodes:
        node.input[:] = [stands_for.get(name, name) for name in node.input]
        bare_node = onnx.NodeProto()
        bare_node.CopyFrom(node)
        for field in ("name", "output", "doc_string", "metadata_props"):
            bare_node.ClearField(field)
        key = bare_node.SerializeToString(deterministic=True)
        has_graph = any(attribute.HasField("g") or attribute.graphs for attribute in node.attribute)
        before = seen.setdefault(key, list(node.output))
        if before == list(node.output) or has_graph or outputs & set(node.output) or len(before) != len(node.output):
            kept_nodes.append(node)
        else:
            stands_for |= dict(zip(node.output, before, strict=True))
    return kept_nodes, kept_weights
