"""A model is not measured on people whom it knows, unless somebody asks for that, and then the results say so."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths
from shared.dataset import splits
from shared.dataset.reader import Dataset, format_labels, open_dataset
from tools.evaluator import test_people
from tools.evaluator.config import EvaluationConfig
from tools.evaluator.test_people import choose_people


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=7)


@pytest.fixture
def config(people: Dataset, tmp_path: Path) -> EvaluationConfig:
    return EvaluationConfig(
        tmp_path / "ours.onnx", "model", people.folder, None, None, None, None, tmp_path / "results", 1
    )


def learn(monkeypatch: pytest.MonkeyPatch, dataset: Dataset, split: Path | None) -> None:
    """Let the model's card say what it learned from."""
    card: dict[str, Any] = {
        "model_id": "ours",
        "dataset": dataset.reference(),
        "split": split and {"file": split.name, "sha256": contracts.sha256_file(split)},
    }
    monkeypatch.setattr(test_people, "read_card", lambda model: card)


def test_without_a_split_the_models_own_test_people_are_measured(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = splits.freeze_split(people, 0)
    learn(monkeypatch, people, split)
    found = choose_people(config, people)
    assert (found.split, found.side, found.notes) == (split, "test", ())
    assert choose_people(replace(config, side="validation"), people).side == "validation"


def test_all_people_are_measured_on_request_and_the_results_say_whom_the_model_knows(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(monkeypatch, people, splits.freeze_split(people, 0))
    found = choose_people(replace(config, side="all"), people)
    assert (found.split, found.side) == (None, "all")
    assert "trained on 4 of these 7 people, and 1 chose its epoch and threshold" in found.notes[0]


def test_a_model_whose_split_tests_nobody_is_measured_on_people_whom_it_knows_with_a_note(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(monkeypatch, people, splits.freeze_split(people, 0, chosen=()))
    found = choose_people(config, people)
    assert found.side == "all"
    assert "of these 7 people" in found.notes[0]


def test_a_dataset_that_has_changed_since_may_hold_people_whom_the_model_knows(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(monkeypatch, people, splits.freeze_split(people, 0))
    (people.folder / "labels.csv").write_bytes(format_labels(people.rows[:-1]))
    found = choose_people(config, open_dataset(people.folder))
    assert (found.split, found.side) == (None, "all")
    assert "may know some of these people" in found.notes[0]


def test_on_another_dataset_and_with_a_strangers_model_nothing_is_to_be_said(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]
) -> None:
    assert choose_people(config, people) == test_people.People(None, "all")  # no card beside the file
    learn(monkeypatch, people, splits.freeze_split(people, 0))
    other = make_dataset(paths.dataset_dir("others"), subjects=3)
    assert choose_people(config, other) == test_people.People(None, "all")


def test_a_split_that_was_named_is_used(
    people: Dataset, config: EvaluationConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(monkeypatch, people, splits.freeze_split(people, 0))
    named = splits.freeze_split(people, 1)
    assert choose_people(replace(config, split=named), people) == test_people.People(named, "test")
    assert json.loads(named.read_text(encoding="utf-8"))["seed"] == 1
