"""Settings of model-fetcher. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

NAMES = ("yunet", "face_landmarker")


@dataclass(frozen=True)
class FetchModelsConfig:
    """What to fetch, and from where.

    Attributes:
        names: Of `NAMES`.
        source: A folder to copy from; None for the network.
    """

    names: tuple[str, ...]
    source: Path | None
