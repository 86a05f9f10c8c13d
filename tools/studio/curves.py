"""The losses of a training, epoch by epoch, for the page's curve. Reads the history.csv beside its document, no more.

The trainer writes it anew after each epoch, so the curve grows while one trains.
"""

import csv
import io
import math
from pathlib import Path
from typing import Any

HISTORY = "history.csv"
LOSSES = ("train_loss", "validation_loss")


def read_curve(document: Path) -> list[dict[str, Any]]:
    """Return the epochs that are done: ``epoch``, ``train_loss`` and ``validation_loss``, None where there is none.

    Args:
        document: run.json or card.json of the training.
    """
    try:
        text = document.with_name(HISTORY).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return []
    rows = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=1):
        losses = {name: _read(row.get(name)) for name in LOSSES}
        if any(value is not None for value in losses.values()):
            rows.append({"epoch": number, **losses})
    return rows


def _read(cell: str | None) -> float | None:
    try:
        value = float(cell or "")
    except ValueError:
        return None
    return round(value, 4) if math.isfinite(value) else None
