"""Features for training: what the featurizer read, in the same batches as pictures.

Of a small dataset they are held in memory, of a large one most are read from disk again in each epoch. For training
they are varied: each face is stretched a little, and each sequence is mixed with another one, and so are their labels.
Mirroring and noise are the network's own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from shared import cli
from shared.arrays import F32
from shared.dataset.feature_store import load_filled
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.faces.normalise import DEFAULT_SCHEME, normalise
from shared.onnx.contract import CLIPS
from tools.trainer.data import NO_EMOTION, Batch

# Faces differ more in proportion than few people show: each axis, and their mixture, is varied by so much (LOG.md).
STRETCH = 0.03
_MOST_HELD_BYTES = 32 << 20  # of a part: landmarks of 5,800 pictures
_AT_ONCE = 256  # sequences


class FeatureSequences:
    """One part of a split as features. Sequences without any face are left out: nothing can be learned from them.

    Args:
        dataset: The dataset.
        rows: Its sequences in this part.
        kind: One of `shared.onnx.contract.FEATURE_KINDS`.
        scheme: How the network normalises landmarks: only faces that lie alike can be mixed.

    Raises:
        InvalidInput: The featurizer has not read the dataset, or found no face at all in this part.
    """

    def __init__(self, dataset: Dataset, rows: Sequence[SequenceRow], kind: str, scheme: str = DEFAULT_SCHEME) -> None:
        self._found = load_filled(dataset, rows, kind)
        self._kept: list[int] = []  # places of the sequences with a face
        self._held: list[F32] = []  # values of the first of them
        n_bytes = self._longest = 0
        for place, values in enumerate(self._found):
            if values is None:
                continue
            self._kept.append(place)
            self._longest = max(self._longest, len(values))
            n_bytes += values.nbytes
            if n_bytes <= _MOST_HELD_BYTES:
                self._held.append(values)
        if not self._kept:
            raise InvalidInput(str(dataset.folder), found="no face in a part of the split", expected="some")
        if len(self._kept) < len(rows):
            cli.note(f"note: {len(rows) - len(self._kept)} of {len(rows)} sequences show no face and are left out")
        self.kind = kind
        self._scheme = scheme
        self.smile = torch.tensor([float(rows[place].label == dataset.positive_class) for place in self._kept])
        self.emotion = torch.full((len(self._kept),), NO_EMOTION)

    def __len__(self) -> int:
        return len(self._kept)

    def _values(self, index: int) -> F32:
        """Return a sequence's features, (T, ...)."""
        if index < len(self._held):
            return self._held[index]
        values = self._found[self._kept[index]]
        assert values is not None  # it has a face
        return values

    def all(self) -> Iterator[torch.Tensor]:
        """Yield every picture as a sequence of one, (n, 1, ...), in blocks; clips whole, padded with nan."""
        for start in range(0, len(self), _AT_ONCE):
            block = range(start, min(start + _AT_ONCE, len(self)))
            if self.kind == CLIPS:
                yield torch.from_numpy(self._stack(block))
            else:
                yield torch.from_numpy(np.concatenate([self._values(index) for index in block]))[:, None]

    def _stack(self, chosen: Iterable[int]) -> F32:
        """Bring sequences to one length."""
        values = [self._values(index) for index in chosen]
        if self.kind != CLIPS:
            return np.stack([one[np.arange(self._longest) % len(one)] for one in values])
        padded = np.full((len(values), self._longest, values[0].shape[1]), np.nan, np.float32)
        for place, clip in enumerate(values):
            padded[place, : len(clip)] = clip
        return padded

    def augmentation(self, seed: int, mixup: float) -> "Variation":
        """Return what `batches` needs to vary faces."""
        return Variation(seed, mixup, self._scheme if self.kind == "landmarks" else None)

    def batches(self, size: int, order: Sequence[int], augmentation: "Variation | None", epoch: int) -> Iterator[Batch]:
        """Yield batches in a given order; shorter sequences repeat their pictures, shorter clips are padded with nan.

        Args:
            size: Sequences a batch; the last one may be smaller.
            order: Indices into this part.
            augmentation: Varies sequences, or None to leave them as they are.
            epoch: Counted from 1.
        """
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            values = self._stack(chosen)
            batch = Batch(torch.from_numpy(values), self.smile[chosen], self.emotion[chosen])
            yield batch if augmentation is None else augmentation.vary(batch, epoch, start)


@dataclass(frozen=True)
class Variation:
    """Varies the sequences of a batch; the same seed, epoch and place give the same.

    Attributes:
        seed: The run's.
        mixup: Both parameters of the beta distribution of which the share of the other sequence is drawn; 0 mixes none.
        scheme: How landmarks are normalised; None for blendshapes, which are not stretched.

    Source: the stretch is our own choice (LOG.md).
    """

    seed: int
    mixup: float
    scheme: str | None

    def vary(self, batch: Batch, epoch: int, start: int) -> Batch:
        """Stretch faces, and mix sequences with others of the batch; labels become shares of smiles."""
        rng = np.random.default_rng([self.seed, epoch, start])
        values = batch.frames
        if self.scheme is not None:
            values = _stretch(values, self.scheme, rng)
        varied = Batch(values, batch.smile, batch.emotion)
        return varied.mixed(self.mixup, rng) if self.mixup else varied


def _stretch(landmarks: torch.Tensor, scheme: str, rng: np.random.Generator) -> torch.Tensor:
    """Normalise faces, then stretch and shear those of each sequence alike."""
    values = torch.from_numpy(normalise(landmarks.numpy(), scheme, with_z=True))
    change = (np.eye(2) + STRETCH * rng.standard_normal((len(values), 2, 2))).astype(np.float32)
    plane = torch.einsum("ntpc,ncd->ntpd", values[..., :2], torch.from_numpy(change))
    return torch.cat([plane, values[..., 2:]], -1)
