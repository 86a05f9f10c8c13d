"""Describes leaks and duplicates as text and draws them on a sheet: the two pictures of a pair beside each other.

The sheet shows faces: it stays in artifacts/, which is not published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared import contracts
from shared.arrays import U8
from shared.dataset.reader import Dataset, SequenceRow
from tools.splitter.near_duplicates import NearDuplicates

KINDS = {
    "person": "the same person",
    "take": "the same take",
    "bytes": "the same picture",
    "alike": "near-duplicates",
    "mirrored": "near-duplicates, mirrored",
}
MAX_DRAWN = 100
_PICTURE_PX, _GAP_PX, _TEXT_PX, _LINE_PX = 160, 12, 470, 22
_INK, _RED, _PAPER = (34, 34, 34), (176, 32, 32), 255


@dataclass(frozen=True)
class Compared:
    """A dataset whose pictures were compared, and the sheet of the pairs; None without a pair."""

    dataset: Dataset
    n_pictures: int
    sheet: Path | None


@dataclass(frozen=True)
class Place:
    """A picture and its split part; None without a split."""

    row: SequenceRow
    file: str
    side: str | None = None

    def describe(self) -> str:
        """Name the file, the person and the split part."""
        return f"{self.file} ({self.row.subject_id}{f', {self.side}' if self.side else ''})"

    def as_json(self) -> dict[str, str | None]:
        """Name the file, the sequence, the person and the split part."""
        return {
            "file": self.file,
            "sequence_id": self.row.sequence_id,
            "subject_id": self.row.subject_id,
            "take_id": self.row.take_id,
            "side": self.side,
        }


@dataclass(frozen=True)
class Leak:
    """Something that is in two parts of a split or, without a split, at two places of the dataset.

    Attributes:
        kind: A key of `KINDS`.
        first, second: An example in each part.
        splits: The splits that contain it; the parts are those of the first. Empty without a split.
        correlation: Between the details of two pictures that are not the same file, 0 to 1.
        n_pairs: How many pairs of pictures of these two sequences match.
    """

    kind: str
    first: Place
    second: Place
    splits: tuple[str, ...] = ()
    correlation: float | None = None
    n_pairs: int = 1

    def also_in(self, split_id: str) -> "Leak":
        """Return this leak with one more split, once."""
        return self if split_id in self.splits else replace(self, splits=(*self.splits, split_id))

    def describe(self) -> str:
        """Describe the leak in one line."""
        agree = "" if self.correlation is None else f", correlation {self.correlation:.2f}"
        more = f", {self.n_pairs} pairs of pictures" if self.n_pairs > 1 else ""
        return f"{KINDS[self.kind]}: {self.first.describe()} and {self.second.describe()}{self._where()}{agree}{more}"

    def _where(self) -> str:
        others = f" and {len(self.splits) - 1} more splits" if len(self.splits) > 1 else ""
        return f" in {self.splits[0]}{others}" if self.splits else ""

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        return {
            "kind": self.kind,
            "first": self.first.as_json(),
            "second": self.second.as_json(),
            "splits": list(self.splits),
            "correlation": self.correlation,
            "n_pairs": self.n_pairs,
        }


def kind_of(near_duplicates: NearDuplicates) -> str:
    """Classify how two sequences share a picture: a key of `KINDS`."""
    return "bytes" if near_duplicates.correlation is None else "mirrored" if near_duplicates.mirrored else "alike"


def write_sheet(dataset: Dataset, leaks: Sequence[Leak], target: Path, title: str) -> None:
    """Draw the first pairs to a PNG, with a note on how many are left out."""
    drawn = leaks[:MAX_DRAWN]
    strips = [_title(f"{dataset.name}: {title}", len(leaks) - len(drawn))]
    strips += [_strip(dataset, leak) for leak in drawn]
    data = cv2.imencode(".png", np.vstack(strips)[:, :, ::-1])[1].tobytes()
    if not target.parent.exists():
        contracts.make_private(target.parent)
    contracts.write_bytes(target, data)


def _blank(height_px: int) -> U8:
    return np.full((height_px, 3 * _GAP_PX + 2 * _PICTURE_PX + _TEXT_PX, 3), _PAPER, np.uint8)


def _write(canvas: U8, text: str, x_px: int, y_px: int, colour: tuple[int, int, int], scale: float = 0.45) -> None:
    cv2.putText(canvas, text, (x_px, y_px), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)


def _title(text: str, n_left_out: int) -> U8:
    canvas = _blank(40)
    _write(canvas, text + (f" ({n_left_out} more not drawn)" if n_left_out else ""), _GAP_PX, 26, _INK, 0.6)
    return canvas


def _strip(dataset: Dataset, leak: Leak) -> U8:
    """Draw one pair with its description."""
    canvas = _blank(_PICTURE_PX + _GAP_PX)
    for number, place in enumerate((leak.first, leak.second)):
        picture = cv2.resize(dataset.load_picture(place.file), (_PICTURE_PX, _PICTURE_PX), interpolation=cv2.INTER_AREA)
        left = _GAP_PX + number * (_PICTURE_PX + _GAP_PX)
        canvas[:_PICTURE_PX, left : left + _PICTURE_PX] = picture
    left = 3 * _GAP_PX + 2 * _PICTURE_PX
    agree = "" if leak.correlation is None else f" (correlation {leak.correlation:.2f})"
    lines = [(KINDS[leak.kind] + agree, _RED)]
    for place in (leak.first, leak.second):
        side = f"  in {place.side}" if place.side else ""
        lines.append((f"{place.row.subject_id}{side}  {place.row.take_id}", _INK))
        lines.append((f"    {place.file}", _INK))
    others = f" and {len(leak.splits) - 1} more" if len(leak.splits) > 1 else ""
    if leak.splits:
        lines.append((f"in {leak.splits[0]}{others}", _INK))
    for number, (text, colour) in enumerate(lines, start=1):
        _write(canvas, text, left, number * _LINE_PX, colour)
    return canvas
