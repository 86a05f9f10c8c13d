"""The folder that a front-end team gets: whole, true, and only changed where the model changed."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import safetensors.numpy

from shared import contracts, paths
from shared.errors import CheckFailed, InvalidInput, WrongUsage
from shared.onnx.cards import find_model
from shared.onnx.pair import Stream, Window
from shared.preprocess import crop_and_resize, to_batch
from shared.web import handoff_seal
from shared.web.npm import ONNXRUNTIME_WEB
from shared.web.spec_file import READMES
from tools.handoff import folder as folders
from tools.handoff import write
from tools.handoff.cli import main
from tools.handoff.config import HandoffConfig
from tools.handoff.graphs.build import Made
from tools.handoff.write import Written, write_handoff
from tools.spec_checker.static.check import check_file

CopyModel = Callable[..., Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def read_spec(folder: Path) -> dict[str, Any]:
    return contracts.read_document(folder / "frontend_spec.json", "frontend_spec")


def test_every_graph_that_the_spec_lists_lies_in_the_folder_with_its_hash(written: Written) -> None:
    spec = read_spec(written.folder)
    assert [graph["name"] for graph in spec["graphs"]] == [
        "window",
        "encoder",
        "head",
        "encoder_wasm",
        "encoder_webgl",
        "encoder_pixels",
    ]
    for graph in spec["graphs"]:
        assert contracts.sha256_file(written.folder / graph["file"]) == graph["sha256"]
        assert (written.folder / graph["file"]).stat().st_size == graph["bytes"]
    assert spec["model"]["sha256"] == spec["graphs"][0]["sha256"]


def test_the_window_is_the_models_own_file(written: Written, untrained: Path) -> None:
    assert (written.folder / "smile_detector.onnx").read_bytes() == (untrained / "smile_detector.onnx").read_bytes()


def test_nothing_counts_as_proven_before_a_browser_ran_it(written: Written) -> None:
    spec = read_spec(written.folder)
    assert spec["runtime"] == {
        "npm_package": "onnxruntime-web",
        "npm_version": ONNXRUNTIME_WEB.version,
    }
    assert "not proven in a browser yet" in written.as_text()


def test_the_rules_of_frames_and_decision_follow_from_the_card(written: Written) -> None:
    spec = read_spec(written.folder)
    assert spec["frames"] == {"count": 5, "interval_ms": 100, "max_deviation_ms": 50, "max_step_ms": 2000}
    assert spec["decision"] == {
        "output": "smile_prob",
        "operator": ">",
        "threshold": 0.4375,
        "chosen_on": "validation",
        "release_threshold": 0.35,  # 0.8 of it
        "min_duration_ms": 100,  # one interval
    }


def test_the_spec_checker_accepts_the_folder(written: Written) -> None:
    report = check_file(written.folder / "frontend_spec.json", None)
    assert [str(finding) for finding in report.findings if finding.status == "fail"] == []


def test_the_runtime_is_pinned_and_no_lock_file_will_name_a_mirror(written: Written) -> None:
    package = json.loads((written.folder / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"] == {"onnxruntime-web": ONNXRUNTIME_WEB.version}
    assert "omit-lockfile-registry-resolved=true" in (written.folder / ".npmrc").read_text()


def test_the_client_is_copied_as_it_is_but_its_readmes(written: Written) -> None:
    source = Path(folders.__file__).parent / "client"
    changed = {
        p.name for p in source.iterdir() if p.is_file() and p.read_bytes() != (written.folder / p.name).read_bytes()
    }
    assert changed == set(READMES)
    for name in READMES:
        text = (written.folder / name).read_text(encoding="utf-8")
        assert f"cd {written.folder.name} &&" in text
        assert "encoder*.onnx" in text
        assert "face_landmarker.task" not in text


def test_the_golden_vectors_hold_what_python_makes_of_their_own_pictures(written: Written) -> None:
    folder = written.folder / "golden"
    golden = contracts.read_document(folder / "golden.json", "golden")
    window = Window((written.folder / "smile_detector.onnx").read_bytes())
    stream = Stream((written.folder / "encoder.onnx").read_bytes(), (written.folder / "head.onnx").read_bytes())
    assert read_spec(written.folder)["golden"]["n_cases"] == len(golden["cases"]) == 6
    for case in golden["cases"]:
        crops = []
        for frame in case["frames"]:
            picture, crop = (
                np.asarray(cv2.imread(str(folder / frame[kind]["file"])), np.uint8)[..., ::-1].copy()
                for kind in ("picture", "crop")
            )
            assert picture.shape == (case["height_px"], case["width_px"], 3)
            assert np.array_equal(crop_and_resize(picture), crop)
            crops.append(crop)
        batch = to_batch(np.stack(crops))[0]
        features = np.frombuffer((folder / case["features"]["file"]).read_bytes(), "<f4").reshape(5, 576)
        assert window.run(batch).prob == pytest.approx(case["smile_prob"], abs=1e-6)
        assert stream.decide(features).prob == pytest.approx(case["smile_prob"], abs=1e-5)
        assert stream.decide(features).emotion_logits == pytest.approx(case["emotion_logits"], abs=1e-4)
        assert case["is_smile"] == (case["smile_prob"] > 0.4375)


def test_the_golden_pictures_are_of_all_kinds_and_small_enough_to_ship(written: Written) -> None:
    folder = written.folder / "golden"
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    sizes = [(case["width_px"], case["height_px"]) for case in golden["cases"]]
    assert any(w > h for w, h in sizes)
    assert any(w < h for w, h in sizes)
    assert any(max(w, h) < 224 for w, h in sizes)
    assert any(min(w, h) >= 1080 for w, h in sizes)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000_000
    for case in golden["cases"]:
        named = [frame[kind] for frame in case["frames"] for kind in ("picture", "crop")] + [case["features"]]
        assert all(hashlib.sha256((folder / n["file"]).read_bytes()).hexdigest() == n["sha256"] for n in named)


def test_a_model_without_weights_is_handed_off_as_its_window_with_a_word_on_why(
    copy_model: CopyModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_model(without=("weights.safetensors",))
    assert main(["--model", str(model), "--out", str(tmp_path / "out"), "--json", "--quiet"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [graph["name"] for graph in answer["graphs"]] == ["window"]
    assert answer["stream_equals_window"] is None
    assert answer["notes"] == ["only the window is handed off: weights.safetensors is not beside the ONNX"]
    golden = json.loads((tmp_path / "out" / "golden" / "golden.json").read_text(encoding="utf-8"))
    assert golden["cases"][0]["features"] is None


def test_a_strangers_network_is_handed_off_as_its_window(copy_model: CopyModel, tmp_path: Path) -> None:
    done = write_handoff(HandoffConfig(copy_model({"network": "resnet"}), tmp_path / "out"))
    assert [graph["name"] for graph in done.spec["graphs"]] == ["window"]
    assert "network 'resnet' has no encoder/head split" in done.notes[0]


def test_a_place_that_cannot_hold_a_folder_is_noticed_before_the_work(copy_model: CopyModel, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a letter")
    with pytest.raises(InvalidInput, match="found a file"):
        write_handoff(HandoffConfig(copy_model(), tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "a letter"


def test_an_onnx_that_was_changed_after_its_export_is_refused(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model()
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    with pytest.raises(InvalidInput, match=r"as model\.json says"):
        write_handoff(HandoffConfig(model, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_weights_of_another_checkpoint_are_refused(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model()
    path = model.with_name("weights.safetensors")
    weights = safetensors.numpy.load_file(path)
    weights["smile_head.bias"] = weights["smile_head.bias"] + 1
    safetensors.numpy.save_file(weights, path)
    with pytest.raises(InvalidInput, match="the checkpoint of"):
        write_handoff(HandoffConfig(model, tmp_path / "out"))


def test_weights_that_no_card_vouches_for_are_caught_by_their_answers(
    written: Written, untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = onnx.load(str(written.folder / "head.onnx"))
    (bias,) = [tensor for tensor in head.graph.initializer if tensor.name.endswith("smile_head.bias")]
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(1e-3), bias.name))
    made = [
        Made((written.folder / graph["file"]).read_bytes(), {**graph, "verdict": None})
        for graph in written.spec["graphs"][:6]
    ]
    made[2] = Made(head.SerializeToString(), made[2].entry)
    monkeypatch.setattr(write, "make_graphs", lambda _: made)
    with pytest.raises(CheckFailed, match="from different exports"):
        write_handoff(HandoffConfig(untrained / paths.MODEL_FILE, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_weights_of_another_network_end_in_one_line(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model({"run": None})
    path = model.with_name("weights.safetensors")
    for data in (b"no safetensors", safetensors.numpy.save({"a": np.zeros(3, np.float32)})):
        path.write_bytes(data)
        with pytest.raises(InvalidInput, match="no weights of dual_head") as caught:
            write_handoff(HandoffConfig(model, tmp_path / "out"))
        assert "\n" not in str(caught.value)


def test_an_onnx_whose_own_notes_contradict_its_card_is_refused(copy_model: CopyModel, tmp_path: Path) -> None:
    threshold = {"value": 0.9, "chosen_on": "given", "objective": "fixed"}
    card = {"threshold": {**threshold, "n_sequences": 0, "n_subjects": 0, "interval": None}}
    with pytest.raises(InvalidInput, match=r"smilebench\.threshold: found 0.4375, expected 0.9"):
        write_handoff(HandoffConfig(copy_model(card), tmp_path / "out"))


def test_an_onnx_without_a_card_is_told_how_to_be_checked_instead(
    copy_model: CopyModel, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--model", str(copy_model(without=("model.json",)))]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "./inv validate-spec --spec" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("damage", ["cut", "missing", "text"])
def test_a_file_that_is_no_onnx_ends_in_one_line(
    copy_model: CopyModel, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_model()
    if damage == "missing":
        model.unlink()
    else:
        model.write_bytes(model.read_bytes()[:1_000_000] if damage == "cut" else b"this is a letter to my aunt\n" * 99)
    assert main(["--model", str(model.parent), "--quiet"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_name_the_newest_model_is_taken_and_none_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main([]) == 1
    assert "found no model" in capsys.readouterr().err


def test_the_newest_model_is_none_of_a_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    names = {"final": "people-1a2b3c4d-seed0.json", "of-a-fold": "people-1a2b3c4d-seed0-fold2of5.json", "other": None}
    for age, (name, split) in enumerate(names.items()):
        card = tmp_path / "artifacts" / "models" / name / "model.json"
        card.parent.mkdir(parents=True)
        card.write_text(json.dumps({"split": split and {"file": split}}))
        os.utime(card, (age, age))
    assert find_model(None).parent.name == "other"
    (tmp_path / "artifacts" / "models" / "other" / "model.json").unlink()
    assert find_model(None).parent.name == "final"


@pytest.mark.parametrize(
    "flags", [["--release-threshold", "1.2"], ["--min-duration-ms", "-1"], ["--min-duration-ms", "x"]]
)
def test_values_that_cannot_be_meant_are_exit_2(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(flags)
    assert left.value.code == 2


def test_a_smile_that_ends_above_where_it_began_is_refused(copy_model: CopyModel, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match=r"at most 0\.4375"):
        write_handoff(HandoffConfig(copy_model(), tmp_path / "out", release_threshold=0.5))


def test_chosen_hysteresis_goes_into_the_spec(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model(without=("weights.safetensors",))
    done = write_handoff(HandoffConfig(model, tmp_path / "out", release_threshold=0.4, min_duration_ms=250))
    assert done.spec["decision"]["release_threshold"] == 0.4
    assert done.spec["decision"]["min_duration_ms"] == 250


def proven(graph: dict[str, Any], provider: str, **changes: Any) -> dict[str, Any]:
    """Give an entry of `tested` as the browser proof writes it."""
    latency = {"first": 140.2, "p50": 93.1, "p95": 99.8, "n": 200}
    return {
        "graph": graph["name"],
        "sha256": graph["sha256"],
        "execution_provider": provider,
        "threads": 1,
        "browser": "Chromium 156",
        "device": "2 cores",
        "created_utc": "2026-01-22T11:25:34Z",
        "loads": True,
        "reason": None,
        "largest_difference": 1e-6,
        "n_decisions": 6,
        "n_flips": 0,
        "latency_ms": latency,
        **changes,
    }


def prove(folder: Path) -> dict[str, Any]:
    """Write into a hand-off what the browser proof would."""
    spec = read_spec(folder)
    proof = {
        "schema_version": 1,
        "spec_id": spec["spec_id"],
        "spec_sha256": contracts.sha256_file(folder / "frontend_spec.json"),
        "created_utc": "2026-01-22T11:25:34Z",
        "execution_providers": ["wasm"],
        "tested": [proven(spec["graphs"][0], "wasm")],
        "tested_decisions": [],
    }
    contracts.write_document(folder / "browser_proof.json", proof, "browser_proof")
    return proof


def test_a_second_run_on_the_same_model_touches_nothing_and_keeps_the_browser_proof(
    copy_model: CopyModel, tmp_path: Path
) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    assert write_handoff(config).changed
    prove(config.out or tmp_path)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "out").rglob("*")}
    again = write_handoff(config)
    assert again.changed == ()
    assert again.proven == ("wasm",)
    created = again.spec["created_utc"]
    assert f"unchanged since {created} (ab hands off, too); proven on wasm" in again.as_text()
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "out").rglob("*")} == before


def test_a_client_that_changed_keeps_the_proof_as_the_spec_is_the_same(copy_model: CopyModel, tmp_path: Path) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    write_handoff(config)
    prove(tmp_path / "out")
    before = (tmp_path / "out" / "browser_proof.json").read_bytes()
    (tmp_path / "out" / "smile-detector.mjs").write_text("an older client", encoding="utf-8")
    done = write_handoff(config)
    assert done.changed == ("smile-detector.mjs",)
    assert done.proven == ("wasm",)
    assert (tmp_path / "out" / "browser_proof.json").read_bytes() == before


def test_another_spec_drops_the_proof_be_it_by_the_hysteresis(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model(without=("weights.safetensors",))
    write_handoff(HandoffConfig(model, tmp_path / "out"))
    prove(tmp_path / "out")
    done = write_handoff(HandoffConfig(model, tmp_path / "out", min_duration_ms=0))
    assert done.changed == ("browser_proof.json", "frontend_spec.json", "manifest.json", "package.json")
    assert done.proven == ()
    assert "not proven in a browser yet" in done.as_text()
    assert not (tmp_path / "out" / "browser_proof.json").exists()


@pytest.mark.parametrize("change", [{"schema_version": 2}, {"spec_sha256": "0" * 64}, {"tested": 3}])
def test_a_proof_that_is_none_of_this_spec_is_dropped(
    copy_model: CopyModel, tmp_path: Path, change: dict[str, Any]
) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    write_handoff(config)
    proof = {**prove(tmp_path / "out"), **change}
    (tmp_path / "out" / "browser_proof.json").write_text(json.dumps(proof), encoding="utf-8")
    done = write_handoff(config)
    assert (done.changed, done.proven) == (("browser_proof.json",), ())


def test_a_spec_of_the_version_that_held_its_own_proof_is_written_anew(copy_model: CopyModel, tmp_path: Path) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    write_handoff(config)
    path = tmp_path / "out" / "frontend_spec.json"
    spec = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**spec, "schema_version": 2, "tested": [], "tested_decisions": []}), encoding="utf-8")
    assert write_handoff(config).changed == ("frontend_spec.json", "manifest.json")


def test_a_signature_stays_with_an_unchanged_folder_and_goes_with_another_spec(
    copy_model: CopyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out", is_signed=True)
    done = write_handoff(config)
    assert done.public_key == handoff_seal.known_public_key()
    assert handoff_seal.why_not_signed(tmp_path / "out", str(done.public_key)) is None
    assert any("a key was made" in note for note in done.notes)
    assert any("without a browser proof" in note for note in done.notes)
    again = write_handoff(replace(config, is_signed=False))
    assert (again.changed, again.public_key) == ((), None)
    assert handoff_seal.why_not_signed(tmp_path / "out", str(done.public_key)) is None
    other = write_handoff(replace(config, is_signed=False, min_duration_ms=0))
    assert "signature.json" in other.changed
    assert not (tmp_path / "out" / "signature.json").exists()


def test_a_run_that_is_stopped_leaves_the_old_handoff_whole(
    copy_model: CopyModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    write_handoff(config)
    before = contents(tmp_path / "out")

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "build_spec", stop)
    with pytest.raises(KeyboardInterrupt):
        write_handoff(config)
    assert contents(tmp_path / "out") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.lock", "out", "people-epoch10"]


def test_a_run_that_was_stopped_between_its_two_renames_is_mended_by_the_next(tmp_path: Path) -> None:
    own_names = frozenset({"frontend_spec.json"})
    (tmp_path / ".out.old").mkdir()
    (tmp_path / ".out.old" / "frontend_spec.json").write_text("old")
    (tmp_path / ".out.new").mkdir()
    with folders.draft(tmp_path / "out", own_names):
        assert (tmp_path / "out" / "frontend_spec.json").read_text() == "old"
    assert not (tmp_path / ".out.old").exists()
    assert not (tmp_path / ".out.new").exists()


def test_what_a_team_put_into_the_folder_stays_there_and_what_is_ours_and_old_goes(tmp_path: Path) -> None:
    own_names = frozenset({"frontend_spec.json", "encoder.onnx"})
    place = tmp_path / "out"
    (place / "node_modules").mkdir(parents=True)
    (place / "node_modules" / "a.js").write_text("another file")
    (place / "encoder.onnx").write_text("of an older model")
    with folders.draft(place, own_names) as new:
        (new / "frontend_spec.json").write_text("new")
        folders.swap_in(new, place, own_names)
    assert contents(place) == {"frontend_spec.json": b"new", "node_modules/a.js": b"another file"}


def test_a_broken_spec_in_the_folder_is_replaced(copy_model: CopyModel, tmp_path: Path) -> None:
    config = HandoffConfig(copy_model(without=("weights.safetensors",)), tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "frontend_spec.json").write_text('{"schema_version": 1}')
    assert "frontend_spec.json" in write_handoff(config).changed
    assert read_spec(tmp_path / "out")["schema_version"] == 3


@pytest.mark.slow
def test_a_second_run_of_the_whole_handoff_gives_the_same_bytes(
    written: Written, untrained: Path, tmp_path: Path
) -> None:
    again = shutil.copytree(written.folder, tmp_path / written.folder.name)  # which the READMEs name
    assert write_handoff(HandoffConfig(untrained / paths.MODEL_FILE, again)).changed == ()


def test_no_graph_names_a_place_on_this_computer(written: Written) -> None:
    for graph in written.spec["graphs"][1:]:
        model = onnx.load(str(written.folder / graph["file"]))
        assert all(not node.doc_string and not node.metadata_props for node in model.graph.node)
        assert b".py" not in model.SerializeToString()


def test_a_model_that_is_not_there_is_called_so_beside_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert main(["--model", "nosuch"]) == 1
    error = capsys.readouterr().err
    assert "no such model" in error
    assert "(there is none yet)" in error
    (tmp_path / "artifacts/models/demo").mkdir(parents=True)
    (tmp_path / "artifacts/models/demo" / paths.MODEL_CARD).write_text("{}")
    assert main(["--model", "nosuch"]) == 1
    error = capsys.readouterr().err
    assert "artifacts/models (demo)" in error
    assert "name an existing model" in error
    assert len(error.splitlines()) == 1
