"""One worker process: encoded pictures in, rows of features out. Started by `tools.featurizer.pool`, never by hand.

A worker ends when its pipe does, so it outlives neither a finished run nor a killed one.
"""

import contextlib
import queue
import sys
import threading
import types
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.dataset.feature_store import row_dtype
from shared.dataset.reader import decode_picture
from shared.errors import SmilebenchError
from shared.faces.landmarker import FaceLandmarker
from shared.system import portable


@dataclass(frozen=True)
class Picture:
    """A picture that is to be read.

    Attributes:
        path: Where it lies, for errors.
        sha256: Of its bytes: 32 bytes.
        data: The encoded picture.
    """

    path: str
    sha256: bytes
    data: bytes


@dataclass(frozen=True)
class Job:
    """What is the same for all pictures.

    Attributes:
        kind: ``landmarks`` or ``blendshapes``.
        model: The landmarker's file.
        width_px: Of every picture.
        height_px: Of every picture.
    """

    kind: str
    model: Path
    width_px: int
    height_px: int


def work(pipe: Connection, job: Job) -> None:
    """Answer each list of pictures with the bytes of as many rows, until the pipe ends.

    Args:
        pipe: Receives lists of `Picture`; sends ("rows", bytes), or ("problem", fields of an error) and ends.
        job: How to read them.
    """
    portable.ignore_interrupts()
    inbox: queue.SimpleQueue[list[Picture] | None] = queue.SimpleQueue()
    # A thread of its own takes pictures in, so that parent and worker never both wait for the other to take something.
    threading.Thread(target=_receive, args=(pipe, inbox), daemon=True).start()
    try:
        _answer(pipe, inbox, job)
    except BrokenPipeError:
        pass  # the parent is gone
    except SmilebenchError as error:
        fields = {key: getattr(error, key) for key in ("exit_code", "what", "found", "expected", "todo")}
        with contextlib.suppress(BrokenPipeError):  # another worker has reported it already, and the parent is gone
            pipe.send(("problem", fields))


def _receive(pipe: Connection, inbox: "queue.SimpleQueue[list[Picture] | None]") -> None:
    try:
        while True:
            inbox.put(pipe.recv())
    except (EOFError, OSError):
        inbox.put(None)


def _answer(pipe: Connection, inbox: "queue.SimpleQueue[list[Picture] | None]", job: Job) -> None:
    import cv2

    cv2.setNumThreads(1)
    _do_without_matplotlib()
    with FaceLandmarker(job.model) as landmarker:
        while pictures := inbox.get():
            rows = np.zeros(len(pictures), row_dtype(job.kind))
            for row, picture in zip(rows, pictures, strict=True):
                decoded = decode_picture(picture.data, picture.path, job.width_px, job.height_px)
                fill_row(row, picture.sha256, landmarker, decoded)
            pipe.send(("rows", rows.tobytes()))


def _do_without_matplotlib() -> None:
    """Spare this process the import of matplotlib: a second and 40 MB for a drawing that no worker makes.

    mediapipe always imports it; nothing else in a worker does.
    """
    for name in ("matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]  # type: ignore[attr-defined]


def fill_row(row: Any, sha256: bytes, landmarker: FaceLandmarker, picture_rgb_hwc_u8: U8) -> None:
    """Read a picture into a row of a store.

    Args:
        row: A row of `shared.dataset.feature_store.row_dtype`; written to.
        sha256: Of the encoded picture.
        landmarker: Reads it.
        picture_rgb_hwc_u8: (H, W, 3).
    """
    reading = landmarker.read(picture_rgb_hwc_u8)
    row["picture_sha256"] = np.frombuffer(sha256, np.uint8)
    row["n_faces"] = reading.n_faces
    row["blendshapes"] = np.nan if reading.blendshapes is None else reading.blendshapes
    if "landmarks" in row.dtype.names:
        row["landmarks"] = np.nan if reading.points is None else reading.points
