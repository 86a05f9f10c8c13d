"""What a frozen encoder makes of pictures: grids of features, computed once, so that heads train in seconds.

    decoded pictures → frozen encoder, once each picture and its mirror image → artifacts/cache/*.npy → batches

The cache is named after the pictures, the encoder and its weights; delete it whenever you like.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch

from shared import cli, contracts, paths
from shared.arrays import U8
from shared.dataset.reader import Dataset, SequenceRow
from shared.models.encoder_specs import spec_of
from shared.models.picture_network import PictureNetwork
from shared.preprocess import scale
from shared.system.array_file import ArrayFile
from tools.trainer import caches
from tools.trainer.balance import Balance
from tools.trainer.data import Batch, DecodedPictures, DecodedSequences, hash_tensors

F16 = npt.NDArray[np.float16]
AS_IT_IS, MIRRORED = 0, 1
_BATCH = 16  # sequences that are encoded at once


class EncodedSequences(DecodedSequences):
    """A part of a dataset as grids of features of a frozen encoder.

    Args:
        dataset: The dataset.
        rows: Its sequences that are in this part.
        grids: (all sequences, 2, T, C, h, w) float16: of each sequence as it is, and mirrored.
        balance: As of `DecodedSequences`.
        children: Grids of the children, in their order.
        may_mix: Whether sequences are mixed: photos are.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: Sequence[SequenceRow],
        grids: F16 | ArrayFile,
        balance: Balance | None = None,
        children: Sequence[F16] = (),
        *,
        may_mix: bool = False,
    ) -> None:
        super().__init__(dataset, rows, DecodedPictures(np.empty((0, 0, 0, 0, 3), np.uint8), 0), balance)
        self._grids = grids
        self._children = children
        self._may_mix = may_mix

    def grid(self, index: int, side: int) -> F16:
        """Return the grids of a sequence, (T, C, h, w), as it is or mirrored."""
        if index >= self.n_own:
            return np.asarray(self._children[index - self.n_own][side])
        return np.asarray(self._grids[self._places[index], side])

    def augmentation(self, seed: int, mixup: float) -> "MirrorDraw":  # type: ignore[override]
        """Return what `batches` needs to vary sequences: each is mirrored, or not."""
        return MirrorDraw(seed, mixup if self._may_mix else 0.0)

    def batches(  # type: ignore[override]
        self, size: int, order: Sequence[int], augmentation: "MirrorDraw | None", epoch: int
    ) -> Iterator[Batch]:
        """Yield batches in a given order, as `DecodedSequences.batches` does; frames are (N, T, C, h, w)."""
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            turned = [AS_IT_IS if augmentation is None else augmentation.draw(epoch, index) for index in chosen]
            grids = [self.grid(index, side) for index, side in zip(chosen, turned, strict=True)]
            frames = torch.from_numpy(np.stack(grids).astype(np.float32))
            batch = Batch(frames, self.smile[chosen], self.emotion[chosen], "grids", self.weights_of(chosen))
            if augmentation is not None and augmentation.mixup:
                batch = batch.mixed(augmentation.mixup, np.random.default_rng([augmentation.seed, epoch, start]))
            yield batch


@dataclass(frozen=True)
class MirrorDraw:
    """Draws whether a sequence is mirrored, by (seed, epoch, index) alone.

    Attributes:
        seed: The run's.
        mixup: How evenly sequences are mixed with others; 0 mixes none.
    """

    seed: int
    mixup: float = 0.0

    def draw(self, epoch: int, index: int) -> int:
        """Return AS_IT_IS or MIRRORED."""
        return int(np.random.default_rng([self.seed, epoch, index]).integers(2))


def encode_dataset(dataset: Dataset, pictures: DecodedPictures, network: PictureNetwork) -> ArrayFile:
    """Encode a dataset's pictures once, to a file.

    Args:
        dataset: The dataset.
        pictures: Of all its sequences.
        network: Its encoder is used as it is, in evaluation.

    Returns:
        (sequences, 2, T, C, h, w) float16, in the order of labels.csv; read from disk as it is used.
    """
    choice = network.choice
    key = contracts.sha256_json([caches.rows_key(dataset), asdict(choice), hash_tensors(network.encoder)])
    path = paths.artifacts("cache") / f"grids-{dataset.name}-{choice.encoder}-{key[:16]}.npy"
    n, n_frames = pictures.values.shape[:2]
    shape = (n, 2, n_frames, *spec_of(choice.encoder).feature_shape(network.input_px))
    starts = cli.progress(range(0, n, _BATCH), what="encode pictures")
    batches = (pictures.centre(pictures.values[start : start + _BATCH]) for start in starts)
    grids = (grid for clips in batches for grid in encode_clips(network, clips, is_cropped=pictures.is_cropped))
    return caches.write_once(path, shape, grids, "<f2")


@torch.inference_mode()
def encode_clips(network: PictureNetwork, clips: U8, *, is_cropped: bool) -> F16:
    """Encode sequences as they are, and mirrored: (N, T, S, S, 3) to (N, 2, T, C, h, w)."""
    network.eval()
    both = np.stack([clips, clips[..., ::-1, :]], 1)  # (N, 2, T, S, S, 3)
    flat = both.reshape(-1, *both.shape[3:])
    values = torch.from_numpy(scale(flat)).permute(0, 3, 1, 2).to(next(network.encoder.parameters()).device)
    grid = network.encode_grid(values, is_cropped=is_cropped).unflatten(0, both.shape[:3])
    return np.asarray(grid.contiguous().cpu().numpy().astype(np.float16))
