"""What a frozen encoder makes of pictures: grids of features, computed once, so that heads train in seconds.

    decoded pictures → frozen encoder, once each picture and its mirror image → artifacts/cache/*.npy → batches

The cache is named after the pictures, the encoder and its weights; delete it whenever you like.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch

from shared import cli, contracts, paths
from shared.arrays import U8
from shared.dataset.reader import Dataset, SequenceRow
from shared.models.dual_head import DualHeadSmileDetector
from shared.preprocess import scale
from tools.trainer.data import Batch, DecodedSequences

F16 = npt.NDArray[np.float16]
AS_IT_IS, MIRRORED = 0, 1


class EncodedSequences(DecodedSequences):
    """A part of a dataset as grids of features of a frozen encoder.

    Args:
        dataset: The dataset.
        rows: Its sequences that are in this part.
        grids: (all sequences, 2, T, C, h, w) float16: of each sequence as it is, and mirrored.
    """

    def __init__(self, dataset: Dataset, rows: Sequence[SequenceRow], grids: F16) -> None:
        super().__init__(dataset, rows, np.empty((0, 0, 0, 0, 3), np.uint8))
        self._grids = grids

    def augmentation(self, seed: int, mixup: float) -> "MirrorDraw":  # type: ignore[override]
        """Return what `batches` needs to vary sequences: each is mirrored, or not."""
        return MirrorDraw(seed)

    def batches(  # type: ignore[override]
        self, size: int, order: Sequence[int], augmentation: "MirrorDraw | None", epoch: int
    ) -> Iterator[Batch]:
        """Yield batches in a given order, as `DecodedSequences.batches` does; frames are (N, T, C, h, w)."""
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            turned = [AS_IT_IS if augmentation is None else augmentation.draw(epoch, index) for index in chosen]
            grids = [self._grids[self._places[index], side] for index, side in zip(chosen, turned, strict=True)]
            frames = torch.from_numpy(np.stack(grids).astype(np.float32))
            yield Batch(frames, self.smile[chosen], self.emotion[chosen], is_encoded=True)


class MirrorDraw:
    """Draws whether a sequence is mirrored, by (seed, epoch, index) alone.

    Args:
        seed: The run's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def draw(self, epoch: int, index: int) -> int:
        """Return AS_IT_IS or MIRRORED."""
        return int(np.random.default_rng([self._seed, epoch, index]).integers(2))


def encode_dataset(dataset: Dataset, frames_u8: U8, network: DualHeadSmileDetector) -> F16:
    """Encode a dataset's pictures once and map the result into memory.

    Args:
        dataset: The dataset.
        frames_u8: (sequences, T, S, S, 3) uint8 of all its sequences, see `tools.trainer.data.decode_dataset`.
        network: Its encoder is used as it is, in evaluation.

    Returns:
        (sequences, 2, T, C, h, w) float16, in the order of labels.csv; read from disk as it is used.
    """
    choice = network.choice
    key = contracts.sha256_json([dataset.labels_sha256, choice.encoder, choice.input_px, _hash_encoder(network)])
    path = paths.artifacts("cache") / f"grids-{dataset.name}-{key[:16]}.npy"
    if path.exists():
        return np.asarray(np.load(path, mmap_mode="r"))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    n_frames = frames_u8.shape[1]
    network.eval()
    try:
        with partial.open("wb") as file:  # not through a memory map: there a full disk ends the process
            is_begun = False
            for number in cli.progress(range(len(frames_u8)), what="encode pictures", total=len(frames_u8)):
                pictures = frames_u8[number]
                both = np.concatenate([pictures, pictures[:, :, ::-1]])  # (2 T, S, S, 3)
                with torch.inference_mode():
                    grid = network.encode_grid(torch.from_numpy(scale(both)).permute(0, 3, 1, 2))
                values = grid.unflatten(0, (2, n_frames)).contiguous().numpy().astype(np.float16)
                if not is_begun:
                    header = {"descr": "<f2", "fortran_order": False, "shape": (len(frames_u8), *values.shape)}
                    np.lib.format.write_array_header_1_0(file, header)
                    is_begun = True
                file.write(values.tobytes())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return np.asarray(np.load(path, mmap_mode="r"))


def _hash_encoder(network: DualHeadSmileDetector) -> str:
    digest = hashlib.sha256()
    for name, values in sorted(network.encoder.state_dict().items()):
        digest.update(name.encode() + values.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()
