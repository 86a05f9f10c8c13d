from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from tools.reporter.ab.comparison import compare
from tools.reporter.ab.judgement import judge
from tools.reporter.config import Question
from tools.reporter.sources.arms import read_arms

CODE = {"version": "0.1.0", "commit": None, "packages": {}}


def compare_two(baseline: Path, candidate: Path) -> dict[str, Any]:
    arms = read_arms((None, baseline), [(None, candidate)])
    document = compare(arms, judge(arms, Question()), "test", "2026-01-22T11:25:34Z", [], CODE)
    contracts.validate(document, "comparison", "the comparison")
    return document


def test_the_tables_of_the_plan_give_the_differences_of_the_plan(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    baseline = make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5)
    candidate = make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282)
    document = compare_two(baseline, candidate)
    first, second = document["arms"]
    assert (first["differences"], first["n_flipped_to_right"], first["n_flipped_to_wrong"]) == ({}, None, None)
    assert second["metrics"]["confusion"] == {"tp": 28, "fn": 12, "tn": 30, "fp": 10}
    # 65.0 to 72.5, 62.5 to 73.684, 75.0 to 70.0, 68.182 to 71.795 percent
    assert second["differences"]["accuracy"] == pytest.approx(0.075)
    assert second["differences"]["precision"] == pytest.approx(28 / 38 - 0.625)
    assert second["differences"]["recall"] == pytest.approx(-0.05)
    assert second["differences"]["f1"] == pytest.approx(56 / 78 - 60 / 88)
    # By construction each list of positives begins at the same place: 2 smiles lost, 8 false alarms gone.
    assert (second["n_flipped_to_right"], second["n_flipped_to_wrong"]) == (8, 2)
    assert [flip["sequence_id"] for flip in document["flips"] if flip["to"] == "wrong"] == ["seq_0029", "seq_0030"]
    assert document["flips"][0] == {
        "sequence_id": "seq_0029",
        "subject_id": "s09",
        "label": "smile",
        "arm": "candidate",
        "baseline_score": 0.628,
        "candidate_score": 0.128,
        "to": "wrong",
    }


def test_each_model_is_judged_at_its_own_threshold(tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.2)]
    low, high = make_results(tmp_path, "low", rows, 0.3), make_results(tmp_path, "high", rows, 0.5)
    (flip,) = compare_two(low, high)["flips"]
    assert (flip["sequence_id"], flip["to"], flip["baseline_score"], flip["candidate_score"]) == (
        "seq_0001",
        "wrong",
        0.4,
        0.4,
    )


def test_the_same_model_twice_differs_in_nothing(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> None:
    one, two = (make_results(tmp_path, name, plan_rows["baseline"]) for name in ("one", "two"))
    document = compare_two(one, two)
    assert document["flips"] == []
    assert set(document["arms"][1]["differences"].values()) == {0.0}


def test_a_difference_to_something_undefined_is_none_and_never_zero(tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.2)]
    silent, loud = make_results(tmp_path, "silent", rows, 0.9), make_results(tmp_path, "loud", rows, 0.3)
    differences = compare_two(silent, loud)["arms"][1]["differences"]
    assert differences["precision"] is None  # the first model calls nothing positive
    assert differences["recall"] == 1.0


def test_one_synthetic_arm_makes_the_comparison_synthetic(tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.2)]
    drawn = {"name": "actors", "kind": "synthetic", "sha256": "e" * 64}
    real, synthetic = make_results(tmp_path, "a", rows), make_results(tmp_path, "b", rows, dataset=drawn)
    assert compare_two(real, synthetic)["synthetic"] is True
    assert compare_two(real, make_results(tmp_path, "c", rows))["synthetic"] is False


def test_the_provenance_names_every_file_with_its_hash(tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.2)]
    one, two = make_results(tmp_path, "one", rows), make_results(tmp_path, "two", rows)
    provenance = compare_two(one, two)["provenance"]
    assert [entry["what"] for entry in provenance] == [
        "results one",
        "predictions one",
        "results two",
        "predictions two",
    ]
    for entry in provenance:
        assert entry["sha256"] == contracts.sha256_file(tmp_path / entry["file"])
        assert "/" not in entry["file"]  # no folder of this machine
    assert (provenance[0]["created_utc"], provenance[0]["commit"]) == ("2026-01-22T11:25:34Z", "0123456789abcdef")


def test_figures_of_one_arm_are_those_that_its_results_hold(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    # Computed again, they could differ from the document that the report names as their source.
    baseline = make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5)
    known = contracts.read_document(make_results(tmp_path, "known", plan_rows["candidate"], 0.282), "results")
    known["intervals"]["recall"]["low"] = 0.123
    known["calibration"]["expected_error"] = 0.456
    changes = {key: known[key] for key in ("intervals", "calibration")}
    candidate = make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282, **changes)
    (_, second) = compare_two(baseline, candidate)["arms"]
    assert second["intervals"] == known["intervals"]
    assert second["calibration"] == known["calibration"]
