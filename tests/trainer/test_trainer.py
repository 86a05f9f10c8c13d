"""Training runs on small pictures: the network is fully convolutional, so 64 px cost a twelfth of 224 px."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from shared import contracts
from shared.dataset import splits
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.models import build_network
from shared.models.network import NetworkOutput
from shared.preprocess import to_batch
from tools.trainer import checkpoints, cli, loop, train
from tools.trainer.augment import Augmentation
from tools.trainer.data import NO_EMOTION, Batch, DecodedSequences, decode_dataset

SMALL = ("--weights", "none", "--lr", "1e-3", "--threads", "1", "--quiet")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def small(home: Path, make_dataset: Callable[..., Dataset]) -> Dataset:
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    return make_dataset(home / "datasets" / "small", subjects=5, protocol=protocol)


def _train(*arguments: object) -> int:
    return cli.main([*map(str, arguments), *SMALL])


def _numbers(run: Path) -> list[str]:
    """Return the history without the seconds, which differ from run to run."""
    return [line.rpartition(",")[0] for line in (run / "history.csv").read_text().splitlines()]


def _weights(path: Path) -> dict[str, Any]:
    return safetensors.torch.load_file(path)


def _equal(a: Path, b: Path) -> bool:
    first, second = _weights(a), _weights(b)
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_training_sees_the_very_numbers_that_evaluation_sees(small: Dataset) -> None:
    frames = decode_dataset(small)
    side = DecodedSequences(small, small.rows, frames)
    (batch,) = side.batches(len(side), range(len(side)), None, 1)
    assert np.array_equal(batch.frames.numpy(), to_batch(frames.values[:]))


def test_a_run_leaves_a_valid_document_checkpoints_history_and_picture(small: Dataset, home: Path) -> None:
    run = home / "run"
    assert _train("--dataset", "small", "--epochs", 2, "--keep-epochs", "1", "--out", run) == 0
    document = contracts.read_document(run / "run.json", "run")
    assert document["status"] == "done"
    assert {point["name"] for point in document["checkpoints"]} == {"best", "last", "epoch_0001"}
    assert document["emotion_counts"] == {"neutral": 4, "happy": 4}  # 2 training people, 2 sequences a label each
    assert document["dataset"]["kind"] == "synthetic"
    assert len(_numbers(run)) == 1 + 2
    assert (run / "learning_curve.png").stat().st_size > 1000


def test_an_arm_that_is_a_checkpoint_of_a_longer_run_equals_its_own_run(small: Dataset, home: Path) -> None:
    long, short = home / "long", home / "short"
    assert _train("--dataset", "small", "--epochs", 3, "--keep-epochs", "2,3", "--out", long) == 0
    assert _train("--dataset", "small", "--epochs", 2, "--out", short) == 0
    assert _equal(long / "epoch_0002.safetensors", short / "last.safetensors")
    assert _numbers(long)[:3] == _numbers(short)
    assert not _equal(long / "epoch_0002.safetensors", long / "epoch_0003.safetensors")


def test_a_run_that_was_killed_goes_on_to_the_same_result(small: Dataset, home: Path) -> None:
    whole, killed = home / "whole", home / "killed"
    assert _train("--dataset", "small", "--epochs", 4, "--out", whole) == 0
    command = [sys.executable, "-m", "tools.trainer", "--dataset", "small", "--epochs", "4", "--out", str(killed)]
    command += [*SMALL[:-1]]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/4"):
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stderr.close()
    before = contracts.read_document(killed / "run.json", "run")
    assert before["status"] == "running"
    assert _train("--dataset", "small", "--epochs", 4, "--out", killed) == 0
    assert _numbers(killed) == _numbers(whole)
    assert _equal(killed / "last.safetensors", whole / "last.safetensors")
    assert _equal(killed / "best.safetensors", whole / "best.safetensors")


def test_fewer_training_people_are_part_of_more(small: Dataset, home: Path) -> None:
    split = splits.read_split(splits.freeze_split(small, 0), small)
    chosen = {}
    for n_people in (1, 2):
        flags = ["--dataset", "small", "--weights", "none", "--train-people", str(n_people)]
        config = cli._to_config(cli.parser().parse_args(flags))
        chosen[n_people] = {row.subject_id for row in train._training_rows(small, split, config)}
    assert len(chosen[1]) == 1
    assert chosen[1] < chosen[2] == set(split["sides"]["train"]["subjects"])


def test_a_finished_run_is_not_trained_again(small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = home / "run"
    assert _train("--dataset", "small", "--epochs", 1, "--out", run) == 0
    before = (run / "last.safetensors").stat().st_mtime_ns
    capsys.readouterr()
    assert _train("--dataset", "small", "--epochs", 1, "--out", run, "--json") == 0
    assert json.loads(capsys.readouterr().out)["trained_epochs"] == 0
    assert (run / "last.safetensors").stat().st_mtime_ns == before


def test_an_epoch_that_was_not_kept_is_had_by_training_again(small: Dataset, home: Path) -> None:
    run = home / "run"
    assert _train("--dataset", "small", "--epochs", 2, "--out", run) == 0
    numbers = _numbers(run)
    assert _train("--dataset", "small", "--epochs", 2, "--keep-epochs", "1", "--out", run) == 0
    assert _numbers(run) == numbers
    assert (run / "epoch_0001.safetensors").exists()


def test_a_folder_with_another_run_is_refused(small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = home / "run"
    assert _train("--dataset", "small", "--epochs", 1, "--out", run) == 0
    assert _train("--dataset", "small", "--epochs", 2, "--out", run, "--batch", 3) == 1
    assert "batch = 4, expected 3" in capsys.readouterr().err


def test_the_encoder_stands_still_while_it_is_frozen_and_learns_afterwards(small: Dataset, home: Path) -> None:
    run = home / "run"
    flags = ("--epochs", 2, "--keep-epochs", "1,2", "--freeze-epochs", 1, "--unfreeze-blocks", 2)
    assert _train("--dataset", "small", *flags, "--out", run) == 0
    torch.manual_seed(0)
    start = build_network("dual_head", 5).state_dict()
    first, second = _weights(run / "epoch_0001.safetensors"), _weights(run / "epoch_0002.safetensors")
    encoder = [key for key in start if key.startswith("encoder.")]
    blocks = max(int(key.split(".")[1]) for key in encoder) + 1
    early = [key for key in encoder if int(key.split(".")[1]) < blocks - 2]
    assert all(torch.equal(first[key], start[key]) for key in encoder)
    assert not torch.equal(first["smile_head.weight"], start["smile_head.weight"])
    assert all(torch.equal(second[key], start[key]) for key in early)
    assert any(not torch.equal(second[key], start[key]) for key in set(encoder) - set(early))


def test_training_starts_from_given_weights(small: Dataset, home: Path) -> None:
    torch.manual_seed(7)
    network = build_network("dual_head", 5)
    checkpoints.save_weights(home / "start.safetensors", network, 3)
    run = home / "run"
    words = ["--dataset", "small", "--epochs", "1", "--lr", "1e-12", "--weights", str(home / "start.safetensors")]
    assert cli.main([*words, "--weight-decay", "0", "--out", str(run), "--threads", "1", "--quiet"]) == 0
    trained = _weights(run / "last.safetensors")["smile_head.weight"]
    assert torch.allclose(trained, network.state_dict()["smile_head.weight"], atol=1e-9)
    assert json.loads((run / "run.json").read_text())["weights"]["source"] == "start.safetensors"


def test_weights_of_another_network_are_refused_by_name_of_the_tensor(
    small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contracts.write_bytes(home / "w.safetensors", safetensors.torch.save({"other": torch.zeros(3)}))
    words = ["--dataset", "small", "--weights", str(home / "w.safetensors"), "--quiet"]
    assert cli.main(words) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "dropout" not in error
    assert "expected" in error


def test_a_pickle_is_not_read_as_weights(small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"a": torch.zeros(1)}, home / "w.safetensors")
    assert cli.main(["--dataset", "small", "--weights", str(home / "w.safetensors"), "--quiet"]) == 1
    assert "no safetensors file" in capsys.readouterr().err


def test_imagenet_weights_that_cannot_be_downloaded_are_missing_outside(
    small: Dataset, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(home / "torch"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert cli.main(["--dataset", "small", "--epochs", "1", "--threads", "1", "--quiet"]) == 3
    assert "--weights none" in capsys.readouterr().err


def test_a_broken_picture_is_named_and_leaves_no_cache(
    small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = small.rows[0].frame_names()[2]
    (small.folder / name).write_bytes(b"no picture")
    assert _train("--dataset", "small", "--epochs", 1, "--out", home / "run") == 1
    assert name in capsys.readouterr().err
    assert {path.suffix for path in (home / "artifacts" / "cache").glob("*")} <= {".lock"}


def test_augmentation_is_the_same_for_all_frames_but_for_noise() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    varied = Augmentation(3, 64).vary(np.stack([frame] * 5), epoch=1, index=4).astype(int)
    spread = np.abs(varied - varied[0]).mean()
    assert spread < 12  # sensor noise only: its standard deviation is at most 8
    assert np.abs(varied[0] - frame).mean() > 12  # but the sequence as a whole has moved


def test_augmentation_follows_from_seed_epoch_and_index_alone() -> None:
    frames = np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), dtype=np.uint8)
    again = Augmentation(3, 64).vary(frames, 1, 4)
    assert np.array_equal(Augmentation(3, 64).vary(frames, 1, 4), again)
    for other in ((4, 1, 4), (3, 2, 4), (3, 1, 5)):
        assert not np.array_equal(Augmentation(other[0], 64).vary(frames, *other[1:]), again)


def test_the_emotion_loss_counts_only_sequences_with_an_emotion() -> None:
    logits = torch.zeros(2, 7)
    logits[0, 3] = 100.0  # sure and right for the first; the second has no emotion
    output = NetworkOutput(torch.zeros(2), logits)
    batch = Batch(torch.zeros(2, 5, 3, 8, 8), torch.tensor([1.0, 0.0]), torch.tensor([3, NO_EMOTION]))
    losses = loop.LossSum(emotion_weight=0.5)
    total = losses.of(output, batch)
    assert losses.mean().emotion == pytest.approx(0.0, abs=1e-6)
    assert losses.mean().smile == pytest.approx(0.693147, abs=1e-5)  # log 2
    assert total.item() == pytest.approx(0.693147, abs=1e-5)


def test_without_any_emotion_label_the_emotion_loss_is_undefined() -> None:
    output = NetworkOutput(torch.zeros(1), torch.zeros(1, 7))
    losses = loop.LossSum(emotion_weight=0.5)
    losses.of(output, Batch(torch.zeros(1, 5, 3, 8, 8), torch.tensor([1.0]), torch.tensor([NO_EMOTION])))
    assert losses.mean().emotion is None


def test_a_network_that_only_guesses_is_called_that(
    small: Dataset, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--dataset", "small", "--epochs", "1", "--lr", "1e-12", "--weights", "none", "--threads", "1"]
    assert cli.main([*words, "--out", str(home / "run")]) == 0
    assert "warning: validation is at chance: AUC" in capsys.readouterr().err
    assert loop.describe_chance(0.61, 40, 80) is None  # guessing reaches 0.607 once in twenty times
    assert loop.describe_chance(0.60, 40, 80) is not None
    assert loop.describe_chance(None, 0, 80) is None
    assert "too few" in str(loop.describe_chance(1.0, 2, 4))  # two of each are sorted rightly by luck once in six times
