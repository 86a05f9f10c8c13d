"""Looks for leaks: the same person, take or picture in two parts of a split.

Reads a dataset, its pictures and split files; writes a sheet of the pairs. Pictures of one person are never compared
with each other: a person who is in one part only cannot leak.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, paths
from shared.dataset import reader, splits
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from tools.splitter import sheet
from tools.splitter.config import CheckConfig
from tools.splitter.near_duplicates import NearDuplicates, find_near_duplicates
from tools.splitter.sheet import Leak, Place


@dataclass(frozen=True)
class Checked(sheet.Compared):
    """What the leak check found."""

    splits: tuple[Path, ...]
    leaks: tuple[Leak, ...]

    @property
    def exit_code(self) -> int:
        """1 if there is a leak."""
        return 1 if self.leaks else 0

    def as_text(self) -> str:
        """List the pairs."""
        n_splits = "1 split" if len(self.splits) == 1 else f"{len(self.splits)} splits"
        what = f"{n_splits} of {self.dataset.name}, {self.n_pictures} pictures"
        if not self.leaks:
            return f"no leak: {what}; no person, take or picture is in two parts of a split"
        lines = [f"{len(self.leaks)} leaks: {what}", *[f"  {leak.describe()}" for leak in self.leaks]]
        return "\n".join([*lines, f"→ {paths.shown(self.sheet)}" if self.sheet else ""])

    def as_json(self) -> dict[str, Any]:
        """Give the pairs and where they are drawn."""
        return {
            "dataset": self.dataset.reference(),
            "splits": [str(file) for file in self.splits],
            "n_pictures": self.n_pictures,
            "leaks": [leak.as_json() for leak in self.leaks],
            "sheet": str(self.sheet) if self.sheet else None,
        }


def check(config: CheckConfig) -> Checked:
    """Look for leaks in the splits of a dataset, and draw them.

    Raises:
        InvalidInput: The dataset is not valid, has no split, or a picture cannot be read.
    """
    dataset = reader.open_dataset(config.dataset)
    files = config.splits or _find_frozen(dataset)
    documents = [splits.open_split(file, dataset) for file in files]
    near_duplicates = find_near_duplicates(dataset)
    leaks = list_leaks(dataset, documents, near_duplicates)
    target = config.out / "pairs.png"
    target.unlink(missing_ok=True)  # the sheet of an earlier check is out of date
    n_pictures = sum(row.frame_count for row in dataset.rows)
    if not leaks:
        return Checked(dataset, n_pictures, None, tuple(files), ())
    sheet.write_sheet(dataset, leaks, target, f"{len(leaks)} leaks between parts of a split")
    cli.note(f"splitter: found {len(leaks)} leaks, expected none; {leaks[0].describe()}; all: {paths.shown(target)}")
    return Checked(dataset, n_pictures, target, tuple(files), tuple(leaks))


def _find_frozen(dataset: Dataset) -> tuple[Path, ...]:
    """List the frozen splits of the dataset with its current labels."""
    folder = paths.artifacts("splits")
    found = tuple(sorted(folder.glob(f"{dataset.name}-{dataset.labels_sha256[:8]}-seed*.json")))
    if not found:
        raise InvalidInput(
            str(folder),
            found=f"no split of {dataset.name} as it is now",
            expected="at least one",
            todo=f"make one: ./inv split --dataset {dataset.name}",
        )
    return found


def list_leaks(
    dataset: Dataset, documents: Iterable[Mapping[str, Any]], near_duplicates: Iterable[NearDuplicates]
) -> list[Leak]:
    """List what is in two parts of a split; a leak of several splits is listed once, with their names.

    Args:
        dataset: Whose splits they are.
        documents: Split documents.
        near_duplicates: Sequences of different people that share a picture.
    """
    known = list(near_duplicates)
    found: dict[tuple[str, str, str], Leak] = {}
    for split in documents:
        for leak in _leaks_of(dataset, split, known):
            key = (leak.kind, leak.first.file, leak.second.file)
            if key in found:
                leak = found[key].also_in(split["split_id"])
            found[key] = leak
    order = {kind: number for number, kind in enumerate(sheet.KINDS)}
    return sorted(found.values(), key=lambda leak: (order[leak.kind], -(leak.correlation or 0), leak.first.file))


def _leaks_of(dataset: Dataset, split: Mapping[str, Any], near_duplicates: Iterable[NearDuplicates]) -> Iterator[Leak]:
    """Yield the leaks of one split; a person in two parts is one leak, without their takes and pictures."""
    row_of = {row.sequence_id: row for row in dataset.rows}
    first_of = {row.subject_id: row for row in reversed(dataset.rows)}
    side_of: dict[str, list[str]] = {}
    people: dict[str, dict[str, SequenceRow]] = {}
    takes: dict[str, dict[str, SequenceRow]] = {}
    for side, content in split["sides"].items():
        for row in dataset.select(content["sequences"]):
            side_of.setdefault(row.sequence_id, []).append(side)
            people.setdefault(row.subject_id, {}).setdefault(side, row)
            takes.setdefault(row.take_id, {}).setdefault(side, row)
        for subject in content["subjects"]:
            if subject in first_of:
                people.setdefault(subject, {}).setdefault(side, first_of[subject])
    leaking = {subject for subject, sides in people.items() if len(sides) > 1}
    split_id = split["split_id"]
    for kind, groups in (("person", people), ("take", takes)):
        for sides in groups.values():
            (one, first), *others = sides.items()
            for other, second in others:
                if kind == "person" or not {first.subject_id, second.subject_id} <= leaking:
                    names = (first.frame_names()[0], second.frame_names()[0])
                    yield Leak(kind, Place(first, names[0], one), Place(second, names[1], other), (split_id,))
    for pair in near_duplicates:
        first, second = row_of[pair.first.sequence_id], row_of[pair.second.sequence_id]
        for one in side_of.get(first.sequence_id, []):
            for other in side_of.get(second.sequence_id, []):
                if one != other:
                    places = Place(first, pair.files[0], one), Place(second, pair.files[1], other)
                    yield Leak(sheet.kind_of(pair), *places, (split_id,), pair.correlation, pair.n_pairs)
