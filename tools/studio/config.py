"""Settings of the studio. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class StatusConfig:
    """What is told.

    Attributes:
        dataset: Folder of the one dataset that is asked for, with the models that learned from it; None: everything.
        lang: Language of the text.
    """

    dataset: Path | None
    lang: Lang
