"""What onnxruntime-web's WebGL provider lacks, and which of these features a graph uses."""

from shared.onnx.graph import Graph

_MISSING_OPERATORS = ("LSTM", "HardSwish", "HardSigmoid")


def has_what_webgl_lacks(graph: Graph) -> bool:
    """Tell whether WebGL cannot load a graph."""
    return graph.uses_int64 or any(name in graph.operators for name in _MISSING_OPERATORS)


def why_no_webgl(graph: Graph | None) -> str:
    """Say why WebGL is refused, naming the unsupported features of this graph."""
    reasons = []
    if graph is not None:
        if lacking := [name for name in _MISSING_OPERATORS if name in graph.operators]:
            reasons.append(f"it has no {', '.join(lacking)}, which this graph uses")
        if graph.uses_int64:
            reasons.append("it has no int64 tensors, which this graph uses")
    if reasons:
        return (
            f"webgl cannot load this graph: {' and '.join(reasons)}; it is being removed from onnxruntime-web as well"
        )
    return (
        f"webgl has no {', '.join(_MISSING_OPERATORS)} and no int64, so it loads few graphs, and is being removed "
        "from onnxruntime-web"
    )
