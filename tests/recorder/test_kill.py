import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset

Start = Callable[..., subprocess.Popen[str]]
KILLS = [pytest.param(8, id="8 times"), pytest.param(40, id="40 times", marks=pytest.mark.slow)]


def takes_of(folder: Path) -> set[str]:
    return {row.take_id for row in open_dataset(folder).rows}


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_moment_the_dataset_stays_valid_and_keeps_finished_takes(
    kills: int,
    start: Start,
    wait_for: Callable[..., None],
    make_film: Callable[..., Path],
    short_protocol: Path,
    dataset_folder: Path,
) -> None:
    # A tiny film makes several takes a second, so that most kills fall into the storing of one.
    film = make_film([index / 30 for index in range(72)])
    flags = ("--subject", "s01", "--dataset", "d", "--no-preview", "--protocol", short_protocol, "--quiet")
    rng = random.Random(kills)
    began_s = time.monotonic()
    _, err = start("--source", film, *flags, "--target", 1).communicate(timeout=60)
    assert err == ""
    start_s = time.monotonic() - began_s  # of Python and its packages, mostly: more on a busy machine
    finished: set[str] = set()
    for number in range(kills):
        process = start("--source", film, *flags, "--target", 5000)
        if number % 2:  # every other one gets at least one take done, the rest may be killed while they start
            wait_for(lambda known=finished: known < takes_of(dataset_folder), process)
        time.sleep(start_s * rng.uniform(0.2, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        if (dataset_folder / "dataset.json").exists():
            assert [str(problem) for problem in check_dataset(dataset_folder) if problem.is_error] == []
            takes = takes_of(dataset_folder)
            assert finished <= takes
            finished = takes
    assert len(finished) >= kills // 2
    goal = len(finished) + 2
    process = start("--source", film, *flags, "--target", goal)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    rows = open_dataset(dataset_folder).rows
    assert finished < {row.take_id for row in rows}
    assert len({row.take_id for row in rows}) == goal
    assert not list(dataset_folder.glob(".incoming-*"))
    assert [str(problem) for problem in check_dataset(dataset_folder) if problem.is_error] == []
