"""Settings of the verifier. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class VerifyConfig:
    """What is checked.

    Attributes:
        dataset: The dataset's folder.
        most: Problems of one kind to show.
    """

    dataset: Path
    most: int
