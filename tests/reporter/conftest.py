"""Factories: results documents with their predictions, and reports with what a person reads of them."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.statistics.calibration import calibration
from shared.statistics.intervals import intervals
from shared.statistics.metrics import measure
from shared.statistics.predictions import make_predictions
from shared.statistics.thresholds import selection_gap
from tools.reporter.ab.report import ReportResult, make_report
from tools.reporter.config import ReportConfig

Row = tuple[str, str, str, float]  # sequence_id, subject_id, label, score
MakeResults = Callable[..., Path]
VOID = {"meta", "link", "img", "br", "input"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what a person reads and what a browser would load."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.words += [value or "" for name, value in attrs if name in ("alt", "title")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\xa0", " ").split())


@pytest.fixture
def make_results() -> MakeResults:
    """Return a factory: ``make_results(folder, name, rows, threshold=0.5, **changes)`` gives the results file.

    Metrics are measured by shared.statistics.metrics; ``changes`` replace keys of the document, also when that makes it
    wrong.
    """

    def make(folder: Path, name: str, rows: Sequence[Row], threshold: float = 0.5, **changes: Any) -> Path:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["sequence_id", "subject_id", "label", "score", "predicted", "correct", "emotion"])
        for sequence_id, subject_id, label, score in rows:
            is_positive = score > threshold
            correct = is_positive == (label == "smile")
            predicted = "smile" if is_positive else "non_smile"
            writer.writerow([sequence_id, subject_id, label, score, predicted, str(correct).lower(), ""])
        data = out.getvalue().encode()
        predictions = folder / f"{name}_predictions.csv"
        contracts.write_bytes(predictions, data)
        labels = [row[2] for row in rows]
        measured = measure([label == "smile" for label in labels], [row[3] for row in rows], threshold, "model")
        metrics = measured.metrics()
        answered = make_predictions(
            [label == "smile" for label in labels], [row[3] for row in rows], [row[1] for row in rows], threshold
        )
        document = {
            "schema_version": 2,
            "arm": "model",
            "model": {
                "name": name,
                "file": f"{name}.onnx",
                "sha256": contracts.sha256_json([name, "model"]),
                "threshold": {
                    "value": threshold,
                    "chosen_on": "validation",
                    "objective": "youden",
                    "n_sequences": 24,
                    "n_subjects": 6,
                    "interval": None,
                },
            },
            "dataset": {"name": "people", "kind": "real", "sha256": "d" * 64},
            "split": {"file": "people-seed0.json", "sha256": "5" * 64},
            "side": "test",
            "sequences_sha256": contracts.sha256_json(sorted(row[:3] for row in rows)),
            "created_utc": "2026-01-22T11:25:34Z",
            "n_sequences": len(rows),
            "n_subjects": len({row[1] for row in rows}),
            "by_label": {label: labels.count(label) for label in sorted(set(labels))},
            "positive_class": "smile",
            "metrics": metrics,
            "intervals": {name: found.as_document() for name, found in intervals(answered).items()},
            "selection_gap": selection_gap(answered.labels, answered.scores, threshold),
            "calibration": calibration(
                answered.labels, answered.scores, people=answered.people, sequence_ids=answered.sequence_ids
            ).as_document(),
            "at_default": measured.rates() | {"threshold_source": "default"},
            "at_optimal": None,
            "roc": measured.roc_document(),
            "notes": list(measured.notes),
            "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
            "pictures": [],
            "seconds_a_sequence": 0.013,
            "code": {"version": "0.1.0", "commit": "0123456789abcdef", "packages": {"python": "3.11.0"}},
        }
        path = folder / f"{name}_results.json"
        contracts.write_bytes(path, json.dumps(document | changes, ensure_ascii=False).encode())
        return path

    return make


@pytest.fixture
def plan_rows() -> dict[str, list[Row]]:
    """Return 80 sequences of 20 people, scored so that the tables of the plan come out.

    Baseline at 0.5: TP 30, FN 10, TN 22, FP 18. Candidate at 0.282: TP 28, FN 12, TN 30, FP 10.
    """

    def rows(n_tp: int, n_fp: int, high: float, low: float) -> list[Row]:
        out: list[Row] = []
        for number in range(80):
            label = "smile" if number < 40 else "non_smile"
            is_positive = number < n_tp if number < 40 else number - 40 < n_fp
            score = (high if is_positive else low) + number / 1000
            out.append((f"seq_{number + 1:04d}", f"s{number % 20 + 1:02d}", label, round(score, 3)))
        return out

    return {"baseline": rows(30, 18, 0.6, 0.3), "candidate": rows(28, 10, 0.5, 0.1)}


@pytest.fixture
def reader() -> type[Reader]:
    """Return the reader of pages."""
    return Reader


@pytest.fixture
def report() -> Callable[..., tuple[ReportResult, Reader]]:
    """Return a factory: ``report(folder, baseline, *candidates, **settings)`` makes a report and reads its page."""

    def make(folder: Path, baseline: Path, *candidates: Path, **changes: Any) -> tuple[ReportResult, Reader]:
        config = ReportConfig(
            baseline=(None, baseline),
            candidates=tuple((None, path) for path in candidates),
            **{"out": folder / "report", "report_id": "test", "lang": "en", **changes},
        )
        result = make_report(config)
        return result, Reader((result.folder / "report.html").read_text(encoding="utf-8"))

    return make


@pytest.fixture
def plan(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> tuple[Path, Path]:
    """Results with the tables of the plan: 65.0 against 72.5 percent."""
    return (
        make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5),
        make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282),
    )
