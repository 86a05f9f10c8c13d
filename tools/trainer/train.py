"""A training run from dataset to checkpoints.

    dataset + split → decoded pictures → epochs → best, last and named checkpoints, history.csv, run.json, a picture

run.json is written when the run begins and after each epoch, so that a run that was cut off
can be recognised and resumed.
"""

import contextlib
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared import cli, contracts, paths, provenance
from shared.dataset import consent, reader, splits
from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput, SmilebenchError
from shared.models import build_network
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.network import Network
from tools.trainer import checkpoints, loop, start
from tools.trainer.config import BEFORE, PLACES, TrainConfig
from tools.trainer.data import DecodedSequences, decode_dataset, face_crop_of
from tools.trainer.devices import choose_device
from tools.trainer.encoded import EncodedSequences, encode_dataset
from tools.trainer.features import FeatureSequences

HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "train_smile_loss",
    "train_emotion_loss",
    "validation_loss",
    "validation_accuracy",
    "validation_auc",
    "learning_rate",
    "seconds",
)
RESUME = "resume.safetensors"
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
        return (
            f"{paths.shown(self.folder)}: {self.run['epochs_done']} epochs ({self.trained_epochs} now), best is epoch "
            f"{best['epoch']}: validation loss {best['validation_loss']:.3f}, AUC {auc} on "
            f"{self.run['n_validation']} sequences"
        )

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
    withheld = [dataset.withheld_hash] if dataset.withheld else []
    settings_hash = config.short_hash(split_reference["sha256"], weights, *withheld)
    folder = config.out or paths.artifacts("runs") / f"{dataset.name}-{settings_hash}"
    is_new = not (folder / "run.json").exists()
    run = _begin(folder, config, dataset, split, split_reference, weights)
    if run["status"] == "done" and run["epochs_done"] >= config.epochs and _has_kept(folder, run, config):
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


def _has_kept(folder: Path, run: dict[str, Any], config: TrainConfig) -> bool:
    kept = {point["name"] for point in run["checkpoints"]}
    epoch_names = {_epoch_name(epoch) for epoch in config.keep_epochs}
    return epoch_names <= kept and all((folder / point["file"]).is_file() for point in run["checkpoints"])


def _epoch_name(epoch: int) -> str:
    return f"epoch_{epoch:04d}"


