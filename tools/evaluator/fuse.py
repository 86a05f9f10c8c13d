"""Fuses what several approaches predicted: learned from their validation results, measured by their test results.

Reads the results of the members, on the validation and on the test part of one split, and the features' store for who
shows no face; writes results like those of any other arm. Pictures are never looked at again.

    validation results of each member → weights, threshold ─► test results of each member → results of the fusion
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts
from shared.approaches import Approach, get_approach
from shared.arrays import F64, Bool
from shared.contracts import Document
from shared.dataset import consent, reader, splits
from shared.dataset.feature_store import open_features
from shared.errors import InvalidInput
from shared.onnx.model import Scores
from shared.statistics import metrics, thresholds
from shared.statistics.predictions_csv import read_predictions
from tools.evaluator.config import FusionConfig
from tools.evaluator.evaluate import write_arm
from tools.evaluator.fusion import Combination, combine, logits_of
from tools.evaluator.predictors import Arm
from tools.evaluator.results import Written
from tools.evaluator.test_people import People


@dataclass(frozen=True)
class _Part:
    """The members' results on one part of the split.

    Attributes:
        rows: The sequences.
        documents: Results of each member, by name.
        logits: (n,) of each member, in the order of the rows.
        has_face: (n,) whether a face was found; all True where no member needs one.
    """

    rows: list[reader.SequenceRow]
    documents: Mapping[str, Document]
    logits: Mapping[str, F64]
    has_face: Bool


@dataclass(frozen=True)
class _Fused:
    """The combinations in use, with and without a face."""

    with_face: Combination
    without_face: Combination | None

    def score(self, part: _Part) -> F64:
        """Score sequences; one without a face that no member can decide is not of the positive class."""
        scores = self.with_face.score(part.logits)
        if not part.has_face.all():
            alone = 0.0 if self.without_face is None else self.without_face.score(part.logits)
            scores = np.where(part.has_face, scores, alone)
        # As a model's score: the decision is taken on the number that is written down.
        return scores.astype(np.float32).astype(np.float64)


def fuse(config: FusionConfig) -> Written:
    """Learn a fusion on validation people and measure it on test people.

    Args:
        config: Whose results.

    Returns:
        The results, which are on disk by then.

    Raises:
        InvalidInput: Results of another dataset, split, part, approach or model than they must be, or no features
            where a member needs faces.
    """
    began = time.monotonic()
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    split = splits.read_split(config.split, dataset)
    members = [get_approach(name) for name in config.fusion.members]
    validation, test = (
        _read_part(dataset, split, config.split, members, side, dict(files))
        for side, files in (("validation", config.validation), ("test", config.test))
    )
    for name, document in test.documents.items():
        found, expected = (one["model"]["sha256"][:12] for one in (document, validation.documents[name]))
        if found != expected:
            file = dict(config.test)[name]
            raise InvalidInput(
                str(file), found=f"the model {found}", expected=f"{expected}, as on the validation part", todo=_AGAIN
            )
    labels = np.array([row.label == dataset.positive_class for row in validation.rows])
    people = [row.subject_id for row in validation.rows]
    fused = _learn(members, validation, labels, people)
    run = {
        "sources": [
            {"name": one.name, "validation": _reference(config.validation, one), "test": _reference(config.test, one)}
            for one in members
        ],
        "with_face": fused.with_face.as_document(),
        "without_face": fused.without_face and fused.without_face.as_document(),
        "n_without_face": int((~test.has_face).sum()),
        "n_validation_sequences": len(validation.rows),
        "n_validation_subjects": len(set(people)),
    }
    own = _choose_threshold(labels, fused.score(validation), people, config.objective, validation.rows[0])
    arm = Arm(
        kind="fusion",
        name=config.name or config.fusion.file_stem,
        file=config.fusion.file_stem,
        sha256=contracts.sha256_json({"run": run, "models": [d["model"]["sha256"] for d in test.documents.values()]}),
        own_threshold=own,
        scores=Scores(fused.score(test).astype(np.float32), None),
    )
    spent = sum(document["seconds_a_sequence"] for document in test.documents.values()) * len(test.rows)
    return write_arm(
        dataset, test.rows, arm, People(config.split, "test"), arm.threshold(None),
        spent + time.monotonic() - began, config.out, config.session,
        fusion={"members": [one.name for one in members], "runs": [run]},
    )  # fmt: skip


_AGAIN = "measure every member on both parts of this split with one model"


def _learn(members: Sequence[Approach], part: _Part, labels: Bool, people: Sequence[str]) -> _Fused:
    """Learn how much each member counts; without a face, of those members that need none."""
    own = {name: float(document["metrics"]["threshold"]) for name, document in part.documents.items()}
    seen = part.has_face
    known = [who for who, is_seen in zip(people, seen, strict=True) if is_seen]
    with_face = combine(labels[seen], {name: values[seen] for name, values in part.logits.items()}, known, own)
    blind = [one.name for one in members if not one.needs_faces]
    without_face = None
    if blind and len(blind) < len(members):
        without_face = combine(labels, {name: part.logits[name] for name in blind}, people, own)
    if not with_face.is_learned:
        cli.note("note: the validation people do not allow to learn weights; all members count alike")
    return _Fused(with_face, without_face)


def _choose_threshold(
    labels: Bool, scores: F64, people: Sequence[str], objective: thresholds.Objective, first: reader.SequenceRow
) -> dict[str, Any]:
    """Choose the threshold on the validation people, as a model's is chosen."""
    a_minute = thresholds.windows_a_minute(first.frame_count, first.frame_interval_ms)
    toward = metrics.DEFAULT_THRESHOLD
    chosen = thresholds.choose(labels, scores, people, objective, windows_a_minute=a_minute, toward=toward)
    counts = {"n_sequences": len(people), "n_subjects": len(set(people))}
    if chosen is None:
        value = {"value": metrics.DEFAULT_THRESHOLD, "chosen_on": "default", "objective": "fixed"}
        return {**value, **counts, "interval": None}
    interval = None if chosen.low is None else [chosen.low, chosen.high]
    return {
        "value": chosen.value,
        "chosen_on": "validation",
        "objective": str(objective),
        **counts,
        "interval": interval,
    }


