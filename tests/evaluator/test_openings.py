import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset import splits, test_log
from shared.dataset.check import check_dataset
from shared.dataset.reader import Dataset, hash_sequences, open_dataset
from tools.evaluator import cli


@pytest.fixture
def split_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Path:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return splits.freeze_split(make_dataset(tmp_path / "datasets" / "people", subjects=3), 0)


def measure(split_file: Path, *words: str) -> int:
    return cli.main(["--arm", "majority", "--dataset", "people", "--split", str(split_file), *words])


def read_log(tmp_path: Path) -> list[dict[str, object]]:
    log = tmp_path / "datasets" / "people" / test_log.LOG
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def test_each_measurement_of_the_test_set_is_logged_counted_and_printed(
    split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure(split_file) == 0
    assert "test set evaluated 1 time\n" in capsys.readouterr().out
    assert measure(split_file, "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["results"]["test_openings"] == 2
    log = read_log(tmp_path)
    assert len(log) == 2
    assert log[1]["results"] == Path(answer["file"]).name
    assert log[1]["sequences_sha256"] == answer["results"]["sequences_sha256"]
    assert log[1]["split"] == answer["results"]["split"]
    assert log[1]["model"]["sha256"] == answer["results"]["model"]["sha256"]  # type: ignore[index]


def test_measuring_other_parts_is_no_test_set_evaluation(
    split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure(split_file, "--side", "validation", "--json") == 0
    assert json.loads(capsys.readouterr().out)["results"]["test_openings"] is None
    assert measure(split_file, "--side", "all") == 0
    assert "evaluated" not in capsys.readouterr().out
    assert read_log(tmp_path) == []


def test_the_same_test_people_in_another_split_file_are_the_same_test_set(
    split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(split_file.read_text())
    document["split_id"] = "mine"
    renamed = split_file.with_name("mine.json")
    renamed.write_text(json.dumps(document))
    assert measure(split_file, "--quiet") == 0
    assert measure(renamed, "--quiet") == 0
    assert "test set evaluated 2 times" in capsys.readouterr().out


def test_the_log_does_not_touch_the_dataset_itself(split_file: Path, tmp_path: Path) -> None:
    assert measure(split_file, "--quiet") == 0
    assert [problem for problem in check_dataset(tmp_path / "datasets" / "people") if problem.is_error] == []
    (line,) = read_log(tmp_path)
    dataset = open_dataset(tmp_path / "datasets" / "people")
    rows = splits.rows_of(dataset, splits.read_split(split_file, dataset), "test")
    assert line["sequences_sha256"] == hash_sequences(rows)


def test_arms_of_one_session_are_one_test_set_evaluation(
    split_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        assert measure(split_file, "--session", "ab-1") == 0
        assert "test set evaluated 1 time\n" in capsys.readouterr().out
    monkeypatch.setenv("SMILEBENCH_SESSION", "ab-2")
    assert measure(split_file) == 0
    assert "test set evaluated 2 times\n" in capsys.readouterr().out
    assert [line.get("session") for line in read_log(tmp_path)] == ["ab-1", "ab-1", "ab-2"]
    assert measure(split_file, "--session", "no such name!") == 2
    assert "--session" in capsys.readouterr().err
