"""The hand-off's client in Python: which frames make a window, what makes a smile, worked out by hand."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared import contracts
from shared.arrays import U8
from shared.errors import InvalidInput
from shared.onnx.stream import Decider, Decision, Rule, SmileStream, choose_window, find_graph

EXAMPLE = Path(__file__).parents[2] / "schemas" / "positive" / "frontend_spec" / "frames.json"
RULE = Rule(5, 100, 50, threshold=0.5, release_threshold=0.4, min_duration_ms=200)
# Each place of the window has its own weight, so that the answer tells which frame stood where.
WEIGHTS = np.array([1, 2, 4, 8, 16], np.float32) / 31


def constant(name: str, values: Any, dtype: Any = np.float32) -> Any:
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def save(
    path: Path, nodes: list[Any], inputs: dict[str, Any], outputs: dict[str, list[int]], weights: list[Any]
) -> Path:
    declared = [
        helper.make_tensor_value_info(name, TensorProto.UINT8 if name == "rgba" else TensorProto.FLOAT, shape)
        for name, shape in inputs.items()
    ]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    graph = helper.make_graph(nodes, "tiny", declared, given, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


ANSWERS = {"smile_prob": [1], "emotion_logits": [1, 7]}
HEAD = [
    helper.make_node("Mul", ["features", "weights"], ["weighted"]),
    helper.make_node("ReduceMean", ["weighted"], ["mean"], axes=[2], keepdims=0),
    helper.make_node("ReduceSum", ["mean", "axis"], ["smile_prob"], keepdims=0),
    helper.make_node("MatMul", ["mean", "ones"], ["emotion_logits"]),
]
HEAD_WEIGHTS = [
    constant("weights", WEIGHTS.reshape(1, 5, 1)),
    constant("axis", [1], np.int64),
    constant("ones", np.ones((5, 7))),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hand-off folder whose features are a frame's mean colours and whose smile_prob weighs the five places."""
    files = {
        "window": save(
            tmp_path / "smile_detector.onnx",
            [helper.make_node("ReduceMean", ["frames"], ["features"], axes=[3, 4], keepdims=0), *HEAD],
            {"frames": [1, 5, 3, 224, 224]},
            ANSWERS,
            HEAD_WEIGHTS,
        ),
        "encoder": save(
            tmp_path / "encoder.onnx",
            [helper.make_node("ReduceMean", ["frame"], ["features"], axes=[2, 3], keepdims=0)],
            {"frame": [1, 3, 224, 224]},
            {"features": [1, 3]},
            [],
        ),
        "head": save(tmp_path / "head.onnx", HEAD, {"features": [1, 5, 3]}, ANSWERS, HEAD_WEIGHTS),
        "encoder_pixels": save(
            tmp_path / "encoder_pixels.onnx",
            [
                helper.make_node("Cast", ["rgba"], ["float"], to=TensorProto.FLOAT),
                helper.make_node("Div", ["float", "255"], ["scaled"]),
                helper.make_node("ReduceMean", ["scaled"], ["rgba_mean"], axes=[0, 1], keepdims=0),
                helper.make_node("Slice", ["rgba_mean", "0", "3"], ["rgb"]),
                helper.make_node("Unsqueeze", ["rgb", "0"], ["features"]),
            ],
            {"rgba": ["height", "width", 4]},
            {"features": [1, 3]},
            [constant("255", 255.0), constant("0", [0], np.int64), constant("3", [3], np.int64)],
        ),
    }
    spec = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    template = spec["graphs"][0]
    spec["graphs"] = []
    for name, path in files.items():
        outputs = {"encoder": ["features"], "encoder_pixels": ["features"]}.get(name, list(ANSWERS))
        entry = copy.deepcopy(template) | {
            "name": name,
            "role": name.split("_")[0],
            "variant": "pixels" if name.endswith("pixels") else "plain",
            "file": path.name,
            "sha256": contracts.sha256_file(path),
            "bytes": path.stat().st_size,
        }
        entry["outputs"] = [{"name": n, "shape": [1], "dtype": "float32", "meaning": n} for n in outputs]
        spec["graphs"].append(entry)
    spec["decision"] |= {"threshold": 0.5, "release_threshold": 0.4, "min_duration_ms": 200}
    contracts.write_document(tmp_path / "frontend_spec.json", spec, "frontend_spec")
    return tmp_path


