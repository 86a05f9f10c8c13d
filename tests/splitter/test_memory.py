"""What the search for near-duplicates keeps in memory of each picture: its hash, and not the picture."""

import tracemalloc

from shared.system.array_file import ArrayFile
from tools.splitter import near_duplicates


def test_grey_pictures_go_to_the_file_and_out_of_memory(make_dataset, tmp_path):
    dataset = make_dataset(tmp_path / "people", subjects=3)
    names = [name for row in dataset.rows for name in row.frame_names()] * 10
    tracemalloc.start()
    try:
        _, parts = near_duplicates._read(dataset, names, tmp_path / "grey.npy")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < len(names) * 64 * 64 / 4
    grey = ArrayFile(tmp_path / "grey.npy")
    assert grey.shape == (len(names), 64, 64)
    assert sum(len(part.hashes) for part in parts) == len(names)
    assert (grey[0] == grey[len(names) // 10]).all()  # the same picture again
    grey.close()
