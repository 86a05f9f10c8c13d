"""What predicts: an ONNX of pictures or of face features, or MediaPipe's smile. Reads models; writes nothing.

A judge looks at each picture once (`look`) and decides on what it saw in one or several of them (`decide`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from shared import cli, contracts, paths, stale_models
from shared.arrays import F32, U8
from shared.dataset.feature_store import nearest_with_face
from shared.dataset.protocol import read_protocol
from shared.errors import InvalidInput
from shared.faces.landmarker import FaceLandmarker, FaceReading, find_model, smile_score
from shared.onnx import cards
from shared.onnx.contract import class_of
from shared.onnx.model import OnnxModel
from shared.preprocess import SIZE_PX, to_batch
from shared.statistics import metrics
from shared.statistics.thresholds import align
from tools.predictor.config import BLENDSHAPES, PredictConfig

_SURE = 0.6  # least confidence
_SMILE_THRESHOLD = 0.3  # of MediaPipe's smile: 93.4 % of GENKI-4K, against 91.7 % at 0.5


@dataclass(frozen=True)
class About:
    """What a judge is and how its scores are read.

    Attributes:
        name: The model's id.
        sha256: Of its file.
        positive: The class that scores speak of.
        negative: The other one.
        threshold: A score above it is the positive class.
        threshold_source: ``given``, ``model`` or ``default``.
        is_calibrated: Whether scores are probabilities, by a temperature that was fitted on people.
        interval: The 95 % interval of the threshold; None where none is known.
        frame_count: Pictures that it decides on.
        interval_s: Between two of them.
        size_px: Side of the pictures.
        repeats_photos: Whether a photo is shown to it as often as it takes pictures.
        notes: What a reader must know: keys of the texts.
    """

    name: str
    sha256: str
    positive: str
    negative: str
    threshold: float
    threshold_source: str
    is_calibrated: bool
    interval: tuple[float, float] | None
    frame_count: int
    interval_s: float
    size_px: int
    repeats_photos: bool
    notes: tuple[str, ...]

    def confidence(self, score: float) -> float:
        """Return how likely the label is; of scores that are no probabilities how far they are from the threshold.

        Of the latter the threshold counts as 0.5.
        """
        value = score if self.is_calibrated else align(score, self.threshold)
        return value if score > self.threshold else 1 - value

    def is_sure(self, score: float, given: tuple[float, float] | None) -> bool:
        """Tell whether a score lies outside of the band in which it could be either class."""
        if given is not None:
            return not given[0] <= score <= given[1]
        is_open = self.interval is not None and self.interval[0] <= score <= self.interval[1]
        return not is_open and self.confidence(score) >= _SURE


@dataclass(frozen=True)
class Verdict:
    """A score from 0 to 1, and whether a face was found; None where the judge does not look for one."""

    score: float
    has_face: bool | None = None


class Judge(Protocol):
    """Predicts."""

    about: About

    def look(self, picture_rgb_hwc_u8: U8) -> Any:
        """Return what it sees in a picture of its size."""

    def decide(self, seen: Sequence[Any]) -> Verdict:
        """Decide on what it saw in `About.frame_count` pictures, or in one."""


class PictureJudge:
    """A network of pictures; one picture is shown as often as it takes pictures."""

    def __init__(self, model: OnnxModel, about: About) -> None:
        self._model, self.about = model, about

    def look(self, picture_rgb_hwc_u8: U8) -> U8:
        """Return the picture itself."""
        return picture_rgb_hwc_u8

    def decide(self, seen: Sequence[U8]) -> Verdict:
        """Run the network."""
        shown = seen if len(seen) > 1 else [seen[0]] * self.about.frame_count
        return Verdict(float(self._model.run(to_batch(np.stack(shown))).smile_prob[0]))


class FeatureJudge:
    """A network of landmarks or blendshapes, or MediaPipe's smile where there is none; 0 without a face."""

    def __init__(self, landmarker: FaceLandmarker, model: OnnxModel | None, about: About) -> None:
        self._landmarker, self._model, self.about = landmarker, model, about

    def look(self, picture_rgb_hwc_u8: U8) -> FaceReading:
        """Read the face."""
        return self._landmarker.read(picture_rgb_hwc_u8)

    def decide(self, seen: Sequence[FaceReading]) -> Verdict:
        """Decide; a picture without a face takes the nearest one that has one."""
        nearest = nearest_with_face([reading.found for reading in seen])
        if nearest is None:
            return Verdict(0.0, has_face=False)
        faces = [seen[place] for place in nearest]
        if self._model is None:
            shapes = np.stack([_features(face, BLENDSHAPES) for face in faces])
            return Verdict(float(np.float32(smile_score(shapes).mean())), has_face=True)
        values = np.stack([_features(face, self._model.kind) for face in faces])
        return Verdict(float(self._model.run(values[None]).smile_prob[0]), has_face=True)