def gray(level: int, height: int = 240, width: int = 320) -> U8:
    return np.full((height, width, 3), level, np.uint8)


def states(decisions: list[Decision]) -> list[str]:
    return [decision.state for decision in decisions]


@pytest.mark.parametrize(
    ("times_ms", "expected"),
    [
        ([0, 100, 200, 300, 400], (0, 1, 2, 3, 4)),
        ([7, 107, 207, 307, 407], (0, 1, 2, 3, 4)),
        # 30 fps: 0, 33.3, ..., 400; places 0, 100, 200, 300, 400 lie on every third frame.
        ([100 * n / 3 for n in range(13)], (0, 3, 6, 9, 12)),
        # 24 fps: the newest is 416.7, so the places are 16.7 (0 and 41.7 are 16.7 and 25 away), 116.7 (125 is 8.3
        # away), 216.7 (208.3), 316.7 (333.3 and 291.7 are 16.7 and 25 away).
        ([1000 * n / 24 for n in range(11)], (0, 3, 5, 8, 10)),
        # Two as near: the earlier.
        ([0, 100, 150, 250, 300, 400], (0, 1, 2, 4, 5)),
        # Exactly the largest deviation still counts ...
        ([50, 150, 250, 350, 400], (0, 0, 1, 2, 4)),
        # ... and no more.
        ([50.5, 150.5, 250.5, 350.5, 400], None),
        ([0, 100, 300, 400], None),
        ([0, 100, 200, 300], None),
        ([400], None),
    ],
)
def test_a_place_takes_the_nearest_frame_or_the_window_is_incomplete(
    times_ms: list[float], expected: tuple[int, ...] | None
) -> None:
    assert choose_window(times_ms, RULE) == expected


def test_a_window_of_one_frame_is_that_frame() -> None:
    assert choose_window([3, 5], Rule(1, 100, 50, 0.5, 0.5, 0)) == (1,)


def test_a_smile_counts_after_its_duration_and_ends_at_the_release_threshold() -> None:
    decider = Decider(RULE)
    probs = [0.5, 0.51, 0.6, 0.6, 0.45, 0.41, 0.4, 0.45, 0.9]
    # 0.5 is not above; above since 100 ms, so at 300 ms it counts; 0.45 and 0.41 hold it; 0.4 ends it at 600 ms.
    assert [decider.decide(p, 100 * n) for n, p in enumerate(probs)] == [
        *[False, False, False],
        *[True, True, True],
        *[False, False, False],
    ]


def test_a_candidate_is_dropped_at_the_threshold_even_above_the_release() -> None:
    decider = Decider(RULE)
    assert [decider.decide(p, 100 * n) for n, p in enumerate([0.6, 0.6, 0.5, 0.6, 0.6, 0.6])] == [False] * 5 + [True]


def test_without_a_minimum_duration_the_first_probability_above_counts() -> None:
    decider = Decider(Rule(5, 100, 50, 0.5, 0.5, 0))
    assert [decider.decide(p, n) for n, p in enumerate([0.5, 0.51, 0.5])] == [False, True, False]


def test_a_pause_restarts_a_candidate_and_leaves_a_smile() -> None:
    decider = Decider(RULE)
    decider.decide(0.6, 0)
    decider.pause()
    assert not decider.decide(0.6, 200)
    assert decider.decide(0.6, 400)
    decider.pause()
    assert decider.decide(0.45, 500)


@pytest.mark.parametrize("graph", ["stream", "window", "pixels"])
def test_the_frames_stand_in_the_window_in_the_order_of_their_capture(folder: Path, graph: Any) -> None:
    stream = SmileStream(folder, graph)
    levels = [10, 60, 110, 160, 210, 250]
    decisions = [stream.push(gray(level), 1000 + 100 * n) for n, level in enumerate(levels)]
    assert states(decisions) == ["warming_up"] * 4 + ["ready"] * 2
    # (10 + 2*60 + 4*110 + 8*160 + 16*210) / 31 / 255 = 5210 / 7905; then 1*60 + 2*110 + ... + 16*250 = 6600 / 7905.
    assert decisions[4].prob == pytest.approx(5210 / 7905, abs=1e-3)
    assert decisions[5].prob == pytest.approx(6600 / 7905, abs=1e-3)
    assert decisions[4].emotion_logits is not None
    assert decisions[4].emotion_logits.shape == (7,)


