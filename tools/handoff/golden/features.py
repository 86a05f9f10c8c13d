"""Golden vectors of a model of landmarks or blendshapes: synthetic faces with Python's outputs.

Writes golden.json and the features of each window (float32, little endian) into a folder. The cases are movements
of the mouth at several places, sizes and tilts, windows with missing faces, one without any face, extremes, and, of
many random windows, those with the model's lowest, highest and middle probability.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import F32
from shared.dataset.feature_store import nearest_with_face
from shared.faces.synthetic import Pose, draw_points, draw_scores
from shared.golden.pictures import Golden, write_document, write_file
from shared.onnx.contract import class_of
from shared.onnx.pair import Window

_N_SEARCHED = 120


@dataclass(frozen=True)
class FeatureCase:
    """One window: features (T, 478, 3) or (T, 52), 0 where found (T,) is false."""

    name: str
    features: F32
    found: tuple[bool, ...]

    @property
    def filled(self) -> F32 | None:
        """The graph's input; None if no frame has a face."""
        nearest = nearest_with_face(self.found)
        return None if nearest is None else self.features[nearest]


def draw_feature_cases(kind: str, frame_count: int, window: Window) -> list[FeatureCase]:
    """Draw all cases for a model.

    Args:
        kind: ``landmarks`` or ``blendshapes``.
        frame_count: T.
        window: The model; it chooses the last three cases.
    """
    cases = [_case(name, drawn) for name, drawn in _draw_movements(kind, frame_count)]
    begins = cases[1].features
    places = np.arange(frame_count)
    for name, found in (
        ("face_lost_in_the_middle", places != frame_count // 2),
        ("face_lost_at_the_end", places < (frame_count + 1) // 2),
        ("face_found_at_last", places == frame_count - 1),
        ("no_face_at_all", places < 0),
    ):
        # A window of one frame has no middle: only the last two cases remain.
        if found.any() or name == "no_face_at_all":
            cases.append(_case(name, np.where(_along(found, begins), begins, np.float32(0)), found))
    searched = [_search(kind, frame_count, seed) for seed in range(_N_SEARCHED)]
    probs = np.array([window.run(drawn).prob for drawn in searched])
    middle = (probs.min() + probs.max()) / 2
    for name, place in (
        ("lowest_of_many", probs.argmin()),
        ("highest_of_many", probs.argmax()),
        ("most_undecided_of_many", np.abs(probs - middle).argmin()),
    ):
        cases.append(_case(name, searched[int(place)]))
    return cases


def write_feature_golden(folder: Path, cases: list[FeatureCase], window: Window, about: dict[str, Any]) -> Golden:
    """Write the golden vectors.

    Args:
        folder: Where golden.json goes.
        cases: What to write.
        window: Computes the expected outputs.
        about: prob (the name of the output that decides), threshold, interval_ms and model_sha256.

    Returns:
        Their entry in the spec.
    """
    written = []
    for case in cases:
        file = write_file(folder / f"{case.name}.bin", case.features.astype("<f4").tobytes())
        prob = 0.0 if case.filled is None else window.run(case.filled).prob
        written.append(
            {
                "name": case.name,
                "frames": [
                    {"timestamp_ms": k * about["interval_ms"], "found": found} for k, found in enumerate(case.found)
                ],
                "input": {**file, "shape": list(case.features.shape)},
                about["prob"]: prob,
                f"is_{class_of(about['prob'])}": bool(prob > about["threshold"]),
            }
        )
    return write_document(folder, about["model_sha256"], written)


def _case(name: str, features: F32, found: Any = None) -> FeatureCase:
    flags = [True] * len(features) if found is None else [bool(flag) for flag in found]
    return FeatureCase(name, np.ascontiguousarray(features, np.float32), tuple(flags))


def _along(flags: Any, features: F32) -> Any:
    """Reshape one flag per frame to broadcast over the frame's numbers."""
    return np.asarray(flags).reshape(-1, *[1] * (features.ndim - 1))


def _draw_movements(kind: str, frame_count: int) -> Iterator[tuple[str, F32]]:
    """Draw mouths that move."""
    begins = np.linspace(0, 1, frame_count)
    still = np.zeros(frame_count)
    if kind == "blendshapes":
        yield "neutral", np.stack([draw_scores(0, seed=k) for k in range(frame_count)])
        yield "smile_begins", np.stack([draw_scores(smile) for smile in begins])
        yield "smile_ends", np.stack([draw_scores(smile, 0.2, seed=1) for smile in begins[::-1]])
        yield "mouth_opens", np.stack([draw_scores(0.0, jaw, seed=2) for jaw in begins])
        yield "all_zero", np.zeros((frame_count, 52), np.float32)
        yield "all_one", np.ones((frame_count, 52), np.float32)
        return
    for name, smiles, jaws, pose, seed in (
        ("neutral", still, still, Pose(), 0),
        ("smile_begins", begins, still, Pose(), 0),
        ("smile_ends_far_to_the_left", begins[::-1], still + 0.2, Pose(0.22, 0.4, 0.09), 1),
        ("smile_tilted_left", still + 1, still, Pose(roll_deg=-35), 2),
        ("smile_tilted_right_and_turned", still + 1, still, Pose(0.6, 0.5, 0.35, 28, 30), 3),
        ("mouth_opens", still, begins, Pose(0.45, 0.6, 0.4), 4),
        ("half_out_of_the_picture", begins, still, Pose(0.95, 0.9, 0.45), 5),
        ("fills_the_picture", begins, begins * 0.3, Pose(0.5, 0.5, 0.7), 6),
        ("tiny", begins, still, Pose(0.7, 0.2, 0.02), 7),
        ("upside_down", begins, still, Pose(roll_deg=180), 8),
    ):
        frames = [draw_points(float(s), float(j), pose, seed) for s, j in zip(smiles, jaws, strict=True)]
        yield name, np.stack(frames)


def _search(kind: str, frame_count: int, seed: int) -> F32:
    """Draw a random window, more extreme than real faces."""
    rng = np.random.default_rng(1000 + seed)
    begin, end = rng.uniform(-2, 3, 2)
    jaw, yaw = rng.uniform(-0.5, 1.5), rng.uniform(-40, 40)
    smiles = np.linspace(begin, end, frame_count)
    if kind == "blendshapes":
        wild = rng.uniform(0, 1, 52).astype(np.float32) ** 3
        return np.stack([np.maximum(draw_scores(float(s), jaw, seed), wild) for s in smiles])
    pose = Pose(rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.4), rng.uniform(-30, 30), yaw)
    return np.stack([draw_points(float(s), jaw, pose, seed) for s in smiles])
