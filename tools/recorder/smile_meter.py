"""Reads the smile score over a take while it is recorded, in a thread of its own: one reading each 100 ms.

Needs mediapipe and the Face Landmarker's file; without them there is no meter, and takes are not judged by their smile.
Every reading is made, however busy the computer is: those left over are made when the take ends.
"""

import queue
import threading
from pathlib import Path

import cv2
import numpy as np

from shared import cli
from shared.arrays import U8
from shared.dataset.protocol import Protocol
from shared.errors import MissingOutside
from shared.faces import landmarker
from shared.system import portable
from tools.recorder.smile_curve import INTERVAL_MS, SmileCurve, judge

_SIZE_PX = 480  # longer side of the pictures read, at least: the landmarker's own nets see 128 and 256 pixels of them
_EPSILON_S = 1e-6


class SmileMeter:
    """Reads smile scores of one take after another.

    Args:
        model: The Face Landmarker's file.
        protocol: Says when to smile.
    """

    def __init__(self, model: Path, protocol: Protocol) -> None:
        self._model = model
        self._protocol = protocol
        self._looks: queue.SimpleQueue[tuple[list[float | None], int, U8] | threading.Event | None]
        self._looks = queue.SimpleQueue()
        self._scores: list[float | None] = []
        self._last = -1
        self._failure: Exception | None = None
        self.model_sha256 = ""
        self._thread = threading.Thread(target=self._run, name="smile", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Begin a take: what was seen before is forgotten."""
        self._scores, self._last = [], -1

    def add(self, time_s: float, frame_rgb_hwc_u8: U8) -> None:
        """Offer each frame; one a tenth of a second is looked at."""
        place = int((time_s + _EPSILON_S) * 1000 / INTERVAL_MS)
        if place > self._last:
            self._last = place
            self._scores.extend([None] * (place + 1 - len(self._scores)))
            self._looks.put((self._scores, place, _shrink(frame_rgb_hwc_u8)))

    def finish(self) -> SmileCurve:
        """Wait until every reading is made, and judge the take."""
        done = threading.Event()
        self._looks.put(done)
        done.wait()
        if self._failure is not None:
            raise self._failure
        return judge(self._scores, self._protocol)

    def _run(self) -> None:
        portable.lower_thread_priority()
        try:
            with landmarker.FaceLandmarker(self._model) as reader:
                self.model_sha256 = reader.model_sha256
                while (item := self._looks.get()) is not None:
                    if isinstance(item, threading.Event):
                        item.set()
                    elif item[0] is self._scores:  # else of a take that was dropped
                        scores, place, picture = item
                        reading = reader.read(picture)
                        if reading.blendshapes is not None:
                            scores[place] = float(landmarker.smile_score(reading.blendshapes))
        except Exception as error:  # raised in the main thread when the take ends
            self._failure = error
            while (item := self._looks.get()) is not None:
                if isinstance(item, threading.Event):
                    item.set()

    def close(self) -> None:
        """End the thread."""
        self._looks.put(None)
        self._thread.join(timeout=10.0)


def _shrink(frame_rgb_hwc_u8: U8) -> U8:
    """Make a whole picture small: what lies around a face that fills the stored square helps to find it."""
    height, width = frame_rgb_hwc_u8.shape[:2]
    times = max(height, width) // _SIZE_PX  # a whole number: OpenCV's fast way, and this is the recording's own thread
    if times <= 1:
        return frame_rgb_hwc_u8
    size = width // times, height // times
    return np.asarray(cv2.resize(frame_rgb_hwc_u8, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def open_meter(chosen: str | None, protocol: Protocol) -> SmileMeter | None:
    """Make a meter, where mediapipe and the model are at hand; a note names what is missing.

    Args:
        chosen: The value of --landmark-model: a path, or ``none``; None looks for it.
        protocol: Says when to smile.

    Raises:
        MissingOutside: A file was named and is not there.
    """
    import importlib.util

    if chosen == "none":
        return None
    try:
        model = landmarker.find_model(chosen)
    except MissingOutside:
        if chosen is not None:
            raise
        cli.note("recorder: note: no landmark model: smiles are not checked; fetch it once: ./inv fetch-models")
        return None
    if importlib.util.find_spec("mediapipe") is None:
        cli.note("recorder: note: no mediapipe: smiles are not checked; pip install 'smilebench[featurizer]'")
        return None
    return SmileMeter(model, protocol)
