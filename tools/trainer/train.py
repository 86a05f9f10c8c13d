"""A training run from dataset to checkpoints.

    dataset + split → decoded pictures → epochs → best, last and named checkpoints, history.csv, run.json, a picture

run.json is written when the run begins and after each epoch, so that a run that was cut off
can be recognised and resumed.
"""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared import cli, contracts, paths
from shared.arrays import U8
from shared.dataset import consent, reader, splits
from shared.errors import InvalidInput, SmilebenchError
from shared.models import build_network
from shared.models.network import Network
from shared.models.photo import PhotoClassifier
from shared.models.picture_network import PictureNetwork
from shared.onnx.contract import MAX_BYTES
from tools.trainer import balance, checkpoints, logistic, loop, start
from tools.trainer.config import TrainConfig
from tools.trainer.data import DecodedSequences, decode_dataset, face_crop_of
from tools.trainer.devices import choose_device
from tools.trainer.encoded import EncodedSequences, encode_clips, encode_dataset
from tools.trainer.features import FeatureSequences
from tools.trainer.photos import PhotoSequences
from tools.trainer.record import (
    HISTORY_COLUMNS,
    STAGE_ONE,
    STAGE_ZERO,
    begin_run,
    describe_provider,
    has_kept,
    history_row,
    keep_weights,
    kept_file,
    read_history,
    record_run,
)
from tools.trainer.stages import FROZEN, UNFROZEN, EpochPlan, plan_epoch

RESUME = "resume.safetensors"
CHILDREN = "children.csv"
PHOTO = "photo"
QUIET_S = 10.0  # epochs of features take a fraction of a second: only every twentieth part is worth a line


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    folder: Path
    run: dict[str, Any]
    history: list[checkpoints.HistoryRow]
    trained_epochs: int
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the run."""
        best = next(row for row in self.history if row["epoch"] == self.run["best_epoch"])
        auc = "undefined" if best["validation_auc"] is None else f"{best['validation_auc']:.3f}"
        summary = (
            f"{paths.shown(self.folder)}: {self.run['epochs_done']} epochs ({self.trained_epochs} now), best is epoch "
            f"{best['epoch']}: validation loss {best['validation_loss']:.3f}, AUC {auc} on "
            f"{self.run['n_validation']} sequences"
        )
        lines = [summary]
        if "balance" in self.run:
            lines.append(balance.describe(self.run["balance"], self.run["positive_class"]))
        return "\n".join([*lines, *([_describe_stage_zero(self.run["stage_0"])] if "stage_0" in self.run else [])])

    def as_json(self) -> dict[str, Any]:
        """Give the run's document and its folder."""
        return {"folder": str(self.folder), "run": self.run, "trained_epochs": self.trained_epochs}


def train(config: TrainConfig) -> Trained:
    """Train a network, or go on with the same run.

    Args:
        config: What to do.

    Returns:
        The run; its documents and checkpoints lie in its folder.

    Raises:
        InvalidInput: Dataset, split, weights or an earlier run in the folder do not fit.
        MissingOutside: ImageNet weights that cannot be had here.
    """
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    if not dataset.rows:
        raise InvalidInput(str(dataset.folder), found="no sequences", expected="some", todo="record people first")
    split_path = config.split or splits.freeze_split(dataset, config.split_seed)
    split = splits.read_split(split_path, dataset)
    for warning in [] if config.split else splits.list_warnings(dataset, [split]):
        cli.note(f"warning: {warning}")
    split_reference = {"file": split_path.name, "sha256": contracts.sha256_file(split_path)}
    weights = start.describe_weights(config.weights)
    start.refuse_learned(config.weights, dataset, split)
    more = [dataset.withheld_hash] if dataset.withheld else []
    more += describe_provider(config.network, dataset).values()
    settings_hash = config.short_hash(split_reference["sha256"], weights, *more)
    folder = config.out or paths.artifacts("runs") / f"{dataset.name}-{settings_hash}"
    is_new = not (folder / "run.json").exists()
    rows = _training_rows(dataset, split, config)
    run = begin_run(folder, config, dataset, split, rows, split_reference, weights)
    is_over = run["status"] == "done" and (run["epochs_done"] >= config.epochs or run.get("ended") == "patience")
    if is_over and has_kept(folder, run, config):
        cli.note(f"{paths.shown(folder)}: nothing to do, these {run['epochs_done']} epochs are done")
        return Trained(folder, run, read_history(folder / run["history"]), 0)
    try:
        history, seconds = _train_epochs(folder, run, config, dataset, split)
    except SmilebenchError:
        if is_new and not (folder / RESUME).exists():  # refused before its first epoch: there is no run
            (folder / "run.json").unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # a folder that holds something else stays
                folder.rmdir()
        raise
    labels = [row.label == dataset.positive_class for row in splits.rows_of(dataset, split, "validation")]
    best_auc = next(row["validation_auc"] for row in history if row["epoch"] == run["best_epoch"])
    if chance := loop.describe_chance(best_auc, sum(labels), len(labels)):
        cli.note(f"warning: {chance}")
    return Trained(folder, run, history, len(seconds))


