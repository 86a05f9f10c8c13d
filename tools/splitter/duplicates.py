"""Lists pictures that a dataset holds twice, under two people or in two takes, and draws the pairs.

Reads a dataset and its pictures; writes a sheet of the pairs. Needs no split: leaks between the parts of a split are
`tools.splitter.check`'s job.
"""

from dataclasses import dataclass
from typing import Any

from shared import paths
from shared.dataset import reader
from tools.splitter import sheet
from tools.splitter.config import DuplicatesConfig
from tools.splitter.near_duplicates import find_near_duplicates
from tools.splitter.sheet import Leak, Place

_MAX_LISTED = 50
_BETWEEN = {"people": "two people", "takes": "two takes"}


@dataclass(frozen=True)
class Duplicates(sheet.Compared):
    """The pictures that were found twice, between two people or two takes (`across`)."""

    across: str
    pairs: tuple[Leak, ...]

    @property
    def exit_code(self) -> int:
        """1 if a picture is there twice."""
        return 1 if self.pairs else 0

    def as_text(self) -> str:
        """List the pairs."""
        what = f"{self.dataset.name}, {self.n_pictures} pictures"
        if not self.pairs:
            return f"no duplicate: {what}; no picture is shared by {_BETWEEN[self.across]}"
        lines = [f"{len(self.pairs)} pairs of sequences of {_BETWEEN[self.across]} share a picture: {what}"]
        lines += [f"  {pair.describe()}" for pair in self.pairs[:_MAX_LISTED]]
        if len(self.pairs) > _MAX_LISTED:
            lines.append(f"  … and {len(self.pairs) - _MAX_LISTED} more (--json lists all)")
        return "\n".join([*lines, f"→ {paths.shown(self.sheet)}" if self.sheet else ""])

    def as_json(self) -> dict[str, Any]:
        """Give the pairs and where they are drawn."""
        return {
            "dataset": self.dataset.reference(),
            "across": self.across,
            "n_pictures": self.n_pictures,
            "pairs": [{key: value for key, value in pair.as_json().items() if key != "splits"} for pair in self.pairs],
            "sheet": str(self.sheet) if self.sheet else None,
        }


def list_duplicates(config: DuplicatesConfig) -> Duplicates:
    """Look for pictures that are there twice, and draw the pairs.

    Raises:
        InvalidInput: The dataset is not valid, or a picture cannot be read.
    """
    dataset = reader.open_dataset(config.dataset)
    pairs = [
        Leak(
            sheet.kind_of(pair),
            Place(pair.first, pair.files[0]),
            Place(pair.second, pair.files[1]),
            correlation=pair.correlation,
            n_pairs=pair.n_pairs,
        )
        for pair in find_near_duplicates(dataset, config.across)
    ]
    order = {kind: number for number, kind in enumerate(sheet.KINDS)}
    pairs.sort(key=lambda pair: (order[pair.kind], -(pair.correlation or 0), pair.first.file))
    target = config.out / "duplicates.png"
    target.unlink(missing_ok=True)  # the sheet of an earlier run is out of date
    if pairs:
        title = f"{len(pairs)} pairs of {_BETWEEN[config.across]} share a picture"
        sheet.write_sheet(dataset, pairs, target, title)
    n_pictures = sum(row.frame_count for row in dataset.rows)
    return Duplicates(dataset, n_pictures, target if pairs else None, config.across, tuple(pairs))
