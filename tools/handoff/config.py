"""Settings of a hand-off. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class HandoffConfig:
    """Settings of a hand-off.

    Attributes:
        model: The ONNX; its model.json and weights.safetensors lie beside it.
        out: The folder to write; None is artifacts/handoff/<model_id>.
        release_threshold: Where a smile ends; None is 0.8 of the threshold.
        is_signed: Sign the folder with the team's key.
        key: The key's file; None is the workspace's, which is made if there is none.
        min_duration_ms: How long a smile lasts before it counts; None is one frame interval, 100 for photos.
    """

    model: Path
    out: Path | None = None
    release_threshold: float | None = None
    min_duration_ms: float | None = None
    is_signed: bool = False
    key: Path | None = None
