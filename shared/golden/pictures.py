"""Golden vectors: drawn pictures of several sizes with Python's outputs, for a page to compare with.

Writes golden.json, the pictures, their crops (PNG, RGB) and the features (float32, little endian) into a folder.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from shared import contracts
from shared.arrays import F32, U8
from shared.golden.drawing import draw_face, draw_harsh
from shared.onnx.contract import class_of
from shared.onnx.pair import Outputs
from shared.preprocess import crop_and_resize, to_batch

GOLDEN_FILE = "golden/golden.json"


class Window(Protocol):
    """What decides on a window: an ONNX graph, or a LiteRT signature."""

    def run(self, frames: F32) -> Outputs:
        """Compute the outputs for (T, 3, S, S) in 0 to 1."""


class Encoder(Protocol):
    """What turns a frame into features."""

    def encode(self, frame: F32) -> F32:
        """Return the features of (1, 3, S, S)."""


@dataclass(frozen=True)
class Case:
    """One window of drawn pictures: frames (T, height, width, 3) RGB."""

    name: str
    frames: U8


@dataclass(frozen=True)
class Golden:
    """The written vectors: hash of golden.json, number of cases, and the largest feature (0 without features)."""

    sha256: str
    n_cases: int
    largest_feature: float


def draw_cases(frame_count: int) -> list[Case]:
    """Draw all cases: a laptop's and a phone's picture, a large and a small one, a harsh one, and a whole ratio."""
    mouths = np.linspace(0, 1, frame_count)
    steps = range(frame_count)

    def faces(width: int, height: int, seed: int, mouths: Any = mouths) -> U8:
        return np.stack([draw_face(width, height, float(m), seed, k / 25) for k, m in enumerate(mouths)])

    return [
        Case("landscape_640x480", faces(640, 480, 1)),
        Case("portrait_360x640", faces(360, 640, 2, np.ones(frame_count))),
        Case("large_1920x1080", faces(1920, 1080, 3, mouths[::-1])),
        Case("small_120x90", faces(120, 90, 4, np.zeros(frame_count))),
        Case("harsh_641x479", np.stack([draw_harsh(641, 479, k) for k in steps])),
        Case("whole_ratio_600x448", faces(600, 448, 5)),
    ]


def crop_frames(frames: U8, size_px: int) -> U8:
    """Crop and resize the frames of a case; (T, size, size, 3)."""
    return np.stack([crop_and_resize(frame, size_px) for frame in frames])


def write_golden(
    folder: Path, cases: list[Case], window: Window, stream: Encoder | None, about: dict[str, Any]
) -> Golden:
    """Write the golden vectors.

    Args:
        folder: Where golden.json goes.
        cases: What to write.
        window: Computes the expected outputs.
        stream: Computes the expected features; None leaves them out.
        about: prob (the name of the output that decides), threshold, interval_ms, size_px and model_sha256.

    Returns:
        Their entry in the spec.
    """
    written = []
    largest = 0.0
    for case in cases:
        crops = crop_frames(case.frames, about["size_px"])
        batch: F32 = to_batch(crops)[0]
        outputs = window.run(batch)
        pictures = []
        for k, (frame, crop) in enumerate(zip(case.frames, crops, strict=True)):
            pictures.append(
                {
                    "timestamp_ms": k * about["interval_ms"],
                    "picture": write_file(folder / f"{case.name}_{k}.png", _to_png(frame)),
                    "crop": write_file(folder / f"{case.name}_{k}_crop.png", _to_png(crop)),
                }
            )
        features = None
        if stream is not None:
            values = np.concatenate([stream.encode(frame[None]) for frame in batch])
            features = write_file(folder / f"{case.name}_features.bin", values.astype("<f4").tobytes())
            features["shape"] = list(values.shape)
            largest = max(largest, float(np.abs(values).max()))
        height, width = case.frames.shape[1:3]
        written.append(
            {
                "name": case.name,
                "width_px": width,
                "height_px": height,
                "frames": pictures,
                "features": features,
                about["prob"]: float(outputs.prob),
                "emotion_logits": [float(value) for value in outputs.emotion_logits],
                f"is_{class_of(about['prob'])}": bool(outputs.prob > about["threshold"]),
            }
        )
    return write_document(folder, about["model_sha256"], written, largest)


def write_document(
    folder: Path, model_sha256: str, cases: list[dict[str, Any]], largest_feature: float = 0.0
) -> Golden:
    """Write golden.json; returns its entry in the spec."""
    path = folder / "golden.json"
    contracts.write_document(path, {"schema_version": 1, "model_sha256": model_sha256, "cases": cases}, "golden")
    return Golden(contracts.sha256_file(path), len(cases), largest_feature)


def write_file(path: Path, data: bytes) -> dict[str, Any]:
    """Write a file beside golden.json; returns its entry there."""
    contracts.write_bytes(path, data)
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest()}


def _to_png(picture_rgb: U8) -> bytes:
    import cv2

    done, data = cv2.imencode(".png", picture_rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return bytes(data.tobytes())
