"""A pretraining from datasets to weights that a training can start from.

    datasets → pictures, targets → epochs → artifacts/pretrained/<name>/: weights.safetensors, card.json, learned.txt

Only training people are learned from, unless a dataset is given as NAME:all; ``learned.txt`` lists what was seen, so
that a training that starts here can refuse to test itself on it. Goes on after the last finished epoch.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared import cli, contracts, paths, provenance
from shared.dataset import consent, reader, splits
from shared.dataset.protocol import EMOTIONS
from shared.errors import InvalidInput
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice, spec_of
from shared.models.pretrained import CARD, KIND, LEARNED
from shared.preprocess import SIZE_PX
from shared.statistics import metrics
from tools.trainer import checkpoints
from tools.trainer.data import face_crop_of
from tools.trainer.devices import choose_device
from tools.trainer.pretraining import learning, teachers
from tools.trainer.pretraining.config import PretrainConfig, Source, is_in_part, parse_people_part
from tools.trainer.pretraining.pictures import Pictures, gather_pictures

RESUME = "resume.safetensors"
LOSSES = ("smile", "emotion", "blendshape", "emotion_teacher")
HISTORY_COLUMNS = ("epoch", *(f"{name}_loss" for name in LOSSES), "validation_auc", "seconds")
FRAMES = 5


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining."""

    folder: Path
    card: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise it."""
        lines = [f"{paths.shown(self.folder)}: {self.card['epochs_done']} epochs on {self.card['n_pictures']} pictures"]
        for each in self.card["figures"]:
            if each["roc_auc"] is not None:
                lines.append(
                    f"  {each['dataset']}: AUC {each['roc_auc']:.3f}, accuracy {each['accuracy']:.3f} on "
                    f"{each['n_smile']} pictures of {each['n_people']} people that were not learned from"
                )
        lines.append("start from it: ./inv train --dataset NAME --weights pretrained")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give the card and its folder."""
        return {"folder": str(self.folder), "card": self.card}


