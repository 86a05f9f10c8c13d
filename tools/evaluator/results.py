"""From answers to documents: results json, predictions csv, ROC and confusion pictures.

The results document is written last and names the others with their hashes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths, provenance
from shared.dataset import reader, test_log
from shared.dataset.protocol import EMOTIONS
from shared.onnx.model import Scores
from shared.plots import figures
from shared.statistics import metrics
from shared.statistics.calibration import calibration
from shared.statistics.intervals import intervals
from shared.statistics.predictions import answers
from shared.statistics.predictions_csv import Prediction, format_predictions
from shared.statistics.thresholds import selection_gap
from tools.evaluator.predictors import Arm


@dataclass(frozen=True)
class Asked:
    """What an arm was asked: the sequences, where they come from, and what the question is a part of."""

    dataset: reader.Dataset
    rows: list[reader.SequenceRow]
    split: Path | None
    side: str
    session: str | None
    notes: tuple[str, ...] = ()


def write_results(
    out: Path, asked: Asked, arm: Arm, threshold: float, source: str, seconds: float
) -> tuple[Path, dict[str, Any]]:
    """Measure an arm's answers and write all of its documents.

    Args:
        out: The folder.
        asked: The sequences.
        arm: The answers.
        threshold: Positive is strictly greater.
        source: Where the threshold comes from.
        seconds: How long the answers took in all.

    Returns:
        The results file and its content.
    """
    dataset, rows = asked.dataset, asked.rows
    labels = np.array([row.label == dataset.positive_class for row in rows])
    values = arm.scores.smile_prob.astype(np.float64)
    measured = metrics.measure(labels, values, threshold, source)
    at_default = metrics.measure(labels, values, metrics.DEFAULT_THRESHOLD, "default")
    best = measured.optimum
    at_optimal = best and metrics.measure(labels, values, min(1.0, max(0.0, best.decision_threshold)), "optimal")
    answered = answers(labels, values, [row.subject_id for row in rows], threshold)

    stem, moment = _free_stem(out, arm.name)
    predictions = out / f"{arm.name}_predictions_{stem}.csv"
    contracts.write_bytes(predictions, format_predictions(_predictions(asked, arm.scores, threshold)))
    pictures = _draw(out, arm.name, stem, dataset, measured)
    path = out / f"{arm.name}_results_{stem}.json"
    results = {
        "schema_version": 1,
        "arm": arm.kind,
        "model": {"name": arm.name, "file": arm.file, "sha256": arm.sha256, "threshold": arm.own_threshold},
        "dataset": dataset.reference(),
        "split": {"file": asked.split.name, "sha256": contracts.sha256_file(asked.split)} if asked.split else None,
        "side": asked.side,
        "sequences_sha256": reader.hash_sequences(rows),
        "test_openings": _count_opening(asked, arm, moment, path.name),
        "created_utc": moment,
        "n_sequences": len(rows),
        "n_subjects": answered.n_subjects,
        "by_label": reader.count_labels(rows),
        "positive_class": dataset.positive_class,
        "metrics": measured.metrics(),
        "intervals": {name: found.as_document() for name, found in intervals(answered).items()},
        "at_default": at_default.rates(),
        "at_optimal": at_optimal.rates() if at_optimal else None,
        "roc": measured.roc_document(),
        "selection_gap": selection_gap(labels, values, threshold),
        "calibration": calibration(labels, values).as_document(),
        "notes": [*asked.notes, *measured.notes],
        "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
        "pictures": pictures,
        "seconds_a_sequence": round(seconds / len(rows), 6),
        "code": provenance.code_info("onnxruntime", "numpy", "opencv-python", "scipy"),
    }
    contracts.write_document(path, results, "results")
    return path, results


def _count_opening(asked: Asked, arm: Arm, moment: str, results: str) -> int | None:
    """Write down a look at a split's test side; returns how many openings there were by now, None elsewhere."""
    if asked.side != "test" or asked.split is None:
        return None
    opening = {
        "schema_version": 1,
        "opened_utc": moment,
        **({"session": asked.session} if asked.session else {}),
        "split": {"file": asked.split.name, "sha256": contracts.sha256_file(asked.split)},
        "model": {"name": arm.name, "sha256": arm.sha256},
        "sequences_sha256": reader.hash_sequences(asked.rows),
        "results": results,
    }
    return test_log.record_opening(asked.dataset.folder, opening)


def _free_stem(folder: Path, name: str) -> tuple[str, str]:
    """Return a time stamp for file names that no earlier results use, and the moment in full."""
    now = paths.utc_now()
    stem, number = paths.utc_stamp(now), 1
    while (folder / f"{name}_results_{stem}.json").exists():
        number += 1
        stem = f"{paths.utc_stamp(now)}_{number}"
    return stem, paths.utc_text(now)


def _predictions(asked: Asked, scores: Scores, threshold: float) -> Iterator[Prediction]:
    """Yield a prediction for each sequence: what the model decided at the threshold."""
    positive = asked.dataset.positive_class
    negative = next(label for label in asked.dataset.manifest["classes"] if label != positive)
    logits = scores.emotion_logits
    for index, row in enumerate(asked.rows):
        score = float(scores.smile_prob[index])
        yield Prediction(
            sequence_id=row.sequence_id,
            subject_id=row.subject_id,
            label=row.label,
            score=score,
            predicted=positive if score > threshold else negative,
            correct=(score > threshold) == (row.label == positive),
            emotion=EMOTIONS[int(np.argmax(logits[index]))]
            if logits is not None and logits.shape[1] == len(EMOTIONS)
            else None,
        )


def _draw(folder: Path, name: str, stem: str, dataset: reader.Dataset, measured: metrics.Measured) -> list[str]:
    """Draw what can be drawn; returns the file names."""
    names = []
    c = measured.confusion
    if measured.roc is not None:
        names.append(f"{name}_roc_{stem}.png")
        point = (c.fp / (c.fp + c.tn), c.tp / (c.tp + c.fn))
        fpr, tpr = measured.roc.fpr.tolist(), measured.roc.tpr.tolist()
        curve = figures.RocCurve(name, fpr, tpr, metrics.roc_auc(measured.roc), point)
        figures.save_png(figures.roc_figure([curve], "en"), folder / names[-1])
    negative = next(label for label in dataset.manifest["classes"] if label != dataset.positive_class)
    matrix = figures.Confusion(name, ((c.tn, c.fp), (c.fn, c.tp)))
    names.append(f"{name}_confusion_{stem}.png")
    figures.save_png(figures.confusion_figure([matrix], (negative, dataset.positive_class), "en"), folder / names[-1])
    return names
