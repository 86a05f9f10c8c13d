from pathlib import Path
from typing import Any

import pytest

from tools.reporter.ab.report import ReportResult, make_report
from tools.reporter.config import ReportConfig


@pytest.fixture
def baseline(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> Path:
    path = make_results(tmp_path, "old", plan_rows["baseline"])
    assert isinstance(path, Path)
    return path


@pytest.fixture
def perfect(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> Path:
    right = [(*row[:3], 0.9 if row[2] == "smile" else 0.1) for row in plan_rows["baseline"]]
    path = make_results(tmp_path, "perfect", right)
    assert isinstance(path, Path)
    return path


def gated(tmp_path: Path, baseline: Path, candidate: Path, *references: Path, gate: bool = True) -> ReportResult:
    named = tuple((None, path) for path in references)
    return make_report(
        ReportConfig(
            (None, baseline), ((None, candidate),), named, gate=gate, out=tmp_path / "report", report_id="test"
        )
    )


def test_a_candidate_that_is_not_better_than_the_baseline_does_not_pass(
    tmp_path: Path, baseline: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    candidate = make_results(tmp_path, "new", plan_rows["candidate"], 0.282)
    assert gated(tmp_path, baseline, candidate, gate=False).exit_code == 0
    closed = gated(tmp_path, baseline, candidate)
    assert closed.exit_code == 1
    assert "gate: not passed (exit 1): the verdict on new is 'cannot tell'" in closed.as_text()
    assert closed.as_json()["gate"] == {"asked": True, "passed": False}
    assert closed.comparison["verdict"]["gate"] == {
        "passes": False,
        "reasons": [{"reason": "not_better", "reference": None, "word": "cannot_tell"}],
    }


def test_a_candidate_that_beats_baseline_and_references_passes(
    tmp_path: Path, baseline: Path, perfect: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    majority = make_results(tmp_path, "majority-class", [(*r[:3], 0.5) for r in plan_rows["baseline"]], arm="majority")
    opened = gated(tmp_path, baseline, perfect, majority)
    assert opened.exit_code == 0
    assert "gate: passed" in opened.as_text()
    assert opened.comparison["verdict"]["gate"] == {"passes": True, "reasons": []}


def test_a_candidate_that_a_free_reference_equals_does_not_pass_though_it_beats_the_baseline(
    tmp_path: Path, baseline: Path, perfect: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    rows = [(*row[:3], 0.8 if row[2] == "smile" else 0.2) for row in plan_rows["baseline"]]
    one_frame = make_results(tmp_path, "perfect-one-frame", rows, arm="one_frame")
    closed = gated(tmp_path, baseline, perfect, one_frame)
    assert closed.comparison["verdict"]["word"] == "better"
    assert closed.exit_code == 1
    (reason,) = closed.comparison["verdict"]["gate"]["reasons"]
    assert (reason["reason"], reason["reference"]) == ("not_better_than_reference", "perfect-one-frame")
    assert "perfect is not shown to be better than perfect-one-frame, which needs no training" in closed.as_text()
