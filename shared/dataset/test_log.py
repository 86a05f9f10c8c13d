"""The log of the sealed test set: each measurement on a test side is written down, and each session is one opening.

A test side that has been looked at often is no test any more: whoever keeps the best of many looks keeps its luck. All
arms of one comparison are measured before anybody can decide anything: a session is one opening, however many lines it
has; a measurement outside of a session is one of its own. The
log lies beside the dataset (``test_openings.jsonl``, a line a look, schema ``test_opening``), is only ever added to and
not published. It counts; it forbids nothing.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts
from shared.errors import InvalidInput

LOG = "test_openings.jsonl"
_LOCK = ".test_openings.lock"
_PATIENCE_S = 10.0


def read_openings(dataset: Path, sequences_sha256: str) -> list[dict[str, Any]]:
    """Read how often a test side was opened, and by what.

    Args:
        dataset: The dataset's folder.
        sequences_sha256: Identifies the test side: its sequences, people, labels and pictures.

    Returns:
        The lines about it, a measurement each, oldest first; none where there is no log. Lines that cannot be read are
        noted on stderr.
    """
    try:
        lines = (dataset / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    openings = [_parse(line) for line in lines]
    if n_broken := sum(opening is None for opening in openings):
        cli.note(f"note: {dataset / LOG}: {n_broken} lines cannot be read and are not counted")
    return [one for one in openings if one is not None and one["sequences_sha256"] == sequences_sha256]


def count_openings(lines: Sequence[Mapping[str, Any]]) -> int:
    """Count openings among the lines of a test side: a session once, a line without a session for itself."""
    sessions = [line.get("session") for line in lines]
    return len({session for session in sessions if session is not None}) + sessions.count(None)


def _parse(line: str) -> dict[str, Any] | None:
    """Return a line's opening, or None where it holds none: cut off by a full disk, say."""
    try:
        opening: dict[str, Any] = json.loads(line)
        contracts.validate(opening, "test_opening", LOG)
    except (ValueError, InvalidInput):
        return None
    return opening


def record_opening(dataset: Path, opening: dict[str, Any]) -> int:
    """Write down that a test side was looked at. A log that cannot be written is noted and stops nobody.

    Args:
        dataset: The dataset's folder.
        opening: A document of the schema ``test_opening``.

    Returns:
        How often this test side was opened by now, see `count_openings`.

    Raises:
        InvalidInput: The opening does not fit its schema.
    """
    contracts.validate(opening, "test_opening", LOG)
    try:
        with filelock.FileLock(dataset / _LOCK, timeout=_PATIENCE_S):
            before = read_openings(dataset, opening["sequences_sha256"])
            _append(dataset / LOG, json.dumps(opening, ensure_ascii=False, allow_nan=False))
    except OSError as error:  # no permission, no space, or another program that holds the lock
        before = read_openings(dataset, opening["sequences_sha256"])
        cli.note(f"note: {dataset / LOG}: this look at the test side could not be written down ({error})")
    return count_openings([*before, opening])


def _append(path: Path, line: str) -> None:
    """Add a line and flush it to disk; a line before it that was cut off keeps to itself."""
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write((line + "\n").encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
