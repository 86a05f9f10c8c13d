"""Arms that need no network: MediaPipe's smile blendshapes as they are, and a logistic regression on all 52.

They are the floor that every trained model must beat. What they may know of labels is the training people's: the mean
of mouthSmileLeft and mouthSmileRight gets its threshold from them, the regression its weights. A sequence in which no
face was found is not of the positive class.
"""

import numpy as np
import numpy.typing as npt

from shared.arrays import F32
from shared.dataset.feature_store import load_filled, open_features
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.faces.landmarker import N_BLENDSHAPES, smile_score
from shared.onnx.model import Scores
from shared.statistics import metrics

ARMS = ("blendshapes", "blendshape_logistic")
STRENGTH = 0.1  # of the inverse penalty; our own choice: 52 related inputs, few people


def score(arm: str, dataset: Dataset, rows: list[SequenceRow], known: list[SequenceRow]) -> tuple[Scores, float]:
    """Score sequences from their blendshapes.

    Args:
        arm: One of `ARMS`.
        dataset: Whose features are read.
        rows: The sequences to score.
        known: Sequences whose labels may be used.

    Returns:
        The scores, and the threshold with the best accuracy on the known sequences (of several the middle).

    Raises:
        InvalidInput: No features, or the known sequences show one class only.
    """
    labels = label_known(dataset, known)
    if arm == "blendshapes":
        scores, known_scores = (
            np.array([0.0 if one is None else _smile(one) for one in load_filled(dataset, part, "blendshapes")])
            for part in (rows, known)
        )
        return Scores(scores.astype(np.float32), None), best_threshold(labels, known_scores)
    means, known_means = (_mean_of_each(dataset, part) for part in (rows, known))
    return Scores(_regress(means, known_means, labels), None), metrics.DEFAULT_THRESHOLD


def label_known(dataset: Dataset, known: list[SequenceRow]) -> npt.NDArray[np.bool_]:
    """Return whether each known sequence is of the positive class, (n,).

    Raises:
        InvalidInput: They show one class only.
    """
    labels = np.array([row.label == dataset.positive_class for row in known])
    if labels.all() or not labels.any():
        raise InvalidInput(str(dataset.folder), found="one class in the training part", expected="both")
    return labels


def describe(dataset: Dataset) -> dict[str, str]:
    """Name the model that scores: the landmarker, whose hash stands for the arm in results."""
    return {"landmark_model_sha256": open_features(dataset, "blendshapes").model_sha256}


def _smile(blendshapes: npt.NDArray[np.float32]) -> float:
    return float(smile_score(blendshapes).mean())


def _mean_of_each(dataset: Dataset, rows: list[SequenceRow]) -> F32:
    """Return the mean blendshapes of each sequence, (n, 52); nan where no face was found."""
    means = np.full((len(rows), N_BLENDSHAPES), np.nan, np.float32)
    for place, values in enumerate(load_filled(dataset, rows, "blendshapes")):
        if values is not None:
            means[place] = values.mean(0)
    return means


def _regress(means: F32, known_means: F32, labels: npt.NDArray[np.bool_]) -> F32:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there, known_there = (~np.isnan(each).any(1) for each in (means, known_means))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=1000))
    model.fit(known_means[known_there], labels[known_there])
    probs = np.zeros(len(means), np.float32)
    if there.any():
        probs[there] = model.predict_proba(means[there])[:, 1]
    return probs


def best_threshold(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """Return the threshold with the most correct predictions; of several the one in the middle.

    Example:
        >>> best_threshold(np.array([False, False, True, True]), np.array([0.0, 0.1, 0.5, 0.9])).__round__(3)
        0.3
    """
    values, places = np.unique(scores, return_inverse=True)
    between = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2, [(values[-1] + 1) / 2]])
    positives, negatives = (np.bincount(places[of], minlength=values.size) for of in (labels, ~labels))
    below = np.searchsorted(values, between, side="right")  # so many values are at most the threshold
    lost, kept = (np.concatenate([[0], np.cumsum(each)])[below] for each in (positives, negatives))
    right = labels.sum() - lost + kept
    best = between[right == right.max()]
    return float(best[len(best) // 2])
