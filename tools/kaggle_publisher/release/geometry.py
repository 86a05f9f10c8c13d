"""Reads the landmarks of what goes out, for a release without pictures. They are the featurizer's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F32
from shared.dataset.feature_store import open_features
from shared.dataset.reader import Dataset, SequenceRow


@dataclass(frozen=True)
class Geometry:
    """The landmarks of a release, and what read them.

    Attributes:
        points: (pictures, 478, 3) float32, in the order of the release; NaN where no face was found.
        model_file: The landmarker's file, such as face_landmarker.task.
        model_sha256: Its hash.
        mediapipe: The version of the program that ran it.
    """

    points: F32
    model_file: str
    model_sha256: str
    mediapipe: str

    @property
    def source(self) -> str:
        """Name the landmarker so that the same one can be found again."""
        return f"MediaPipe Face Landmarker ({self.model_file}, sha256 {self.model_sha256}; mediapipe {self.mediapipe})"


def load_landmarks(dataset: Dataset, rows: Sequence[SequenceRow]) -> Geometry:
    """Read the landmarks of every picture, in order.

    Raises:
        InvalidInput: They were not computed, or the pictures have changed since.
    """
    features = open_features(dataset, "landmarks")
    model, reading = features.manifest["model"], features.manifest["reading"]
    points = np.concatenate([features.read(row) for row in rows])
    return Geometry(points, model["file"], model["sha256"], reading["mediapipe"])