def _training_rows(dataset: reader.Dataset, split: dict[str, Any], config: TrainConfig) -> list[reader.SequenceRow]:
    """Return the sequences to train on; with train_people those of the first so many people in a seeded order."""
    rows = splits.rows_of(dataset, split, "train")
    people = sorted({row.subject_id for row in rows})
    if config.train_people is None:
        return rows
    if config.train_people > len(people):
        raise InvalidInput(
            "--train-people", found=str(config.train_people), expected=f"at most {len(people)}, the training people"
        )
    order = np.random.default_rng(config.seed).permutation(len(people))[: config.train_people]
    chosen = {people[index] for index in order}
    return [row for row in rows if row.subject_id in chosen]


def _train_epochs(
    folder: Path, run: dict[str, Any], config: TrainConfig, dataset: reader.Dataset, split: dict[str, Any]
) -> tuple[list[checkpoints.HistoryRow], list[float]]:
    """Train the epochs that are missing; updates run in place and on disk."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    n_channels = len(run["provider"]["channels"]) if "provider" in run else 0
    network = build_network(config.network, run["frame_count"], run["config"], run["image_size_px"], n_channels)
    network.to(choose_device(config.device))
    optimizer = loop.make_optimizer(network, config)
    if isinstance(network, PictureNetwork):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        _warn_of_size(network)
    history: list[checkpoints.HistoryRow] = []
    if (folder / RESUME).exists():
        history = _resume(folder, config, network, optimizer)
    if not history:
        start.load_start(network, config.weights)
        (folder / f"{STAGE_ONE}.safetensors").unlink(missing_ok=True)
        run.pop("stages", None)
    parts, encoded = _open_parts(folder, run, config, dataset, split, network, history)
    if not history and isinstance(parts["train"], FeatureSequences):
        network.set_standard(parts["train"].all())
    seconds: list[float] = []
    reported_s = -QUIET_S
    while plan := plan_epoch(history, config):
        began = time.monotonic()
        if plan.is_border and config.patience:
            _begin_stage_two(folder, run, network, history, config)
        loop.prepare_epoch(network, optimizer, config, plan)
        _note_stage(run, network, plan, config)
        current = encoded if plan.stage == FROZEN else parts
        losses = loop.train_epoch(network, optimizer, current["train"], config, plan.epoch)
        checked = loop.validate(network, current["validation"], config)
        seconds.append(time.monotonic() - began)
        history.append(history_row(plan, losses, checked, seconds[-1]))
        keep_weights(folder, network, config, history)
        checkpoints.save_resume_point(folder / RESUME, network, optimizer, history)
        record_run(folder, run, config, history)
        if plan.epoch % max(1, config.epochs // 20) == 0 or time.monotonic() - reported_s > QUIET_S:
            reported_s = time.monotonic()
            _report(history[-1], config, seconds)
    if not seconds:
        record_run(folder, run, config, history)
    return history, seconds


Parts = dict[str, loop.SplitPart]


def _open_parts(
    folder: Path,
    run: dict[str, Any],
    config: TrainConfig,
    dataset: reader.Dataset,
    split: dict[str, Any],
    network: Network,
    history: list[checkpoints.HistoryRow],
) -> tuple[Parts, Parts]:
    """Open the training and the validation part, as they are and, for a frozen encoder, encoded.

    Of a photo classifier stage 0 is made on the way, from what the encoder gives at the start.
    """
    rows = {"train": _training_rows(dataset, split, config), "validation": splits.rows_of(dataset, split, "validation")}
    if not isinstance(network, PictureNetwork):
        kind, scheme = network.input_kind, config.normalisation
        return {part: FeatureSequences(dataset, its_rows, kind, scheme) for part, its_rows in rows.items()}, {}
    evened = {"train": _even_out(folder, run, config, dataset, rows["train"])}
    began = time.monotonic()
    pictures = decode_dataset(dataset, face_crop_of(network))
    is_photo = isinstance(network, PhotoClassifier)
    parts: Parts = {
        part: PhotoSequences(dataset, its_rows, pictures, evened.get(part), config.seed)
        if is_photo
        else DecodedSequences(dataset, its_rows, pictures, evened.get(part))
        for part, its_rows in rows.items()
    }
    plan = plan_epoch(history, config)
    if not (is_photo and not history) and (plan is None or plan.stage != FROZEN):
        return parts, {}
    grids = encode_dataset(dataset, pictures, network)
    children = [
        encode_clips(network, pictures.centre(child)[None], is_cropped=pictures.is_cropped)[0]
        for child in _children_of(parts)
    ]
    encoded = {
        part: EncodedSequences(
            dataset, its_rows, grids, evened.get(part), children if part == "train" else (), may_mix=is_photo
        )
        for part, its_rows in rows.items()
    }
    if not history and isinstance(network, PhotoClassifier):
        found = logistic.fit(network, run, *encoded.values())
        checkpoints.save_weights(folder / f"{STAGE_ZERO}.safetensors", found.network, 0)
        run["stage_0"] = {**found.measured, "seconds": round(time.monotonic() - began, 3)}
        cli.note(_describe_stage_zero(run["stage_0"]))
    return parts, {**encoded}


def _describe_stage_zero(found: dict[str, Any]) -> str:
    shown = {key: "undefined" if value is None else f"{value:.3f}" for key, value in found.items()}
    return (
        f"stage 0, a logistic regression on {found['n_features']} frozen features: validation loss "
        f"{shown['validation_loss']}, accuracy {shown['validation_accuracy']}, AUC {shown['validation_auc']}; "
        f"{found['seconds']:.0f} s"
    )


def _children_of(parts: Parts) -> list[U8]:
    """Return the pictures of the children of a training part."""
    train = parts["train"]
    return [train.clip(index) for index in train.children] if isinstance(train, PhotoSequences) else []


def _even_out(
    folder: Path, run: dict[str, Any], config: TrainConfig, dataset: reader.Dataset, rows: list[reader.SequenceRow]
) -> balance.Balance | None:
    """Even out the classes of a training part of photos, and write down how; None for any other network."""
    if config.network != PHOTO:
        return None
    evened = balance.even_out(dataset, rows, config.class_weights, config.augment_to, config.seed)
    if config.class_weights or config.augment_to:
        run["balance"] = evened.as_document()
        cli.note(balance.describe(run["balance"], dataset.positive_class))
    if evened.parents:
        listed = balance.list_children(rows, evened)
        contracts.write_bytes(folder / CHILDREN, contracts.format_rows(balance.CHILD_COLUMNS, listed))
    return evened


def _begin_stage_two(
    folder: Path, run: dict[str, Any], network: Network, history: list[checkpoints.HistoryRow], config: TrainConfig
) -> None:
    """Go back to the best epoch of stage 1, which is kept for a run that is cut off and for who wants to export it."""
    kept = folder / f"{STAGE_ONE}.safetensors"
    if not kept.exists():
        contracts.write_bytes(kept, (folder / "best.safetensors").read_bytes())
    checkpoints.load_weights(kept, network)
    cli.note(f"stage 2 begins with the weights of epoch {run['best_epoch']}")


def _note_stage(run: dict[str, Any], network: Network, plan: EpochPlan, config: TrainConfig) -> None:
    """Write down where a stage begins and which weights learn in it."""
    if plan.stage is None or any(one["stage"] == plan.stage for one in run.get("stages", [])):
        return
    learns = [name for name, value in network.named_parameters() if value.requires_grad and name[:5] != "crop."]
    factor = config.unfreeze_lr_factor if plan.stage == UNFROZEN else 0.0
    begun = {"stage": plan.stage, "first_epoch": plan.epoch, "rate": plan.rate, "encoder_rate": plan.rate * factor}
    run["stages"] = [*run.get("stages", []), {**begun, "learns": learns}]
    if plan.stage == UNFROZEN:
        blocks = dict.fromkeys(".".join(name.split(".")[:2]) for name in learns if name.startswith("encoder."))
        cli.note(
            f"stage 2 from epoch {plan.epoch} on: {', '.join(blocks)} learn at {begun['encoder_rate']:g}, what follows "
            f"at {plan.rate:g}"
        )


def _warn_of_size(network: Network) -> None:
    """Say before training what the exporter would refuse after it."""
    n_bytes = 4 * sum(value.numel() for value in network.parameters())
    if n_bytes > MAX_BYTES:
        cli.note(
            f"warning: this network has {n_bytes / 1e6:.1f} MB of weights, and the exporter takes at most "
            f"{MAX_BYTES / 1e6:.1f} MB: a page downloads it; choose an encoder that ends earlier, such as "
            "efficientnet_lite0_b10"
        )


def _resume(
    folder: Path, config: TrainConfig, network: Network, optimizer: torch.optim.Optimizer
) -> list[checkpoints.HistoryRow]:
    """Return the history of the epochs that are done, with their state loaded; empty to begin again.

    An epoch whose checkpoint is needed now but was not kept is trained again: the numbers are the same.
    """
    if missed := [
        e
        for e in config.keep_epochs
        if e <= checkpoints.count_epochs(folder / RESUME) and not kept_file(folder, e).exists()
    ]:
        cli.note(f"{paths.shown(folder)}: epoch {missed[0]} was not kept; training again from the start")
        return []
    history = checkpoints.load_resume_point(folder / RESUME, network, optimizer)
    cli.note(f"{paths.shown(folder)}: going on after epoch {len(history)}")
    return history


def _report(row: checkpoints.HistoryRow, config: TrainConfig, seconds: list[float]) -> None:
    left = (config.epochs - row["epoch"]) * sum(seconds) / len(seconds)
    shown = {key: "-" if row[key] is None else f"{row[key]:.3f}" for key in HISTORY_COLUMNS}
    cli.note(
        f"epoch {row['epoch']}/{config.epochs}: train loss {shown['train_loss']}, validation loss "
        f"{shown['validation_loss']}, accuracy {shown['validation_accuracy']}, AUC {shown['validation_auc']}; "
        f"{row['seconds']:.0f} s, {left:.0f} s left"
    )
