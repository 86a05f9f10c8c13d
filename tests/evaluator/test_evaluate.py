import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from shared import contracts
from shared.dataset import splits
from shared.dataset.reader import Dataset
from shared.onnx.model import OnnxModel
from tools.evaluator import cli

SHAPE = (1, 5, 3, 224, 224)


def _write_model(
    path: Path, shape: tuple[object, ...] = SHAPE, output: str = "smile_prob", metadata: dict[str, str] | None = None
) -> Path:
    """Write a model whose score is the mean brightness of the window: a real graph, tiny, and easy to foresee."""
    nodes = [
        helper.make_node("ReduceMean", ["frames", "axes"], ["mean"], keepdims=0),
        helper.make_node("Identity", ["mean"], [output]),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("frames", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [shape[0]])],
        [helper.make_tensor("axes", TensorProto.INT64, [len(shape) - 1], list(range(1, len(shape))))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=3)


def _results(tmp_path: Path) -> dict[str, object]:
    (file,) = (tmp_path / "artifacts" / "results").glob("*_results_*.json")
    return contracts.read_document(file, "results")


def test_a_strangers_model_is_measured_at_one_half(people: Dataset, tmp_path: Path) -> None:
    model = _write_model(tmp_path / "theirs.onnx")
    assert cli.main(["--model", str(model), "--dataset", "people", "--quiet"]) == 0
    found = _results(tmp_path)
    assert found["model"]["name"] == "theirs"  # type: ignore[index]
    assert found["metrics"]["threshold_source"] == "default"  # type: ignore[index]
    assert (found["n_sequences"], found["n_subjects"], found["side"]) == (12, 3, "all")
    names = sorted(path.name.split("_2")[0] for path in (tmp_path / "artifacts" / "results").iterdir())
    assert names == ["theirs_confusion", "theirs_predictions", "theirs_results", "theirs_roc"]


def test_scores_are_those_of_the_stored_pictures(people: Dataset, tmp_path: Path) -> None:
    model = _write_model(tmp_path / "theirs.onnx")
    assert cli.main(["--model", str(model), "--dataset", "people", "--quiet"]) == 0
    (file,) = (tmp_path / "artifacts" / "results").glob("*_predictions_*.csv")
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    expected = [people.load_frames(row).mean() / 255 for row in people.rows]
    assert [float(row["score"]) for row in rows] == pytest.approx(expected, abs=1e-3)
    assert [row["sequence_id"] for row in rows] == [row.sequence_id for row in people.rows]
    assert all((row["predicted"] == "smile") == (float(row["score"]) > 0.5) for row in rows)


def test_a_threshold_in_the_file_is_the_models_own_and_a_given_one_wins(people: Dataset, tmp_path: Path) -> None:
    model = _write_model(tmp_path / "own.onnx", metadata={"smilebench.threshold": "0.25"})
    words = ["--model", str(model), "--dataset", "people", "--quiet"]
    assert cli.main([*words, "--out", str(tmp_path / "a")]) == 0
    assert cli.main([*words, "--out", str(tmp_path / "b"), "--threshold", "0.75"]) == 0
    (a,), (b,) = ((tmp_path / folder).glob("*_results_*.json") for folder in "ab")
    first, second = (json.loads(path.read_text())["metrics"] for path in (a, b))
    assert (first["threshold"], first["threshold_source"]) == (0.25, "model")
    assert (second["threshold"], second["threshold_source"]) == (0.75, "given")


def test_only_the_chosen_side_is_measured(people: Dataset, tmp_path: Path) -> None:
    split_file = splits.freeze_split(people, 0)
    split = splits.read_split(split_file, people)
    model = _write_model(tmp_path / "theirs.onnx")
    assert cli.main(["--model", str(model), "--dataset", "people", "--split", str(split_file), "--quiet"]) == 0
    found = _results(tmp_path)
    assert found["side"] == "test"
    assert found["n_sequences"] == len(split["sides"]["test"]["sequences"]) == 4
    assert found["split"]["sha256"] == contracts.sha256_file(split_file)  # type: ignore[index]


def test_a_model_with_a_free_batch_size_gives_the_same_scores(people: Dataset, tmp_path: Path) -> None:
    one = OnnxModel(_write_model(tmp_path / "one.onnx"))
    many = OnnxModel(_write_model(tmp_path / "many.onnx", shape=("n", 5, 3, 224, 224)))
    batch = np.random.default_rng(0).random((11, *SHAPE[1:]), dtype=np.float32)
    assert many.batch_size > one.batch_size == 1
    assert many.run(batch).smile_prob == pytest.approx(one.run(batch).smile_prob, abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "output", "message"),
    [
        ((1, 3, 224, 224), "smile_prob", "expected one float32 input (1, T, 3, S, S)"),
        ((1, 5, 1, 224, 224), "smile_prob", "expected one float32 input"),
        (SHAPE, "score", "expected one named smile_prob"),
        ((1, 7, 3, 224, 224), "smile_prob", "found 5 frames, expected 7"),
        ((1, 5, 3, 112, 112), "smile_prob", "found pictures of 224 px, expected 112 px"),
    ],
)
def test_a_model_of_another_shape_is_refused(
    shape: tuple[int, ...],
    output: str,
    message: str,
    people: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = _write_model(tmp_path / "other.onnx", shape, output)
    assert cli.main(["--model", str(model), "--dataset", "people", "--quiet"]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_model_that_answers_outside_of_0_to_1_is_refused(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = onnx.load(_write_model(tmp_path / "logits.onnx"))
    model.graph.node[1].CopyFrom(helper.make_node("Neg", ["mean"], ["smile_prob"]))
    onnx.save(model, tmp_path / "logits.onnx")
    assert cli.main(["--model", str(tmp_path / "logits.onnx"), "--dataset", "people", "--quiet"]) == 1
    assert "expected a number from 0 to 1" in capsys.readouterr().err


def test_a_file_that_is_no_model_is_refused(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.onnx").write_text("hello")
    assert cli.main(["--model", str(tmp_path / "text.onnx"), "--dataset", "people"]) == 1
    assert cli.main(["--model", str(tmp_path / "none.onnx"), "--dataset", "people"]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_a_side_without_its_split_is_wrong(people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = _write_model(tmp_path / "theirs.onnx")
    assert cli.main(["--model", str(model), "--dataset", "people", "--side", "test"]) == 1
    assert "no --split" in capsys.readouterr().err