def _features(face: FaceReading, kind: str) -> F32:
    values = face.blendshapes if kind == BLENDSHAPES else face.points
    assert values is not None
    return np.ascontiguousarray(values, dtype=np.float32)


@contextmanager
def open_judge(config: PredictConfig) -> Iterator[Judge]:
    """Open what --model means, for as long as it is needed.

    Raises:
        InvalidInput: There is no such model, it is not of the contract, or of another landmarker than is here.
        MissingOutside: It needs MediaPipe's model, which is not here.
    """
    if config.model == BLENDSHAPES and not (paths.artifacts("models") / BLENDSHAPES).is_dir():
        with FaceLandmarker(find_model(config.landmark_model)) as landmarker:
            yield FeatureJudge(landmarker, None, _about_smile(config, landmarker))
        return
    file = cards.find_model(config.model)
    model = OnnxModel(file, config.threads)
    model.refuse_clips()
    about = _describe(config, model)
    if model.kind == "frames":
        yield PictureJudge(model, about)
        return
    with FaceLandmarker(find_model(config.landmark_model)) as landmarker:
        wanted = model.metadata.get("landmark_model_sha256")
        if wanted not in (None, landmarker.model_sha256):
            raise InvalidInput(
                str(landmarker.model),
                found=f"the landmarker {landmarker.model_sha256[:12]}",
                expected=f"{wanted[:12]}, whose features {about.name} learned from",
                todo="name it with --landmark-model",
            )
        yield FeatureJudge(landmarker, model, about)


def _about_smile(config: PredictConfig, landmarker: FaceLandmarker) -> About:
    protocol = read_protocol()
    threshold, source = (_SMILE_THRESHOLD, "default") if config.threshold is None else (config.threshold, "given")
    interval_s = protocol.frame_interval_ms / 1000
    return About(
        BLENDSHAPES, landmarker.model_sha256, "smile", "non_smile", threshold, source, False, None,
        protocol.frame_count, interval_s, SIZE_PX, False, (),
    )  # fmt: skip


def _describe(config: PredictConfig, model: OnnxModel) -> About:
    """Say how a network's scores are read: by its card, else by the notes in the file, else by the defaults."""
    card, protocol = cards.read_card(model.path), read_protocol()
    own = cards.own_threshold(model, card)
    threshold, source = metrics.DEFAULT_THRESHOLD, "default"
    if config.threshold is not None:
        threshold, source = config.threshold, "given"
    elif own is not None:
        threshold, source = float(own["value"]), "model"
    positive = card["positive_class"] if card else class_of(model.prob_name)
    negative = next((name for name in card["classes"] if name != positive), "") if card else f"non_{positive}"
    interval_ms = float(card["frame_interval_ms"] if card else model.metadata.get("frame_interval_ms", 0))
    sha256 = contracts.sha256_file(model.path)
    stale = stale_models.why_stale(sha256)
    is_drawn = card is not None and card["dataset"]["kind"] == "synthetic"
    frame_count = model.frame_count or (card["input"]["shape"][1] if card else protocol.frame_count)
    interval = own["interval"] if own and source == "model" else None
    about = About(
        name=cards.name_of(model.path, card),
        sha256=sha256,
        positive=positive,
        negative=negative,
        threshold=threshold,
        threshold_source=source,
        is_calibrated=card is not None and card["temperature"] is not None,
        interval=(float(interval[0]), float(interval[1])) if interval else None,
        frame_count=frame_count,
        interval_s=(interval_ms or protocol.frame_interval_ms) / 1000,
        size_px=model.image_size_px or SIZE_PX,
        repeats_photos=model.kind == "frames" and frame_count > 1,
        notes=(*(["stale"] if stale else []), *(["drawn"] if is_drawn else [])),
    )
    if stale:
        cli.note(f"warning: this model is {stale}")
    return about
