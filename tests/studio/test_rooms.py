"""Pages of other tools opened from the studio: the ordinary command, its address, and its end."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from shared.dataset.reader import Dataset
from shared.errors import CheckFailed
from tests.studio.conftest import Studio
from tools.studio import rooms

# Stands for ./inv: says an address, as pages do, or a reason.
FAKE = """
import os, sys, time
if "bad" in sys.argv: sys.exit(print("review: no such dataset", file=sys.stderr))
print(f"review: http://127.0.0.1:{os.getpid()}/?token=t  (Ctrl-C ends it)", file=sys.stderr, flush=True)
for _ in range(3000): print("x" * 100, file=sys.stderr)
time.sleep(600)
"""


@pytest.fixture
def opened(home: Path) -> Iterator[rooms.Rooms]:
    found = rooms.Rooms((sys.executable, "-c", FAKE))
    yield found
    found.close()


def _process_of(url: str) -> int:
    return int(url.split(":")[2].split("/")[0])


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _ends(process: int) -> bool:
    until = time.monotonic() + 30
    while _is_there(process) and time.monotonic() < until:
        time.sleep(0.05)
    return not _is_there(process)


def test_the_same_command_is_the_same_page_and_ends_with_the_studio(opened: rooms.Rooms) -> None:
    first = opened.open(["review", "--dataset=a"])
    assert first.endswith("/?token=t")
    assert opened.open(["review", "--dataset=a"]) == first
    assert opened.open(["review", "--dataset=b"]) != first
    opened.close()
    assert _ends(_process_of(first))


def test_a_page_that_has_died_is_opened_anew(opened: rooms.Rooms) -> None:
    first = opened.open(["game"])
    os.kill(_process_of(first), 9)
    time.sleep(0.5)
    assert opened.open(["game"]) != first


def test_what_cannot_be_opened_says_why_in_one_line(opened: rooms.Rooms) -> None:
    with pytest.raises(CheckFailed) as refused:
        opened.open(["review", "bad"])
    assert "review: no such dataset" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_only_a_few_are_open_at_once(opened: rooms.Rooms) -> None:
    urls = [opened.open(["review", f"--dataset={number}"]) for number in range(rooms.MOST + 1)]
    assert _ends(_process_of(urls[0]))
    assert all(_is_there(_process_of(url)) for url in urls[1:])


def test_every_page_that_is_opened_is_a_task_that_can_be_told_not_to_open(described: list[dict[str, object]]) -> None:
    flags = {str(each["task"]): [flag["name"] for flag in each["flags"]] for each in described}  # type: ignore[attr-defined]
    for task in rooms.TASKS:
        assert {"--no-open", "--port"} <= set(flags[task]), task


def test_labels_are_checked_from_the_studio_and_refusals_are_shown(studio: Studio, people: Dataset) -> None:
    answer = studio.ask("/api/jobs", {"task": "review", "values": {"--dataset": "people", "--reviewer": "r1"}})
    assert studio.desk.queue.jobs() == []
    page = requests.get(answer.json()["url"], timeout=60)
    assert page.status_code == 200
    assert "<html" in page.text
    refused = studio.ask("/api/jobs", {"task": "review", "values": {"--dataset": "nobody", "--reviewer": "r1"}})
    assert refused.status_code == 422
    assert "nobody" in refused.json()["error"]
    assert studio.desk.overview.starts("./inv review --dataset people --reviewer r1") == {
        "task": "review", "values": {"--dataset": "people", "--reviewer": "r1"},
    }  # fmt: skip
    studio.desk.rooms.close()
