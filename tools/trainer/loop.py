"""One epoch of training, and one evaluation on the validation people.

Every random draw of an epoch follows from (seed, epoch), so a resumed run, or a longer one at a constant rate, gives
the same numbers epoch by epoch.
"""

import math
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from shared import cli
from shared.models.network import Network, NetworkOutput
from shared.statistics import metrics
from tools.trainer.config import TrainConfig
from tools.trainer.data import NO_EMOTION, Batch, DecodedSequences, shuffled
from tools.trainer.devices import MixedPrecision, choose_precision, load_ahead
from tools.trainer.features import FeatureSequences
from tools.trainer.stages import FROZEN, EpochPlan

SplitPart = DecodedSequences | FeatureSequences  # or EncodedSequences, which are decoded ones


@dataclass(frozen=True)
class Losses:
    """Mean losses over the sequences of an epoch; the emotion loss is None where no sequence had an emotion label."""

    total: float
    smile: float
    emotion: float | None


@dataclass(frozen=True)
class Validation:
    """Results on the validation people; metrics are None where they are undefined."""

    losses: Losses
    accuracy: float | None
    auc: float | None


def make_optimizer(network: Network, config: TrainConfig) -> torch.optim.AdamW:
    """Build AdamW; the encoder of pictures, where there is one, is a group of its own before the rest."""
    encoder = [parameter for block in network.encoder_blocks() for parameter in block.parameters()]
    if not encoder:
        return torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    inside = {id(parameter) for parameter in encoder}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in inside]
    return torch.optim.AdamW([{"params": encoder}, {"params": rest}], lr=config.lr, weight_decay=config.weight_decay)


def prepare_epoch(network: Network, optimizer: torch.optim.Optimizer, config: TrainConfig, plan: EpochPlan) -> float:
    """Set what learns in an epoch and how fast.

    Where the encoder is frozen at first, its batch normalisation stands still in all epochs: frozen features would
    drift otherwise, and a few dozen people are too few for new running statistics.

    Returns:
        The learning rate of the heads.
    """
    rate = plan.rate
    network.train()
    optimizer.param_groups[-1]["lr"] = rate
    blocks = network.encoder_blocks()
    if not blocks:
        return rate
    first = 0
    if plan.stage == FROZEN:
        first = len(blocks)
    elif config.freeze_epochs and config.unfreeze_blocks:
        first = max(0, len(blocks) - config.unfreeze_blocks)
    for index, block in enumerate(blocks):
        block.requires_grad_(index >= first)
        block.train(index >= first and not config.freeze_epochs)
    optimizer.param_groups[0]["lr"] = rate * (config.unfreeze_lr_factor if config.freeze_epochs else 1.0)
    return rate


class LossSum:
    """Adds up losses, weighted by sequences."""

    def __init__(self, emotion_weight: float, label_smoothing: float = 0.0) -> None:
        self._weight = emotion_weight
        self._smoothing = label_smoothing
        self._smile = self._emotion = 0.0
        self._n = self._n_emotion = 0

    def of(self, output: NetworkOutput, batch: Batch) -> Tensor:
        """Return the batch's loss and add it to the sum. The emotion part counts labelled sequences only."""
        target = batch.smile * (1 - self._smoothing) + self._smoothing / 2
        smile = nn.functional.binary_cross_entropy_with_logits(output.smile_logit, target, batch.weight)
        self._smile += smile.item() * len(batch.smile)
        self._n += len(batch.smile)
        n_emotion = int((batch.emotion != NO_EMOTION).sum())
        if not n_emotion or output.emotion_logits is None:
            return smile
        emotion = nn.functional.cross_entropy(output.emotion_logits, batch.emotion, ignore_index=NO_EMOTION)
        self._emotion += emotion.item() * n_emotion
        self._n_emotion += n_emotion
        return smile + self._weight * emotion

    def mean(self) -> Losses:
        """Return the means so far."""
        smile = self._smile / self._n
        if not self._n_emotion:
            return Losses(smile, smile, None)
        emotion = self._emotion / self._n_emotion
        return Losses(smile + self._weight * emotion, smile, emotion)


def train_epoch(
    network: Network,
    optimizer: torch.optim.Optimizer,
    part: SplitPart,
    config: TrainConfig,
    epoch: int,
) -> Losses:
    """Train on each sequence of a part once; returns the mean losses."""
    torch.manual_seed(int(np.random.SeedSequence([config.seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1)))
    augmentation: Any = part.augmentation(config.seed, config.mixup) if config.augment else None
    order = shuffled(len(part), config.seed, epoch)
    losses = LossSum(config.emotion_weight, config.label_smoothing)
    steps = math.ceil(len(order) / config.batch)
    batches = part.batches(config.batch, order, augmentation, epoch)
    device = next(network.parameters()).device
    precision = MixedPrecision(choose_precision(config.precision, device), device)
    loaded = load_ahead(batches, device)
    for each in cli.progress(loaded, what=f"epoch {epoch}/{config.epochs}", total=steps):
        batch = each.to(device)
        optimizer.zero_grad(set_to_none=True)
        with precision.autocast():
            output = _answer(network, batch)
        precision.step(losses.of(output.in_float32(), batch) + network.penalty(), optimizer)
    return losses.mean()


def _answer(network: Network, batch: Batch) -> NetworkOutput:
    """Ask the network about a batch of pictures, features, its own crops, or grids of its own frozen encoder."""
    if batch.kind == "grids":
        return network.decide_from_grids(batch.frames)
    if batch.kind == "crops":
        return network.decide_from_crops(batch.frames)
    return cast(NetworkOutput, network(batch.frames))


@torch.inference_mode()
def validate(network: Network, part: SplitPart, config: TrainConfig) -> Validation:
    """Measure the network on a part of the split, without augmentation, in float32, at the threshold 0.5."""
    network.eval()
    losses = LossSum(config.emotion_weight)
    scores = []
    device = next(network.parameters()).device
    for each in load_ahead(part.batches(config.batch, range(len(part)), None, 0), device):
        batch = each.to(device)
        output = _answer(network, batch)
        losses.of(output, batch)
        scores.append(torch.sigmoid(output.smile_logit))
    measured = metrics.measure(
        part.smile.bool().numpy(), torch.cat(scores).double().cpu().numpy(), metrics.DEFAULT_THRESHOLD, "default"
    ).metrics()
    return Validation(losses.mean(), measured["accuracy"], measured["roc_auc"])


def describe_chance(auc: float | None, n_positive: int, n: int) -> str | None:
    """Say that validation tells sequences apart no better than guessing does; None where it does, or is undefined."""
    if auc is None or auc > (limit := metrics.chance_auc(n_positive, n - n_positive)):
        return None
    if auc >= 1:
        return (
            f"{n} validation sequences are too few to tell a network from guessing, which sorts all of them rightly "
            "more than once in twenty times; record more people"
        )
    return (
        f"validation is at chance: AUC {auc:.3f} on {n} sequences, where guessing reaches {limit:.3f} once in twenty "
        "times; record more people, or train with other weights or another encoder (--encoder efficientnet_lite0_b7 "
        "--input-px 112 --pooling grid --freeze-epochs all)"
    )