def _begin(
    folder: Path,
    config: TrainConfig,
    dataset: reader.Dataset,
    split: dict[str, Any],
    split_reference: dict[str, str],
    weights: dict[str, Any],
) -> dict[str, Any]:
    """Return the run's document: the one in the folder if it is the same run, else a new one."""
    train_rows = _training_rows(dataset, split, config)
    validation_rows = splits.rows_of(dataset, split, "validation")
    now = paths.utc_text()
    run: dict[str, Any] = {
        "schema_version": 1,
        "run_id": folder.name,
        "network": config.network,
        "status": "running",
        "created_utc": now,
        "updated_utc": now,
        "dataset": dataset.reference(),
        "split": split_reference,
        "classes": dataset.manifest["classes"],
        "positive_class": dataset.positive_class,
        "emotions": list(EMOTIONS),
        "emotion_counts": dict(Counter(shown for row in train_rows if (shown := row.shown_emotion()))),
        "frame_count": train_rows[0].frame_count,
        "frame_interval_ms": train_rows[0].frame_interval_ms,
        "image_size_px": dataset.manifest["image"]["width_px"],
        **{key: dataset.manifest[key] for key in ("crop", "resize", "mirror")},
        "weights": weights,
        "config": {
            **{key: value for key, value in asdict(config).items() if key not in PLACES},
            "keep_epochs": list(config.keep_epochs),
            "device": choose_device(config.device).type,
        },
        "seed": config.seed,
        "threads": config.threads,
        "code": provenance.code_info("torch", "torchvision", "numpy", "opencv-contrib-python"),
        "n_train": len(train_rows),
        "n_validation": len(validation_rows),
        "epochs_done": 0,
        "best_epoch": None,
        "checkpoints": [],
        "history": "history.csv",
        "seconds": 0.0,
    }
    if not (folder / "run.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        contracts.write_document(folder / "run.json", run, "run")
        return run
    old = contracts.read_document(folder / "run.json", "run")
    free = {"epochs": 0, "keep_epochs": [], "device": ""}
    before, now_settings = ({**BEFORE, **r["config"], **free} for r in (old, run))
    if config.schedule != "constant":
        before["epochs"], now_settings["epochs"] = old["config"]["epochs"], config.epochs
    for key, expected, found in (
        ("dataset", dataset.labels_sha256, old["dataset"]["sha256"]),
        ("split", split_reference["sha256"], old["split"] and old["split"]["sha256"]),
        ("consent", dataset.consent, old["dataset"].get("consent")),
        ("weights", weights, old["weights"]),
        *[(key, value, before.get(key)) for key, value in now_settings.items()],
    ):
        if expected != found:
            raise InvalidInput(
                str(folder),
                found=f"a run with {key} = {found}",
                expected=f"{expected}, to go on with it",
                todo="choose another --out",
            )
    old["config"] = run["config"]
    return old


def _train_epochs(
    folder: Path, run: dict[str, Any], config: TrainConfig, dataset: reader.Dataset, split: dict[str, Any]
) -> tuple[list[checkpoints.HistoryRow], list[float]]:
    """Train the epochs that are missing; updates run in place and on disk."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    network = build_network(config.network, run["frame_count"], run["config"], run["image_size_px"])
    network.to(choose_device(config.device))
    optimizer = loop.make_optimizer(network, config)
    if config.network == "dual_head":
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    history: list[checkpoints.HistoryRow] = []
    if (folder / RESUME).exists():
        history = _resume(folder, config, network, optimizer)
    if not history:
        start.load_start(network, config.weights)
    rows = {"train": _training_rows(dataset, split, config), "validation": splits.rows_of(dataset, split, "validation")}
    parts: dict[str, loop.SplitPart] = {}
    if network.input_kind == "frames":
        pictures = decode_dataset(dataset, face_crop_of(network))
        parts = {part: DecodedSequences(dataset, its_rows, pictures) for part, its_rows in rows.items()}
    else:
        kind, scheme = network.input_kind, config.normalisation
        parts = {part: FeatureSequences(dataset, its_rows, kind, scheme) for part, its_rows in rows.items()}
    if not history and isinstance(parts["train"], FeatureSequences):
        network.set_standard(parts["train"].all())
    encoded: dict[str, loop.SplitPart] = {}
    if len(history) < config.freeze_epochs and isinstance(network, DualHeadSmileDetector):
        grids = encode_dataset(dataset, pictures, network)
        encoded = {part: EncodedSequences(dataset, its_rows, grids) for part, its_rows in rows.items()}
    seconds: list[float] = []
    reported_s = -QUIET_S
    for epoch in range(len(history) + 1, config.epochs + 1):
        began = time.monotonic()
        rate = loop.prepare_epoch(network, optimizer, config, epoch)
        current = encoded if epoch <= config.freeze_epochs else parts
        losses = loop.train_epoch(network, optimizer, current["train"], config, epoch)
        checked = loop.validate(network, current["validation"], config)
        seconds.append(time.monotonic() - began)
        history.append(_history_row(epoch, losses, checked, rate, seconds[-1]))
        _keep(folder, network, config, history)
        checkpoints.save_resume_point(folder / RESUME, network, optimizer, history)
        _record(folder, run, config, history)
        if epoch % max(1, config.epochs // 20) == 0 or time.monotonic() - reported_s > QUIET_S:
            reported_s = time.monotonic()
            _report(history[-1], config, seconds)
    if not seconds:
        _record(folder, run, config, history)
    return history, seconds


def _resume(
    folder: Path, config: TrainConfig, network: Network, optimizer: torch.optim.Optimizer
) -> list[checkpoints.HistoryRow]:
    """Return the history of the epochs that are done, with their state loaded; empty to begin again.

    An epoch whose checkpoint is needed now but was not kept is trained again: the numbers are the same.
    """
    if missed := [
        e
        for e in config.keep_epochs
        if e <= checkpoints.count_epochs(folder / RESUME) and not _kept(folder, e).exists()
    ]:
        cli.note(f"{paths.shown(folder)}: epoch {missed[0]} was not kept; training again from the start")
        return []
    history = checkpoints.load_resume_point(folder / RESUME, network, optimizer)
    cli.note(f"{paths.shown(folder)}: going on after epoch {len(history)}")
    return history


def _history_row(
    epoch: int, losses: loop.Losses, checked: loop.Validation, rate: float, seconds: float
) -> checkpoints.HistoryRow:
    values = (
        epoch,
        losses.total,
        losses.smile,
        losses.emotion,
        checked.losses.total,
        checked.accuracy,
        checked.auc,
        rate,
        round(seconds, 3),
    )
    return dict(zip(HISTORY_COLUMNS, values, strict=True))


def _best_epoch(history: list[checkpoints.HistoryRow], config: TrainConfig) -> int:
    """Return the epoch with the lowest validation loss, the first of several.

    Where the rate falls, the early epochs are the noisy ones, and with few validation people a lucky one of them would
    win: the loss then is the mean of a twentieth of all epochs, the last of which is judged.
    """
    width = max(1, config.epochs // 20) if config.schedule == "cosine" else 1
    losses = [row["validation_loss"] for row in history]
    first = min(width, len(losses))
    means = [float(np.mean(losses[max(0, end - width) : end])) for end in range(first, len(losses) + 1)]
    return int(history[first - 1 + int(np.argmin(means))]["epoch"])


def _kept(folder: Path, epoch: int) -> Path:
    return folder / f"{_epoch_name(epoch)}.safetensors"


def _keep(folder: Path, network: Network, config: TrainConfig, history: list[checkpoints.HistoryRow]) -> None:
    epoch = history[-1]["epoch"]
    checkpoints.save_weights(folder / "last.safetensors", network, epoch)
    if _best_epoch(history, config) == epoch:
        checkpoints.save_weights(folder / "best.safetensors", network, epoch)
    if epoch in config.keep_epochs:
        checkpoints.save_weights(_kept(folder, epoch), network, epoch)


def _record(folder: Path, run: dict[str, Any], config: TrainConfig, history: list[checkpoints.HistoryRow]) -> None:
    """Write history.csv, the learning curve and run.json: the manifest last."""
    contracts.write_bytes(folder / run["history"], contracts.format_rows(HISTORY_COLUMNS, history))
    best, last = _best_epoch(history, config), history[-1]["epoch"]
    points = [
        ("best", best),
        ("last", last),
        *[(p.stem, int(p.stem[6:])) for p in sorted(folder.glob("epoch_*.safetensors"))],
    ]
    run.update(
        status="done" if last >= config.epochs else "running",
        updated_utc=paths.utc_text(),
        epochs_done=last,
        best_epoch=best,
        checkpoints=[
            {
                "name": name,
                "epoch": epoch,
                "file": f"{name}.safetensors",
                "sha256": contracts.sha256_file(folder / f"{name}.safetensors"),
            }
            for name, epoch in points
        ],
        seconds=round(sum(row["seconds"] for row in history), 3),
    )
    if run["status"] == "done":
        from shared.plots import figures

        figures.save_png(figures.learning_curve_figure(history, "en", best), folder / "learning_curve.png")
    contracts.write_document(folder / "run.json", run, "run")


def _report(row: checkpoints.HistoryRow, config: TrainConfig, seconds: list[float]) -> None:
    left = (config.epochs - row["epoch"]) * sum(seconds) / len(seconds)
    shown = {key: "-" if row[key] is None else f"{row[key]:.3f}" for key in HISTORY_COLUMNS}
    cli.note(
        f"epoch {row['epoch']}/{config.epochs}: train loss {shown['train_loss']}, validation loss "
        f"{shown['validation_loss']}, accuracy {shown['validation_accuracy']}, AUC {shown['validation_auc']}; "
        f"{row['seconds']:.0f} s, {left:.0f} s left"
    )


def read_history(path: Path) -> list[checkpoints.HistoryRow]:
    """Read a history.csv back; empty cells are None."""
    return [
        {key: None if value == "" else int(value) if key == "epoch" else float(value) for key, value in row.items()}
        for row in contracts.parse_rows(path.read_bytes(), str(path), HISTORY_COLUMNS)
    ]
