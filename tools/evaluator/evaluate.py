"""An evaluation from ONNX and dataset to results.

    pictures → batches → onnxruntime → scores → metrics → results json, predictions csv, ROC and confusion pictures

The results document is written last and names the others with their hashes.
"""

import csv
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, metrics, paths, plots, provenance, sequences, splits
from shared.errors import InvalidInput
from shared.inference import OnnxModel, Scores, score_dataset
from shared.protocol import EMOTIONS
from tools.evaluator.config import EvaluationConfig
from tools.evaluator.text import format_metrics

PREDICTION_COLUMNS = ("sequence_id", "subject_id", "label", "score", "predicted", "correct", "emotion")


@dataclass(frozen=True)
class Evaluated:
    """The results and the file that holds them."""

    file: Path
    results: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the results."""
        r = self.results
        synthetic = " (synthetic)" if r["dataset"]["kind"] == "synthetic" else ""
        head = (
            f"{r['model']['name']} on {r['dataset']['name']}{synthetic}, {r['side']}: {r['n_sequences']} sequences of "
            f"{r['n_subjects']} people"
        )
        return "\n".join([head, format_metrics(r["metrics"], r["notes"]), f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the results document and its place."""
        return {"file": str(self.file), "results": self.results}


def evaluate(config: EvaluationConfig) -> Evaluated:
    """Measure a model on sequences.

    Args:
        config: What to do.

    Returns:
        The results, which are on disk by then.

    Raises:
        InvalidInput: Model, dataset or split are not valid or do not fit each other.
    """
    model = OnnxModel(config.model, config.threads)
    dataset = sequences.open_dataset(config.dataset)
    split = splits.read_split(config.split, dataset) if config.split else None
    rows = splits.rows_of(dataset, split, config.side)
    began = time.monotonic()
    scores = score_dataset(model, dataset, rows, lambda batches: cli.progress(batches, what="evaluate"))
    seconds = time.monotonic() - began

    card = _read_card(config.model)
    name = config.name or (card["model_id"] if card else _name_of(config.model))
    own = _own_threshold(model, card)
    threshold, source = (
        (config.threshold, "given")
        if config.threshold is not None
        else (own["value"], "model")
        if own
        else (metrics.DEFAULT_THRESHOLD, "default")
    )
    labels = np.array([row.label == dataset.positive_class for row in rows])
    values = scores.smile_prob.astype(np.float64)
    measured = metrics.measure(labels, values, threshold, source)
    at_default = metrics.measure(labels, values, metrics.DEFAULT_THRESHOLD, "default")
    best = measured.optimum
    at_optimal = best and metrics.measure(labels, values, min(1.0, max(0.0, best.decision_threshold)), "optimal")

    stem, moment = _free_stem(config.out, name)
    predictions = config.out / f"{name}_predictions_{stem}.csv"
    contracts.write_bytes(predictions, _format_predictions(dataset, rows, scores, threshold))
    pictures = _draw(config.out, name, stem, dataset, measured)
    results = {
        "schema_version": 1,
        "model": {
            "name": name,
            "file": config.model.name,
            "sha256": contracts.sha256_file(config.model),
            "threshold": own,
        },
        "dataset": dataset.reference(),
        "split": {"file": config.split.name, "sha256": contracts.sha256_file(config.split)} if config.split else None,
        "side": config.side,
        "sequences_sha256": sequences.hash_sequences(rows),
        "created_utc": moment,
        "n_sequences": len(rows),
        "n_subjects": len({row.subject_id for row in rows}),
        "by_label": sequences.count_labels(rows),
        "positive_class": dataset.positive_class,
        "metrics": measured.metrics(),
        "at_default": at_default.rates(),
        "at_optimal": at_optimal.rates() if at_optimal else None,
        "roc": measured.roc_document(),
        "notes": list(measured.notes),
        "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
        "pictures": pictures,
        "seconds_a_sequence": round(seconds / len(rows), 6),
        "code": provenance.code_info("onnxruntime", "numpy", "opencv-python"),
    }
    path = config.out / f"{name}_results_{stem}.json"
    contracts.write_document(path, results, "results")
    return Evaluated(path, results)


