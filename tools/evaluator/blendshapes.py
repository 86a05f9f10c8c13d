"""Arms that need no network: MediaPipe's smile blendshapes as they are, and a logistic regression on all 52.

They are the floor that every trained model must beat. What they may know of labels is the training people's: the mean
of mouthSmileLeft and mouthSmileRight gets its threshold from them, the regression its weights. A sequence in which no
face was found is not of the positive class.
"""

import numpy as np
import numpy.typing as npt

from shared.dataset.feature_store import load_filled, open_features
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.faces.landmarker import smile_score
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
    features, known_features = (load_filled(dataset, part, "blendshapes") for part in (rows, known))
    if arm == "blendshapes":
        scores, known_scores = (
            np.array([0.0 if one is None else _smile(one) for one in part]) for part in (features, known_features)
        )
        return Scores(scores.astype(np.float32), None), best_threshold(labels, known_scores)
    return Scores(_regress(features, known_features, labels), None), metrics.DEFAULT_THRESHOLD


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


def _regress(
    features: list[npt.NDArray[np.float32] | None],
    known_features: list[npt.NDArray[np.float32] | None],
    labels: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there = np.array([one is not None for one in known_features])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=1000))
    model.fit(np.stack([one.mean(0) for one in known_features if one is not None]), labels[there])
    probs = [0.0 if one is None else model.predict_proba(one.mean(0)[None])[0, 1] for one in features]
    return np.array(probs, np.float32)


def best_threshold(labels: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """Return the threshold with the most correct predictions; of several the one in the middle.

    Example:
        >>> best_threshold(np.array([False, False, True, True]), np.array([0.0, 0.1, 0.5, 0.9])).__round__(3)
        0.3
    """
    values = np.unique(scores)
    between = np.concatenate([[values[0] / 2], (values[1:] + values[:-1]) / 2, [(values[-1] + 1) / 2]])
    right = np.array([((scores > value) == labels).sum() for value in between])
    best = between[right == right.max()]
    return float(best[len(best) // 2])
