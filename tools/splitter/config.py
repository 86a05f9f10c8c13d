"""Settings of the splitter's commands. Light to import; the command line fills them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SplitConfig:
    """A split, or folds, to be frozen.

    Attributes:
        dataset: The dataset's folder.
        seed: Random seed; the first of `n_seeds`.
        n_folds: Folds per seed; None for one split or for `leave_one_out`.
        leave_one_out: One person per fold.
        n_seeds: With how many seeds the folds are drawn.
        test: The test people of one split; empty for nobody, None to draw them.
        out: Folder of the split files.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    seed: int
    n_folds: int | None
    leave_one_out: bool
    n_seeds: int
    test: tuple[str, ...] | None
    out: Path
    allow_no_consent: bool = False


@dataclass(frozen=True)
class CheckConfig:
    """A search for leaks.

    Attributes:
        dataset: The dataset's folder.
        splits: Split files; empty for all frozen splits of the dataset with its current labels.
        out: Folder of the sheet of pairs.
    """

    dataset: Path
    splits: tuple[Path, ...]
    out: Path


@dataclass(frozen=True)
class DuplicatesConfig:
    """A search for pictures that are there twice.

    Attributes:
        dataset: The dataset's folder.
        across: ``people`` or ``takes``.
        out: Folder of the sheet of pairs.
    """

    dataset: Path
    across: str
    out: Path
