"""Applies the reviewers' decisions to labels.csv, with a log; `tools.reviewer.reversal` undoes it.

Each application is a folder in the dataset's trash/: ``correction.json`` (the log), ``labels_before.csv`` and the files
of the removed sequences. Files are linked into that folder first, then labels.csv and dataset.json change
by rename, then the files are removed from images/: a crash at any moment leaves the dataset in its old or its new
state.
"""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.dataset import reader, removed_takes
from shared.dataset.reader import Dataset, SequenceRow
from shared.dataset.writer import DatasetWriter
from shared.errors import WrongUsage
from tools.reviewer.agreement import Outcome, settle_all
from tools.reviewer.config import Rules
from tools.reviewer.decisions import EXCLUDE, UNSURE, ReviewFile, fitting, label_of

RECORD = "correction.json"
BEFORE = "labels_before.csv"


@dataclass(frozen=True)
class Applied:
    """What an application of a review changed, or would change.

    Attributes:
        dataset: The dataset's folder.
        name: The dataset's name.
        changes: As in correction.json.
        unsettled: Sequences on which reviewers disagree, by id.
        n_waiting: Sequences on which too few reviewers have decided.
        n_already: Sequences that already are as decided.
        n_undecided: Sequences without a decision.
        place: The folder of the log; None for a dry run, or if there was nothing to do.
        dry_run: Whether nothing was written.
    """

    dataset: Path
    name: str
    changes: list[dict[str, Any]]
    unsettled: dict[str, Outcome]
    n_waiting: int
    n_already: int
    n_undecided: int
    place: Path | None
    dry_run: bool
    exit_code: int = 0  # open sequences are listed

    def as_text(self) -> str:
        """Summarise for people."""
        counts = Counter(change["action"] for change in self.changes)
        verb = "would be " if self.dry_run else ""
        labels = "label" if counts["relabel"] == 1 else "labels"
        head = f"{self.name}: {counts['relabel']} {labels} {verb}corrected, {counts['confirm']} {verb}confirmed"
        sequences = "sequence" if counts["set_aside"] == 1 else "sequences"
        lines = [f"{head}, {counts['set_aside']} {sequences} {verb}taken out"]
        for change in self.changes:
            if change["action"] != "confirm":
                lines.append("  " + _describe(change))
        if self.n_already:
            lines.append(f"  {self.n_already} already applied, or need no change")
        if self.n_waiting:
            lines.append(f"  {self.n_waiting} waiting for another reviewer (--min-reviewers)")
        if self.unsettled:
            first = next(iter(self.unsettled))
            lines.append(
                f"  {len(self.unsettled)} not applied, reviewers disagree (such as {first}): ./inv review-status lists "
                "them; a third decision or --prefer settles them"
            )
        if self.n_undecided:
            lines.append(f"  {self.n_undecided} undecided")
        if self.place:
            name = paths.dataset_flag(self.dataset)
            lines.append(f"log: {paths.shown(self.place / RECORD)}; to undo it: ./inv review-revert --dataset {name}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": str(self.dataset),
            "dry_run": self.dry_run,
            "counts": dict(Counter(change["action"] for change in self.changes)),
            "changes": self.changes,
            "unsettled": [{"sequence_id": name, "decisions": o.votes} for name, o in self.unsettled.items()],
            "n_waiting": self.n_waiting,
            "n_already": self.n_already,
            "n_undecided": self.n_undecided,
            "log": str(self.place / RECORD) if self.place else None,
        }


def _describe(change: dict[str, Any]) -> str:
    who = f"{', '.join(change['reviewers'])}; {change['how']}"
    if change["action"] == "set_aside":
        return f"{change['sequence_id']} removed as {change['decision']} ({who})"
    return f"{change['sequence_id']} {change['before']['label']} → {change['after']['label']} ({who})"


def apply_review(folder: Path, rules: Rules, *, dry_run: bool = False) -> Applied:
    """Apply the reviewers' decisions to a dataset.

    Labels are corrected, decided rows are marked as reviewed, and sequences that are excluded or unsure are removed.
    Where reviewers disagree, nothing changes.

    Raises:
        InvalidInput: The dataset is not valid, the review is of another one, or another writer is at work.
        WrongUsage: The preferred reviewer has decided nothing.
    """
    if dry_run:
        dataset = reader.open_dataset(folder)
        return _plan(dataset, rules)
    dataset = reader.open_dataset(folder)
    with DatasetWriter(folder, dataset.protocol, str(dataset.manifest["kind"])) as writer:
        dataset = reader.open_dataset(folder)  # read again under the lock
        _close_unfinished(dataset)
        plan = replace(_plan(dataset, rules), dry_run=False)
        if not plan.changes:
            return plan
        return replace(plan, place=_commit(writer, dataset, rules, plan.changes))


def _plan(dataset: Dataset, rules: Rules) -> Applied:
    """Plan the changes."""
    review = ReviewFile(dataset)
    decisions = fitting(review.decisions, dataset)
    if rules.prefer is not None and rules.prefer not in {decision.reviewer for decision in decisions}:
        known = ", ".join(sorted({decision.reviewer for decision in decisions})) or "no decisions"
        raise WrongUsage("--prefer", found=repr(rules.prefer), expected=f"a reviewer of this dataset: {known}")
    outcomes = settle_all(decisions, rules.prefer)
    emotions: dict[str, set[str | None]] = {}
    for window in dataset.protocol.windows:
        emotions.setdefault(window.label, set()).add(window.emotion)
    emotion_of = {label: found.copy().pop() if len(found) == 1 else None for label, found in emotions.items()}
    changes: list[dict[str, Any]] = []
    unsettled: dict[str, Outcome] = {}
    n_waiting = n_already = 0
    for row in dataset.rows:
        outcome = outcomes.get(row.sequence_id)
        if outcome is None:
            continue
        if outcome.decision is None:
            unsettled[row.sequence_id] = outcome
        elif len(outcome.reviewers) < rules.min_reviewers and outcome.how != "preferred":
            n_waiting += 1
        elif change := _change(row, outcome, rules, emotion_of):
            changes.append(change)
        else:
            n_already += 1
    return Applied(
        dataset=dataset.folder,
        name=dataset.name,
        changes=changes,
        unsettled=unsettled,
        n_waiting=n_waiting,
        n_already=n_already,
        n_undecided=len(dataset.rows) - len(outcomes),
        place=None,
        dry_run=True,
    )


