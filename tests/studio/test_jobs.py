"""The studio's queue: one job at a time, cancelled as by Ctrl-C, and honest about what was cut off."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput, WrongUsage
from tools.studio import jobs

# Stands for ./inv: prints what it was given and does what the first word says.
FAKE = """
import sys, time
print(*sys.argv[1:], flush=True)
if sys.argv[1] == "fail": sys.exit(3)
if sys.argv[1] == "wait":
    try: time.sleep(600)
    except KeyboardInterrupt: print("interrupted", flush=True); sys.exit(130)
if sys.argv[1] == "stubborn":
    import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
"""
COMMAND = (sys.executable, "-c", FAKE)


@pytest.fixture
def queue(home: Path) -> Iterator[jobs.JobQueue]:
    queue = jobs.JobQueue(COMMAND)
    yield queue
    for job in queue.jobs():
        queue.cancel(job["job_id"])
    _until(lambda: all(job["status"] in jobs.OVER for job in queue.jobs()))
    queue.close()


def _until(holds: Callable[[], bool], patience_s: float = 120) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def _status(queue: jobs.JobQueue, job: dict[str, Any]) -> str:
    return next(str(one["status"]) for one in queue.jobs() if one["job_id"] == job["job_id"])


def _ends(queue: jobs.JobQueue, job: dict[str, Any]) -> str:
    _until(lambda: _status(queue, job) in jobs.OVER)
    return _status(queue, job)


def test_a_job_runs_the_command_that_a_person_would_type(queue: jobs.JobQueue) -> None:
    job = queue.add(["verify", "--dataset=people"])
    assert _ends(queue, job) == "done"
    assert queue.log(job["job_id"]) == {"text": "verify --dataset=people\n", "end": 24}
    assert queue.log(job["job_id"], 7)["text"] == "--dataset=people\n"


def test_a_job_that_fails_says_with_which_code(queue: jobs.JobQueue) -> None:
    job = queue.add(["fail"])
    assert _ends(queue, job) == "failed"
    assert queue.jobs()[0]["exit_code"] == 3


def test_jobs_run_one_after_the_other(queue: jobs.JobQueue) -> None:
    first, second = queue.add(["wait"]), queue.add(["done"])
    _until(lambda: _status(queue, first) == "running")
    time.sleep(1)
    assert _status(queue, second) == "waiting"
    queue.cancel(first["job_id"])
    assert _ends(queue, first) == "cancelled"
    assert "interrupted" in queue.log(first["job_id"])["text"]  # as by Ctrl-C: the command could tidy up
    assert _ends(queue, second) == "done"


def test_a_waiting_job_is_cancelled_before_it_starts(queue: jobs.JobQueue) -> None:
    first, second = queue.add(["wait"]), queue.add(["done"])
    _until(lambda: _status(queue, first) == "running")
    queue.cancel(second["job_id"])
    queue.cancel(first["job_id"])
    assert _ends(queue, first) == "cancelled"
    assert _status(queue, second) == "cancelled"
    assert queue.log(second["job_id"])["text"] == ""


def _processes(text: str) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text in place.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to find the job's processes")
def test_a_job_lives_on_when_the_studio_is_restarted_and_one_that_was_killed_is_called_interrupted(home: Path) -> None:
    first = jobs.JobQueue(COMMAND)
    job, waiting = first.add(["wait", str(home)]), first.add(["done"])
    _until(lambda: _status(first, job) == "running")
    first.close()
    assert _status(first, waiting) == "interrupted"
    second = jobs.JobQueue(COMMAND)
    assert _status(second, job) == "running"
    for process in _processes(str(home)):
        os.kill(process, signal.SIGKILL)
    assert _ends(second, job) in ("interrupted", "failed")  # failed where its runner saw the end
    second.close()


@pytest.mark.slow
def test_a_job_that_ignores_ctrl_c_is_killed(queue: jobs.JobQueue) -> None:
    job = queue.add(["stubborn"])
    _until(lambda: "stubborn" in queue.log(job["job_id"])["text"])
    queue.cancel(job["job_id"])
    assert _ends(queue, job) == "cancelled"


def test_a_broken_job_document_hides_no_other(queue: jobs.JobQueue) -> None:
    job = queue.add(["done"])
    _ends(queue, job)
    broken = jobs.folder() / "zzz" / jobs.JOB
    broken.parent.mkdir()
    broken.write_text("{")
    assert [one["job_id"] for one in queue.jobs()] == [job["job_id"]]


@pytest.mark.parametrize("job_id", ["nobody", "../datasets", "..", ""])
def test_what_is_no_job_is_refused(queue: jobs.JobQueue, job_id: str) -> None:
    with pytest.raises(InvalidInput):
        queue.cancel(job_id)
    with pytest.raises(InvalidInput):
        queue.log(job_id)


TASK = jobs.Task(
    "ab",
    {
        "flags": [
            {"name": "--dataset", "kind": "text", "choices": [], "required": True},
            {"name": "--lang", "kind": "choice", "choices": ["en", "ko"], "required": False},
            {"name": "--gate", "kind": "switch", "choices": [], "required": False},
            {"name": "--reference", "kind": "list", "choices": [], "required": False},
        ]
    },
)


def test_jobs_go_through_inv_which_installs_what_only_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    own = jobs.PROJECT / ".venv"
    monkeypatch.setattr(sys, "prefix", str(own))
    assert jobs.door() == (sys.executable, str(jobs.PROJECT / "inv.py"))
    monkeypatch.setattr(sys, "prefix", str(own.with_name("somebodys")))  # who has installed everything there
    assert jobs.door() == (sys.executable, "-P", "-m", "shared.chain.program")


def test_a_form_becomes_the_words_of_a_command() -> None:
    values = {"--dataset": "-my people", "--lang": "ko", "--gate": True, "--reference": ["a", "b"]}
    assert TASK.words(values) == [
        "ab", "--dataset=-my people", "--lang=ko", "--gate", "--reference=a", "--reference=b",
    ]  # fmt: skip
    assert TASK.words({"--dataset": "people", "--lang": "", "--gate": False}) == ["ab", "--dataset=people"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"--dataset": ""},
        {"--dataset": "a\nb"},
        {"--dataset": 3},
        {"--dataset": ["a"]},
        {"--dataset": "a", "--lang": "fr"},
        {"--dataset": "a", "--gate": "yes"},
        {"--dataset": "a", "--yes": True},
    ],
)
def test_what_a_flag_does_not_take_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(WrongUsage):
        TASK.words(values)


def test_every_job_on_disk_fits_its_schema(queue: jobs.JobQueue) -> None:
    job = queue.add(["done"])
    _ends(queue, job)
    document = contracts.read_document(jobs.folder() / job["job_id"] / jobs.JOB, "job")
    assert document["ended_utc"] >= document["started_utc"] >= document["created_utc"]
