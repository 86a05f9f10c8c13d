"""ONNX classifiers of one grey face, described by a JSON beside them (emotion_mini_xception.json shows how).

Reads both files; writes nothing. Knows no meaning of the classes.

    classifier = FaceClassifier(Path("emotion_mini_xception.onnx"))
    classifier.read(face_picture)           # (K,) from 0 to 1, in the order of classifier.classes
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import F32, U8
from shared.errors import InvalidInput
from shared.onnx.session import open_session

_NORMALIZATION = "(pixel / 255 - 0.5) * 2"
MARGIN = 0.1  # of the face's box, on each side: what such a classifier sees


class FaceClassifier:
    """A loaded classifier. For one thread at a time.

    Args:
        path: The ONNX file; its JSON has the same name.
        card: What the JSON says; None reads it.

    Raises:
        InvalidInput: A file is missing, or describes another input than (1, S, S, 1) grey from -1 to 1.

    Attributes:
        classes: What the numbers stand for, in order.
    """

    def __init__(self, path: Path, card: dict[str, Any] | None = None) -> None:
        card = contracts.read_json(path.with_suffix(".json")) if card is None else card
        try:
            _, side, _, channels = card["input"]["shape"]
            self.classes = tuple(str(name) for name in card["output"]["classes"])
            self._input: str = card["input"]["name"]
            is_known = card["input"]["normalization"] == _NORMALIZATION and channels == 1 and bool(self.classes)
        except (KeyError, TypeError, ValueError):
            is_known = False
        if not is_known:
            raise InvalidInput(
                str(path.with_suffix(".json")),
                found=json.dumps(card)[:80],
                expected=f"shape (1, S, S, 1), '{_NORMALIZATION}' and the names of the classes",
            )
        self._side = int(side)
        self._session = open_session(path, str(path), 1)
        self._path = path

    def read(self, face_rgb_hwc_u8: U8) -> F32:
        """Classify a face that fills its picture, any size; gives a number for each class.

        Raises:
            InvalidInput: The graph gives another number of classes than its JSON names.
        """
        import cv2

        grey = cv2.cvtColor(face_rgb_hwc_u8, cv2.COLOR_RGB2GRAY)
        values = cv2.resize(grey, (self._side, self._side), interpolation=cv2.INTER_AREA).astype(np.float32)
        (scores,) = self._session.run(None, {self._input: ((values / 255 - 0.5) * 2)[None, :, :, None]})
        found = np.asarray(scores, np.float32).reshape(-1)
        if found.size != len(self.classes):
            raise InvalidInput(str(self._path), found=f"{found.size} numbers", expected=", ".join(self.classes))
        return found
