"""Networks whose predictions another one learns: their mean on a dataset's pictures, computed once.

A teacher is a folder of a pretraining (card.json beside weights.safetensors). Its prediction is the mean of that on a
picture and on its mirror image. A teacher repeats the labels that it has learned, the wrong ones too; so a picture is
predicted by those teachers alone that have not seen it or its person (card.json, learned.txt), where there are any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared import cli, contracts, paths
from shared.arrays import F32
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.models.pretrained import CARD, LEARNED
from shared.preprocess import SIZE_PX
from tools.trainer import caches, checkpoints
from tools.trainer.data import face_crop_of
from tools.trainer.pretraining import learning
from tools.trainer.pretraining.pictures import Pictures, gather_pictures


@dataclass(frozen=True)
class Teacher:
    """A network to learn from.

    Attributes:
        name: Its folder's.
        sha256: Of its weights.
        network: With its weights.
        people: Whom it has learned from, by dataset.
        hashes: Of the stored pictures that it has learned from.
    """

    name: str
    sha256: str
    network: DualHeadSmileDetector
    people: Mapping[str, frozenset[str]]
    hashes: frozenset[str]

    def has_seen(self, pictures: Pictures) -> Any:
        """Tell which pictures it has learned from, or their person under the same dataset's name, (n,) bool."""
        people = self.people.get(pictures.dataset.name, frozenset())
        pairs = zip(pictures.subjects, pictures.hashes, strict=True)
        return np.array([person in people or digest in self.hashes for person, digest in pairs], bool)

    def reference(self) -> dict[str, str]:
        """Name it in a card."""
        return {"name": self.name, "sha256": self.sha256}


def open_teacher(folder: Path) -> Teacher:
    """Load a teacher.

    Raises:
        InvalidInput: No finished pretraining, or its weights are not those of its card.
    """
    weights = folder / paths.WEIGHTS_FILE
    card = contracts.read_document(folder / CARD, "pretrained")
    if card["weights"] is None or not weights.is_file() or contracts.sha256_file(weights) != card["weights"]["sha256"]:
        raise InvalidInput(str(folder), found="other weights than its card names, or none", expected="a pretraining")
    network = DualHeadSmileDetector(5, EncoderChoice.from_settings(card["network"]), SIZE_PX)
    checkpoints.load_weights(weights, network)
    people = {each["name"]: frozenset(each["people"]) for each in card["data"]}
    hashes = frozenset((folder / LEARNED).read_text(encoding="ascii").split())
    return Teacher(folder.name, card["weights"]["sha256"], network.eval(), people, hashes)


def mean_prediction(teachers: Sequence[Teacher], dataset: Dataset, device: torch.device) -> F32 | None:
    """Return the mean probability of a smile on each picture of a dataset, (n,); None without teachers.

    On each picture the mean is over the teachers that have not seen it; over all of them where all have.
    """
    if not teachers:
        return None
    predictions, seen = zip(*(_predict(teacher, dataset, device) for teacher in teachers), strict=True)
    return mean_of_unseen(np.stack(predictions), np.stack(seen))


def mean_of_unseen(predictions: F32, seen: Any) -> F32:
    """Return the mean over teachers that have not seen a picture; over all of them where all have.

    Args:
        predictions: (k, n) of k teachers on n pictures.
        seen: (k, n) bool, whether the teacher has learned from the picture.

    Returns:
        (n,).

    Example:
        >>> mean_of_unseen(np.float32([[0.25, 1.0], [0.75, 0.5]]), np.array([[True, True], [False, True]])).tolist()
        [0.75, 0.75]
    """
    counted = np.where(seen.all(0), True, ~seen)
    return np.asarray(np.mean(predictions, axis=0, where=counted), np.float32)


def _predict(teacher: Teacher, dataset: Dataset, device: torch.device) -> tuple[F32, Any]:
    """Return a teacher's predictions on a dataset's pictures, (n,), and which of them it has learned from, (n,)."""
    pictures = gather_pictures(dataset, face_crop_of(teacher.network), teacher.network.input_px, with_blendshapes=False)
    seen = teacher.has_seen(pictures)
    key = contracts.sha256_json([caches.rows_key(dataset), teacher.sha256])
    path = paths.artifacts("cache") / f"predictions-{dataset.name}-{teacher.name}-{key[:16]}.npy"
    if path.exists():
        return np.load(path), seen
    cli.note(f"{teacher.name} predicts {dataset.name}")
    n = len(pictures.subjects)
    places = np.stack([np.zeros(n, np.int64), np.arange(n)], 1)
    unknown = learning.Targets.unknown(n)
    everything = learning.PictureSet([pictures.values], places, unknown, teacher.network.input_px)
    scores, _ = learning.predict(teacher.network.to(device), everything, device, mirrored=True)
    np.save(path, scores)
    return scores, seen
