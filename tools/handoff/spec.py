"""Builds a front-end spec from a model's card and its graphs. Writes and judges nothing."""

from typing import Any

from shared import paths
from shared.dataset.protocol import read_protocol
from shared.faces import landmarker
from shared.golden.pictures import GOLDEN_FILE, Golden
from shared.onnx.contract import EMOTION_LOGITS
from shared.web.npm import ONNXRUNTIME_WEB, TASKS_VISION
from tools.handoff.config import HandoffConfig
from tools.handoff.graphs.build import PROB_MEANING, Made
from tools.handoff.source import Source

# Tolerated differences from Python. On equal tensors only the order of float32 sums differs (measured: 1e-6); a page's
# own crop and resize may round pixels differently, which moves a probability more.
PROB_TOLERANCE = 1e-4
TOLERANCE = {"emotion_logits": 1e-3, "features": 1e-3}  # of features up to 10; of larger ones in proportion
PROB_TOLERANCES = {"javascript": 0.02, "pixels": 1e-3}
# Of a model of features. On the same pixels, JavaScript's landmarker differs from Python's by 1.5e-4 of the side and
# 1.2e-3 of a score (LOG.md); a few times that passes, another landmarker, crop or border does not. The probability then
# differs by 1.3e-4, but by up to 0.018 in films as webcam, whose pixels the browser decodes in its own way.
FEATURE_TOLERANCE = {"landmarks_javascript": 1e-3, "blendshapes_javascript": 1e-2}
FEATURE_PROB_TOLERANCES = {"javascript": 0.05}
# A smile ends a fifth below the threshold at which it began: near the threshold the probability of a still face
# fluctuates from frame to frame, which would end a smile and begin another. Our own choice.
RELEASE_PART = 0.8
# A page whose decisions are rarer, or older, says that it is too slow and gives none. Our own choice: a felt smile
# lasts up to four seconds (Ekman & Friesen 1982, Felt, false, and miserable smiles), so half of that still meets it.
MAX_STEP_MS = 2000

_MEANINGS = {
    EMOTION_LOGITS: "one logit per emotion, in the order of emotions; only those in emotions_trained are meaningful",
}


def build_spec(
    source: Source, graphs: list[Made], config: HandoffConfig, golden: Golden, window_uses_z: bool = False
) -> dict[str, Any]:
    """Build the front-end spec of a model.

    Args:
        source: The model.
        graphs: The folder's graphs, the window first.
        config: May set release_threshold and min_duration_ms.
        golden: The written golden vectors.
        window_uses_z: Whether a window of landmarks uses z.

    Returns:
        A document of the frontend_spec schema.
    """
    card = source.card
    threshold, interval_ms = card["threshold"]["value"], card["frame_interval_ms"]
    release, duration_ms = config.release_threshold, config.min_duration_ms
    # Photos have no interval, but a page shows a video, in which a single outlier frame must not start a smile.
    usual_ms = interval_ms or read_protocol().frame_interval_ms
    window = graphs[0].entry
    gives_emotions = any(output["name"] == EMOTION_LOGITS for output in window["outputs"])
    return {
        "schema_version": 3,
        "spec_id": card["model_id"],
        "created_utc": paths.utc_text(),
        "synthetic": card["dataset"]["kind"] == "synthetic",
        "model": {key: window[key] for key in ("file", "sha256", "bytes", "opset", "operators")},
        "input": _describe_input(source, window_uses_z),
        "outputs": [
            {
                **{key: output[key] for key in ("name", "shape", "dtype")},
                "meaning": _MEANINGS.get(output["name"], PROB_MEANING),
            }
            for output in window["outputs"]
        ],
        "classes": card["classes"],
        "positive_class": card["positive_class"],
        # A graph without emotion_logits has no emotions.
        "emotions": card["emotions"] if gives_emotions else [],
        "emotions_trained": card["emotions_trained"] if gives_emotions else [],
        "decision": {
            "output": source.prob,
            "operator": ">",
            "threshold": threshold,
            "chosen_on": card["threshold"]["chosen_on"],
            "release_threshold": round(RELEASE_PART * threshold, 6) if release is None else release,
            "min_duration_ms": usual_ms if duration_ms is None else duration_ms,
        },
        "frames": {
            "count": source.frame_count,
            "interval_ms": interval_ms,
            "max_deviation_ms": interval_ms / 2,
            "max_step_ms": MAX_STEP_MS,
        },
        "preprocessing": {
            "crop": card["crop"],
            "resize": card["resize"],
            "width_px": source.image_size_px,
            "height_px": source.image_size_px,
            "mirror": card["mirror"],
            "scale": "pixel / 255" if source.kind == "frames" else "bytes",
        },
        "graphs": [graph.entry for graph in graphs],
        "tolerance": _tolerance(source, golden),
        "golden": {"file": GOLDEN_FILE, "sha256": golden.sha256, "n_cases": golden.n_cases},
        "runtime": _describe_runtime(source),
    }


def packages_of(source: Source) -> dict[str, str]:
    """Name the npm packages that a page of this model needs, with their exact versions."""
    needed = {ONNXRUNTIME_WEB.name: ONNXRUNTIME_WEB.version}
    return needed if source.kind == "frames" else {TASKS_VISION.name: TASKS_VISION.version, **needed}


def _describe_runtime(source: Source) -> dict[str, Any]:
    runtime: dict[str, Any] = {
        "npm_package": ONNXRUNTIME_WEB.name,
        "npm_version": ONNXRUNTIME_WEB.version,
    }
    if source.kind != "frames":
        runtime["landmarker"] = {"npm_package": TASKS_VISION.name, "npm_version": TASKS_VISION.version}
    return runtime


def _describe_input(source: Source, uses_z: bool) -> dict[str, Any]:
    """Describe the window's input: pictures, or the landmarker's output and its settings."""
    stated = source.card["input"]
    common = {"kind": source.kind, "name": source.graph.inputs[0].name, "shape": stated["shape"]}
    if source.kind == "frames":
        return {**common, **{key: stated[key] for key in ("dtype", "layout", "color", "range")}}
    details: dict[str, Any] = {"unit": "fraction_of_square", "uses_z": uses_z}
    if source.kind == "blendshapes":
        details = {"unit": "score", "names": list(landmarker.BLENDSHAPES)}
    landmarker_block = {
        "file": landmarker.MODEL_NAME,
        "sha256": stated["landmark_model_sha256"],
        "running_mode": "IMAGE",
        "max_faces": landmarker.MAX_FACES,
        "face": "largest",
        "border": landmarker.BORDER,
        "frame_without_face": "nearest",
        "window_without_face": 0,
    }
    return {**common, **{key: stated[key] for key in ("dtype", "layout")}, **details, "landmarker": landmarker_block}


def _tolerance(source: Source, golden: Golden) -> dict[str, float]:
    if source.kind != "frames":
        return {**_name_tolerances(source.prob, FEATURE_PROB_TOLERANCES), **FEATURE_TOLERANCE}
    features = TOLERANCE["features"] * max(1.0, golden.largest_feature / 10)
    return {**_name_tolerances(source.prob, PROB_TOLERANCES), **TOLERANCE, "features": features}


def _name_tolerances(prob: str, of_pages: dict[str, float]) -> dict[str, float]:
    """Name the tolerances of the output that decides: on equal tensors, and of what a page computes itself."""
    return {prob: PROB_TOLERANCE, **{f"{prob}_{what}": value for what, value in of_pages.items()}}
