import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import safetensors.torch
import torch

from shared import contracts
from shared.dataset import splits
from shared.dataset.reader import Dataset, open_dataset
from shared.models import build_network
from shared.onnx.model import OnnxModel, Scores, score_dataset
from shared.statistics import thresholds
from tools.exporter import cli, export
from tools.trainer import cli as trainer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset]) -> Iterator[Path]:
    """A home with a run, r, on pictures of the contract's size."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMILEBENCH_HOME", str(folder))
        make_dataset(folder / "datasets" / "people", subjects=3)
        words = ["--dataset", "people", "--weights", "none", "--epochs", "1", "--out", f"{folder}/artifacts/runs/r"]
        assert trainer.main([*words, "--quiet"]) == 0
        yield folder


@pytest.fixture(scope="module")
def exported(home: Path) -> Path:
    """The run as a model's folder, by the defaults; not to be changed."""
    assert cli.main(["--run", "r", "--out", "exported", "--quiet"]) == 0
    return home / "artifacts" / "models" / "exported"


def test_the_graph_is_exactly_the_contract(exported: Path) -> None:
    session = ort.InferenceSession(str(exported / "smile_detector.onnx"))
    assert [(i.name, i.shape, i.type) for i in session.get_inputs()] == [
        ("frames", [1, 5, 3, 224, 224], "tensor(float)")
    ]
    assert [(o.name, o.shape, o.type) for o in session.get_outputs()] == [
        ("smile_prob", [1], "tensor(float)"),
        ("emotion_logits", [1, 7], "tensor(float)"),
    ]
    assert (exported / "smile_detector.onnx").stat().st_size <= 7_700_000
    onnx.checker.check_model(str(exported / "smile_detector.onnx"), full_check=True)


def test_the_card_names_the_file_its_threshold_and_where_it_came_from(home: Path, exported: Path) -> None:
    card = contracts.read_document(exported / "model.json", "model")
    assert card["onnx"]["sha256"] == contracts.sha256_file(exported / "smile_detector.onnx")
    assert card["run"]["sha256"] == contracts.sha256_file(home / "artifacts" / "runs" / "r" / "run.json")
    assert card["parity"]["n_flips"] == 0
    assert card["parity"]["largest_difference"] <= 1e-4
    assert card["emotions_trained"] == ["happy", "neutral"]
    notes = OnnxModel(exported / "smile_detector.onnx").metadata
    assert json.loads(notes["threshold"]) == card["threshold"]["value"]
    assert json.loads(notes["classes"]) == ["non_smile", "smile"]
    assert json.loads(notes["frame_interval_ms"]) == 100
    assert notes["crop"] == "center_square"


def test_the_threshold_is_youdens_on_the_validation_people_alone(home: Path, exported: Path) -> None:
    card = contracts.read_document(exported / "model.json", "model")
    dataset = open_dataset(home / "datasets" / "people")
    split = splits.read_split(splits.freeze_split(dataset, 0), dataset)
    rows = splits.rows_of(dataset, split, "validation")
    scores = score_dataset(OnnxModel(exported / "smile_detector.onnx"), dataset, rows).smile_prob.astype(float)
    labels = np.array([row.label == "smile" for row in rows])
    people = [row.subject_id for row in rows]
    best = thresholds.choose(labels, scores, people, thresholds.Objective("youden"), toward=0.5)
    if best is None:  # a network of one epoch may tell nothing apart; then the card must say so
        assert card["threshold"]["chosen_on"] == "default"
    else:
        assert card["threshold"]["value"] == pytest.approx(best.value)
        assert card["threshold"]["chosen_on"] == "validation"
    assert card["threshold"]["n_sequences"] == len(rows) == 4


def test_a_given_threshold_is_kept_and_called_given(home: Path) -> None:
    assert cli.main(["--run", "r", "--out", "given", "--threshold", "0.282", "--quiet"]) == 0
    card = contracts.read_document(home / "artifacts" / "models" / "given" / "model.json", "model")
    assert (card["threshold"]["value"], card["threshold"]["chosen_on"]) == (0.282, "given")


