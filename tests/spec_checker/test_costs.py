"""What a decision costs: multiply-adds by hand, the ways of a hand-off, Pareto-optimal ones, the table and the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared import contracts
from tests import axe
from tools.spec_checker.cli import main
from tools.spec_checker.config import CostsConfig
from tools.spec_checker.costs import measure
from tools.spec_checker.costs.comparing import choose_time, mark_pareto
from tools.spec_checker.costs.costs import Costs, _describe_way, measure_costs
from tools.spec_checker.costs.macs import count_macs
from tools.spec_checker.costs.page import render_page, write_note
from tools.spec_checker.costs.ways import Way, list_ways

EXAMPLES = Path(__file__).parents[1] / "schemas" / "positive" / "costs"


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return document


def test_multiply_adds_are_those_that_one_counts_by_hand() -> None:
    weights = {
        "w": np.zeros((8, 1, 3, 3), np.float32),  # depthwise, 8 channels of 4 x 4 after stride 2: 8 * 16 * 9
        "m": np.zeros((128, 5), np.float32),  # 128 * 5
        "x": np.zeros((1, 12, 5), np.float32),  # an LSTM of 3 on 5: 4 * 3 * (5 + 3) a step
        "r": np.zeros((1, 12, 3), np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["in", "w"], ["c"], group=8, strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["a"]),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node("Gemm", ["f", "m"], ["g"]),
        helper.make_node("LSTM", ["sequence", "x", "r"], ["y"], hidden_size=3),
    ]
    inputs = [
        helper.make_tensor_value_info("in", TensorProto.FLOAT, [1, 8, 8, 8]),
        helper.make_tensor_value_info("sequence", TensorProto.FLOAT, [7, 1, 5]),
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("g", "y")]
    constants = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    model = helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, constants))
    assert count_macs(model.SerializeToString()) == 8 * 16 * 9 + 128 * 5 + 7 * 4 * 3 * (5 + 3)


def graph(name: str, role: str, variant: str, offer: bool | None = None) -> dict[str, Any]:
    verdict = None if offer is None else {"offer": offer}
    return {"name": name, "role": role, "variant": variant, "bytes": 10, "file": f"{name}.onnx", "verdict": verdict}


def test_ways_are_the_window_and_the_stream_with_each_encoder_that_pages_may_use() -> None:
    window, head = graph("window", "window", "plain"), graph("head", "head", "plain")
    assert [way.name for way in list_ways({"graphs": [window]})] == ["window"]
    encoders = [
        graph("encoder", "encoder", "plain"),
        graph("encoder_pixels", "encoder", "pixels"),
        graph("encoder_fp16", "encoder", "fp16", False),
        graph("encoder_int8", "encoder", "int8", True),
    ]
    ways = list_ways({"graphs": [window, head, *encoders]})
    assert [(way.name, way.n_bytes) for way in ways] == [("window", 10), ("stream", 20), ("stream_int8", 20)]


def way(ms: float | None, accuracy: float | None, native: float | None = 1.0) -> dict[str, Any]:
    return {"wasm_ms": ms, "native_ms": native, "accuracy": accuracy, "is_pareto": False}


def model(ways: list[dict[str, Any]], sequences: str = "a") -> dict[str, Any]:
    return {"ways": ways, "measured_on": {"dataset": "photos", "sequences_sha256": sequences}}


def test_a_way_is_pareto_optimal_unless_another_is_as_quick_and_as_accurate_and_better_in_one() -> None:
    ways = [way(10, 0.9), way(10, 0.9), way(12, 0.9), way(20, 0.95), way(5, 0.8), way(6, 0.8), way(1, None)]
    mark_pareto([model(ways[:3]), model(ways[3:])], "wasm_ms")
    assert [one["is_pareto"] for one in ways] == [True, True, False, True, True, False, False]


def test_models_that_were_measured_on_other_people_are_no_rivals() -> None:
    ways = [way(10, 0.9), way(12, 0.8), way(5, 0.95)]
    mark_pareto([model(ways[:2]), model(ways[2:], "b")], "wasm_ms")
    assert [one["is_pareto"] for one in ways] == [True, False, True]


def test_the_time_of_the_figure_is_one_that_every_model_has_and_without_one_the_others_are_shown() -> None:
    assert choose_time([model([way(1.0, 0.9), way(None, 0.9)]), model([way(2.0, 0.9)])]) == "wasm_ms"
    assert choose_time([model([way(1.0, 0.9)]), model([way(None, 0.9)])]) == "native_ms"
    assert choose_time([model([way(1.0, 0.9)]), model([way(None, 0.9, native=None)])]) == "wasm_ms"
    assert choose_time([model([way(1.0, 0.9)]), model([way(None, None)])]) == "wasm_ms"
    assert choose_time([model([way(1.0, None)])]) is None
    ways = [way(None, 0.9, native=3.0), way(5.0, 0.9, native=4.0), way(1.0, 0.9, native=None)]
    mark_pareto([model(ways)], "native_ms")
    assert [one["is_pareto"] for one in ways] == [True, False, False]


def test_the_table_says_what_was_not_measured_and_why() -> None:
    text = Costs(Path("folder"), example("no_browser_no_accuracy")).as_text()
    assert "accuracy unknown: ./inv evaluate" in text
    assert "note: wasm: no Chromium" in text
    text = Costs(Path("folder"), example("one_model")).as_text()
    assert "accuracy 92.0% (90.0% to 94.0%) of 800 sequences of 670 test people" in text
    assert text.count("Pareto-optimal") == 1
    assert "LiteRT: window 22.0 ms, stream 5.0 ms" in text


def test_the_page_is_in_both_languages_and_escapes_what_files_say() -> None:
    document = example("one_model")
    document["models"][0]["notes"]["webgpu"] = {"reason": "error", "detail": "<script>alert(1)</script>"}
    page = render_page(document, "ko")
    assert "판단 한 번의 비용" in page
    assert '<div lang="en" hidden>' in page
    assert "<script>alert" not in page
    assert page.count("<circle") == 2 * 4  # four ways, in both languages
    assert 'fill="#0b66c2"' in page
    assert "{{" not in page
    document["models"][0]["notes"]["webgpu"] = {"reason": "only_software", "detail": "swiftshader"}
    assert "소프트웨어 렌더링뿐이라(swiftshader)" in render_page(document, "ko")


def test_each_reason_of_the_schema_has_its_words() -> None:
    notes = contracts.load_schema("costs")["properties"]["models"]["items"]["properties"]["notes"]
    reasons = notes["additionalProperties"]["properties"]["reason"]["enum"]
    texts = [write_note({"reason": reason, "detail": "a program's line"}) for reason in reasons]
    assert len(set(texts)) == len(reasons) > 5


def test_models_of_different_test_sets_are_marked_as_such_and_so_is_other_work() -> None:
    alone, both = example("one_model"), example("landmarks_of_another_test_set")
    assert "different test sequences" not in render_page(alone, "en")
    assert "Other work ran" not in render_page(alone, "en")
    page = render_page(both, "en")
    assert "measured on different test sequences" in page
    assert "Other work ran on this computer meanwhile (load 3.2 on 2 cores)" in page
    assert "large (photos)" in page
    assert "landmarks (films)" in page
    text = Costs(Path("folder"), both).as_text()
    assert "load 3.2 of other work" in text
    assert "compare accuracy within one test set only" in text


def test_a_model_without_this_time_is_named_below_the_figure_and_hides_no_other() -> None:
    document = example("landmarks_of_another_test_set")
    document["models"][1]["ways"][0]["wasm_ms"] = None
    page = render_page(document, "en")
    assert page.count("<circle") == 2 * 4
    assert "landmarks: not in the figure" in page


def test_what_reading_the_face_takes_is_a_part_of_a_decision() -> None:
    measured = measure.Measured({"window": measure.Cost(native_ms=0.25, wasm_ms=0.5, first_decision_ms=90.0)})
    window = Way("window", ({"name": "window", "bytes": 10, "variant": "plain"},))
    reading = {"bytes": 100, "native_ms": 12.0, "wasm_ms": None}
    described = _describe_way(window, {"window": 7}, measured, reading, 0.9)
    assert (described["bytes"], described["native_ms"], described["macs"]) == (110, 12.25, 7)
    # Without it the graph alone is no decision: a page would wait for the landmarker most of the time.
    assert (described["wasm_ms"], described["first_decision_ms"]) == (None, None)
    assert _describe_way(window, {"window": 7}, measured, None, 0.9)["wasm_ms"] == 0.5


def test_without_a_measured_model_there_is_no_figure_but_a_sentence() -> None:
    page = render_page(example("no_browser_no_accuracy"), "en")
    assert "<circle" not in page
    assert "There is no figure" in page
    assert "not measured on test people yet" in page


def test_a_handoff_is_measured_natively_where_there_is_no_browser(
    stream_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("SMILEBENCH_CHROMIUM", str(tmp_path / "nothing"))
    done = measure_costs(CostsConfig((stream_folder,), tmp_path / "out", rounds=1), "en")
    document = contracts.read_document(tmp_path / "out" / "costs.json", "costs")
    (model,) = document["models"]
    assert "no program" in model["notes"]["wasm"]["detail"]
    assert model["notes"]["litert"] == {"reason": "no_tflite", "detail": ""}
    assert all(one["native_ms"] > 0 and one["wasm_ms"] is None for one in model["ways"])
    assert [one["name"] for one in model["ways"]][:2] == ["window", "stream"]
    assert done.exit_code == 0
    assert (tmp_path / "out" / "costs.html").is_file()


def test_litert_that_is_not_installed_is_a_note(stream_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    folder = stream_folder
    (folder / "phone").mkdir()
    (folder / "phone" / "smile_detector.tflite").write_bytes(b"a file")
    original = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("ai_edge_litert"):
            raise ImportError(name=name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    found = measure.Measured({})
    measure._measure_litert(folder, found, {}, 1)
    assert "found no package ai_edge_litert" in found.notes["litert"]["detail"]
    assert found.litert == {}


def test_an_unknown_handoff_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main(["costs", "--model", "nobody", "--no-browser"]) == 1
    error = capsys.readouterr().err
    assert "./inv handoff --model MODEL" in error
    assert error.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_page_is_for_everybody(launch: Any, tmp_path: Path, lang: Any) -> None:
    (tmp_path / "costs.html").write_text(render_page(example("one_model"), lang), encoding="utf-8")
    page = launch().new_page()
    page.goto((tmp_path / "costs.html").as_uri())
    axe.assert_accessible(page, "tools/spec_checker/costs/page.html")