def pretrain(config: PretrainConfig) -> Pretrained:
    """Teach a network faces, or go on with the same pretraining.

    Raises:
        InvalidInput: A dataset, a teacher or an earlier pretraining in the folder does not fit.
        MissingOutside: ImageNet weights or the face detector cannot be had here.
    """
    torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    opened = [(source, reader.open_dataset(paths.dataset_dir(source.dataset))) for source in config.sources]
    allowed = config.allow_no_consent
    datasets = [(source, consent.permitted(dataset, allow_no_consent=allowed)) for source, dataset in opened]
    for _, dataset in datasets:
        if (side := dataset.manifest["image"]["width_px"]) != SIZE_PX:
            raise InvalidInput(str(dataset.folder), found=f"pictures of {side} px", expected=f"{SIZE_PX} px")
    chosen_splits = _match_splits(config, [dataset for _, dataset in datasets])
    known_teachers = [teachers.open_teacher(path) for path in config.teachers]
    described = [dataset.reference() for _, dataset in datasets]
    emotion_teacher = _describe_file(config.emotion_teacher)
    folder = config.out or paths.artifacts(KIND) / (
        f"{config.encoder}-{config.short_hash(described, [each.sha256 for each in known_teachers], emotion_teacher)}"
    )
    torch.manual_seed(config.seed)
    choice = EncoderChoice(config.encoder, config.input_px, config.pooling, config.crop)
    network = DualHeadSmileDetector(FRAMES, choice, SIZE_PX)
    card = _begin(folder, config, described, [each.reference() for each in known_teachers], emotion_teacher)
    if card["status"] == "done":
        cli.note(f"{paths.shown(folder)}: nothing to do, these {card['epochs_done']} epochs are done")
        return Pretrained(folder, card)
    network.load_face_detector()
    if config.weights == "imagenet":
        network.load_imagenet()
    learn, check = _gather(config, datasets, chosen_splits, network, known_teachers, device)
    card.update(n_pictures=len(learn.together), learned=_write_learned(folder, learn), data=learn.described)
    learner = learning.Learner(network).to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = learner.make_optimizer(config)
    n_steps = config.epochs * max(1, len(learn.together) // config.batch)
    kept = learning.Kept(learner, learning.mean_decay(config.ema, n_steps))
    history: list[checkpoints.HistoryRow] = []
    if (folder / RESUME).exists():
        history = checkpoints.load_resume_point(folder / RESUME, kept, optimizer)
        cli.note(f"{paths.shown(folder)}: going on after epoch {len(history)}")
    for epoch in range(len(history) + 1, config.epochs + 1):
        began = time.monotonic()
        losses = learning.train_epoch(kept, optimizer, learn.together, config, epoch, device)
        figures = [_measure(kept.network, part, device) for part in check]
        history.append(_row(epoch, losses, figures, time.monotonic() - began))
        checkpoints.save_weights(folder / paths.WEIGHTS_FILE, kept.network, epoch)
        checkpoints.save_resume_point(folder / RESUME, kept, optimizer, history)
        _record(folder, card, config, history, figures)
        _report(history, config, figures)
    (folder / RESUME).unlink(missing_ok=True)
    return Pretrained(folder, card)


def _describe_file(path: Path | None) -> dict[str, str] | None:
    return {"name": path.stem, "sha256": contracts.sha256_file(path)} if path else None


def _begin(
    folder: Path,
    config: PretrainConfig,
    datasets: list[dict[str, str]],
    teacher_references: list[dict[str, str]],
    emotion_teacher: dict[str, str] | None,
) -> dict[str, Any]:
    """Return the card in the folder if it is of the same pretraining, else a new one."""
    spec = spec_of(config.encoder)
    now = paths.utc_text()
    card: dict[str, Any] = {
        "schema_version": 1,
        "name": folder.name,
        "status": "running",
        "created_utc": now,
        "updated_utc": now,
        "network": {key: getattr(config, key) for key in ("encoder", "input_px", "pooling", "crop")},
        "start": {
            "weights": config.weights,
            "source": spec.source if config.weights == "imagenet" else "",
            "licence": spec.licence if config.weights == "imagenet" else "",
        },
        "config": config.settings(),
        "sources": [asdict(source) for source in config.sources],
        "datasets": datasets,
        "teachers": teacher_references,
        "emotion_teacher": emotion_teacher,
        "emotions": list(EMOTIONS),
        "data": [],
        "n_pictures": 0,
        "learned": None,
        "weights": None,
        "epochs_done": 0,
        "figures": [],
        "history": "history.csv",
        "seconds": 0.0,
        "code": provenance.code_info("torch", "torchvision", "numpy", "opencv-contrib-python"),
    }
    if not (folder / CARD).exists():
        folder.mkdir(parents=True, exist_ok=True)
        contracts.write_document(folder / CARD, card, "pretrained")
        return card
    old = contracts.read_document(folder / CARD, "pretrained")
    for key in ("config", "sources", "datasets", "teachers", "emotion_teacher"):
        if old.get(key) != card[key]:
            raise InvalidInput(
                str(folder),
                found=f"a pretraining with {key} = {old.get(key)}",
                expected=f"{card[key]}, to go on with it",
                todo="choose another --out",
            )
    return old


@dataclass(frozen=True)
class _Learned:
    """What is learned from."""

    together: learning.PictureSet
    described: list[dict[str, Any]]
    hashes: list[str]


@dataclass(frozen=True)
class _Checked:
    """Pictures of people who are not learned from."""

    name: str
    pictures: learning.PictureSet
    n_people: int


def _gather(
    config: PretrainConfig,
    datasets: Sequence[tuple[Source, reader.Dataset]],
    chosen_splits: Mapping[str, Path],
    network: DualHeadSmileDetector,
    known_teachers: Sequence[teachers.Teacher],
    device: torch.device,
) -> tuple[_Learned, list[_Checked]]:
    """Gather the pictures to learn from, and those of each dataset's validation people."""
    crop = face_crop_of(network)
    gathered: list[Pictures] = []
    learned, targets, described, hashes, checked = [], [], [], [], []
    for number, (source, dataset) in enumerate(datasets):
        pictures = gather_pictures(
            dataset,
            crop,
            network.input_px,
            with_blendshapes=config.blendshape_weight > 0,
            emotion_teacher=config.emotion_teacher if config.emotion_teacher_weight > 0 else None,
        )
        gathered.append(pictures)
        predictions = teachers.mean_prediction(known_teachers, dataset, device)
        split = chosen_splits.get(dataset.name)
        people = _people(source, dataset, split, parse_people_part(config.people_part))
        subjects = np.array(pictures.subjects)
        for part in ("learn", "validation"):
            places = np.flatnonzero(np.isin(subjects, sorted(people[part])))
            chosen = _targets(pictures, places, source, predictions if part == "learn" else None, config.teacher_share)
            if part == "validation":
                if len(places):
                    pairs = np.stack([np.zeros(len(places), np.int64), places], 1)
                    these = learning.PictureSet([pictures.values], pairs, chosen, network.input_px)
                    checked.append(_Checked(dataset.name, these, len(people[part])))
                continue
            if not len(places):
                raise InvalidInput(str(dataset.folder), found="nobody to learn from", expected="training people")
            learned.append(np.stack([np.full(len(places), number), places], 1))
            targets.append(chosen)
            hashes += [digest for place in places.tolist() if (digest := pictures.hashes[place])]
            described.append(_describe(dataset, source, people, chosen))
    everything = learning.PictureSet(
        [each.values for each in gathered],
        np.concatenate(learned),
        learning.Targets.together(targets),
        network.input_px,
    )
    return _Learned(everything, described, sorted(set(hashes))), checked


def _match_splits(config: PretrainConfig, datasets: Sequence[reader.Dataset]) -> dict[str, Path]:
    """Tell which dataset each of --splits belongs to, by its name.

    Raises:
        InvalidInput: It is of none of those that only training people are learned from, or a second one of it.
    """
    of = {dataset.name for source, dataset in zip(config.sources, datasets, strict=True) if not source.takes_all}
    found: dict[str, Path] = {}
    for path in config.splits:
        name = contracts.read_document(path, "split")["dataset"]["name"]
        if name not in of - set(found):
            among = ", ".join(sorted(of)) or "none of --datasets, which all name :all"
            raise InvalidInput(str(path), found=f"a split of {name}", expected=f"one each, of {among}")
        found[name] = path
    return found


def _people(
    source: Source, dataset: reader.Dataset, split: Path | None, part: tuple[int, int] | None
) -> dict[str, set[str]]:
    """Tell whom is learned from and who is for validation; people of the test part are in neither."""
    people = {"learn": set(dataset.subjects()), "validation": set()}
    if not source.takes_all:
        document = splits.read_split(split or splits.freeze_split(dataset, 0), dataset)
        for key, side in (("learn", "train"), ("validation", "validation")):
            people[key] = {row.subject_id for row in splits.rows_of(dataset, document, side)}
    return {**people, "learn": {person for person in people["learn"] if is_in_part(person, part)}}


def _targets(pictures: Pictures, places: Any, source: Source, predictions: Any, share: float) -> learning.Targets:
    """Make the targets of some pictures: labels, and what teachers say, in part or where there is no label."""
    smile = pictures.smile[places].copy()
    if predictions is not None:
        chosen = predictions[places]
        smile = np.where(np.isnan(smile), chosen, (1 - share) * smile + share * chosen).astype(np.float32)
    return learning.Targets(
        torch.from_numpy(smile),
        torch.from_numpy(pictures.emotion[places]),
        torch.from_numpy(pictures.blendshapes[places]),
        torch.from_numpy(pictures.emotion_predictions[places]),
        torch.full((len(places),), source.weight),
    )


def _describe(
    dataset: reader.Dataset, source: Source, people: dict[str, set[str]], chosen: learning.Targets
) -> dict[str, Any]:
    reference = dataset.reference()
    return {
        **{key: reference[key] for key in ("name", "kind", "sha256")},
        "people": sorted(people["learn"]),
        "weight": source.weight,
        "n_pictures": len(chosen.smile),
        "n_smile_known": int((~chosen.smile.isnan()).sum()),
        "n_emotion_known": int((chosen.emotion >= 0).sum()),
        "n_blendshapes_known": int((~chosen.blendshapes[:, 0].isnan()).sum()),
    }


def _write_learned(folder: Path, learned: _Learned) -> dict[str, str]:
    """List the stored pictures that were learned from, by hash."""
    data = "".join(f"{each}\n" for each in learned.hashes).encode()
    contracts.write_bytes(folder / LEARNED, data)
    return {"file": LEARNED, "sha256": contracts.sha256_file(folder / LEARNED)}


def _measure(network: DualHeadSmileDetector, part: _Checked, device: torch.device) -> dict[str, Any]:
    """Measure smiles and emotions on people who were not learned from, at the threshold 0.5."""
    scores, emotions = learning.predict(network, part.pictures, device)
    targets = part.pictures.targets
    known = ~targets.smile.isnan().numpy()
    figures: dict[str, Any] = {
        "dataset": part.name,
        "n_people": part.n_people,
        "n_smile": int(known.sum()),
        "roc_auc": None,
        "accuracy": None,
        "n_emotion": int((targets.emotion >= 0).sum()),
        "emotion_accuracy": None,
    }
    if known.any():
        truth = targets.smile.numpy()[known] > 0.5
        measured = metrics.measure(truth, scores[known].astype(np.float64), metrics.DEFAULT_THRESHOLD, "default")
        figures |= {key: measured.metrics()[key] for key in ("roc_auc", "accuracy")}
    named = targets.emotion.numpy() >= 0
    if named.any():
        figures["emotion_accuracy"] = float((emotions[named].argmax(1) == targets.emotion.numpy()[named]).mean())
    return figures


def _row(
    epoch: int, losses: dict[str, float | None], figures: Sequence[dict[str, Any]], seconds: float
) -> checkpoints.HistoryRow:
    known = [(each["roc_auc"], each["n_smile"]) for each in figures if each["roc_auc"] is not None]
    auc = sum(auc * n for auc, n in known) / sum(n for _, n in known) if known else None
    values = (epoch, *(losses[name] for name in LOSSES), auc, round(seconds, 3))
    return dict(zip(HISTORY_COLUMNS, values, strict=True))


def _record(
    folder: Path,
    card: dict[str, Any],
    config: PretrainConfig,
    history: list[checkpoints.HistoryRow],
    figures: list[dict[str, Any]],
) -> None:
    """Write history.csv and the card: the card last."""
    contracts.write_bytes(folder / card["history"], contracts.format_rows(HISTORY_COLUMNS, history))
    weights = folder / paths.WEIGHTS_FILE
    card.update(
        status="done" if len(history) >= config.epochs else "running",
        updated_utc=paths.utc_text(),
        epochs_done=len(history),
        weights={"file": weights.name, "sha256": contracts.sha256_file(weights)},
        figures=figures,
        seconds=round(sum(row["seconds"] for row in history), 3),
    )
    contracts.write_document(folder / CARD, card, "pretrained")


def _report(history: list[checkpoints.HistoryRow], config: PretrainConfig, figures: Sequence[dict[str, Any]]) -> None:
    row = history[-1]
    left = (config.epochs - row["epoch"]) * sum(each["seconds"] for each in history) / len(history)
    losses = ", ".join(
        f"{name.replace('_', ' ')} loss {row[f'{name}_loss']:.3f}" for name in LOSSES if row[f"{name}_loss"] is not None
    )
    found = "; ".join(
        f"{each['dataset']} AUC {each['roc_auc']:.4f}, accuracy {each['accuracy']:.3f}"
        for each in figures
        if each["roc_auc"] is not None
    )
    cli.note(
        f"epoch {row['epoch']}/{config.epochs}: {losses}; {found or 'nobody to validate on'}; "
        f"{row['seconds']:.0f} s, {left:.0f} s left"
    )
