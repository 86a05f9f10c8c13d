"""Reverts the application of a review: restores labels and removed sequences.

reviewer revert --dataset people
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared.dataset import reader
from shared.dataset.reader import SequenceRow
from shared.dataset.tombstones import read_barred
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput
from tools.reviewer.corrections import BEFORE, RECORD, close_record, labels_part, link_files, open_records


@dataclass(frozen=True)
class Reverted:
    """What a reversal changed.

    Attributes:
        dataset: The dataset's folder.
        name: Its name.
        place: The folder of the log.
        applied_utc: When it was applied.
        restored: Sequences that were restored.
        kept: Sequences that were changed since and stay as they are.
        n_withdrawn: Sequences of people who have withdrawn since, which stay out.
    """

    dataset: Path
    name: str
    place: Path
    applied_utc: str
    restored: list[str]
    kept: list[str]
    n_withdrawn: int = 0

    @property
    def exit_code(self) -> int:
        """1 if a sequence stayed as it is."""
        return int(bool(self.kept))

    def as_text(self) -> str:
        """Summarise for people."""
        lines = [f"{self.name}: the review applied at {self.applied_utc} is taken back: {len(self.restored)} sequences"]
        if self.kept:
            shown = ", ".join(self.kept[:10]) + (", ..." if len(self.kept) > 10 else "")
            lines.append(f"  {len(self.kept)} were changed since and stay as they are: {shown}")
        if self.n_withdrawn:
            lines.append(f"  {self.n_withdrawn} of people who have withdrawn since stay out")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": str(self.dataset),
            "log": str(self.place / RECORD),
            "applied_utc": self.applied_utc,
            "restored": self.restored,
            "kept": self.kept,
            "n_withdrawn": self.n_withdrawn,
        }


def revert_review(folder: Path) -> Reverted:
    """Revert the last application of a review; a second call reverts the one before it.

    If labels.csv has changed since (new takes, labels corrected by hand), only untouched rows are restored; changed and
    new rows stay.

    Raises:
        InvalidInput: Nothing was applied, or everything was reverted already.
    """
    dataset = reader.open_dataset(folder)
    with DatasetWriter(folder, dataset.protocol, str(dataset.manifest["kind"])) as writer:
        dataset = reader.open_dataset(folder)  # read again under the lock
        records = open_records(dataset)
        if not records:
            found = "no applied review that is not reverted yet"
            raise InvalidInput(str(folder), found=found, expected="one in trash/")
        path, record = records[-1]
        old = path.parent / BEFORE
        before = reader.parse_labels(old.read_bytes(), str(old), dataset.manifest["classes"])
        rows, restored, kept = _merge(dataset.rows, before, record["changes"])
        barred, there = read_barred(folder), {row.sequence_id for row in dataset.rows}
        withdrawn = [row for row in rows if row.sequence_id not in there and barred.since(row.subject_id) is not None]
        left_out = {row.sequence_id for row in withdrawn}
        rows = [row for row in rows if row.sequence_id not in left_out]
        restored = [name for name in restored if name not in left_out]
        away = {name for row in withdrawn for name in row.frame_names()}
        link_files([name for name in record["files"] if name not in away], path.parent, folder)
        writer.commit(rows)
        close_record(path, record)
    return Reverted(folder, dataset.name, path.parent, str(record["applied_utc"]), restored, kept, len(withdrawn))


def _merge(
    now: Sequence[SequenceRow], before: Sequence[SequenceRow], changes: Sequence[dict[str, Any]]
) -> tuple[list[SequenceRow], list[str], list[str]]:
    """Restore rows; returns all rows, the restored ids and those that were changed since."""
    change_of = {change["sequence_id"]: change for change in changes}
    row_of = {row.sequence_id: row for row in now}
    restored, kept, rows = [], [], []
    for old in before:
        change, row = change_of.get(old.sequence_id), row_of.pop(old.sequence_id, None)
        if change is None:
            rows += [row] if row else []
        elif row is None and change["after"] is None:
            rows.append(old)
            restored.append(old.sequence_id)
        elif row is not None and labels_part(row) in (change["after"], change["before"]):
            rows.append(replace(row, **change["before"]))
            restored.append(old.sequence_id)
        else:
            rows += [row] if row else []
            kept.append(old.sequence_id)
    return [*rows, *row_of.values()], restored, kept
