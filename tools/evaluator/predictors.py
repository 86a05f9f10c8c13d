"""What predicts: a model, also shown one frame only, blendshapes, a provider's channels, or the majority class.

All but the first need no training. A fine-tuned model that does not beat them has not learned what it should.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shared import cli, contracts
from shared.dataset.reader import Dataset, SequenceRow, hash_sequences
from shared.errors import InvalidInput
from shared.onnx.cards import name_of, own_threshold, read_card
from shared.onnx.contract import SMILE_PROB, prob_name
from shared.onnx.model import OnnxModel, Scores, score_dataset
from shared.statistics import metrics
from tools.evaluator import blendshapes, clips
from tools.evaluator.config import EvaluationConfig

MAJORITY = "majority-class"


@dataclass(frozen=True)
class Arm:
    """A predictor and its scores.

    Attributes:
        kind: ``model``, ``one_frame``, ``majority``, or one of `blendshapes.ARMS` and `clips.ARMS`.
        name: How results call it.
        file: The ONNX file's name; for the majority its own name.
        sha256: Of the file; for the majority of its definition.
        own_threshold: The threshold of the model itself, as in model.json; None if it has none.
        scores: Its predictions.
    """

    kind: str
    name: str
    file: str
    sha256: str
    own_threshold: dict[str, Any] | None
    scores: Scores

    def threshold(self, given: float | None) -> tuple[float, str]:
        """Return the threshold in use and where it comes from: given, the arm's own, or the default."""
        if given is not None:
            return given, "given"
        if self.own_threshold:
            return float(self.own_threshold["value"]), "model"
        return metrics.DEFAULT_THRESHOLD, "default"


def predict(config: EvaluationConfig, dataset: Dataset, rows: list[SequenceRow], known: list[SequenceRow]) -> Arm:
    """Compute an arm's predictions.

    Args:
        config: Which arm, which model.
        dataset: Where the pictures lie.
        rows: The sequences to predict.
        known: The sequences whose labels the majority may count: the training part, where there is a split.

    Raises:
        InvalidInput: The model is missing, no ONNX, or does not fit the sequences.
    """
    if config.arm == "majority":
        return _majority(config, dataset, rows, known)
    if config.arm in (*blendshapes.ARMS, *clips.ARMS):
        return _without_network(config, dataset, rows, known)
    model = OnnxModel(config.model, config.threads)
    _check_class(model, dataset)
    card = read_card(config.model)
    name = name_of(config.model, card)
    one_frame = config.arm == "one_frame"
    scores = score_dataset(
        model, dataset, rows, lambda batches: cli.progress(batches, what="evaluate"), one_frame=one_frame
    )
    return Arm(
        kind=config.arm,
        name=config.name or (f"{name}-one-frame" if one_frame else name),
        file=config.model.name,
        sha256=contracts.sha256_file(config.model),
        own_threshold=own_threshold(model, card),
        scores=scores,
    )


def _check_class(model: OnnxModel, dataset: Dataset) -> None:
    """Refuse a model of another class; ``smile_prob`` passes, as models from before give it for any class.

    Raises:
        InvalidInput: Its output is another class's.
    """
    wanted = prob_name(dataset.positive_class)
    if model.prob_name not in (wanted, SMILE_PROB):
        raise InvalidInput(
            f"{model.path}: output",
            found=model.prob_name,
            expected=f"{wanted}, as the positive class of {dataset.folder.name} is {dataset.positive_class}",
            todo="measure it on a dataset of its own class, or train a model on this one",
        )


def _majority(config: EvaluationConfig, dataset: Dataset, rows: list[SequenceRow], known: list[SequenceRow]) -> Arm:
    """Answer every sequence with the share of positives among those that may be known."""
    share = sum(row.label == dataset.positive_class for row in known) / len(known)
    return Arm(
        kind="majority",
        name=config.name or MAJORITY,
        file=MAJORITY,
        sha256=contracts.sha256_json({"arm": "majority", "positive_share": share}),
        own_threshold=None,
        scores=Scores(np.full(len(rows), share, np.float32), None),
    )


def _without_network(
    config: EvaluationConfig, dataset: Dataset, rows: list[SequenceRow], known: list[SequenceRow]
) -> Arm:
    """Answer by blendshapes or a provider's channels; what may be known of labels decides threshold or weights."""
    source = clips if config.arm in clips.ARMS else blendshapes
    scores, threshold = source.score(config.arm, dataset, rows, known)
    name = config.arm.replace("_", "-")
    arm_facts = {"arm": config.arm, "known": hash_sequences(known), **source.describe(dataset)}
    n_people = len({row.subject_id for row in known})
    return Arm(
        kind=config.arm,
        name=config.name or name,
        file=name,
        sha256=contracts.sha256_json(arm_facts),
        own_threshold={
            "value": threshold,
            "chosen_on": "given" if config.arm in ("blendshapes", "one_channel") else "default",
            "objective": "fixed",
            "n_sequences": len(known),
            "n_subjects": n_people,
            "interval": None,
        },
        scores=scores,
    )
