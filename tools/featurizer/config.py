"""Settings of the featurizer. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FeaturizeConfig:
    """What to read, and how.

    Attributes:
        dataset: The dataset's folder.
        kind: One of `shared.onnx.contract.FEATURE_KINDS`.
        out: The store's folder; None for artifacts/features/<dataset>/<kind>.
        landmark_model: The .task file; None looks for it.
        provider: Of `shared.onnx.contract.PROVIDERS`: what gives the channels of ``emotions``.
        model: The provider's file, or a model's name; None where the provider has a known one.
        face_model: What finds the face for it, as --face-model takes it.
        workers: Processes that read pictures.
        address: Of the Ray cluster whose nodes read them instead; None for processes.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    kind: str
    out: Path | None
    landmark_model: str | None
    provider: str
    model: str | None
    face_model: str | None
    workers: int
    address: str | None = None
    allow_no_consent: bool = False