def test_a_score_that_is_the_threshold_but_for_rounding_stops_no_export(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sweep's hundreds of exports one had a validation score so near to its threshold, and all ended there."""
    score, found = export._score_by_torch, []

    def score_otherwise(*words: Any) -> Scores:
        found.append(score(*words))
        return Scores(found[-1].smile_prob - np.float32(2e-5), found[-1].emotion_logits)

    monkeypatch.setattr(export, "_score_by_torch", score_otherwise)
    near = 0.5
    for out in ("first", "near"):
        assert cli.main(["--run", "r", "--out", out, "--threshold", repr(near), "--quiet"]) == 0
        near = float(found[0].smile_prob[0]) - 1e-5
    parity = contracts.read_document(home / "artifacts" / "models" / "near" / "model.json", "model")["parity"]
    assert parity["largest_difference"] == pytest.approx(2e-5, rel=0.1)
    assert parity["n_flips"] == 0


@pytest.mark.slow
def test_a_temperature_is_fitted_on_request_and_lives_inside_of_the_graph(
    home: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_fit_temperature", lambda *_: 2.5)
    assert cli.main(["--run", "r", "--out", "warm", "--quiet", "--threshold", "0.5", "--calibrate"]) == 0
    frames = np.random.default_rng(0).random((1, 5, 3, 224, 224), dtype=np.float32)
    logits = {}
    for folder, temperature in ((exported, None), (exported.with_name("warm"), 2.5)):
        assert contracts.read_document(folder / "model.json", "model")["temperature"] == temperature
        prob = float(OnnxModel(folder / "smile_detector.onnx").run(frames).smile_prob[0])
        logits[temperature] = np.log(prob / (1 - prob))
    assert logits[2.5] == pytest.approx(logits[None] / 2.5, abs=1e-4)


def test_scaling_lives_inside_of_the_graph(exported: Path) -> None:
    model = OnnxModel(exported / "smile_detector.onnx")
    network = build_network("dual_head", 5)
    network.load_state_dict(safetensors.torch.load_file(model.path.with_name("weights.safetensors")))
    frames = np.random.default_rng(0).random((1, 5, 3, 224, 224), dtype=np.float32)
    with torch.inference_mode():
        expected = torch.sigmoid(network.eval()(torch.from_numpy(frames)).smile_logit)
    assert model.run(frames).smile_prob == pytest.approx(expected.numpy(), abs=1e-5)


def test_a_graph_that_answers_otherwise_than_torch_is_not_written(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = export._score_by_torch

    def slightly_off(*arguments: Any) -> Scores:
        scores = real(*arguments)
        return Scores(scores.smile_prob + np.float32(2e-4), scores.emotion_logits)

    monkeypatch.setattr(export, "_score_by_torch", slightly_off)
    assert cli.main(["--run", "r", "--out", "wrong", "--threshold", "0.9", "--quiet"]) == 1
    assert "differing from torch by 2.0e-04" in capsys.readouterr().err
    assert not (home / "artifacts" / "models" / "wrong" / "smile_detector.onnx").exists()


def test_a_checkpoint_that_is_not_the_runs_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "artifacts" / "runs" / "r" / "last.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    try:
        assert cli.main(["--run", "r", "--checkpoint", "last", "--out", "x", "--quiet"]) == 1
    finally:
        path.write_bytes(data)
    assert "as run.json says" in capsys.readouterr().err


def test_a_checkpoint_that_does_not_exist_is_refused_with_those_that_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--run", "r", "--checkpoint", "epoch_0099", "--quiet"]) == 1
    assert "expected one of best, last" in capsys.readouterr().err


def test_a_folder_that_cannot_name_a_model_is_refused_before_anything_is_written(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "a,b"
    assert cli.main(["--run", "r", "--out", str(out), "--quiet"]) == 2
    assert "--out: found 'a,b', expected a folder whose name can name the model" in capsys.readouterr().err
    assert not out.exists()
