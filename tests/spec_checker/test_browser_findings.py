"""Compares, judges and writes a browser's results, with hand-made figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from tools.spec_checker.agreement import proven_providers
from tools.spec_checker.browser.film import FilmComparison, judge_film
from tools.spec_checker.browser.footage import counter_bits, read_film, write_footage
from tools.spec_checker.browser.graphs import Expected, compare, judge, latency
from tools.spec_checker.browser.pictures import Curves, Soak, judge_curves, judge_soak
from tools.spec_checker.browser.proof import Proof
from tools.spec_checker.browser.writing import write_proof

ENTRY = {
    "graph": "window",
    "execution_provider": "wasm",
    "threads": 1,
    "browser": "Chromium 156",
    "device": "Xeon, 2 cores",
    "created_utc": "2026-01-22T11:25:34Z",
    "loads": True,
    "reason": None,
    "largest_difference": 1e-6,
    "n_decisions": 2,
    "n_flips": 0,
    "latency_ms": {"first": 10.0, "p50": 4.0, "p95": 5.0, "n": 20},
}
NOT_LOADED = {"loads": False, "reason": "cannot resolve operator 'LSTM'", "largest_difference": None}
NOT_LOADED |= {"latency_ms": None, "n_decisions": 0}


def spec_of(folder: Path) -> dict[str, Any]:
    return contracts.read_document(folder / "frontend_spec.json", "frontend_spec")


def proof_of(folder: Path) -> dict[str, Any]:
    return contracts.read_document(folder / "browser_proof.json", "browser_proof")


def entry_of(spec: dict[str, Any], graph: str, **change: Any) -> dict[str, Any]:
    sha256 = next(g["sha256"] for g in spec["graphs"] if g["name"] == graph)
    return {**ENTRY, "graph": graph, "sha256": sha256, **change}


@pytest.mark.parametrize(
    ("graph", "change", "adapter", "status"),
    [
        ("window", {}, None, "pass"),
        ("window", {"largest_difference": 1e-3}, None, "pass"),  # emotion_logits may differ by that much
        ("window", {"largest_difference": 1.1e-3}, None, "fail"),
        ("window", {"n_flips": 1}, None, "fail"),
        ("window", {"largest_difference": 1e9}, None, "fail"),
        ("window", NOT_LOADED, None, "fail"),
        ("window", {"execution_provider": "webgl", **NOT_LOADED}, "GPU", "pass"),
        ("window", {"execution_provider": "webgpu", **NOT_LOADED}, "GPU", "pass"),
        ("window", {"execution_provider": "webgpu", "n_flips": 1}, "GPU", "fail"),
        ("encoder_webgl", {"execution_provider": "webgl", **NOT_LOADED}, "GPU", "fail"),
        ("encoder_webgl", {"execution_provider": "webgl", **NOT_LOADED}, None, "pass"),
    ],
)
def test_a_run_is_judged_by_what_its_graph_is_for(
    stream_folder: Path, graph: str, change: dict[str, Any], adapter: str | None, status: str
) -> None:
    spec = spec_of(stream_folder)
    finding = judge(entry_of(spec, graph, **change), spec, adapter)
    assert finding.status == status
    assert finding.field.endswith(f".{graph}")


def test_a_graph_that_no_page_needs_is_left_out_where_it_differs(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    spec["graphs"].append({**spec["graphs"][1], "name": "encoder_pixels", "variant": "pixels"})
    statuses = [
        judge(entry_of(spec, "encoder_pixels", **change), spec, None).status
        for change in ({}, {"largest_difference": 6.2e-3}, {"n_flips": 1}, NOT_LOADED)
    ]
    assert statuses == ["pass", "skip", "skip", "fail"]


def test_a_variant_that_its_verdict_does_not_offer_may_disagree_and_proves_nothing(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    verdict = {"n_decisions": 2, "n_flips": 1, "largest_difference": 0.3, "size_ratio": 0.5, "reason": "it flips"}
    window = {**spec["graphs"][0], "name": "window_int8", "variant": "int8"}
    for offer, status, proven in ((False, "pass", set()), (True, "fail", set())):
        spec["graphs"].append({**window, "verdict": {**verdict, "offer": offer}})
        entry = entry_of(spec, "window_int8", n_flips=1, largest_difference=0.3)
        assert judge(entry, spec, None).status == status
        assert proven_providers(spec, [entry]) == proven
        spec["graphs"].pop()


def test_an_encoder_proves_a_provider_only_with_its_head(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    tested = [entry_of(spec, "encoder"), entry_of(spec, "head", execution_provider="webgpu")]
    assert proven_providers(spec, tested) == set()
    assert proven_providers(spec, [*tested, entry_of(spec, "head")]) == {"wasm"}


def test_outputs_are_compared_number_by_number_and_flips_counted_outside_of_the_band(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    expected = Expected(spec, stream_folder)
    window = spec["graphs"][0]
    outputs = [[{"smile_prob": [c["smile_prob"]], "emotion_logits": c["emotion_logits"]}] for c in expected.cases]
    assert compare(window, outputs, expected) == {"largest_difference": 0.0, "n_decisions": 2, "n_flips": 0}
    logits = list(expected.cases[1]["emotion_logits"])
    logits[3] += 0.25
    outputs[1] = [{"smile_prob": [expected.cases[1]["smile_prob"]], "emotion_logits": logits}]
    assert compare(window, outputs, expected)["largest_difference"] == pytest.approx(0.25)
    # First far across the threshold, then with Python's probability nearly on the threshold.
    other = expected.threshold - 0.1 if expected.cases[0]["smile_prob"] > expected.threshold else 1.0
    outputs[0] = [{"smile_prob": [other], "emotion_logits": expected.cases[0]["emotion_logits"]}]
    assert compare(window, outputs, expected)["n_flips"] == 1
    expected.cases[0]["smile_prob"] = expected.threshold + 1e-5
    outputs[0] = [{"smile_prob": [expected.threshold - 1e-5], "emotion_logits": expected.cases[0]["emotion_logits"]}]
    assert compare(window, outputs, expected)["n_flips"] == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_nan_and_infinity_are_beyond_every_tolerance(stream_folder: Path, value: Any) -> None:
    spec = spec_of(stream_folder)
    expected = Expected(spec, stream_folder)
    outputs = [[{"smile_prob": [0.5 if value is None else value], "emotion_logits": [0.0] * 6 + [value]}]]
    compared = compare(spec["graphs"][0], outputs, expected)
    assert compared["largest_difference"] > 1


def test_pythons_head_decides_on_an_encoders_features(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    expected = Expected(spec, stream_folder)
    features = expected.features[0]
    assert features is not None
    outputs = [[{"features": row.tolist()} for row in features]]
    assert compare(spec["graphs"][1], outputs, expected)["largest_difference"] == 0
    # One frame only, as on a slow adapter: it is repeated on both sides.
    assert compare(spec["graphs"][1], [outputs[0][:1]], expected)["n_flips"] == 0
    pixels = {**spec["graphs"][1], "variant": "pixels"}
    moved = [[{"features": [row[0] + 0.03, *row[1:]]} for row in features.tolist()]]
    # A third of the features, all places: smile_prob is the mean over the colours, so it moves by 0.01.
    assert compare(pixels, moved, expected)["largest_difference"] == pytest.approx(0.01, abs=1e-6)


def test_the_first_run_is_kept_apart_from_the_others() -> None:
    assert latency([90.0, 10.0, 20.0, 30.0]) == {"first": 90.0, "p50": 20.0, "p95": 29.0, "n": 3}
    assert latency([7.0]) == {"first": 7.0, "p50": 7.0, "p95": 7.0, "n": 1}


def test_a_run_replaces_the_same_run_and_keeps_those_of_other_devices(stream_folder: Path) -> None:
    path = stream_folder / "frontend_spec.json"
    before = path.read_bytes()
    spec = spec_of(stream_folder)
    phone = entry_of(spec, "window", device="a phone", largest_difference=2e-6)
    assert write_proof(path, Proof(tested=[phone, entry_of(spec, "window", n_flips=1)])) == ["wasm"]  # by the phone
    assert write_proof(path, Proof(tested=[entry_of(spec, "window")])) == ["wasm"]
    written = proof_of(stream_folder)
    assert written["tested"] == [phone, entry_of(spec, "window")]
    assert written["execution_providers"] == ["wasm"]
    assert path.read_bytes() == before


def test_a_proof_of_another_spec_is_dropped(stream_folder: Path) -> None:
    path = stream_folder / "frontend_spec.json"
    spec = spec_of(stream_folder)
    write_proof(path, Proof(tested=[entry_of(spec, "window", device="a phone")]))
    spec["decision"]["min_duration_ms"] += 1
    path.write_text(json.dumps(spec), encoding="utf-8")
    write_proof(path, Proof(tested=[entry_of(spec, "window")]))
    assert proof_of(stream_folder)["tested"] == [entry_of(spec, "window")]
    assert proof_of(stream_folder)["spec_sha256"] == contracts.sha256_file(path)


def test_a_real_graphics_adapter_comes_first_only_if_it_is_faster(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    fast = {"first": 9.0, "p50": 1.0, "p95": 2.0, "n": 20}
    both = [entry_of(spec, "window"), entry_of(spec, "window", execution_provider="webgpu", latency_ms=fast)]
    path = stream_folder / "frontend_spec.json"
    assert write_proof(path, Proof(tested=both)) == ["wasm", "webgpu"]
    assert write_proof(path, Proof(tested=both, hardware_webgpu=True)) == ["webgpu", "wasm"]
    slow = [both[0], {**both[1], "latency_ms": {**fast, "p50": 50.0, "p95": 60.0}}]
    assert write_proof(path, Proof(tested=slow, hardware_webgpu=True)) == ["wasm", "webgpu"]


def test_a_page_that_differs_leaves_no_provider_to_the_front_end(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    proof = Proof(
        tested=[entry_of(spec, "window")], findings=[judge_film(film_comparison(largest_difference=0.03), 0.02)]
    )
    assert write_proof(stream_folder / "frontend_spec.json", proof) == []
    assert proof_of(stream_folder)["tested"] == proof.tested


def film_comparison(**change: Any) -> FilmComparison:
    figures: dict[str, Any] = {
        "film": "a film",
        "graph": "stream",
        "provider": "wasm",
        "n_frames": 100,
        "n_decisions": 88,
        "n_unmatched": 0,
        "largest_difference": 0.004,
        "n_flips": 0,
        "n_states": 0,
        "decisions_per_s": 29.0,
        "latency_ms": (30.0, 40.0),
        "decision_ms": {"p50": 24.0, "p95": 31.0, "n": 88},
        "landmarks_ms": None,
        "first_decision_ms": 1500.0,
        "memory_bytes": (30_000_000, 30_500_000),
        "probs": [(0.0, 0.5, 0.504)],
    }
    return FilmComparison(**{**figures, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"largest_difference": 0.021}, "at most 0.02"),
        ({"largest_difference": float("nan")}, "at most 0.02"),
        ({"n_flips": 1}, "0 flips"),
        ({"n_states": 1}, "another state"),
        ({"n_unmatched": 3}, "torn"),
        ({"probs": []}, "no decision"),
        ({"memory_bytes": (30_000_000, 36_000_000)}, "grew from 30.0 to 36.0 MB"),
    ],
)
def test_a_film_that_differs_is_named_by_what_differs(change: dict[str, Any], message: str) -> None:
    assert judge_film(film_comparison(), 0.02).status == "pass"
    finding = judge_film(film_comparison(**change), 0.02)
    assert finding.status == "fail"
    assert message in str(finding)


def test_a_soak_is_judged_by_its_decisions_and_its_memory(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    times = {"first": 9.0, "p50": 1.0, "p95": 2.0, "n": 200}
    good = Soak(200, 1e-6, 0, (20_000_000, 20_000_000), (50_000_000, 50_100_000), times)
    assert [finding.status for finding in judge_soak(good, spec)] == ["pass", "pass"]
    lost = Soak(200, 1e-6, 0, (20_000_000, 24_000_000), None, times)
    assert [finding.status for finding in judge_soak(lost, spec)] == ["pass", "fail"]
    wrong = Soak(200, 2e-3, 0, (20_000_000, 20_000_000), None, times)
    assert [finding.status for finding in judge_soak(wrong, spec)] == ["fail", "pass"]
    assert judge_soak(None, spec)[0].status == "skip"


def test_the_same_pixels_are_compared_with_the_specs_tolerances(stream_folder: Path) -> None:
    spec = spec_of(stream_folder)
    statuses = [f.status for f in judge_curves(Curves("a film", 9, 0.021, 0.0, 0, 0, 0.2, 0.8), spec)]
    assert statuses == ["fail", "pass"]
    assert [f.status for f in judge_curves(Curves("a film", 9, 0.0, None, 1, 0, 0.2, 0.8), spec)] == ["fail", "skip"]
    assert [f.status for f in judge_curves(None, spec)] == ["skip"]


@pytest.mark.parametrize(("pixels", "n_flips"), [(0.0011, 0), (0.0, 1)])
def test_resizing_inside_the_graph_that_differs_is_left_out_and_blocks_nothing_else(
    stream_folder: Path, pixels: float, n_flips: int
) -> None:
    """6.2e-3 on an enlarged picture refused sound folders, although no page runs that graph by itself."""
    javascript, inside = judge_curves(Curves("a film", 9, 0.019, pixels, 0, n_flips, 0.2, 0.8), spec_of(stream_folder))
    assert (javascript.status, inside.status) == ("pass", "skip")
    assert "left out" in inside.note


def test_a_counters_checksum_detects_any_single_wrong_bit() -> None:
    def is_whole(bits: list[int]) -> bool:
        value = int("".join(map(str, bits)), 2)
        number = value >> 4
        return (number & 15) ^ (number >> 4 & 15) ^ (number >> 8 & 15) == value & 15

    for number in (0, 1, 5, 269, 4095):
        bits = counter_bits(number)
        assert is_whole(bits)
        for place in range(16):
            assert not is_whole([*bits[:place], 1 - bits[place], *bits[place + 1 :]])


@pytest.mark.parametrize(
    ("size", "band", "shown"),
    [
        ((640, 480), (0, 0, 80, 480), (640, 480)),
        ((360, 640), (0, 0, 360, 140), (360, 640)),
        ((1920, 1080), (0, 0, 186, 480), (852, 480)),  # 853.3 brought to an even side
        ((300, 300), (0, 0, 34, 300), (368, 300)),  # a square gets a margin of at least 32 on each side
        ((300, 320), (0, 0, 34, 300), (368, 300)),
    ],
)
def test_a_film_keeps_its_centred_square_and_its_margin_tells_the_frame(
    tmp_path: Path, size: tuple[int, int], band: tuple[int, ...], shown: tuple[int, int]
) -> None:
    width, height = size
    pictures = [np.full((height, width, 3), 60 * k + 20, np.uint8) for k in range(3)]
    footage = write_footage(iter(pictures), tmp_path / "a.y4m", "a")
    assert footage.frames[0].shape[1::-1] == shown
    data = footage.path.read_bytes()
    assert data.startswith(f"YUV4MPEG2 W{shown[0]} H{shown[1]} F30:1 ".encode())
    assert len(data) == data.index(b"\n") + 1 + 3 * (len(b"FRAME\n") + shown[0] * shown[1] * 3 // 2)
    x0, y0, x1, y1 = footage.band_xyxy_px
    assert (x1 - x0 >= 32) or (y1 - y0 >= 32)
    assert footage.band_xyxy_px == band
    for number, frame in enumerate(footage.frames):
        upright = y1 - y0 >= x1 - x0
        along = [int((place + 0.5) / 16 * ((y1 - y0) if upright else (x1 - x0))) for place in range(16)]
        levels = [frame[at, x1 // 3, 1] if upright else frame[y1 // 3, at, 1] for at in along]
        assert [int(value > 127) for value in levels] == counter_bits(number)
        middle = frame[frame.shape[0] // 2, frame.shape[1] // 2]
        assert abs(int(middle[0]) - (60 * number + 20)) <= 2


def test_a_film_of_another_rate_shows_at_each_moment_the_newest_frame(tmp_path: Path) -> None:
    from shared.video import FilmWriter, Frame

    film = FilmWriter(tmp_path / "slow.mp4", 64, 48)
    for number in range(5):  # ten a second: each is shown three times
        film.add(Frame(number / 10, np.full((48, 64, 3), 50 * number, np.uint8)))
    film.close()
    levels = [int(picture.mean()) for picture in read_film(tmp_path / "slow.mp4", 100)]
    assert len(levels) == 13
    assert [round(level / 50) for level in levels] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]
    assert len(list(read_film(tmp_path / "slow.mp4", 4))) == 4
