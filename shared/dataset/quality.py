"""Measures whether a labelled sequence can be used: faces, sharpness, light, pose, evenness of its times.

The same measures stand behind the recorder's traffic light and the judgement of a take. Limits come from the protocol
(its ``quality``), what it doesn't name from the defaults here. Works on the pictures as they are stored. Reads and
writes nothing; which label is right is `tools.recorder.smile_curve`'s question.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.faces.detector import Face, FaceFinder

# In the order in which they are told: the first fault that a person mends often mends the others.
FAULTS = (
    *("blank", "dark", "bright", "no_face", "many_faces", "small_face", "blurred", "tilted", "turned"),
    "uneven",
)
# A second face counts from the size on at which one recognises who it is: 20 of 224 pixels. Of 351 pictures of 13 films
# of one person each, none has a second one of any size.
_RECOGNISABLE_SHARE = 0.09
_MOST_WITH_OTHERS = 0.2  # of a sequence's pictures that may show somebody else: one of five
_BLANK_CONTRAST = 0.012  # three grey levels: a covered lens, a black room, the green of a broken stream
_DARK_WITHOUT_FACE = 0.06  # of the whole picture, in which a lit face may stand before a black wall


@dataclass(frozen=True)
class Limits:
    """What is still good; see schemas/protocol.schema.json.

    Source: our own choice, from 998 photos of faces (GENKI-4K and tight crops) cut to 224 px. 99 % of the whole photos
    have a face height of 0.24 or more and a sharpness of 16 or more (4 in crops that were enlarged three times), while
    a blur of 2 pixels leaves a median of 5; grey of the face 0.23 to 0.83; tilt at most 20 degrees, turn at most 0.6.
    """

    min_face_share: float = 0.18
    min_sharpness: float = 8.0
    min_brightness: float = 0.15
    max_brightness: float = 0.9
    max_roll_deg: float = 25.0
    max_turn: float = 0.6
    max_jitter_ms: float = 50.0
    min_smile_rise: float = 0.1

    @staticmethod
    def of(protocol_document: Mapping[str, Any]) -> "Limits":
        """Take the limits that a protocol names, and the defaults for the others."""
        return Limits(**protocol_document.get("quality", {}))


@dataclass(frozen=True)
class PictureQuality:
    """What was measured on one picture.

    Attributes:
        n_faces: The largest, and all others that can be recognised; None where nobody looked for faces.
        face: The largest, or None.
        face_share: Its height over the picture's.
        sharpness: Variance of the Laplacian of the face (of the picture where no face is known), grey levels squared.
        brightness: Mean grey of the same, 0 to 1.
        contrast: Standard deviation of the whole picture's grey, 0 to 1.
    """

    n_faces: int | None
    face: Face | None
    face_share: float | None
    sharpness: float
    brightness: float
    contrast: float


def measure_picture(picture_rgb_hwc_u8: U8, finder: FaceFinder | None) -> PictureQuality:
    """Measure a picture.

    Args:
        picture_rgb_hwc_u8: (S, S, 3), as it is stored: cropped and resized.
        finder: Looks for faces; None leaves them out.
    """
    import cv2

    grey = np.asarray(cv2.cvtColor(picture_rgb_hwc_u8, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    faces = finder.find(picture_rgb_hwc_u8) if finder is not None else []
    face = faces[0] if faces else None
    part = grey if face is None else _inside(grey, face)
    return PictureQuality(
        n_faces=None if finder is None else _count_recognisable(faces, grey.shape[0]),
        face=face,
        face_share=None if face is None else face.height_px / grey.shape[0],
        sharpness=float(cv2.Laplacian(part, cv2.CV_64F).var()),
        brightness=float(part.mean()) / 255,
        contrast=float(grey.std()) / 255,
    )


def _count_recognisable(faces: Sequence[Face], side_px: int) -> int:
    """Count the largest face, and those beside it whose person can be recognised."""
    return len(faces[:1]) + sum(other.height_px >= _RECOGNISABLE_SHARE * side_px for other in faces[1:])


def _inside(grey: U8, face: Face) -> U8:
    """Cut the face out of a picture; the whole picture where the box lies beside it."""
    x0, y0, x1, y1 = (round(value) for value in face.box_xyxy_px)
    part = grey[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    return part if min(part.shape) >= 3 else grey


def faults_of(found: PictureQuality, limits: Limits) -> list[str]:
    """Name what is wrong with a picture, the most telling first; empty where it is good."""
    if found.contrast < _BLANK_CONTRAST:
        return ["blank"]
    wrong = {
        "no_face": found.n_faces == 0,
        "many_faces": (found.n_faces or 0) > 1,
        "small_face": found.face_share is not None and found.face_share < limits.min_face_share,
        "dark": found.brightness < (_DARK_WITHOUT_FACE if found.face is None else limits.min_brightness),
        "bright": found.brightness > limits.max_brightness,
        "blurred": found.face is not None and found.sharpness < limits.min_sharpness,
        "tilted": found.face is not None and abs(found.face.roll_deg) > limits.max_roll_deg,
        "turned": found.face is not None and abs(found.face.turn) > limits.max_turn,
    }
    return [fault for fault in FAULTS if wrong.get(fault)]


@dataclass(frozen=True)
class SequenceQuality:
    """What was measured on a sequence: medians over its pictures, and its faults.

    Attributes:
        jitter_ms: Largest difference of a frame's time from its place in an even sequence.
        faults: Those of more than half of its pictures, ``many_faces`` of more than a fifth, and ``uneven``.
    """

    n_faces: int | None
    face_share: float | None
    sharpness: float
    brightness: float
    contrast: float
    roll_deg: float | None
    turn: float | None
    jitter_ms: float
    faults: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Give the values as a take's record holds them, without the sequence's id."""
        values = {**vars(self), "faults": list(self.faults)}
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}


