"""Settings of a page of mistakes. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class MistakesConfig:
    """Whose mistakes are shown, and how.

    Attributes:
        results: A results document of the evaluator.
        dataset: The dataset's folder; None for the one that the results name.
        out: The page's folder; None for one under artifacts/reports.
        most: So many mistakes at most.
        most_near: So many right decisions nearest to the threshold after them.
        no_faces: Leave all pictures out.
        allow_no_consent: Show people without a consent row too.
        lang: The language that the page opens in.
    """

    results: Path
    dataset: Path | None
    out: Path | None
    most: int
    most_near: int
    no_faces: bool
    allow_no_consent: bool
    lang: Lang
