"""A model's folder: the graph with its notes, and the card, which is written last and names the graph by its hash."""

from pathlib import Path
from typing import Any

import onnx

from shared import contracts, paths
from tools.exporter import graph as graphs

_NOTED = ("model_id", "classes", "positive_class", "emotions", "frame_interval_ms", "emotions_trained")
_SEEN = ("crop", "resize", "mirror")


def write_model(
    folder: Path, graph: onnx.ModelProto, card: dict[str, Any], weights: Path | None = None, *, any_size: bool = False
) -> None:
    """Write a graph and its card.

    Args:
        folder: The model's.
        graph: Its own notes are added.
        card: All but what is to be said of the file, which is added.
        weights: A file of weights that is kept beside it.
        any_size: Whether it may be larger than a page downloads.

    Raises:
        CheckFailed: The graph is too large; nothing is written then.
    """
    reading = {key: card["input"][key] for key in ("landmark_model_sha256", "provider") if key in card["input"]}
    graphs.set_metadata(
        graph,
        {
            "schema_version": 1,
            **{key: card[key] for key in _NOTED},
            "threshold": card["threshold"]["value"],
            "synthetic": card["dataset"]["kind"] == "synthetic",
            **{key: card[key] for key in _SEEN},
            **reading,
        },
    )
    path = folder / paths.MODEL_FILE
    data = graphs.save(graph, path, any_size=any_size)
    contracts.write_bytes(path, data)
    if weights is not None:
        contracts.write_bytes(folder / paths.WEIGHTS_FILE, weights.read_bytes())
    card["onnx"] = {
        "file": path.name,
        "sha256": contracts.sha256_file(path),
        "bytes": len(data),
        **graphs.describe_graph(graph),
    }
    contracts.write_document(folder / paths.MODEL_CARD, card, "model")
