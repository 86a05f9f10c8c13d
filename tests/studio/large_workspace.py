"""Fills a workspace with documents alone: 20 datasets, 300 runs with models and results, 30 comparisons.

python -m tests.studio.large_workspace HOME
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from shared import contracts
from shared.dataset.reader import COLUMNS, SequenceRow

POSITIVE = Path(__file__).resolve().parents[1] / "schemas" / "positive"
N_DATASETS, N_RUNS, N_SEQUENCES, N_PEOPLE = 20, 300, 10_000, 40


def fill(home: Path, n_datasets: int = N_DATASETS, n_runs: int = N_RUNS, n_sequences: int = N_SEQUENCES) -> None:
    """Write the documents.

    Args:
        home: The workspace.
        n_datasets: How many datasets; every second one has a suspicion document.
        n_runs: How many runs; each has a model and results, every tenth a comparison as well.
        n_sequences: Of all datasets together.
    """
    names = [f"people{number:02}" for number in range(n_datasets)]
    for number, name in enumerate(names):
        _dataset(home, name, n_sequences // n_datasets, has_suspicion=number % 2 == 0)
    for number in range(n_runs):
        _run(home, f"run{number:03}", names[number % n_datasets], number)


def _dataset(home: Path, name: str, n_sequences: int, has_suspicion: bool) -> None:
    document = {**_example("dataset", "people"), "name": name}
    folder = home / "datasets" / name
    _write(folder / "dataset.json", document, "dataset")
    rows = [_row(number) for number in range(n_sequences)]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row.as_csv() for row in rows)
    if has_suspicion:
        found = [
            {
                "sequence_id": row.sequence_id, "sha256": row.sha256, "label": row.label, "face_found": True,
                "probabilities": [0.9, 0.1] if row.label == "non_smile" else [0.2, 0.8],
            }
            for row in rows
        ]  # fmt: skip
        suspicion = {**_example("suspicion", "two_sequences"), "rows": found}
        _write(home / "artifacts/reviews" / name / "suspicion.json", suspicion, "suspicion")


def _row(number: int) -> SequenceRow:
    times_ms = tuple(1033.3 + 100 * frame for frame in range(5))
    person = number % N_PEOPLE
    return SequenceRow(
        f"seq_{number + 1:04}", f"s{person + 1:02}", f"take_{person + 1:04}", "smile" if number % 2 else "non_smile",
        "happy" if number % 2 else "neutral", 5, 100, times_ms[0], times_ms, "camera", number % 3 == 0,
        f"{number:064x}",
    )  # fmt: skip


def _run(home: Path, name: str, dataset: str, number: int) -> None:
    of = {"name": dataset, "kind": "real", "sha256": "a" * 64}
    created = f"2026-01-{number % 28 + 1:02}T11:25:{number % 60:02}Z"
    checkpoint = f"{number + 1:x}".rjust(64, "5")
    run = {**_example("run", "done"), "run_id": name, "dataset": of, "created_utc": created}
    run["checkpoints"] = [{**run["checkpoints"][0], "sha256": checkpoint}]
    _write(home / "artifacts/runs" / name / "run.json", run, "run")
    onnx = f"{number + 1:x}".rjust(64, "7")
    model = {**_example("model", "ours"), "model_id": name, "dataset": of, "created_utc": created}
    model["onnx"] = {**model["onnx"], "sha256": onnx}
    model["run"] = {**model["run"], "run_id": name, "checkpoint_sha256": checkpoint}
    _write(home / "artifacts/models" / name / "model.json", model, "model")
    results = {**_example("results", "two_classes"), "dataset": of, "created_utc": created}
    results["model"] = {**results["model"], "name": name, "sha256": onnx}
    _write(home / "artifacts/results" / f"{name}_results_20260122_112534.json", results, "results")
    if number % 10 == 0:
        comparison = {**_example("comparison", "two_arms"), "dataset": of, "created_utc": created}
        _write(home / "artifacts/reports" / f"{name}_20260122_112534" / "comparison.json", comparison, "comparison")


def _example(schema: str, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((POSITIVE / schema / f"{name}.json").read_text(encoding="utf-8"))
    return document


def _write(path: Path, document: dict[str, Any], schema: str) -> None:
    contracts.validate(document, schema, str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="the workspace, which is made")
    fill(parser.parse_args().home)
