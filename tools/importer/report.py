"""What an import came to: what was added, what was there already, and what was left out and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import contracts, paths

HEIC_PACKAGE = "python -m pip install pillow-heif"
REASONS = {
    "missing": "no such file",
    "unreadable": "no picture that can be read",
    "truncated": "cut off in the middle",
    "too_small": "too small",
    "too_large": "too large to open",
    "needs_package": f"HEIC, which is read by pillow-heif ({HEIC_PACKAGE})",
    "blank": "one colour all over",
    "no_face": "no face was found (--without-face keep takes them in)",
    "no_picture": "another kind of file",
    "unwanted": "a label that was not requested",
    "duplicate": "the same bytes as another one",
    "conflict": "the same bytes under another label or person",
    "no_frames": "not enough frames at even distances in the window",
    "broken_film": "a film that breaks off",
    "withdrawn": "of a person who has withdrawn from this dataset",
}
_FAILURES = (
    *("missing", "unreadable", "truncated", "too_small", "too_large", "needs_package", "conflict"),
    *("no_frames", "broken_film"),
)
_REMARKS = {
    "at_face": "taken in, cut around the face instead of in the middle",
    "first_of_several": "taken in, the first of several pictures in the file",
}
_SHOWN = 3


@dataclass(frozen=True)
class LeftOut:
    """Something that was not imported.

    Attributes:
        what: File, and row where a table names it.
        reason: A key of `REASONS`.
        detail: More of it, or nothing.
    """

    what: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.detail})" if self.detail else self.what


def added_as_json(dataset: Path, source: str, added: dict[str, int], n_known: int) -> dict[str, Any]:
    """Give what every import reports: its source, what was added, and how much was there already."""
    return {
        "dataset": str(dataset),
        "source": source,
        "n_added": sum(added.values()),
        "added_by_label": added,
        "n_known": n_known,
    }


def list_by_label(counts: dict[str, int]) -> str:
    """List counts in brackets, with a blank before; nothing where there are none."""
    return f" ({', '.join(f'{label} {count}' for label, count in counts.items())})" if counts else ""


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes:
        dataset: The dataset's folder.
        source: What was imported.
        added: Sequences by label.
        n_known: Sources that were there already.
        left_out: What was not imported.
        counts: The manifest's counts afterwards.
        must_be_complete: Whether a table named each source, so that one left out makes the exit code 1.
        notes: What the user should know.
        report: The file that names everything that was left out, or None where there is none.
    """

    dataset: Path
    source: str
    added: dict[str, int]
    n_known: int
    left_out: tuple[LeftOut, ...]
    counts: dict[str, Any]
    must_be_complete: bool = False
    notes: tuple[str, ...] = field(default=())
    report: Path | None = None

    @property
    def exit_code(self) -> int:
        """1 where a table named what could not be taken in, or nothing at all could; else it is only listed."""
        failed = self.must_be_complete and any(each.reason in _FAILURES for each in self.left_out)
        nothing = bool(self.left_out) and not self.n_known and not any(self.added.values())
        return int(failed or nothing)

    def as_text(self) -> str:
        """Summarise for people; a few examples of what was left out for each reason."""
        added = f"{sum(self.added.values())} sequences added{list_by_label(self.added)}"
        lines = [f"{self.dataset.name}: {added}, {self.n_known} were there already, {len(self.left_out)} left out"]
        for reason, count in self.count_left_out().items():
            some = [str(each) for each in self.left_out if each.reason == reason][:_SHOWN]
            more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
            lines.append(f"  {count} left out: {REASONS[reason]}: {', '.join(some)}{more}")
        if self.report is not None:
            lines.append(f"  each by name: {paths.shown(self.report)}")
        total = f"{self.counts['sequences']} sequences of {self.counts['subjects']} people"
        lines.append(f"→ {paths.shown(self.dataset)}: {total}{list_by_label(self.counts['by_label'])}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        return {
            **added_as_json(self.dataset, self.source, self.added, self.n_known),
            "n_left_out": len(self.left_out),
            "left_out_by_reason": self.count_left_out(),
            "left_out": [{"what": each.what, "reason": each.reason, "detail": each.detail} for each in self.left_out],
            "report": None if self.report is None else str(self.report),
            "counts": self.counts,
            "notes": list(self.notes),
        }

    def count_left_out(self) -> dict[str, int]:
        """Count what was left out by reason, in the order of `REASONS`."""
        found = Counter(each.reason for each in self.left_out)
        return {reason: found[reason] for reason in REASONS if found[reason]}


def write_report(dataset: Path, listed: Iterable[LeftOut]) -> Path | None:
    """Write a csv with every file by name; in place of that of the last import. It may name people: never published.

    Returns:
        The file; None where there is nothing to list.
    """
    rows = [
        {"file": one.what, "what": (REASONS | _REMARKS)[one.reason], "detail": one.detail, "reason": one.reason}
        for one in listed
    ]
    path = paths.artifacts("imports") / f"{dataset.name}.csv"
    if not rows:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    contracts.write_bytes(path, "\ufeff".encode() + contracts.format_rows(("file", "reason", "what", "detail"), rows))
    return path


def count_added(labels: Iterable[str]) -> dict[str, int]:
    """Count labels, sorted."""
    return dict(sorted(Counter(labels).items()))
