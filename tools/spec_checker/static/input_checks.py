"""Checks a spec's model input: its tensor, the window's frames, and the preprocessing.

Pure functions: claims and evidence in, findings out. A model of landmarks or blendshapes takes the Face Landmarker's
output as input, so its spec must also name the landmarker and its settings, which must equal those of training.
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
from tools.spec_checker.static.evidence import FieldChecker

_CONTRACT = "the model contract"
THRESHOLD_TOLERANCE = 1e-6  # a threshold that was rounded for people (0.282) moves decisions
# The landmarker settings of the featurizer, and its rules for frames without a face.
_LANDMARKER_SETTINGS = {
    "file": (landmarker.MODEL_NAME, "name the landmarker's model file"),
    "running_mode": ("IMAGE", "process each frame by itself: the video modes smooth points over time"),
    "max_faces": (landmarker.MAX_FACES, "detect as many faces as in training (numFaces)"),
    "face": ("largest", "write which of several faces is used"),
    "border": (landmarker.BORDER, "write the black border with which a square without a face is tried again"),
    "frame_without_face": ("nearest", "write what replaces a frame without a face"),
    "window_without_face": (0, "write the probability for a window without any face"),
}


def check_input(checker: FieldChecker) -> list[Finding]:
    """Check the graph's input, and the landmarker before it if there is one."""
    graph, contract = checker.evidence.graph, checker.contract
    tensor = graph.inputs[0] if graph is not None and len(graph.inputs) == 1 else None
    name = tensor.name if tensor else contract.kind
    shape = list(contract.input_shape)
    if not contract.takes_frames:
        shape[1] = _frame_count(checker)
    if tensor and len(tensor.shape) == len(shape):
        shape = [axis or wanted for axis, wanted in zip(tensor.shape, shape, strict=True)]
    source = "the ONNX" if tensor else _CONTRACT
    layout = [(_CONTRACT, contract.layout)]
    findings = [
        checker.check("input.name", [(source, name)], "name the input as the graph does"),
        checker.check("input.shape", [(source, shape)], "write the graph's shape"),
        checker.check("input.dtype", [(source, tensor.dtype if tensor else DTYPE)], "write the graph's type"),
        checker.check("input.layout", layout, f"write the order of the axes: {contract.axes}"),
    ]
    if not contract.takes_frames or "input.kind" in checker.claims:
        findings.insert(0, checker.check("input.kind", [(source, contract.kind)], "write the graph's input kind"))
    if contract.takes_frames:
        findings.append(checker.check("input.color", [(_CONTRACT, "RGB")], "write the order of the channels"))
        findings.append(
            checker.check("input.range", [(_CONTRACT, [0, 1])], "the graph contains mean and std: feed 0 to 1")
        )
        return findings
    return [*findings, *_check_features(checker), *_check_landmarker(checker)]


def _frame_count(checker: FieldChecker) -> int:
    """Return T where the graph leaves it open: the card's, else the spec's frame count, else five."""
    card = checker.evidence.card
    count = card["input"]["shape"][1] if card else checker.value("frames.count")
    return count if isinstance(count, int) else FRAMES.input_shape[1]


def _check_features(checker: FieldChecker) -> list[Finding]:
    """Check the numbers' unit, and z or the scores' names."""
    graph, contract = checker.evidence.graph, checker.contract
    if contract.kind == BLENDSHAPES.kind:
        names = [("MediaPipe", list(landmarker.BLENDSHAPES))]
        unit = checker.check("input.unit", [("MediaPipe", "score")], "feed the scores as they are, 0 to 1")
        return [unit, checker.check("input.names", names, "list the 52 in the landmarker's order")]
    unit = checker.check(
        "input.unit",
        [("the one preprocessing", "fraction_of_square")],
        "feed x and y as fractions of the centred square; the graph contains the normalisation",
    )
    known = [] if graph is None else [("the ONNX, run on faces that differ in z only", _uses_z(graph, contract.prob))]
    known = [(source, fact) for source, fact in known if fact is not None]
    todo = "write whether the graph uses z, the least certain coordinate"
    return [unit, checker.check("input.uses_z", known, todo, expected=None if known else "true or false")]


def _uses_z(graph: Graph, prob: str) -> bool | None:
    """Tell whether the output that decides changes for faces that differ in z only; None if the graph cannot run."""

    def decide(points: Any) -> float:
        return float(run_graph(graph, {graph.inputs[0].name: points[None]})[prob].reshape(-1)[0])

    try:
        return depends_on_z(decide, graph.inputs[0].shape[1] or 1)
    except (InvalidInput, KeyError):
        return None  # the contract checks report why


