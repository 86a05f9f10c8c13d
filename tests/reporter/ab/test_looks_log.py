import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.dataset.reader import Dataset, hash_sequences, open_dataset
from shared.errors import WrongUsage
from tools.reporter.ab.looks import ALPHA, FIRST
from tools.reporter.ab.report import ReportResult, make_report
from tools.reporter.config import Question, ReportConfig


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "people", subjects=6)
    return tmp_path


@pytest.fixture
def look(home: Path, make_results: Any) -> Callable[..., ReportResult]:
    """Return a factory: a report on so many people of a dataset, each arm wrong on some of them."""

    def make(n_people: int, name: str = "people", model: str = "", **settings: Any) -> ReportResult:
        dataset = open_dataset(home / "datasets" / name)
        rows = [row for row in dataset.rows if row.subject_id in dataset.subjects()[:n_people]]
        facts = {
            "dataset": dataset.reference(), "sequences_sha256": hash_sequences(rows),
            "positive_class": dataset.positive_class,
        }  # fmt: skip
        files = []
        for arm, wrong in (("old", 3), ("new", 4)):
            scores = [0.9 if (row.label == "smile") != (i % wrong == 0) else 0.1 for i, row in enumerate(rows)]
            answers = [(r.sequence_id, r.subject_id, r.label, s) for r, s in zip(rows, scores, strict=True)]
            files.append(make_results(home, f"{arm}{model}", answers, **facts))
        config = ReportConfig(
            baseline=("old", files[0]), candidates=(("new", files[1]),), out=home / "report", report_id="test",
            **{"lang": "en", **settings},
        )  # fmt: skip
        return make_report(config)

    return make


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in file.read_text().splitlines()]


def number(result: ReportResult) -> int:
    look = result.comparison["verdict"]["look"]
    return int(look["number"])


def test_more_people_make_a_further_look_that_pays_for_it(home: Path, look: Any) -> None:
    """The log of test-set evaluations begins at 1 again, as its test set is another one."""
    first, second = look(4), look(6)
    assert first.comparison["verdict"]["look"]["alpha"] == FIRST
    found = second.comparison["verdict"]["look"]
    assert (found["number"], found["n_people"], found["n_new"]) == (2, 6, 2)
    assert FIRST <= found["spent"] < ALPHA
    assert found["alpha"] < FIRST
    assert "Look 2 at this question" in second.as_text()
    for file in (home / "datasets" / "verdict_looks.jsonl", home / "datasets" / "people" / "verdict_looks.jsonl"):
        assert [line["number"] for line in lines(file)] == [1, 2]


def test_the_same_report_again_or_in_korean_is_no_new_look(home: Path, look: Any) -> None:
    assert [number(look(4)), number(look(4)), number(look(4, lang="ko"))] == [1, 1, 1]
    assert len(lines(home / "datasets" / "verdict_looks.jsonl")) == 1


def test_a_renamed_copy_and_a_dataset_that_lost_its_log_go_on_where_it_was(home: Path, look: Any) -> None:
    look(4)
    (home / "datasets" / "people" / "verdict_looks.jsonl").unlink()
    shutil.copytree(home / "datasets" / "people", home / "datasets" / "copy")
    manifest = home / "datasets" / "copy" / "dataset.json"
    document = json.loads(manifest.read_text())
    contracts.write_bytes(manifest, json.dumps(document | {"name": "copy"}).encode())
    assert number(look(6, "copy")) == 2


def test_a_dataset_that_is_moved_takes_its_looks_along(home: Path, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    look(4)
    (home / "datasets" / "verdict_looks.jsonl").unlink()
    assert number(look(6)) == 2


def test_other_models_on_the_same_people_are_the_same_look_and_are_counted(look: Any) -> None:
    look(4)
    again = look(4, model="2")
    assert number(again) == 1
    assert "judged with 2 sets of models" in again.as_text()


def test_another_metric_is_another_question(look: Any) -> None:
    look(4)
    assert number(look(6, question=Question(primary="roc_auc"))) == 1
    assert number(look(6)) == 2


def test_a_broken_line_is_noted_and_no_reset(home: Path, look: Any, capsys: pytest.CaptureFixture[str]) -> None:
    look(4)
    with (home / "datasets" / "verdict_looks.jsonl").open("a") as file:
        file.write('{"schema_version": 1, "loo')
    assert number(look(6)) == 2
    assert "1 lines cannot be read" in capsys.readouterr().err


def test_results_without_their_dataset_are_not_counted(plan: tuple[Path, Path], report: Any, tmp_path: Path) -> None:
    result, page = report(tmp_path, *plan)
    assert result.comparison["verdict"]["look"] is None
    assert "Looks at this question are not counted" in page.text


def test_an_only_look_may_use_all_and_what_comes_after_it_claims_nothing(look: Any) -> None:
    first = look(4, only_look=True)
    assert first.comparison["verdict"]["look"]["alpha"] == ALPHA
    assert first.comparison["arms"][1]["verdict"]["plan"] is None
    assert "The only look at this question (4 people): a difference counts from p < 0.050" in first.as_text()
    assert look(4).comparison["verdict"]["look"]["alpha"] == ALPHA
    second = look(6)
    assert second.comparison["verdict"]["because"] == "only_look"
    assert "the first was to be the only one, so nothing is left to claim" in second.as_text()


def test_the_only_look_is_asked_for_beforehand_or_refused(look: Any) -> None:
    look(4)
    for n_people in (4, 6):
        with pytest.raises(WrongUsage, match=r"--only-look: found 1 earlier look\(s\) at this question"):
            look(n_people, only_look=True)
