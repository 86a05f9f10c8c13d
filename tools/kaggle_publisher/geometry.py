"""Reads the landmarks of what goes out, for a release without pictures. They are the featurizer's."""

from collections.abc import Sequence

import numpy as np

from shared.features import open_features
from shared.preprocess import F32
from shared.sequences import Dataset, SequenceRow


def load_landmarks(dataset: Dataset, rows: Sequence[SequenceRow]) -> F32:
    """Return the landmarks of every picture, in order.

    Returns:
        (pictures, 478, 3) float32; NaN where no face was found.

    Raises:
        InvalidInput: They were not computed, or the pictures have changed since.
    """
    features = open_features(dataset, "landmarks")
    return np.concatenate([features.read(row) for row in rows])
