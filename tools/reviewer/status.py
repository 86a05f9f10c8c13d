"""Says how far a review is: who decided on how much, how far reviewers agree, where they do not, what is open."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.dataset import reader
from shared.dataset.reader import Dataset
from tools.reviewer.agreement import Kappa, Outcome, kappas, settle_all
from tools.reviewer.decisions import EXCLUDE, UNSURE, ReviewFile, current, fitting, label_of

LISTED = 20  # disagreements that the text names; --json gives all


@dataclass(frozen=True)
class Status:
    """How far the review of a dataset is.

    Attributes:
        dataset: Its folder.
        reference: The dataset's name, kind and hash.
        n_sequences: Sequences that it has.
        counts: Each reviewer's current decisions by what was decided.
        n_relabelled: Each reviewer's decisions on another label than labels.csv has now.
        outcomes: What was decided together, by sequence; only sequences that somebody decided on.
        kappas: Agreement of each pair of reviewers.
        n_reviewed: Rows of labels.csv that are marked as reviewed.
        n_gone: Decisions on sequences, or pictures, that the dataset no longer has.
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

    @property
    def exit_code(self) -> int:
        """0: however far it is, that could be said."""
        return 0

    @property
    def disagreements(self) -> dict[str, Outcome]:
        """The sequences that no rule settles."""
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
            lines.append(f"  {self.n_gone} decisions are on sequences that are no longer there, or on other pictures")
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
        return f"  {pair}: no sequence that both decided on by themselves"
    if kappa.kappa is None:
        return f"  {pair}: the same single decision on all {kappa.n} sequences, so Cohen's kappa is undefined"
    return (
        f"  {pair}: Cohen's kappa {kappa.kappa:.2f} (95 % interval {kappa.low:.2f} to {kappa.high:.2f}), "
        f"{kappa.agreement:.1%} the same on {kappa.n} sequences that both decided on by themselves"
    )


def read_status(folder: Path) -> Status:
    """Read a dataset and its review, and say how far it is.

    Raises:
        InvalidInput: No valid dataset, or a review of another one.
    """
    dataset = reader.open_dataset(folder)
    return describe(dataset, ReviewFile(dataset))


def describe(dataset: Dataset, review: ReviewFile) -> Status:
    """Say how far a review is."""
    decisions = fitting(review.decisions, dataset)
    label_now = {row.sequence_id: row.label for row in dataset.rows}
    counts, n_relabelled = {}, {}
    for who, mine in sorted(current(decisions).items()):
        counts[who] = dict(sorted(Counter(last.decision for last in mine.values()).items()))
        n_relabelled[who] = sum(label_of(last.decision) not in (None, label_now[name]) for name, last in mine.items())
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
