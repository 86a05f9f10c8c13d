"""What a release came to: the staged files, who is in and who is not, and what Kaggle has of it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset import reader
from shared.dataset.reader import Dataset
from tools.kaggle_publisher.gate import Selection
from tools.kaggle_publisher.release.rules import Listing
from tools.kaggle_publisher.release.staging import CARD, KAGGLE_METADATA, LeftOut, StagedFile
from tools.kaggle_publisher.releases import Release


@dataclass(frozen=True)
class Outcome:
    """What became of an upload.

    Attributes:
        release: Its row in releases.json.
        url: Its address.
        is_private: As Kaggle says; None where it does not say.
        was_there: Whether this very release was published before, and nothing was sent.
    """

    release: Release
    url: str
    is_private: bool | None
    was_there: bool = False


@dataclass(frozen=True)
class Abandoned:
    """A half-done release that was given up; None where there was none."""

    dataset: str
    release: Release | None
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise for people."""
        release = self.release
        if release is None:
            return f"{self.dataset}: no half-done release; nothing to give up"
        page = f"https://www.kaggle.com/datasets/{release.id}/versions"
        if release.remote_versions:
            kept = f"Kaggle has it as version {', '.join(map(str, release.remote_versions))}: delete that at {page}"
        else:
            kept = f"look at {page} whether Kaggle has a version of it, and delete that"
        return f"{self.dataset}: release {release.number} is given up; {kept}. The next run makes a new release."

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        release = self.release
        return {
            "dataset": self.dataset,
            "abandoned": None if release is None else release.number,
            "id": None if release is None else release.id,
            "remote_versions": [] if release is None else list(release.remote_versions),
        }


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
        outcome: The finished release and where it is; None for a dry run.
        verified: Whether the bytes at Kaggle were compared.
    """

    dataset: Dataset
    selection: Selection
    listing: Listing
    out: Path
    files: tuple[StagedFile, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    difference: str
    outcome: Outcome | None = None
    verified: bool = True
    exit_code: int = 0  # what could not be done was an error

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def as_text(self) -> str:
        """Summarise for people."""
        rows, dataset = self.selection.rows, self.dataset
        sent = [file for file in self.files if file.path != KAGGLE_METADATA]
        labels = ", ".join(f"{count} {label}" for label, count in reader.count_labels(rows).items())
        n_pictures = sum(file.path.startswith("images/") for file in self.files)
        pictures = f" {n_pictures} pictures in images/ and" if n_pictures else ""  # landmarks go without them
        n_people = len(self.selection.subjects)
        people = f"{n_people} " + (
            "drawn faces (SYNTHETIC)" if dataset.is_synthetic else "person" if n_people == 1 else "people"
        )
        lines = [self._head()]
        lines += [
            f"  {'address ' if self.outcome else 'would be'}    kaggle.com/datasets/{self.listing.id}",
            f"  title       {self.listing.title}",
            f"  subtitle    {self.listing.subtitle}",
            f"  licence     {self.listing.license_name}",
            f"  holds       {people}, {len(rows)} sequences ({labels})",
            f"  difference  {self.difference}",
            f"  files       {len(sent)}, {_size(sum(file.bytes for file in sent))}:{pictures}",
        ]
        lines += [
            f"                {file.path} ({_size(file.bytes)})" for file in sent if not file.path.startswith("images/")
        ]
        lines.append(f"  stays here  {KAGGLE_METADATA}: title and description for Kaggle, sent as a form")
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

    def _head(self) -> str:
        """Say in a line what was done, and who can see it: only what Kaggle calls public is called so."""
        outcome = self.outcome
        if outcome is None:
            return "DRY RUN: nothing was uploaded; --yes uploads (private)."
        seen = {True: "private", False: "PUBLIC", None: "Kaggle does not say whether it is public"}[outcome.is_private]
        release = outcome.release
        version = "" if release.remote_version is None else f", version {release.remote_version}"
        if outcome.was_there:
            return (
                f"NOTHING TO DO: release {release.number} of {release.created_utc[:10]} ({seen}{version}) is this very "
                "content, and on Kaggle; nothing was sent."
            )
        equal = "every file at Kaggle equals the staged one, to the byte"
        if not self.verified:
            equal = "names and sizes at Kaggle equal the staged ones (--no-verify: the bytes were not compared)"
        return f"PUBLISHED as release {release.number} ({seen}{version}); {equal}."

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        rows, outcome = self.selection.rows, self.outcome
        release = None if outcome is None else asdict(outcome.release)
        if release is not None:
            del release["subjects"], release["sequences"]
        visibility = {True: "private", False: "public", None: "unknown"}
        return {
            "dry_run": outcome is None,
            "uploaded": outcome is not None and not outcome.was_there,
            "url": None if outcome is None else outcome.url,
            "visibility": None if outcome is None else visibility[outcome.is_private],
            "verified": outcome is not None and self.verified and not outcome.was_there,
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
