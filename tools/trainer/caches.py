"""Arrays that are computed once and kept under artifacts/cache/, read in pieces; delete them whenever you like.

A file's name is ``<what>-<sixteen hex digits of what decides its content>.npy``.
"""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt

from shared import contracts
from shared.dataset.reader import Dataset
from shared.system.array_file import ArrayFile

_UNUSED_S = 24 * 3600.0


def rows_key(dataset: Dataset) -> str:
    """Return the hash of the sequences that are used: of labels.csv, and of whom consent leaves out of it."""
    if not dataset.withheld:
        return dataset.labels_sha256
    return contracts.sha256_json([dataset.labels_sha256, dataset.withheld_hash])


def write_once(path: Path, shape: tuple[int, ...], items: Iterable[npt.NDArray[Any]], dtype: str = "|u1") -> ArrayFile:
    """Return the array of a file, which is written first where it is not there; of several processes one writes it.

    Args:
        path: The file; when it is written, others of the same name but for the digits are removed, where nobody has
            used them for a day: cells of a sweep that differ in their encoders keep each its own.
        shape: Of the array.
        items: Its parts along the first axis, computed only where they are needed.
        dtype: As numpy writes it in a header.

    Returns:
        The array, read from disk as it is used.
    """
    contracts.make_private(path.parent)  # decoded pictures of people
    with filelock.FileLock(path.with_suffix(".lock")):
        if path.exists():
            cached = ArrayFile(path)
            if cached.shape == shape:
                os.utime(path)
                return cached
        _write(path, shape, items, dtype)
    _forget_others(path)
    return ArrayFile(path)


def _write(path: Path, shape: tuple[int, ...], items: Iterable[npt.NDArray[Any]], dtype: str) -> None:
    """Write an array, whole or not at all."""
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


def _forget_others(path: Path) -> None:
    """Remove the same array of earlier states that nobody has used lately."""
    name = path.stem.rpartition("-")[0]
    for other in path.parent.glob(f"{name}-{'[0-9a-f]' * 16}.npy"):
        with contextlib.suppress(FileNotFoundError, PermissionError):  # removed meanwhile; in use, on Windows
            if other != path and time.time() - other.stat().st_mtime > _UNUSED_S:
                other.unlink()
                other.with_suffix(".lock").unlink(missing_ok=True)
