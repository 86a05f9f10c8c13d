"""Training with a frozen encoder: its features are computed once, it stays as it is, and the heads learn in seconds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.models import build_network
from tools.trainer import cli
from tools.trainer.data import DecodedSequences, decode_dataset
from tools.trainer.encoded import EncodedSequences, encode_dataset

LITE0 = ("--encoder", "efficientnet_lite0_b4", "--pooling", "grid", "--lr", "1e-3", "--threads", "1")


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    return make_dataset(tmp_path / "datasets" / "people", subjects=5, protocol=protocol)


def _train(run: Path, *arguments: object) -> int:
    return cli.main(["--dataset", "people", "--out", str(run), *LITE0, *map(str, arguments), "--quiet"])


def _state(path: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(path)


def _is_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor], keys: set[str]) -> bool:
    return all(torch.equal(a[key], b[key]) for key in keys)


def test_stage_one_leaves_the_encoder_bit_identical_and_stage_two_changes_exactly_the_last_blocks(
    people: Dataset, tmp_path: Path
) -> None:
    flags = ("--weights", "imagenet", "--epochs", 2, "--keep-epochs", "1,2", "--freeze-epochs", 1)
    assert _train(tmp_path / "run", *flags, "--unfreeze-blocks", 2) == 0
    settings = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    start = build_network("dual_head", 5, settings, 64)
    start.load_imagenet()
    begun = start.state_dict()
    first, second = (_state(tmp_path / "run" / f"epoch_000{epoch}.safetensors") for epoch in (1, 2))
    encoder = {key for key in begun if key.startswith("encoder.")}
    last = {key for key in encoder if int(key.split(".")[1]) >= len(start.encoder_blocks()) - 2}
    learned = {key for key in last if "running_" not in key and "num_batches" not in key}
    assert _is_same(begun, first, encoder)  # buffers too
    assert _is_same(begun, second, encoder - learned)  # batch normalisation stands still in stage two as well
    assert all(not torch.equal(begun[key], second[key]) for key in learned)


def test_cached_features_are_what_the_network_computes_and_are_computed_once(people: Dataset, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network: Any = build_network("dual_head", 5, {"encoder": "efficientnet_lite0_b4", "pooling": "grid"}, 64).eval()
    frames = decode_dataset(people)
    grids = encode_dataset(people, frames, network)
    (cached,) = EncodedSequences(people, people.rows, grids).batches(len(people.rows), range(len(people.rows)), None, 1)
    (plain,) = DecodedSequences(people, people.rows, frames).batches(len(people.rows), range(len(people.rows)), None, 1)
    with torch.inference_mode():
        from_grids = network.decide_from_grids(cached.frames).smile_logit
        from_pictures = network(plain.frames).smile_logit
        mirrored = network(plain.frames.flip(-1)).smile_logit
        from_mirrored = network.decide_from_grids(torch.from_numpy(grids[:, 1].astype(np.float32))).smile_logit
    assert torch.allclose(from_grids, from_pictures, atol=2e-3)  # float16 in the cache
    assert torch.allclose(from_mirrored, mirrored, atol=2e-3)
    (cache,) = (tmp_path / "artifacts" / "cache").glob("grids-*.npy")
    written = cache.stat().st_ino
    encode_dataset(people, frames, network)
    assert cache.stat().st_ino == written


def test_a_run_that_is_frozen_throughout_learns_its_training_people(people: Dataset, tmp_path: Path) -> None:
    assert _train(tmp_path / "run", "--weights", "imagenet", "--epochs", 20, "--freeze-epochs", 20) == 0
    lines = (tmp_path / "run" / "history.csv").read_text().splitlines()
    column = lines[0].split(",").index("train_loss")
    losses = [float(line.split(",")[column]) for line in lines[1:]]
    assert losses[-1] < 0.5 * losses[0]


def test_a_longer_frozen_run_goes_on_with_the_same_numbers(people: Dataset, tmp_path: Path) -> None:
    for run, lengths in (("whole", [3]), ("parts", [2, 3])):
        for epochs in lengths:
            flags = ("--weights", "imagenet", "--epochs", epochs, "--freeze-epochs", 2)
            assert _train(tmp_path / run, *flags) == 0
    whole, parts = (
        [line.rpartition(",")[0] for line in (tmp_path / run / "history.csv").read_text().splitlines()]
        for run in ("whole", "parts")
    )
    assert whole == parts
