"""The state of one reviewer's page: the dataset, the review and the labels' quality.

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
from tools.reviewer.play_scores import read_play_scores
from tools.reviewer.scores import read_scores

UNDO_DEPTH = 500  # decisions that a reloaded page can still undo


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
    """The result of sending decisions.

    Attributes:
        saved: Ids of decisions that are on disk.
        refused: Ids of decisions that were refused, with the reason.
        labels_sha256: Current hash of labels.csv; tells the page when the dataset has changed.
    """

    saved: list[str]
    refused: dict[str, str]
    labels_sha256: str

    def as_json(self) -> dict[str, Any]:
        """Convert it to JSON values for the page."""
        refused = [{"id": id, "reason": reason} for id, reason in self.refused.items()]
        return {"saved": self.saved, "refused": refused, "labels_sha256": self.labels_sha256}


class ReviewState:
    """One reviewer's view of one dataset. Several threads may use it.

    Args:
        folder: The dataset.
        reviewer: A pseudonym.
        score_files: The files of --scores; empty uses the list of `reviewer suspect`, if there is one.

    Raises:
        InvalidInput: The dataset is not valid or empty, the review is of another one, or the scores cannot be used.
    """

    def __init__(self, folder: Path, reviewer: str, score_files: Sequence[Path] = ()) -> None:
        self.reviewer = reviewer
        self.n_saved = 0
        self._guard = threading.RLock()
        self.dataset = reader.open_dataset(folder)
        if not self.dataset.rows:
            raise InvalidInput(
                str(folder),
                found="an empty dataset",
                expected="at least one sequence",
                todo=f"record some: ./inv collect --dataset {self.dataset.name} --subject s01",
            )
        self._rows = {row.sequence_id: row for row in self.dataset.rows}
        self._stamp = self._labels_stamp()
        self.review = ReviewFile(self.dataset)
        listed = suspicion_path(self.dataset.folder.name)
        self._scores = None
        if score_files:
            self._scores = read_scores(score_files, self.dataset)
        elif listed.is_file():
            self._scores = read_suspicion(listed, self.dataset)
        else:
            self._scores = read_play_scores(self.dataset)

    def _labels_stamp(self) -> tuple[int, int]:
        stat = (self.dataset.folder / reader.LABELS).stat()
        return stat.st_mtime_ns, stat.st_size

    def refresh(self) -> None:
        """Read the dataset again if labels.csv has changed, and read the other reviewers' decisions."""
        with self._guard:
            if self._labels_stamp() != self._stamp:
                self._stamp = self._labels_stamp()
                self.dataset = reader.open_dataset(self.dataset.folder)
                self._rows = {row.sequence_id: row for row in self.dataset.rows}
            self.review.refresh()

    def row(self, sequence_id: str) -> SequenceRow | None:
        """Find a sequence; None if the dataset does not have it."""
        return self._rows.get(sequence_id)

    def take(self, wishes: Sequence[Wish]) -> Answer:
        """Store decisions. Those returned as saved are on disk; a decision that is sent twice is stored once.

        Raises:
            InvalidInput: review.json cannot be written; nothing of this call is saved then.
        """
        with self._guard:
            self.refresh()
            saved: list[str] = []
            refused: dict[str, str] = {}
            new: list[Decision] = []
            last_decisions = current(self.review.decisions).get(self.reviewer, {})
            decision_of = {name: last.decision for name, last in last_decisions.items()}
            for wish in wishes:
                known = self.review.find(wish.id)
                if known is not None:
                    same = (known.reviewer, known.sequence_id, known.decision)
                    if same == (self.reviewer, wish.sequence_id, wish.decision):
                        saved.append(wish.id)
                    else:
                        refused[wish.id] = "this id belongs to another decision"
                elif reason := self._problem(wish):
                    refused[wish.id] = reason
                elif wish.id not in saved:
                    decision = self._decide(wish, decision_of.get(wish.sequence_id))
                    if problem := self.review.explain(decision):
                        refused[wish.id] = problem
                        continue
                    new.append(decision)
                    decision_of[wish.sequence_id] = wish.decision
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
            return f"{wish.sequence_id} has changed pictures"
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
        """Return everything that the page shows, as JSON values."""
        with self._guard:
            self.refresh()
            dataset = self.dataset
            decisions = fitting(self.review.decisions, dataset)
            by_reviewer = current(decisions)
            last_by_sequence = by_reviewer.pop(self.reviewer, {})
            marks = assign_marks(dataset.manifest["classes"], dataset.positive_class)
            suspects = find_suspects(dataset, self._scores) if self._scores else {}
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
                "mine": {name: last.decision for name, last in last_by_sequence.items()},
                "history": _undoable([d for d in decisions if d.reviewer == self.reviewer]),
                "disagreements": self._disagreements(last_by_sequence, by_reviewer),
                "suspects": {name: _suspect_values(found) for name, found in suspects.items()},
                "suspicion_source": self._scores.source if self._scores else None,
            }

    @staticmethod
    def _disagreements(
        own: dict[str, Decision], others: dict[str, dict[str, Decision]]
    ) -> dict[str, list[tuple[str, str]]]:
        """List the other reviewers' decisions on sequences that this reviewer has decided differently.

        Nothing is returned on undecided sequences: agreement only counts if the decisions are independent.
        """
        found = {}
        for name, last in own.items():
            votes = [(who, decided[name].decision) for who, decided in sorted(others.items()) if name in decided]
            if any(decision != last.decision for _, decision in votes):
                found[name] = votes
        return found


def _row_values(row: SequenceRow) -> list[Any]:
    """Convert a row to a compact list; the page knows the order of the values."""
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


def _undoable(decisions: Sequence[Decision]) -> list[dict[str, Any]]:
    """List the decisions that can be undone, the newest last."""
    taken_back = {decision.undoes for decision in decisions}
    left = [decision for decision in decisions if decision.undoes is None and decision.id not in taken_back]
    return [{"id": d.id, "sequence_id": d.sequence_id, "previous": d.previous} for d in left[-UNDO_DEPTH:]]