def jitter_ms(frame_times_ms: Sequence[float], interval_ms: float) -> float:
    """Measure how far times lie from an even pace.

    Args:
        frame_times_ms: Of the sequence's frames.
        interval_ms: What the protocol asks for.

    Returns:
        The largest distance of a frame from its place when the places are laid so that it is least.

    Example:
        >>> jitter_ms([0, 110, 200, 290, 400], 100)
        10.0
    """
    late = [time - index * interval_ms for index, time in enumerate(frame_times_ms)]
    return (max(late) - min(late)) / 2


def measure_sequence(
    frames_thwc_u8: U8,
    frame_times_ms: Sequence[float],
    interval_ms: float,
    finder: FaceFinder | None,
    limits: Limits,
) -> SequenceQuality:
    """Measure a sequence.

    Args:
        frames_thwc_u8: (T, S, S, 3), as they are stored.
        frame_times_ms: When they were taken.
        interval_ms: What the protocol asks for.
        finder: Looks for faces; None leaves out what needs them.
        limits: What is still good.
    """
    pictures = [measure_picture(frame, finder) for frame in frames_thwc_u8]
    wrong = [fault for picture in pictures for fault in faults_of(picture, limits)]
    uneven_ms = jitter_ms(frame_times_ms, interval_ms)
    least = {"many_faces": _MOST_WITH_OTHERS}
    faults = [fault for fault in FAULTS if wrong.count(fault) > least.get(fault, 0.5) * len(pictures)]
    faults += ["uneven"] if uneven_ms > limits.max_jitter_ms else []
    faces = [picture.face for picture in pictures if picture.face is not None]
    return SequenceQuality(
        n_faces=None if finder is None else round(statistics.median(picture.n_faces or 0 for picture in pictures)),
        face_share=_median([picture.face_share for picture in pictures if picture.face_share is not None]),
        sharpness=statistics.median(picture.sharpness for picture in pictures),
        brightness=statistics.median(picture.brightness for picture in pictures),
        contrast=statistics.median(picture.contrast for picture in pictures),
        roll_deg=_median([face.roll_deg for face in faces]),
        turn=_median([face.turn for face in faces]),
        jitter_ms=uneven_ms,
        faults=tuple(faults),
    )


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
