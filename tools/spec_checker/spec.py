"""Builds a front-end spec from a model's card and the ONNX itself. Writes nothing and judges nothing."""

from typing import Any

from shared import paths
from tools.spec_checker.graph import Graph
from tools.spec_checker.runtime import NPM_PACKAGE, NPM_VERSION, PROVIDERS

_MEANINGS = {
    "smile_prob": "probability of the positive class, 0 to 1",
    "emotion_logits": "one logit an emotion, in the order of emotions; only those in emotions_trained mean anything",
}


def build_spec(graph: Graph, card: dict[str, Any]) -> dict[str, Any]:
    """Build the front-end spec of a model.

    Args:
        graph: The ONNX: file, hash, operators, names and shapes are taken from it, not from the card.
        card: The content of model.json: classes, threshold, frame spacing, preprocessing.

    Returns:
        A document of the frontend_spec schema, if the ONNX keeps the contract; `tested` is empty.
    """
    frames = graph.inputs[0]
    meanings = {**_MEANINGS, **{output["name"]: output["meaning"] for output in card["outputs"]}}
    shapes = {output["name"]: output["shape"] for output in card["outputs"]}
    return {
        "schema_version": 1,
        "spec_id": card["model_id"],
        "created_utc": paths.utc_text(),
        "synthetic": card["dataset"]["kind"] == "synthetic",
        "model": {
            "file": graph.path.name,
            "sha256": graph.sha256,
            "bytes": graph.n_bytes,
            "opset": graph.opset,
            "operators": list(graph.operators),
        },
        "input": {
            "name": frames.name,
            "shape": _closed(frames.shape, card["input"]["shape"]),
            "dtype": frames.dtype,
            "layout": card["input"]["layout"],
            "color": card["input"]["color"],
            "range": card["input"]["range"],
        },
        "outputs": [
            {
                "name": output.name,
                "shape": _closed(output.shape, shapes.get(output.name, [])),
                "dtype": output.dtype,
                "meaning": meanings.get(output.name, output.name),
            }
            for output in graph.outputs
        ],
        "classes": card["classes"],
        "positive_class": card["positive_class"],
        "emotions": card["emotions"],
        "emotions_trained": card["emotions_trained"],
        "decision": {
            "output": "smile_prob",
            "operator": ">",
            "threshold": card["threshold"]["value"],
            "chosen_on": card["threshold"]["chosen_on"],
        },
        "frames": {"count": card["input"]["shape"][1], "interval_ms": card["frame_interval_ms"]},
        "preprocessing": {
            "crop": card["crop"],
            "resize": card["resize"],
            "width_px": card["input"]["shape"][4],
            "height_px": card["input"]["shape"][3],
            "mirror": card["mirror"],
            "scale": "pixel / 255" if card["input"]["range"] == [0, 1] else "unknown",
        },
        "runtime": {
            "npm_package": NPM_PACKAGE,
            "npm_version": NPM_VERSION,
            "execution_providers": list(PROVIDERS),
        },
        "tested": [],
    }


def _closed(shape: tuple[int | None, ...], stated: list[int]) -> list[int]:
    """Fill the lengths that a graph leaves open with those that the card states."""
    if len(shape) != len(stated):
        return [axis or 1 for axis in shape] or stated
    return [axis or wanted for axis, wanted in zip(shape, stated, strict=True)]
