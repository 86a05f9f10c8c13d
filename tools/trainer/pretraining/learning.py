"""What a pretraining minimises, step by step: labels where there are any, blendshapes, other networks' predictions.

Reads and writes nothing. Every draw follows from (seed, epoch), so an epoch that was cut off gives the same numbers.
"""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from shared import cli
from shared.arrays import F32, U8
from shared.dataset.protocol import EMOTIONS
from shared.faces.landmarker import N_BLENDSHAPES
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.network import NetworkOutput
from shared.preprocess import LUMA, scale
from tools.trainer.augment import Augmentation
from tools.trainer.devices import MixedPrecision, choose_precision, in_background
from tools.trainer.pretraining.config import PretrainConfig

WARM_UP = 0.15  # part of all steps in which the learning rate rises
_GREY, _BLUR = 0.15, 0.25  # how often a picture loses its colour, or its details
_LEAST_DETAIL_PX = 28
MEAN_REACH = 0.05  # of all steps: as far back as mean weights look
MAX_GRADIENT = 1.0  # norm of all gradients together
MAX_LENGTH = 5  # a picture is shown for 1 to 5 frames, so that the LSTM knows what it will see of films


@dataclass(frozen=True)
class Targets:
    """What n pictures show.

    Attributes:
        smile: (n,) 0 to 1; nan where it is not known.
        emotion: (n,) index into EMOTIONS, -1 where it is not known.
        blendshapes: (n, 52); nan where they are not known.
        emotion_predictions: (n, 7) a classifier's probabilities of EMOTIONS; nan where there are none.
        weight: (n,) of labels and teachers' predictions.
    """

    smile: Tensor
    emotion: Tensor
    blendshapes: Tensor
    emotion_predictions: Tensor
    weight: Tensor

    def at(self, places: Tensor) -> "Targets":
        """Pick some, in an order."""
        return Targets(*(part[places] for part in self.parts()))

    def to(self, device: torch.device) -> "Targets":
        """Move them to a device."""
        return Targets(*(part.to(device) for part in self.parts()))

    def parts(self) -> list[Tensor]:
        """Return all of them, in the order of the fields."""
        return [getattr(self, field.name) for field in fields(self)]

    @classmethod
    def unknown(cls, n: int) -> "Targets":
        """Return those of n pictures of which nothing is known."""
        nan = float("nan")
        shapes = torch.full((n, N_BLENDSHAPES), nan), torch.full((n, len(EMOTIONS)), nan)
        return cls(torch.full((n,), nan), torch.full((n,), -1), *shapes, torch.ones(n))

    @classmethod
    def together(cls, several: Sequence["Targets"]) -> "Targets":
        """Put one behind the other."""
        return cls(*(torch.cat(parts) for parts in zip(*(each.parts() for each in several), strict=True)))


@dataclass(frozen=True)
class LearnerOutput:
    """What a `Learner` answers: the network's output, and the logits of the two heads beside it, (n, 52) and (n, 7)."""

    network: NetworkOutput
    blendshapes: Tensor
    emotion_predictions: Tensor

    def in_float32(self) -> "LearnerOutput":
        """Give the same in float32, whatever a mixed precision computed in."""
        return LearnerOutput(self.network.in_float32(), self.blendshapes.float(), self.emotion_predictions.float())


class Learner(nn.Module):
    """The network, and two heads that repeat what MediaPipe and a classifier of emotions say of a picture.

    These heads are for training alone: what they need, encoder and LSTM learn to see. The classifier is wrong about
    emotions more often than the labels, so the network's own emotion head learns labels only.

    Args:
        network: Sees pictures that are cropped already.
    """

    def __init__(self, network: DualHeadSmileDetector) -> None:
        super().__init__()
        self.network = network
        self.blendshapes = nn.Linear(network.choice.n_features, N_BLENDSHAPES)
        self.emotion_predictions = nn.Linear(network.emotion_head.in_features, len(EMOTIONS))

    def forward(self, crops_nchw_f32: Tensor, length: int) -> "LearnerOutput":
        """Answer for single pictures, each shown for some frames."""
        features = self.network.pool(self.network.encode_grid(crops_nchw_f32, is_cropped=True))
        shown = features.unsqueeze(1).expand(-1, length, -1)
        hidden = self.network.remember(shown)
        output = self.network.answer(hidden, shown)
        return LearnerOutput(output, self.blendshapes(features), self.emotion_predictions(hidden))

    def make_optimizer(self, config: PretrainConfig) -> torch.optim.AdamW:
        """Build AdamW: the encoder, then the rest, which learns faster."""
        encoder = list(self.network.encoder.parameters())
        inside = {id(parameter) for parameter in encoder}
        rest = [each for each in self.parameters() if id(each) not in inside and each.requires_grad]
        return torch.optim.AdamW([{"params": encoder}, {"params": rest}], weight_decay=config.weight_decay)


