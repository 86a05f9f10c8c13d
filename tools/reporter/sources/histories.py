"""Reads training runs and their histories, for learning curves. Writes nothing."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from shared import contracts
from shared.errors import InvalidInput
from tools.reporter.sources.arms import Source, place

HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "validation_loss",
    "validation_accuracy",
    "validation_auc",
    "learning_rate",
    "stage",
)


@dataclass(frozen=True)
class History:
    """A training's course.

    Attributes:
        name: The run's id, or the file's name.
        rows: One an epoch with the keys of HISTORY_COLUMNS; what was not measured is None.
        best_epoch: Where the run says so.
        sources: The files read.
    """

    name: str
    rows: tuple[dict[str, float | None], ...]
    best_epoch: int | None
    sources: tuple[Source, ...]


def read_run(path: Path) -> History:
    """Read a training run and its history.

    Args:
        path: run.json, or the run's folder.

    Raises:
        InvalidInput: The run or its history is missing or not valid.
    """
    if path.is_dir():
        path = path / "run.json"
    run = contracts.read_document(path, "run")
    source = Source(
        "run",
        run["run_id"],
        place(path),
        contracts.sha256_file(path),
        run["created_utc"],
        run["code"]["commit"],
    )
    history = read_history(path.parent / run["history"])
    return History(run["run_id"], history.rows, run["best_epoch"], (source, *history.sources))


def read_history(path: Path) -> History:
    """Read a history.csv; columns besides HISTORY_COLUMNS are let pass.

    Raises:
        InvalidInput: Missing, no csv, without an epoch, or with a cell that is no number.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(
            str(path), found=error.strerror or str(error), expected="the history.csv of a training run"
        ) from None
    rows = contracts.parse_rows(data, str(path), HISTORY_COLUMNS[:2], more=True)
    if not rows:
        raise InvalidInput(str(path), found="no epochs", expected="at least one row", todo="train for an epoch first")
    typed = tuple(
        {column: _parse_number(cells.get(column, ""), f"{path}: row {number}: {column}") for column in HISTORY_COLUMNS}
        for number, cells in enumerate(rows, start=2)
    )
    for number, row in enumerate(typed, start=2):
        if row["epoch"] is None or not row["epoch"] >= 1:
            raise InvalidInput(f"{path}: row {number}: epoch", found=rows[number - 2]["epoch"], expected="1 or more")
    source = Source("history", path.parent.name, place(path), hashlib.sha256(data).hexdigest())
    return History(path.parent.name or path.name, typed, None, (source,))


def _parse_number(cell: str, what: str) -> float | None:
    if not cell.strip():
        return None
    try:
        return float(cell)
    except ValueError:
        raise InvalidInput(what, found=repr(cell), expected="a number") from None
