"""Remembers that people were taken out of a dataset, and when, without saying who: tombstones.json."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared import contracts, paths

TOMBSTONES = "tombstones.json"


def leave_tombstone(dataset: Path, *, n_takes: int, n_sequences: int, releases: Sequence[int]) -> None:
    """Add a withdrawal, made now.

    Args:
        dataset: The dataset's folder.
        n_takes: Takes that were taken out.
        n_sequences: Their sequences.
        releases: Numbers of the releases that hold them.
    """
    document = _read(dataset)
    withdrawal = {
        "withdrawn_utc": paths.utc_text(),
        "n_takes": n_takes,
        "n_sequences": n_sequences,
        "releases": list(releases),
    }
    document["withdrawals"].append(withdrawal)
    contracts.write_document(dataset / TOMBSTONES, document, "tombstones")


def count_withdrawals(dataset: Path) -> int:
    """Count the people who were taken out so far."""
    return len(_read(dataset)["withdrawals"])


def _read(dataset: Path) -> dict[str, Any]:
    path = dataset / TOMBSTONES
    if path.exists():
        return contracts.read_document(path, "tombstones")
    return {"schema_version": 1, "dataset": dataset.name, "withdrawals": []}
