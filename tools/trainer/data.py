"""Pictures for training: decoded once into a memory-mapped file, then read in a seeded order.

The cache lies under artifacts/cache/, named after the content of labels.csv; delete it whenever you like.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from shared import cli, paths
from shared.arrays import U8
from shared.dataset.protocol import EMOTIONS
from shared.dataset.reader import Dataset, SequenceRow
from shared.preprocess import scale
from tools.trainer.augment import Augmentation

NO_EMOTION = -1


@dataclass(frozen=True)
class Batch:
    """Some sequences with their targets.

    Attributes:
        frames: (N, T, 3, S, S) float32 in 0 to 1, or features.
        smile: (N,) float32, 1 for the positive class.
        emotion: (N,) int64, an index into EMOTIONS or NO_EMOTION.
        is_encoded: Whether frames are a frozen encoder's grids, (N, T, C, h, w).
    """

    frames: Tensor
    smile: Tensor
    emotion: Tensor
    is_encoded: bool = False


class DecodedSequences:
    """One part of a split, decoded.

    Args:
        dataset: The dataset.
        rows: Its sequences in this part.
        frames_u8: (all sequences of the dataset, T, S, S, 3) uint8; only the rows' places are read.
    """

    def __init__(self, dataset: Dataset, rows: Sequence[SequenceRow], frames_u8: U8) -> None:
        place = {row.sequence_id: index for index, row in enumerate(dataset.rows)}
        self._frames = frames_u8
        self.side_px: int = frames_u8.shape[2]
        self._places = [place[row.sequence_id] for row in rows]
        self.smile = torch.tensor([float(row.label == dataset.positive_class) for row in rows])
        self.emotion = torch.tensor(
            [EMOTIONS.index(row.emotion) if row.emotion is not None else NO_EMOTION for row in rows]
        )

    def __len__(self) -> int:
        return len(self._places)

    def augmentation(self, seed: int, mixup: float) -> Augmentation:
        """Return what `batches` needs to vary pictures; sequences of pictures are not mixed."""
        return Augmentation(seed, self.side_px)

    def batches(
        self, size: int, order: Sequence[int], augmentation: Augmentation | None, epoch: int
    ) -> Iterator[Batch]:
        """Yield batches in a given order.

        Args:
            size: Sequences a batch; the last one may be smaller.
            order: Indices into this part.
            augmentation: Varies each sequence by (its seed, epoch, index), or None to leave pictures as they are.
            epoch: Counted from 1.
        """
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            clips = []
            for index in chosen:
                clip = self._frames[self._places[index]]
                clips.append(clip if augmentation is None else augmentation.vary(clip, epoch, index))
            # Not `to_batch`: the network wants the channels last in memory, as they are here.
            frames = torch.from_numpy(scale(np.stack(clips))).permute(0, 1, 4, 2, 3)  # (N, T, 3, S, S)
            yield Batch(frames, self.smile[chosen], self.emotion[chosen])


def shuffled(n: int, seed: int, epoch: int) -> list[int]:
    """Return 0 to n-1 in an order that depends on seed and epoch only."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(n).tolist()
    return order


def decode_dataset(dataset: Dataset) -> U8:
    """Decode a dataset's pictures once and map them into memory.

    Returns:
        (sequences, T, S, S, 3) uint8, RGB, in the order of labels.csv; read from disk as it is used.
    """
    size, count = dataset.manifest["image"]["width_px"], dataset.rows[0].frame_count
    path = paths.artifacts("cache") / f"{dataset.name}-{dataset.labels_sha256[:16]}.npy"
    shape = (len(dataset.rows), count, size, size, 3)
    if path.exists():
        cached = np.load(path, mmap_mode="r")
        if cached.shape == shape:
            return np.asarray(cached)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:  # not through a memory map: there a full disk ends the process
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for row in cli.progress(dataset.rows, what="decode pictures"):
                file.write(dataset.load_frames(row).tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _forget_others(path, dataset.name)
    return np.asarray(np.load(path, mmap_mode="r"))


def _forget_others(path: Path, name: str) -> None:
    """Remove the caches of the same dataset's earlier states."""
    for other in path.parent.glob(f"{name}-{'[0-9a-f]' * 16}.npy"):
        if other != path:
            other.unlink(missing_ok=True)
