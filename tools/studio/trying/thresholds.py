"""What the validation people say to each threshold of a model: counted from the results document that exists.

Nothing is measured here: `./inv evaluate --side validation` does that, and who has no such document is told so. Figures
of test people are never shown, since a threshold that is chosen by them spoils the test.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from shared import contracts
from shared.statistics import predictions_csv
from tools.studio.workspace import Item, Workspace

SIDE = "validation"


def said_by_validation(workspace: Workspace, handoff: Item) -> dict[str, Any]:
    """Count hits and false alarms at every threshold.

    Args:
        workspace: Where the results are looked for.
        handoff: The model, as a page runs it.

    Returns:
        ``results``: the newest document about the model's validation people; None where there is none. ``n_people``,
        ``n_positive``, ``n_negative``. ``steps``: [threshold, hits, false alarms] from low to high, true from that
        threshold to the next (a score above it counts). ``command``: what measures them.

    Raises:
        InvalidInput: The predictions are not those of the results.
    """
    model = next((each for each in workspace.made_from(handoff) if each.kind == "model"), None)
    command = ""
    if model is not None:
        command = f"./inv evaluate --model {model.name} --dataset {model.facts['dataset']} --side {SIDE}"
    found = [] if model is None else [each for each in workspace.made_into(model) if _is_of_validation(each)]
    if not found:
        return {"results": None, "command": command}
    newest = found[-1]
    document = contracts.read_document(newest.path, "results")
    rows = predictions_csv.read_predictions(newest.path, document)
    positive = document["positive_class"]
    hits = [row.score for row in rows if row.label == positive]
    alarms = [row.score for row in rows if row.label != positive]
    return {
        "results": newest.name,
        "command": command,
        "n_people": document["n_subjects"],
        "n_positive": len(hits),
        "n_negative": len(alarms),
        "steps": _count(hits, alarms),
    }


def _is_of_validation(item: Item) -> bool:
    return item.kind == "results" and item.facts["side"] == SIDE


def _count(hits: Sequence[float], alarms: Sequence[float]) -> list[list[float]]:
    """Count the scores above each threshold at which one of the counts changes."""
    places = sorted({0.0, *hits, *alarms})
    hits, alarms = sorted(hits), sorted(alarms)
    return [[t, len(hits) - bisect_right(hits, t), len(alarms) - bisect_right(alarms, t)] for t in places]
