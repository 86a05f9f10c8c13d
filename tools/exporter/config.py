"""Settings of an export. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

TARGETS = ("onnx", "litert")

if TYPE_CHECKING:
    from shared.statistics.thresholds import Objective


@dataclass(frozen=True)
class ExportConfig:
    """Settings of an export.

    Attributes:
        run: The training run's folder.
        checkpoint: Name of one of its checkpoints: best, last or epoch_0010.
        dataset: The dataset that it was trained on.
        split: The run's frozen split.
        out: The model's folder.
        threshold: The decision threshold; None chooses it on the validation people.
        objective: What it is chosen for.
        calibrate: Whether a temperature is fitted on the validation people and carried into the graph.
        allow_no_consent: Use people without a consent row too.
        target: ``onnx``, or ``litert`` for phones as well.
    """

    run: Path
    checkpoint: str
    dataset: Path
    split: Path
    out: Path
    threshold: float | None
    objective: "Objective"
    calibrate: bool
    allow_no_consent: bool = False
    target: str = "onnx"


@dataclass(frozen=True)
class EnsembleConfig:
    """Settings of an ensemble.

    Attributes:
        models: The members' ONNX files, two or more.
        out: The ensemble's folder.
        dataset: Where the threshold is chosen and the gain is judged; None for the members' own.
        threshold: The decision threshold; None chooses it, or takes the members' mean.
        objective: What it is chosen for.
        allow_no_consent: Use people without a consent row too.
        any_size: Write it even where it is larger than a page downloads.
    """

    models: tuple[Path, ...]
    out: Path
    dataset: Path | None
    threshold: float | None
    objective: "Objective"
    allow_no_consent: bool
    any_size: bool
