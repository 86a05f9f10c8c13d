"""Where the cells of a sweep run: in processes of this computer (joblib), or on the nodes of a Ray cluster.

Each cell is a process of its own, so one that dies costs that cell and nothing else; joblib's workers here are threads
that wait for such a process, since a worker process of loky that is killed takes the whole pool with it (LOG.md).
Nothing of a scheduler is written here: joblib and Ray decide what runs when and where.
"""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts, paths
from shared.chain.sweep import cell_files
from shared.chain.sweep.sweep_plan import PLAN, Cell, Plan, read_plan
from shared.errors import MissingOutside, SmilebenchError, first_line
from shared.system import portable, ray_cluster

LOGS = "logs"
_PROJECT = Path(__file__).resolve().parents[3]
_STOPPED = 2
_DIED = 70  # from here on, or below 0, an exit code is no refusal of a tool's: the process has died


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes:
        cell: Its name.
        problem: Why it is not done; None where it is.
        where: The computer.
        files: Its files, where they were made on another computer.
        log: What its tools said there.
    """

    cell: str
    problem: str | None
    where: str = ""
    files: Mapping[str, bytes] | None = None
    log: bytes = b""


class _Running:
    """The cells' processes that this process has started, so that an interruption ends them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.processes: set[subprocess.Popen[bytes]] = set()
        self.is_over = False

    def end(self) -> None:
        """End all, and start none any more."""
        with self.lock:
            self.is_over = True
            for process in list(self.processes):
                portable.kill_group(process)


_RUNNING = _Running()


def run_cell(plan: Plan, cell: Cell, dataset: Path, tries: int) -> Outcome:
    """Do a cell in a process of its own; one that dies is tried again, one that a tool refuses is not.

    Args:
        plan: The plan.
        cell: The cell.
        dataset: The dataset's folder on this computer.
        tries: How often it may die.
    """
    where = socket.gethostname()
    log = plan.folder / LOGS / f"{cell.name}.log"
    try:
        contracts.make_folder(log.parent)
        with filelock.FileLock(log.with_suffix(".lock"), timeout=0):
            for _ in range(tries):
                code = _run_process(plan, cell, dataset, log)
                if 0 <= code < _DIED:
                    break
    except filelock.Timeout:
        return Outcome(cell.name, "another run is at work on it", where)
    except OSError as error:
        return Outcome(cell.name, cli.explain_os_error(error) or first_line(error), where)
    said = log.read_bytes()
    if code == 0:
        return Outcome(cell.name, None, where, log=said)
    died = f"its process died {tries} times (exit code {code})"
    return Outcome(cell.name, died if code < 0 or code >= _DIED else _last_line(said), where, log=said)


def _run_process(plan: Plan, cell: Cell, dataset: Path, log: Path) -> int:
    with log.open("ab") as file:
        how: dict[str, Any] = {"stdout": file, "stderr": file, "stdin": subprocess.DEVNULL, "env": _environment()}
        with _RUNNING.lock:
            if _RUNNING.is_over:
                return _STOPPED
            process = subprocess.Popen(_command(plan, cell, dataset), **how, **portable.own_group())
            _RUNNING.processes.add(process)
        try:
            return process.wait()
        finally:  # a cell that was killed leaves its tools behind
            portable.kill_group(process)
            _RUNNING.processes.discard(process)


def _command(plan: Plan, cell: Cell, dataset: Path) -> list[str]:
    """Return the words of the program that does a cell."""
    return [sys.executable, "-P", "-m", "shared.chain.sweep.sweep_cell", str(plan.folder), cell.name, str(dataset)]


def _environment() -> dict[str, str]:
    """Return this process's environment, in which the project is found also where it is not installed."""
    before = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(_PROJECT), before]))}


def _last_line(log: bytes) -> str:
    """Return the last thing that a tool said."""
    lines = [line for line in log.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it failed and said nothing"


def run_locally(plan: Plan, cells: Sequence[Cell], dataset: Path, workers: int, tries: int) -> Iterator[Outcome]:
    """Do cells side by side on this computer; yields each as it ends.

    Raises:
        MissingOutside: joblib is not installed.
    """
    try:
        from joblib import Parallel, delayed
    except ModuleNotFoundError:
        raise MissingOutside(
            "a sweep",
            found="no Python package 'joblib'",
            expected="the tasks extra",
            todo="pip install 'smilebench[tasks]'",
        ) from None
    pool = Parallel(n_jobs=workers, backend="threading", return_as="generator_unordered")
    try:
        yield from pool(delayed(run_cell)(plan, cell, dataset, tries) for cell in cells)
    except BaseException:
        _RUNNING.end()
        raise


def run_here(package: Mapping[str, bytes], name: str, data: str, tries: int) -> Outcome:
    """Do a cell on a node: unpack the plan into this computer's own workspace, run it, and give its files back.

    Args:
        package: The files of the plan, by name.
        name: The cell.
        data: The dataset's folder; a name under datasets/ where there is no such folder here.
        tries: How often its process may die.
    """
    where = socket.gethostname()
    try:
        folder = paths.artifacts("sweeps") / hashlib.sha256(package[PLAN]).hexdigest()[:16]
        for file, content in sorted(package.items(), key=lambda item: item[0] == PLAN):  # the plan last
            if not (folder / file).is_file() or (folder / file).read_bytes() != content:
                contracts.write_bytes(folder / file, content)
        plan = read_plan(folder)
        dataset = Path(data) if (Path(data) / "dataset.json").is_file() else paths.dataset_dir(Path(data).name)
        outcome = run_cell(plan, plan.cell(name), dataset, tries)
        made = cell_files.read_made(plan, plan.cell(name)) if outcome.problem is None else None
    except SmilebenchError as error:
        return Outcome(name, str(error), where)
    except OSError as error:
        return Outcome(name, cli.explain_os_error(error) or first_line(error), where)
    return Outcome(name, outcome.problem, where, made.files if made else None, outcome.log)


@dataclass(frozen=True)
class RayOptions:
    """Where the cluster is, and what a cell takes of it."""

    address: str
    cpus: float
    gpus: float
    retries: int


def run_on_ray(plan: Plan, cells: Sequence[Cell], dataset: Path, options: RayOptions, tries: int) -> Iterator[Outcome]:
    """Do cells on a Ray cluster; yields each as it ends. Ray retries those whose worker or node is lost.

    Raises:
        MissingOutside: No ray, no cluster at the address, or one of another version.
    """
    ray = ray_cluster.connect(options.address)
    try:
        package = ray.put({name: (plan.folder / name).read_bytes() for name in plan.files()})
        task = ray.remote(num_cpus=options.cpus, num_gpus=options.gpus, max_retries=options.retries)(run_here)
        waiting = {task.remote(package, cell.name, str(dataset), tries): cell for cell in cells}
        while waiting:
            (ready,), _ = ray.wait(list(waiting), num_returns=1)
            cell = waiting.pop(ready)
            try:
                yield ray.get(ready)
            except (ray.exceptions.RayError, ModuleNotFoundError) as error:
                yield Outcome(cell.name, f"Ray lost it: {ray_cluster.one_line(error)}")
    finally:
        ray.shutdown()
