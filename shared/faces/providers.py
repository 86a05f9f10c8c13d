"""Providers: what gives named channels for a face, of a film or of a picture. Each says which of its channels mean fun.

- ``blendshapes``: MediaPipe's 52.
- ``emotions``: a classifier of one grey face with a JSON beside it, such as emotion_mini_xception (7).
- ``enet``: EmotiEffLib's enet_b0_8_va_mtl as ONNX (8 emotions, valence, arousal).
- ``model``: any detector of the house's contract, shown the same picture as often as it takes frames.

Reads model files; writes nothing. No provider finds faces: a face and its picture are given.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from shared import contracts, paths
from shared.arrays import F32, U8
from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput, MissingOutside, WrongUsage
from shared.faces import classifier, landmarker
from shared.faces.detector import Face
from shared.onnx.contract import class_of
from shared.onnx.model import OnnxModel
from shared.onnx.session import open_session, run_session
from shared.preprocess import crop_and_resize, to_batch

FUN = ("smile", "happy", "happiness", "joy", "laughter", "funny", "amusement")  # names of channels that mean it
XCEPTION = "emotion_mini_xception.onnx"
ENET = "enet_b0_8_va_mtl.onnx"
# Source: EmotiEffLib (Apache-2.0), the order of its ten outputs; only the first eight are logits.
ENET_CHANNELS = (
    *("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
    *("valence", "arousal"),
)
_N_LOGITS = 8
_MEAN, _STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
_LANDMARK_ROOM, _LANDMARK_PX = 1.8, 256
_MODEL_ROOM = 2.0  # side of what a detector sees, in sides of the face's box: about what a webcam's square shows
_MOST_SHRINKING = 8
# Of mouthSmile: one in 20 of 248 people's neutral photos is above 0.35; of smiles, 5 in 100 lie between 0.3 and 0.4.
_MOST_RESTING, _SMILE_THRESHOLD = 0.3, 0.35


@dataclass(frozen=True)
class About:
    """What a provider is.

    Attributes:
        name: Of `shared.onnx.contract.PROVIDERS`.
        file: Its model's file name.
        sha256: Of that file.
        channels: Names of its numbers, in order.
        fun: Channels whose mean is the score of funny moments; none where no name says so.
        threshold: Of the score: a moment begins above it.
        resting: How much of the score a person's resting face may account for.
        arousal: The channel of arousal, or None.
    """

    name: str
    file: str
    sha256: str
    channels: tuple[str, ...]
    fun: tuple[str, ...]
    threshold: float = 0.4  # measured on seven people, see README.md
    resting: float = 0.0
    arousal: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Describe it as timeline.json does."""
        return {**asdict(self), "channels": list(self.channels), "fun": list(self.fun)}


class Provider(Protocol):
    """Gives the channels of a face.

    Attributes:
        about: What it is.
        path: Its model's file.
    """

    about: About
    path: Path

    def read(self, picture_rgb_hwc_u8: U8, face: Face | None) -> F32:
        """Return (K,) numbers, nan where it sees nothing; without a face the whole picture's square counts."""


def cut_upright(picture_rgb_hwc_u8: U8, face: Face, room: float, size_px: int) -> U8:
    """Cut a square around a face, turned so that the eyes lie level; what lies outside repeats the border.

    Args:
        picture_rgb_hwc_u8: The picture.
        face: Where the face is, and how it is tilted.
        room: Side of the square, in longer sides of the face's box.
        size_px: Side of the result. Averaged where it is smaller than what it shows.

    Returns:
        (size_px, size_px, 3), RGB.
    """
    x0, y0, x1, y1 = face.box_xyxy_px
    side = max(room * max(x1 - x0, y1 - y0), 2.0)
    times = min(max(1, round(side / size_px)), _MOST_SHRINKING)
    scale = times * size_px / side
    centre = (x0 + x1) / 2, (y0 + y1) / 2
    to_square = cv2.getRotationMatrix2D(centre, face.roll_deg, scale)
    to_square[:, 2] += times * size_px / 2 - np.array(centre)
    shape = (times * size_px, times * size_px)
    square = cv2.warpAffine(picture_rgb_hwc_u8, to_square, shape, borderMode=cv2.BORDER_REPLICATE)
    shrunk = square if times == 1 else cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def _cut(picture: U8, face: Face | None, room: float, size_px: int) -> U8:
    return crop_and_resize(picture, size_px) if face is None else cut_upright(picture, face, room, size_px)


