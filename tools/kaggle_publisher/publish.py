"""Stages what may be published: an allow-list, copied to a temporary folder and swapped in when it is complete.

Reads a dataset, writes the staging folder. It sends nothing and asks for no account; uploading is not part of this
version. What is not on the list stays home, whatever it is called.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts, dataset_check, paths, sequences
from shared.dataset_writer import CARD_MARK, format_card
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from shared.sequences import Dataset
from tools.kaggle_publisher.cli import Config
from tools.kaggle_publisher.pictures import find_hidden
from tools.kaggle_publisher.rules import Listing, make_listing, says_synthetic

CARD = "README.md"
KAGGLE_METADATA = "dataset-metadata.json"
STAGED = {"images", sequences.LABELS, sequences.MANIFEST, CARD, KAGGLE_METADATA}
_REASONS = {
    "takes": "the films and records of the takes",
    "trash": "repeated and withdrawn takes",
    "consent.json": "who agreed to what; private",
    "review.json": "who judged what; private",
    "releases.json": "your own record of releases",
    "test_openings.jsonl": "your own record of looks at the test side",
    KAGGLE_METADATA: "written anew for this release",
}


@dataclass(frozen=True)
class StagedFile:
    """A file that would go: its path in the release, size and hash."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class LeftOut:
    """Something in the dataset's folder that stays home, and why."""

    path: str
    n_files: int
    bytes: int
    reason: str


