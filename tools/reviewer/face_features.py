"""Features of each sequence for the label quality models: 52 blendshapes of its faces, or gradients of its pixels.

Blendshapes come from the featurizer's store if there is one, else from the landmarker itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from shared import cli
from shared.arrays import F32, F64, U8
from shared.dataset.feature_store import open_features
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.faces.detector import open_finder
from shared.faces.landmarker import N_BLENDSHAPES, FaceLandmarker, find_model

PIXELS_SIDE_PX = 64  # side of the face for gradients
MIDDLE_SHARE = 0.8  # of the picture's shorter side, if no face is known
MAX_PICTURES = 3  # pictures of a sequence that are read: the first, the middle and the last


@dataclass(frozen=True)
class FaceFeatures:
    """Features of each sequence, in the dataset's order.

    Attributes:
        kind: ``blendshapes`` or ``pixels``.
        values: (n, n_features) float64; NaN in rows of sequences without a face.
        face_found: Of each sequence; None if no faces were searched for.
        landmark_model_sha256: Of the landmarker, or None.
    """

    kind: Literal["blendshapes", "pixels"]
    values: F64
    face_found: list[bool | None]
    landmark_model_sha256: str | None


def read_blendshapes(dataset: Dataset, landmark_model: str | None = None) -> FaceFeatures:
    """Return the mean blendshapes of each sequence.

    Args:
        dataset: The dataset.
        landmark_model: A .task file; None uses the featurizer's store, or finds the file.

    Raises:
        MissingOutside: No model file, or no mediapipe.
    """
    if landmark_model is None:
        try:
            features = open_features(dataset, "blendshapes")
        except InvalidInput:
            pass  # no store, or out of date: read the pictures
        else:
            return _summarise([features.read(row) for row in dataset.rows], features.model_sha256)
    readings: list[F32] = []
    with FaceLandmarker(Path(find_model(landmark_model))) as landmarker:
        for row in cli.progress(dataset.rows, what="read faces"):
            shapes = []
            for name in _chosen(row.frame_names()):
                found = landmarker.read(dataset.load_picture(name)).blendshapes
                shapes.append(np.full(N_BLENDSHAPES, np.nan, np.float32) if found is None else found)
            readings.append(np.stack(shapes))
        sha256 = landmarker.model_sha256
    return _summarise(readings, sha256)


def _chosen(names: list[str]) -> list[str]:
    """Choose pictures evenly, the first and the last among them."""
    places = np.unique(np.linspace(0, len(names) - 1, min(MAX_PICTURES, len(names))).round().astype(int))
    return [names[place] for place in places]


def _summarise(readings: list[F32], landmark_model_sha256: str) -> FaceFeatures:
    """Average over the pictures of each sequence that show a face."""
    values = np.full((len(readings), N_BLENDSHAPES), np.nan)
    for index, reading in enumerate(readings):
        seen = ~np.isnan(reading).any(axis=1)
        if seen.any():
            values[index] = reading[seen].mean(axis=0)
    found: list[bool | None] = [not bool(np.isnan(row).any()) for row in values]
    return FaceFeatures("blendshapes", values, found, landmark_model_sha256)


def read_pixels(dataset: Dataset) -> FaceFeatures:
    """Return gradients of each sequence's middle picture: of its face if YuNet is available, else of its middle."""
    finder = open_finder()
    values, face_found = [], []
    for row in cli.progress(dataset.rows, what="read pixels"):
        picture = dataset.load_picture(row.frame_names()[row.frame_count // 2])
        faces = finder.find(picture) if finder else []
        face_found.append(bool(faces) if finder else None)
        values.append(_gradients(_cut(picture, faces[0].box_xyxy_px if faces else None)))
    return FaceFeatures("pixels", np.array(values, np.float64), face_found, None)


def _cut(picture_rgb_hwc_u8: U8, box_xyxy_px: tuple[float, float, float, float] | None) -> U8:
    """Crop the square around a face's box; the middle without a box."""
    height, width = picture_rgb_hwc_u8.shape[:2]
    if box_xyxy_px is None:
        side, middle = min(height, width) * MIDDLE_SHARE, (width / 2, height / 2)
    else:
        left, top, right, bottom = box_xyxy_px
        side, middle = max(right - left, bottom - top), ((left + right) / 2, (top + bottom) / 2)
    side = max(2.0, min(side, height, width))
    x = round(min(max(middle[0] - side / 2, 0), width - side))
    y = round(min(max(middle[1] - side / 2, 0), height - side))
    return picture_rgb_hwc_u8[y : y + round(side), x : x + round(side)]


def _gradients(picture_rgb_hwc_u8: U8) -> F32:
    """Compute Dalal and Triggs' histograms of oriented gradients: 1,764 numbers (8 px cells, 2 x 2 a block, 9 bins)."""
    import cv2

    grey = cv2.cvtColor(picture_rgb_hwc_u8, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (PIXELS_SIDE_PX, PIXELS_SIDE_PX), interpolation=cv2.INTER_AREA)
    hog = cv2.HOGDescriptor((PIXELS_SIDE_PX, PIXELS_SIDE_PX), (16, 16), (8, 8), (8, 8), 9)
    return np.asarray(hog.compute(small), np.float32).ravel()
