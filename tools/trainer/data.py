"""Pictures for training: decoded once into a file, then read in a seeded order.

The cache lies under artifacts/cache/, named after the content of labels.csv; delete it whenever you like.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from shared import cli, contracts, paths
from shared.arrays import U8
from shared.dataset.protocol import EMOTIONS
from shared.dataset.reader import Dataset, SequenceRow
from shared.models.face_crop import FaceCrop
from shared.models.network import Network
from shared.preprocess import scale
from shared.system.array_file import ArrayFile
from tools.trainer import caches
from tools.trainer.augment import Augmentation
from tools.trainer.balance import Balance

NO_EMOTION = -1
CONTEXT = 1.25  # side of what is kept of a face for the side of what the network gets, so that it can be moved


class Varies(Protocol):
    """Varies the pictures of a sequence, by (its seed, epoch, index) alone."""

    def vary(self, frames_thwc_u8: U8, epoch: int, index: int) -> U8:
        """Turn (T, P, P, 3) into (T, S, S, 3)."""
        ...


@dataclass(frozen=True)
class Batch:
    """Some sequences with their targets.

    Attributes:
        frames: (N, T, 3, S, S) float32 in 0 to 1, or features.
        smile: (N,) float32, 1 for the positive class.
        emotion: (N,) int64, an index into EMOTIONS or NO_EMOTION.
        weight: (N,) float32, how much each sequence counts in the loss; None where all count alike.
        kind: What frames are: a network's ``input``; ``crops``, what it cuts out of its input, (N, T, 3, P, P); or
            ``grids`` of its frozen encoder, (N, T, C, h, w).
    """

    frames: Tensor
    smile: Tensor
    emotion: Tensor
    kind: Literal["input", "crops", "grids"] = "input"
    weight: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Move it to where the network is; from pinned memory the GPU fetches it while the processor goes on."""
        return self._each(lambda values: values.to(device, non_blocking=device.type == "cuda"))

    def pinned(self) -> "Batch":
        """Return it in memory from which a GPU can read by itself."""
        return self._each(lambda values: values.pin_memory())

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        weight = None if self.weight is None else change(self.weight)
        return Batch(change(self.frames), change(self.smile), change(self.emotion), self.kind, weight)

    def mixed(self, mixup: float, rng: np.random.Generator) -> "Batch":
        """Mix each sequence with another one of the batch; labels and weights become shares of both.

        Args:
            mixup: Both parameters of the beta distribution of which the share is drawn.
            rng: Draws.

        Source: Zhang et al. 2018, equation 2.
        """
        share = float(rng.beta(mixup, mixup))
        other = torch.from_numpy(rng.permutation(len(self.frames)))

        def mix(values: Tensor) -> Tensor:
            return share * values + (1 - share) * values[other]

        weight = None if self.weight is None else mix(self.weight)
        return replace(self, frames=mix(self.frames), smile=mix(self.smile), weight=weight)


@dataclass(frozen=True)
class DecodedPictures:
    """The pictures of a dataset, in the order of labels.csv.

    Attributes:
        values: (sequences, T, P, P, 3) uint8, RGB; read from disk as it is used.
        side_px: Side of the centred square of them that a network gets.
        is_cropped: Whether they are faces that the network's crop has cut out, with some more around them.
    """

    values: U8 | ArrayFile
    side_px: int
    is_cropped: bool = False

    def centre(self, clip: U8) -> U8:
        """Cut what the network gets, unvaried, out of (..., P, P, 3)."""
        start = (clip.shape[-2] - self.side_px) // 2
        return clip[..., start : start + self.side_px, start : start + self.side_px, :]


