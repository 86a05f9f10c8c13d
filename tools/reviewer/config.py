"""Settings of the reviewer's commands. Light to import; the command line fills them."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class ReviewConfig:
    """A review page to serve.

    Attributes:
        dataset: The dataset's folder.
        reviewer: A pseudonym.
        port: 0 chooses the usual port of this dataset and reviewer, or the next free one.
        score_files: Files given by `--scores`.
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
        min_reviewers: How many reviewers must have made a decision; the preferred reviewer's counts alone.
        prefer: Whose decision counts where reviewers disagree, or None.
        keep_unsure: Keep the sequences on which the reviewers are unsure in the dataset.
    """

    min_reviewers: int = 1
    prefer: str | None = None
    keep_unsure: bool = False
