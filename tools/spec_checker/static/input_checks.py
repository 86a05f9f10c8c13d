"""Checks what a spec says of the model's input: its tensor, the window's frames, and the way from a picture to it.

Pure functions: claims and evidence in, findings out. A model of landmarks or blendshapes eats what the Face Landmarker
reads, so its spec must also say which landmarker and how it is asked; training read its pictures in one way only.
"""

import math
import re
from typing import Any

from shared import preprocess
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.faces.synthetic import depends_on_z
from shared.onnx.contract import DTYPE
from shared.onnx.graph import Graph, run_graph
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.contract import BLENDSHAPES, FRAMES
from tools.spec_checker.static.evidence import Said

THRESHOLD_TOLERANCE = 1e-6  # a threshold that was rounded for people (0.282) moves decisions
# How the featurizer asks the landmarker, and what it does where there is no face.
_ASKED = {
    "file": (landmarker.MODEL_NAME, "name the landmarker's model file"),
    "running_mode": ("IMAGE", "let every frame stand alone: the modes for videos smooth points over time"),
    "max_faces": (landmarker.MAX_FACES, "look for as many faces as in training (numFaces)"),
    "face": ("largest", "say which of several faces counts"),
    "border": (landmarker.BORDER, "say that a square without a face is tried once more with a black border"),
    "frame_without_face": ("nearest", "say what stands for a frame without a face"),
    "window_without_face": (0, "say what smile_prob is where no frame has a face"),
}


def check_input(said: Said) -> list[Finding]:
    """Check what the spec says of the graph's input, and of the landmarker before it if there is one."""
    graph, kept = said.evidence.graph, said.contract
    tensor = graph.inputs[0] if graph is not None and len(graph.inputs) == 1 else None
    name = tensor.name if tensor else kept.kind
    shape = list(kept.input_shape)
    if kept is not FRAMES:
        shape[1] = _frame_count(said)
    if tensor and len(tensor.shape) == len(shape):
        shape = [axis or wanted for axis, wanted in zip(tensor.shape, shape, strict=True)]
    who = "the ONNX" if tensor else "the model contract"
    layout = [("the model contract", kept.layout)]
    findings = [
        said.check("input.name", [(who, name)], "name the input as the graph does"),
        said.check("input.shape", [(who, shape)], "write the graph's shape"),
        said.check("input.dtype", [(who, tensor.dtype if tensor else DTYPE)], "write the graph's type"),
        said.check("input.layout", layout, f"say the order of the axes: {kept.axes}"),
    ]
    if kept is not FRAMES or "input.kind" in said.claims:
        findings.insert(0, said.check("input.kind", [(who, kept.kind)], "say what the graph eats"))
    if kept is FRAMES:
        contract = "the model contract"
        findings.append(said.check("input.color", [(contract, "RGB")], "say the order of the channels"))
        findings.append(
            said.check("input.range", [(contract, [0, 1])], "mean and std lie inside the graph: feed 0 to 1")
        )
        return findings
    return [*findings, *_check_features(said), *_check_landmarker(said)]


def _frame_count(said: Said) -> int:
    """Return T where the graph leaves it open: the card's, else what the spec says of its frames, else five."""
    card = said.evidence.card
    count = card["input"]["shape"][1] if card else said.value("frames.count")
    return count if isinstance(count, int) else FRAMES.input_shape[1]


def _check_features(said: Said) -> list[Finding]:
    """Check what the numbers mean: their unit, and z or the scores' names."""
    graph, kept = said.evidence.graph, said.contract
    if kept is BLENDSHAPES:
        names = [("MediaPipe", list(landmarker.BLENDSHAPES))]
        unit = said.check("input.unit", [("MediaPipe", "score")], "feed the scores as they are, 0 to 1")
        return [unit, said.check("input.names", names, "list the 52 in the landmarker's order")]
    unit = said.check(
        "input.unit",
        [("the one preprocessing", "fraction_of_square")],
        "feed x and y as fractions of the centred square; normalisation lies inside the graph",
    )
    known = [] if graph is None else [("the ONNX, asked about faces that differ in z only", _uses_z(graph))]
    known = [(who, fact) for who, fact in known if fact is not None]
    todo = "say whether z counts: it is the least certain of the three"
    return [unit, said.check("input.uses_z", known, todo, expected=None if known else "true or false")]


def _uses_z(graph: Graph) -> bool | None:
    """Ask a graph about faces that differ in z only; None if it does not answer."""

    def answer(points: Any) -> float:
        return float(run_graph(graph, {graph.inputs[0].name: points[None]})["smile_prob"].reshape(-1)[0])

    try:
        return depends_on_z(answer, graph.inputs[0].shape[1] or 1)
    except (InvalidInput, KeyError):
        return None  # what is wrong with it is the contract's business