class DecodedSequences:
    """One part of a split, decoded.

    Args:
        dataset: The dataset.
        rows: Its sequences in this part.
        pictures: Of all sequences of the dataset; only the rows' places are read.
        balance: Of a training part: its children, and how much each class counts in the loss.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: Sequence[SequenceRow],
        pictures: DecodedPictures,
        balance: Balance | None = None,
    ) -> None:
        place = {row.sequence_id: index for index, row in enumerate(dataset.rows)}
        self._pictures = pictures
        self.n_own = len(rows)
        rows = [*rows, *(rows[parent] for parent in (balance.parents if balance else ()))]
        self._places = [place[row.sequence_id] for row in rows]
        self.smile = torch.tensor([float(row.label == dataset.positive_class) for row in rows])
        self.emotion = torch.tensor(
            [EMOTIONS.index(shown) if (shown := row.shown_emotion()) is not None else NO_EMOTION for row in rows]
        )
        self.weight = torch.tensor([balance.weights[row.label] for row in rows]) if balance else None

    def __len__(self) -> int:
        return len(self._places)

    def augmentation(self, seed: int, mixup: float) -> Augmentation:
        """Return what `batches` needs to vary pictures; sequences of pictures are not mixed."""
        return Augmentation(seed, self._pictures.side_px)

    def clip(self, index: int) -> U8:
        """Return the pictures of a sequence, (T, P, P, 3)."""
        return np.asarray(self._pictures.values[self._places[index]])

    def weights_of(self, chosen: Sequence[int]) -> Tensor | None:
        """Return how much some sequences count in the loss."""
        return None if self.weight is None else self.weight[list(chosen)]

    def batches(self, size: int, order: Sequence[int], augmentation: Varies | None, epoch: int) -> Iterator[Batch]:
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
                clip = self.clip(index)
                clips.append(augmentation.vary(clip, epoch, index) if augmentation else self._pictures.centre(clip))
            # Not `to_batch`: the network wants the channels last in memory, as they are here.
            frames = torch.from_numpy(scale(np.stack(clips))).permute(0, 1, 4, 2, 3)  # (N, T, 3, S, S)
            kind: Literal["input", "crops"] = "crops" if self._pictures.is_cropped else "input"
            yield Batch(frames, self.smile[chosen], self.emotion[chosen], kind, self.weights_of(chosen))


def shuffled(n: int, seed: int, epoch: int) -> list[int]:
    """Return 0 to n-1 in an order that depends on seed and epoch only."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(n).tolist()
    return order


def decode_dataset(dataset: Dataset, crop: FaceCrop | None = None) -> DecodedPictures:
    """Decode a dataset's pictures once, to a file.

    Args:
        dataset: The dataset.
        crop: Of a network that crops faces: then they are cut out, too.
    """
    size, count = dataset.manifest["image"]["width_px"], dataset.rows[0].frame_count
    if crop is None:
        path = paths.artifacts("cache") / f"{dataset.name}-{caches.rows_key(dataset)[:16]}.npy"
        pictures = (dataset.load_frames(row) for row in cli.progress(dataset.rows, what="decode pictures"))
        values = caches.write_once(path, (len(dataset.rows), count, size, size, 3), pictures)
        return DecodedPictures(values, size)
    key = contracts.sha256_json([caches.rows_key(dataset), crop.from_px, crop.to_px, CONTEXT, hash_tensors(crop)])
    path = paths.artifacts("cache") / f"faces-{dataset.name}-{key[:16]}.npy"
    faces = (cut_faces(crop, dataset.load_frames(row)) for row in cli.progress(dataset.rows, what="cut faces out"))
    side = round(crop.to_px * CONTEXT)
    values = caches.write_once(path, (len(dataset.rows), count, side, side, 3), faces)
    return DecodedPictures(values, crop.to_px, is_cropped=True)


def face_crop_of(network: Network) -> FaceCrop | None:
    """Return the network's crop of faces, or None where it takes pictures as they are."""
    crop = getattr(network, "crop", None)
    return crop if isinstance(crop, FaceCrop) else None


@torch.inference_mode()
def cut_faces(crop: FaceCrop, pictures_nhwc_u8: U8) -> U8:
    """Cut the faces out of pictures, with CONTEXT around them: (N, S, S, 3) to (N, P, P, 3), uint8."""
    values = torch.from_numpy(scale(pictures_nhwc_u8)).permute(0, 3, 1, 2).to(crop.device)
    faces = crop(values, CONTEXT).permute(0, 2, 3, 1)
    return np.asarray((faces * 255).round().clamp(0, 255).byte().contiguous().cpu().numpy())


def hash_tensors(module: nn.Module) -> str:
    """Hash a module's weights and buffers, by name."""
    digest = hashlib.sha256()
    for name, values in sorted(module.state_dict().items()):
        digest.update(name.encode() + values.detach().contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()