def _read_card(model: Path) -> dict[str, Any] | None:
    """Return model.json beside the file, if it speaks of this very file."""
    path = model.with_name(paths.MODEL_CARD)
    if not path.is_file():
        return None
    card = contracts.read_document(path, "model")
    if card["onnx"]["file"] != model.name:
        return None
    found = contracts.sha256_file(model)
    if card["onnx"]["sha256"] != found:
        raise InvalidInput(
            str(model),
            found=f"sha256 {found[:12]}",
            expected=f"{card['onnx']['sha256'][:12]}, as model.json beside it says",
            todo="export the model again, or move model.json away",
        )
    return card


def _name_of(model: Path) -> str:
    """Name a stranger's model after its file, or by its hash where the name has other letters."""
    return model.stem if paths.NAME_PATTERN.fullmatch(model.stem) else f"model-{contracts.sha256_file(model)[:8]}"


def _own_threshold(model: OnnxModel, card: dict[str, Any] | None) -> dict[str, Any] | None:
    if card:
        return dict(card["threshold"])
    if model.threshold is None:
        return None
    return {"value": model.threshold, "chosen_on": "given", "objective": "fixed", "n_sequences": 0, "n_subjects": 0}


def _free_stem(folder: Path, name: str) -> tuple[str, str]:
    """Return a time stamp for file names that no earlier results use, and the moment in full."""
    now = paths.utc_now()
    stem, number = paths.utc_stamp(now), 1
    while (folder / f"{name}_results_{stem}.json").exists():
        number += 1
        stem = f"{paths.utc_stamp(now)}_{number}"
    return stem, paths.utc_text(now)


def _format_predictions(
    dataset: sequences.Dataset, rows: list[sequences.SequenceRow], scores: Scores, threshold: float
) -> bytes:
    """Write a row a sequence: what the model said of it, at the threshold."""
    positive = dataset.positive_class
    negative = next(label for label in dataset.manifest["classes"] if label != positive)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, PREDICTION_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for index, row in enumerate(rows):
        score = float(scores.smile_prob[index])
        called_positive = score > threshold
        logits = scores.emotion_logits
        predicted = {
            "sequence_id": row.sequence_id,
            "subject_id": row.subject_id,
            "label": row.label,
            "score": score,
            "predicted": positive if called_positive else negative,
            "correct": called_positive == (row.label == positive),
            "emotion": EMOTIONS[int(np.argmax(logits[index]))]
            if logits is not None and logits.shape[1] == len(EMOTIONS)
            else None,
        }
        contracts.validate(predicted, "predictions", f"prediction of {row.sequence_id}")
        writer.writerow(
            {**predicted, "correct": str(predicted["correct"]).lower(), "emotion": predicted["emotion"] or ""}
        )
    return out.getvalue().encode("utf-8")


def _draw(folder: Path, name: str, stem: str, dataset: sequences.Dataset, measured: metrics.Measured) -> list[str]:
    """Draw what can be drawn; returns the file names."""
    names = []
    c = measured.confusion
    if measured.roc is not None:
        names.append(f"{name}_roc_{stem}.png")
        point = (c.fp / (c.fp + c.tn), c.tp / (c.tp + c.fn))
        fpr, tpr = measured.roc.fpr.tolist(), measured.roc.tpr.tolist()
        curve = plots.RocCurve(name, fpr, tpr, metrics.roc_auc(measured.roc), point)
        plots.save_png(plots.roc_figure([curve], "en"), folder / names[-1])
    negative = next(label for label in dataset.manifest["classes"] if label != dataset.positive_class)
    matrix = plots.Confusion(name, ((c.tn, c.fp), (c.fn, c.tp)))
    names.append(f"{name}_confusion_{stem}.png")
    plots.save_png(plots.confusion_figure([matrix], (negative, dataset.positive_class), "en"), folder / names[-1])
    return names
