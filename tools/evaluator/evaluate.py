"""An evaluation from arm and dataset to results.

pictures → batches → onnxruntime → scores → metrics, intervals → results json, predictions csv, pictures
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.dataset import reader, splits
from tools.evaluator.config import EvaluationConfig
from tools.evaluator.predictors import ask
from tools.evaluator.results import Asked, write_results
from tools.evaluator.test_people import choose_people
from tools.evaluator.text import format_metrics


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
        lines = [head, format_metrics(r["metrics"], r["intervals"], r["notes"])]
        if n := r["test_openings"]:
            lines.append(f"test side opened {n} time{'s' * (n > 1)}")
        return "\n".join([*lines, f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the results document and its place."""
        return {"file": str(self.file), "results": self.results}


def evaluate(config: EvaluationConfig) -> Evaluated:
    """Measure an arm on sequences.

    Args:
        config: What to do.

    Returns:
        The results, which are on disk by then.

    Raises:
        InvalidInput: Model, dataset or split are not valid or do not fit each other.
    """
    dataset = reader.open_dataset(config.dataset)
    people = choose_people(config, dataset)
    if people.split is not None and config.split is None:
        cli.note(f"measured on the {people.side} people of the model's own split, {paths.shown(people.split)}")
    for note in people.notes:
        cli.note(f"warning: {note}")
    split = splits.read_split(people.split, dataset) if people.split else None
    rows = splits.rows_of(dataset, split, people.side)
    known = splits.rows_of(dataset, split, "train") if split else rows
    began = time.monotonic()
    arm = ask(config, dataset, rows, known)
    seconds = time.monotonic() - began
    threshold, source = arm.threshold(config.threshold)
    asked = Asked(dataset, rows, people.split, people.side, config.session, people.notes)
    return Evaluated(*write_results(config.out, asked, arm, threshold, source, seconds))
