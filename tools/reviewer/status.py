"""Describes the progress of a review: decisions per reviewer, agreement, disagreements, open sequences."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.dataset import reader
from shared.dataset.reader import Dataset
from shared.statistics.kappa import Kappa
from tools.reviewer.agreement import Outcome, kappas, settle_all
from tools.reviewer.decisions import EXCLUDE, UNSURE, ReviewFile, current, fitting, label_of

LISTED = 20  # disagreements in the text; --json gives all


@dataclass(frozen=True)
class Status:
    """The progress of a dataset's review.

    Attributes:
        dataset: Its folder.
        reference: The dataset's name, kind and hash.
        n_sequences: Its sequences.
        counts: Each reviewer's current decisions, counted by decision.
        n_relabelled: Each reviewer's decisions on another label than labels.csv has now.
        outcomes: The combined decision by sequence id, for sequences with a decision.
        kappas: Agreement of each pair of reviewers.
        n_reviewed: Rows of labels.csv marked as reviewed.
        n_gone: Decisions on sequences or pictures that are no longer in the dataset.
    """

    dataset: Path
    reference: dict[str, str]
    n_sequences: int
    counts: dict[str, dict[str, int]]
    n_relabelled: dict[str, int]
    outcomes: dict[str, Outcome]
    kappas: list[Kappa]
    n_reviewed: int
    n_gone: int
    exit_code: int = 0

    @property
    def disagreements(self) -> dict[str, Outcome]:
        """The sequences on which reviewers disagree."""
        return {name: outcome for name, outcome in self.outcomes.items() if outcome.decision is None}

    def as_text(self) -> str:
        """Summarise for people."""
        head = f"{self.reference['name']}: {len(self.outcomes)} of {self.n_sequences} sequences decided on"
        lines = [f"{head}, {self.n_reviewed} marked as reviewed in labels.csv"]
        for who, counts in self.counts.items():
            parts = ", ".join(f"{count} {_word(what)}" for what, count in counts.items())
            lines.append(
                f"  {who}: {sum(counts.values())} of {self.n_sequences} ({parts or 'nothing yet'}); "
                f"{self.n_relabelled[who]} differ from labels.csv"
            )
        lines += [_kappa_line(kappa) for kappa in self.kappas]
        if self.n_gone:
            lines.append(f"  {self.n_gone} decisions on sequences that are gone or have changed pictures")
        if disagreements := self.disagreements:
            lines.append(f"{len(disagreements)} disagreements:")
            for name, outcome in list(disagreements.items())[:LISTED]:
                lines.append(f"  {name}: " + ", ".join(f"{who} {_word(what)}" for who, what in outcome.votes.items()))
            if len(disagreements) > LISTED:
                lines.append(f"  ... and {len(disagreements) - LISTED} more (--json lists all)")
            lines.append("settle them on the page (filter: disagreements), by a third reviewer, or with apply --prefer")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dataset": self.reference,
            "n_sequences": self.n_sequences,
            "n_decided": len(self.outcomes),
            "n_reviewed": self.n_reviewed,
            "n_gone": self.n_gone,
            "reviewers": {
                who: {"n_decided": sum(counts.values()), "n_relabelled": self.n_relabelled[who], "decisions": counts}
                for who, counts in self.counts.items()
            },
            "kappas": [kappa.as_json() for kappa in self.kappas],
            "disagreements": [
                {"sequence_id": name, "decisions": outcome.votes} for name, outcome in self.disagreements.items()
            ],
        }


def _word(decision: str) -> str:
    return {UNSURE: "unsure", EXCLUDE: "to exclude"}.get(decision) or str(label_of(decision))


def _kappa_line(kappa: Kappa) -> str:
    pair = " and ".join(kappa.reviewers)
    if not kappa.n:
        return f"  {pair}: no sequence that both decided independently"
    if kappa.kappa is None:
        return f"  {pair}: the same decision on all {kappa.n} sequences, so Cohen's kappa is undefined"
    return (
        f"  {pair}: Cohen's kappa {kappa.kappa:.2f} (95 % interval {kappa.low:.2f} to {kappa.high:.2f}), "
        f"{kappa.agreement:.1%} the same on {kappa.n} sequences that both decided independently"
    )


def read_status(folder: Path) -> Status:
    """Read a dataset and its review, and describe the progress.

    Raises:
        InvalidInput: The dataset is not valid, or the review is of another one.
    """
    dataset = reader.open_dataset(folder)
    return describe(dataset, ReviewFile(dataset))


def describe(dataset: Dataset, review: ReviewFile) -> Status:
    """Describe the progress of a review."""
    decisions = fitting(review.decisions, dataset)
    label_now = {row.sequence_id: row.label for row in dataset.rows}
    counts, n_relabelled = {}, {}
    for who, last_by_sequence in sorted(current(decisions).items()):
        counts[who] = dict(sorted(Counter(last.decision for last in last_by_sequence.values()).items()))
        n_relabelled[who] = sum(
            label_of(last.decision) not in (None, label_now[name]) for name, last in last_by_sequence.items()
        )
    return Status(
        dataset=dataset.folder,
        reference=dataset.reference(),
        n_sequences=len(dataset.rows),
        counts=counts,
        n_relabelled=n_relabelled,
        outcomes=settle_all(decisions),
        kappas=kappas(decisions),
        n_reviewed=sum(row.reviewed for row in dataset.rows),
        n_gone=len(review.decisions) - len(decisions),
    )
