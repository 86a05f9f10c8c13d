"""Stage 0 of a photo classifier: a logistic regression on the features of the frozen encoder.

Needs no epochs: the features are there already, for stage 1. It is what the stages after it must beat, and can be
exported like them (checkpoint ``stage_0``, network ``photo_logistic``). Its strength is chosen on the validation part.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from shared.arrays import F32, F64, Int
from shared.models import build_network
from shared.models.photo import PhotoClassifier
from shared.statistics import metrics
from tools.trainer.encoded import AS_IT_IS, MIRRORED, EncodedSequences
from tools.trainer.record import LOGISTIC

STRENGTHS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)  # scikit-learn's C, of standardised features
_LEAST_SD = 1e-6
_MOST = 5000  # sequences of a part: more change the regression by less than a draw does, and take the memory of all


@dataclass(frozen=True)
class StageZero:
    """A logistic regression as a network.

    Attributes:
        network: It.
        measured: What run.json says of it.
    """

    network: PhotoClassifier
    measured: dict[str, Any]


def fit(
    network: PhotoClassifier, run: dict[str, Any], train: EncodedSequences, validation: EncodedSequences
) -> StageZero:
    """Fit a logistic regression on the features of a network's encoder.

    Args:
        network: Whose encoder it is; it is left as it is.
        run: The run's document, of which the new network has frames, size and choice.
        train: The training part, each sequence as it is and mirrored.
        validation: The validation part.
    """
    from sklearn.linear_model import LogisticRegression

    began = time.monotonic()
    made = build_network(LOGISTIC, run["frame_count"], run["config"], run["image_size_px"])
    assert isinstance(made, PhotoClassifier)
    made.encoder.load_state_dict(network.encoder.state_dict())
    made.crop.load_state_dict(network.crop.state_dict())
    made.eval()
    sides = (AS_IT_IS, MIRRORED)
    chosen, judges = _choose(len(train)), _choose(len(validation))
    inputs = np.concatenate([_features(made, train, chosen, side) for side in sides])
    labels = np.tile(train.smile.numpy()[chosen], len(sides)) > 0.5
    weights = None if train.weight is None else np.tile(train.weight.numpy()[chosen], len(sides))
    mean, sd = inputs.mean(0), np.maximum(inputs.std(0), _LEAST_SD)
    judged = sides if made.choice.views == "mirrored" else (AS_IT_IS,)
    checked = [(_features(made, validation, judges, side) - mean) / sd for side in judged]
    truth = validation.smile.numpy()[judges] > 0.5
    standard = (inputs - mean) / sd
    best: tuple[float, float, Any, F64] | None = None
    for strength in STRENGTHS:
        found = LogisticRegression(C=strength, max_iter=500).fit(standard, labels, weights)
        logits = np.mean([found.decision_function(values) for values in checked], axis=0)
        loss = float(np.logaddexp(0, np.where(truth, -logits, logits)).mean())
        if best is not None and loss > best[0]:
            break  # weaker ones only fit the training part closer, and take the longest
        best = (loss, strength, found, logits)
    assert best is not None
    loss, strength, found, logits = best
    factors = found.coef_[0] / sd  # standardisation becomes a part of the one layer
    with torch.no_grad():
        made.head.weight.copy_(torch.from_numpy(factors)[None])
        made.head.bias.fill_(float(found.intercept_[0] - factors @ mean))
    scores = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    measured = metrics.measure(truth, scores, metrics.DEFAULT_THRESHOLD, "default").metrics()
    return StageZero(
        made,
        {
            "n_features": made.n_features,
            "strength": strength,
            "validation_loss": loss,
            "validation_accuracy": measured["accuracy"],
            "validation_auc": measured["roc_auc"],
            "seconds": round(time.monotonic() - began, 3),
        },
    )


def _choose(n: int) -> Int:
    """Draw the sequences of a part that are used, in order: all, where there are not too many."""
    return np.sort(np.random.default_rng(0).permutation(n)[:_MOST])


@torch.inference_mode()
def _features(network: PhotoClassifier, part: EncodedSequences, chosen: Int, side: int) -> F32:
    """Return the features of some sequences of a part, the mean of their pictures': (n, n_features)."""
    parts = []
    for index in chosen.tolist():
        grids = torch.from_numpy(part.grid(index, side).astype(np.float32))  # (T, C, h, w)
        parts.append(network.pool(grids.to(next(network.parameters()).device)).mean(0).cpu().numpy())
    return np.stack(parts)
