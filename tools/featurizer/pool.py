"""Worker processes that read pictures side by side; never more pictures in memory than the workers can have at hand."""

import contextlib
import multiprocessing
from collections.abc import Iterable, Iterator
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.dataset.feature_store import row_dtype
from shared.errors import CheckFailed
from tools.featurizer.worker import Job, Picture, error_of, work

PICTURES_A_TASK = 8
TASKS_A_WORKER = 2  # one in work and one waiting, so that no worker waits for the parent
GRACE_S = 5.0


class _Worker:
    """A process, the parent's end of its pipe and what it has to do."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the parent's threads' locks
        self.pipe: Connection
        self.pipe, worker_end = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(worker_end, job), daemon=True)
        self.process.start()
        worker_end.close()  # else the end of the process would not end the pipe
        self.tasks: list[list[Picture]] = []

    def give(self, task: list[Picture]) -> None:
        self.tasks.append(task)
        with contextlib.suppress(BrokenPipeError):  # it has ended; `take` says why
            self.pipe.send(task)

    def take(self, job: Job) -> npt.NDArray[Any]:
        """Return the rows of its oldest task.

        Raises:
            SmilebenchError: What the worker met, or that it ended.
        """
        try:
            what, content = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join(GRACE_S)
            raise CheckFailed(
                f"a worker process, at {self.tasks[0][0].path} or one of the {PICTURES_A_TASK - 1} after it",
                found=f"its end (exit code {self.process.exitcode})",
                expected="features",
                todo="what was read is kept: run the same command again, with fewer --workers if memory was short",
            ) from None
        if what == "problem":
            raise error_of(content)
        self.tasks.pop(0)
        return np.frombuffer(content, row_dtype(job.kind, job.reading))

    def end(self) -> None:
        self.pipe.close()
        self.process.join(GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


def read_faces(pictures: Iterable[Picture], job: Job, n_workers: int) -> Iterator[npt.NDArray[Any]]:
    """Read pictures with several processes.

    Args:
        pictures: Taken from the iterator as the workers need them. No worker is started before there is one.
        job: How to read them.
        n_workers: Processes, 1 or more.

    Yields:
        Rows of `shared.dataset.feature_store.row_dtype`, a few at a time, in the order in which they are done.
        Each knows the hash of its picture.

    Raises:
        InvalidInput: A picture is broken or of another size, or the model file is not a Face Landmarker.
        CheckFailed: A worker died.
    """
    stream = iter(pictures)
    workers: list[_Worker] = []
    try:
        while task := list(islice(stream, PICTURES_A_TASK)):
            if len(workers) < n_workers:
                workers.append(_Worker(job))
                workers[-1].give(task)
                continue
            free = [worker for worker in workers if len(worker.tasks) < TASKS_A_WORKER]
            if not free:
                yield from _take_ready(workers, job)
                free = [worker for worker in workers if len(worker.tasks) < TASKS_A_WORKER]
            min(free, key=lambda worker: len(worker.tasks)).give(task)
        while any(worker.tasks for worker in workers):
            yield from _take_ready(workers, job)
    finally:
        for worker in workers:
            worker.end()


def _take_ready(workers: list[_Worker], job: Job) -> Iterator[npt.NDArray[Any]]:
    """Wait until one worker or more has an answer, and yield it."""
    busy = {worker.pipe: worker for worker in workers if worker.tasks}
    for pipe in wait(list(busy)):
        yield busy[pipe].take(job)  # type: ignore[index]
