"""Looks at what the camera sees before and during a take, by the recorder's own limits: the page's traffic light.

Holds one picture at a time, in memory; writes nothing.
"""

import importlib.util
import threading
from pathlib import Path
from typing import Any

import numpy as np

from shared import preprocess
from shared.dataset.protocol import Protocol
from shared.dataset.quality import Limits, faults_of, measure_picture
from shared.errors import MissingOutside
from shared.faces import landmarker
from shared.faces.detector import FaceFinder, open_finder
from tools.studio.record.ivf import jpeg_size
from tools.studio.record.refusal import Code, Refused

MOST_BYTES = 1 << 20
_MOST_SIDE_PX = 1920
_SMILE_SIDE_PX = 480  # as the recorder's smile meter


class Looker:
    """Judges single pictures, one at a time: who comes while another is judged is told to come again.

    Args:
        face_model: As --face-model: a path, ``none``, or None to look for it.
    """

    def __init__(self, face_model: str | None = None) -> None:
        self._face_model = face_model
        self._guard = threading.Lock()
        self._finder: FaceFinder | None = None
        self._reader: landmarker.FaceLandmarker | None = None
        self._is_open = False

    def look(self, picture_jpeg: bytes, protocol: Protocol) -> dict[str, Any] | None:
        """Judge a picture.

        Args:
            picture_jpeg: What the camera sees, whole, not mirrored.
            protocol: Gives the limits.

        Returns:
            ``fault``, the first one or None; ``box``, the face as fractions of the stored square, or None; ``smile``,
            0 to 1, or None; and whether it ``knows_faces`` and ``knows_smiles``. None where another one is looked at.

        Raises:
            Refused: No JPEG, or too large a one.
        """
        import cv2

        size = jpeg_size(picture_jpeg)
        if size is None or max(size) > _MOST_SIDE_PX or min(size) < 16:
            raise Refused(Code.BAD_REQUEST, f"expected a JPEG of at most {_MOST_SIDE_PX} pixels a side")
        if not self._guard.acquire(blocking=False):
            return None
        try:
            self._open()
            rgb = cv2.imdecode(np.frombuffer(picture_jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
            if rgb is None:
                raise Refused(Code.BAD_REQUEST, "a JPEG that cannot be read")
            picture = np.asarray(rgb, dtype=np.uint8)
            side = protocol.image_size_px
            found = measure_picture(preprocess.crop_and_resize(picture, side), self._finder)
            faults = faults_of(found, Limits.of(protocol.document))
            smile: float | None = None
            if self._reader is not None:
                times = max(1, max(size) // _SMILE_SIDE_PX)
                small = cv2.resize(picture, (size[0] // times, size[1] // times), interpolation=cv2.INTER_AREA)
                reading = self._reader.read(np.asarray(small, dtype=np.uint8))
                if reading.blendshapes is not None:
                    smile = round(float(landmarker.smile_score(reading.blendshapes)), 3)
            return {
                "fault": faults[0] if faults else None,
                "box": None if found.face is None else [round(v / side, 4) for v in found.face.box_xyxy_px],
                "smile": smile,
                "knows_faces": self._finder is not None,
                "knows_smiles": self._reader is not None,
            }
        finally:
            self._guard.release()

    def _open(self) -> None:
        """Load the models, where they are, with the first picture."""
        if self._is_open:
            return
        self._is_open = True
        self._finder = open_finder(self._face_model)
        model: Path | None = None
        try:
            model = landmarker.find_model() if importlib.util.find_spec("mediapipe") else None
        except MissingOutside:
            return
        if model is not None:
            self._reader = landmarker.FaceLandmarker(model)

    def close(self) -> None:
        """Let go of the models."""
        with self._guard:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
