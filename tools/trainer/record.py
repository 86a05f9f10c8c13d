"""The documents of a training run: run.json, history.csv, the learning curve, and which weights are kept.

Writes them; trains nothing. run.json says of a run whether it is the same as one that is begun.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths, provenance
from shared.dataset import reader, splits
from shared.dataset.feature_store import open_features
from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput
from shared.models import INPUT_KINDS
from shared.models.network import Network
from shared.onnx.contract import CLIPS
from tools.trainer import checkpoints, loop
from tools.trainer.config import BEFORE, PLACES, TrainConfig
from tools.trainer.devices import choose_device, choose_precision
from tools.trainer.stages import FROZEN, EpochPlan, plan_epoch, why_over

STAGE_ZERO, STAGE_ONE = "stage_0", "stage_1"
LOGISTIC = "photo_logistic"
HISTORY_COLUMNS = (
    "epoch",
    "train_loss",
    "train_smile_loss",
    "train_emotion_loss",
    "validation_loss",
    "validation_accuracy",
    "validation_auc",
    "learning_rate",
    "stage",
    "seconds",
)


def has_kept(folder: Path, run: dict[str, Any], config: TrainConfig) -> bool:
    """Tell whether all checkpoints of a run are there, those to be kept among them."""
    kept = {point["name"] for point in run["checkpoints"]}
    epoch_names = {epoch_name(epoch) for epoch in config.keep_epochs}
    if run.get("ended") == "patience":  # there are no more epochs
        epoch_names = {epoch_name(epoch) for epoch in config.keep_epochs if epoch <= run["epochs_done"]}
    return epoch_names <= kept and all((folder / point["file"]).is_file() for point in run["checkpoints"])


def epoch_name(epoch: int) -> str:
    """Name the checkpoint of an epoch."""
    return f"epoch_{epoch:04d}"


def describe_provider(network: str, dataset: reader.Dataset) -> dict[str, Any]:
    """Name what gives the channels that a network of clips takes; nothing for any other."""
    return {"provider": open_features(dataset, CLIPS).provider} if INPUT_KINDS[network] == CLIPS else {}


def begin_run(
    folder: Path,
    config: TrainConfig,
    dataset: reader.Dataset,
    split: dict[str, Any],
    train_rows: Sequence[reader.SequenceRow],
    split_reference: dict[str, str],
    weights: dict[str, Any],
) -> dict[str, Any]:
    """Return the run's document: the one in the folder if it is the same run, else a new one."""
    validation_rows = splits.rows_of(dataset, split, "validation")
    now, device = paths.utc_text(), choose_device(config.device)
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
        **describe_provider(config.network, dataset),
        "emotion_counts": dict(Counter(shown for row in train_rows if (shown := row.shown_emotion()))),
        "frame_count": train_rows[0].frame_count,
        "frame_interval_ms": train_rows[0].frame_interval_ms,
        "image_size_px": dataset.manifest["image"]["width_px"],
        **{key: dataset.manifest[key] for key in ("crop", "resize", "mirror")},
        "weights": weights,
        "config": {
            **{key: value for key, value in asdict(config).items() if key not in PLACES},
            "keep_epochs": list(config.keep_epochs),
            "device": device.type,
            "precision": str(choose_precision(config.precision, device)).removeprefix("torch."),
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
    free = {"epochs": 0, "keep_epochs": [], "device": "", **({"precision": ""} if config.precision == "auto" else {})}
    before, now_settings = ({**BEFORE, **r["config"], **free} for r in (old, run))
    if config.schedule == "cosine":
        before["epochs"], now_settings["epochs"] = old["config"]["epochs"], config.epochs
    for key, expected, found in (
        ("dataset", dataset.labels_sha256, old["dataset"]["sha256"]),
        ("split", split_reference["sha256"], old["split"] and old["split"]["sha256"]),
        ("consent", dataset.consent, old["dataset"].get("consent")),
        ("weights", weights, old["weights"]),
        ("provider", run.get("provider"), old.get("provider")),
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


def history_row(
    plan: EpochPlan, losses: loop.Losses, checked: loop.Validation, seconds: float
) -> checkpoints.HistoryRow:
    """Return an epoch's row of history.csv."""
    values = (
        plan.epoch,
        losses.total,
        losses.smile,
        losses.emotion,
        checked.losses.total,
        checked.accuracy,
        checked.auc,
        plan.rate,
        plan.stage,
        round(seconds, 3),
    )
    return dict(zip(HISTORY_COLUMNS, values, strict=True))


def best_epoch(history: list[checkpoints.HistoryRow], config: TrainConfig) -> int:
    """Return the epoch with the lowest validation loss, the first of several.

    Where the rate falls, the early epochs are the noisy ones, and with few validation people a lucky one of them would
    win: the loss then is the mean of a twentieth of all epochs, the last of which is judged.
    """
    width = max(1, config.epochs // 20) if config.schedule == "cosine" else 1
    losses = [row["validation_loss"] for row in history]
    first = min(width, len(losses))
    means = [float(np.mean(losses[max(0, end - width) : end])) for end in range(first, len(losses) + 1)]
    return int(history[first - 1 + int(np.argmin(means))]["epoch"])


def kept_file(folder: Path, epoch: int) -> Path:
    """Name the file of an epoch that is kept."""
    return folder / f"{epoch_name(epoch)}.safetensors"


def keep_weights(folder: Path, network: Network, config: TrainConfig, history: list[checkpoints.HistoryRow]) -> None:
    """Write the weights of the last epoch, as the best and as one to keep where they are."""
    epoch = history[-1]["epoch"]
    checkpoints.save_weights(folder / "last.safetensors", network, epoch)
    if best_epoch(history, config) == epoch:
        checkpoints.save_weights(folder / "best.safetensors", network, epoch)
    if epoch in config.keep_epochs:
        checkpoints.save_weights(kept_file(folder, epoch), network, epoch)


def record_run(folder: Path, run: dict[str, Any], config: TrainConfig, history: list[checkpoints.HistoryRow]) -> None:
    """Write history.csv, the learning curve and run.json: the manifest last."""
    contracts.write_bytes(folder / run["history"], contracts.format_rows(HISTORY_COLUMNS, history))
    best, last = best_epoch(history, config), history[-1]["epoch"]
    points = [
        ("best", best),
        ("last", last),
        *[(p.stem, int(p.stem[6:])) for p in sorted(folder.glob("epoch_*.safetensors"))],
    ]
    frozen = [row for row in history if row.get("stage") == FROZEN]
    points += [(STAGE_ONE, best_epoch(frozen, config))] if (folder / f"{STAGE_ONE}.safetensors").exists() else []
    points += [(STAGE_ZERO, 0)] if (folder / f"{STAGE_ZERO}.safetensors").exists() else []
    is_over = plan_epoch(history, config) is None
    if config.patience and is_over:
        run["ended"] = why_over(history, config)
    run.update(
        status="done" if is_over else "running",
        updated_utc=paths.utc_text(),
        epochs_done=last,
        best_epoch=best,
        checkpoints=[
            {
                "name": name,
                "epoch": epoch,
                "file": f"{name}.safetensors",
                "sha256": contracts.sha256_file(folder / f"{name}.safetensors"),
                **({"network": LOGISTIC} if name == STAGE_ZERO else {}),
            }
            for name, epoch in points
        ],
        seconds=round(sum(row["seconds"] for row in history), 3),
    )
    if run["status"] == "done":
        from shared.plots import figures

        figures.save_png(figures.learning_curve_figure(history, "en", best), folder / "learning_curve.png")
    contracts.write_document(folder / "run.json", run, "run")


def read_history(path: Path) -> list[checkpoints.HistoryRow]:
    """Read a history.csv back; empty cells are None."""
    return [
        {key: _parse_cell(key, value) for key, value in row.items()}
        for row in contracts.parse_rows(path.read_bytes(), str(path), HISTORY_COLUMNS[:2], more=True)
    ]


def _parse_cell(column: str, text: str) -> float | int | None:
    if text == "":
        return None
    return int(text) if column in ("epoch", "stage") else float(text)
