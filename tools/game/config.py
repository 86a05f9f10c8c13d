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
        keep: The dataset that kept moments go to; None keeps nothing, and the page has no button for it.
        given_by: Who consents on the page: ``self`` or ``guardian``.
        face_model: As --face-model was given.
        clips: The team's own folder of clips and pictures to laugh at; None tells jokes only.
    """

    handoff: Path
    model: str | None
    port: int
    opens_browser: bool
    lang: Lang
    keep: Path | None = None
    given_by: str = "self"
    face_model: str | None = None
    clips: Path | None = None


@dataclass(frozen=True)
class EndpointConfig:
    """What the keep endpoint alone serves.

    Attributes:
        dataset: Where moments go.
        people: csv of pseudonyms and the hashes of their tokens.
        origins: Pages that may ask, as their browsers name them; empty where page and endpoint share an address.
        port: On 127.0.0.1; 0 chooses a free one.
        given_by: Who consents on the page: ``self`` or ``guardian``.
        face_model: As --face-model was given.
    """

    dataset: Path
    people: Path
    origins: tuple[str, ...]
    port: int
    given_by: str
    face_model: str | None
