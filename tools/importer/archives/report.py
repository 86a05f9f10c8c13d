"""What an import of archives came to. Counts, and a few examples of each: archives hold a million names."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import paths
from tools.importer.report import HEIC_PACKAGE, added_as_json, list_by_label

REASONS = {
    "unwanted": "no keyword of a class in the name",
    "several_labels": "keywords of two classes in the name",
    "no_picture": "another kind of file",
    "hidden": "left behind by an operating system",
    "both_sides": "a person who is in the other part of the split",
    "not_drawn": "above the limit per archive",
    "unreadable": "no picture that can be read",
    "truncated": "cut off in the middle",
    "too_small": "too small",
    "too_large": "too large to open",
    "needs_package": f"HEIC, which is read by pillow-heif ({HEIC_PACKAGE})",
    "blank": "one colour all over",
    "no_face": "no face was found (--without-face keep takes them in)",
    "withdrawn": "of a person who has withdrawn from this dataset",
    "duplicate": "the same bytes as another one",
    "conflict": "the same bytes under another label",
}
_EXAMPLES = 5
_SHOWN = 3
_WORDS = 1000  # different words that are counted; a million different ones would fill the memory
# What the people of each folder are for.
_USES = {"train": "Training, to learn from and to choose thresholds on", "test": "Validation, to test on"}


class Tally:
    """Counts what was left out, by reason and by word, with the first examples of each reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self.words: Counter[str] = Counter()

    def leave_out(self, reason: str, what: str, detail: str = "", word: str = "") -> None:
        """Count a member.

        Args:
            reason: A key of `REASONS`.
            what: The archive and the member.
            detail: More of the reason, or nothing.
            word: The probable name of its label, where it was not requested.
        """
        self.counts[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(f"{what} ({detail})" if detail else what)
        if word:
            self.words[word if word in self.words or len(self.words) < _WORDS else "other words"] += 1

    def by_reason(self) -> dict[str, int]:
        """Give the counts in the order of `REASONS`."""
        return {reason: self.counts[reason] for reason in REASONS if self.counts[reason]}


@dataclass
class ArchiveCount:
    """What one archive held.

    Attributes:
        file: Its path below the folder of archives.
        side: ``train`` or ``test``, where folders give it.
        n_members: Files in it, folders not counted.
        labelled: Members with one label, by label.
        drawn: How many of them were chosen.
        added: Sequences that came of them now, by label.
    """

    file: str
    side: str | None
    n_members: int = 0
    labelled: Counter[str] = field(default_factory=Counter)
    drawn: int = 0
    added: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        return {
            "file": self.file,
            "side": self.side,
            "n_members": self.n_members,
            "labelled": dict(sorted(self.labelled.items())),
            "drawn": self.drawn,
            "added_by_label": dict(sorted(self.added.items())),
        }


@dataclass(frozen=True)
class ArchivesImported:
    """The result of an import of archives.

    Attributes:
        dataset: The dataset's folder.
        source: The folder of archives.
        archives: One each.
        n_known: Pictures that were there already.
        left_out: What was not taken in.
        both_sides: People in both parts of the split; left out of the second, named as in the archives.
        counts: The manifest's counts afterwards.
        by_side: Sequences of the dataset by part of the split and label; empty where folders give no parts.
        split: The frozen split; None where folders give no parts, or there are too few people.
        notes: What the user should know.
    """

    dataset: Path
    source: str
    archives: tuple[ArchiveCount, ...]
    n_known: int
    left_out: Tally
    both_sides: tuple[str, ...]
    counts: dict[str, Any]
    by_side: dict[str, dict[str, int]]
    split: Path | None
    notes: tuple[str, ...]

    exit_code = 0

    @property
    def added(self) -> dict[str, int]:
        """Count the sequences that were added, by label."""
        total: Counter[str] = Counter()
        for archive in self.archives:
            total += archive.added
        return dict(sorted(total.items()))

    def as_text(self) -> str:
        """Summarise for people."""
        added = f"{sum(self.added.values())} sequences added{list_by_label(self.added)}"
        rest = f"{self.n_known} were there already, {self.left_out.counts.total()} left out"
        lines = [f"{self.dataset.name}: {added} from {len(self.archives)} archives, {rest}"]
        for reason, count in self.left_out.by_reason().items():
            examples = self.left_out.examples[reason][:_SHOWN]
            more = ", …" if count > len(examples) else ""
            lines.append(f"  {count} left out: {REASONS[reason]}: {', '.join(examples)}{more}")
        if self.left_out.words:
            words = ", ".join(f"{word} {count}" for word, count in self.left_out.words.most_common(10))
            lines.append(f"  words of labels that were not requested: {words}")
        if self.both_sides:
            some = ", ".join(self.both_sides[:10])
            lines.append(f"  in both parts: {len(self.both_sides)} people: {some}")
        total = f"{self.counts['sequences']} sequences of {self.counts['subjects']} people"
        lines.append(f"→ {paths.shown(self.dataset)}: {total}{list_by_label(self.counts['by_label'])}")
        lines += [f"  {_USES[side]}: {sum(n.values())}{list_by_label(n)}" for side, n in self.by_side.items()]
        if self.split:
            lines.append(f"→ {paths.shown(self.split)}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        return {
            **added_as_json(self.dataset, self.source, self.added, self.n_known),
            "n_left_out": self.left_out.counts.total(),
            "left_out_by_reason": self.left_out.by_reason(),
            "left_out_examples": self.left_out.examples,
            "left_out_words": dict(self.left_out.words.most_common()),
            "both_sides": list(self.both_sides),
            "archives": [archive.as_json() for archive in self.archives],
            "counts": self.counts,
            "by_side": self.by_side,
            "split": str(self.split) if self.split else None,
            "notes": list(self.notes),
        }
