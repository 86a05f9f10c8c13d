"""What one reviewer has on the desk: the dataset, the review and the order of suspicion, as the page needs them.

Takes decisions from the page, checks them and stores them. Knows nothing of HTTP.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import reader
from shared.dataset.reader import SequenceRow
from shared.errors import InvalidInput
from shared.text.catalogue import LANGS
from shared.text.label_style import SHAPE_SVG, assign_marks, label_word
from tools.reviewer.decisions import LABEL_PREFIX, Decision, ReviewFile, current, fitting
from tools.reviewer.label_quality import Suspect, find_suspects, read_suspicion, suspicion_path
from tools.reviewer.scores import read_scores

UNDO_DEPTH = 500  # decisions that a page which is opened anew can take back


@dataclass(frozen=True)
class Wish:
    """A decision as the page sends it; checked by the schema of review.json when it is stored."""

    id: str
    sequence_id: str
    sha256: str
    decision: str
    saw_others: bool
    undoes: str | None


@dataclass(frozen=True)
class Answer:
    """What became of decisions that the page sent.

    Attributes:
        saved: Ids that are on disk.
        refused: Ids that never will be, with the reason.
        labels_sha256: Hash of labels.csv as it is now; the page notices that the dataset has changed.
    """

    saved: list[str]
    refused: dict[str, str]
    labels_sha256: str

    def as_json(self) -> dict[str, Any]:
        """Write it for the page."""
        refused = [{"id": id, "reason": reason} for id, reason in self.refused.items()]
        return {"saved": self.saved, "refused": refused, "labels_sha256": self.labels_sha256}


class Desk:
    """One reviewer's view of one dataset. Several threads may use it.

    Args:
        folder: The dataset.
        reviewer: A pseudonym.
        score_files: As --scores names them; empty looks for the list that `reviewer suspect` has made.

    Raises:
        InvalidInput: No valid dataset, nothing in it, a review of another one, or scores that cannot be used.
    """

    def __init__(self, folder: Path, reviewer: str, score_files: Sequence[Path] = ()) -> None:
        self.reviewer = reviewer
        self.n_saved = 0
        self._guard = threading.RLock()
        self.dataset = reader.open_dataset(folder)
        if not self.dataset.rows:
            raise InvalidInput(
                str(folder),
                found="a dataset without sequences",
                expected="at least one",
                todo=f"record some: ./inv collect --dataset {self.dataset.name} --subject s01",
            )
        self._rows = {row.sequence_id: row for row in self.dataset.rows}
        self._stamp = self._labels_stamp()
        self.review = ReviewFile(self.dataset)
        listed = suspicion_path(self.dataset.name)
        self._opinion = None
        if score_files:
            self._opinion = read_scores(score_files, self.dataset)
        elif listed.is_file():
            self._opinion = read_suspicion(listed, self.dataset)

    def _labels_stamp(self) -> tuple[int, int]:
        stat = (self.dataset.folder / reader.LABELS).stat()
        return stat.st_mtime_ns, stat.st_size

    def refresh(self) -> None:
        """Read the dataset again if labels.csv has changed, and what other reviewers have decided."""
        with self._guard:
            if self._labels_stamp() != self._stamp:
                self._stamp = self._labels_stamp()
                self.dataset = reader.open_dataset(self.dataset.folder)
                self._rows = {row.sequence_id: row for row in self.dataset.rows}
            self.review.refresh()

    def row(self, sequence_id: str) -> SequenceRow | None:
        """Find a sequence; None if the dataset has no such one."""
        return self._rows.get(sequence_id)

    def take(self, wishes: Sequence[Wish]) -> Answer:
        """Store decisions. What the answer calls saved is on disk, and what was sent twice is stored once.

        Raises:
            InvalidInput: review.json cannot be written; nothing of this call is saved then.
        """
        with self._guard:
            self.refresh()
            saved: list[str] = []
            refused: dict[str, str] = {}
            new: list[Decision] = []
            mine = {name: last.decision for name, last in current(self.review.decisions).get(self.reviewer, {}).items()}
            for wish in wishes:
                known = self.review.find(wish.id)
                if known is not None:
                    same = (known.reviewer, known.sequence_id, known.decision)
                    if same == (self.reviewer, wish.sequence_id, wish.decision):
                        saved.append(wish.id)
                    else:
                        refused[wish.id] = "this id is another decision's"
                elif reason := self._problem(wish):
                    refused[wish.id] = reason
                elif wish.id not in saved:
                    decision = self._decide(wish, mine.get(wish.sequence_id))
                    if problem := self.review.explain(decision):
                        refused[wish.id] = problem
                        continue
                    new.append(decision)
                    mine[wish.sequence_id] = wish.decision
                    saved.append(wish.id)
            self.review.append(new)
            self.n_saved += len(new)
            return Answer(saved, refused, self.dataset.labels_sha256)

    def _problem(self, wish: Wish) -> str | None:
        """Say why a decision cannot be stored; None if it can."""
        row = self._rows.get(wish.sequence_id)
        if row is None:
            return f"the dataset has no {wish.sequence_id} any more"
        if row.sha256 != wish.sha256:
            return f"{wish.sequence_id} has other pictures now"
        label = wish.decision.removeprefix(LABEL_PREFIX)
        if wish.decision.startswith(LABEL_PREFIX) and label not in self.dataset.manifest["classes"]:
            return f"the dataset has no class {label}"
        return None

    def _decide(self, wish: Wish, previous: str | None) -> Decision:
        return Decision(
            id=wish.id,
            reviewer=self.reviewer,
            sequence_id=wish.sequence_id,
            sha256=wish.sha256,
            shown_label=self._rows[wish.sequence_id].label,
            decision=wish.decision,
            previous=previous,
            saw_others=wish.saw_others,
            undoes=wish.undoes,
            decided_utc=paths.utc_text(),
        )

    def state(self) -> dict[str, Any]:
        """Write everything that the page shows, as JSON values."""
        with self._guard:
            self.refresh()
            dataset = self.dataset
            decisions = fitting(self.review.decisions, dataset)
            by_reviewer = current(decisions)
            mine = by_reviewer.pop(self.reviewer, {})
            marks = assign_marks(dataset.manifest["classes"], dataset.positive_class)
            suspects = find_suspects(dataset, self._opinion) if self._opinion else {}
            return {
                "dataset": {
                    "name": dataset.name,
                    "created_utc": dataset.manifest["created_utc"],
                    "synthetic": dataset.is_synthetic,
                    "labels_sha256": dataset.labels_sha256,
                },
                "reviewer": self.reviewer,
                "others": sorted(by_reviewer),
                "classes": [
                    {
                        "name": label,
                        "colour": mark.css,
                        "shape": SHAPE_SVG[mark.shape],
                        "words": {lang: label_word(label, lang) for lang in LANGS},
                    }
                    for label, mark in marks.items()
                ],
                "rows": [_row_values(row) for row in dataset.rows],
                "mine": {name: last.decision for name, last in mine.items()},
                "history": _undoable([d for d in decisions if d.reviewer == self.reviewer]),
                "disagreements": self._disagreements(mine, by_reviewer),
                "suspects": {name: _suspect_values(found) for name, found in suspects.items()},
                "suspicion_source": self._opinion.source if self._opinion else None,
            }

    @staticmethod
    def _disagreements(
        mine: dict[str, Decision], others: dict[str, dict[str, Decision]]
    ) -> dict[str, list[tuple[str, str]]]:
        """List the others' decisions on what this reviewer has decided otherwise; nothing on what is still open.

        Who has not decided yet must not see what others think: agreement would mean nothing.
        """
        found = {}
        for name, last in mine.items():
            theirs = [(who, said[name].decision) for who, said in sorted(others.items()) if name in said]
            if any(decision != last.decision for _, decision in theirs):
                found[name] = theirs
        return found


def _row_values(row: SequenceRow) -> list[Any]:
    """Write a row for the page in little space; the page names the places."""
    return [
        row.sequence_id,
        row.subject_id,
        row.take_id,
        row.label,
        row.frame_count,
        row.frame_interval_ms,
        row.start_ms,
        row.sha256,
        int(row.reviewed),
    ]


def _suspect_values(found: Suspect) -> list[Any]:
    return [round(found.quality, 4), found.likely, round(found.probability, 4), int(found.flagged), found.face_found]


def _undoable(mine: Sequence[Decision]) -> list[dict[str, Any]]:
    """List what can be taken back, the last one last."""
    taken_back = {decision.undoes for decision in mine}
    left = [decision for decision in mine if decision.undoes is None and decision.id not in taken_back]
    return [{"id": d.id, "sequence_id": d.sequence_id, "previous": d.previous} for d in left[-UNDO_DEPTH:]]
