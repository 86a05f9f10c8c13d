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


@dataclass(frozen=True)
class ServeConfig:
    """How the page is served.

    Attributes:
        port: 0 for the usual one.
        open_browser: Whether to open it at once.
        lang: Language that the page begins in.
        lan: Whether phones of the same network may record.
        lan_address: The address that they reach; None for the usual one.
        dataset: What phones record into, unless a code says otherwise.
    """

    port: int
    open_browser: bool
    lang: Lang
    lan: bool = False
    lan_address: str | None = None
    dataset: str = "people"
