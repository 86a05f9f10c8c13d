"""The log of test-set evaluations: each measurement on a test set is one line, and each session counts once.

Picking the best of many evaluations overfits the test set. All arms of one comparison are measured before a decision is
made, so a session is one evaluation, however many lines it has; a measurement outside of a session counts as one.
The log lies beside the dataset (``test_openings.jsonl``, one line per measurement, schema ``test_opening``). It is
append-only and not published. It counts and forbids nothing.
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
VERDICT_LOOKS = "verdict_looks.jsonl"  # of looks at questions, here and in datasets/; written by the reporter
_LOCK = ".test_openings.lock"
_PATIENCE_S = 10.0


def read_evaluations(dataset: Path, sequences_sha256: str) -> list[dict[str, Any]]:
    """Read the evaluations of a test set.

    Args:
        dataset: The dataset's folder.
        sequences_sha256: Identifies the test set: its sequences, people, labels and pictures.

    Returns:
        Its lines, one per measurement, oldest first; none where there is no log. Lines that cannot be read are
        noted on stderr.
    """
    try:
        lines = (dataset / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    evaluations = [_parse(line) for line in lines]
    if n_broken := sum(evaluation is None for evaluation in evaluations):
        cli.note(f"note: {dataset / LOG}: {n_broken} lines cannot be read and are not counted")
    return [one for one in evaluations if one is not None and one["sequences_sha256"] == sequences_sha256]


def count_evaluations(lines: Sequence[Mapping[str, Any]]) -> int:
    """Count the evaluations in the lines of a test set: each session once, each line without a session once."""
    sessions = [line.get("session") for line in lines]
    return len({session for session in sessions if session is not None}) + sessions.count(None)


def _parse(line: str) -> dict[str, Any] | None:
    """Parse a line; None where it is broken, for example cut off by a full disk."""
    try:
        evaluation: dict[str, Any] = json.loads(line)
        contracts.validate(evaluation, "test_opening", LOG)
    except (ValueError, InvalidInput):
        return None
    return evaluation


def record_evaluation(dataset: Path, evaluation: dict[str, Any]) -> int:
    """Append an evaluation to the log. A log that cannot be written is noted on stderr and is no error.

    Args:
        dataset: The dataset's folder.
        evaluation: A document of the schema ``test_opening``.

    Returns:
        How often this test set has been evaluated by now, see `count_evaluations`.

    Raises:
        InvalidInput: The evaluation does not fit its schema.
    """
    contracts.validate(evaluation, "test_opening", LOG)
    try:
        with filelock.FileLock(dataset / _LOCK, timeout=_PATIENCE_S):
            before = read_evaluations(dataset, evaluation["sequences_sha256"])
            append_line(dataset / LOG, json.dumps(evaluation, ensure_ascii=False, allow_nan=False))
    except OSError as error:  # no permission, no space, or another program that holds the lock
        before = read_evaluations(dataset, evaluation["sequences_sha256"])
        cli.note(f"note: {dataset / LOG}: this test-set evaluation could not be logged ({error})")
    return count_evaluations([*before, evaluation])


def append_line(path: Path, line: str) -> None:
    """Add a line and flush it to disk; a line before it that was cut off keeps to itself."""
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write((line + "\n").encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
