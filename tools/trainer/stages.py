"""What an epoch does, decided by the history so far: its stage, its learning rate, and whether there is one at all.

    stage 1   the encoder is frozen, what follows it learns
    stage 2   the last blocks of the encoder learn as well, at a lower rate, batch normalisation stands still

A stage ends after its epochs, or when the validation loss has not fallen for `patience` epochs. Within a stage the rate
falls by `factor` whenever the loss has not fallen for more than `plateau_patience` epochs. Nothing is remembered but
the history, so a run that was cut off goes on as it would have.

Source: torch's ReduceLROnPlateau (mode min, absolute threshold) and Keras' EarlyStopping; the settings have their
names.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.trainer.config import TrainConfig

HistoryRow = dict[str, Any]
FROZEN, UNFROZEN = 1, 2


@dataclass(frozen=True)
class EpochPlan:
    """What the next epoch does.

    Attributes:
        epoch: Counted from 1.
        stage: 1 or 2; None where the encoder is never frozen, or where there is none.
        rate: The learning rate of what follows the encoder.
        is_border: Whether it is the first of stage 2, after a stage 1.
    """

    epoch: int
    stage: int | None
    rate: float
    is_border: bool = False


def plan_epoch(history: Sequence[HistoryRow], config: TrainConfig) -> EpochPlan | None:
    """Plan the epoch after those of a history; None where training is over."""
    epoch = len(history) + 1
    if epoch > config.epochs:
        return None
    if not config.freeze_epochs:
        stage = None
    else:
        first = [row for row in history if _stage_of(row, config) == FROZEN]
        is_over = len(first) < len(history) or len(first) >= config.freeze_epochs or has_stopped(first, config)
        stage = UNFROZEN if is_over else FROZEN
    if stage == UNFROZEN and config.freeze_epochs >= config.epochs:
        return None
    rows = [row for row in history if _stage_of(row, config) == stage]
    if has_stopped(rows, config):
        return None
    rate = config.lr
    if config.schedule == "cosine":
        rate *= (1 + math.cos(math.pi * (epoch - 1) / config.epochs)) / 2
    elif config.schedule == "plateau":
        rate = plateau_rate([row["validation_loss"] for row in rows], config)
    return EpochPlan(epoch, stage, rate, is_border=stage == UNFROZEN and not rows)


def _stage_of(row: HistoryRow, config: TrainConfig) -> int | None:
    """Return the stage of an epoch; histories from before there was a column have it by the number alone."""
    if not config.freeze_epochs:
        return None
    return row.get("stage") or (FROZEN if row["epoch"] <= config.freeze_epochs else UNFROZEN)


def has_stopped(rows: Sequence[HistoryRow], config: TrainConfig) -> bool:
    """Tell whether the validation loss of a stage has not fallen for `patience` epochs."""
    if not config.patience:
        return False
    best, waited = math.inf, 0
    for row in rows:
        if row["validation_loss"] < best - config.min_delta:
            best, waited = row["validation_loss"], 0
        else:
            waited += 1
    return waited >= config.patience


def plateau_rate(losses: Sequence[float], config: TrainConfig) -> float:
    """Return the rate after some epochs of a stage: lowered whenever the loss did not fall for longer than allowed.

    Args:
        losses: Validation losses of the stage, epoch by epoch.
        config: Its `lr`, `factor`, `plateau_patience`, `min_delta` and `min_lr` count.
    """
    best, waited, rate = math.inf, 0, config.lr
    for loss in losses:
        if loss < best - config.min_delta:
            best, waited = loss, 0
        else:
            waited += 1
        if waited > config.plateau_patience:
            rate, waited = max(config.min_lr, rate * config.factor), 0
    return rate


def why_over(history: Sequence[HistoryRow], config: TrainConfig) -> str:
    """Say why training is over, or stage 1 of it: ``epochs`` or ``patience``."""
    stage = _stage_of(history[-1], config)
    rows = [row for row in history if _stage_of(row, config) == stage]
    return "patience" if has_stopped(rows, config) else "epochs"
