"""What an ONNX must be, shown on files that are not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from shared.errors import InvalidInput
from shared.onnx.graph import read_graph
from tools.spec_checker.cli import main
from tools.spec_checker.static.contract import check_graph

Build = Callable[..., Path]


def failures(path: Path) -> dict[str, str]:
    return {finding.field: str(finding) for finding in check_graph(read_graph(path)) if finding.status == "fail"}


def test_a_graph_of_the_contract_passes(build_onnx: Build, tmp_path: Path) -> None:
    assert failures(build_onnx(tmp_path / "a.onnx")) == {}


def test_a_window_of_one_picture_is_a_photo_and_passes(build_onnx: Build, tmp_path: Path) -> None:
    assert failures(build_onnx(tmp_path / "a.onnx", shape=(1, 1, 3, 224, 224))) == {}


def test_a_dynamic_batch_axis_passes_as_the_run_checks_it(build_onnx: Build, tmp_path: Path) -> None:
    assert failures(build_onnx(tmp_path / "a.onnx", shape=("N", 5, 3, 224, 224))) == {}


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"shape": (1, 3, 224, 224)}, "graph.input.shape", "found (1, 3, 224, 224)"),
        ({"shape": (1, 5, 224, 224, 3)}, "graph.input.shape", "expected (1, 5, 3, 224, 224)"),
        ({"shape": (1, 8, 3, 224, 224)}, "graph.input.shape", "found (1, 8, 3, 224, 224)"),
        ({"input_name": "input"}, "graph.input.name", "found 'input', expected 'frames'"),
        ({"prob_name": "prob"}, "graph.outputs.smile_prob", "prob (1) float32"),
        ({"logits": 8}, "graph.outputs.emotion_logits.shape", "found (1, 8), expected (1, 7)"),
        # Without a sigmoid at its end the head leaves 0 to 1: exp(1) is 2.718, log(0) is -inf.
        ({"activation": "Exp"}, "graph.run.ones", "smile_prob 2.71828"),
        ({"activation": "Log"}, "graph.run.zeros", "smile_prob [-inf]"),
        ({"padding": 7_700_000}, "graph.bytes", "at most 7,700,000"),
    ],
)
def test_another_graph_is_refused_by_name(
    build_onnx: Build, tmp_path: Path, change: dict[str, Any], field: str, expected: str
) -> None:
    failed = failures(build_onnx(tmp_path / "a.onnx", **change))
    assert field in failed
    assert expected in failed[field]


def test_a_probability_with_an_axis_too_many_is_refused_by_what_the_run_gives(
    build_onnx: Build, tmp_path: Path
) -> None:
    model = onnx.load(str(build_onnx(tmp_path / "a.onnx", shape=("N", 5, 3, 224, 224), int64=False)))
    keep = next(attribute for attribute in model.graph.node[0].attribute if attribute.name == "keepdims")
    keep.i = 1  # (N, 1, 1, 1, 1) at run time, whatever the file declares
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.save(model, str(tmp_path / "a.onnx"))
    assert "graph.run.zeros" in failures(tmp_path / "a.onnx")


def test_weights_in_another_file_are_refused_and_not_opened(build_onnx: Build, tmp_path: Path) -> None:
    model = onnx.load(str(build_onnx(tmp_path / "a.onnx")))
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../etc/passwd")
    (tmp_path / "b.onnx").write_bytes(model.SerializeToString())
    failed = failures(tmp_path / "b.onnx")
    assert "weights in other files" in failed["graph.files"]
    assert "root:" not in str(failed)


def test_operators_of_subgraphs_and_other_domains_are_listed(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    def branch(name: str) -> Any:
        value = helper.make_tensor_value_info("v", TensorProto.FLOAT, [1])
        return helper.make_graph([helper.make_node("Neg", ["x"], ["v"])], name, [], [value])

    nodes = [
        helper.make_node("If", ["c"], ["y"], then_branch=branch("a"), else_branch=branch("b")),
        helper.make_node("FusedThing", ["y"], ["z"], domain="com.microsoft"),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
        ],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, [1])],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), str(tmp_path / "a.onnx"))
    read = read_graph(tmp_path / "a.onnx")
    assert read.operators == ("If", "Neg", "com.microsoft.FusedThing")
    assert read.opset == 17


@pytest.mark.parametrize(("int64", "expected"), [(True, True), (False, False)])
def test_int64_is_noticed_where_webgl_would_stumble(
    build_onnx: Build, tmp_path: Path, int64: bool, expected: bool
) -> None:
    assert read_graph(build_onnx(tmp_path / "a.onnx", int64=int64)).uses_int64 is expected


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "missing", "folder", "png"])
def test_a_file_that_is_no_onnx_ends_in_one_line(
    build_onnx: Build, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = build_onnx(tmp_path / "a.onnx", padding=4000)
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "text":
        path.write_text("this is a letter to my aunt\n" * 20)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "png":
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    else:
        path.unlink()
        if damage == "folder":
            path.mkdir()
    with pytest.raises(InvalidInput, match=r"expected an? (valid )?ONNX"):
        read_graph(path)
    (tmp_path / "spec.json").write_text("{}", encoding="utf-8")
    assert main(["--spec", str(tmp_path / "spec.json"), "--model", str(path)]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    (line,) = [line for line in out.splitlines() if line.startswith("FAIL  graph ")]
    assert "a.onnx" in line


def test_every_length_of_a_cut_onnx_is_refused(build_onnx: Build, tmp_path: Path) -> None:
    data = build_onnx(tmp_path / "a.onnx").read_bytes()
    for length in range(len(data)):
        (tmp_path / "cut.onnx").write_bytes(data[:length])
        try:
            failed = failures(tmp_path / "cut.onnx")
        except InvalidInput:
            continue
        assert failed, f"cut after {length} of {len(data)} bytes"
