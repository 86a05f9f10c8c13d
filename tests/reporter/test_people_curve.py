from pathlib import Path
from typing import Any

import pytest

from tools.reporter import cli


def _report(tmp_path: Path, make_results: Any, rows: dict[str, Any], lang: str, *people: str) -> str:
    old, new = make_results(tmp_path, "old", rows["baseline"]), make_results(tmp_path, "new", rows["candidate"])
    words = ["--baseline", str(old), "--candidate", str(new), "--out", str(tmp_path / "out"), "--lang", lang]
    assert cli.main([*words, *people, "--quiet"]) == 0
    return (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Would more people help?"), ("ko", "사람을 더 녹화하면 나아질까요?")]
)
def test_accuracy_is_drawn_against_the_number_of_people(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], lang: str, title: str
) -> None:
    few = make_results(tmp_path, "few", plan_rows["baseline"])  # accuracy 65 %
    all_of_them = make_results(tmp_path, "all", plan_rows["candidate"], threshold=0.282)  # 72.5 %
    flags = ["--people", f"12={all_of_them}", "--people", f"3={few}"]
    text = _report(tmp_path, make_results, plan_rows, lang, *flags)
    assert title in text
    section = text.split(title)[1]
    assert section.index("65") < section.index("72.5")
    assert (tmp_path / "out" / "people_curve.png").is_file()


def test_without_two_points_there_is_no_curve(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> None:
    assert "Would more people help?" not in _report(tmp_path, make_results, plan_rows, "en")


def test_a_point_without_a_number_is_wrong_usage(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_results(tmp_path, "old", plan_rows["baseline"])
    assert cli.main(["--baseline", str(file), "--candidate", str(file), "--people", str(file)]) == 2
    assert "expected N=FILE" in capsys.readouterr().err


def test_a_point_measured_on_other_people_is_refused(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = (make_results(tmp_path, name, plan_rows["baseline"]) for name in ("old", "new"))
    other = make_results(tmp_path, "other", plan_rows["baseline"][:40])
    words = ["--baseline", str(old), "--candidate", str(new), "--out", str(tmp_path / "out")]
    assert cli.main([*words, "--people", f"3={other}", "--people", f"5={new}"]) == 1
    assert "sequences_sha256" in capsys.readouterr().err
