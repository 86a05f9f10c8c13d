"""A .npy file whose rows are read from disk as they are asked for, so that memory holds these and no others.

Not a memory map: what a map has shown counts as the process's memory until the system needs it back, which for 100,000
pictures is gigabytes. Rows that were read lately come from the system's own cache all the same.
"""

import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


class ArrayFile:
    """An array on disk, of which rows are read by index, slice or list of indices, each into memory of its own.

    Args:
        path: A .npy file in C order; it is kept open, so it may be removed meanwhile where the system allows that.

    Raises:
        ValueError: No such array.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.npy"
        >>> np.save(file, np.arange(12).reshape(4, 3))
        >>> ArrayFile(file)[1:3].tolist(), ArrayFile(file)[-1].tolist(), ArrayFile(file)[[2, 0], 1].tolist()
        ([[3, 4, 5], [6, 7, 8]], [9, 10, 11], [7, 1])
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.close = weakref.finalize(self, self._file.close)  # by hand, or with the last one who uses it
        version = np.lib.format.read_magic(self._file)
        if version != (1, 0):
            raise ValueError(f"{path}: version {version}")
        self.shape, is_fortran, self.dtype = np.lib.format.read_array_header_1_0(self._file)
        self._offset = self._file.tell()
        self._row_bytes = int(np.prod(self.shape[1:], dtype=np.int64)) * self.dtype.itemsize
        if is_fortran or path.stat().st_size != self._offset + len(self) * self._row_bytes:
            raise ValueError(f"{path}: not a whole array in C order")
        self._lock = threading.Lock()  # one place in the file for all threads

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, index: Any) -> npt.NDArray[Any]:
        rows, rest = (index[0], index[1:]) if isinstance(index, tuple) else (index, ())
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            found = self._read(start, stop) if step == 1 else self._gather(range(start, stop, step))
            return np.asarray(found[(slice(None), *rest)])
        if np.ndim(rows) == 0:
            place = int(rows) + (len(self) if rows < 0 else 0)
            if not 0 <= place < len(self):
                raise IndexError(f"{rows} of {len(self)} rows")
            return np.asarray(self._read(place, place + 1)[(0, *rest)])
        return np.asarray(self._gather(rows)[(slice(None), *rest)])

    def _gather(self, rows: Any) -> npt.NDArray[Any]:
        found = [self[int(row)] for row in rows]
        return np.stack(found) if found else np.empty((0, *self.shape[1:]), self.dtype)

    def _read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Read rows that lie one after the other."""
        out = np.empty((max(0, stop - start), *self.shape[1:]), self.dtype)
        view: Any = out.reshape(-1).view(np.uint8)
        with self._lock:
            self._file.seek(self._offset + start * self._row_bytes)
            done = 0
            while done < len(view):
                n_bytes = self._file.readinto(view[done:])
                if not n_bytes:
                    raise ValueError(f"{self._file.name}: it was cut off while it was read")
                done += n_bytes
        return out
