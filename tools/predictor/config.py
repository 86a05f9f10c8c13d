"""Settings of a prediction. Light to import; the command line fills it."""

from dataclasses import dataclass
from pathlib import Path

from shared.text.catalogue import Lang

BLENDSHAPES = "blendshapes"  # what --model names for MediaPipe's smile, which needs no training
STDIN = "-"


@dataclass(frozen=True)
class PredictConfig:
    """What is predicted, by what.

    Attributes:
        files: Photos, films and folders as they were typed; ``-`` for what comes in: a picture, a film, or names.
        model: A name or an .onnx file; None for the newest, `BLENDSHAPES` for MediaPipe's smile.
        threshold: The decision threshold; None takes the model's own, else the default.
        not_sure: Scores between which the answer is not sure; None takes the model's own.
        every_s: Seconds between two decisions on a film.
        out: A csv of all predictions; None writes none.
        face_model: As --face-model takes it.
        landmark_model: As --landmark-model takes it.
        threads: Threads of onnxruntime; 0 lets it decide.
        lang: The language of the screen.
    """

    files: tuple[str, ...]
    model: str | None
    threshold: float | None
    not_sure: tuple[float, float] | None
    every_s: float
    out: Path | None
    face_model: str | None
    landmark_model: str | None
    threads: int
    lang: Lang