class Blendshapes:
    """MediaPipe's 52 blendshapes."""

    def __init__(self, loaded: landmarker.FaceLandmarker) -> None:
        self._landmarker, name, self.path = loaded, loaded.model.name, loaded.model
        fun = tuple(landmarker.BLENDSHAPES[place] for place in (landmarker.SMILE_LEFT, landmarker.SMILE_RIGHT))
        shapes = landmarker.BLENDSHAPES
        self.about = About("blendshapes", name, loaded.model_sha256, shapes, fun, _SMILE_THRESHOLD, _MOST_RESTING)

    def read(self, picture_rgb_hwc_u8: U8, face: Face | None) -> F32:
        """Return the blendshapes; nan where MediaPipe finds no face in the cut."""
        reading = self._landmarker.read(_cut(picture_rgb_hwc_u8, face, _LANDMARK_ROOM, _LANDMARK_PX))
        if reading.blendshapes is None:
            return np.full(landmarker.N_BLENDSHAPES, np.nan, np.float32)
        return reading.blendshapes


class Emotions:
    """A classifier of one grey face."""

    def __init__(self, path: Path) -> None:
        self._classifier, self.path = classifier.FaceClassifier(path), path
        names = self._classifier.classes
        fun, arousal = _fun_of(names), "arousal" if "arousal" in names else None
        self.about = About("emotions", path.name, contracts.sha256_file(path), names, fun, arousal=arousal)

    def read(self, picture_rgb_hwc_u8: U8, face: Face | None) -> F32:
        """Return a number for each class."""
        return self._classifier.read(_cut(picture_rgb_hwc_u8, face, 1 + 2 * classifier.MARGIN, 2 * _LANDMARK_PX // 4))


class Enet:
    """EmotiEffLib's EfficientNet-B0 of eight emotions, valence and arousal.

    Its code is Apache-2.0; its weights were learned from AffectNet, whose terms are for research.
    """

    def __init__(self, path: Path) -> None:
        self._session, self.path = open_session(path, str(path), 1), path
        (first, *more) = self._session.get_inputs()
        if more or list(first.shape[1:]) != [3, 224, 224] or first.type != "tensor(float)":
            raise InvalidInput(str(path), found=f"the input {first.shape} {first.type}", expected="(N, 3, 224, 224)")
        self._input = first.name
        sha256 = contracts.sha256_file(path)
        self.about = About("enet", path.name, sha256, ENET_CHANNELS, ("happiness",), arousal="arousal")

    def read(self, picture_rgb_hwc_u8: U8, face: Face | None) -> F32:
        """Return eight probabilities (softmax over the first eight outputs), valence and arousal."""
        cut = _cut(picture_rgb_hwc_u8, face, 1.0, 224).astype(np.float32) / 255
        values = ((cut - _MEAN) / _STD).transpose(2, 0, 1)[None]
        outputs = run_session(self._session, {self._input: np.ascontiguousarray(values)}, str(self.path))
        found = np.asarray(next(iter(outputs.values())), np.float32).reshape(-1)
        if found.size != len(ENET_CHANNELS):
            expected = f"{len(ENET_CHANNELS)}: {', '.join(ENET_CHANNELS)}"
            raise InvalidInput(str(self.path), found=f"{found.size} outputs", expected=expected)
        powers = np.exp(found[:_N_LOGITS] - found[:_N_LOGITS].max())
        return np.concatenate([powers / powers.sum(), found[_N_LOGITS:]]).astype(np.float32)


class Detector:
    """A detector of the house's contract: its class, and its seven emotions where it has them."""

    def __init__(self, path: Path) -> None:
        self._model, self.path = OnnxModel(path, threads=1), path
        if self._model.kind != "frames" or not self._model.frame_count:
            raise InvalidInput(str(path), found=f"a model of {self._model.kind}", expected="one of pictures")
        logits = self._model.run(np.zeros((1, *self._shape()), np.float32)).emotion_logits
        self._n_logits = 0 if logits is None else logits.shape[1]
        if self._n_logits not in (0, len(EMOTIONS)):
            raise InvalidInput(str(path), found=f"{self._n_logits} emotion_logits", expected=str(len(EMOTIONS)))
        channel = class_of(self._model.prob_name)
        channels = (channel, *EMOTIONS) if self._n_logits else (channel,)
        threshold = About.threshold if self._model.threshold is None else self._model.threshold
        self.about = About("model", path.name, contracts.sha256_file(path), channels, (channel,), threshold)

    def _shape(self) -> tuple[int, int, int, int]:
        size = self._model.image_size_px
        return self._model.frame_count, 3, size, size

    def read(self, picture_rgb_hwc_u8: U8, face: Face | None) -> F32:
        """Return the probability of its class, then of the emotions, for a picture that stands still."""
        cut = _cut(picture_rgb_hwc_u8, face, _MODEL_ROOM, self._model.image_size_px)
        scores = self._model.run(to_batch(np.stack([cut] * self._model.frame_count)))
        if scores.emotion_logits is None:
            return scores.smile_prob[:1]
        powers = np.exp(scores.emotion_logits[0] - scores.emotion_logits[0].max())
        return np.concatenate([scores.smile_prob[:1], powers / powers.sum()]).astype(np.float32)


@contextlib.contextmanager
def open_provider(name: str, model: str | None = None, landmark_model: str | None = None) -> Iterator[Provider]:
    """Open the provider that was chosen, and close it.

    Args:
        name: Of `shared.onnx.contract.PROVIDERS`.
        model: Its file, or the name of a model of this house; None where the provider has a known one.
        landmark_model: As --landmark-model takes it, for blendshapes.

    Raises:
        MissingOutside: Its model file is not here, and none was named.
        InvalidInput: The file is another model than the provider takes.
    """
    if name == "blendshapes":
        with landmarker.FaceLandmarker(landmarker.find_model(landmark_model)) as loaded:
            yield Blendshapes(loaded)
    elif name == "model":
        yield Detector(paths.model_file(str(model)))
    else:
        known = {"emotions": XCEPTION, "enet": ENET}[name]
        path = Path(model).expanduser() if model else _find(known)
        yield Emotions(path) if name == "emotions" else Enet(path)


def require_model(name: str, model: str | None) -> None:
    """Refuse a provider without the model that it needs, and a model beside one that takes none.

    Raises:
        WrongUsage: Says which.
    """
    if name == "model" and not model:
        raise WrongUsage("--model", found="nothing", expected="a model's name or file, with --provider model")
    if name == "blendshapes" and model:
        raise WrongUsage("--model", found=f"{model} with --provider blendshapes", expected="another provider")


def _find(name: str) -> Path:
    """Find a known model among the fetched ones and the assets."""
    found = next((folder / name for folder in landmarker.model_folders() if (folder / name).is_file()), None)
    if found is None:
        folder = paths.shown(paths.artifacts("fetched"))
        todo = "name it: --model FILE" + (", or get it: ./inv fetch-models --only enet" if name == ENET else "")
        raise MissingOutside(name, found="no such file", expected=f"it in {folder}", todo=todo)
    return found


def _fun_of(channels: tuple[str, ...]) -> tuple[str, ...]:
    """Choose the channels whose names mean fun."""
    return tuple(name for name in channels if name.lower() in FUN)
