"""What the splitter is asked to do. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SplitConfig:
    """What is to be frozen.

    Attributes:
        dataset: The dataset's folder.
        seed: Decides who goes where; the first one where there are several.
        n_folds: Folds a seed; None for one split, or for one person a fold.
        leave_one_out: One person a fold.
        n_seeds: How often the folds are drawn anew.
        test: Who is tested on; empty for nobody, None to draw them. For one split.
        out: Folder of the split files.
    """

    dataset: Path
    seed: int
    n_folds: int | None
    leave_one_out: bool
    n_seeds: int
    test: tuple[str, ...] | None
    out: Path


@dataclass(frozen=True)
class CheckConfig:
    """What is looked through for leaks.

    Attributes:
        dataset: The dataset's folder.
        splits: Split files; none means all frozen splits of this state of the dataset.
        out: Folder of the picture of the pairs.
    """

    dataset: Path
    splits: tuple[Path, ...]
    out: Path


@dataclass(frozen=True)
class DuplicatesConfig:
    """What is looked through for pictures that are there twice.

    Attributes:
        dataset: The dataset's folder.
        across: ``people`` or ``takes``.
        out: Folder of the picture of the pairs.
    """

    dataset: Path
    across: str
    out: Path
