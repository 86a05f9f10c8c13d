"""What each verb of the reviewer is asked to do. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class ReviewConfig:
    """What to serve.

    Attributes:
        dataset: The dataset's folder.
        reviewer: A pseudonym.
        port: 0 takes the dataset's and reviewer's own, or the next free one.
        score_files: Of `--scores`.
        lang: The page's first language.
        open_browser: Whether to open the page.
    """

    dataset: Path
    reviewer: str
    port: int
    score_files: tuple[Path, ...]
    lang: Lang
    open_browser: bool


@dataclass(frozen=True)
class Rules:
    """Which decisions are applied.

    Attributes:
        min_reviewers: How many must have decided so; a preferred reviewer's decision needs no second.
        prefer: Whose decision counts where reviewers disagree, or None.
        keep_unsure: Leave the sequences on which the reviewers are unsure in the dataset, as they are.
    """

    min_reviewers: int = 1
    prefer: str | None = None
    keep_unsure: bool = False
