"""Makes the graphs of a hand-off from the model's weights. Runs none of them: `tools.handoff.parity` does that."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.onnx.contract import EMOTION_LOGITS, FEATURE_SHAPES
from shared.onnx.graph import Tensor, parse_graph
from tools.handoff.source import Source

_MEANINGS = {
    "frames": "the frames of a window, the oldest first; RGB, pixel / 255",
    "frame": "one frame, cropped and resized; RGB, pixel / 255",
    "rgba": "one picture of any size as a canvas gives it; the graph contains crop, resize and scaling",
    "landmarks": "478 points per frame as the landmarker gives them (x, y, z; fractions of the square), oldest first",
    "blendshapes": "52 scores per frame as the landmarker gives them; the oldest frame first",
    "features": "the head's input: one frame's features, or those of a window's frames, the oldest first",
    EMOTION_LOGITS: "one logit per emotion, in the order of emotions",
}
PROB_MEANING = "probability of the positive class, 0 to 1"
_FREE_AXES = {
    "rgba": ["height", "width", 4],
    **{kind: [1, "frames", *rest] for kind, rest in FEATURE_SHAPES.items()},
}


@dataclass(frozen=True)
class Made:
    """A graph of the folder.

    Attributes:
        data: The file's bytes.
        entry: Its entry in the spec; the verdict is filled in when it is judged.
    """

    data: bytes
    entry: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name in the spec."""
        name: str = self.entry["name"]
        return name

    def with_verdict(self, verdict: dict[str, Any]) -> "Made":
        """Return the same graph, judged."""
        return Made(self.data, {**self.entry, "verdict": verdict})


def describe(name: str, role: str, variant: str, file: str, data: bytes) -> Made:
    """Describe a graph for the spec: hash, size, opset, operators, inputs and outputs, read from its bytes.

    Raises:
        InvalidInput: The bytes are not a valid ONNX.
    """
    graph = parse_graph(data, Path(file))
    entry = {
        "name": name,
        "role": role,
        "variant": variant,
        "file": file,
        "sha256": graph.sha256,
        "bytes": graph.n_bytes,
        "opset": graph.opset,
        "operators": list(graph.operators),
        "inputs": [_tensor(tensor) for tensor in graph.inputs],
        "outputs": [_tensor(tensor) for tensor in graph.outputs],
        "verdict": None,
    }
    return Made(data, entry)


def _tensor(tensor: Tensor) -> dict[str, Any]:
    free = _FREE_AXES.get(tensor.name, [1] * len(tensor.shape))
    shape = [axis or name for axis, name in zip(tensor.shape, free, strict=True)]
    return {
        "name": tensor.name,
        "shape": shape,
        "dtype": tensor.dtype,
        "meaning": _MEANINGS.get(tensor.name, PROB_MEANING),
    }


def make_graphs(source: Source) -> list[Made]:
    """Make the graphs whose arithmetic is the window's own: window, encoder, head and the encoder's exact rewrites.

    Returns:
        The window alone if the source has no usable weights.
    """
    window = describe("window", "window", "plain", paths.MODEL_FILE, source.graph.data)
    if source.weights is None:
        return [window]
    from shared.models.onnx_export import export_stream

    cli.note("handoff: exporting encoder and head ...")
    encoder, head = export_stream(
        source.weights,
        source.card["network"],
        source.frame_count,
        source.image_size_px,
        source.card["temperature"] or 1.0,
        source.card.get("encoder"),
        source.prob,
    )
    from shared.onnx.rewrites import fold_std, to_wasm, to_webgl
    from tools.handoff.graphs.pixels import add_preprocessing

    encoder = fold_std(encoder)
    for_wasm = to_wasm(encoder)
    encoders = {("encoder", "plain"): encoder, ("encoder_wasm", "wasm"): for_wasm}
    if (source.card.get("encoder") or {}).get("crop") != "face":
        # The face crop reads pixels by index and compares candidates: WebGL has no operators for that.
        encoders["encoder_webgl", "webgl"] = to_webgl(encoder)
    encoders["encoder_pixels", "pixels"] = add_preprocessing(for_wasm, source.image_size_px)
    made = [
        describe(name, "encoder", variant, f"{name}.onnx", to_bytes(graph))
        for (name, variant), graph in encoders.items()
    ]
    return [window, made[0], describe("head", "head", "plain", "head.onnx", to_bytes(head)), *made[1:]]


def to_bytes(graph: Any) -> bytes:
    """Serialise a graph: the same bytes each time."""
    data: bytes = graph.SerializeToString(deterministic=True)
    return data
