"""Arrays that are computed once and kept under artifacts/cache/, mapped into memory; delete them whenever you like.

A file's name is ``<what>-<sixteen hex digits of what decides its content>.npy``.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import contracts
from shared.dataset.reader import Dataset


def rows_key(dataset: Dataset) -> str:
    """Return the hash of the sequences that are used: of labels.csv, and of whom consent leaves out of it."""
    if not dataset.withheld:
        return dataset.labels_sha256
    return contracts.sha256_json([dataset.labels_sha256, dataset.withheld_hash])


def write_once(path: Path, shape: tuple[int, ...], items: Iterable[npt.NDArray[Any]], dtype: str = "|u1") -> Any:
    """Return the array of a file, which is written first where it is not there.

    Args:
        path: The file; others of the same name but for the digits are removed when it is written.
        shape: Of the array.
        items: Its parts along the first axis, computed only where they are needed.
        dtype: As numpy writes it in a header.

    Returns:
        The array, read from disk as it is used.
    """
    if path.exists():
        cached = np.load(path, mmap_mode="r")
        if cached.shape == shape:
            return np.asarray(cached)
    contracts.make_private(path.parent)  # decoded pictures of people
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:  # not through a memory map: there a full disk ends the process
            header = {"descr": dtype, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for item in items:
                file.write(np.ascontiguousarray(item).tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _forget_others(path)
    return np.asarray(np.load(path, mmap_mode="r"))


def _forget_others(path: Path) -> None:
    """Remove the same array of earlier states."""
    name = path.stem.rpartition("-")[0]
    for other in path.parent.glob(f"{name}-{'[0-9a-f]' * 16}.npy"):
        if other != path:
            other.unlink(missing_ok=True)
