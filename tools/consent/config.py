"""Settings of the consent tool. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RecordConfig:
    """A row to be appended.

    Attributes:
        dataset: The dataset's folder.
        subject_id: The person's pseudonym.
        scopes: What the person agrees to from then on; empty takes everything back.
        given_by: ``self`` or ``guardian``.
        given_utc: When it was said or signed; None is now.
        until_utc: Until when; None is as long as the statement says.
        method: ``paper``, ``screen`` or ``import``.
        lang: In which language the statement was read.
    """

    dataset: Path
    subject_id: str
    scopes: tuple[str, ...]
    given_by: str
    given_utc: str | None
    until_utc: str | None
    method: str
    lang: str


@dataclass(frozen=True)
class RightsConfig:
    """Rights to be declared.

    Attributes:
        dataset: The dataset's folder.
        source: Which sequences they cover: ``photo``, ``film`` or ``any``.
        licence: Its name.
        basis: Why these pictures may be used: where they are from, and what their people agreed to.
    """

    dataset: Path
    source: str
    licence: str
    basis: str
