"""The A/B experiment's name: what makes it another look at the test people."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.chain import ab, stages
from shared.chain.ab import Plan
from shared.dataset.reader import Dataset


@pytest.fixture
def plan(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Plan:
    people = make_dataset(tmp_path / "people", subjects=3)
    baseline = tmp_path / "baseline.onnx"
    baseline.write_bytes(b"before")
    return Plan(people.folder, (10,), baseline, "", "5e-5", 0, 0, 1, "0.05", "recall", False, "youden", "en")


@pytest.mark.parametrize(
    "change", [{"lr": "1e-4"}, {"epochs": (7, 10)}, {"seed": 1}, {"objective": "f1"}, {"folds": 5}]
)
def test_another_plan_is_another_opening_of_the_test_side(plan: Plan, change: dict[str, Any]) -> None:
    assert dataclasses.replace(plan, **change).session() != plan.session()
    assert dataclasses.replace(plan, lang="ko").session() == plan.session()  # the same numbers in another language


def test_another_baseline_is_another_opening(plan: Plan) -> None:
    before = plan.session()
    plan.baseline.write_bytes(b"after")
    assert plan.session() != before
    plan.baseline.unlink()
    assert plan.session()  # the evaluator says that it is gone


def test_every_arm_is_measured_as_a_part_of_the_experiment(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def measure(*_: object, **flags: Any) -> Path:
        asked.append(flags)
        return Path("results.json")

    monkeypatch.setattr(stages, "measure", measure)
    monkeypatch.setattr(stages, "seed_of", lambda split: 0)
    monkeypatch.setattr(stages, "fine_tune", lambda *_: {"folder": "run", "run": {"run_id": "r"}})
    monkeypatch.setattr(stages, "export", lambda *_: Path("model.onnx"))
    monkeypatch.setattr(stages, "hand_off", lambda *_: Path("spec.json"))
    ab._walk(None, plan, Path("split.json"), "")  # type: ignore[arg-type]
    assert {flags["session"] for flags in asked} == {plan.session()}
    assert [flags["arm"] for flags in asked] == ["model", "majority", "model", "one_frame"]
