"""What a cell of a sweep leaves: its results, its predictions and, last, done.json with their hashes.

    cells/<cell>/<cell>_results_<time>.json   <cell>_predictions_<time>.csv   done.json

The same cell is the same bytes on each computer of one kind: no times, no places. A cell whose files are not those that
its marker names is not done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared import contracts
from shared.chain.imports import ImportGraph
from shared.chain.sweep.sweep_plan import Cell, Plan
from shared.errors import InvalidInput

CELLS = "cells"
DONE = "done.json"
TOOLS = ("trainer", "exporter", "evaluator", "featurizer")  # what a cell runs


def source_hash() -> str:
    """Hash the source of all tools that a cell runs."""
    graph = ImportGraph()
    return contracts.sha256_json([graph.hash_of(tool) for tool in TOOLS])


def folder_of(plan: Plan, cell: Cell) -> Path:
    """Return where a cell's files lie."""
    return plan.folder / CELLS / cell.name


@dataclass(frozen=True)
class Made:
    """The files of a cell that is done, by name, and the source that made them."""

    files: Mapping[str, bytes]
    source_sha256: str
    results: str


def read_made(plan: Plan, cell: Cell) -> Made | None:
    """Return the files of a cell; None where it is not done, or not by this plan.

    Raises:
        InvalidInput: The cell is done, but a file is missing or not the one that its marker names.
    """
    folder = folder_of(plan, cell)
    if not (folder / DONE).is_file():
        return None
    marker = contracts.read_document(folder / DONE, "sweep_cell")
    if marker["plan_sha256"] != plan.sha256 or marker["cell"] != cell.name:
        raise InvalidInput(
            str(folder / DONE),
            found=f"a cell of the plan {marker['plan_sha256'][:12]}",
            expected=f"one of {plan.sha256[:12]} ({plan.document['sweep_id']})",
            todo="merge only shards of one plan: make it once, and copy its folder",
        )
    files = {DONE: (folder / DONE).read_bytes()}
    for part in ("results", "predictions"):
        name, sha256 = marker[part]["file"], marker[part]["sha256"]
        if not (folder / name).is_file() or contracts.sha256_file(folder / name) != sha256:
            raise InvalidInput(
                str(folder / name),
                found="another content" if (folder / name).is_file() else "no such file",
                expected=f"the one that {DONE} names ({sha256[:12]})",
                todo=f"remove {folder} and run the sweep again: only this cell is done anew",
            )
        files[name] = (folder / name).read_bytes()
    return Made(files, marker["source_sha256"], marker["results"]["file"])


def is_done(plan: Plan, cell: Cell, source_sha256: str) -> bool:
    """Tell whether a cell is done, whole, and by this very source; one that is broken is done anew."""
    try:
        made = read_made(plan, cell)
    except InvalidInput:
        return False
    return made is not None and made.source_sha256 == source_sha256


def write_cell(plan: Plan, cell: Cell, results: Path, predictions: Path, source_sha256: str) -> None:
    """Put a cell's files in place, the marker last."""
    folder = folder_of(plan, cell)
    (folder / DONE).unlink(missing_ok=True)
    for file in (predictions, results):
        contracts.write_bytes(folder / file.name, file.read_bytes())
    document = {
        "schema_version": 1,
        "cell": cell.name,
        "plan_sha256": plan.sha256,
        "source_sha256": source_sha256,
        "results": {"file": results.name, "sha256": contracts.sha256_file(results)},
        "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
    }
    contracts.write_document(folder / DONE, document, "sweep_cell")


def take_over(plan: Plan, cell: Cell, files: Mapping[str, bytes]) -> None:
    """Write a cell's files that were made elsewhere, the marker last, and check them by their hashes.

    Raises:
        InvalidInput: They are not those that the marker names; the marker is removed again.
    """
    folder = folder_of(plan, cell)
    (folder / DONE).unlink(missing_ok=True)
    for name in sorted(files, key=lambda name: name == DONE):
        contracts.write_bytes(folder / name, files[name])
    try:
        if read_made(plan, cell) is None:
            raise InvalidInput(str(folder), found="no done.json among a cell's files", expected="one")
    except InvalidInput:
        (folder / DONE).unlink(missing_ok=True)
        raise
