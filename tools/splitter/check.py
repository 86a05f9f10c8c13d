"""Looks for leaks: the same person, take or picture on two sides of a split.

Reads a dataset, its pictures and split files; writes a sheet of the pairs. Pictures of one person are never compared
with each other: a person who is on one side only may look alike as often as the film shows them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared import cli, paths, sequences, splits
from shared.errors import InvalidInput
from shared.preprocess import U8
from shared.sequences import Dataset, SequenceRow
from tools.splitter import likeness, sheet
from tools.splitter.cli import CheckConfig
from tools.splitter.sheet import Leak, Place

_BATCH = 256
_REDUCE_FROM_PX = 2 * likeness.SIZE_PX  # from here on a jpg can be decoded at half size, which is three times as fast


@dataclass(frozen=True)
class Twins:
    """Two sequences of different people that share a picture.

    Attributes:
        first, second: The sequences.
        files: The two pictures that are most alike.
        n_bits: In how many of 255 bits these differ; None where the files' bytes are the same.
        mirrored: Whether one is the mirror image.
        n_pairs: How many pairs of their pictures are the same.
    """

    first: SequenceRow
    second: SequenceRow
    files: tuple[str, str]
    n_bits: int | None
    mirrored: bool
    n_pairs: int


@dataclass(frozen=True)
class Checked:
    """What the leak check found."""

    dataset: Dataset
    splits: tuple[Path, ...]
    n_pictures: int
    leaks: tuple[Leak, ...]
    sheet: Path | None

    @property
    def exit_code(self) -> int:
        """1 where there is a leak."""
        return 1 if self.leaks else 0

    def as_text(self) -> str:
        """List the pairs."""
        n_splits = "1 split" if len(self.splits) == 1 else f"{len(self.splits)} splits"
        what = f"{n_splits} of {self.dataset.name}, {self.n_pictures} pictures"
        if not self.leaks:
            return f"no leak: {what}; nobody, no take and no picture is on two sides"
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
    """Look for leaks in splits of a dataset, and draw those that there are.

    Raises:
        InvalidInput: No valid dataset, no split of it, or a picture that is none.
    """
    dataset = sequences.open_dataset(config.dataset)
    files = config.splits or _find_frozen(dataset)
    documents = [splits.open_split(file, dataset) for file in files]
    twins = find_twins(dataset)
    leaks = list_leaks(dataset, documents, twins)
    target = config.out / "pairs.png"
    target.unlink(missing_ok=True)  # a sheet of an earlier check would show what is mended by now
    n_pictures = sum(row.frame_count for row in dataset.rows)
    if not leaks:
        return Checked(dataset, tuple(files), n_pictures, (), None)
    sheet.write_sheet(dataset, leaks, target)
    cli.note(f"splitter: found {len(leaks)} leaks, expected none; {leaks[0].describe()}; all: {paths.shown(target)}")
    return Checked(dataset, tuple(files), n_pictures, tuple(leaks), target)


def _find_frozen(dataset: Dataset) -> tuple[Path, ...]:
    """List the frozen splits of this state of the dataset."""
    folder = paths.artifacts("splits")
    found = tuple(sorted(folder.glob(f"{dataset.name}-{dataset.labels_sha256[:8]}-seed*.json")))
    if not found:
        raise InvalidInput(
            str(folder),
            found=f"no split of {dataset.name} as it is now",
            expected="at least one",
            todo=f"make one: splitter --dataset {dataset.name}",
        )
    return found


def find_twins(dataset: Dataset) -> list[Twins]:
    """Find sequences of different people that share a picture: the same bytes, or nearly the same to look at."""
    rows = [row for row in dataset.rows for _ in range(row.frame_count)]
    names = [name for row in dataset.rows for name in row.frame_names()]
    if not names:
        return []
    digests, described = _read(dataset, names)
    number = {subject: index for index, subject in enumerate(dataset.subjects())}
    alike: list[tuple[int, int, int | None, bool]] = [(a, b, None, False) for a, b in _same_bytes(digests, rows)]
    alike += [
        (pair.first, pair.second, pair.n_bits, pair.mirrored)
        for pair in likeness.find_alike(described, [number[row.subject_id] for row in rows])
        if digests[pair.first] != digests[pair.second]
    ]
    best: dict[tuple[str, str], Twins] = {}
    for a, b, n_bits, mirrored in alike:
        key = (rows[a].sequence_id, rows[b].sequence_id)
        found = Twins(rows[a], rows[b], (names[a], names[b]), n_bits, mirrored, 1)
        closest = min(best.get(key, found), found, key=_rank)
        best[key] = replace(closest, n_pairs=best[key].n_pairs + 1 if key in best else 1)
    return list(best.values())


def _rank(twins: Twins) -> int:
    """Order by likeness: the same bytes first."""
    return -1 if twins.n_bits is None else twins.n_bits


def _same_bytes(digests: Sequence[bytes], rows: Sequence[SequenceRow]) -> Iterator[tuple[int, int]]:
    """Yield pairs of pictures of different people whose files are the same."""
    seen: dict[bytes, list[int]] = {}
    for index, digest in enumerate(digests):
        for other in seen.setdefault(digest, []):
            if rows[other].subject_id != rows[index].subject_id:
                yield other, index
        seen[digest].append(index)


def _read(dataset: Dataset, names: Sequence[str]) -> tuple[list[bytes], likeness.Likeness]:
    """Hash and describe each picture; as many at a time as there are cores."""
    image = dataset.manifest["image"]
    is_large = min(image["width_px"], image["height_px"]) >= _REDUCE_FROM_PX
    flag = cv2.IMREAD_REDUCED_COLOR_2 if is_large else cv2.IMREAD_COLOR

    def read(name: str) -> tuple[bytes, U8]:
        try:
            data = (dataset.folder / name).read_bytes()
        except OSError:
            data = b""
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
        if picture is None:
            dataset.load_picture(name)  # says what is wrong with it
            raise InvalidInput(str(dataset.folder / name), found="a picture that changed meanwhile", expected="a jpg")
        size = (likeness.SIZE_PX, likeness.SIZE_PX)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:, :, ::-1]
        return hashlib.sha256(data).digest(), np.asarray(small, dtype=np.uint8)

    digests: list[bytes] = []
    parts = []
    batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
    with ThreadPoolExecutor() as pool:
        for batch in cli.progress(batches, what="read pictures"):
            done = list(pool.map(read, batch))
            digests += [digest for digest, _ in done]
            parts.append(likeness.describe(np.stack([small for _, small in done])))
    return digests, likeness.join(parts)


def list_leaks(dataset: Dataset, documents: Iterable[Mapping[str, Any]], twins: Iterable[Twins]) -> list[Leak]:
    """Say what each split has on two sides; what several splits share is listed once, with their names.

    Args:
        dataset: Whose splits they are.
        documents: Split documents.
        twins: Sequences that share a picture, of all people.
    """
    known = list(twins)
    found: dict[tuple[str, str, str], Leak] = {}
    for split in documents:
        for leak in _leaks_of(dataset, split, known):
            key = (leak.kind, leak.first.file, leak.second.file)
            if key in found:
                leak = found[key].also_in(split["split_id"])
            found[key] = leak
    order = {kind: number for number, kind in enumerate(sheet.KINDS)}
    return sorted(found.values(), key=lambda leak: (order[leak.kind], leak.n_bits or 0, leak.first.file))


def _leaks_of(dataset: Dataset, split: Mapping[str, Any], twins: Iterable[Twins]) -> Iterator[Leak]:
    """Yield the leaks of one split: of a person who is on two sides only that, as all else follows from it."""
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
    for pair in twins:
        first, second = row_of[pair.first.sequence_id], row_of[pair.second.sequence_id]
        for one in side_of.get(first.sequence_id, []):
            for other in side_of.get(second.sequence_id, []):
                if one != other:
                    kind = "bytes" if pair.n_bits is None else "mirrored" if pair.mirrored else "alike"
                    places = Place(first, pair.files[0], one), Place(second, pair.files[1], other)
                    yield Leak(kind, *places, (split_id,), pair.n_bits, pair.n_pairs)
