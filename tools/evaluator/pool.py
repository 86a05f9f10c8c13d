"""Folds become one answer: every person measured once a seed, by a model that has not seen them.

Each fold has its own model with its own threshold, so scores are aligned before they are put together: a fold's
threshold is moved to 0.5 and both sides are stretched evenly. Decisions stay as they were; ranks across folds become
comparable as far as the thresholds are. Where scales differ, the area of all together lies below the mean of the folds'
own (by 1 to 2 points in `tests/benchmarks/sim_pool.py`); intervals and verdicts on it hold what they promise.
"""

import csv
import io
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths, provenance
from shared.errors import InvalidInput
from shared.statistics import metrics
from shared.statistics.calibration import calibration
from shared.statistics.intervals import intervals
from shared.statistics.predictions import answers
from shared.statistics.thresholds import selection_gap
from tools.evaluator.results import PREDICTION_COLUMNS
from tools.evaluator.text import format_metrics

ALIGNED_THRESHOLD = 0.5
SPREAD_METRICS = ("accuracy", "recall", "precision", "f1", "roc_auc")


@dataclass(frozen=True)
class Pooled:
    """The pooled results and the file that holds them."""

    file: Path
    results: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the pooled results, with the spread over the runs."""
        r = self.results
        runs = len(r["pooled"]["runs"])
        head = f"{r['model']['name']}: {r['n_sequences']} answers of {runs} runs, {r['n_subjects']} people"
        spread = ", ".join(
            f"{name} {found['mean']:.3f} ± {found['sd']:.3f}"
            for name, found in r["pooled"]["spread"].items()
            if found is not None
        )
        lines = [head, format_metrics(r["metrics"], r["intervals"], r["notes"]), f"mean ± sd over the runs: {spread}"]
        return "\n".join([*lines, f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the pooled results document and its place."""
        return {"file": str(self.file), "results": self.results}


def align(score: float, threshold: float) -> float:
    """Move a threshold to 0.5: 0 stays 0, 1 stays 1, above stays above.

    Example:
        >>> align(0.9, 0.8)
        0.75
    """
    if score > threshold:
        return max(float(np.nextafter(0.5, 1.0)), 0.5 + 0.5 * (score - threshold) / (1 - threshold))
    return 0.5 * score / threshold if threshold else 0.5


def pool(files: list[Path], name: str, out: Path) -> Pooled:
    """Put the test results of folds together.

    Args:
        files: Results documents of one arm on the test sides of folds, of one dataset.
        name: How the pooled results call the arm.
        out: The folder of the pooled results.

    Raises:
        InvalidInput: Other datasets, other arms, other sides than test, or changed predictions.
    """
    documents = [contracts.read_document(file, "results") for file in files]
    first = documents[0]
    for file, document in zip(files, documents, strict=True):
        for key, found, expected in (
            ("dataset.sha256", document["dataset"]["sha256"], first["dataset"]["sha256"]),
            ("arm", document["arm"], first["arm"]),
            ("side", document["side"], "test"),
        ):
            if found != expected:
                raise InvalidInput(f"{file}: {key}", found=str(found), expected=str(expected))
    rows = _read_rows(files, documents)
    labels = [row["label"] == first["positive_class"] for row in rows]
    scores = [row["score"] for row in rows]
    measured = metrics.measure(labels, scores, ALIGNED_THRESHOLD, "model")
    default = metrics.measure(labels, scores, metrics.DEFAULT_THRESHOLD, "default")
    ids = [row["sequence_id"] for row in rows]
    answered = answers(labels, scores, [row["subject_id"] for row in rows], ALIGNED_THRESHOLD, ids)
    now = paths.utc_now()
    stem = paths.utc_stamp(now)
    predictions = out / f"{name}_predictions_{stem}.csv"
    contracts.write_bytes(predictions, _format_rows(rows))
    by_label = {label: sum(row["label"] == label for row in rows) for label in sorted({row["label"] for row in rows})}
    results = {
        **first,
        "model": {
            "name": name,
            "file": f"{len(files)} models",
            "sha256": contracts.sha256_json([document["model"]["sha256"] for document in documents]),
            "threshold": None,
        },
        "split": None,
        "sequences_sha256": contracts.sha256_json(
            sorted([row["sequence_id"], row["subject_id"], row["label"]] for row in rows)
        ),
        # Folds have test sides of their own; the one that was opened most often says how sealed they still are.
        "test_openings": max((document.get("test_openings") or 0 for document in documents), default=0) or None,
        "created_utc": paths.utc_text(now),
        "n_sequences": len(rows),
        "n_subjects": answered.n_subjects,
        "by_label": by_label,
        "metrics": measured.metrics(),
        "intervals": {key: found.as_document() for key, found in intervals(answered).items()},
        "at_default": default.rates(),
        "at_optimal": None,
        "roc": measured.roc_document(),
        "selection_gap": selection_gap(answered.labels, answered.scores, ALIGNED_THRESHOLD),
        "calibration": calibration(labels, scores).as_document(),
        "notes": [
            *measured.notes,
            "folds are aligned so that each one's own threshold is 0.5",
            "where the scales of folds differ, the ROC AUC of all together lies somewhat below the mean of the folds'",
        ],
        "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
        "pictures": [],
        "seconds_a_sequence": statistics.mean(document["seconds_a_sequence"] for document in documents),
        "code": provenance.code_info("numpy", "scipy"),
        "pooled": {
            "runs": [_run(file, d) for file, d in zip(files, documents, strict=True)],
            "spread": _spread(documents),
        },
    }
    path = out / f"{name}_results_{stem}.json"
    contracts.write_document(path, results, "results")
    return Pooled(path, results)


def _run(file: Path, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": file.name,
        "sha256": contracts.sha256_file(file),
        "split": document["split"]["file"] if document["split"] else None,
        **{key: document["metrics"][key] for key in ("threshold", *SPREAD_METRICS)},
    }


def _spread(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean and standard deviation of each metric over the runs in which it is defined."""
    spread: dict[str, Any] = {}
    for key in SPREAD_METRICS:
        values = [d["metrics"][key] for d in documents if d["metrics"][key] is not None]
        spread[key] = (
            {
                "mean": statistics.mean(values),
                "sd": statistics.stdev(values) if len(values) > 1 else 0.0,
                "n_runs": len(values),
            }
            if values
            else None
        )
    return spread


def _read_rows(files: list[Path], documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Read and align predictions; a sequence that several seeds answer gets the run's number behind its id."""
    rows: list[dict[str, Any]] = []
    times: dict[str, int] = {}
    for file, document in zip(files, documents, strict=True):
        path = file.parent / document["predictions"]["file"]
        if contracts.sha256_file(path) != document["predictions"]["sha256"]:
            raise InvalidInput(str(path), found="other predictions", expected=f"those that {file.name} names")
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                times[row["sequence_id"]] = times.get(row["sequence_id"], 0) + 1
                number = times[row["sequence_id"]]
                rows.append(
                    {
                        **row,
                        "sequence_id": row["sequence_id"] if number == 1 else f"{row['sequence_id']}@{number}",
                        "score": float(align(float(row["score"]), document["metrics"]["threshold"])),
                    }
                )
    return rows


def _format_rows(rows: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, PREDICTION_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8")
