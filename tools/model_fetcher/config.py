"""Settings of model-fetcher. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

USUAL = ("yunet", "face_landmarker")
NAMES = (*USUAL, "enet", "yamnet", "emotions", "emotions_card")  # the last three have no address: they are copied


@dataclass(frozen=True)
class FetchModelsConfig:
    """What to fetch, and from where.

    Attributes:
        names: Of `NAMES`.
        source: A folder to copy from; None for the network.
    """

    names: tuple[str, ...]
    source: Path | None
