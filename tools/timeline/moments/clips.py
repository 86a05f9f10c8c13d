"""The score of trained models of clips: the seconds around each beat, judged as the models have learned clips.

Reads models and, of those that learned here, which films they have learned from. A model is asked about a film with the
channels of the same provider, found by their names. Writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths
from shared.arrays import F32, F64
from shared.dataset.bulk_writer import read_origins
from shared.dataset.feature_store import nearest_with_face, require_provider
from shared.errors import InvalidInput
from shared.onnx.contract import CLIPS
from shared.onnx.model import OnnxModel
from shared.statistics.metrics import DEFAULT_THRESHOLD
from tools.timeline.moments import curves
from tools.timeline.table.rows import Timeline

CLIP_S = 6.0
_RATE_SLACK = 0.01


@dataclass(frozen=True)
class Trained:
    """What trained models say of a film.

    Attributes:
        names: Of the models.
        hashes: Of their files.
        output: What they give, such as ``funny_prob``.
        threshold: The mean of their own.
        scores: (models, beats) probabilities; nan where nobody is seen.
    """

    names: tuple[str, ...]
    hashes: tuple[str, ...]
    output: str
    threshold: float
    scores: F64


def score_by_models(timeline: Timeline, files: Sequence[Path], track: int | None) -> Trained:
    """Score a film by models of clips.

    Models that have learned from this very film are left out, where others are given.

    Raises:
        InvalidInput: A file is no model of clips, or takes other channels or another rate than the timeline's.
    """
    models = [_open(file, timeline) for file in files]
    outputs = sorted({model.prob_name for model in models})
    if len(outputs) > 1:
        raise InvalidInput("--clip-model", found=f"models of {' and '.join(outputs)}", expected="models of one class")
    biased = [model for model in models if _has_learned(model, timeline)]
    if biased:
        what = f"{len(biased)} of {len(models)} models have learned from {timeline.manifest['film']['file']}"
        told = "they are left out" if len(biased) < len(models) else "what they find in it says nothing of other films"
        cli.note(f"warning: {what}; {told}")
    chosen = [model for model in models if model not in biased] or models
    thresholds = [DEFAULT_THRESHOLD if model.threshold is None else model.threshold for model in chosen]
    return Trained(
        tuple(_name(model) for model in chosen),
        tuple(contracts.sha256_file(model.path) for model in chosen),
        outputs[0],
        float(np.mean(thresholds)),
        np.stack([_score(model, timeline, track) for model in chosen]),
    )


def _open(file: Path, timeline: Timeline) -> OnnxModel:
    model = OnnxModel(file, threads=1)
    if model.kind != CLIPS:
        todo = "train one: ./inv train --network clip_lstm"
        raise InvalidInput(str(file), found=f"a model of {model.kind}", expected="one of clips", todo=todo)
    require_provider(model.provider, timeline.manifest["provider"], timeline.name)
    if curves.rate(timeline) * _interval_s(model) < 1 - _RATE_SLACK:
        learned = 1 / _interval_s(model)
        todo = f"make the timeline again: ./inv timeline --rate {learned:g}"
        found = f"{curves.rate(timeline):g} frames a second"
        raise InvalidInput(timeline.name, found=found, expected=f"{learned:g}, as the model has learned", todo=todo)
    return model


def _interval_s(model: OnnxModel) -> float:
    return float(model.metadata.get("frame_interval_ms", 500)) / 1000


def _name(model: OnnxModel) -> str:
    name = str(model.metadata.get("model_id", model.path.stem)).strip('"')
    return name if paths.is_name(name) else f"model-{contracts.sha256_file(model.path)[:8]}"


def _score(model: OnnxModel, timeline: Timeline, track: int | None) -> F64:
    """Return the probability of the clip around each beat, by the steps that the film has of it."""
    names, rate = model.provider["channels"], curves.rate(timeline)
    values = np.stack([curves.channel(timeline, name, track) for name in names], axis=1).astype(np.float32)
    interval_s = _interval_s(model)
    half = round(CLIP_S / 2 / interval_s)
    offsets = np.round(np.arange(-half, half + 1) * interval_s * rate).astype(int)
    found = np.full(len(values), np.nan)
    for beat in range(len(values)):
        places = beat + offsets
        clip = _fill(values[places[(places >= 0) & (places < len(values))]])
        if clip is not None:
            found[beat] = model.run(clip[None]).smile_prob[0]
    return found


def _fill(clip: F32) -> F32 | None:
    """Give steps without a face the nearest one's channels, as in training; None where none has a face."""
    nearest = nearest_with_face(~np.isnan(clip).any(1))
    return None if nearest is None else np.ascontiguousarray(clip[nearest])


def _has_learned(model: OnnxModel, timeline: Timeline) -> bool:
    """Tell whether a model that was trained here has learned from this film, or has chosen its threshold on it."""
    card_file = model.path.with_name(paths.MODEL_CARD)
    if not card_file.is_file():
        return False
    card: dict[str, Any] = contracts.read_document(card_file, "model")
    folder = paths.dataset_dir(card["dataset"]["name"])
    split_file = paths.artifacts("splits") / (card["split"] or {"file": ""})["file"]
    if not split_file.is_file():
        return False
    sides = contracts.read_document(split_file, "split")["sides"]
    learned = {name for part in ("train", "validation") for name in sides[part]["sequences"]}
    film = timeline.manifest["film"]["sha256"]
    return any(origin.sha256 == film and name in learned for name, origin in read_origins(folder).items())
