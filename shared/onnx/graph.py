"""Reads what an ONNX file says of itself, and runs it once on known inputs. Compares it with nothing.

The bytes are read once and parsed from memory, so that weights in other files, which a stranger's graph may name by
any path, are never opened.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import InvalidInput, first_line
from shared.onnx.contract import METADATA_PREFIX
from shared.onnx.session import Arrays, open_session, run_session


@dataclass(frozen=True)
class Tensor:
    """An input or output as the graph declares it; an axis is None where the file leaves its length open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Tell whether tensors of this shape may pass; an open axis takes any length."""
        return len(self.shape) == len(shape) and all(
            declared is None or declared == length for declared, length in zip(self.shape, shape, strict=True)
        )


@dataclass(frozen=True)
class Graph:
    """What an ONNX file says of itself.

    Attributes:
        path: The file.
        sha256: Hash of its bytes.
        n_bytes: Its size.
        opset: Version of ONNX's own operators.
        operators: Their names, sorted, subgraphs included; operators of other domains as ``domain.Name``.
        inputs: Without the weights.
        outputs: In the file's order.
        metadata: The keys that begin with ``smilebench.``, without that; JSON values are decoded.
        uses_int64: Whether any tensor is of that type, which WebGL does not know.
        uses_other_files: Whether weights lie in files beside it.
    """

    path: Path
    sha256: str
    n_bytes: int
    opset: int
    operators: tuple[str, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    metadata: dict[str, Any]
    uses_int64: bool
    uses_other_files: bool
    data: bytes = field(repr=False, compare=False)


def read_graph(path: Path) -> Graph:
    """Read an ONNX file.

    Raises:
        InvalidInput: The file is missing, no ONNX, cut off, or breaks ONNX's own rules.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(str(path), found=error.strerror or str(error), expected="an ONNX file") from None
    return parse_graph(data, path)


# First bytes, from an offset on, of what people hand over in an ONNX's place.
_OTHERS = (
    (0, b"PK\x03\x04", "a zip archive (PyTorch's .pt and .pth are such archives, too)"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"version https://git-lfs", "a Git LFS pointer"),
    (0, b"\x89HDF", "an HDF5 file, as of Keras"),
    (4, b"TFL3", "a LiteRT (TFLite) model"),
    (0, b"<", "a web page, or other text that begins with <"),
)


def _name_other(data: bytes) -> str | None:
    """Name what a file is by its first bytes, where it is a kind that is known and no ONNX."""
    return next((name for at, start, name in _OTHERS if data[at : at + len(start)] == start), None)


def parse_graph(data: bytes, path: Path) -> Graph:
    """Read an ONNX from its bytes; `path` only says how to call it.

    Raises:
        InvalidInput: As `read_graph`.
    """
    import onnx

    def refused(found: str, expected: str = "an ONNX file") -> InvalidInput:
        return InvalidInput(str(path), found=found, expected=expected, todo="copy or export the file again")

    if (other := _name_other(data)) is not None:
        raise InvalidInput(
            str(path), found=other, expected="an ONNX file", todo="give the ONNX itself: unpack, fetch or export it"
        )
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's DecodeError, whose home differs between its versions
        raise refused(f"no ONNX, or one that was cut off ({first_line(error)})") from None
    if not model.graph.node:
        raise refused(f"no operators in {len(data)} bytes")
    uses_other_files = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _weights(model.graph))
    if not uses_other_files:
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError as error:
            raise refused(f"a graph that breaks ONNX's rules ({first_line(error)})", "a valid ONNX") from None
    nodes = [*_nodes(model.graph), *(node for function in model.functions for node in function.node)]
    weights = {tensor.name for tensor in model.graph.initializer}
    return Graph(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        n_bytes=len(data),
        opset=max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0),
        operators=tuple(sorted({_operator(node) for node in nodes})),
        inputs=tuple(_tensor(value) for value in model.graph.input if value.name not in weights),
        outputs=tuple(_tensor(value) for value in model.graph.output),
        metadata=_metadata(model),
        uses_int64=_uses_int64(model),
        uses_other_files=uses_other_files,
        data=data,
    )


def run_graph(graph: Graph, inputs: Arrays) -> Arrays:
    """Run a graph once on the CPU, on one thread.

    Raises:
        InvalidInput: onnxruntime cannot load or run it.
    """
    return run_session(open_session(graph.data, str(graph.path)), inputs, str(graph.path))


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph and of the graphs inside its nodes (If, Loop, Scan)."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in [attribute.g, *attribute.graphs]:
                yield from _nodes(inner)


def _weights(graph: Any) -> Iterator[Any]:
    """Yield all constant tensors of a graph."""
    yield from graph.initializer
    for node in _nodes(graph):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            for inner in [attribute.g, *attribute.graphs]:
                yield from inner.initializer


def _operator(node: Any) -> str:
    return str(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}")


def _tensor(value: Any) -> Tensor:
    """Read a declared input or output."""
    import onnx

    kind = value.type.tensor_type
    shape = tuple(axis.dim_value if axis.HasField("dim_value") else None for axis in kind.shape.dim)
    if not value.type.HasField("tensor_type") or kind.elem_type == onnx.TensorProto.UNDEFINED:
        return Tensor(value.name, shape, "no tensor")
    return Tensor(value.name, shape, onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name)


def _metadata(model: Any) -> dict[str, Any]:
    """Read our notes; a value that is no JSON stays text (an id, or somebody's mistake that a check will name)."""
    notes: dict[str, Any] = {}
    for entry in model.metadata_props:
        if entry.key.startswith(METADATA_PREFIX):
            try:
                value = json.loads(entry.value)
            except json.JSONDecodeError:
                value = entry.value
            notes[entry.key.removeprefix(METADATA_PREFIX)] = value
    return notes


def _uses_int64(model: Any) -> bool:
    """Tell whether a constant, a declared tensor or a cast is int64, or an operator always gives it."""
    import onnx

    int64 = onnx.TensorProto.INT64
    values = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    nodes = list(_nodes(model.graph))
    return (
        any(tensor.data_type == int64 for tensor in _weights(model.graph))
        or any(value.type.tensor_type.elem_type == int64 for value in values)
        or any(node.op_type in ("Shape", "Size", "NonZero", "ArgMax", "ArgMin") for node in nodes)
        or any(a.name == "to" and a.i == int64 for node in nodes if node.op_type == "Cast" for a in node.attribute)
    )
