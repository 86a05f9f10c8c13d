"""review.json: the reviewers' decisions on a dataset's sequences, one per line, appended and never changed.

The file is always valid JSON, yet a decision costs one small write at its end instead of a rewrite. A decision is on
disk (fsync) when `ReviewFile.append` returns. Several processes may write: each holds the lock file during its write
and first reads what others have added. An incomplete last line, left by a crash, was never confirmed and is cut off;
damage before it is refused.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import contracts, paths
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput

REVIEW_FILE = "review.json"
CLEARED, UNSURE, EXCLUDE = "cleared", "unsure", "exclude"
LABEL_PREFIX = "label:"
LOCK_PATIENCE_S = 10.0
_END = b"]}\n"


@dataclass(frozen=True)
class Decision:
    """A line of review.json.

    Attributes:
        id: Chosen by the page, so that a decision that is sent twice is stored once.
        reviewer: A pseudonym.
        sequence_id: The sequence.
        sha256: Of its pictures at that time; the decision does not apply to other pictures.
        shown_label: The label in labels.csv at that time.
        decision: ``label:<class>``, ``unsure``, ``exclude`` or ``cleared``.
        previous: The reviewer's previous decision, or None.
        saw_others: Whether another reviewer's decision was on the screen.
        undoes: The id of the decision that this one undoes, or None.
        decided_utc: When the server received it.
    """

    id: str
    reviewer: str
    sequence_id: str
    sha256: str
    shown_label: str
    decision: str
    previous: str | None
    saw_others: bool
    undoes: str | None
    decided_utc: str


def label_of(decision: str) -> str | None:
    """Return the class of a decision; None for unsure, exclude and cleared."""
    return decision.removeprefix(LABEL_PREFIX) if decision.startswith(LABEL_PREFIX) else None


def current(decisions: Iterable[Decision]) -> dict[str, dict[str, Decision]]:
    """Return each reviewer's last decision on each sequence, without those that were cleared."""
    found: dict[str, dict[str, Decision]] = {}
    for decision in decisions:
        found.setdefault(decision.reviewer, {})[decision.sequence_id] = decision
    return {
        reviewer: {name: last for name, last in last_by_sequence.items() if last.decision != CLEARED}
        for reviewer, last_by_sequence in found.items()
    }


def fitting(decisions: Iterable[Decision], dataset: Dataset) -> list[Decision]:
    """Keep the decisions on sequences that the dataset still has, with the same pictures."""
    sha256_of = {row.sequence_id: row.sha256 for row in dataset.rows}
    return [decision for decision in decisions if sha256_of.get(decision.sequence_id) == decision.sha256]


