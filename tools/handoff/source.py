"""Reads the model that is handed off: its ONNX, its card and its weights, and whether they belong together.

A model without usable weights is not an error: then only its window can be handed off (`why_no_stream`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.models import INPUT_KINDS
from shared.onnx.contract import CLIPS, FEATURE_SHAPES, SMILE_PROB, find_prob, outputs_of, prob_name
from shared.onnx.graph import Graph, read_graph
from shared.onnx.model import OnnxModel
from shared.preprocess import SIZE_PX

# An encoder of single frames, and a head over their features.
STREAM_NETWORKS = tuple(name for name, kind in INPUT_KINDS.items() if kind == "frames")

# Key of the ONNX's metadata -> path in the card.
_NOTES = {
    "model_id": ("model_id",),
    "classes": ("classes",),
    "positive_class": ("positive_class",),
    "emotions": ("emotions",),
    "emotions_trained": ("emotions_trained",),
    "threshold": ("threshold", "value"),
    "frame_interval_ms": ("frame_interval_ms",),
    "crop": ("crop",),
    "resize": ("resize",),
    "mirror": ("mirror",),
}
_FEATURE_NOTES = {**_NOTES, "landmark_model_sha256": ("input", "landmark_model_sha256")}


@dataclass(frozen=True)
class Source:
    """A model to hand off.

    Attributes:
        graph: The contract's window.
        card: The content of model.json.
        weights: The weights that the window was exported from, or None.
        why_no_stream: Why the streaming pair cannot be made; empty if it can, or if it is not needed, as the
            window of a model of landmarks or blendshapes is small enough.
    """

    graph: Graph
    card: dict[str, Any]
    weights: Path | None
    why_no_stream: str

    @property
    def kind(self) -> str:
        """The window's input kind: ``frames``, ``landmarks`` or ``blendshapes``."""
        name: str = self.card["input"]["name"]
        return name

    @property
    def prob(self) -> str:
        """The output that decides, such as ``smile_prob``."""
        found = find_prob((output["name"] for output in self.card["outputs"]), self.card["positive_class"])
        return found or SMILE_PROB

    @property
    def frame_count(self) -> int:
        """T, the frames of a window."""
        count: int = self.card["input"]["shape"][1]
        return count

    @property
    def image_size_px(self) -> int:
        """S, the side of the square that is the input of the network, or of the landmarker before it."""
        side: int = self.card["input"]["shape"][4] if self.kind == "frames" else SIZE_PX
        return side


def read_source(onnx: Path) -> Source:
    """Read a model's folder.

    Raises:
        InvalidInput: The ONNX or its card is missing or broken, does not keep the contract, or they (or the weights)
            belong to different models.
    """
    graph = read_graph(onnx)
    path = onnx.with_name(paths.MODEL_CARD)
    if not path.is_file():
        raise InvalidInput(
            str(path),
            found="no such file",
            expected="the model's card: classes, threshold and frame spacing, which no ONNX contains",
            todo="export the model, or check a spec of your own: ./inv validate-spec --spec SPEC --model ONNX",
        )
    card = contracts.read_document(path, "model")
    kind, outputs = card["input"]["name"], {output["name"] for output in card["outputs"]}
    if kind == CLIPS:
        OnnxModel(onnx, threads=1).refuse_clips()
    prob = find_prob(outputs, card["positive_class"]) or prob_name(card["positive_class"])
    wanted = outputs_of(kind, prob)
    if outputs != set(wanted):
        raise InvalidInput(
            str(path),
            found=f"a model of {kind} with the outputs {', '.join(sorted(outputs))}",
            expected=f"a model with the outputs {' and '.join(sorted(wanted))}, which the page can read",
            todo="name another model with --model",
        )
    if card["onnx"]["sha256"] != graph.sha256:
        raise InvalidInput(
            str(onnx),
            found=f"sha256 {graph.sha256[:12]}",
            expected=f"{card['onnx']['sha256'][:12]}, as {path.name} says",
            todo="the ONNX was changed after its export: export it again",
        )
    if graph.uses_other_files:
        raise InvalidInput(str(onnx), found="weights in other files", expected="everything in the one .onnx")
    _check_notes(graph, card)
    _check_shape(onnx, card)
    weights, why = _find_weights(onnx.with_name(paths.WEIGHTS_FILE), card)
    return Source(graph, card, weights, why)


def _check_shape(onnx: Path, card: dict[str, Any]) -> None:
    """Refuse an ONNX whose input differs from its card's; a model of features may take any number of frames."""
    window, stated = OnnxModel(onnx, threads=1), card["input"]
    rest = [3, *[window.image_size_px] * 2] if window.kind == "frames" else FEATURE_SHAPES[window.kind]
    shape = [1, window.frame_count or stated["shape"][1], *rest]
    if (window.kind, shape) != (stated["name"], stated["shape"]):
        raise InvalidInput(
            str(onnx),
            found=f"an input of {window.kind} {shape}",
            expected=f"{stated['name']} {stated['shape']}, as {paths.MODEL_CARD} says",
            todo="export the model again",
        )


def _check_notes(graph: Graph, card: dict[str, Any]) -> None:
    """Refuse an ONNX whose metadata contradicts its card."""
    for note, keys in (_NOTES if card["input"]["name"] == "frames" else _FEATURE_NOTES).items():
        stated: Any = card
        for key in keys:
            stated = stated[key]
        found = graph.metadata.get(note, stated)
        # JSON may hold an id of digits as a number.
        if found != stated and str(found) != stated:
            raise InvalidInput(
                f"{graph.path}: smilebench.{note}",
                found=repr(found),
                expected=f"{stated!r}, as {paths.MODEL_CARD} says",
                todo="export the model again",
            )


def _find_weights(path: Path, card: dict[str, Any]) -> tuple[Path | None, str]:
    """Return the weights, or why none can be used.

    Raises:
        InvalidInput: They are not those of the card.
    """
    if card["input"]["name"] != "frames":
        return None, ""
    if card["network"] not in STREAM_NETWORKS:
        return None, f"network {card['network']!r} has no encoder/head split ({', '.join(STREAM_NETWORKS)} has one)"
    if not path.is_file():
        return None, f"{path.name} is not beside the ONNX"
    expected = card["run"]["checkpoint_sha256"] if card["run"] else None
    if expected is not None and (found := contracts.sha256_file(path)) != expected:
        raise InvalidInput(
            str(path),
            found=f"sha256 {found[:12]}",
            expected=f"{expected[:12]}, the checkpoint of {paths.MODEL_CARD}",
            todo="export the model again",
        )
    return path, ""
