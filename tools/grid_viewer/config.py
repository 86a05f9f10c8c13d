"""Settings of grid-viewer. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class GridConfig:
    """What to show, and where.

    Attributes:
        dataset: The dataset's folder.
        out: The folder for sheets and page; None for artifacts/grids/<dataset>.
        labels: Show only these labels; empty for all.
        subjects: Show only these people; empty for all.
        rows_per_page: Lines of pictures on a sheet.
        lang: ``en`` or ``ko``: the sheets' language, and the page's first.
    """

    dataset: Path
    out: Path | None
    labels: tuple[str, ...]
    subjects: tuple[str, ...]
    rows_per_page: int
    lang: Lang
