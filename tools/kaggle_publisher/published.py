"""What a release came to: the staged files, who is in and who is not, and what Kaggle has of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import reader
from shared.dataset.reader import Dataset
from tools.kaggle_publisher.gate import Selection
from tools.kaggle_publisher.release.rules import Listing
from tools.kaggle_publisher.release.staging import CARD, LeftOut, StagedFile
from tools.kaggle_publisher.releases import Release


@dataclass(frozen=True)
class Published:
    """What was staged, and what became of it.

    Attributes:
        dataset: The dataset.
        selection: People who are published and people who are left out.
        listing: Title, address, licence.
        out: The staging folder.
        files: Everything in it.
        left_out: Other files of the dataset's folder that are left out.
        notes: Of the dataset's check.
        difference: Against the last release, in words.
        release: The finished release; None for a dry run.
        url: Where it is; None for a dry run.
    """

    dataset: Dataset
    selection: Selection
    listing: Listing
    out: Path
    files: tuple[StagedFile, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    difference: str
    release: Release | None = None
    url: str | None = None
    exit_code: int = 0  # what could not be done was an error

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def as_text(self) -> str:
        """Summarise for people."""
        rows, dataset = self.selection.rows, self.dataset
        labels = ", ".join(f"{count} {label}" for label, count in reader.count_labels(rows).items())
        n_pictures = sum(file.path.startswith("images/") for file in self.files)
        pictures = f" {n_pictures} pictures in images/ and" if n_pictures else ""  # landmarks go without them
        n_people = len(self.selection.subjects)
        people = f"{n_people} " + (
            "drawn faces (SYNTHETIC)" if dataset.is_synthetic else "person" if n_people == 1 else "people"
        )
        if self.release is None:
            lines = ["DRY RUN: nothing was uploaded; --yes uploads (private)."]
        else:
            seen = "PUBLIC" if self.release.public else "private"
            lines = [f"PUBLISHED as release {self.release.number} ({seen}); Kaggle's file list equals the staged one."]
        lines += [
            f"  {'address ' if self.release else 'would be'}    kaggle.com/datasets/{self.listing.id}",
            f"  title       {self.listing.title}",
            f"  subtitle    {self.listing.subtitle}",
            f"  licence     {self.listing.license_name}",
            f"  holds       {people}, {len(rows)} sequences ({labels})",
            f"  difference  {self.difference}",
            f"  files       {len(self.files)}, {_size(self.total_bytes)}:{pictures}",
        ]
        lines += [
            f"                {file.path} ({_size(file.bytes)})"
            for file in self.files
            if not file.path.startswith("images/")
        ]
        lines.append(f"  staged in   {paths.shown(self.out)} (the card as it will look: {CARD})")
        lines.append("  left out" + ("" if self.left_out or self.selection.refused else "    nothing"))
        lines += [f"                {refusal.as_text()}" for refusal in self.selection.refused]
        for item in self.left_out:
            count = "" if item.n_files == 1 else f"{item.n_files} files, "
            lines.append(f"                {item.path} ({count}{_size(item.bytes)}): {item.reason}")
        if self.selection.n_unreviewed:
            lines.append(f"  note        {self.selection.n_unreviewed} labels were not reviewed; the card notes it")
        lines += [f"  note        {note}" for note in self.notes]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        rows = self.selection.rows
        release = None if self.release is None else {**asdict(self.release)}
        if release is not None:
            del release["subjects"], release["sequences"]
        return {
            "dry_run": self.release is None,
            "uploaded": self.release is not None,
            "url": self.url,
            "release": release,
            "dataset": self.dataset.reference(),
            "listing": {"id": self.listing.id, **asdict(self.listing)},
            "n_people": 0 if self.dataset.is_synthetic else len(self.selection.subjects),
            "n_subjects": len(self.selection.subjects),
            "n_sequences": len(rows),
            "n_unreviewed": self.selection.n_unreviewed,
            "by_label": reader.count_labels(rows),
            "difference": self.difference,
            "out": str(self.out),
            "n_files": len(self.files),
            "total_bytes": self.total_bytes,
            "files": [asdict(file) for file in self.files],
            "refused": [asdict(refusal) for refusal in self.selection.refused],
            "left_out": [asdict(item) for item in self.left_out],
            "notes": list(self.notes),
        }


def _size(n_bytes: int) -> str:
    """Write a size for people."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= step:
            return f"{n_bytes / step:.1f} {unit}"
    return f"{n_bytes} B"
