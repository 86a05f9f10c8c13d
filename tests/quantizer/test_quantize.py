"""A quantisation as a whole: who calibrates, who chooses, who judges, what is written, and what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.dataset.splits import read_split, rows_of
from tools.handoff.graphs.build import describe
from tools.handoff.graphs.smaller import take_smaller
from tools.handoff.source import read_source
from tools.quantizer import quantize as flow
from tools.quantizer.cli import main
from tools.quantizer.config import QuantizeConfig
from tools.quantizer.judging import Judged
from tools.quantizer.source import read_model, read_people

FEW = ("fp16_weights", "int8_weights")


@pytest.fixture
def home(model_home: Path, halves: flow.Halves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the workspace, to write into."""
    place = tmp_path / "home"
    monkeypatch.setattr(flow, "export_halves", lambda model: halves)
    shutil.copytree(model_home, place)
    monkeypatch.setenv("SMILEBENCH_HOME", str(place))
    return place


@pytest.fixture
def no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without Node."""
    monkeypatch.setattr("tools.quantizer.speed.shutil.which", lambda name: None)


def config(home: Path, **changes: Any) -> QuantizeConfig:
    model = home / "artifacts" / "models" / "small" / "smile_detector.onnx"
    return QuantizeConfig(model, rounds=1, **{"schemes": FEW, "tuning": "never", **changes})


def passing(found: Judged, *_: object) -> list[str]:
    """Let everything pass: what four drawn people show of an untrained network is not what is tested."""
    return []


def test_each_part_of_the_split_has_its_own_use(model_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(model_home))
    model = read_model(model_home / "artifacts" / "models" / "small" / "smile_detector.onnx")
    people = read_people(model, None, allow_no_consent=True)
    split = read_split(people.split, people.dataset)
    for rows, part in ((people.tuning, "train"), (people.validation, "validation"), (people.test, "test")):
        assert rows == rows_of(people.dataset, split, part)
    assert {row.subject_id for row in people.calibration} <= set(split["sides"]["train"]["subjects"])


@pytest.mark.usefixtures("no_node")
def test_what_does_not_pass_is_in_the_table_and_not_in_the_folder(home: Path) -> None:
    """Two drawn test people cannot show that the accuracy does not fall."""
    done = flow.quantize(config(home, allow_no_consent=True))
    folder = home / "artifacts" / "quantized" / "small"
    document = contracts.read_document(folder / "quantization.json", "quantization")
    assert done.exit_code == 1
    assert [path.name for path in folder.iterdir()] == ["quantization.json"]
    assert {variant["name"]: variant["file"] for variant in document["variants"]} == dict.fromkeys(FEW)
    assert all("accuracy may fall" in variant["reasons"][0] for variant in document["variants"])
    assert "no such program" in document["wasm"]
    text = done.as_text()
    assert "(synthetic)" in text
    assert text.count("not offered: ") == 2
    log = [json.loads(line) for line in (home / "datasets/people/test_openings.jsonl").read_text().splitlines()]
    assert [(line["session"], line["model"]["name"]) for line in log] == [("quantized-small", "small")]


@pytest.mark.usefixtures("no_node")
def test_what_passes_goes_into_the_handoff_with_its_verdict_until_the_model_is_another(
    home: Path, halves: flow.Halves, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "why_not", passing)
    done = flow.quantize(config(home, allow_no_consent=True))
    assert done.exit_code == 0
    folder = home / "artifacts" / "quantized" / "small"
    source = read_source(config(home).model)
    graphs = [
        describe("window", "window", "plain", "window.onnx", halves.head),  # which is not looked at
        describe("encoder", "encoder", "plain", "encoder.onnx", halves.plain),
        describe("head", "head", "plain", "head.onnx", halves.head),
    ]
    smaller, notes = take_smaller(source, graphs)
    assert ([graph.name for graph in smaller], notes) == (["encoder_fp16", "encoder_int8"], [])
    for graph in smaller:
        verdict = graph.entry["verdict"]
        assert verdict["offer"] is True
        assert "decisions flip on the test people of people" in verdict["reason"]
        assert graph.data == (folder / graph.entry["file"]).read_bytes()
        assert verdict["size_ratio"] < 0.6
    (folder / "encoder_int8.onnx").write_bytes(b"another")
    with pytest.raises(flow.InvalidInput, match=r"as quantization\.json says"):
        take_smaller(source, graphs)
    document = json.loads((folder / "quantization.json").read_text())
    document["model"]["sha256"] = "0" * 64
    (folder / "quantization.json").write_text(json.dumps(document))
    smaller, notes = take_smaller(source, graphs)
    assert smaller == []
    assert "of another export" in notes[0]


@pytest.mark.usefixtures("no_node")
def test_an_8_bit_encoder_that_flips_everything_is_refused_and_an_older_one_is_taken_away(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "artifacts" / "quantized" / "small"
    folder.mkdir(parents=True)
    (folder / "encoder_int8.onnx").write_bytes(b"of an earlier run")
    score = flow._probabilities

    def turned(*given: Any) -> dict[str, Any]:
        found = score(*given)
        return {name: 1 - found["plain"] if name == "int8_weights" else probs for name, probs in found.items()}

    monkeypatch.setattr(flow, "_probabilities", turned)
    done = flow.quantize(config(home, allow_no_consent=True))
    (int8,) = [variant for variant in done.document["variants"] if variant["name"] == "int8_weights"]
    assert int8["file"] is None
    assert int8["validation"]["largest_difference"] > 0
    assert not (folder / "encoder_int8.onnx").exists()


@pytest.mark.usefixtures("no_node")
def test_a_way_that_cannot_be_made_is_named_and_the_others_are_there(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = flow.make

    def broken(scheme: str, *given: Any) -> bytes:
        if scheme == "fp16_weights":
            raise RuntimeError("the converter\nfailed")
        return make(scheme, *given)

    monkeypatch.setattr(flow, "make", broken)
    document = flow.quantize(config(home, allow_no_consent=True)).document
    assert list(document["failed"]) == ["fp16_weights"]
    assert [variant["name"] for variant in document["variants"]] == ["int8_weights"]


@pytest.mark.slow
@pytest.mark.usefixtures("no_node")
def test_weights_are_tuned_where_8_bit_arithmetic_alone_does_not_pass(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fails_before_tuning(found: Judged, *_: object) -> list[str]:
        asked.append(found)
        return ["it flips"]

    monkeypatch.setattr(flow, "why_not", fails_before_tuning)
    done = flow.quantize(
        config(home, schemes=("int8_kept", "int8_tuned"), tuning="auto", tuning_steps=60, allow_no_consent=True)
    )
    found = {variant["name"]: variant["validation"]["largest_difference"] for variant in done.document["variants"]}
    assert list(found) == ["int8_kept", "int8_tuned"]
    assert found["int8_tuned"] < 0.1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--model", "nobody"], 1, "no such model"),
        (["--model", "small", "--variants", "int4"], 2, "found int4, expected some of fp16,"),
        (["--model", "small", "--variants", ","], 2, "expected some of"),
        (["--model", "small", "--dataset", "nosuch"], 1, "nosuch"),
    ],
)
def test_wrong_input_is_one_line(
    home: Path, words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(words)
    except SystemExit as end:
        found = int(str(end.code))
    error = capsys.readouterr().err
    assert found == code
    assert message in error
    assert error.strip().count("\n") == 0


def test_a_model_of_landmarks_is_small_already(
    tmp_path: Path, make_feature_model: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_feature_model(tmp_path / "one", "landmarks")
    assert main(["--model", str(model)]) == 1
    assert "found a model of landmarks, expected a model of pictures" in capsys.readouterr().err


def test_weights_of_another_checkpoint_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = home / "artifacts" / "models" / "small" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert main(["--model", "small"]) == 1
    assert "as the card says" in capsys.readouterr().err


def test_another_state_of_the_dataset_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = home / "artifacts" / "models" / "small" / "model.json"
    document = json.loads(card.read_text())
    document["dataset"]["sha256"] = "0" * 64
    card.write_text(json.dumps(document))
    assert main(["--model", "small"]) == 1
    assert "people as the model was trained on it" in capsys.readouterr().err


def test_node_times_graphs_in_wasm_and_names_those_that_do_not_load() -> None:
    pytest.importorskip("onnxruntime")
    if shutil.which("node") is None:
        pytest.skip("no Node here")
    from onnx import TensorProto, helper

    from tools.quantizer.speed import time_in_wasm

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in ("frame", "features")]
    graph = helper.make_graph([helper.make_node("Relu", ["frame"], ["features"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    frame = np.ones((1, 3, 4, 4), np.float32)
    times, failed = time_in_wasm({"relu": model.SerializeToString(), "broken": b"no graph"}, frame, 3)
    assert list(times) == ["relu"]
    assert len(times["relu"]) == 3
    assert all(ms > 0 for ms in times["relu"])
    assert list(failed) == ["broken"]
