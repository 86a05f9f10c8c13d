"""Writes a store of features: in shards while pictures are read, then in one file in the dataset's order.

Rows are known by the hash of their picture and never computed twice while the landmarker is the same. A shard, the
final file and the index appear by rename; the manifest comes last, and what it no longer names is removed after it. So
a process that is killed loses at most the shard that it was filling. Files are read piecewise, not mapped: memory stays
the same however many pictures there are.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import filelock
import numpy as np
import numpy.typing as npt

from shared import contracts
from shared.dataset import feature_store
from shared.errors import InvalidInput
from shared.system import portable

SHARD_ROWS = 512  # about four seconds of two cores
BLOCK_ROWS = 1024
LOCK_PATIENCE_S = 5.0
_OPEN_FILES = 32

Rows = npt.NDArray[Any]


@dataclass(frozen=True)
class RowFile:
    """A .npy file of rows that can be read in pieces.

    Attributes:
        path: The file.
        dtype: Its rows.
        offset: Where they begin, in bytes.
        n_rows: How many there are.
    """

    path: Path
    dtype: "np.dtype[Any]"
    offset: int
    n_rows: int

    @classmethod
    def open(cls, path: Path) -> "RowFile | None":
        """Open a file of rows; None if it is broken or cut off."""
        try:
            with path.open("rb") as file:
                np.lib.format.read_magic(file)
                shape, _, dtype = np.lib.format.read_array_header_1_0(file)
                offset = file.tell()
        except (OSError, ValueError):
            return None
        whole = len(shape) == 1 and path.stat().st_size == offset + shape[0] * dtype.itemsize
        return cls(path, dtype, offset, shape[0]) if whole else None

    def blocks(self) -> Iterator[tuple[int, Rows]]:
        """Yield all rows with the number of the first of each block."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for first in range(0, self.n_rows, BLOCK_ROWS):
                yield first, np.fromfile(file, self.dtype, min(BLOCK_ROWS, self.n_rows - first))