def _reference(files: Sequence[tuple[str, Path]], member: Approach) -> dict[str, str]:
    file = dict(files)[member.name]
    return {"file": file.name, "sha256": contracts.sha256_file(file)}


def _read_part(
    dataset: reader.Dataset,
    split: Document,
    split_file: Path,
    members: Sequence[Approach],
    side: str,
    files: Mapping[str, Path],
) -> _Part:
    """Read the members' results on a part of the split, and make sure that they are of it."""
    rows = splits.rows_of(dataset, split, side)
    expected_facts = {
        "side": side,
        "split": {"file": split_file.name, "sha256": contracts.sha256_file(split_file)},
        "sequences_sha256": reader.hash_sequences(rows),
    }
    documents, logits = {}, {}
    for member in members:
        file = files[member.name]
        document = contracts.read_document(file, "results")
        for key, expected in {**expected_facts, "arm": member.arm}.items():
            if document[key] != expected:
                raise InvalidInput(f"{file}: {key}", found=str(document[key]), expected=str(expected), todo=_AGAIN)
        scores = {row.sequence_id: row.score for row in read_predictions(file, document)}
        documents[member.name] = document
        logits[member.name] = logits_of(np.array([scores[row.sequence_id] for row in rows]))
    has_face = np.ones(len(rows), dtype=np.bool_)
    if any(member.needs_faces for member in members):
        features = open_features(dataset, "blendshapes")
        has_face = np.array([bool(features.n_faces([row]).any()) for row in rows])
    return _Part(rows, documents, logits, has_face)
