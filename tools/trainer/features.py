"""Features for training: what the featurizer read, in memory, in the same batches as pictures."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from shared import cli
from shared.errors import InvalidInput
from shared.features import load_filled
from shared.sequences import Dataset, SequenceRow
from tools.trainer.data import NO_EMOTION, Batch

# Faces differ more in proportion than few people show: each axis, and their mixture, is varied by so much (LOG.md).
STRETCH = 0.03


class FeatureSequences:
    """A side of a dataset as features. Sequences without any face are left out: nothing can be learned from them.

    Args:
        dataset: The dataset.
        rows: Its sequences that are on this side.
        kind: ``landmarks`` or ``blendshapes``.

    Raises:
        InvalidInput: The featurizer has not read the dataset, or found no face at all on this side.
    """

    def __init__(self, dataset: Dataset, rows: Sequence[SequenceRow], kind: str) -> None:
        found = load_filled(dataset, rows, kind)
        kept = [(row, values) for row, values in zip(rows, found, strict=True) if values is not None]
        if not kept:
            raise InvalidInput(str(dataset.folder), found="no face on a side of the split", expected="some")
        if len(kept) < len(rows):
            cli.note(f"note: {len(rows) - len(kept)} of {len(rows)} sequences show no face and are left out")
        self.kind = kind
        self._values = [values for _, values in kept]
        self._longest = max(len(values) for values in self._values)
        self.smile = torch.tensor([float(row.label == dataset.positive_class) for row, _ in kept])
        self.emotion = torch.full((len(kept),), NO_EMOTION)

    def __len__(self) -> int:
        return len(self._values)

    def all(self) -> torch.Tensor:
        """Return every picture of the side as a sequence of one: (n, 1, ...)."""
        return torch.from_numpy(np.concatenate(self._values))[:, None]

    def augmentation(self, seed: int) -> int:
        """Return what `batches` needs to vary faces."""
        return seed

    def batches(self, size: int, order: Sequence[int], augmentation: Any, epoch: int) -> Iterator[Batch]:
        """Yield batches in a given order; shorter sequences repeat their pictures.

        Args:
            size: Sequences a batch; the last one may be smaller.
            order: Indices into this side.
            augmentation: A seed, to vary faces, or None to leave them as they are.
            epoch: Counted from 1.
        """
        for start in range(0, len(order), size):
            chosen = list(order[start : start + size])
            values = np.stack(
                [self._values[index][np.arange(self._longest) % len(self._values[index])] for index in chosen]
            )
            batch = torch.from_numpy(values)
            if augmentation is not None and self.kind == "landmarks":
                batch = _vary(batch, [augmentation, epoch, start])
            yield Batch(batch, self.smile[chosen], self.emotion[chosen])


def _vary(landmarks: torch.Tensor, seed: list[int]) -> torch.Tensor:
    """Stretch and shear each sequence's faces a little, and mirror none: a landmark's number has its side."""
    rng = np.random.default_rng(seed)
    change = np.eye(2) + STRETCH * rng.standard_normal((len(landmarks), 2, 2))
    plane = torch.einsum("ntpc,ncd->ntpd", landmarks[..., :2], torch.from_numpy(change.astype(np.float32)))
    return torch.cat([plane, landmarks[..., 2:]], -1)
