"""Networks whose answers another one learns: their mean answer on a dataset's pictures, computed once.

A teacher is a folder of a pretraining (card.json beside weights.safetensors). Its answer is the mean of that on a
picture and on its mirror image.
"""

from collections.abc import Sequence
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
from shared.models.pretrained import CARD
from shared.preprocess import SIZE_PX
from tools.trainer import caches, checkpoints
from tools.trainer.data import face_crop_of
from tools.trainer.pretraining import learning
from tools.trainer.pretraining.pictures import gather_pictures


@dataclass(frozen=True)
class Teacher:
    """A network to learn from.

    Attributes:
        name: Its folder's.
        sha256: Of its weights.
        network: With its weights.
    """

    name: str
    sha256: str
    network: DualHeadSmileDetector

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
    return Teacher(folder.name, card["weights"]["sha256"], network.eval())


def mean_answer(teachers: Sequence[Teacher], dataset: Dataset, device: torch.device) -> F32 | None:
    """Return the mean probability of a smile on each picture of a dataset, (n,); None without teachers."""
    if not teachers:
        return None
    answers = [_answer(teacher, dataset, device) for teacher in teachers]
    return np.asarray(np.mean(answers, axis=0), np.float32)


def _answer(teacher: Teacher, dataset: Dataset, device: torch.device) -> Any:
    pictures = gather_pictures(dataset, face_crop_of(teacher.network), teacher.network.input_px, with_blendshapes=True)
    key = contracts.sha256_json([caches.rows_key(dataset), teacher.sha256])
    path = paths.artifacts("cache") / f"answers-{dataset.name}-{teacher.name}-{key[:16]}.npy"
    if path.exists():
        return np.load(path)
    cli.note(f"{teacher.name} answers on {dataset.name}")
    n = len(pictures.subjects)
    nothing = torch.full((n,), float("nan"))
    targets = learning.Targets(nothing, torch.full((n,), -1), nothing[:, None], nothing)
    places = np.stack([np.zeros(n, np.int64), np.arange(n)], 1)
    everything = learning.PictureSet([pictures.values], places, targets, teacher.network.input_px)
    scores, _ = learning.answer(teacher.network.to(device), everything, device, mirrored=True)
    np.save(path, scores)
    return scores
