"""Arrays that are read from disk row by row."""

from pathlib import Path

import numpy as np
import pytest

from shared.system.array_file import ArrayFile


@pytest.fixture
def values(tmp_path: Path) -> tuple[np.ndarray, ArrayFile]:
    array = np.arange(7 * 2 * 3, dtype=np.float16).reshape(7, 2, 3)
    np.save(tmp_path / "a.npy", array)
    return array, ArrayFile(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "index",
    [0, -1, np.int64(3), slice(None), slice(2, 5), slice(5, 2), slice(0, 7, 3), [6, 0, 0], np.array([1, 2]), [],
     (2, 1), (slice(1, 3), 1), ([0, 4], slice(None), 2)],
)  # fmt: skip
def test_it_gives_what_numpy_gives(index: object, values: tuple[np.ndarray, ArrayFile]) -> None:
    array, file = values
    assert (file.shape, file.dtype, len(file)) == (array.shape, array.dtype, 7)
    wanted = np.asarray(array[index])
    assert np.array_equal(file[index], wanted)
    assert file[index].shape == wanted.shape


def test_a_row_that_is_not_there_and_a_file_that_is_not_whole_are_refused(
    tmp_path: Path, values: tuple[np.ndarray, ArrayFile]
) -> None:
    with pytest.raises(IndexError, match="7 of 7 rows"):
        values[1][7]
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "b.npy").write_bytes(data[:-1])
    with pytest.raises(ValueError, match="not a whole array"):
        ArrayFile(tmp_path / "b.npy")
    np.save(tmp_path / "c.npy", np.asfortranarray(np.ones((3, 4))))
    with pytest.raises(ValueError, match="not a whole array in C order"):
        ArrayFile(tmp_path / "c.npy")


def test_what_was_read_is_a_copy(values: tuple[np.ndarray, ArrayFile]) -> None:
    values[1][0][:] = 9
    assert values[1][0, 0, 0] == 0