@dataclass(frozen=True)
class Staging:
    """What was staged."""

    dataset: Dataset
    listing: Listing
    out: Path
    files: tuple[StagedFile, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Always 0: what could not be staged was an error."""
        return 0

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def as_text(self) -> str:
        """Summarise for people."""
        dataset = self.dataset
        labels = ", ".join(f"{count} {label}" for label, count in sequences.count_labels(dataset.rows).items())
        n_pictures = sum(file.path.startswith("images/") for file in self.files)
        people = f"{len(dataset.subjects())} {'drawn faces (SYNTHETIC)' if dataset.is_synthetic else 'people'}"
        lines = [
            "DRY RUN: nothing was uploaded; this version cannot upload.",
            f"  would be    kaggle.com/datasets/{self.listing.id}",
            f"  title       {self.listing.title}",
            f"  subtitle    {self.listing.subtitle}",
            f"  licence     {self.listing.license_name}",
            f"  holds       {people}, {len(dataset.rows)} sequences ({labels})",
            f"  files       {len(self.files)}, {_size(self.total_bytes)}: {n_pictures} pictures in images/ and",
        ]
        lines += [
            f"                {file.path} ({_size(file.bytes)})"
            for file in self.files
            if not file.path.startswith("images/")
        ]
        lines.append(f"  staged in   {paths.shown(self.out)}")
        lines.append("  left out" + ("" if self.left_out else "    nothing"))
        for item in self.left_out:
            count = "" if item.n_files == 1 else f"{item.n_files} files, "
            lines.append(f"                {item.path} ({count}{_size(item.bytes)}): {item.reason}")
        lines += [f"  note        {note}" for note in self.notes]
        if not dataset.is_synthetic:
            lines.append("  note        consent is not checked here: publish only whom you have asked")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything for programs."""
        return {
            "dry_run": True,
            "uploaded": False,
            "dataset": self.dataset.reference(),
            "listing": {"id": self.listing.id, **asdict(self.listing)},
            "n_people": 0 if self.dataset.is_synthetic else len(self.dataset.subjects()),
            "n_subjects": len(self.dataset.subjects()),
            "n_sequences": len(self.dataset.rows),
            "by_label": sequences.count_labels(self.dataset.rows),
            "out": str(self.out),
            "n_files": len(self.files),
            "total_bytes": self.total_bytes,
            "files": [asdict(file) for file in self.files],
            "left_out": [asdict(item) for item in self.left_out],
            "notes": list(self.notes),
        }


def stage_dataset(config: Config) -> Staging:
    """Check a dataset against Kaggle's rules and its own, and stage what may go.

    Raises:
        WrongUsage: A flag breaks a rule, or --out is a place that must not be replaced.
        InvalidInput: No valid dataset, nothing in it, or drawn faces that would pass as people.
        CheckFailed: The dataset does not verify, or a picture carries hidden data.
    """
    dataset = sequences.open_dataset(config.dataset)
    listing = make_listing(dataset, config.owner, config.slug, config.title, config.subtitle, config.license_name)
    out = config.out or paths.artifacts("publish") / dataset.name
    _must_be_replaceable(out, config.dataset)
    if not dataset.rows:
        raise InvalidInput(str(config.dataset), found="a dataset without sequences", expected="something to publish")
    manifest = public_manifest(dataset)
    card = public_card(dataset, manifest)
    notes = _verify(config.dataset)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(out.parent / f".{out.name}.lock", timeout=0):
            files = _stage(out, dataset, listing, manifest, card)
    except filelock.Timeout:
        raise InvalidInput(str(out), found="another kaggle-publisher at work", expected="one at a time") from None
    return Staging(dataset, listing, out, files, tuple(find_left_out(dataset)), tuple(notes))


def public_manifest(dataset: Dataset) -> dict[str, Any]:
    """Write the manifest of the release: counts and checksum of labels.csv as it is now, also after a hand edit.

    `next` begins after the last published id, so that it does not tell how many takes were withdrawn.

    Raises:
        InvalidInput: Drawn sequences in a dataset of kind real.
    """
    rows = dataset.rows
    drawn = [row.sequence_id for row in rows if row.source == "synthetic"]
    if drawn and not dataset.is_synthetic:
        raise InvalidInput(
            str(dataset.folder / sequences.LABELS),
            found=f"{len(drawn)} drawn sequences ({drawn[0]}) in a dataset of kind real",
            expected="none: drawn faces must not pass as people",
        )
    return {
        **dataset.manifest,
        "counts": {
            "subjects": len(dataset.subjects()),
            "takes": len({row.take_id for row in rows}),
            "sequences": len(rows),
            "by_label": sequences.count_labels(rows),
        },
        "next": {
            "take": max(int(row.take_id.rpartition("_")[2]) for row in rows) + 1,
            "sequence": max(int(row.sequence_id.rpartition("_")[2]) for row in rows) + 1,
        },
        "checksums": {sequences.LABELS: dataset.labels_sha256},
    }


def public_card(dataset: Dataset, manifest: dict[str, Any]) -> str:
    """Return the card of the release: a person's own, or ours with the counts of the release.

    Raises:
        InvalidInput: A person's own card does not say that the faces are drawn, or is no text.
    """
    path = dataset.folder / CARD
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else CARD_MARK
    except UnicodeDecodeError:
        raise InvalidInput(str(path), found="bytes that are not UTF-8", expected="a card in UTF-8") from None
    if text.startswith(CARD_MARK):
        text = format_card(manifest).removeprefix(CARD_MARK).lstrip()
    if dataset.is_synthetic and not says_synthetic(text):
        raise InvalidInput(
            str(path),
            found="a card that does not say that the faces are drawn",
            expected="the word synthetic in it",
            todo="drawn faces must not pass as people",
        )
    return text


def _verify(folder: Path) -> list[str]:
    """Run the full check; returns its notes.

    Raises:
        CheckFailed: It finds errors.
    """
    problems = dataset_check.check_dataset(folder)
    errors = [problem for problem in problems if problem.is_error]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise CheckFailed(
            str(folder),
            found=f"an error: {errors[0].where}: {errors[0].what}{more}",
            expected="a dataset that verifies",
            todo="mend it before it is published",
        )
    return [f"{problem.where}: {problem.what}" for problem in problems]


def _stage(
    out: Path, dataset: Dataset, listing: Listing, manifest: dict[str, Any], card: str
) -> tuple[StagedFile, ...]:
    """Fill a temporary folder beside the target, then put it in the target's place."""
    _clear_leftovers(out)
    temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".staging"))
    try:
        _copy_pictures(dataset, temporary)
        labels = (dataset.folder / sequences.LABELS).read_bytes()
        (temporary / sequences.LABELS).write_bytes(labels)
        if contracts.sha256_file(temporary / sequences.LABELS) != dataset.labels_sha256:
            raise CheckFailed(str(dataset.folder), found="a labels.csv that changed meanwhile", expected="a quiet one")
        contracts.write_document(temporary / sequences.MANIFEST, manifest, "dataset")
        (temporary / CARD).write_text(card, encoding="utf-8", newline="\n")
        metadata = {
            "title": listing.title,
            "subtitle": listing.subtitle,
            "description": card,
            "id": listing.id,
            "licenses": [{"name": listing.license_name}],
        }
        text = json.dumps(metadata, ensure_ascii=False, indent=2) + "\n"
        (temporary / KAGGLE_METADATA).write_text(text, encoding="utf-8", newline="\n")
        files = tuple(
            StagedFile(path.relative_to(temporary).as_posix(), path.stat().st_size, contracts.sha256_file(path))
            for path in sorted(temporary.rglob("*"))
            if path.is_file()
        )
        temporary.chmod(0o755)
        old = temporary.with_suffix(".old")
        if out.exists():
            os.replace(out, old)
        os.replace(temporary, out)
        shutil.rmtree(old, ignore_errors=True)
        return files
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_pictures(dataset: Dataset, target: Path) -> None:
    """Copy the listed pictures, and hold each sequence against its hash and for hidden data."""
    (target / "images").mkdir()
    for row in cli.progress(dataset.rows, what="stage pictures"):
        pictures = [(name, (dataset.folder / name).read_bytes()) for name in row.frame_names()]
        if sequences.hash_pictures(data for _, data in pictures) != row.sha256:
            raise CheckFailed(row.sequence_id, found="pictures that changed meanwhile", expected="quiet ones")
        for name, data in pictures:
            if hidden := find_hidden(data):
                raise CheckFailed(
                    str(dataset.folder / name),
                    found=f"{hidden} inside the picture",
                    expected="pixels only: such data can hold a place, a device or a name",
                )
            (target / name).write_bytes(data)