def _change(
    row: SequenceRow, outcome: Outcome, rules: Rules, emotion_of: dict[str, str | None]
) -> dict[str, Any] | None:
    """Return what an outcome changes in a row; None for nothing."""
    decision = str(outcome.decision)
    if decision == UNSURE and rules.keep_unsure:
        return None
    label = label_of(decision)
    if decision in (EXCLUDE, UNSURE):
        action, after = "set_aside", None
    elif label == row.label:
        if row.reviewed:
            return None
        action, after = "confirm", {**labels_part(row), "reviewed": True}
    else:
        # The emotion is what the person was asked to show in that window: it belongs to the label.
        action = "relabel"
        after = {"label": label, "emotion": emotion_of.get(str(label)), "reviewed": True}
    return {
        "sequence_id": row.sequence_id,
        "action": action,
        "decision": decision,
        "how": outcome.how,
        "reviewers": list(outcome.reviewers),
        "before": labels_part(row),
        "after": after,
    }


def labels_part(row: SequenceRow) -> dict[str, Any]:
    """Return the part of a row that a review may change."""
    return {"label": row.label, "emotion": row.emotion, "reviewed": row.reviewed}


def _commit(writer: DatasetWriter, dataset: Dataset, rules: Rules, changes: list[dict[str, Any]]) -> Path:
    """Apply the changes; returns the folder of the log."""
    by_id = {change["sequence_id"]: change for change in changes}
    kept: list[SequenceRow] = []
    gone: list[SequenceRow] = []
    for row in dataset.rows:
        change = by_id.get(row.sequence_id)
        if change is None:
            kept.append(row)
        elif change["after"] is None:
            gone.append(row)
        else:
            kept.append(replace(row, **change["after"]))
    files = _files_of(dataset.folder, gone, kept)
    place = removed_takes.new_place(dataset.folder, "review")
    contracts.write_bytes(place / BEFORE, (dataset.folder / reader.LABELS).read_bytes())
    link_files(files, dataset.folder, place)
    record = {
        "schema_version": 1,
        "dataset": {"name": dataset.name, "created_utc": dataset.manifest["created_utc"]},
        "applied_utc": paths.utc_text(),
        "reverted_utc": None,
        "labels_sha256": {
            "before": dataset.labels_sha256,
            "after": hashlib.sha256(reader.format_labels(kept)).hexdigest(),
        },
        "rules": {
            "min_reviewers": rules.min_reviewers,
            "prefer": rules.prefer,
            "keep_unsure": rules.keep_unsure,
        },
        "changes": changes,
        "files": files,
    }
    contracts.write_document(place / RECORD, record, "correction")
    writer.commit(kept)
    for name in files:
        (dataset.folder / name).unlink(missing_ok=True)
    return place


def _files_of(folder: Path, gone: Sequence[SequenceRow], kept: Sequence[SequenceRow]) -> list[str]:
    """List the files of removed sequences; a take's files go with its last sequence."""
    left = {row.take_id for row in kept}
    names = [name for row in gone for name in row.frame_names()]
    ended = [row for row in gone if row.take_id not in left]
    names += [name for name in removed_takes.file_names(ended) if name.startswith("takes/")]
    return [name for name in names if (folder / name).is_file()]


def link_files(names: Sequence[str], source: Path, target: Path) -> None:
    """Put files at a second place, by hard link if the file system can."""
    for name in names:
        if not (source / name).is_file():
            continue
        contracts.make_folder((target / name).parent)
        try:
            os.link(source / name, target / name)
        except FileExistsError:
            pass
        except OSError:
            shutil.copy2(source / name, target / name)


def _close_unfinished(dataset: Dataset) -> None:
    """Close the log of an application that crashed before labels.csv changed: it never took effect."""
    for path, record in open_records(dataset):
        if record["labels_sha256"]["before"] == dataset.labels_sha256:
            close_record(path, record)


def open_records(dataset: Dataset) -> list[tuple[Path, dict[str, Any]]]:
    """List the logs of applications that were not reverted, oldest first: file and content."""
    found = []
    for path in (dataset.folder / removed_takes.TRASH).glob(f"*_review*/{RECORD}"):
        record = contracts.read_document(path, "correction")
        if record["reverted_utc"] is None and record["dataset"]["created_utc"] == dataset.manifest["created_utc"]:
            found.append(((record["applied_utc"], path.stat().st_mtime_ns), path, record))
    return [(path, record) for _, path, record in sorted(found, key=lambda item: item[0])]


def close_record(path: Path, record: dict[str, Any]) -> None:
    """Record that an application was reverted, and remove the second copies of its files."""
    contracts.write_document(path, {**record, "reverted_utc": paths.utc_text()}, "correction")
    for name in record["files"]:
        if (path.parent.parent.parent / name).is_file():
            (path.parent / name).unlink(missing_ok=True)
