"""Face boxes by YuNet (OpenCV's FaceDetectorYN): where faces are, how they are tilted and turned.

The model file is not part of the project: `find_model` looks for it, ``./inv fetch-models`` gets it. Reads nothing else
and writes nothing. Not for landmarks and blendshapes: those are `shared.faces.landmarker`.

    finder = open_finder()                        # None where there is no model
    faces = finder.find(picture)                  # the largest first
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import U8
from shared.errors import InvalidInput, MissingOutside
from shared.faces import landmarker

MODEL_NAME = "face_detection_yunet_2023mar.onnx"
KNOWN_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
NO_MODEL = "none"  # what --face-model is given by who wants no faces looked for
# Measured: of 998 photos of faces the least score is 0.86 and 99 % score above 0.88; a cartoon of the trial films 0.6.
_MIN_SCORE = 0.7
_OVERLAP = 0.3
_MOST = 20
_CLOSE_PX, _CLOSE_ROOM = 320, 1.5
_MOST_LOOKS, _UPRIGHT_DEG = 3, 4.0


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        box_xyxy_px: Left, top, right, bottom; may reach beyond the picture.
        score: The detector's, 0 to 1.
        roll_deg: Tilt of the line between the eyes; positive when it falls to the picture's right.
        turn: Offset of the nose from the middle of the eyes along their line, in distances between the eyes; about 0
            from the front, 0.25 at the 95th percentile of photos of people who look at the camera, above 0.5 in
            profile. Not an angle.
        eyes_xy_px: The right and the left eye, as the detector sees them; None where they are not known.
    """

    box_xyxy_px: tuple[float, float, float, float]
    score: float
    roll_deg: float
    turn: float
    eyes_xy_px: tuple[tuple[float, float], tuple[float, float]] | None = None

    @property
    def height_px(self) -> float:
        """How high the box is."""
        return self.box_xyxy_px[3] - self.box_xyxy_px[1]


class FaceFinder:
    """A loaded face detector. For one thread at a time.

    Args:
        model: The ONNX file.

    Raises:
        InvalidInput: The file is not there or no YuNet.
    """

    def __init__(self, model: Path) -> None:
        import cv2

        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it warns of targets that nobody asked for
        self.model_sha256 = contracts.sha256_file(model)
        try:
            self._detector: Any = cv2.FaceDetectorYN.create(str(model), "", (224, 224), _MIN_SCORE, _OVERLAP, _MOST)
            self.find(np.zeros((224, 224, 3), np.uint8))
        except cv2.error:
            raise InvalidInput(
                str(model), found="no face detector", expected=MODEL_NAME, todo="get it again: ./inv fetch-models"
            ) from None

    def find(self, picture_rgb_hwc_u8: U8, *, with_pose: bool = True) -> list[Face]:
        """Find faces; the largest first.

        Args:
            picture_rgb_hwc_u8: (H, W, 3), RGB. A small one (224 px) takes milliseconds and finds faces from about 10
                pixels on.
            with_pose: Whether the largest is looked at again, for its tilt and turn; boxes alone take a fraction.

        Returns:
            The faces. The largest is looked at again from close by, and turned upright until it is: YuNet draws the
            points of a tilted face too upright. Of seven people a tilt of 20 degrees reads as 3, as 12 to 21 from
            close by, and as 16 to 25 turned upright; one of 40 degrees as 13 to 35 from close by, and as 36 to 44
            turned upright, but for one side of one face (13, for want of a second look that found it).
        """
        bgr = np.ascontiguousarray(picture_rgb_hwc_u8[:, :, ::-1])
        faces = sorted(self._detect(bgr), key=lambda face: -face.height_px)
        if faces and with_pose:
            faces[0] = self._look_again(bgr, faces[0])
        return faces

    def _look_again(self, picture_bgr: U8, face: Face) -> Face:
        """Measure a face's tilt and turn from close by."""
        roll_deg, seen = 0.0, face
        for _ in range(_MOST_LOOKS):
            closer = self._detect(_close_up(picture_bgr, face, roll_deg))
            if not closer:
                break
            chief = max(closer, key=lambda one: one.height_px)
            roll_deg += chief.roll_deg
            seen = replace(face, roll_deg=roll_deg, turn=chief.turn)
            if abs(chief.roll_deg) < _UPRIGHT_DEG:
                break
        return seen

    def _detect(self, picture_bgr: U8) -> list[Face]:
        height, width = picture_bgr.shape[:2]
        self._detector.setInputSize((width, height))
        _, found = self._detector.detect(picture_bgr)
        return [] if found is None else [_read(row) for row in found.tolist()]


def _close_up(picture_bgr: U8, face: Face, roll_deg: float) -> U8:
    """Cut a square around a face, make it large, and turn it back by its tilt."""
    import cv2

    x0, y0, x1, y1 = face.box_xyxy_px
    scale = _CLOSE_PX / (_CLOSE_ROOM * max(x1 - x0, y1 - y0, 1.0))
    centre = (x0 + x1) / 2, (y0 + y1) / 2
    to_square = cv2.getRotationMatrix2D(centre, roll_deg, scale)
    to_square[:, 2] += _CLOSE_PX / 2 - np.array(centre)
    square = cv2.warpAffine(picture_bgr, to_square, (_CLOSE_PX, _CLOSE_PX), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(square, dtype=np.uint8)


def _read(row: Sequence[float]) -> Face:
    """Turn a row of YuNet (box, right eye, left eye, nose, mouth corners, score) into a face."""
    x, y, width, height, right_x, right_y, left_x, left_y, nose_x, nose_y = row[:10]
    along_x, along_y = left_x - right_x, left_y - right_y
    apart_px = max(math.hypot(along_x, along_y), 1e-6)
    middle_x, middle_y = (right_x + left_x) / 2, (right_y + left_y) / 2
    offset = ((nose_x - middle_x) * along_x + (nose_y - middle_y) * along_y) / apart_px**2
    eyes = (right_x, right_y), (left_x, left_y)
    return Face((x, y, x + width, y + height), row[14], math.degrees(math.atan2(along_y, along_x)), offset, eyes)


def find_model(chosen: str | None = None) -> Path | None:
    """Return the detector's file, or None where there is none.

    Args:
        chosen: What --face-model was given: a path, or ``none``; None looks among the fetched models and the assets.

    Raises:
        InvalidInput: A file was named and is not there.
    """
    if chosen == NO_MODEL:
        return None
    if chosen is not None:
        path = Path(chosen).expanduser()
        if not path.is_file():
            raise InvalidInput(str(path), found="no such file", expected=MODEL_NAME, todo="get it: ./inv fetch-models")
        return path
    return next((f / MODEL_NAME for f in landmarker.model_folders() if (f / MODEL_NAME).is_file()), None)


def open_finder(chosen: str | None = None) -> FaceFinder | None:
    """Load the detector, where there is one; see `find_model`."""
    model = find_model(chosen)
    return None if model is None else FaceFinder(model)


def require_finder(chosen: str | None = None) -> FaceFinder | None:
    """Load the detector; None only where ``none`` was chosen: the whole picture is the face.

    Raises:
        MissingOutside: There is no detector here.
    """
    finder = open_finder(chosen)
    if finder is None and chosen != NO_MODEL:
        todo = "get it: ./inv fetch-models (or --face-model none: the whole picture is the face)"
        raise MissingOutside("the face detector", found="none", expected="it", todo=todo)
    return finder