def test_a_camera_of_thirty_frames_a_second_decides_with_every_frame(folder: Path) -> None:
    stream = SmileStream(folder)
    decisions = [stream.push(gray(128), n / 30 * 1000) for n in range(40)]
    assert states(decisions) == ["warming_up"] * 11 + ["ready"] * 29  # place 0 at frame 11 (366.7 ms) is -33.3
    assert decisions[-1].prob == pytest.approx(128 / 255, abs=1e-3)


def test_missing_frames_are_a_gap_and_not_an_older_window(folder: Path) -> None:
    stream = SmileStream(folder)
    times_ms = [0, 100, 200, 300, 400, 700, 800, 900, 1000, 1100]
    assert states([stream.push(gray(200), t) for t in times_ms]) == [
        *["warming_up"] * 4,
        "ready",
        *["gap"] * 4,
        "ready",
    ]


def test_a_gap_restarts_the_candidate_and_holds_a_smile_that_counts(folder: Path) -> None:
    stream = SmileStream(folder)
    bright = [stream.push(gray(200), 100 * n).is_positive for n in range(8)]
    assert bright == [False] * 6 + [True, True]  # above from 400 ms on
    assert stream.push(gray(200), 2000).is_positive
    assert [stream.push(gray(0), 2000 + 100 * n).is_positive for n in range(1, 5)] == [True, True, True, False]


def test_the_same_frame_again_is_dropped_and_an_earlier_one_begins_anew(folder: Path) -> None:
    stream = SmileStream(folder)
    for n in range(5):
        stream.push(gray(200), 100 * n)
    again = stream.push(gray(0), 400)
    assert (again.state, again.prob) == ("dropped", None)
    assert stream.push(gray(200), 500).prob == pytest.approx(200 / 255, abs=1e-3)
    assert stream.push(gray(200), 0).state == "warming_up"


def test_memory_holds_no_more_frames_than_a_window_can_reach(folder: Path) -> None:
    stream = SmileStream(folder)
    for n in range(300):
        stream.push(gray(100), 10 * n)
    assert len(stream._kept) == 46  # 450 ms back at 10 ms a frame, both ends


def test_portrait_landscape_and_tiny_pictures_are_cut_to_the_same_square(folder: Path) -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 255
    probs = []
    for picture in (wide, wide.transpose(1, 0, 2), np.full((20, 20, 3), 255, np.uint8)):
        stream = SmileStream(folder)
        probs.append([stream.push(np.ascontiguousarray(picture), 100 * n) for n in range(5)][-1].prob)
    assert probs == pytest.approx([1.0, 1.0, 1.0])


def test_a_time_that_is_no_number_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidInput, match="expected a finite number"):
        SmileStream(folder).push(gray(0), float("nan"))


def test_a_graph_whose_bytes_changed_is_refused_before_it_is_loaded(folder: Path) -> None:
    data = bytearray((folder / "head.onnx").read_bytes())
    data[-1] ^= 1
    (folder / "head.onnx").write_bytes(data)
    with pytest.raises(InvalidInput, match=r"head\.onnx: sha256"):
        SmileStream(folder)


def test_a_file_that_is_no_onnx_is_told_by_name(folder: Path) -> None:
    (folder / "head.onnx").write_bytes(b"no graph")
    spec = json.loads((folder / "frontend_spec.json").read_text())
    find = next(entry for entry in spec["graphs"] if entry["name"] == "head")
    find["sha256"] = contracts.sha256_file(folder / "head.onnx")
    (folder / "frontend_spec.json").write_text(json.dumps(spec))
    with pytest.raises(InvalidInput, match=r"head\.onnx: found a file that onnxruntime cannot load"):
        SmileStream(folder)


def test_a_spec_without_the_graph_names_those_that_it_has(folder: Path) -> None:
    spec = json.loads((folder / "frontend_spec.json").read_text())
    with pytest.raises(
        InvalidInput, match=r"found window \(plain\), encoder \(plain\), .*expected one of role encoder"
    ):
        find_graph(spec, "encoder", "webgl")


def test_an_older_spec_is_refused_by_its_version(folder: Path) -> None:
    spec = json.loads((folder / "frontend_spec.json").read_text()) | {"schema_version": 2}
    (folder / "frontend_spec.json").write_text(json.dumps(spec))
    with pytest.raises(InvalidInput, match="schema_version: found 2, expected 3"):
        SmileStream(folder)
