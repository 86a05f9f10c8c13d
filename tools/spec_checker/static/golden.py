"""Golden vectors as they lie in a hand-off: read with their hashes checked, and asked of the graphs again in Python.

Those of a model of frames are pictures with their crops and features; those of a model of landmarks or blendshapes are
the numbers that the landmarker would give. Writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import F32, U8
from shared.dataset.feature_store import nearest_with_face
from shared.errors import InvalidInput
from shared.onnx.stream import OnnxGraph, find_graph
from shared.preprocess import crop_and_resize, to_batch
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.tested import SAME_ARITHMETIC

COPY = "copy the whole folder again, or write it again: handoff --model MODEL"


def is_of_features(case: Mapping[str, Any]) -> bool:
    """Tell whether a golden case holds landmarks or blendshapes instead of pictures."""
    return "input" in case


def read_case(folder: Path, case: Mapping[str, Any]) -> tuple[list[U8], U8, F32 | None]:
    """Read one golden case: its pictures, its crops (T, S, S, 3) and its features (T, n); all hashes are checked.

    Raises:
        InvalidInput: A file is missing, another one, or no picture.
    """
    pictures = [_read_picture(folder, frame["picture"]) for frame in case["frames"]]
    crops = np.stack([_read_picture(folder, frame["crop"]) for frame in case["frames"]])
    features = None
    if case["features"] is not None:
        data = _read_hashed(folder, case["features"])
        features = np.frombuffer(data, "<f4").reshape(case["features"]["shape"])
    return pictures, crops, features


def read_feature_case(folder: Path, case: Mapping[str, Any]) -> F32 | None:
    """Read one golden case of features, as the graph must be fed: (T, 478, 3) or (T, 52); its hash is checked.

    Returns:
        The frames' numbers, those without a face filled by the rule; None where no frame has one.

    Raises:
        InvalidInput: The file is missing, another one, or of another length than its shape.
    """
    said = case["input"]
    values = np.frombuffer(_read_hashed(folder, said), "<f4")
    if values.size != np.prod(said["shape"]) or said["shape"][0] != len(case["frames"]):
        raise InvalidInput(
            said["file"],
            found=f"{values.size} numbers for the shape {said['shape']} of {len(case['frames'])} frames",
            expected="as many as the shape says, and as many frames",
        )
    nearest = nearest_with_face([frame["found"] for frame in case["frames"]])
    return None if nearest is None else values.reshape(said["shape"])[nearest]


def _read_hashed(folder: Path, said: Mapping[str, Any]) -> bytes:
    path: Path = folder / said["file"]
    found = contracts.sha256_file(path)
    if found != said["sha256"]:
        raise InvalidInput(path.name, found=f"sha256 {found[:12]}...", expected=f"{said['sha256'][:12]}...")
    return path.read_bytes()


def _read_picture(folder: Path, said: Mapping[str, Any]) -> U8:
    import cv2

    data = cv2.imdecode(np.frombuffer(_read_hashed(folder, said), np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise InvalidInput(said["file"], found="no picture", expected="a PNG")
    return np.ascontiguousarray(np.asarray(data, np.uint8)[..., ::-1])


def check_crops(golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]) -> Finding:
    """Check that the golden crops are those of the one preprocessing."""
    size_px = cases[0][1].shape[1]
    for case, (pictures, crops, _) in zip(golden["cases"], cases, strict=True):
        for k, picture in enumerate(pictures):
            if not np.array_equal(crop_and_resize(picture, size_px), crops[k]):
                where = f"{case['name']}, frame {k}"
                return failed("golden.crops", f"another crop of {where}", "the centred square, area averages", COPY)
    return passed("golden.crops", f"{sum(len(pictures) for pictures, _, _ in cases)} pictures cropped as Python does")


def check_answers(
    spec: Mapping[str, Any], folder: Path, golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]
) -> Finding:
    """Run the window, and encoders and head of the same arithmetic, on the golden crops."""
    tolerance = spec["tolerance"]
    window = OnnxGraph(folder, find_graph(spec, "window", "plain"))
    encoders = [
        OnnxGraph(folder, graph)
        for graph in spec["graphs"]
        if graph["role"] == "encoder" and graph["variant"] in SAME_ARITHMETIC
    ]
    largest = 0.0
    for case, (_, crops, features) in zip(golden["cases"], cases, strict=True):
        batch = to_batch(crops)
        prob, logits = window.run(batch)
        wanted = [(np.asarray(case["smile_prob"]), prob.reshape(()), "smile_prob")]
        wanted.append((np.asarray(case["emotion_logits"]), logits.reshape(-1), "emotion_logits"))
        if features is not None:
            for encoder in encoders:
                mine = np.concatenate([encoder.run(frame[None])[0] for frame in batch[0]])
                wanted.append((features, mine, "features"))
        for said, mine, key in wanted:
            difference = float(np.abs(said - mine).max())
            largest = max(largest, difference)
            if not difference <= tolerance[key]:
                found = f"{key} of {case['name']} differs by {difference:.2g} from what the graphs answer here"
                return failed("golden.answers", found, f"at most {tolerance[key]:g}", COPY)
        if case["is_smile"] != (float(prob.reshape(())) > spec["decision"]["threshold"]):
            return failed("golden.answers", f"is_smile of {case['name']} is {case['is_smile']}", "the graph's", COPY)
    return passed("golden.answers", f"{len(cases)} windows answered as here; largest difference {largest:.1e}")


def check_feature_answers(
    spec: Mapping[str, Any], folder: Path, golden: Mapping[str, Any], cases: list[F32 | None]
) -> Finding:
    """Run the window on the golden features; a window without any face must be 0 by the spec's own rule."""
    window = OnnxGraph(folder, find_graph(spec, "window", "plain"))
    tolerance, threshold = spec["tolerance"]["smile_prob"], spec["decision"]["threshold"]
    largest = 0.0
    for case, features in zip(golden["cases"], cases, strict=True):
        prob = spec["input"]["landmarker"]["window_without_face"]
        if features is not None:
            prob = float(window.run(features[None])[0].reshape(()))
        difference = abs(prob - case["smile_prob"])
        largest = max(largest, difference)
        if not difference <= tolerance:
            found = f"smile_prob of {case['name']} differs by {difference:.2g} from what the graph answers here"
            return failed("golden.answers", found, f"at most {tolerance:g}", COPY)
        if case["is_smile"] != (prob > threshold):
            return failed("golden.answers", f"is_smile of {case['name']} is {case['is_smile']}", "the graph's", COPY)
    return passed("golden.answers", f"{len(cases)} windows answered as here; largest difference {largest:.1e}")