def _check_landmarker(said: Said) -> list[Finding]:
    """Check which landmarker reads the pictures, and how."""
    field, claim = "input.landmarker", said.claims.get("input.landmarker")
    if claim is None or claim.value is None:
        found = "nothing" if claim is None else repr(claim.raw)
        return [failed(field, found, "which Face Landmarker reads a frame, and how", "write it: handoff --model MODEL")]
    findings = []
    for key, (wanted, todo) in _ASKED.items():
        found = claim.value.get(key)
        right = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
        findings.append(
            passed(f"{field}.{key}", found)
            if right
            else failed(
                f"{field}.{key}", "nothing" if found is None else repr(found), f"{wanted} (as in training)", todo
            )
        )
    return [*findings, _check_landmarker_hash(said, claim.value.get("sha256"))]


def _check_landmarker_hash(said: Said, found: Any) -> Finding:
    field = "input.landmarker.sha256"
    todo = "name the landmarker that the training's features were read by: another one gives other features"
    if not isinstance(found, str) or not re.fullmatch("[0-9a-f]{64}", found):
        return failed(field, "nothing" if found is None else repr(found), "64 hex digits", todo)
    known = said.evidence.notes("landmark_model_sha256", "input", "landmark_model_sha256")
    for who, theirs in known:
        if found != theirs:
            return failed(field, f"{found[:12]}...", f"{theirs[:12]}... ({who})", todo)
    return passed(field, found, "" if known else "nothing to compare it with: the ONNX says nothing of it")


def check_frames(said: Said) -> list[Finding]:
    """Check how many frames make a window, and how they are spaced."""
    graph = said.evidence.graph
    shape = said.contract.input_shape
    count = shape[1] if said.contract is FRAMES else _frame_count(said)
    if graph is not None and graph.inputs and len(graph.inputs[0].shape) == len(shape):
        count = graph.inputs[0].shape[1] or count
    known = said.evidence.notes("frame_interval_ms", "frame_interval_ms")
    return [
        said.check("frames.count", [("the input's second axis", count)], "say how many pictures go into one window"),
        note_unproven(
            said.check(
                "frames.interval_ms",
                known,
                "say how many milliseconds lie between two pictures; a window of another length is another movement",
                expected=None if known else "milliseconds between two pictures, more than 0",
                is_right=lambda value: value > 0 or count == 1,
                same=same_number,
            ),
            said,
        ),
        said.check(
            "frames.max_deviation_ms",
            [],
            "say how far a frame's capture time may lie from its place; half of interval_ms is a good answer",
            expected="milliseconds, 0 or more",
            is_right=lambda value: value >= 0,
        ),
    ]


def check_preprocessing(said: Said) -> list[Finding]:
    """Check the way from a camera's picture to what the network, or the landmarker, sees."""
    graph = said.evidence.graph
    who, sides = "the one preprocessing", (preprocess.SIZE_PX, preprocess.SIZE_PX)
    if said.contract is FRAMES:
        who = "the input's shape"
        if graph is not None and graph.inputs and len(graph.inputs[0].shape) == len(FRAMES.input_shape):
            height, width = graph.inputs[0].shape[3:]
            sides = (width or sides[0], height or sides[1])
    ours = {"crop": preprocess.CROP, "resize": preprocess.RESIZE, "mirror": preprocess.MIRROR}
    todo = {
        "crop": "cut the largest centred square, and say so",
        "resize": "say how pictures are shrunk; a browser's own way gives other pixels",
        "mirror": "say whether a selfie view is mirrored before the model sees it",
    }
    findings = [
        said.check(
            f"preprocessing.{key}", [("the one preprocessing", value), *said.evidence.notes(key, key)], todo[key]
        )
        for key, value in ours.items()
    ]
    findings += [
        said.check(f"preprocessing.{key}", [(who, side)], f"write {key}")
        for key, side in zip(("width_px", "height_px"), sides, strict=True)
    ]
    scale = said.check(
        "preprocessing.scale",
        [("the one preprocessing", said.contract.scale)],
        "mean and std lie inside the graph: divide by 255"
        if said.contract is FRAMES
        else "give the landmarker the square's bytes as they are",
    )
    return [*findings, scale]


def note_unproven(finding: Finding, said: Said) -> Finding:
    """Say so where a field passed only because nothing could contradict it."""
    key = finding.field.removeprefix("decision.").removeprefix("frames.")
    key = {"interval_ms": "frame_interval_ms"}.get(key, key)
    if (
        finding.status != "pass"
        or finding.note
        or key not in ("classes", "positive_class", "threshold", "frame_interval_ms")
    ):
        return finding
    if said.evidence.notes(key, key):
        return finding
    return passed(finding.field, finding.found, "nothing to compare it with: the ONNX says nothing of it")


def same_number(mine: Any, theirs: Any) -> bool:
    """Compare two numbers, up to what a threshold may be rounded."""
    return isinstance(theirs, int | float) and math.isclose(mine, theirs, rel_tol=0, abs_tol=THRESHOLD_TOLERANCE)
