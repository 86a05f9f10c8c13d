"""What a frozen encoder makes of pictures: grids of features, computed once, so that heads train in seconds.

    decoded pictures → frozen encoder, once each picture and its mirror image → artifacts/cache/*.npy → batches

The cache is named after the pictures, the encoder and its weights; delete it whenever you like.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import torch

from shared import cli, contracts, paths
from shared.dataset.reader import Dataset, SequenceRow
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import spec_of
from shared.preprocess import scale
from tools.trainer import caches
from tools.trainer.data import Batch, DecodedPictures, DecodedSequences, hash_tensors

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
        super().__init__(dataset, rows, DecodedPictures(np.empty((0, 0, 0, 0, 3), np.uint8), 0))
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
            yield Batch(frames, self.smile[chosen], self.emotion[chosen], "grids")


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


def encode_dataset(dataset: Dataset, pictures: DecodedPictures, network: DualHeadSmileDetector) -> F16:
    """Encode a dataset's pictures once and map the result into memory.

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
    grids = (_encode(network, pictures, number) for number in cli.progress(range(n), what="encode pictures", total=n))
    return np.asarray(caches.write_once(path, shape, grids, "<f2"))


@torch.inference_mode()
def _encode(network: DualHeadSmileDetector, pictures: DecodedPictures, number: int) -> F16:
    """Encode a sequence as it is, and mirrored: (2, T, C, h, w)."""
    network.eval()
    clip = pictures.centre(pictures.values[number])
    both = np.concatenate([clip, clip[:, :, ::-1]])  # (2 T, S, S, 3)
    values = torch.from_numpy(scale(both)).permute(0, 3, 1, 2).to(next(network.encoder.parameters()).device)
    grid = network.encode_grid(values, is_cropped=pictures.is_cropped).unflatten(0, (2, len(clip)))
    return np.asarray(grid.contiguous().cpu().numpy().astype(np.float16))
