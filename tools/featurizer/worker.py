"""One worker process: encoded pictures in, rows of features out. Started by `tools.featurizer.pool`, never by hand.

A worker ends when its pipe does, so it outlives neither a finished run nor a killed one.
"""

import contextlib
import functools
import queue
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shared.arrays import U8
from shared.dataset.feature_store import row_dtype
from shared.dataset.reader import decode_picture
from shared.errors import InvalidInput, MissingOutside, SmilebenchError
from shared.faces.landmarker import FaceLandmarker
from shared.onnx.contract import CLIPS
from shared.system import portable

if TYPE_CHECKING:
    from shared.faces.detector import FaceFinder
    from shared.faces.providers import Provider


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
        kind: One of `shared.onnx.contract.FEATURE_KINDS`.
        model: The landmarker's file, or the provider's.
        width_px: Of every picture.
        height_px: Of every picture.
        reading: As the store's manifest has it; names the provider of ``emotions``.
        face_model: What finds the face for a provider, as --face-model takes it.
    """

    kind: str
    model: Path
    width_px: int
    height_px: int
    reading: Mapping[str, Any]
    face_model: str | None = None


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
        with contextlib.suppress(BrokenPipeError):  # another worker has reported it already, and the parent is gone
            pipe.send(("problem", fields_of(error)))


def fields_of(error: SmilebenchError) -> dict[str, Any]:
    """Take an error apart, so that it can travel."""
    return {key: getattr(error, key) for key in ("exit_code", "what", "found", "expected", "todo")}


def error_of(fields: Mapping[str, Any]) -> SmilebenchError:
    """Put an error together again that `fields_of` took apart."""
    kind = MissingOutside if fields["exit_code"] == MissingOutside.exit_code else InvalidInput
    return kind(**{key: value for key, value in fields.items() if key != "exit_code"})


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
    with open_reader(job) as fill:
        while pictures := inbox.get():
            pipe.send(("rows", read_rows(fill, pictures, job).tobytes()))


def read_rows(fill: Callable[[Any, U8], None], pictures: Sequence[Picture], job: Job) -> npt.NDArray[Any]:
    """Read pictures into rows of `shared.dataset.feature_store.row_dtype`.

    Args:
        fill: From `open_reader`.
        pictures: What is read.
        job: How.
    """
    rows = np.zeros(len(pictures), row_dtype(job.kind, job.reading))
    for row, picture in zip(rows, pictures, strict=True):
        decoded = decode_picture(picture.data, picture.path, job.width_px, job.height_px)
        row["picture_sha256"] = np.frombuffer(picture.sha256, np.uint8)
        fill(row, decoded)
    return rows


@contextlib.contextmanager
def open_reader(job: Job) -> Iterator[Callable[[Any, U8], None]]:
    """Open what fills a row from a picture, as ``fill(row, picture_rgb_hwc_u8)``."""
    if job.kind != CLIPS:
        with FaceLandmarker(job.model) as landmarker:
            yield functools.partial(fill_row, landmarker)
        return
    from shared.faces.detector import open_finder
    from shared.faces.providers import open_provider

    name, model = job.reading["provider"]["name"], str(job.model)
    is_landmarker = name == "blendshapes"
    with open_provider(name, None if is_landmarker else model, model if is_landmarker else None) as provider:
        yield functools.partial(fill_channels, provider, open_finder(job.face_model))


def _do_without_matplotlib() -> None:
    """Spare this process the import of matplotlib: a second and 40 MB for a drawing that no worker makes.

    mediapipe always imports it; nothing else in a worker does.
    """
    for name in ("matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]  # type: ignore[attr-defined]


def fill_row(landmarker: FaceLandmarker, row: Any, picture_rgb_hwc_u8: U8) -> None:
    """Read a picture into a row of a store.

    Args:
        landmarker: Reads it.
        row: A row of `shared.dataset.feature_store.row_dtype`; written to.
        picture_rgb_hwc_u8: (H, W, 3).
    """
    reading = landmarker.read(picture_rgb_hwc_u8)
    row["n_faces"] = reading.n_faces
    row["blendshapes"] = np.nan if reading.blendshapes is None else reading.blendshapes
    if "landmarks" in row.dtype.names:
        row["landmarks"] = np.nan if reading.points is None else reading.points


def fill_channels(provider: "Provider", finder: "FaceFinder | None", row: Any, picture_rgb_hwc_u8: U8) -> None:
    """Read the provider's channels of a picture's largest face into a row; nan where it sees nothing.

    Args:
        provider: Gives them.
        finder: Finds the face; None where the whole picture is the face.
        row: As for `fill_row`.
        picture_rgb_hwc_u8: (H, W, 3).
    """
    faces = finder.find(picture_rgb_hwc_u8) if finder else [None]
    values = provider.read(picture_rgb_hwc_u8, faces[0]) if faces else np.nan
    row[CLIPS] = values
    row["n_faces"] = 0 if np.isnan(values).any() else min(len(faces), 255)
