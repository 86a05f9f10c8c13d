"""Runs the graphs on the golden vectors again, in Python. Writes nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import F32, U8
from shared.onnx.contract import class_of
from shared.onnx.stream import OnnxGraph, find_graph
from shared.preprocess import crop_and_resize, to_batch
from tools.spec_checker.agreement import SAME_ARITHMETIC
from tools.spec_checker.findings import Finding, failed, passed

COPY = "copy the whole folder again, or run again: ./inv handoff --model MODEL"


def check_crops(golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]) -> Finding:
    """Check that the golden crops come from the one preprocessing."""
    size_px = cases[0][1].shape[1]
    for case, (pictures, crops, _) in zip(golden["cases"], cases, strict=True):
        for k, picture in enumerate(pictures):
            if not np.array_equal(crop_and_resize(picture, size_px), crops[k]):
                where = f"{case['name']}, frame {k}"
                return failed("golden.crops", f"another crop of {where}", "the centred square, area averages", COPY)
    return passed("golden.crops", f"{sum(len(pictures) for pictures, _, _ in cases)} pictures cropped as Python does")


def _find_missing(golden: Mapping[str, Any], prob_name: str) -> Finding | None:
    """Find a case without the output that decides, or its decision, under the names of the spec's class."""
    wanted = {prob_name, f"is_{class_of(prob_name)}"}
    for case in golden["cases"]:
        if not wanted <= set(case):
            found = f"{', '.join(sorted(set(case) - wanted))} in {case['name']}"
            return failed("golden.answers", found, f"{' and '.join(sorted(wanted))} too", COPY)
    return None


def check_outputs(
    spec: Mapping[str, Any], folder: Path, golden: Mapping[str, Any], cases: list[tuple[list[U8], U8, F32 | None]]
) -> Finding:
    """Run the window, and encoders and head of the same arithmetic, on the golden crops."""
    tolerance, prob_name = spec["tolerance"], spec["decision"]["output"]
    if (missing := _find_missing(golden, prob_name)) is not None:
        return missing
    is_positive = f"is_{class_of(prob_name)}"
    window = OnnxGraph(folder, find_graph(spec, "window", "plain"))
    encoders = [
        OnnxGraph(folder, graph)
        for graph in spec["graphs"]
        if graph["role"] == "encoder" and graph["variant"] in SAME_ARITHMETIC
    ]
    heads = [OnnxGraph(folder, g) for g in spec["graphs"] if (g["role"], g["variant"]) == ("head", "plain")]
    largest = 0.0
    for case, (_, crops, features) in zip(golden["cases"], cases, strict=True):
        batch = to_batch(crops)
        prob, logits = window.run(batch)
        compared = [(np.asarray(case[prob_name]), prob.reshape(()), prob_name)]
        compared.append((np.asarray(case["emotion_logits"]), logits.reshape(-1), "emotion_logits"))
        if features is not None:
            for encoder in encoders:
                encoded = np.concatenate([encoder.run(frame[None])[0] for frame in batch[0]])
                compared.append((features, encoded, "features"))
            for head in heads:
                head_prob, head_logits = head.run(features[None].astype(np.float32))
                compared.append((np.asarray(case[prob_name]), head_prob.reshape(()), prob_name))
                compared.append((np.asarray(case["emotion_logits"]), head_logits.reshape(-1), "emotion_logits"))
        for golden_values, values, key in compared:
            difference = float(np.abs(golden_values - values).max())
            largest = max(largest, difference)
            if not difference <= tolerance[key]:
                found = f"{key} of {case['name']} differs by {difference:.2g} from the graphs' output here"
                return failed("golden.answers", found, f"at most {tolerance[key]:g}", COPY)
        if case[is_positive] != (float(prob.reshape(())) > spec["decision"]["threshold"]):
            found = f"{is_positive} of {case['name']} is {case[is_positive]}"
            return failed("golden.answers", found, "the graph's", COPY)
    return passed(
        "golden.answers", f"{len(cases)} windows give the same outputs here; largest difference {largest:.1e}"
    )


def check_feature_outputs(
    spec: Mapping[str, Any], folder: Path, golden: Mapping[str, Any], cases: list[F32 | None]
) -> Finding:
    """Run the window on the golden features; a window without any face must have the spec's window_without_face."""
    prob_name = spec["decision"]["output"]
    if (missing := _find_missing(golden, prob_name)) is not None:
        return missing
    is_positive = f"is_{class_of(prob_name)}"
    window = OnnxGraph(folder, find_graph(spec, "window", "plain"))
    tolerance, threshold = spec["tolerance"][prob_name], spec["decision"]["threshold"]
    largest = 0.0
    for case, features in zip(golden["cases"], cases, strict=True):
        prob = spec["input"]["landmarker"]["window_without_face"]
        if features is not None:
            prob = float(window.run(features[None])[0].reshape(()))
        difference = abs(prob - case[prob_name])
        largest = max(largest, difference)
        if not difference <= tolerance:
            found = f"{prob_name} of {case['name']} differs by {difference:.2g} from the graph's output here"
            return failed("golden.answers", found, f"at most {tolerance:g}", COPY)
        if case[is_positive] != (prob > threshold):
            found = f"{is_positive} of {case['name']} is {case[is_positive]}"
            return failed("golden.answers", found, "the graph's", COPY)
    return passed(
        "golden.answers", f"{len(cases)} windows give the same outputs here; largest difference {largest:.1e}"
    )
