"""Kills a DatasetWriter at every step that touches the disk, and looks at what is left. Run by test_dataset_writer.py.

  python tests/shared/killed_writer.py FOLDER {create,add,withdraw,restore,reject}

Each trial is a process of its own that ends by SIGKILL in the middle of its work: no except, no finally. Prints what
went wrong, a line each, and the number of trials.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shared.dataset.check import check_dataset
from shared.dataset.protocol import Protocol, parse_protocol, read_protocol
from shared.dataset.removed_takes import list_removed
from shared.dataset.writer import DatasetWriter, NewSequence
from shared.video import FilmWriter, Frame

STEPS = ("replace", "fsync", "mkdir", "unlink", "rmdir", "open")


def small_protocol() -> Protocol:
    changes = {"image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    return parse_protocol({**read_protocol().document, **changes}, "small")


def add_take(writer: DatasetWriter, folder: Path, seed: int, faults: tuple[str, ...] = ()) -> None:
    """Add a take of two sequences whose pictures nobody else has."""
    film = folder.with_name(f"{folder.name}-{seed}.mp4")
    movie = FilmWriter(film, 32, 32)
    movie.add(Frame(0.0, np.full((32, 32, 3), seed, np.uint8)))
    movie.close()
    rng = np.random.default_rng(seed)
    found = [
        NewSequence(
            label, None, tuple(1000.0 + 100 * n for n in range(2)), rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
        )
        for label in ("non_smile", "smile")
    ]
    record = {
        "subject_id": f"s{seed:02d}",
        "recorded_utc": "2026-01-22T11:25:34Z",
        "source": "synthetic",
        "source_sha256": None,
        "source_note": "",
        "width_px": 32,
        "height_px": 32,
        "clock": "simulated",
        "duration_s": 9.0,
        "n_frames": 270,
        "measured_fps": 30.0,
        "nominal_fps": None,
        "n_dropped": 0,
        "n_doubled": 0,
        "largest_gap_ms": 33.3,
        "protocol_sha256": "0" * 64,
        "tool_version": "test",
    }
    writer.add_take(record, film, found, faults)


def open_writer(folder: Path) -> DatasetWriter:
    return DatasetWriter(folder, small_protocol(), "synthetic")


def work(folder: Path, job: str) -> None:
    with open_writer(folder) as writer:
        if job == "withdraw":
            writer.withdraw_take("take_0001")
        elif job == "add":
            add_take(writer, folder, 9)
        elif job == "restore":
            writer.restore_take("take_0002")
        elif job == "reject":
            add_take(writer, folder, 9, faults=("blurred",))


def kill_at(step: int) -> None:
    """Arrange that this process dies before its n-th step that touches the disk."""
    left = [step]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **keywords)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def run_killed(folder: Path, job: str, step: int) -> bool:
    """Do the job in a process of its own that dies at a step; tell whether it came to its end before."""
    child = os.fork()
    if child == 0:
        kill_at(step)
        work(folder, job)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def examine(folder: Path, job: str, had: set[str]) -> list[str]:
    """Say what is wrong with what a killed job left behind."""
    wrong = []
    if (folder / "dataset.json").exists() or job != "create":
        wrong += [f"for a reader: {p}" for p in check_dataset(folder) if p.is_error]
    with open_writer(folder) as writer:
        kept = {row.sequence_id for row in writer.rows}
        lost = had - kept
        if lost and (job != "withdraw" or lost != {"seq_0001", "seq_0002"}):
            wrong.append(f"lost {sorted(lost)}")
        if len(kept) % 2:
            wrong.append(f"half a take: {sorted(kept)}")
        wrong += examine_removed(folder, kept)
        add_take(writer, folder, 77)
        new = {row.sequence_id for row in writer.rows} - kept
        if new & had:
            wrong.append(f"ids a second time: {sorted(new & had)}")
    wrong += [f"after the next take: {p}" for p in check_dataset(folder)]
    wrong += [f"left over: {p.name}" for p in folder.iterdir() if p.name.endswith(".tmp") or ".incoming" in p.name]
    return wrong


def examine_removed(folder: Path, kept: set[str]) -> list[str]:
    """Say what is wrong with the takes outside: each is whole, and in one place only."""
    wrong = []
    for removal in list_removed(folder):
        rows = removal.rows(["non_smile", "smile"])
        missing = [name for row in rows for name in row.frame_names() if not (removal.place / name).is_file()]
        wrong += [f"{removal.place.name} lacks {name}" for name in missing]
        if kept & {row.sequence_id for row in rows}:
            wrong.append(f"{removal.take_id} on both sides")
    return wrong


def main() -> int:
    # A killed process loses nothing that it has written; waiting for the disk would only make the trials slow.
    os.fsync = lambda _: None
    base, job = Path(sys.argv[1]), sys.argv[2]
    base.mkdir(parents=True)
    start = base / "start"
    had: set[str] = set()
    if job != "create":
        with open_writer(start) as writer:
            add_take(writer, start, 1)
            add_take(writer, start, 2)
            if job == "restore":
                writer.withdraw_take("take_0002")
            had = {row.sequence_id for row in writer.rows}
    n_wrong, step, done = 0, 0, False
    while not done:
        trial = base / f"trial-{step}"
        with contextlib.suppress(FileNotFoundError):
            shutil.copytree(start, trial)
        done = run_killed(trial, job, step)
        for line in examine(trial, job, had):
            n_wrong += 1
            print(f"killed before step {step}: {line}")
        shutil.rmtree(trial)
        step += 1
    print(f"{step} trials")
    return 1 if n_wrong or step < 10 else 0


if __name__ == "__main__":
    raise SystemExit(main())
