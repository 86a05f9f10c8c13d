"""From a network to the contract's ONNX: export, describe, note. Knows no dataset."""

import json
from pathlib import Path
from typing import Any

import onnx
import torch

from shared.errors import CheckFailed
from shared.models.dual_head import ContractModule, DualHeadSmileDetector
from shared.models.landmark_mlp import LandmarkContract, LandmarkMlp
from shared.models.onnx_export import export_module
from shared.onnx.model import FEATURE_SHAPES, METADATA_PREFIX

INPUT = "frames"
OUTPUTS = ("smile_prob", "emotion_logits")
MAX_BYTES = 7_700_000  # what a page downloads before it can decide anything


def build_graph(network: DualHeadSmileDetector, image_size_px: int, temperature: float = 1.0) -> onnx.ModelProto:
    """Export a network as one graph: input ``frames`` (1, T, 3, S, S), outputs ``smile_prob`` and ``emotion_logits``.

    Raises:
        CheckFailed: The simplified graph does not answer like the exported one.
    """
    example = torch.rand(1, network.frame_count, 3, image_size_px, image_size_px)
    return export_module(ContractModule(network, temperature), example, INPUT, OUTPUTS)


def build_feature_graph(network: LandmarkMlp, frame_count: int, temperature: float = 1.0) -> onnx.ModelProto:
    """Export a network of features as one graph: ``landmarks`` (1, T, 478, 3) or ``blendshapes`` (1, T, 52), any T."""
    shape = FEATURE_SHAPES[network.kind]
    example = torch.rand(1, max(2, frame_count), *shape)
    frames = torch.export.Dim("frames", min=1, max=256)
    return export_module(
        LandmarkContract(network, temperature), example, network.kind, ("smile_prob",), dynamic={1: frames}
    )


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


def save(graph: onnx.ModelProto, path: Path) -> bytes:
    """Return the file's bytes after checking its size; the caller writes them.

    Raises:
        CheckFailed: More than the contract allows.
    """
    data: bytes = graph.SerializeToString()
    if len(data) > MAX_BYTES:
        raise CheckFailed(str(path), found=f"{len(data):,} bytes", expected=f"at most {MAX_BYTES:,}")
    return data