class StoreWriter:
    """A store that is open for writing. Use it as a context manager.

    Args:
        folder: The store's folder; made if need be.
        kind: One of `shared.onnx.contract.FEATURE_KINDS`.
        model: {"file": ..., "sha256": ...} of the landmarker or the provider.
        reading: How pictures are read; with the model's hash it decides what may be kept.
        also: Another store whose rows may be taken over: that of landmarks holds the blendshapes.

    Raises:
        InvalidInput: Another process is writing it.
    """

    def __init__(
        self, folder: Path, kind: str, model: dict[str, Any], reading: dict[str, Any], also: Path | None = None
    ) -> None:
        self.folder = folder
        self._dtype = feature_store.row_dtype(kind, reading)
        self._kind, self._model, self._reading, self._also = kind, model, reading, also
        key = contracts.sha256_json([kind, model["sha256"], reading])[:12]
        self._shards = folder / f".shards_{key}"
        self._is_whole = False  # whether the first of the files is this store's own, of an earlier run
        self._files: list[RowFile] = []
        self._known: dict[bytes, tuple[int, int]] = {}
        self._fresh: list[Rows] = []
        self._lock = filelock.FileLock(folder / ".lock")
        self._handles: dict[int, BinaryIO] = {}

    def __enter__(self) -> "StoreWriter":
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=LOCK_PATIENCE_S)
        except filelock.Timeout:
            raise InvalidInput(
                str(self.folder), found="another featurizer at work in it", expected="one at a time"
            ) from None
        for half_written in (*self.folder.glob(".*.tmp"), *self._shards.glob(".*.tmp")):
            half_written.unlink()
        own = self._finished_rows(self.folder)
        self._is_whole = own is not None and self._learn(own)
        if self._also is not None and (other_rows := self._finished_rows(self._also)):
            self._learn(other_rows)
        for path in sorted(self._shards.glob("shard_*.npy")):
            if not self._learn(path):
                path.unlink()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()  # also after an error or Ctrl-C: what was read is kept
        finally:
            for handle in self._handles.values():
                handle.close()
            self._lock.release()

    def _finished_rows(self, folder: Path) -> Path | None:
        """Name the rows of a finished store, if they were read in the same way as this store's."""
        manifest = self._read_manifest(folder)
        same = manifest and manifest["model"]["sha256"] == self._model["sha256"]
        if not same or manifest["reading"] != self._reading:
            return None
        return folder / str(manifest["rows"]["file"])

    @staticmethod
    def _read_manifest(folder: Path) -> dict[str, Any]:
        """Read a store's manifest; empty if there is none of use."""
        try:
            return contracts.read_document(folder / feature_store.MANIFEST, "features")
        except InvalidInput:
            return {}

    def _learn(self, path: Path) -> bool:
        """Take a file's rows over, where it is whole and its rows hold all fields of this store."""
        file = RowFile.open(path)
        if file is None or file.dtype.names is None or not {*(self._dtype.names or ())} <= {*file.dtype.names}:
            return False
        number = len(self._files)
        self._files.append(file)
        for first, rows in file.blocks():
            for offset, sha256 in enumerate(rows["picture_sha256"]):
                self._known.setdefault(sha256.tobytes(), (number, first + offset))
        return True

    def __contains__(self, picture_sha256: bytes) -> bool:
        return picture_sha256 in self._known

    def add(self, rows: Rows) -> None:
        """Take in rows; written a shard at a time."""
        self._fresh.append(rows)
        if sum(map(len, self._fresh)) >= SHARD_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what was added so far as a shard."""
        if not self._fresh:
            return
        rows = np.concatenate(self._fresh)
        used = [int(path.stem.removeprefix("shard_")) for path in self._shards.glob("shard_*.npy")]
        path = self._shards / f"shard_{max(used, default=0) + 1:06d}.npy"
        contracts.write_bytes(path, _npy_header(self._dtype, len(rows)) + rows.tobytes())
        self._fresh.clear()
        self._learn(path)

    def finish(self, order: npt.NDArray[np.uint8], index: Rows) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
        """Make the store that of a dataset: one row for each of its pictures, in its order.

        Args:
            order: (N, 32) uint8: the hash of each picture; all were added or known.
            index: `shared.dataset.feature_store.INDEX_DTYPE`, one row per sequence.

        Returns:
            The manifest's rows and index parts, and (N,) uint8 the faces in each picture. The manifest itself is
            `publish`'s.
        """
        self.flush()
        data = _npy_header(index.dtype, len(index)) + index.tobytes()
        index_sha256 = hashlib.sha256(data).hexdigest()
        index_name = f"index_{index_sha256[:12]}.npy"
        contracts.write_bytes(self.folder / index_name, data)
        rows, counts = self._keep_rows(order) or self._write_rows(order)
        return {"rows": rows, "index": {"file": index_name, "sha256": index_sha256}}, counts

    def _keep_rows(self, order: npt.NDArray[np.uint8]) -> tuple[dict[str, Any], npt.NDArray[np.uint8]] | None:
        """Leave the finished rows as they are, where they are already those of the pictures in this order."""
        manifest = self._read_manifest(self.folder)
        if not self._is_whole or self._files[0].n_rows != len(order):
            return None
        if any(self._known[sha256.tobytes()] != (0, number) for number, sha256 in enumerate(order)):
            return None
        counts = np.concatenate([rows["n_faces"] for _, rows in self._files[0].blocks()])
        return manifest["rows"], counts

    def _write_rows(self, order: npt.NDArray[np.uint8]) -> tuple[dict[str, Any], npt.NDArray[np.uint8]]:
        """Write all rows in this order to a new file."""
        counts = np.empty(len(order), np.uint8)
        digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".rows.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                _write(file, digest, _npy_header(self._dtype, len(order)))
                for first in range(0, len(order), BLOCK_ROWS):
                    rows = self._collect(order[first : first + BLOCK_ROWS])
                    counts[first : first + len(rows)] = rows["n_faces"]
                    _write(file, digest, rows.tobytes())
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            rows_name = f"rows_{digest.hexdigest()[:12]}.npy"
            portable.replace(name, self.folder / rows_name)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return {"file": rows_name, "sha256": digest.hexdigest(), "row_bytes": self._dtype.itemsize}, counts

    def publish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, and then remove what it no longer names."""
        contracts.write_document(self.folder / feature_store.MANIFEST, manifest, "features")
        named = {manifest[part]["file"] for part in ("rows", "index")}
        for path in (*self.folder.glob("rows_*.npy"), *self.folder.glob("index_*.npy")):
            if path.name not in named:
                path.unlink()
        for shards in self.folder.glob(".shards_*"):
            shutil.rmtree(shards, ignore_errors=True)

    def _collect(self, hashes: npt.NDArray[np.uint8]) -> Rows:
        """Read the rows of some pictures; neighbours in one file are read at once."""
        places = [self._known[sha256.tobytes()] for sha256 in hashes]
        out = np.empty(len(places), self._dtype)
        start = 0
        for end in range(1, len(places) + 1):
            together = end < len(places) and places[end] == (places[end - 1][0], places[end - 1][1] + 1)
            if not together:
                self._read_into(out[start:end], *places[start])
                start = end
        return out

    def _read_into(self, out: Rows, number: int, first: int) -> None:
        file = self._files[number]
        if number not in self._handles:
            if len(self._handles) >= _OPEN_FILES:
                self._handles.pop(next(iter(self._handles))).close()
            self._handles[number] = file.path.open("rb")
        handle = self._handles[number]
        handle.seek(file.offset + first * file.dtype.itemsize)
        rows = np.fromfile(handle, file.dtype, len(out))
        for name in self._dtype.names or ():
            out[name] = rows[name]


def _write(file: BinaryIO, digest: Any, data: bytes) -> None:
    file.write(data)
    digest.update(data)


def _npy_header(dtype: "np.dtype[Any]", n_rows: int) -> bytes:
    """Write the head of a .npy file of one dimension."""
    import io

    out = io.BytesIO()
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (n_rows,)}
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue()


def index_of(rows: Sequence[Any]) -> Rows:
    """Build the index of a dataset's sequences, in its order.

    Args:
        rows: `shared.dataset.reader.SequenceRow` of the whole dataset.
    """
    counts = np.array([row.frame_count for row in rows], np.int64)
    index = np.zeros(len(rows), feature_store.INDEX_DTYPE)
    index["sequence_id"] = [row.sequence_id for row in rows]
    index["frame_count"] = counts
    index["first"] = np.cumsum(counts) - counts
    index["sha256"] = [row.sha256 for row in rows]
    return index
