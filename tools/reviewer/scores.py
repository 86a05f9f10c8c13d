"""Reads an evaluator's predictions for label quality, and refuses those of people in the model's training set.

A model has learnt its training labels, the wrong ones too, so its predictions there hide errors. Whether predictions
are out of fold is checked in documents: the results that name the predictions, the card of the model that made them,
and the dataset that it was trained on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import reader
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.statistics.predictions import sequence_of
from shared.statistics.predictions_csv import read_predictions
from shared.statistics.thresholds import align
from tools.reviewer.label_quality import SUSPICION_FILE, OutOfFoldScores, read_suspicion

_TODO = "make scores that can be used: ./inv suspect, or ./inv ab --folds 5"


def read_scores(files: Sequence[Path], dataset: Dataset) -> OutOfFoldScores:
    """Read scores of a dataset; those of several files are averaged where they overlap.

    Args:
        files: Results documents of the evaluator, the predictions that they name, or a suspicion.json.
        dataset: The dataset whose labels are checked.

    Raises:
        InvalidInput: The scores are of another dataset, in-sample, or it cannot be told whether they are.
    """
    all_scores = [_read(file, dataset) for file in files]
    if len(all_scores) == 1:
        return all_scores[0]
    classes = all_scores[0].classes
    if any(scores.classes != classes for scores in all_scores):
        raise InvalidInput("--scores", found="files with other classes", expected="the same classes in all")
    collected: dict[str, list[tuple[float, ...]]] = {}
    for scores in all_scores:
        for name, found in scores.probabilities.items():
            collected.setdefault(name, []).append(found)
    return OutOfFoldScores(
        classes=classes,
        probabilities={
            name: tuple(sum(values) / len(values) for values in zip(*found, strict=True))
            for name, found in collected.items()
        },
        labels={name: label for scores in all_scores for name, label in scores.labels.items()},
        sha256={name: sha256 for scores in all_scores for name, sha256 in scores.sha256.items()},
        face_found={name: found for scores in all_scores for name, found in scores.face_found.items()},
        source=" + ".join(scores.source for scores in all_scores),
    )


def _read(file: Path, dataset: Dataset) -> OutOfFoldScores:
    if file.suffix == ".csv":
        file = _results_of(file)
    elif file.name == SUSPICION_FILE:
        return read_suspicion(file, dataset)
    results = contracts.read_document(file, "results")
    if results["dataset"]["name"] != dataset.name:
        raise InvalidInput(
            str(file), found=f"scores of the dataset {results['dataset']['name']}", expected=f"of {dataset.name}"
        )
    if results["arm"] == "majority":
        raise InvalidInput(
            str(file), found="the majority arm, which gives all sequences the same score", expected="a model's scores"
        )
    _must_be_out_of_fold(results, file, dataset)
    return _collect(results, file, dataset)


def _results_of(predictions: Path) -> Path:
    """Find the results document beside a predictions csv that names it by its hash."""
    sha256 = contracts.sha256_file(predictions)
    for path in sorted(predictions.parent.glob("*_results_*.json")):
        try:
            named = contracts.read_document(path, "results")["predictions"]
        except InvalidInput:
            continue
        if named["file"] == predictions.name and named["sha256"] == sha256:
            return path
    raise InvalidInput(
        str(predictions),
        found="no results document beside it that names this very file",
        expected="one, which tells whom the model was trained on",
        todo="keep the evaluator's json and csv together",
    )


def _must_be_out_of_fold(results: dict[str, Any], file: Path, dataset: Dataset) -> None:
    """Refuse predictions of people in the model's training set, and those where this cannot be told."""
    pooled = results.get("pooled") is not None
    if pooled and results["side"] == "test":
        return  # the evaluator pools test sets only, each predicted by the model of its own fold
    card = _find_card(results["model"]["sha256"])
    if card is None:
        raise InvalidInput(
            str(file),
            found=f"scores of a model without a model.json ({results['model']['name']})",
            expected="one that tells whom it was trained on",
            todo=_TODO,
        )
    trained = card["dataset"]
    if trained["name"] != dataset.name:
        _must_share_no_picture(trained["name"], dataset, file)
        return
    same_split = card["split"] and results["split"] and card["split"]["sha256"] == results["split"]["sha256"]
    if results["side"] in ("test", "validation") and same_split:
        return
    found = f"scores of people whom {results['model']['name']} was trained on (side {results['side']})"
    if results["side"] in ("test", "validation"):
        found = f"scores on another split than the one that {results['model']['name']} was trained with"
    raise InvalidInput(str(file), found=found, expected="out-of-fold scores", todo=_TODO)


def _find_card(onnx_sha256: str) -> dict[str, Any] | None:
    """Find the card of a model by its hash."""
    for path in sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        try:
            card = contracts.read_document(path, "model")
        except InvalidInput:
            continue
        if card["onnx"]["sha256"] == onnx_sha256:
            return card
    return None


def _must_share_no_picture(trained_on: str, dataset: Dataset, file: Path) -> None:
    """Refuse a model that was trained on another dataset that shares pictures with this one, or is missing."""
    folder = paths.home() / "datasets" / trained_on
    try:
        trained_on_sha256 = {row.sha256 for row in reader.open_dataset(folder).rows}
    except InvalidInput:
        raise InvalidInput(
            str(file),
            found=f"scores of a model that was trained on {trained_on}, which is not here",
            expected="that dataset beside this one, to check that they share no picture",
            todo=_TODO,
        ) from None
    if shared_pictures := trained_on_sha256 & {row.sha256 for row in dataset.rows}:
        raise InvalidInput(
            str(file),
            found=f"scores of a model trained on {trained_on}, which shares {len(shared_pictures)} sequences with it",
            expected="out-of-fold scores",
            todo=_TODO,
        )


def _collect(results: dict[str, Any], file: Path, dataset: Dataset) -> OutOfFoldScores:
    """Read the predictions; the model's threshold is mapped to a probability of one half."""
    threshold = float(results["metrics"]["threshold"])
    positive = dataset.positive_class
    others = [label for label in dataset.manifest["classes"] if label != positive]
    if len(others) != 1:
        raise InvalidInput(
            str(file), found="scores of one class against the rest", expected="a dataset of two classes", todo=_TODO
        )
    subject_of = {row.sequence_id: row.subject_id for row in dataset.rows}
    scores: dict[str, list[float]] = {}
    labels: dict[str, str] = {}
    for prediction in read_predictions(file, results):
        name = sequence_of(prediction.sequence_id)
        if subject_of.get(name, prediction.subject_id) != prediction.subject_id:
            raise InvalidInput(
                f"{file}: {name}", found=f"the person {prediction.subject_id}", expected=subject_of[name]
            )
        scores.setdefault(name, []).append(align(prediction.score, threshold))
        labels[name] = prediction.label
    means = {name: sum(found) / len(found) for name, found in scores.items()}
    return OutOfFoldScores(
        classes=(others[0], positive),
        probabilities={name: (1 - mean, mean) for name, mean in means.items()},
        labels=labels,
        sha256={},
        face_found={},
        source=f"{results['model']['name']}, side {results['side']}",
    )
