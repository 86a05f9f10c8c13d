"""Jobs: tasks that the page starts, one after the other, each the same command as a person would type.

    form → words → artifacts/studio/<job>/job.json, log.txt → `tools.studio.runner` → ./inv TASK …

A job is a process of its own that writes how it ended, so it lives on when the page or the server ends. One at a time:
two trainings on two cores take longer than one after the other.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from shared import contracts, paths
from shared.errors import InvalidInput, SmilebenchError, WrongUsage
from shared.system import portable

JOB, LOG, LOCK, CANCEL = "job.json", "log.txt", ".lock", ".cancel"
PROJECT = Path(__file__).resolve().parents[2]
LISTED = 30
LOG_BYTES = 200_000  # of a log, from its end
OVER = ("done", "failed", "cancelled", "interrupted")
# Tasks that end by themselves and take nothing away. Publishing and withdrawing ask for words that a person types in
# the terminal; pages that run until Ctrl-C have windows of their own.
STARTABLE = (
    "collect", "takes", "import", "verify", "duplicates", "grid", "suspect", "review-status", "review-apply",
    "review-revert", "split", "features", "pretrain", "train", "export", "evaluate", "ab", "compare-approaches",
    "baseline", "report", "handoff", "validate-spec", "timeline", "demo",
)  # fmt: skip


def door() -> tuple[str, ...]:
    """Return what runs a task's words as ./inv does: with what only that task needs installed first.

    Who has started the studio from another environment than the project's own has put everything there.
    """
    own = PROJECT / ".venv"
    if Path(sys.prefix).resolve() == own.resolve() and (PROJECT / "inv.py").is_file():
        return (sys.executable, str(PROJECT / "inv.py"))
    return (sys.executable, "-P", "-m", "shared.chain.program")


@dataclass(frozen=True)
class Task:
    """A task that can be started.

    Attributes:
        name: As it is typed.
        described: What `./inv --describe` says of it.
    """

    name: str
    described: Mapping[str, Any]

    def words(self, values: Mapping[str, Any]) -> list[str]:
        """Write what a form was filled with as a command line.

        Args:
            values: By flag: text, or True for a switch; a list for what may be given several times. Empty is left out.

        Raises:
            WrongUsage: The task has no such flag, or a required one is missing, or a value is of another kind.
        """
        flags = {flag["name"]: flag for flag in self.described["flags"]}
        if unknown := sorted(set(values) - set(flags)):
            raise WrongUsage(self.name, found=unknown[0], expected="one of its flags")
        words = [self.name]
        for name, flag in flags.items():
            value = values.get(name)
            if value in (None, "", False, []):
                if flag["required"]:
                    raise WrongUsage(self.name, found=f"nothing for {name}", expected="a value")
            elif flag["kind"] == "switch":
                if value is not True:
                    raise WrongUsage(self.name, found=f"{value!r} for {name}", expected="on or off")
                words.append(name)
            else:
                items = value if isinstance(value, list) and flag["kind"] == "list" else [value]
                for item in items:
                    if not isinstance(item, str) or "\0" in item or "\n" in item:
                        raise WrongUsage(self.name, found=f"{item!r} for {name}", expected="a line of text")
                    if flag["choices"] and item not in flag["choices"]:
                        raise WrongUsage(self.name, found=f"{item!r} for {name}", expected=", ".join(flag["choices"]))
                    words.append(f"{name}={item}")
        return words


def folder() -> Path:
    """Return the folder of all jobs."""
    return paths.artifacts("studio")


class JobQueue:
    """Starts jobs one after the other.

    Args:
        command: What runs a job's words; None: `door`.
    """

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or door())
        self._changed = threading.Condition()
        self._is_open = True
        for job in self.jobs():
            if job["status"] in ("waiting", "running") and not _is_alive(folder() / job["job_id"]):
                _end(folder() / job["job_id"], "interrupted", None)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def jobs(self) -> list[dict[str, Any]]:
        """Return all jobs, the newest first; one whose document is broken is left out."""
        found = []
        for path in sorted(folder().glob(f"*/{JOB}"), reverse=True)[:LISTED]:
            try:
                found.append(contracts.read_document(path, "job"))
            except SmilebenchError:
                continue
        return found

    def add(self, words: Sequence[str]) -> dict[str, Any]:
        """Queue a command line; returns the job."""
        with self._changed:
            numbers = [int(place.name[4:]) for place in folder().glob("job_*") if place.name[4:].isdecimal()]
            name = f"job_{max(numbers, default=0) + 1:06d}"
            job = {
                "schema_version": 1,
                "job_id": name,
                "task": words[0],
                "words": list(words),
                "status": "waiting",
                "created_utc": paths.utc_text(),
                "started_utc": None,
                "ended_utc": None,
                "exit_code": None,
            }
            contracts.write_document(folder() / name / JOB, job, "job")
            self._changed.notify_all()
        return job

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Take a waiting job out, or interrupt a running one as Ctrl-C does.

        Raises:
            InvalidInput: There is no such job.
        """
        place = _place(job_id)
        with self._changed:
            job = contracts.read_document(place / JOB, "job")
            if job["status"] == "waiting":
                return _end(place, "cancelled", None)
            if job["status"] == "running":
                (place / CANCEL).touch()
        return job

    def log(self, job_id: str, start: int = 0) -> dict[str, Any]:
        """Return what a job has printed since a place in its log: ``text`` and ``end``, where to go on.

        Raises:
            InvalidInput: There is no such job.
        """
        path = _place(job_id) / LOG
        if not path.is_file() or not paths.is_within(path, folder()):
            return {"text": "", "end": 0}
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if 0 <= start <= size else 0, size - LOG_BYTES))
            return {"text": file.read().decode("utf-8", "replace"), "end": size}

    def close(self) -> None:
        """Start no more jobs; one that runs goes on, and those that wait are interrupted."""
        with self._changed:
            self._is_open = False
            for job in self.jobs():
                if job["status"] == "waiting":
                    _end(folder() / job["job_id"], "interrupted", None)
            self._changed.notify_all()
        self._thread.join(5)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._is_open:
                    return
                known = list(reversed(self.jobs()))
                is_busy = any(job["status"] == "running" and _is_alive(folder() / job["job_id"]) for job in known)
                for job in known:
                    if job["status"] == "running" and not _is_alive(folder() / job["job_id"]):
                        _end(folder() / job["job_id"], "interrupted", None)  # killed, before it could say how it ended
                waiting = [job for job in known if job["status"] == "waiting"]
                if is_busy or not waiting:
                    self._changed.wait(0.5)
                    continue
                self._start(folder() / waiting[0]["job_id"])

    def _start(self, place: Path) -> None:
        """Start a job's process, and wait until it says that it runs."""
        words = [sys.executable, "-P", "-m", "tools.studio.runner", str(place), *self._command]
        process = subprocess.Popen(
            words, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            **portable.own_group(),
        )  # fmt: skip
        threading.Thread(target=process.wait, daemon=True).start()
        while process.poll() is None and contracts.read_document(place / JOB, "job")["status"] == "waiting":
            self._changed.wait(0.05)
        if contracts.read_document(place / JOB, "job")["status"] == "waiting":
            _end(place, "interrupted", None)