class ReviewFile:
    """The decisions on a dataset in its review.json.

    Args:
        dataset: The dataset. Its review.json is read now, if there is one; the first `append` creates it.

    Raises:
        InvalidInput: The file belongs to another dataset (both are named), is not valid, or is damaged.

    Attributes:
        path: The file.
        decisions: All decisions in the order in which they were made, those of other processes as of the last
            `refresh` or `append`.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.path = dataset.folder / REVIEW_FILE
        self.decisions: list[Decision] = []
        self._identity = {"name": dataset.name, "created_utc": str(dataset.manifest["created_utc"])}
        self._ids: dict[str, Decision] = {}
        self._state: tuple[int, int, int] = (0, 0, 0)  # inode, size and mtime of what was read
        self._lock = filelock.FileLock(dataset.folder / ".review.lock")
        if self.path.exists() or self.path.is_symlink():
            self.refresh()

    def refresh(self) -> bool:
        """Read what other processes have written since; returns whether anything was new."""
        with self._locked():
            return self._read()

    def find(self, id: str) -> Decision | None:
        """Return the decision with this id."""
        return self._ids.get(id)

    def explain(self, decision: Decision) -> str | None:
        """Explain why a decision does not fit the schema; None if it does."""
        document = {"schema_version": 1, "dataset": self._identity, "decisions": [asdict(decision)]}
        problem = contracts.explain(document, "review")
        return None if problem is None else f"{problem[0]}: {problem[1]}"

    def append(self, new: Sequence[Decision]) -> None:
        """Store decisions; they are on disk when this returns. Ids that are already stored are skipped.

        Raises:
            InvalidInput: The file was damaged or replaced.
        """
        with self._locked():
            self._read()
            fresh = [decision for decision in new if decision.id not in self._ids]
            if fresh:
                self._write(fresh)

    def _locked(self) -> Any:
        try:
            return self._lock.acquire(timeout=LOCK_PATIENCE_S)
        except filelock.Timeout:
            raise InvalidInput(
                str(self.path), found="another program holding the lock", expected="the lock", todo="try again"
            ) from None

    def _read(self) -> bool:
        if self.path.is_symlink():  # decisions are appended: they would be written elsewhere
            raise InvalidInput(str(self.path), found="a link", expected="a file of the dataset's folder")
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            changed = bool(self._ids)
            self._take([])
            self._state = (0, 0, 0)
            return changed
        state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if state == self._state:
            return False
        added = self._read_added() if state[0] == self._state[0] and state[1] > self._state[1] else None
        if added is not None:
            self._add(added)
            return True
        data = self.path.read_bytes()
        document = _parse(data, self.path)
        self._require_same_dataset(document["dataset"])
        self._take([Decision(**line) for line in document["decisions"]])
        if self._format() != data:
            contracts.write_bytes(self.path, self._format())  # changed by an editor or a crash
        self._remember()
        return True

    def _read_added(self) -> list[Decision] | None:
        """Read only what another process has appended since; None where the whole file must be read again."""
        if not self.decisions:
            return None
        with self.path.open("rb") as file:
            file.seek(self._state[1] - len(_END) - 1)
            data = file.read()
        if not (data.startswith(b",\n") and data.endswith(b"\n" + _END)):
            return None
        try:
            lines = [json.loads(line) for line in data[2 : -len(_END) - 1].split(b",\n")]
            added = [Decision(**line) for line in lines]
        except (ValueError, TypeError):
            return None
        return None if any(self.explain(decision) for decision in added) else added

    def _add(self, decisions: Sequence[Decision]) -> None:
        self.decisions.extend(decisions)
        self._ids.update({decision.id: decision for decision in decisions})
        self._remember()

    def _take(self, decisions: list[Decision]) -> None:
        self.decisions = decisions
        self._ids = {decision.id: decision for decision in decisions}

    def _require_same_dataset(self, identity: dict[str, str]) -> None:
        if identity != self._identity:
            raise InvalidInput(
                str(self.path),
                found=f"a review of the dataset {identity['name']} (created {identity['created_utc']})",
                expected=f"one of {self._identity['name']} (created {self._identity['created_utc']})",
                todo="move it back to its own dataset; without it, a new review is started",
            )

    def _write(self, fresh: Sequence[Decision]) -> None:
        for decision in fresh:
            if problem := self.explain(decision):
                raise InvalidInput(str(self.path), found=problem, expected="a decision that fits the schema")
        if not self.path.exists():
            contracts.write_bytes(self.path, self._format())
        text = b",\n".join(_line(decision) for decision in fresh)
        tail = (b",\n" if self.decisions else b"") + text + b"\n" + _END
        with self.path.open("r+b") as file:
            # Only the closing brackets are overwritten, never a byte of an earlier decision.
            size = file.seek(0, os.SEEK_END)
            file.seek(size - len(_END) - (1 if self.decisions else 0))
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
        self._add(fresh)

    def _remember(self) -> None:
        stat = self.path.stat()
        self._state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)

    def _format(self) -> bytes:
        """Write the whole file in the layout of `append`."""
        lines = b",\n".join(_line(decision) for decision in self.decisions)
        return _head(self._identity) + b"\n" + (lines + b"\n" if lines else b"") + _END


def _head(identity: dict[str, str]) -> bytes:
    text = json.dumps({"schema_version": 1, "dataset": identity}, ensure_ascii=False)
    return text[:-1].encode("utf-8") + b', "decisions": ['


def _line(decision: Decision) -> bytes:
    return json.dumps(asdict(decision), ensure_ascii=False, allow_nan=False).encode("utf-8")


def _parse(data: bytes, path: Path) -> dict[str, Any]:
    """Parse the file; an incomplete line at its end, left by a crash, is cut off and kept beside it."""
    try:
        document = json.loads(data)
    except ValueError as error:
        document = _parse_lines(data, path, error)
        contracts.write_bytes(path.with_name(f"{path.name}.damaged-{paths.utc_stamp()}"), data)
    contracts.validate(document, "review", str(path))
    return dict(document)


def _parse_lines(data: bytes, path: Path, problem: ValueError) -> dict[str, Any]:
    """Read the complete lines of a truncated file; refuse one that is damaged before its last complete line."""
    head, *lines = data.split(b"\n")
    try:
        document: dict[str, Any] = json.loads(head + b"]}")
    except ValueError:
        raise InvalidInput(
            str(path), found=f"no valid JSON ({problem})", expected="a review", todo="restore it from a copy"
        ) from None
    parsed = [_try_json(line) for line in lines]
    whole = next((index for index, line in enumerate(parsed) if line is None), len(parsed))
    if any(line is not None for line in parsed[whole:]):
        raise InvalidInput(
            f"{path}: line {whole + 2}",
            found="no valid JSON, with decisions behind it",
            expected="a decision",
            todo="fix that line or restore the file from a copy; nothing was changed",
        )
    document["decisions"] = parsed[:whole]
    return document


def _try_json(line: bytes) -> dict[str, Any] | None:
    """Parse a line that begins with a complete decision, ignoring what follows; None for anything else."""
    try:
        value, _ = json.JSONDecoder().raw_decode(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