def mean_decay(decay: float, n_steps: int) -> float:
    """Return the decay of the mean weights a step; less than asked for where the mean would reach too far back.

    The mean of far-away weights is worse than the last ones (LOG.md), so it looks back over `MEAN_REACH` of all steps.

    Example:
        >>> mean_decay(0.998, 100_000), mean_decay(0.998, 2_000)
        (0.998, 0.99)
    """
    return min(decay, max(0.0, 1 - 1 / (MEAN_REACH * n_steps)))


class Kept(nn.Module):
    """What is trained and, with an exponential moving average, the mean weights that are kept of it.

    Args:
        learner: What is trained.
        decay: Of the mean, a step; 0 for none: then the last weights are kept.
    """

    def __init__(self, learner: Learner, decay: float) -> None:
        super().__init__()
        self.learner = learner
        self.mean = (
            AveragedModel(learner, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True) if decay else None
        )

    @property
    def network(self) -> DualHeadSmileDetector:
        """The network with the weights that are kept."""
        return cast(Learner, self.mean.module if self.mean else self.learner).network

    def update(self) -> None:
        """Take a step's weights into the mean."""
        if self.mean:
            self.mean.update_parameters(self.learner)


def learning_rate(done: float, highest: float) -> float:
    """Return the rate after a part of all steps: it rises in a line, then falls as a cosine to zero.

    Example:
        >>> learning_rate(0.15, 1.0)
        1.0
    """
    if done < WARM_UP:
        return highest * done / WARM_UP
    return highest * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


class LossMeans:
    """Losses of an epoch, as means over what has each target."""

    def __init__(self, config: PretrainConfig) -> None:
        self._factors = {
            "smile": 1.0,
            "emotion": config.emotion_weight,
            "blendshape": config.blendshape_weight,
            "emotion_teacher": config.emotion_teacher_weight,
        }
        self._sums = dict.fromkeys(self._factors, 0.0)
        self._weights = dict.fromkeys(self._factors, 0.0)

    def of(self, output: LearnerOutput, mixed: Sequence[tuple[float, Targets]]) -> Tensor:
        """Return the loss of a batch; each of its pictures is a mixture, so each has several weighted targets."""
        zero = output.network.smile_logit.sum() * 0
        sums, weights = dict.fromkeys(self._factors, zero), dict.fromkeys(self._factors, zero.detach())
        for share, targets in mixed:
            for name, (each, weight) in _losses(output, targets).items():
                sums[name] = sums[name] + (share * weight * each).sum()
                weights[name] = weights[name] + share * weight.sum()
        total = zero
        for name, factor in self._factors.items():
            if factor and float(weights[name]) > 0:
                mean = sums[name] / weights[name]
                total = total + factor * mean
                self._sums[name] += float(mean.detach()) * float(weights[name])
                self._weights[name] += float(weights[name])
        return total

    def means(self) -> dict[str, float | None]:
        """Return the mean of each kind of loss; None where nothing had a target."""
        return {name: self._sums[name] / self._weights[name] if self._weights[name] else None for name in self._factors}


def _losses(output: LearnerOutput, targets: Targets) -> dict[str, tuple[Tensor, Tensor]]:
    """Return each kind of loss of each picture, (n,), and its weight, 0 where it has no such target."""
    binary = functools.partial(nn.functional.binary_cross_entropy_with_logits, reduction="none")
    categorical = functools.partial(nn.functional.cross_entropy, reduction="none")
    assert output.network.emotion_logits is not None
    seen, predicted = (~part[:, 0].isnan() for part in (targets.blendshapes, targets.emotion_predictions))
    return {
        "smile": (
            binary(output.network.smile_logit, targets.smile.nan_to_num()),
            targets.weight * ~targets.smile.isnan(),
        ),
        "emotion": (
            categorical(output.network.emotion_logits, targets.emotion.clamp_min(0)),
            (targets.emotion >= 0).float(),
        ),
        "blendshape": (binary(output.blendshapes, targets.blendshapes.nan_to_num()).mean(1), seen.float()),
        "emotion_teacher": (
            categorical(output.emotion_predictions, targets.emotion_predictions.nan_to_num()),
            predicted.float(),
        ),
    }


class Variation:
    """Varies pictures as in training, and takes colour or details away from some.

    Args:
        seed: Decides everything that is drawn.
        side_px: Side of what comes out.
        strength: 1 varies as a training does, 0 mirrors only.
    """

    def __init__(self, seed: int, side_px: int, strength: float) -> None:
        self._seed = seed
        self._strength = strength
        self._moves = Augmentation(seed, side_px, strength)

    def vary(self, picture_hwc_u8: U8, epoch: int, index: int) -> U8:
        """Vary (P, P, 3) to (side_px, side_px, 3)."""
        varied = self._moves.vary(picture_hwc_u8[None], epoch, index)[0]
        rng = np.random.default_rng([self._seed, epoch, index, 1])
        if rng.random() < _BLUR * self._strength:
            side = varied.shape[0]
            small = int(rng.integers(min(_LEAST_DETAIL_PX, side), side + 1))
            coarse = cv2.resize(varied, (small, small), interpolation=cv2.INTER_AREA)
            varied = np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)
        if rng.random() < _GREY * self._strength:
            varied = np.repeat((varied @ np.array(LUMA))[:, :, None].round().astype(np.uint8), 3, 2)
        return np.asarray(varied, np.uint8)


