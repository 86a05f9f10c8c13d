"""An evaluation from arm and dataset to results.

pictures → batches → onnxruntime → scores → metrics, intervals → results json, predictions csv, pictures
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths, provenance, stale_models
from shared.dataset import consent, reader, splits, test_log
from shared.dataset.protocol import EMOTIONS
from shared.onnx.model import Scores
from shared.plots import figures
from shared.statistics import metrics
from shared.statistics.measurement import measure
from shared.statistics.predictions_csv import PredictionRow
from tools.evaluator.config import EvaluationConfig
from tools.evaluator.predictors import Arm, predict
from tools.evaluator.results import Files, Written, name_files, write_results
from tools.evaluator.test_people import People, choose_people
from tools.evaluator.text import format_metrics


def evaluate(config: EvaluationConfig) -> Written:
    """Measure an arm on sequences.

    Args:
        config: What to do.

    Returns:
        The results, which are on disk by then.

    Raises:
        InvalidInput: Model, dataset or split are not valid or do not fit each other.
    """
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    people = choose_people(config, dataset)
    if people.split is not None and config.split is None:
        cli.note(f"measured on the {people.side} people of the model's own split, {paths.shown(people.split)}")
    stale = stale_models.why_stale(contracts.sha256_file(config.model)) if config.model.is_file() else None
    if stale:
        people = replace(people, notes=(*people.notes, f"this model is {stale}"))
    for note in people.notes:
        cli.note(f"warning: {note}")
    split = splits.read_split(people.split, dataset) if people.split else None
    rows = splits.rows_of(dataset, split, people.side)
    known = splits.rows_of(dataset, split, "train") if split else rows
    began = time.monotonic()
    arm = predict(config, dataset, rows, known)
    seconds = time.monotonic() - began
    threshold = arm.threshold(config.threshold)
    return write_arm(dataset, rows, arm, people, threshold, seconds, config.out, config.session, config.stamp)


def write_arm(
    dataset: reader.Dataset,
    rows: list[reader.SequenceRow],
    arm: Arm,
    people: People,
    threshold_and_source: tuple[float, str],
    seconds: float,
    out: Path,
    session: str | None,
    stamp: str | None = None,
    **more_facts: Any,
) -> Written:
    """Measure an arm's scores and write its results.

    Args:
        dataset: Whose sequences.
        rows: They.
        arm: Its scores of them.
        people: Which part of which split they are.
        threshold_and_source: The threshold in use, and where it comes from.
        seconds: What the scores took.
        out: The folder of the results.
        session: What this measurement is a part of.
        stamp: The moment that the documents hold instead of now; they are then the same bytes whenever, and beside
            whatever else, this is measured: without seconds, pictures and the number of test-set evaluations.
        **more_facts: Further keys of the document.
    """
    threshold, source = threshold_and_source
    measurement = measure(_decide(dataset, rows, arm.scores, threshold), dataset.positive_class, threshold, source)
    files = name_files(out, arm.name, stamp)
    split_reference = people.split and {"file": people.split.name, "sha256": contracts.sha256_file(people.split)}
    facts = {
        "arm": arm.kind,
        "model": {"name": arm.name, "file": arm.file, "sha256": arm.sha256, "threshold": arm.own_threshold},
        "dataset": dataset.reference(),
        "split": split_reference,
        "side": people.side,
        "sequences_sha256": reader.hash_sequences(rows),
        "positive_class": dataset.positive_class,
        "at_optimal": measurement.at_optimal,
        "notes": [*people.notes, *measurement.measured.notes],
        "seconds_a_sequence": None if stamp else round(seconds / len(rows), 6),
        "code": provenance.code_info("onnxruntime", "numpy", "opencv-contrib-python", "scipy"),
        **more_facts,
    }
    # Logged before anything of it can be read.
    n_openings = _log_test_evaluation(dataset, session, facts, files)
    facts["test_openings"] = None if stamp else n_openings
    facts["pictures"] = [] if stamp else _draw(files, dataset, measurement.measured)
    results = write_results(files, measurement, facts)
    return Written(files.results, "results", results, _describe(results))


def _describe(results: Mapping[str, Any]) -> str:
    """Summarise the results."""
    dataset, n_openings = results["dataset"], results["test_openings"]
    synthetic = " (synthetic)" if dataset["kind"] == "synthetic" else ""
    text = (
        f"{results['model']['name']} on {dataset['name']}{synthetic}, {results['side']}: {results['n_sequences']} "
        f"sequences of {results['n_subjects']} people\n"
        + format_metrics(results["metrics"], results["intervals"], results["notes"])
    )
    return f"{text}\ntest set evaluated {n_openings} time{'s' * (n_openings > 1)}" if n_openings else text


def _decide(
    dataset: reader.Dataset, rows: list[reader.SequenceRow], scores: Scores, threshold: float
) -> list[PredictionRow]:
    """Return a prediction for each sequence: what the model decided at the threshold."""
    positive = dataset.positive_class
    negative = next(label for label in dataset.manifest["classes"] if label != positive)
    logits = scores.emotion_logits
    has_emotions = logits is not None and logits.shape[1] == len(EMOTIONS)
    return [
        PredictionRow(
            sequence_id=row.sequence_id,
            subject_id=row.subject_id,
            label=row.label,
            score=score,
            predicted=positive if score > threshold else negative,
            correct=(score > threshold) == (row.label == positive),
            emotion=EMOTIONS[int(np.argmax(logits[index]))] if logits is not None and has_emotions else None,
        )
        for index, row in enumerate(rows)
        for score in [float(scores.smile_prob[index])]
    ]


def _log_test_evaluation(
    dataset: reader.Dataset, session: str | None, facts: dict[str, Any], files: Files
) -> int | None:
    """Log a measurement on a split's test set; returns how often it was evaluated by now, None elsewhere."""
    if facts["side"] != "test" or facts["split"] is None:
        return None
    line = {
        "schema_version": 1,
        "opened_utc": files.created_utc,
        **({"session": session} if session else {}),
        "split": facts["split"],
        "model": {key: facts["model"][key] for key in ("name", "sha256")},
        "sequences_sha256": facts["sequences_sha256"],
        "results": files.results.name,
    }
    return test_log.record_evaluation(dataset.folder, line)


def _draw(files: Files, dataset: reader.Dataset, measured: metrics.Measured) -> list[str]:
    """Draw what can be drawn; returns the file names."""
    pictures = []
    c = measured.confusion
    if measured.roc is not None:
        point = (c.fp / (c.fp + c.tn), c.tp / (c.tp + c.fn))
        fpr, tpr = measured.roc.fpr.tolist(), measured.roc.tpr.tolist()
        curve = figures.RocCurve(files.name, fpr, tpr, metrics.roc_auc(measured.roc), point)
        pictures.append(files.picture("roc"))
        figures.save_png(figures.roc_figure([curve], "en"), pictures[-1])
    negative = next(label for label in dataset.manifest["classes"] if label != dataset.positive_class)
    matrix = figures.Confusion(files.name, ((c.tn, c.fp), (c.fn, c.tp)))
    pictures.append(files.picture("confusion"))
    figures.save_png(figures.confusion_figure([matrix], (negative, dataset.positive_class), "en"), pictures[-1])
    return [picture.name for picture in pictures]
