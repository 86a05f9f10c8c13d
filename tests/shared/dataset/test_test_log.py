import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.dataset import test_log
from shared.errors import InvalidInput


def count(folder: Path, sequences: str = "9") -> int:
    return test_log.count_evaluations(test_log.read_evaluations(folder, sequences * 64))


def entry(sequences: str = "9", model: str = "baseline", **more: str) -> dict[str, Any]:
    return {
        **more,
        "schema_version": 1,
        "opened_utc": "2026-01-22T11:25:34Z",
        "split": {"file": "people-seed0.json", "sha256": "b" * 64},
        "model": {"name": model, "sha256": "7" * 64},
        "sequences_sha256": sequences * 64,
        "results": f"{model}_results_20260122_112534.json",
    }


def test_each_evaluation_is_a_line_and_the_count_includes_it(tmp_path: Path) -> None:
    assert count(tmp_path) == 0
    assert [test_log.record_evaluation(tmp_path, entry(model=name)) for name in ("a", "b", "a")] == [1, 2, 3]
    lines = (tmp_path / test_log.LOG).read_text().splitlines()
    assert [json.loads(line)["model"]["name"] for line in lines] == ["a", "b", "a"]
    for line in lines:
        contracts.validate(json.loads(line), "test_opening", "line")


def test_all_arms_of_a_session_are_one_evaluation_and_each_is_a_line(tmp_path: Path) -> None:
    lines = [
        entry(session="ab-1"),
        entry(model="new", session="ab-1"),
        entry(),
        entry(session="ab-2"),
        entry(session="ab-1"),
    ]
    assert [test_log.record_evaluation(tmp_path, one) for one in lines] == [1, 1, 2, 3, 3]
    assert len(test_log.read_evaluations(tmp_path, "9" * 64)) == 5


def test_other_test_sets_are_counted_apart(tmp_path: Path) -> None:
    assert test_log.record_evaluation(tmp_path, entry("1")) == 1
    assert test_log.record_evaluation(tmp_path, entry("2")) == 1
    assert test_log.record_evaluation(tmp_path, entry("1")) == 2
    assert count(tmp_path, "2") == 1


def test_a_line_that_was_cut_off_is_noted_and_spoils_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test_log.record_evaluation(tmp_path, entry())
    with (tmp_path / test_log.LOG).open("a") as file:
        file.write('{"schema_version": 1, "opened_')
    assert test_log.record_evaluation(tmp_path, entry()) == 2
    assert test_log.record_evaluation(tmp_path, entry()) == 3
    assert len((tmp_path / test_log.LOG).read_text().splitlines()) == 4
    assert "1 lines cannot be read" in capsys.readouterr().err


def test_a_log_that_cannot_be_written_stops_nobody_and_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / test_log.LOG).mkdir()  # as good as a read-only disk, and the same for every user
    assert test_log.record_evaluation(tmp_path, entry()) == 1
    assert "this test-set evaluation could not be logged" in capsys.readouterr().err


def test_an_evaluation_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="opened_utc"):
        test_log.record_evaluation(tmp_path, {**entry(), "opened_utc": "yesterday"})
    assert not (tmp_path / test_log.LOG).exists()


def _log_often(folder: Path) -> None:
    for _ in range(20):
        test_log.record_evaluation(folder, entry())


def test_evaluations_from_several_programs_at_once_are_all_there(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_log_often, args=(tmp_path,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert count(tmp_path) == 80
