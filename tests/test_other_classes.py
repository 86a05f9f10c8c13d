"""A dataset of other classes than smiles, from its split to the hand-off: every name on the way is the class's."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from shared import contracts, paths
from shared.arrays import F32
from shared.dataset.protocol import Protocol, parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.onnx.stream import SmileStream
from tools.evaluator import cli as evaluator
from tools.exporter import cli as exporter
from tools.game import cli as game
from tools.handoff import cli as handoff
from tools.reporter import cli as reporter
from tools.spec_checker.static.check import check_file
from tools.trainer import cli as trainer


def protocol_of(negative: str, positive: str) -> Protocol:
    """The default protocol with two other classes."""
    document: dict[str, Any] = json.loads(json.dumps(read_protocol().document))
    names = {"non_smile": negative, "smile": positive}
    document |= {"name": f"{positive}-test", "classes": [negative, positive], "positive_class": positive}
    for window in document["windows"]:
        window["label"] = names[window["label"]]
    return parse_protocol(document, "a test's protocol")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, make_dataset: Callable[..., Dataset]) -> Iterator[Path]:
    """A home with a dataset of neutral and anxious people, and the model of pictures that was trained on it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMILEBENCH_HOME", str(folder))
        patch.setenv("SMILEBENCH_ASSETS", str(folder / "no-assets"))
        make_dataset(folder / "datasets" / "calls", subjects=3, protocol=protocol_of("neutral", "anxious"))
        small = ["--encoder", "mobilenet_v3_small_b3", "--input-px", "64", "--pooling", "grid"]
        words = ["--dataset", "calls", *small, "--weights", "none", "--epochs", "1", "--quiet"]
        words += ["--out", f"{folder}/artifacts/runs/r"]
        assert trainer.main(words) == 0
        assert exporter.main(["--run", "r", "--out", "calls-e1", "--quiet"]) == 0
        yield folder


@pytest.fixture(scope="module")
def model(home: Path) -> Path:
    """Its ONNX."""
    return home / "artifacts" / "models" / "calls-e1" / paths.MODEL_FILE


def test_the_graph_gives_the_probability_of_the_class_by_its_name(home: Path, model: Path) -> None:
    session = ort.InferenceSession(str(model))
    frames = np.random.default_rng(0).random((1, 5, 3, 224, 224), dtype=np.float32)
    prob, logits = session.run(["anxious_prob", "emotion_logits"], {"frames": frames})
    assert prob.shape == (1,)
    assert 0 < prob[0] < 1
    assert logits.shape == (1, 7)
    card = contracts.read_document(model.with_name(paths.MODEL_CARD), "model")
    assert card["outputs"][0] == {
        "name": "anxious_prob",
        "shape": [1],
        "dtype": "float32",
        "meaning": "probability of anxious, 0 to 1",
    }
    assert session.get_modelmeta().custom_metadata_map["smilebench.positive_class"] == "anxious"


def test_the_exporter_says_the_class(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exporter.main(["--run", "r", "--out", "again"]) == 0
    said = capsys.readouterr().out
    assert "anxious when anxious_prob > " in said
    assert "smile_prob" not in said


def test_results_and_report_say_the_class(home: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--dataset", "calls", "--side", "all", "--json", "--quiet"]
    assert evaluator.main(["--model", str(model), *words]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["results"]["positive_class"] == "anxious"
    assert set(measured["results"]["by_label"]) == {"neutral", "anxious"}
    assert evaluator.main(["--arm", "majority", "--name", "larger", *words]) == 0
    larger = json.loads(capsys.readouterr().out)["file"]
    for lang in ("en", "ko"):
        out = home / f"report-{lang}"
        flags = ["--baseline", f"old={larger}", "--candidate", f"new={measured['file']}", "--lang", lang]
        assert reporter.main([*flags, "--dataset", "calls", "--no-faces", "--out", str(out), "--quiet"]) == 0
        said = capsys.readouterr().out + (out / "report.md").read_text(encoding="utf-8")
        assert "anxious" in said
        without_names = said.replace("smilebench", "").replace("smile_detector.onnx", "")
        assert "smile" not in without_names.lower()
        assert "미소" not in without_names
        assert "웃" not in without_names


def test_a_model_of_another_class_is_not_measured(
    home: Path, model: Path, make_dataset: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    make_dataset(home / "datasets" / "people", subjects=3)
    assert evaluator.main(["--model", str(model), "--dataset", "people", "--quiet"]) == 1
    assert "found anxious_prob, expected smile_prob" in capsys.readouterr().err


@pytest.mark.slow
def test_the_hand_off_is_checked_streams_and_is_refused_by_the_game_of_smiles(
    home: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home / "handoff" / "calls-e1"
    assert handoff.main(["--model", str(model), "--out", str(folder), "--quiet"]) == 0
    spec = contracts.read_document(folder / paths.SPEC_FILE, "frontend_spec")
    head = next(graph for graph in spec["graphs"] if graph["role"] == "head")
    assert spec["decision"]["output"] == head["outputs"][0]["name"] == "anxious_prob"
    assert "smile_prob" not in (folder / paths.SPEC_FILE).read_text(encoding="utf-8")
    report = check_file(folder / paths.SPEC_FILE, None)
    assert [finding for finding in report.findings if finding.status == "fail"] == []
    stream = SmileStream(folder)
    rng = np.random.default_rng(1)
    frames = rng.integers(0, 256, (5, 240, 320, 3), dtype=np.uint8)
    decisions = [stream.push(frame, 100.0 * number) for number, frame in enumerate(frames)]
    assert stream.prob_name == "anxious_prob"
    assert decisions[-1].state == "ready"
    assert decisions[-1].prob is not None
    assert decisions[-1].is_positive == (
        decisions[-1].prob > stream.rule.threshold and stream.rule.min_duration_ms == 0
    )
    capsys.readouterr()
    assert game.main(["--handoff", str(folder), "--no-open"]) == 1
    assert "found a model of anxious, expected a model of smiles" in capsys.readouterr().err


def test_a_network_of_blendshapes_of_another_class_gives_it_by_its_name(
    tmp_path: Path, make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "jokes", subjects=6, protocol=protocol_of("not_teasing", "teasing"))

    def load(_: Dataset, rows: list[Any], __: str, **___: object) -> list[F32]:
        rng = np.random.default_rng(0)
        return [
            rng.normal(0.5, 0.05, (row.frame_count, 52)).astype(np.float32) + np.float32(0.5 * (row.label == "teasing"))
            for row in rows
        ]

    class Store:
        model_sha256 = "1" * 64

    for module in ("tools.trainer.features", "tools.exporter.export", "shared.onnx.model"):
        monkeypatch.setattr(f"{module}.load_filled", load, raising=False)
    monkeypatch.setattr("shared.dataset.feature_store.load_filled", load)
    monkeypatch.setattr("tools.exporter.export.open_features", lambda *_: Store())
    flags = ["--dataset", "jokes", "--network", "blendshape_mlp", "--epochs", "3", "--quiet"]
    assert trainer.main([*flags, "--out", f"{tmp_path}/artifacts/runs/r"]) == 0
    assert exporter.main(["--run", "r", "--out", "jokes", "--quiet"]) == 0
    session = ort.InferenceSession(str(tmp_path / "artifacts" / "models" / "jokes" / paths.MODEL_FILE))
    low, high = (
        session.run(["teasing_prob"], {"blendshapes": np.full((1, 5, 52), value, np.float32)})[0][0]
        for value in (0.5, 1.0)
    )
    assert low < high