def _check_landmarker(checker: FieldChecker) -> list[Finding]:
    """Check the landmarker and its settings."""
    field, claim = "input.landmarker", checker.claims.get("input.landmarker")
    if claim is None or claim.value is None:
        found = "nothing" if claim is None else repr(claim.raw)
        return [failed(field, found, "the Face Landmarker and its settings", "write it: ./inv handoff --model MODEL")]
    findings = []
    for key, (wanted, todo) in _LANDMARKER_SETTINGS.items():
        found = claim.value.get(key)
        right = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
        findings.append(
            passed(f"{field}.{key}", found)
            if right
            else failed(
                f"{field}.{key}", "nothing" if found is None else repr(found), f"{wanted} (as in training)", todo
            )
        )
    return [*findings, _check_landmarker_hash(checker, claim.value.get("sha256"))]


def _check_landmarker_hash(checker: FieldChecker, found: Any) -> Finding:
    field = "input.landmarker.sha256"
    todo = "name the landmarker that produced the training features: another one gives other features"
    if not isinstance(found, str) or not re.fullmatch("[0-9a-f]{64}", found):
        return failed(field, "nothing" if found is None else repr(found), "64 hex digits", todo)
    known = checker.evidence.notes("landmark_model_sha256", "input", "landmark_model_sha256")
    for source, sha256 in known:
        if found != sha256:
            return failed(field, f"{found[:12]}...", f"{sha256[:12]}... ({source})", todo)
    return passed(field, found, "" if known else "nothing to compare with: the ONNX does not state it")


def check_frames(checker: FieldChecker) -> list[Finding]:
    """Check the number of frames of a window, and their spacing."""
    graph = checker.evidence.graph
    shape = checker.contract.input_shape
    count = shape[1] if checker.contract.takes_frames else _frame_count(checker)
    if graph is not None and graph.inputs and len(graph.inputs[0].shape) == len(shape):
        count = graph.inputs[0].shape[1] or count
    known = checker.evidence.notes("frame_interval_ms", "frame_interval_ms")
    return [
        checker.check("frames.count", [("the input's second axis", count)], "write how many frames a window has"),
        note_unproven(
            checker.check(
                "frames.interval_ms",
                known,
                "write the milliseconds between two frames; a window of another length shows another movement",
                expected=None if known else "milliseconds between two frames, more than 0",
                is_right=lambda value: value > 0 or count == 1,
                same=same_number,
            ),
            checker,
        ),
        checker.check_duration(
            "frames.max_deviation_ms",
            "write the largest deviation of a frame's capture time; half of interval_ms is a good value",
        ),
    ]


def check_preprocessing(checker: FieldChecker) -> list[Finding]:
    """Check the preprocessing from the camera's picture to the network's, or the landmarker's, input."""
    graph = checker.evidence.graph
    source, sides_px = "the one preprocessing", (preprocess.SIZE_PX, preprocess.SIZE_PX)
    if checker.contract.takes_frames:
        source = "the input's shape"
        if graph is not None and graph.inputs and len(graph.inputs[0].shape) == len(FRAMES.input_shape):
            height, width = graph.inputs[0].shape[3:]
            sides_px = (width or sides_px[0], height or sides_px[1])
    python_values = {"crop": preprocess.CROP, "resize": preprocess.RESIZE, "mirror": preprocess.MIRROR}
    todo = {
        "crop": "cut the largest centred square, and write it",
        "resize": "write how pictures are shrunk; a browser's own resize gives other pixels",
        "mirror": "write whether a selfie view is mirrored before the model",
    }
    findings = [
        checker.check(
            f"preprocessing.{key}", [("the one preprocessing", value), *checker.evidence.notes(key, key)], todo[key]
        )
        for key, value in python_values.items()
    ]
    findings += [
        checker.check(f"preprocessing.{key}", [(source, side_px)], f"write {key}")
        for key, side_px in zip(("width_px", "height_px"), sides_px, strict=True)
    ]
    scale = checker.check(
        "preprocessing.scale",
        [("the one preprocessing", checker.contract.scale)],
        "the graph contains mean and std: divide by 255"
        if checker.contract.takes_frames
        else "give the landmarker the square's bytes as they are",
    )
    return [*findings, scale]


def note_unproven(finding: Finding, checker: FieldChecker) -> Finding:
    """Add a note to a field that passed only because there was no reference."""
    key = finding.field.removeprefix("decision.").removeprefix("frames.")
    key = {"interval_ms": "frame_interval_ms"}.get(key, key)
    if (
        finding.status != "pass"
        or finding.note
        or key not in ("classes", "positive_class", "threshold", "frame_interval_ms")
    ):
        return finding
    if checker.evidence.notes(key, key):
        return finding
    return passed(finding.field, finding.found, "nothing to compare with: the ONNX does not state it")


def same_number(stated: Any, reference: Any) -> bool:
    """Compare two numbers; a difference of at most THRESHOLD_TOLERANCE counts as equal."""
    return isinstance(reference, int | float) and math.isclose(
        stated, reference, rel_tol=0, abs_tol=THRESHOLD_TOLERANCE
    )
