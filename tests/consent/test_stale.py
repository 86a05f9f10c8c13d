"""A model that learned from somebody who may not be used any more is called stale, without anybody marking it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths, stale_models
from shared.dataset import consent, splits
from shared.dataset.consent import Agreement
from shared.dataset.reader import Dataset
from shared.errors import MissingOutside
from shared.web import spec_file
from tools.evaluator import cli as evaluator
from tools.game import cli as game_cli
from tools.game import game
from tools.spec_checker.static.check import check_file

GIVEN = "2026-01-22T11:25:34Z"
POSITIVE = Path(__file__).parents[1] / "schemas" / "positive"


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=6, kind="real")
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    return dataset


@pytest.fixture
def model(people: Dataset) -> dict[str, Any]:
    """A model that learned from the people of a frozen split: its file, card, split and a hand-off of it."""
    split = splits.freeze_split(people, seed=0)
    onnx = paths.artifacts("models") / "m" / paths.MODEL_FILE
    contracts.write_bytes(onnx, b"a graph")
    sha256 = contracts.sha256_file(onnx)
    card = json.loads((POSITIVE / "model" / "ours.json").read_text(encoding="utf-8"))
    card["split"] = {"file": split.name, "sha256": contracts.sha256_file(split)}
    card["dataset"] = people.reference()
    card["onnx"]["sha256"] = sha256
    contracts.write_document(onnx.with_name(paths.MODEL_CARD), card, "model")
    handoff = paths.artifacts("handoff") / "m"
    spec = json.loads((POSITIVE / "frontend_spec" / "frames.json").read_text(encoding="utf-8"))
    spec["model"]["sha256"] = sha256
    spec_file.write_spec(handoff / paths.SPEC_FILE, spec)
    for name in spec_file.READMES:
        (handoff / name).write_text("# m: the hand-off\n\nText.\n", encoding="utf-8")
    for name in ("smile-detector.mjs", "smile-detector.keep.mjs"):
        (handoff / name).write_text("// client\n", encoding="utf-8")
    sides = contracts.read_document(split, "split")["sides"]
    return {"onnx": onnx, "sha256": sha256, "sides": sides, "handoff": handoff}


def test_a_withdrawal_makes_it_stale_and_a_new_consent_takes_that_back(people: Dataset, model: dict[str, Any]) -> None:
    assert stale_models.why_stale(model["sha256"]) is None
    learner = model["sides"]["validation"]["subjects"][0]
    consent.withdraw(people.folder, learner)
    found = stale_models.find_stale(model["sha256"])
    assert found is not None
    assert found["reason"] == "consent_withdrawn"
    assert learner not in json.dumps(found)
    consent.record(people.folder, Agreement(learner, ("train",), paths.utc_text()))
    assert stale_models.why_stale(model["sha256"]) is None


def test_an_expiry_makes_it_stale_whenever_that_is_asked(people: Dataset, model: dict[str, Any]) -> None:
    learner = model["sides"]["train"]["subjects"][0]
    consent.record(people.folder, Agreement(learner, ("train",), "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"))
    assert stale_models.why_stale(model["sha256"]) == (
        "stale since 2026-03-01: the consent of a person it was trained on has expired"
    )


def test_who_was_left_out_of_training_already_makes_nothing_stale(people: Dataset, model: dict[str, Any]) -> None:
    learner = model["sides"]["train"]["subjects"][0]
    path = model["onnx"].with_name(paths.MODEL_CARD)
    card = contracts.read_document(path, "model")
    consent.record(people.folder, Agreement(learner, ("train",), "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"))
    left_out = [{"rule": "expired", "n_subjects": 1, "n_sequences": 4}]
    card["dataset"]["consent"] = {"scope": "train", "left_out": left_out, "n_allowed_without_row": 0}
    contracts.write_document(path, {**card, "created_utc": "2026-04-01T00:00:00Z"}, "model")
    assert stale_models.why_stale(model["sha256"]) is None
    contracts.write_document(path, {**card, "created_utc": "2026-02-10T00:00:00Z"}, "model")
    assert stale_models.why_stale(model["sha256"]) is not None


def test_a_person_who_was_only_tested_changes_nothing(people: Dataset, model: dict[str, Any]) -> None:
    consent.withdraw(people.folder, model["sides"]["test"]["subjects"][0])
    assert stale_models.why_stale(model["sha256"]) is None


def test_evaluate_game_and_spec_say_so(
    people: Dataset, model: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    consent.withdraw(people.folder, model["sides"]["train"]["subjects"][0])
    since = f"stale since {paths.utc_text()[:10]}: a person it was trained on has withdrawn consent"
    evaluator.main(["--model", "m", "--dataset", "people"])  # ends at the graph, which is none
    assert since in capsys.readouterr().err

    def no_network() -> None:
        raise MissingOutside("npm", found="no network")

    monkeypatch.setattr(game, "ONNXRUNTIME_WEB", type("Package", (), {"install": staticmethod(no_network)}))
    assert game_cli.main(["--model", "m", "--no-open"]) == 3
    assert since in capsys.readouterr().err

    findings = check_file(model["handoff"] / paths.SPEC_FILE, None).findings
    assert [one.status for one in findings if one.field == "stale"] == ["fail"]


def test_a_handoff_is_marked_in_its_spec_and_both_readmes_once(people: Dataset, model: dict[str, Any]) -> None:
    consent.withdraw(people.folder, model["sides"]["train"]["subjects"][0])
    found = stale_models.find_stale(model["sha256"])
    assert found is not None
    for _ in range(2):
        assert spec_file.mark_handoffs(found) == [model["handoff"]]
    spec = contracts.read_document(model["handoff"] / paths.SPEC_FILE, "frontend_spec")
    assert spec["stale"] == {"since_utc": found["since_utc"], "reason": "consent_withdrawn"}
    english, korean = ((model["handoff"] / name).read_text(encoding="utf-8") for name in spec_file.READMES)
    assert english.count("Stale since") == 1
    assert english.endswith("# m: the hand-off\n\nText.\n")
    assert "동의를 거두었습니다" in korean
