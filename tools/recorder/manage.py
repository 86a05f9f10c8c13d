"""Takes that are in the dataset and those that are not: list, undo, put back, and withdraw a person's consent.

Reads and writes a dataset through `shared.dataset.writer` and `shared.dataset.removed_takes`; records nothing.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import consent, reader, removed_takes, tombstones
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput
from tools.recorder.summary import describe_faults


@dataclass(frozen=True)
class UpkeepResult:
    """What was done.

    Attributes:
        dataset: The dataset's folder.
        lines: The text output.
        takes: The takes it was about: when listing, those in trash/ and rejected/.
        in_use: When listing, the takes in the dataset.
    """

    dataset: Path
    lines: list[str]
    takes: list[dict[str, Any]]
    in_use: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        return "\n".join(self.lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {"dataset": str(self.dataset), "takes": self.takes, "in_use": self.in_use}


def _open(dataset: Path) -> DatasetWriter:
    """Open a dataset for writing as it is.

    Raises:
        InvalidInput: There is none.
    """
    opened = reader.open_dataset(dataset)
    return DatasetWriter(dataset, opened.protocol, opened.manifest["kind"])


def list_takes(dataset: Path, subject_id: str | None = None) -> UpkeepResult:
    """List the takes in the dataset, and those in trash/ and rejected/: of a person, or of all."""
    labels: dict[tuple[str, str], Counter[str]] = {}
    for row in reader.open_dataset(dataset).rows:
        labels.setdefault((row.take_id, row.subject_id), Counter())[row.label] += 1
    in_use: list[dict[str, Any]] = [
        {"take_id": take, "subject_id": subject, "labels": dict(counts)}
        for (take, subject), counts in labels.items()
        if subject_id in (None, subject)
    ]
    takes = [{**removal.record, "place": str(removal.place)} for removal in removed_takes.list_removed(dataset)]
    takes = [take for take in takes if subject_id in (None, take["subject_id"])]
    lines = [
        f"{take['take_id']}  {take['subject_id']}  in use: "
        + ", ".join(f"{count} {label}" for label, count in take["labels"].items())
        for take in in_use
    ]
    lines += [
        f"{take['take_id']}  {take['subject_id']}  {take['reason']}"
        + (f": {describe_faults(take['faults'])}" if take["faults"] else "")
        + f"  ({paths.shown(Path(take['place']))})"
        for take in takes
    ]
    return UpkeepResult(dataset, lines or ["no takes"], takes, in_use)


def undo(dataset: Path, subject_id: str | None, take_id: str | None = None) -> UpkeepResult:
    """Move a take to trash/: the newest, of a person or of all, or the one that is named.

    Raises:
        InvalidInput: There is none.
    """
    with _open(dataset) as writer:
        rows = [row for row in writer.rows if subject_id in (None, row.subject_id) and take_id in (None, row.take_id)]
        if not rows:
            whose = f"no {take_id or 'take'}" + (f" of {subject_id}" if subject_id else "")
            raise InvalidInput(str(dataset), found=whose, expected="one to undo")
        last = max(rows, key=lambda row: int(row.take_id.rpartition("_")[2]))
        place = writer.withdraw_take(last.take_id, "undone")
    line = f"{last.take_id} of {last.subject_id} is in {paths.shown(place)}; put it back: --restore {last.take_id}"
    return UpkeepResult(dataset, [line], [{"take_id": last.take_id, "place": str(place)}])


def restore(dataset: Path, take_id: str) -> UpkeepResult:
    """Put a take from trash/ or rejected/ back.

    Raises:
        InvalidInput: It is in neither, or the person has withdrawn.
    """
    with _open(dataset) as writer:
        rows = writer.restore_take(take_id)
    line = f"{take_id} of {rows[0].subject_id} is back in {paths.shown(dataset)} ({len(rows)} sequences)"
    return UpkeepResult(dataset, [line], [{"take_id": take_id, "sequence_ids": [row.sequence_id for row in rows]}])


def withdraw_consent(dataset: Path, subject_id: str) -> UpkeepResult:
    """Write down that a person has taken the consent back, and take the person's takes out of the dataset.

    Raises:
        InvalidInput: The person has neither a take nor a consent row.
    """
    with _open(dataset) as writer:
        rows = [row for row in writer.rows if row.subject_id == subject_id]
        takes = sorted({row.take_id for row in rows})
        if consent.read_consent(dataset).of(subject_id) is not None or not takes:
            consent.withdraw(dataset, subject_id)
        pictures = [(dataset / name).read_bytes() for row in rows for name in row.frame_names()]
        if rows:
            tombstones.leave_tombstone(
                dataset,
                n_takes=len(takes),
                n_sequences=len(rows),
                releases=[],
                pseudonyms=[subject_id],
                pictures=pictures,
            )
        places = [writer.withdraw_take(take_id, "consent_withdrawn") for take_id in takes]
    others = [r.place for r in removed_takes.list_removed(dataset) if r.record["subject_id"] == subject_id]
    lines = [f"{subject_id}: {len(places)} takes left the dataset; nothing of them is used any more"]
    if others:
        lines.append("to delete them for good, delete these folders:")
        lines += [f"  {paths.shown(place)}" for place in others]
    return UpkeepResult(dataset, lines, [{"take_id": take_id} for take_id in takes])
