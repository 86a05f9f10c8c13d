"""Arms that judge clips without a network: one channel with a threshold, boosted trees on each channel's statistics.

What they may know of labels is the training people's. A clip in which no face was found is not of the positive class.
"""

from collections.abc import Iterable

import numpy as np

from shared.arrays import F32, F64
from shared.dataset.feature_store import load_filled, open_features
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.onnx.contract import CLIPS
from shared.onnx.model import Scores
from shared.statistics import metrics
from shared.statistics.clip_statistics import fit_boosting, summarise
from tools.evaluator.blendshapes import best_threshold, label_known

ONE_CHANNEL, BOOSTING = "one_channel", "clip_boosting"
ARMS = (ONE_CHANNEL, BOOSTING)


def score(arm: str, dataset: Dataset, rows: list[SequenceRow], known: list[SequenceRow]) -> tuple[Scores, float]:
    """Score clips from a provider's channels.

    Args:
        arm: One of `ARMS`.
        dataset: Whose features are read.
        rows: The clips to score.
        known: Clips whose labels may be used.

    Returns:
        The scores, and the threshold: of one channel the one with the best accuracy on the known clips.

    Raises:
        InvalidInput: No features, no channel that means the class, or the known clips show one class only.
    """
    labels = label_known(dataset, known)
    clips, known_clips = (load_filled(dataset, part, CLIPS) for part in (rows, known))
    if arm == ONE_CHANNEL:
        places = _find_channels(dataset)
        scores, known_scores = (
            np.array([0.0 if one is None else float(np.clip(one[:, places].mean(), 0, 1)) for one in part])
            for part in (clips, known_clips)
        )
        return Scores(scores.astype(np.float32), None), best_threshold(labels, known_scores)
    there = np.array([one is not None for one in known_clips])
    if labels[there].all() or not labels[there].any():
        raise InvalidInput(str(dataset.folder), found="faces in the training clips of one class only", expected="both")
    judge = fit_boosting(_summarise(known_clips), labels[there])
    seen = [one is not None for one in clips]
    probs = np.zeros(len(rows), np.float32)
    if any(seen):
        probs[seen] = judge(_summarise(clips))
    return Scores(probs, None), metrics.DEFAULT_THRESHOLD


def describe(dataset: Dataset) -> dict[str, str]:
    """Name what gave the channels, whose hash stands for the arm in results."""
    return {"provider_sha256": open_features(dataset, CLIPS).model_sha256}


def _find_channels(dataset: Dataset) -> list[int]:
    """Find the channels whose mean is the score."""
    features = open_features(dataset, CLIPS)
    names = features.provider["fun"]
    if not names:
        found = ", ".join(features.provider["channels"])[:200]
        todo = "leave one_channel out, or read the faces by another provider"
        raise InvalidInput(str(features.folder), found=found, expected="a channel that means fun", todo=todo)
    return [features.provider["channels"].index(name) for name in names]


def _summarise(clips: Iterable[F32 | None]) -> F64:
    return np.concatenate([summarise(one[None].astype(np.float64)) for one in clips if one is not None])
