"""Photos for training: decoded ones with their children, varied anew each epoch and mixed with each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import U8
from shared.dataset.reader import Dataset, SequenceRow
from tools.trainer.balance import Balance
from tools.trainer.data import Batch, DecodedPictures, DecodedSequences, Varies
from tools.trainer.variation import PhotoVariation

OF_CHILDREN = 0  # epochs are counted from 1: this number makes what does not change from epoch to epoch


@dataclass(frozen=True)
class MixedVariation(PhotoVariation):
    """Varies photos, and says how evenly they are mixed; 0 mixes none."""

    mixup: float = 0.0


class PhotoSequences(DecodedSequences):
    """One part of a split as photos.

    Args:
        dataset: The dataset.
        rows: Its sequences in this part.
        pictures: Of all sequences of the dataset.
        balance: Of a training part: its children and weights.
        seed: Decides how children differ from their parents.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: Sequence[SequenceRow],
        pictures: DecodedPictures,
        balance: Balance | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(dataset, rows, pictures, balance)
        vary = PhotoVariation(seed, pictures.values.shape[-2]).vary
        self._children = [vary(super(PhotoSequences, self).clip(index), OF_CHILDREN, index) for index in self.children]

    @property
    def children(self) -> range:
        """The places of the children, behind the part's own sequences."""
        return range(self.n_own, len(self))

    def clip(self, index: int) -> U8:
        """Return the pictures of a sequence, or of a child."""
        return self._children[index - self.n_own] if index >= self.n_own else super().clip(index)

    def augmentation(self, seed: int, mixup: float) -> MixedVariation:  # type: ignore[override]
        """Return what `batches` needs to vary photos."""
        return MixedVariation(seed, self._pictures.side_px, mixup)

    def batches(self, size: int, order: Sequence[int], augmentation: Varies | None, epoch: int) -> Iterator[Batch]:
        """Yield batches in a given order, as `DecodedSequences.batches` does."""
        for number, batch in enumerate(super().batches(size, order, augmentation, epoch)):
            if isinstance(augmentation, MixedVariation) and augmentation.mixup:
                yield batch.mixed(augmentation.mixup, np.random.default_rng([augmentation.seed, epoch, number * size]))
            else:
                yield batch