def train_epoch(
    kept: Kept,
    optimizer: torch.optim.Optimizer,
    pictures: "PictureSet",
    config: PretrainConfig,
    epoch: int,
    device: torch.device,
) -> dict[str, float | None]:
    """Show each picture once; returns the mean losses."""
    learner = kept.learner
    learner.train()
    rng = np.random.default_rng([config.seed, epoch])
    torch.manual_seed(int(rng.integers(2**62)))
    order = rng.permutation(len(pictures))
    steps = len(order) // config.batch or 1
    losses = LossMeans(config)
    precision = MixedPrecision(choose_precision("auto", device), device)
    variation = Variation(config.seed, pictures.side_px, config.variation)
    parts = (order[step * config.batch : (step + 1) * config.batch] for step in range(steps))
    crops_of: Iterable[tuple[Any, torch.Tensor]] = (
        (chosen, _vary_all(pictures, variation, epoch, chosen)) for chosen in parts
    )
    if device.type == "cuda":
        crops_of = in_background(crops_of, lambda item: (item[0], item[1].pin_memory()))
    shown = cli.progress(crops_of, what=f"epoch {epoch}/{config.epochs}", total=steps)
    for step, (chosen, loaded) in enumerate(shown):
        rate = learning_rate(((epoch - 1) * steps + step + 1) / (config.epochs * steps), config.lr)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.param_groups[1]["lr"] = rate * config.head_lr_factor
        crops = loaded.to(device, non_blocking=device.type == "cuda")
        places = torch.from_numpy(chosen)
        targets = pictures.targets.at(places).to(device)
        mixed = [(1.0, targets)]
        if config.mixup:
            share = float(rng.beta(config.mixup, config.mixup))
            partner = torch.from_numpy(rng.permutation(len(chosen)))
            crops = share * crops + (1 - share) * crops[partner.to(device)]
            mixed = [(share, targets), (1 - share, pictures.targets.at(places[partner]).to(device))]
        optimizer.zero_grad(set_to_none=True)
        with precision.autocast():
            output = learner(crops, int(rng.integers(1, MAX_LENGTH + 1)))
        precision.step(losses.of(output.in_float32(), mixed), optimizer, MAX_GRADIENT)
        kept.update()
    return losses.means()


def _vary_all(pictures: "PictureSet", variation: Variation, epoch: int, chosen: Any) -> torch.Tensor:
    """Vary some pictures: (n, 3, S, S)."""
    values = np.stack([variation.vary(pictures.picture(int(index)), epoch, int(index)) for index in chosen])
    return torch.from_numpy(scale(values)).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class PictureSet:
    """Pictures of several datasets as one.

    Attributes:
        parts: (n, P, P, 3) uint8 of each dataset.
        places: (m, 2): for each picture the part and its index in it.
        targets: Of the m pictures.
        side_px: Side of the centred square that the network gets.
    """

    parts: Sequence[U8]
    places: Any
    targets: Targets
    side_px: int

    def __len__(self) -> int:
        return len(self.places)

    def picture(self, index: int) -> U8:
        """Return a picture with what lies around it, (P, P, 3)."""
        part, place = self.places[index]
        return np.asarray(self.parts[part][place])

    def batches(self, size: int) -> Iterator[U8]:
        """Yield (n, side_px, side_px, 3), unvaried, in order."""
        for start in range(0, len(self), size):
            stack = np.stack([self.picture(index) for index in range(start, min(start + size, len(self)))])
            margin = (stack.shape[1] - self.side_px) // 2
            yield stack[:, margin : margin + self.side_px, margin : margin + self.side_px]


@torch.inference_mode()
def predict(
    network: DualHeadSmileDetector, pictures: PictureSet, device: torch.device, *, mirrored: bool = False
) -> tuple[F32, F32]:
    """Ask a network about pictures, as they are.

    Args:
        network: The network, on the device.
        pictures: The pictures, which its own crop has cut out.
        device: Where it computes.
        mirrored: Whether the mean with the mirror image's counts.

    Returns:
        (n,) probability of a smile, and (n, 7) of the emotions.
    """
    network.eval()
    smiles, emotions = [np.empty(0, np.float32)], [np.empty((0, len(EMOTIONS)), np.float32)]
    for batch in pictures.batches(64):
        values = torch.from_numpy(scale(batch)).permute(0, 3, 1, 2).to(device)
        views = [values, values.flip(-1)] if mirrored else [values]
        outputs = [network.decide_from_crops(view.unsqueeze(1)) for view in views]
        smiles.append(torch.stack([torch.sigmoid(each.smile_logit) for each in outputs]).mean(0).cpu().numpy())
        logits = [each.emotion_logits for each in outputs if each.emotion_logits is not None]
        emotions.append(torch.stack([each.softmax(1) for each in logits]).mean(0).cpu().numpy())
    return np.concatenate(smiles), np.concatenate(emotions)