def _place(job_id: str) -> Path:
    place = folder() / job_id
    if not paths.is_name(job_id) or not (place / JOB).is_file() or not paths.is_within(place, folder()):
        raise InvalidInput("jobs", found=f"no job {job_id}", expected="one of the list")
    return place


def _is_alive(place: Path) -> bool:
    """Tell whether a job's process is there: it holds the lock while it lives, however the studio ended."""
    try:
        with filelock.FileLock(place / LOCK).acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True


def _end(place: Path, status: str, exit_code: int | None) -> dict[str, Any]:
    """Write how a job ended; one that has ended already stays as it is."""
    job = contracts.read_document(place / JOB, "job")
    if job["status"] not in OVER:
        job |= {"status": status, "ended_utc": paths.utc_text(), "exit_code": exit_code}
        contracts.write_document(place / JOB, job, "job")
    return job


def run_job(place: Path, command: Sequence[str]) -> int:
    """Run a job in this process: hold its lock, start the command, and write how it ended.

    A cancellation is Ctrl-C to the command and what it has started; what does not end within ten seconds is killed.
    """
    with filelock.FileLock(place / LOCK):
        job = contracts.read_document(place / JOB, "job")
        if job["status"] != "waiting":  # cancelled in the meantime
            return 1
        with (place / LOG).open("ab") as log:
            process = subprocess.Popen(
                [*command, *job["words"]], cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                **portable.own_group(),
            )  # fmt: skip
        contracts.write_document(place / JOB, {**job, "status": "running", "started_utc": paths.utc_text()}, "job")
        is_cancelled = False
        while process.poll() is None:
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                if (place / CANCEL).exists() and not is_cancelled:
                    is_cancelled = True
                    portable.end_group(process)
        code = process.returncode
        _end(place, "cancelled" if is_cancelled else "done" if code == 0 else "failed", code)
    return code
