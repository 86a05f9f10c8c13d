"""Settings of the featurizer. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FeaturizeConfig:
    """What to read, and how.

    Attributes:
        dataset: The dataset's folder.
        kind: ``landmarks`` or ``blendshapes``.
        out: The store's folder; None for artifacts/features/<dataset>/<kind>.
        landmark_model: The .task file; None looks for it.
        workers: Processes that read pictures.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    kind: str
    out: Path | None
    landmark_model: str | None
    workers: int
    allow_no_consent: bool = False
