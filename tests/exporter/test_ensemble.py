"""Several models as one: its numbers are the mean of theirs, and it is called better only where that is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from shared import contracts, paths, stale_models
from shared.dataset import consent, splits
from shared.dataset.reader import Dataset
from shared.onnx.model import OnnxModel
from shared.traces.person import find_person
from shared.traces.places import find_places
from tools.evaluator.cli import main as evaluate
from tools.exporter.cli import main
from tools.exporter.ensemble import _judge, _Member, _People
from tools.exporter.merging import mean_graph
from tools.predictor.cli import main as predict

MakeModel = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def models(home: Path, make_picture_model: MakeModel) -> Path:
    """A folder of models that differ in how steep they are."""
    for name, steep in (("a", 3.0), ("b", 12.0), ("c", 30.0)):
        make_picture_model(home / "artifacts" / "models" / name, frames=5, steep=steep)
    return home / "artifacts" / "models"


def run(model: Path, batch: Any) -> float:
    return float(OnnxModel(model, threads=1).run(batch).smile_prob[0])


def test_the_graph_gives_the_mean_and_has_the_contract(home: Path, models: Path) -> None:
    assert main(["ensemble", "--models", "a,b,c", "--out", "mean", "--quiet"]) == 0
    graph = models / "mean" / paths.MODEL_FILE
    onnx.checker.check_model(str(graph), full_check=True)
    session = ort.InferenceSession(str(graph))
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("frames", [1, 5, 3, 224, 224])]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("smile_prob", [1])]
    for seed in range(3):
        batch = np.random.default_rng(seed).random((1, 5, 3, 224, 224), np.float32) ** (seed + 1)
        wanted = np.mean([run(models / name / paths.MODEL_FILE, batch) for name in "abc"])
        assert run(graph, batch) == pytest.approx(wanted, abs=1e-6)
    card = contracts.read_document(models / "mean" / paths.MODEL_CARD, "model")
    assert card["onnx"]["sha256"] == contracts.sha256_file(graph)
    assert [member["model_id"] for member in card["ensemble"]["members"]] == ["a", "b", "c"]
    assert (card["network"], card["temperature"], card["parity"]["n_flips"]) == ("ensemble", None, 0)
    assert card["ensemble"]["cost"]["ms"] > 0


def test_what_members_compute_alike_is_computed_once(models: Path) -> None:
    one = onnx.load(str(models / "a" / paths.MODEL_FILE))
    other = onnx.load(str(models / "b" / paths.MODEL_FILE))
    merged = mean_graph([one, other])
    kinds = [node.op_type for node in merged.graph.node]
    assert kinds.count("ReduceMean") == 1  # the same weights, so the same mean
    assert kinds.count("Sigmoid") == 2
    twice = mean_graph([one, one])
    assert [node.op_type for node in twice.graph.node].count("Sigmoid") == 1
    batch = np.random.default_rng(0).random((1, 5, 3, 224, 224), np.float32)
    found = ort.InferenceSession(twice.SerializeToString()).run(None, {"frames": batch})[0]
    assert float(found[0]) == pytest.approx(run(models / "a" / paths.MODEL_FILE, batch), abs=1e-6)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"positive": "teasing"}, "positive_class"),
        ({"frames": 1}, "input shape"),
        ({"frame_interval_ms": 200.0}, "frame_interval_ms"),
        ({"size_px": 96}, "input shape"),
    ],
)
def test_a_model_of_another_contract_is_refused_in_one_line(
    other: dict[str, Any], what: str, models: Path, make_picture_model: MakeModel, capsys: pytest.CaptureFixture[str]
) -> None:
    make_picture_model(models / "other", **{"frames": 5, **other})
    assert main(["ensemble", "--models", "a,other", "--out", "mixed"]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert f"other: {what}" in err
    assert not (models / "mixed").exists()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--models", "a"], 2, "two or more"),
        (["--models", "a,a"], 2, "one model twice"),
        (["--models", "a,nobody"], 1, "no such model"),
        (["--models", "a,b", "--out", "a"], 2, "another than the members"),
        (["--models", "a,b", "--dataset", "nowhere"], 1, "no dataset"),
    ],
)
def test_wrong_usage(words: list[str], code: int, text: str, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ensemble", *words]) == code
    assert text in capsys.readouterr().err


def trained_on(dataset: Dataset, seed: int = 0) -> dict[str, Any]:
    """Say in a card that a model was trained by a frozen split."""
    file = splits.freeze_split(dataset, seed)
    split = {"file": file.name, "sha256": contracts.sha256_file(file)}
    return {"dataset": dataset.reference(), "split": split}


def test_members_of_one_split_are_judged_on_its_validation_people(
    home: Path,
    make_dataset: Callable[..., Dataset],
    make_picture_model: MakeModel,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dataset = make_dataset(home / "datasets" / "people", subjects=8)
    card = trained_on(dataset)
    for name, steep in (("a", 3.0), ("b", 9.0)):
        make_picture_model(home / "artifacts" / "models" / name, frames=5, steep=steep, **card)
    assert main(["ensemble", "--models", "a,b", "--out", "mean", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["model"]
    assert made["split"] == card["split"]
    gain = made["ensemble"]["gain"]
    assert (gain["side"], gain["dataset"]) == ("validation", "people")
    assert gain["verdict"] == "cannot_tell"  # the members rank alike, and so does their mean
    assert made["threshold"]["n_sequences"] == gain["n_sequences"]
    words = ["--model", "mean", "--dataset", "people", "--quiet"]
    assert evaluate(words) == 0
    capsys.readouterr()
    picture = home / "datasets" / "people" / "images" / "seq_0001_frame_0.jpg"
    assert predict(["--model", "mean", str(picture), "--face-model", "none", "--lang", "en"]) == 0
    assert "not calibrated" in capsys.readouterr().out


def test_members_of_folds_take_the_mean_of_their_thresholds_and_are_not_judged(
    home: Path, make_dataset: Callable[..., Dataset], make_picture_model: MakeModel, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_dataset(home / "datasets" / "people", subjects=6)
    for seed, value in ((0, 0.3), (1, 0.5)):
        threshold = {
            "value": value,
            "chosen_on": "validation",
            "objective": "youden",
            "n_sequences": 8,
            "n_subjects": 2,
            "interval": [0.1, 0.9],
        }
        folder = home / "artifacts" / "models" / f"fold{seed}"
        make_picture_model(folder, frames=5, steep=5 + seed, **trained_on(dataset, seed), threshold=threshold)
    assert main(["ensemble", "--models", "fold0,fold1", "--out", "folds"]) == 0
    assert "Cannot tell" in capsys.readouterr().out
    card = contracts.read_document(home / "artifacts" / "models" / "folds" / paths.MODEL_CARD, "model")
    assert card["ensemble"]["gain"] is None
    assert card["threshold"]["value"] == pytest.approx(0.4)
    assert (card["threshold"]["n_subjects"], card["threshold"]["interval"], card["split"]) == (4, None, None)
    # People that a member knows cannot judge it; others can.
    assert main(["ensemble", "--models", "fold0,fold1", "--dataset", "people"]) == 1
    assert "none has learned from" in capsys.readouterr().err
    make_dataset(home / "datasets" / "others", subjects=4)
    words = ["--models", "fold0,fold1", "--out", "judged", "--dataset", "others"]
    assert main(["ensemble", *words, "--json"]) == 0
    gain = json.loads(capsys.readouterr().out)["model"]["ensemble"]["gain"]
    assert (gain["dataset"], gain["side"], gain["n_subjects"]) == ("others", "all", 4)


@pytest.mark.parametrize(
    ("noise", "n_people", "verdict"), [(0.25, 40, "better"), (0.0, 40, "cannot_tell"), (0.25, 1, "cannot_tell")]
)
def test_better_is_what_the_paired_interval_says(noise: float, n_people: int, verdict: str) -> None:
    rng = np.random.default_rng(0)

    class Row:
        def __init__(self, place: int) -> None:
            self.label, self.subject_id = ("smile" if place % 2 else "non_smile"), f"s{place // 4}"

    class Data:
        name, positive_class = "d", "smile"

    class Said:
        def __init__(self, scores: Any) -> None:
            self.smile_prob = np.clip(scores, 0, 1)

    rows: list[Any] = [Row(place) for place in range(4 * n_people)]
    truth = np.array([0.6 if row.label == "smile" else 0.4 for row in rows])
    base = truth + rng.normal(0, 0.05, len(rows))
    members_said = [base + rng.normal(0, noise, len(rows)) for _ in range(5)]
    cards = [{"model_id": f"m{number}", "threshold": {"value": 0.5}} for number in range(5)]
    members: list[Any] = [_Member(card, Path("x"), None) for card in cards]  # type: ignore[arg-type]
    people = _People(Data(), rows, "validation")  # type: ignore[arg-type]
    said: Any = [Said(scores) for scores in members_said]
    mean: Any = Said(np.mean([one.smile_prob for one in said], axis=0))
    gain, best = _judge(members, people, said, mean, 0.5)
    assert gain is not None
    assert gain["verdict"] == verdict
    assert gain["against"] == best.name
    assert (verdict == "better") == (gain["low"] is not None and gain["low"] > 0)


def test_a_withdrawal_finds_ensembles_by_their_members(
    home: Path, make_dataset: Callable[..., Dataset], make_picture_model: MakeModel
) -> None:
    dataset = make_dataset(home / "datasets" / "people", subjects=6, kind="real")
    for subject in dataset.subjects():
        consent.record(dataset.folder, consent.Agreement(subject, ("train",), "2026-01-01T00:00:00Z"))
    for seed in (0, 1):
        make_picture_model(home / f"artifacts/models/z{seed}", frames=5, steep=4 + seed, **trained_on(dataset, seed))
    assert main(["ensemble", "--models", "z0,z1", "--out", "all", "--quiet"]) == 0
    card = contracts.read_document(home / "artifacts/models/all" / paths.MODEL_CARD, "model")
    assert stale_models.why_stale(card["onnx"]["sha256"]) is None
    file = home / "artifacts" / "splits" / card["ensemble"]["members"][1]["split"]["file"]
    subject = contracts.read_document(file, "split")["sides"]["train"]["subjects"][0]
    places = find_places([find_person(dataset.folder, subject)])
    assert {path.name for path in places.of_kind("models")} >= {"all", "z1"}
    consent.withdraw(dataset.folder, subject)
    assert "withdrawn" in (stale_models.why_stale(card["onnx"]["sha256"]) or "")
