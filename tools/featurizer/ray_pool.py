"""Reads pictures on the nodes of a Ray cluster: small shards of pictures out, rows of features back.

Pictures and model files travel, so a node needs the project's packages and nothing of the dataset. What a lost node had
in hand is given to another one by Ray; rows are written here alone, so the store is the same as with processes.
"""

import atexit
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import contracts, paths, provenance
from shared.arrays import U8
from shared.dataset.feature_store import row_dtype
from shared.errors import CheckFailed, InvalidInput, SmilebenchError
from shared.system import ray_cluster
from tools.featurizer.worker import Job, Picture, error_of, fields_of, open_reader, read_rows

PICTURES_A_TASK = 64  # about a second of work
TASKS_A_CORE = 2  # one in work and one waiting
RETRIES = 3
_NO_FINDER = "none"
_OPEN = ExitStack()  # a node's process keeps its readers until it ends
atexit.register(_OPEN.close)


@dataclasses.dataclass(frozen=True)
class Files:
    """The model files of a job, as they travel to a node.

    Attributes:
        model: Name and bytes of the landmarker's file or the provider's.
        face_model: The same of the face detector's; None without one.
    """

    model: tuple[str, bytes]
    face_model: tuple[str, bytes] | None


def read_faces(pictures: Iterable[Picture], job: Job, face_model: Path | None, address: str) -> Iterator[Any]:
    """Read pictures on a Ray cluster.

    Args:
        pictures: Taken from the iterator as the cluster needs them.
        job: How to read them.
        face_model: The face detector's file for a provider; None where no face is looked for.
        address: Of the cluster.

    Yields:
        Rows of `shared.dataset.feature_store.row_dtype`, those of a task at a time, as tasks end.

    Raises:
        InvalidInput: A picture is broken or of another size, or a node's mediapipe is another version.
        MissingOutside: No ray or no such cluster, or a node lacks a package.
        CheckFailed: Ray lost a task more than RETRIES times.
    """
    stream = iter(pictures)
    if not (first := list(islice(stream, PICTURES_A_TASK))):
        return
    ray = ray_cluster.connect(address)
    try:
        files = ray.put(Files(_packed(job.model), _packed(face_model) if face_model else None))
        task = ray.remote(num_cpus=1, max_retries=RETRIES)(read_here)
        at_once = TASKS_A_CORE * max(1, int(ray.cluster_resources().get("CPU", 1)))
        waiting = {task.remote(job, files, first): first[0].path}
        while waiting:
            while len(waiting) < at_once and (shard := list(islice(stream, PICTURES_A_TASK))):
                waiting[task.remote(job, files, shard)] = shard[0].path
            (ready,), _ = ray.wait(list(waiting), num_returns=1)
            yield _rows_of(ray, ready, waiting.pop(ready), job)
    finally:
        ray.shutdown()


def _packed(path: Path) -> tuple[str, bytes]:
    return path.name, path.read_bytes()


def _rows_of(ray: Any, answer: Any, path: str, job: Job) -> npt.NDArray[Any]:
    """Return a finished task's rows."""
    try:
        what, content = ray.get(answer)
    except (ray.exceptions.RayError, ModuleNotFoundError) as error:
        raise CheckFailed(
            f"the pictures from {path} on",
            found=f"Ray lost them: {ray_cluster.one_line(error)}",
            expected="features",
            todo="what was read is kept: run the same command again",
        ) from None
    if what == "problem":
        raise error_of(content)
    return np.frombuffer(content, row_dtype(job.kind, job.reading))


def read_here(job: Job, files: Files, pictures: list[Picture]) -> tuple[str, Any]:
    """Read a shard on a node.

    Returns:
        ("rows", bytes), or ("problem", fields of an error).
    """
    try:
        return "rows", read_rows(_reader_of(_Here(job, files)), pictures, job).tobytes()
    except SmilebenchError as error:
        return "problem", fields_of(error)


class _Here:
    """A job and its files, equal to another one of the same content: a node's process opens a reader once."""

    def __init__(self, job: Job, files: Files) -> None:
        self.job, self.files = job, files
        parts = [hashlib.sha256(each[1]).hexdigest() for each in (files.model, files.face_model) if each]
        self.key = contracts.sha256_json([job.kind, job.width_px, job.height_px, job.reading, *parts])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Here) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@functools.lru_cache(maxsize=1)
def _reader_of(here: _Here) -> Callable[[Any, U8], None]:
    """Open what fills a row, and keep it open for the next shard."""
    import cv2

    cv2.setNumThreads(1)  # a task takes one core
    named = here.job.reading.get("mediapipe")
    found = provenance.code_info("mediapipe")["packages"].get("mediapipe")
    if named not in (None, found):
        raise InvalidInput(
            "a node of the cluster",
            found=f"mediapipe {found or 'missing'}",
            expected=f"mediapipe {named}, as here",
            todo="install the same versions on every node",
        )
    model = _unpacked(here.files.model)
    face_model = str(_unpacked(here.files.face_model)) if here.files.face_model else _NO_FINDER
    job = dataclasses.replace(here.job, model=model, face_model=face_model)
    return _OPEN.enter_context(open_reader(job))


def _unpacked(packed: tuple[str, bytes]) -> Path:
    """Write a model file into this computer's own workspace, once."""
    name, data = packed
    path = paths.artifacts("cache") / f"model-{hashlib.sha256(data).hexdigest()[:16]}" / name
    if not path.is_file() or path.stat().st_size != len(data):
        contracts.write_bytes(path, data)
    return path
