import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.statistics.intervals import Interval
from tools.reporter.text.words import ReportWords


def test_the_page_states_the_plain_facts_and_that_they_may_be_luck(
    report: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    result, page = report(tmp_path, *plan)
    assert "80 sequences (40 non_smile, 40 smile) of 20 people in dataset people, the test set" in page.text
    assert (
        "candidate: recall 70.0 % against 75.0 % (−5.0 points); accuracy 72.5 % against 65.0 % (+7.5 points). "
        "Predictions that became right: 8; became wrong: 2; unchanged: 70." in page.text
    )
    assert "A single prediction more or less moves accuracy by 1.3 points and recall by 2.5 points" in page.text
    assert "Measured values that reach their target: baseline 0 of 5; candidate 0 of 5." in page.text
    for cell in ("62.5 %", "73.7 %", "68.2 %", "71.8 %", "30 of 40", "28 of 38", "0.2820", "90 %", "87 %", "0.90"):
        assert cell in page.text
    assert "the model's own, chosen on validation: 24 sequences of 6 people" in page.text
    assert "SYNTHETIC" not in page.text
    assert "verdict on candidate: cannot tell" in result.as_text()
    assert "72.5 % [" in result.as_text()


def test_the_folder_holds_page_text_figures_and_a_valid_comparison(
    report: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    result, _ = report(tmp_path, *plan)
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "calibration.png",
        "comparison.json",
        "confusion.png",
        "decision_curve.png",
        "differences.png",
        "report.html",
        "report.md",
        "roc.png",
    ]
    document = contracts.read_document(result.folder / "comparison.json", "comparison")
    assert document == result.comparison
    assert document["code"]["packages"].keys() >= {"python", "matplotlib"}
    markdown = (result.folder / "report.md").read_text(encoding="utf-8")
    assert "| recall " in markdown
    assert "](roc.png)" in markdown


def test_the_page_is_whole_in_itself_and_runs_no_code_but_its_own(
    report: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    _, page = report(tmp_path, *plan)
    assert page.links
    assert all(link.startswith("data:") for link in page.links)
    assert not page.tags & {"iframe", "object", "embed", "form"}
    source = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "url(" not in source
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'\"" in source
    assert not re.search(r"fetch|XMLHttpRequest|import|eval|innerHTML|https?:", script)


def test_the_korean_page_is_korean_all_through(report: Any, tmp_path: Path, plan: tuple[Path, Path]) -> None:
    _, page = report(tmp_path, *plan, lang="ko")
    source = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert '<html lang="ko">' in source
    assert "판단할 수 없음" in page.text
    for text in (page.text, markdown):
        assert len(re.findall("[가-힣]", text)) > 500
        assert re.findall(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", text) == []  # names may stand side by side


def test_what_comes_from_data_is_shown_and_never_run(report: Any, tmp_path: Path, make_results: Any) -> None:
    evil = "<script>alert(1)</script>"
    rows = [("seq_1&amp;", evil, "smile", 0.4), ("x' onerror='y", "s|2`", "non_<b>smile", 0.2)]
    old, new = make_results(tmp_path, "old", rows, 0.3), make_results(tmp_path, "new", rows, 0.9)
    _, page = report(tmp_path, old, new)
    source = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "b" not in page.tags
    assert source.count("<script") == 1  # the sliders' own
    assert "onerror='" not in source
    assert f"smile, {evil}" in page.text
    assert "seq_1&amp;" in page.text
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "<script" not in markdown.replace("\\<", "")
    assert "seq_1\\&amp;" in markdown


def test_undefined_metrics_are_explained_in_words(report: Any, tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.4)]
    silent, loud = make_results(tmp_path, "silent", rows, 0.9), make_results(tmp_path, "loud", rows, 0.3)
    _, page = report(tmp_path, silent, loud)
    assert "silent: nothing was called smile at this threshold, so precision is not defined." in page.text
    assert "loud: everything was called smile at this threshold" in page.text
    assert "silent: all scores are equal" in page.text
    assert page.text.count("not defined") >= 2


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_one_class_only_gives_a_report_without_curve_and_without_nonsense(
    report: Any, tmp_path: Path, make_results: Any, lang: str
) -> None:
    rows = [("seq_0001", "s01", "non_smile", 0.4), ("seq_0002", "s02", "non_smile", 0.2)]
    old, new = make_results(tmp_path, "old", rows, 0.3), make_results(tmp_path, "new", rows, 0.5)
    result, page = report(tmp_path, old, new, lang=lang)
    assert not (result.folder / "roc.png").exists()
    if lang == "en":
        assert "old: only one class is present (non_smile), so ROC AUC" in page.text
        assert "old: no sequence is labelled smile, so recall is not defined." in page.text
        assert "and recall by" not in page.text
    assert not re.search(r"\b(nan|None|inf)\b", page.text)


def test_synthetic_data_is_marked_in_every_view(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    drawn = {"name": "actors", "kind": "synthetic", "sha256": "e" * 64}
    old, new = (make_results(tmp_path, name, plan_rows["baseline"], dataset=drawn) for name in ("old", "new"))
    result, page = report(tmp_path, old, new)
    assert "SYNTHETIC DATA" in page.text
    assert "SYNTHETIC DATA" in (result.folder / "report.md").read_text(encoding="utf-8")
    assert "SYNTHETIC" in result.as_text()
    assert result.as_json()["synthetic"] is True
    _, page = report(tmp_path, old, new, lang="ko")
    assert "합성 데이터" in page.text


def test_the_verdict_comes_first_with_its_word_and_its_sentence(
    report: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    result, page = report(tmp_path, *plan)
    sentence = result.comparison["verdict"]["sentence"]["en"]
    assert sentence.startswith("Cannot tell: accuracy changed by +7.5 points (95 % interval")
    source = (result.folder / "report.html").read_text(encoding="utf-8")
    assert source.index("<section") == source.index('<section id="verdict"')
    first, small_print, rest = sentence.partition(" This is about these two trained models")
    assert (
        page.text.index(first)
        < page.text.index((small_print + rest).strip()[:80])
        < page.text.index("What was measured")
    )
    assert '<div class="verdict unsure">' in source
    markdown = (result.folder / "report.md").read_text(encoding="utf-8")
    assert "**Cannot tell** (candidate against baseline, as trained)" in markdown
    assert "What would settle it" in markdown


def test_every_metric_has_its_interval_its_n_and_its_method(
    report: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    result, page = report(tmp_path, *plan)
    for arm in result.comparison["arms"]:
        for metric, found in arm["intervals"].items():
            assert found["low"] < found["value"] < found["high"], metric
            assert str(found["n"]) in page.text
            assert ReportWords("en").interval_method(Interval.from_document(found)) in page.text
    first = result.comparison["arms"][0]["intervals"]["recall"]
    assert f"{100 * first['low']:.1f} to {100 * first['high']:.1f} %" in page.text
    assert "n = 40, 20 people; Wilson by person" in page.text


def test_people_with_few_sequences_are_hidden_and_small_groups_altogether(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], plan: tuple[Path, Path]
) -> None:
    rows = [*plan_rows["baseline"], ("seq_0081", "lonely", "smile", 0.9)]
    old, new = make_results(tmp_path, "old", rows), make_results(tmp_path, "new", rows, 0.62)
    _, page = report(tmp_path, old, new)
    people = page.text[page.text.index("Person by person") : page.text.index("Learning curve")]
    assert "lonely" not in people
    assert "s07" in people
    assert "Not shown: 1 person with fewer than 3 sequences each" in people
    few = [row for row in plan_rows["baseline"] if row[1] in ("s01", "s02")]
    _, page = report(tmp_path, make_results(tmp_path, "a", few), make_results(tmp_path, "b", few))
    people = page.text[page.text.index("Person by person") : page.text.index("Learning curve")]
    assert "there are only 2 people" in people
    assert "s01" not in people


def test_evaluations_of_the_test_set_are_counted_where_somebody_counted(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    old = make_results(tmp_path, "old", plan_rows["baseline"], test_openings=6)
    new = make_results(tmp_path, "new", plan_rows["candidate"], 0.282, test_openings=7)
    result, page = report(tmp_path, old, new)
    assert result.comparison["test_openings"] == 7
    assert "had been evaluated 7 times" in page.text


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_references_stand_in_every_table_but_not_among_the_flips(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], plan: tuple[Path, Path], lang: Any
) -> None:
    rows = [(*row[:3], 0.5) for row in plan_rows["baseline"]]
    majority = make_results(tmp_path, "majority-class", rows, arm="majority")
    result, page = report(tmp_path, *plan, references=((None, majority),), lang=lang)
    arm = result.comparison["arms"][2]
    assert (arm["name"], arm["role"], arm["verdict"]) == ("majority-class", "reference", None)
    assert arm["paired"]["accuracy"]["value"] == pytest.approx(0.5 - 0.65)
    assert result.comparison["verdict"]["unbeaten_references"] == []
    assert page.text.count("majority-class") >= 6
    assert "majority-class against baseline" not in page.text
