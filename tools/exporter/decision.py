"""The decision threshold of an exported model, chosen on the validation people. Writes nothing."""

from typing import Any

import numpy as np

from shared import cli
from shared.dataset.reader import Dataset, SequenceRow
from shared.onnx.model import Scores
from shared.statistics import metrics, thresholds


def choose_threshold(
    dataset: Dataset, rows: list[SequenceRow], scores: Scores, given: float | None, objective: thresholds.Objective
) -> dict[str, Any]:
    """Return a card's threshold: the given one, else the objective's on the validation people, else the default.

    Args:
        dataset: Whose.
        rows: The validation people's sequences.
        scores: The graph's, of these.
        given: What --threshold says.
        objective: What it is chosen for.
    """
    if given is not None:
        return fixed_threshold(given, "given", "fixed", [])
    labels = np.array([row.label == dataset.positive_class for row in rows])
    people = [row.subject_id for row in rows]
    first = rows[0]
    chosen = thresholds.choose(
        labels,
        scores.smile_prob.astype(np.float64),
        people,
        objective,
        windows_a_minute=thresholds.windows_a_minute(first.frame_count, first.frame_interval_ms),
        toward=metrics.DEFAULT_THRESHOLD,
    )
    if chosen is None:
        cli.note("note: the validation people do not allow to choose a threshold; 0.5 is used")
        return fixed_threshold(metrics.DEFAULT_THRESHOLD, "default", "fixed", people)
    if not chosen.is_met:
        cli.note(f"note: no threshold reaches {objective} on the validation people; the nearest is used")
    found = fixed_threshold(chosen.value, "validation", str(objective), people)
    return {**found, "interval": None if chosen.low is None else [chosen.low, chosen.high]}


def fixed_threshold(value: float, chosen_on: str, objective: str, people: list[str]) -> dict[str, Any]:
    """Return a card's threshold of this value, and on whom it was chosen."""
    return {
        "value": value,
        "chosen_on": chosen_on,
        "objective": objective,
        "n_sequences": len(people),
        "n_subjects": len(set(people)),
        "interval": None,
    }
