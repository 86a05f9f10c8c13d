"""A classifier of photos: a regression on frozen features, then its head, then the encoder's last blocks."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from shared import contracts
from shared.dataset import reader, splits
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.models import build_network
from shared.onnx.model import OnnxModel, score_dataset
from tools.exporter import cli as exporter
from tools.importer import cli as importer
from tools.trainer import cli
from tools.trainer.balance import even_out
from tools.trainer.checkpoints import save_weights
from tools.trainer.config import TrainConfig
from tools.trainer.data import decode_dataset
from tools.trainer.photos import PhotoSequences
from tools.trainer.stages import has_stopped, plan_epoch, plateau_rate
from tools.trainer.start import load_start
from tools.trainer.variation import PhotoVariation

TINY = ("--encoder", "efficientnet_lite0_b4", "--input-px", "64", "--crop", "none", "--weights", "none")
FLAGS = ("--network", "photo", *TINY, "--batch", "8", "--threads", "1", "--quiet")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset]) -> Path:
    folder = tmp_path_factory.mktemp("home")
    photos = {"image_size_px": 64, "frame_count": 1, "frame_interval_ms": 0}
    make_dataset(
        folder / "datasets" / "photos",
        subjects=8,
        protocol=parse_protocol({**read_protocol().document, **photos}, "test"),
    )
    return folder


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(home))


def _train(out: Path, *arguments: object) -> dict[str, Any]:
    assert cli.main(["--dataset", "photos", "--out", str(out), *FLAGS, *map(str, arguments)]) == 0
    return contracts.read_document(out / "run.json", "run")


@pytest.fixture(scope="module")
def trained(home: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMILEBENCH_HOME", str(home))
        flags = ("--epochs", 3, "--freeze-epochs", 1, "--keep-epochs", "1,3", "--unfreeze-blocks", 2)
        _train(home / "run", *flags)
    return home / "run"


def _state(run: Path, name: str) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run / f"{name}.safetensors")


def _history(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "history.csv").read_text().splitlines()))


def test_stage_one_leaves_the_encoder_as_it_is_and_stage_two_changes_exactly_what_is_listed(trained: Path) -> None:
    run = contracts.read_document(trained / "run.json", "run")
    zero, first, second = (_state(trained, name) for name in ("stage_0", "epoch_0001", "epoch_0003"))
    encoder = {key for key in first if key.startswith("encoder.")}
    assert all(torch.equal(zero[key], first[key]) for key in encoder)  # buffers too
    listed = {name for name in run["stages"][1]["learns"] if name.startswith("encoder.")}
    assert {name.split(".")[1] for name in listed} == {"4", "5"}  # the last two of its blocks
    assert {key for key in encoder if not torch.equal(first[key], second[key])} == listed
    assert not any(name.startswith("encoder.") for name in run["stages"][0]["learns"])
    assert run["stages"][1]["encoder_rate"] == pytest.approx(0.3 * run["stages"][1]["rate"])
    assert [row["stage"] for row in _history(trained)] == ["1", "2", "2"]
    assert (trained / "learning_curve.png").stat().st_size > 1000


@pytest.mark.parametrize(("checkpoint", "network"), [("best", "photo"), ("stage_0", "photo_logistic")])
def test_each_stage_is_exported_and_answers_like_its_weights(
    trained: Path, home: Path, checkpoint: str, network: str
) -> None:
    out = home / checkpoint
    assert exporter.main(["--run", str(trained), "--checkpoint", checkpoint, "--out", str(out), "--calibrate"]) == 0
    card = contracts.read_document(out / "model.json", "model")
    assert card["network"] == network
    assert card["emotions_trained"] == []
    assert card["input"]["color"] == "RGB"
    assert card["input"]["shape"] == [1, 1, 3, 64, 64]
    assert card["parity"]["largest_difference"] <= 1e-4
    assert card["parity"]["n_flips"] == 0
    dataset = reader.open_dataset(home / "datasets" / "photos")
    scores = score_dataset(OnnxModel(out / "smile_detector.onnx"), dataset, dataset.rows)
    loaded: Any = build_network(network, 1, contracts.read_document(trained / "run.json", "run")["config"], 64).eval()
    loaded.load_state_dict(safetensors.torch.load_file(out / "weights.safetensors"))
    pictures = torch.from_numpy(decode_dataset(dataset).values / np.float32(255)).permute(0, 1, 4, 2, 3)
    with torch.inference_mode():
        logits = loaded(pictures).smile_logit / (card["temperature"] or 1.0)
    assert np.abs(torch.sigmoid(logits).numpy() - scores.smile_prob).max() <= 1e-4
    assert scores.emotion_logits is not None
    assert not scores.emotion_logits.any()


def test_stage_zero_is_the_regression_on_frozen_features(trained: Path, home: Path) -> None:
    run = contracts.read_document(trained / "run.json", "run")
    assert run["stage_0"]["n_features"] == 40 * 8 * 8
    assert [point["epoch"] for point in run["checkpoints"] if point.get("network") == "photo_logistic"] == [0]
    dataset = reader.open_dataset(home / "datasets" / "photos")
    split = splits.read_split(splits.freeze_split(dataset, 0), dataset)
    rows = splits.rows_of(dataset, split, "validation")
    network: Any = build_network("photo_logistic", 1, run["config"], 64).eval()
    network.load_state_dict(_state(trained, "stage_0"))
    pictures = PhotoSequences(dataset, rows, decode_dataset(dataset))
    (batch,) = pictures.batches(99, range(len(rows)), None, 1)
    with torch.inference_mode():
        logits = network(batch.frames).smile_logit
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, batch.smile).item()
    assert loss == pytest.approx(run["stage_0"]["validation_loss"], abs=2e-3)  # float16 in the cache


def test_a_run_that_was_cut_off_at_the_border_of_stages_goes_on_with_the_same_numbers(home: Path) -> None:
    flags = ("--freeze-epochs", 1, "--unfreeze-blocks", 1, "--augment-to", 12)
    for run, lengths in (("whole", [3]), ("parts", [1, 2, 3])):
        for epochs in lengths:
            _train(home / run, "--epochs", epochs, *flags)
    without_seconds = [{**row, "seconds": ""} for row in _history(home / "whole")]
    assert without_seconds == [{**row, "seconds": ""} for row in _history(home / "parts")]
    whole, parts = (_state(home / run, "last") for run in ("whole", "parts"))
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


def test_classes_are_brought_to_the_same_number_by_children_of_training_photos_only(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ("--augment-to", 25, "--class-weights", "non_smile=1,smile=2", "--epochs", 1)
    run = _train(home / "even", *flags)
    children = list(csv.DictReader((home / "even" / "children.csv").read_text().splitlines()))
    dataset = reader.open_dataset(home / "datasets" / "photos")
    split = splits.read_split(splits.freeze_split(dataset, 0), dataset)
    label_of = {row.sequence_id: row.label for row in splits.rows_of(dataset, split, "train")}
    own = run["balance"]["counts"]
    for label in ("smile", "non_smile"):
        assert own[label] + sum(child["label"] == label for child in children) == 25
    assert all(label_of[child["parent_id"]] == child["label"] for child in children)
    assert len({child["child_id"] for child in children}) == len(children) == run["balance"]["n_children"]
    assert run["balance"]["prior"] == pytest.approx(2 / 3)
    assert "resulting prior of smile 0.667" in capsys.readouterr().out


def test_the_larger_class_stays_whole_and_balanced_weights_make_both_count_alike(home: Path) -> None:
    dataset = reader.open_dataset(home / "datasets" / "photos")
    rows = [row for row in dataset.rows if row.label == "smile"][:3] + [
        row for row in dataset.rows if row.label == "non_smile"
    ][:9]
    even = even_out(dataset, rows, "balanced", 0, 0)
    assert (even.weights["smile"], even.weights["non_smile"]) == pytest.approx((12 / 2 / 3, 12 / 2 / 9))
    assert even.prior == pytest.approx(0.5)
    grown = even_out(dataset, rows, "", 250, 0)
    assert len(grown.parents) == 250 - 3 + 250 - 9
    parents = Counter(grown.parents)
    assert {parents[place] for place in range(3)} == {82, 83}  # of 247 children each of three has as many, or one more
    assert even_out(dataset, rows, "", 5, 0).parents == tuple(p for p in even_out(dataset, rows, "", 5, 0).parents)
    assert Counter(rows[p].label for p in even_out(dataset, rows, "", 5, 0).parents) == {"smile": 2}
    with pytest.raises(InvalidInput, match="both classes"):
        even_out(dataset, rows[:3], "", 0, 0)
    with pytest.raises(InvalidInput, match="a weight for each of non_smile, smile"):
        even_out(dataset, rows, "smile=2,calm=1", 0, 0)


def test_a_child_differs_from_its_parent_and_is_the_same_each_time(home: Path) -> None:
    dataset = reader.open_dataset(home / "datasets" / "photos")
    pictures = decode_dataset(dataset)
    even = even_out(dataset, dataset.rows, "", len(dataset.rows) // 2 + 2, 0)
    one, again = (PhotoSequences(dataset, dataset.rows, pictures, even, seed=3) for _ in range(2))
    assert len(one.children) == 4
    for index, parent in zip(one.children, even.parents, strict=True):
        assert np.array_equal(one.clip(index), again.clip(index))
        assert not np.array_equal(one.clip(index), one.clip(parent))
        assert one.smile[index] == one.smile[parent]


def test_pictures_are_red_green_blue_from_the_file_to_the_network(tmp_path: Path) -> None:
    red = np.zeros((1, 96, 96, 3), np.uint8)
    red[..., 0] = 200
    varied = PhotoVariation(0, 64).vary(red, 1, 0)
    assert varied.shape == (1, 64, 64, 3)
    assert varied[..., 0].mean() > 3 * max(varied[..., 1].mean(), varied[..., 2].mean())
    pictures = tmp_path / "red"
    for label, colour in (("smile", (200, 0, 0)), ("non_smile", (0, 0, 200))):
        (pictures / label).mkdir(parents=True)
        Image.new("RGB", (64, 64), colour).save(pictures / label / "1.png")
    flags = ["--photos", str(pictures), "--face-model", "none", "--dataset", str(tmp_path / "colours")]
    assert importer.main([*flags, "--licence", "CC0-1.0", "--basis", "drawn by this test"]) == 0
    dataset = reader.open_dataset(tmp_path / "colours")
    (batch,) = PhotoSequences(dataset, dataset.rows, decode_dataset(dataset)).batches(2, [0, 1], None, 1)
    for row, frames in zip(dataset.rows, batch.frames, strict=True):
        brightest = int(frames.mean((0, 2, 3)).argmax())
        assert brightest == (0 if row.label == "smile" else 2)


def _config(**changed: Any) -> TrainConfig:
    words = ["--dataset", "photos", "--network", "photo", "--crop", "none"]
    return replace(cli._to_config(cli.parser().parse_args(words)), **changed)


def _rows(losses: list[float], stage: int, first: int = 1) -> list[dict[str, Any]]:
    return [{"epoch": first + n, "validation_loss": loss, "stage": stage} for n, loss in enumerate(losses)]


def test_the_rate_falls_when_the_loss_has_stood_still_for_longer_than_the_patience() -> None:
    config = _config(lr=1.0, factor=0.5, plateau_patience=1, min_lr=0.2, min_delta=0.0)
    assert plateau_rate([], config) == 1.0
    assert plateau_rate([0.9, 0.9], config) == 1.0  # one epoch is borne
    assert plateau_rate([0.9, 0.9, 0.9], config) == 0.5
    assert plateau_rate([0.9, 0.9, 0.9, 0.9, 0.9], config) == 0.25
    assert plateau_rate([0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9], config) == 0.2  # not below min_lr
    assert plateau_rate([0.9, 0.9, 0.8, 0.9], config) == 1.0
    assert plateau_rate([0.9, 0.89, 0.88], replace(config, min_delta=0.05)) == 0.5


def test_a_stage_ends_when_patience_does_and_the_next_counts_anew() -> None:
    config = _config(patience=4, plateau_patience=1, freeze_epochs=10, epochs=40, lr=1.0, factor=0.1)
    still = _rows([0.5, 0.6, 0.6, 0.6], 1)
    assert not has_stopped(still, config)
    after = plan_epoch(still, config)
    assert after is not None
    assert (after.stage, after.is_border, after.rate) == (1, False, pytest.approx(0.1))
    ended = _rows([0.5, 0.6, 0.6, 0.6, 0.6], 1)
    border = plan_epoch(ended, config)
    assert border is not None
    assert (border.epoch, border.stage, border.is_border, border.rate) == (6, 2, True, 1.0)
    both = ended + _rows([0.4, 0.6, 0.6, 0.6, 0.6], 2, first=6)
    assert plan_epoch(both, config) is None
    assert plan_epoch(_rows([0.5], 1), replace(config, epochs=1)) is None


def test_a_patience_that_ends_before_the_rate_was_lowered_twice_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--dataset", "photos", *FLAGS, "--plateau-patience", "3", "--patience"]
    assert cli.main([*words, "7"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--patience: found 7 with --plateau-patience 3, expected at least 8" in line


@pytest.mark.parametrize("weights", ["a", "a=0", "a=1,a=2", "a=x", "=1", "a=-1"])
def test_invalid_class_weights_are_refused(weights: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--dataset", "photos", *FLAGS, "--class-weights", weights])
    assert "expected balanced, or weights such as a=1,b=2" in capsys.readouterr().err


def test_what_a_pretraining_of_the_dual_head_knows_of_faces_is_taken_over(home: Path, tmp_path: Path) -> None:
    choice = {"encoder": "efficientnet_lite0_b4", "input_px": 64, "pooling": "grid"}
    torch.manual_seed(1)
    teacher, photo = build_network("dual_head", 5, choice, 64), build_network("photo", 1, choice, 64)
    save_weights(tmp_path / "weights.safetensors", teacher, 1)
    head = photo.state_dict()["head.weight"].clone()
    load_start(photo, str(tmp_path / "weights.safetensors"))
    for key, value in photo.state_dict().items():
        assert torch.equal(value, head if key == "head.weight" else teacher.state_dict().get(key, value)), key
    with pytest.raises(InvalidInput, match="encoder"):
        load_start(
            build_network("photo", 1, {**choice, "encoder": "efficientnet_lite0_b7"}, 64),
            str(tmp_path / "weights.safetensors"),
        )
