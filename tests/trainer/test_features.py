"""Networks of features through trainer, exporter and evaluator, on features that were planted beside a dataset."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from shared import contracts, paths
from shared.dataset.reader import open_dataset
from shared.faces.normalise import DEFAULT_SCHEME, SCHEMES, normalise
from tools.trainer import cli
from tools.trainer.cli import main
from tools.trainer.data import Batch
from tools.trainer.features import Variation
from tools.trainer.record import best_epoch


@pytest.fixture
def people(make_dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=6)


def plant_features(dataset, monkeypatch, *, without_face=()):
    """Let reading give blendshapes that tell the label; the store itself has tests of its own."""
    rng = np.random.default_rng(0)

    def load(dataset, rows, kind, *, landmark_model_sha256=None):
        shape = (478, 3) if kind == "landmarks" else (52,)
        found = []
        for row in rows:
            values = rng.normal(0.5, 0.05, (row.frame_count, *shape)).astype(np.float32)
            values[..., :20] += 0.5 * (row.label == "smile") if kind == "blendshapes" else 0
            found.append(None if row.sequence_id in without_face else values)
        return found

    monkeypatch.setattr("tools.trainer.features.load_filled", load)


def run(*flags):
    return main(["--dataset", "people", "--network", "blendshape_mlp", "--quiet", "--json", *flags])


def test_a_network_of_blendshapes_learns_what_they_tell(people, monkeypatch, capsys):
    plant_features(people, monkeypatch)
    assert run("--epochs", "8") == 0
    done = json.loads(capsys.readouterr().out)["run"]
    assert done["network"] == "blendshape_mlp"
    assert (done["config"]["schedule"], done["config"]["label_smoothing"], done["config"]["batch"]) == (
        "cosine",
        0.05,
        64,
    )
    history = (paths.artifacts("runs") / done["run_id"] / "history.csv").read_text(encoding="utf-8").splitlines()
    assert float(history[-1].split(",")[5]) == 1.0  # every validation sequence right


def test_a_run_that_is_done_is_not_done_again(people, monkeypatch, capsys):
    plant_features(people, monkeypatch)
    assert run("--epochs", "2") == 0
    capsys.readouterr()
    assert run("--epochs", "2") == 0
    assert json.loads(capsys.readouterr().out)["trained_epochs"] == 0


def test_sequences_without_a_face_are_left_out_of_training_and_all_without_are_refused(people, monkeypatch, capsys):
    rows = open_dataset(people.folder).rows
    plant_features(people, monkeypatch, without_face={row.sequence_id for row in rows if row.sequence_id < "seq_0002"})
    assert run("--epochs", "1") == 0
    plant_features(people, monkeypatch, without_face={row.sequence_id for row in rows})
    capsys.readouterr()
    assert run("--epochs", "1", "--seed", "1") == 1
    assert "no face in a part of the split" in capsys.readouterr().err


def test_without_features_it_says_how_to_make_them(people, capsys):
    assert run("--epochs", "1") == 1
    assert "./inv features --dataset people --kind blendshapes" in capsys.readouterr().err


def test_the_documents_are_those_of_any_run(people, monkeypatch, capsys):
    plant_features(people, monkeypatch)
    assert run("--epochs", "1") == 0
    folder = json.loads(capsys.readouterr().out)["folder"]
    from pathlib import Path

    assert contracts.read_document(Path(folder) / "run.json", "run")["status"] == "done"


def test_where_the_rate_falls_a_lucky_early_epoch_is_not_the_best():
    losses = [0.9, 0.9, 0.1, 0.9, 0.6, 0.55, 0.5, 0.5]
    history = [{"epoch": number, "validation_loss": loss} for number, loss in enumerate(losses, start=1)]
    cosine = SimpleNamespace(schedule="cosine", epochs=60)  # three epochs are judged together
    assert best_epoch(history, cosine) == 8
    assert best_epoch(history[:1], cosine) == 1
    assert best_epoch(history, SimpleNamespace(schedule="constant", epochs=60)) == 3


def test_mixing_keeps_faces_and_shares_of_smiles_together():
    variation = Variation(seed=3, mixup=1.0, scheme=None)
    values = torch.tensor([0.0, 0.0, 1.0, 1.0]).reshape(4, 1, 1).expand(4, 2, 52)
    mixed = variation.vary(Batch(values, values[:, 0, 0], torch.full((4,), -1)), epoch=1, start=0)
    assert torch.allclose(mixed.frames[:, 0, 0], mixed.smile)  # here a sequence's value is its label
    assert ((mixed.smile > 0) & (mixed.smile < 1)).any()
    again = variation.vary(Batch(values, values[:, 0, 0], torch.full((4,), -1)), epoch=1, start=0)
    assert torch.equal(mixed.smile, again.smile)
    plain = Variation(seed=3, mixup=0.0, scheme=None).vary(Batch(values, values[:, 0, 0], torch.full((4,), -1)), 1, 0)
    assert torch.equal(plain.frames, values)


def test_faces_are_stretched_where_they_lie_alike():
    torch.manual_seed(0)
    faces = torch.rand(3, 2, 478, 3)
    varied = Variation(seed=0, mixup=0.0, scheme="eyes").vary(Batch(faces, torch.zeros(3), torch.zeros(3)), 1, 0).frames
    alike = torch.from_numpy(normalise(faces.numpy(), "eyes", with_z=True))
    difference = (varied - alike)[..., :2].abs().mean() / alike[..., :2].abs().mean()
    assert 0.005 < difference < 0.1
    assert torch.equal(varied[..., 2], alike[..., 2])


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--network", "blendshape_mlp", "--with-z"), "--network landmark_mlp"),
        (("--network", "dual_head", "--normalisation", "eyes"), "--network landmark_mlp"),
        (("--network", "dual_head", "--mixup", "0.4"), "sequences of pictures are not mixed"),
        (("--network", "landmark_mlp", "--mixup", "-1"), "0 or more"),
        (("--network", "landmark_mlp", "--weights", "imagenet"), "--network dual_head"),
        (("--network", "blendshape_mlp", "--freeze-epochs", "2"), "--network dual_head"),
    ],
)
def test_flags_that_mean_nothing_to_a_network_are_refused(people, flags, says, capsys):
    assert main(["--dataset", "people", "--quiet", *flags]) == 2
    assert says in capsys.readouterr().err


def test_the_command_line_knows_every_normalisation():
    assert sorted(cli.SCHEMES) == sorted(SCHEMES)
    assert cli.SCHEMES[0] == DEFAULT_SCHEME


def test_a_training_that_is_refused_leaves_no_run_behind(people, monkeypatch, capsys):
    plant_features(people, monkeypatch, without_face={row.sequence_id for row in people.rows})
    assert run("--epochs", "1") == 1
    assert "no face in a part of the split" in capsys.readouterr().err
    assert not [*paths.artifacts("runs").glob("*")]
