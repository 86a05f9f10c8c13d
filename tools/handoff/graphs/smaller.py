"""Takes in the smaller encoders that a quantisation offers: half precision and 8-bit integers, each with its verdict.

Reads ``artifacts/quantized/<model_id>/``, where ``quantizer`` judged them on people; judges none itself.
"""

from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import CheckFailed, InvalidInput
from shared.onnx.pair import Stream
from tools.handoff.graphs.build import Made, describe
from tools.handoff.source import Source


def take_smaller(source: Source, graphs: list[Made]) -> tuple[list[Made], list[str]]:
    """Take in the encoders that pages may use instead of the plain one.

    Args:
        source: The model.
        graphs: Window, encoder, head and more.

    Returns:
        The encoders with their verdicts, and a note where a quantisation is of another export of the model.

    Raises:
        InvalidInput: Its document is not valid, or a file is missing or another than the document names.
    """
    folder = paths.artifacts("quantized") / source.card["model_id"]
    path = folder / paths.QUANTIZATION_FILE
    if not path.is_file():
        return [], []
    document = contracts.read_document(path, "quantization")
    if document["model"]["sha256"] != source.graph.sha256:
        return [], [f"{paths.shown(path)} is of another export of this model: ./inv quantize makes it again"]
    encoder, head = graphs[1], graphs[2]
    made = []
    for variant in document["variants"]:
        if variant["file"] is not None and variant["test"] is not None:
            graph = _read(folder, variant)
            _check_fits(graph, head)
            made.append(graph.with_verdict(_describe_verdict(variant, graph, encoder, document["dataset"]["name"])))
    return made, []


def _read(folder: Path, variant: dict[str, Any]) -> Made:
    """Read an encoder whose bytes are those that were judged."""
    path = folder / variant["file"]["file"]
    found = contracts.sha256_file(path)
    if found != variant["file"]["sha256"]:
        raise InvalidInput(
            str(path),
            found=f"sha256 {found[:12]}",
            expected=f"{variant['file']['sha256'][:12]}, as {paths.QUANTIZATION_FILE} says",
            todo="judge it again: ./inv quantize",
        )
    name = f"encoder_{variant['kind']}"
    return describe(name, "encoder", variant["kind"], f"{name}.onnx", path.read_bytes())


def _check_fits(graph: Made, head: Made) -> None:
    """Refuse an encoder whose features are none for this head."""
    features, wanted = graph.entry["outputs"][0]["shape"][-1], head.entry["inputs"][0]["shape"][-1]
    if features != wanted:
        raise CheckFailed(graph.name, found=f"{features} features", expected=f"{wanted}, which the head takes")
    Stream(graph.data, head.data, graph.name)


def _describe_verdict(variant: dict[str, Any], graph: Made, encoder: Made, dataset: str) -> dict[str, Any]:
    """Write a verdict as a spec holds it."""
    test = variant["test"]
    low, high = test["change"]["low"], test["change"]["high"]
    return {
        "n_decisions": test["n"],
        "n_flips": test["n_flips"],
        "largest_difference": test["largest_difference"],
        "size_ratio": graph.entry["bytes"] / encoder.entry["bytes"],
        "offer": True,
        "reason": f"{test['n_flips']} of {test['n']} decisions flip on the test people of {dataset}, and the accuracy "
        f"changes by {100 * test['change']['value']:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})",
    }
