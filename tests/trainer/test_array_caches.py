"""Arrays that are computed once: by one of several processes, kept while somebody uses them, never half-written."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tools.trainer import caches

OLD, NEW, OTHER = (f"grids-people-{digit * 16}.npy" for digit in "0ab")


def items(value: int) -> Iterator[np.ndarray]:
    yield from np.full((3, 2), value, np.uint8)


def never() -> Iterator[np.ndarray]:
    raise AssertionError("it is there already")
    yield np.zeros(2, np.uint8)


def test_an_array_is_computed_once(tmp_path: Path) -> None:
    first = caches.write_once(tmp_path / NEW, (3, 2), items(7))
    again = caches.write_once(tmp_path / NEW, (3, 2), never())
    assert first[:].tolist() == again[:].tolist() == [[7, 7]] * 3


def test_two_at_once_compute_it_once(tmp_path: Path) -> None:
    counted: list[int] = []

    def slowly() -> Iterator[np.ndarray]:
        counted.append(1)
        for row in items(1):
            time.sleep(0.05)
            yield row

    threads = [
        threading.Thread(target=lambda: caches.write_once(tmp_path / NEW, (3, 2), slowly()).close()) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [1]


def test_other_states_are_kept_while_they_are_used_and_removed_after_a_day(tmp_path: Path) -> None:
    for name in (OLD, OTHER):
        caches.write_once(tmp_path / name, (3, 2), items(1)).close()
    a_day_ago = time.time() - 25 * 3600
    os.utime(tmp_path / OLD, (a_day_ago, a_day_ago))
    (tmp_path / "grids-friends-0000000000000000.npy").write_bytes(b"another dataset's")
    caches.write_once(tmp_path / NEW, (3, 2), items(2)).close()
    kept = {path.name for path in tmp_path.glob("*.npy")}
    assert kept == {NEW, OTHER, "grids-friends-0000000000000000.npy"}


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaks() -> Iterator[np.ndarray]:
        yield np.zeros(2, np.uint8)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        caches.write_once(tmp_path / NEW, (3, 2), breaks())
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
