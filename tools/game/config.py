"""Settings of the game. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang


@dataclass(frozen=True)
class GameConfig:
    """What to play with, and where.

    Attributes:
        handoff: The hand-off folder.
        model: Its name as given, for the hint what to run; None where none was given.
        port: On 127.0.0.1; 0 chooses a free one.
        opens_browser: Open the page in the user's browser.
        lang: The page's first language.
    """

    handoff: Path
    model: str | None
    port: int
    opens_browser: bool
    lang: Lang
