"""Edits ONNX graphs in memory: constants, nodes, shapes. Knows nothing of what a graph computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Rewrite = Callable[["Editor", Any], bool]


class Editor:
    """A copy of a graph whose nodes are replaced one by one.

    Args:
        model: The graph; it is not changed.

    Attributes:
        model: The copy.
        shapes: Shape of every tensor, by name.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        inferred = onnx.shape_inference.infer_shapes(self.model, strict_mode=True).graph
        values = [*inferred.value_info, *inferred.input, *inferred.output]
        self.shapes = {value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim] for value in values}
        self._weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in self.model.graph.initializer}
        self._nodes: list[Any] = []

    def weight(self, name: str) -> npt.NDArray[Any] | None:
        """Return a constant of the graph, or None if the name is no constant."""
        return self._weights.get(name)

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add a constant, once a name; returns the name."""
        self._weights.setdefault(name, values)
        return name

    def integers(self, *values: int) -> str:
        """Add a constant of int64."""
        return self.constant(
            "int_" + "_".join(str(v).replace("-", "minus") for v in values), np.array(values, np.int64)
        )

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node; returns the name of its output."""
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def rewrite(self, *rewrites: Rewrite) -> "Editor":
        """Offer each node to the rewrites in turn; the first that returns True has added its replacement."""
        for node in self.model.graph.node:
            if not any(rewrite(self, node) for rewrite in rewrites):
                self._nodes.append(node)
        return self

    def finish(self, opset: int | None = None) -> onnx.ModelProto:
        """Return the edited graph with the constants that it still uses, checked by ONNX's own rules.

        Args:
            opset: Version of ONNX's operators to declare; None leaves it.
        """
        graph = self.model.graph
        del graph.node[:]
        graph.node.extend(self._nodes)
        used = {name for node in graph.node for name in node.input}
        del graph.initializer[:]
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(values), name) for name, values in self._weights.items() if name in used
        )
        del graph.value_info[:]
        if opset is not None:
            self.model.opset_import[0].version = opset
        onnx.checker.check_model(self.model, full_check=True)
        return self.model


def attributes_of(node: Any) -> dict[str, Any]:
    """Read a node's attributes."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