def _clear_leftovers(out: Path) -> None:
    """Remove what a killed run left; the lock makes sure that nobody is at work there."""
    pattern = re.compile(re.escape(f".{out.name}.") + r"[a-z0-9_]+\.(staging|old)")
    for path in out.parent.iterdir():
        if pattern.fullmatch(path.name):
            shutil.rmtree(path)


def _must_be_replaceable(out: Path, dataset: Path) -> None:
    """Refuse to replace anything but an earlier staging.

    Raises:
        WrongUsage: The target holds, or lies in, the dataset, or has files that staging does not make.
    """
    source, target = dataset.resolve(), out.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise WrongUsage("--out", found=f"{out}, in or around the dataset", expected="a folder of its own")
    if not out.exists():
        return
    foreign = "a file" if not out.is_dir() else next(_foreign_entries(out), None)
    if foreign:
        raise WrongUsage(
            "--out", found=f"{foreign} in {out}", expected="no folder, an empty one, or an earlier staging"
        )


def _foreign_entries(out: Path) -> Iterator[str]:
    """Name what in a folder cannot come from an earlier staging."""
    entries = sorted(out.iterdir())
    if entries and not (out / KAGGLE_METADATA).is_file():
        yield entries[0].name
    yield from (path.name for path in entries if path.name not in STAGED or path.is_symlink())
    if (out / "images").is_dir():
        for path in (out / "images").iterdir():
            if not re.fullmatch(r"seq_\d{4,9}_frame_\d+\.jpg", path.name):
                yield f"images/{path.name}"


def find_left_out(dataset: Dataset) -> Iterator[LeftOut]:
    """List what in the dataset's folder is not published: folders as one entry each, loose files one by one."""
    for entry in sorted(dataset.folder.iterdir()):
        if entry.name in STAGED - {"images", KAGGLE_METADATA}:
            continue
        if entry.name == "images":
            listed = {name for row in dataset.rows for name in row.frame_names()}
            strays = [path for path in entry.rglob("*") if path.is_file() and f"images/{path.name}" not in listed]
            if strays:
                yield LeftOut("images/", len(strays), _total(strays), "pictures that labels.csv does not list")
            continue
        inside = [path for path in entry.rglob("*") if path.is_file()] if entry.is_dir() else [entry]
        name = entry.name + ("/" if entry.is_dir() else "")
        reason = _REASONS.get(entry.name) or ("hidden" if entry.name.startswith(".") else "not on the list")
        yield LeftOut(name, len(inside), _total(inside), reason)


def _total(files: list[Path]) -> int:
    return sum(path.lstat().st_size for path in files)


def _size(n_bytes: int) -> str:
    """Write a size for people."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= step:
            return f"{n_bytes / step:.1f} {unit}"
    return f"{n_bytes} B"
