import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools.reporter.cli import main

ROWS = [("seq_0001", "s01", "smile", 0.9), ("seq_0002", "s02", "non_smile", 0.2), ("seq_0003", "s02", "smile", 0.4)]


def test_help_answers_at_once_and_shows_examples() -> None:
    words = [sys.executable, "-m", "tools.reporter", "--help"]
    before = os.times()
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    after = os.times()
    assert "reporter --baseline b.json --candidate" in done.stdout
    # Of the processor, not of the clock: the machine may be busy.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5


def test_json_is_one_document_that_says_where_everything_lies(
    tmp_path: Path, make_results: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS)
    flags = ["--baseline", str(old), "--candidate", f"ep10={new}", "--out", str(tmp_path / "out"), "--json"]
    assert main(flags) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [arm["name"] for arm in answer["arms"]] == ["old", "ep10"]
    for key in ("report", "markdown", "comparison"):
        assert Path(answer[key]).is_file()
    assert all(Path(name).is_file() for name in answer["pictures"])


def test_different_sequences_end_with_one_line_and_exit_1(
    tmp_path: Path, make_results: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS[:2])
    assert main(["--baseline", str(old), "--candidate", str(new), "--out", str(tmp_path / "out")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "sequences_sha256" in captured.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--baseline", "b.json"], "--candidate"),
        (["--baseline", "b.json", "--candidate", "no good name=a.json"], "before the '='"),
        (["--baseline", "b.json", "--candidate", "a.json", "--report-id", "../up"], "--report-id"),
        (["--baseline", "b.json", "--candidate", "a.json", "--dataset", "no such name"], "--dataset"),
        (["--baseline", "b.json", "--candidate", "a.json", "--lang", "fr"], "--lang"),
    ],
)
def test_wrong_usage_is_exit_2(flags: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(flags)
    except SystemExit as stopped:  # argparse's own
        code = stopped.code
    assert code == 2
    assert message in capsys.readouterr().err


def test_a_file_that_is_not_there_is_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--baseline", str(tmp_path / "b.json"), "--candidate", "a.json"]) == 1
    assert "no such file" in capsys.readouterr().err


def test_a_file_name_with_an_equals_sign_is_a_file(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS)
    odd = new.rename(tmp_path / "lr=5e-5_results.json")
    assert main(["--baseline", str(old), "--candidate", str(odd), "--out", str(tmp_path / "out"), "--quiet"]) == 0
