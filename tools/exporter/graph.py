"""From a network to the contract's ONNX: export, describe, note. Knows no dataset."""

import json
from pathlib import Path
from typing import Any

import onnx
import torch

from shared.errors import CheckFailed
from shared.models.clips import ClipNetwork
from shared.models.network import Network
from shared.models.onnx_export import export_module
from shared.onnx.contract import FEATURE_SHAPES, MAX_BYTES, METADATA_PREFIX, SMILE_PROB, outputs_of


def build_graph(
    network: Network, frame_count: int, image_size_px: int, temperature: float = 1.0, prob: str = SMILE_PROB
) -> onnx.ModelProto:
    """Export a network as one graph of the contract.

    Args:
        network: The network.
        frame_count: T. A graph of features takes any number of frames all the same.
        image_size_px: S, of pictures.
        temperature: Divides the logit of the positive class.
        prob: The name of the output that decides.

    Returns:
        Input ``frames`` (1, T, 3, S, S), outputs `prob` and ``emotion_logits``; or ``landmarks`` (1, T, 478, 3) or
        ``blendshapes`` (1, T, 52) or ``emotions`` (1, T, K) to `prob`.

    Raises:
        CheckFailed: The simplified graph does not answer like the exported one.
    """
    kind = network.input_kind
    if kind == "frames":
        shape, dynamic = (1, frame_count, 3, image_size_px, image_size_px), None
    else:
        rest = [network.n_channels] if isinstance(network, ClipNetwork) else FEATURE_SHAPES[kind]
        shape = (1, max(2, frame_count), *rest)
        dynamic = {1: torch.export.Dim("frames", min=1, max=256)}
    outputs = outputs_of(kind, prob)
    return export_module(network.contract_module(temperature), torch.rand(*shape), kind, outputs, dynamic)


def describe_graph(graph: onnx.ModelProto) -> dict[str, Any]:
    """Return opset and sorted operators of a graph."""
    opset = next(entry.version for entry in graph.opset_import if entry.domain in ("", "ai.onnx"))
    return {"opset": opset, "operators": sorted({node.op_type for node in graph.graph.node})}


def set_metadata(graph: onnx.ModelProto, values: dict[str, Any]) -> None:
    """Write values into the file's own notes, as JSON under ``smilebench.*`` (text stays as it is)."""
    kept = [entry for entry in graph.metadata_props if not entry.key.startswith(METADATA_PREFIX)]
    del graph.metadata_props[:]
    notes = {entry.key: entry.value for entry in kept}
    for key, value in values.items():
        notes[METADATA_PREFIX + key] = value if isinstance(value, str) else json.dumps(value)
    onnx.helper.set_model_props(graph, notes)


def save(graph: onnx.ModelProto, path: Path, *, any_size: bool = False) -> bytes:
    """Return the file's bytes after checking its size, unless any will do; the caller writes them.

    Raises:
        CheckFailed: More than the contract allows.
    """
    data: bytes = graph.SerializeToString()
    if len(data) > MAX_BYTES and not any_size:
        raise CheckFailed(str(path), found=f"{len(data):,} bytes", expected=f"at most {MAX_BYTES:,}")
    return data
