import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import contracts, sequences, stale
from shared.errors import InvalidInput
from tools.reporter.report import ReportConfig, ReportResult, make_report
from tools.reporter.strips import FRAME_PX

CARD = Path(__file__).parent.parent / "schemas" / "positive" / "model" / "ours.json"
VOID = {"meta", "link", "img", "br", "input"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what a person reads and what a browser would load."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        self.words += [value or "" for name, value in attrs if name in ("alt", "title")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\xa0", " ").split())


def report(tmp_path: Path, baseline: Path, *candidates: Path, **changes: Any) -> tuple[ReportResult, Reader]:
    config = ReportConfig(
        baseline=(None, baseline),
        candidates=tuple((None, path) for path in candidates),
        **{"out": tmp_path / "report", "report_id": "test", **changes},
    )
    result = make_report(config)
    return result, Reader((result.folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture
def plan(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> tuple[Path, Path]:
    """Results with the tables of the plan: 65.0 against 72.5 percent."""
    return (
        make_results(tmp_path, "baseline", plan_rows["baseline"], 0.5),
        make_results(tmp_path, "candidate", plan_rows["candidate"], 0.282),
    )


def test_the_page_states_the_plain_facts_and_that_they_may_be_luck(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    result, page = report(tmp_path, *plan)
    assert "80 sequences (40 non_smile, 40 smile) of 20 people in dataset people, the test side" in page.text
    assert (
        "candidate: recall 70.0 % against 75.0 % (−5.0 points); accuracy 72.5 % against 65.0 % (+7.5 points). "
        "Answers that became right: 8; became wrong: 2; unchanged: 70." in page.text
    )
    assert "A single answer more or less moves accuracy by 1.3 points and recall by 2.5 points" in page.text
    assert "Measured values that reach their target: baseline 0 of 5; candidate 0 of 5." in page.text
    for cell in ("62.5 %", "73.7 %", "68.2 %", "71.8 %", "30 of 40", "28 of 38", "0.2820", "90 %", "87 %", "0.90"):
        assert cell in page.text
    assert "the model's own, chosen on validation: 24 sequences of 6 people" in page.text
    assert "SYNTHETIC" not in page.text
    assert "verdict on candidate: cannot tell" in result.as_text()
    assert "72.5 % [" in result.as_text()


def test_the_folder_holds_page_text_figures_and_a_valid_comparison(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    result, _ = report(tmp_path, *plan)
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "calibration.png",
        "comparison.json",
        "confusion.png",
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


def test_the_page_is_whole_in_itself_and_runs_no_code_but_its_own(tmp_path: Path, plan: tuple[Path, Path]) -> None:
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


def test_the_korean_page_is_korean_all_through(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    _, page = report(tmp_path, *plan, lang="ko")
    source = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert '<html lang="ko">' in source
    assert "판단할 수 없음" in page.text
    for text in (page.text, markdown):
        assert len(re.findall("[가-힣]", text)) > 500
        assert re.findall(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", text) == []  # names may stand side by side


def test_what_comes_from_data_is_shown_and_never_run(tmp_path: Path, make_results: Any) -> None:
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


def test_undefined_metrics_are_explained_in_words(tmp_path: Path, make_results: Any) -> None:
    rows = [("seq_0001", "s01", "smile", 0.4), ("seq_0002", "s02", "non_smile", 0.4)]
    silent, loud = make_results(tmp_path, "silent", rows, 0.9), make_results(tmp_path, "loud", rows, 0.3)
    _, page = report(tmp_path, silent, loud)
    assert "silent: nothing was called smile at this threshold, so precision is not defined." in page.text
    assert "loud: everything was called smile at this threshold" in page.text
    assert "silent: all scores are equal" in page.text
    assert page.text.count("not defined") >= 2


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_one_class_only_gives_a_report_without_curve_and_without_nonsense(
    tmp_path: Path, make_results: Any, lang: str
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


def test_figures_that_flatter_are_called_so(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> None:
    path = make_results(tmp_path, "old", plan_rows["baseline"], side="all", split=None)
    document = json.loads(path.read_text())
    document["metrics"]["threshold_source"] = "optimal"
    document["model"] = {**document["model"], "name": "tuned"}
    tuned = tmp_path / "tuned_results.json"
    tuned.write_text(json.dumps(document))
    _, page = report(tmp_path, path, tuned)
    assert "If a model was trained on some of these people, its figures flatter it." in page.text
    assert "tuned: its threshold was chosen on the very sequences that it is measured on" in page.text
    assert "tuned: this is the same model file as that of old." in page.text


def test_a_threshold_chosen_on_two_people_is_called_shaky(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    own = {
        "value": 0.5,
        "chosen_on": "validation",
        "objective": "youden",
        "n_sequences": 8,
        "n_subjects": 2,
        "interval": None,
    }
    model = {"name": "new", "file": "new.onnx", "sha256": "a" * 64, "threshold": own}
    old = make_results(tmp_path, "old", plan_rows["baseline"])
    _, page = report(tmp_path, old, make_results(tmp_path, "new", plan_rows["baseline"], model=model))
    assert "new: its threshold was chosen on 8 sequences of 2 people only" in page.text
    assert "old: its threshold" not in page.text


@pytest.fixture
def measured_dataset(tmp_path: Path, make_results: Any, make_dataset: Any) -> tuple[sequences.Dataset, Path, Path]:
    """A dataset of three people with two results on it; every answer differs between the two."""
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    same = {"sequences_sha256": sequences.hash_sequences(dataset.rows), "dataset": dataset.reference()}
    rows = [(row.sequence_id, row.subject_id, row.label, 0.4) for row in dataset.rows]
    return dataset, make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)


def test_changed_sequences_are_shown_with_their_pictures(
    tmp_path: Path, measured_dataset: tuple[sequences.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    result, page = report(tmp_path, old, new, dataset=dataset.folder)
    strips = [link for link in page.links if link.startswith("data:image/jpeg")]
    assert len(strips) == len(dataset.rows) == len(result.comparison["flips"])
    assert "Became wrong (6)" in page.text
    assert "Became right (6)" in page.text
    assert "old: 0.4000 > 0.3000 new: 0.4000 ≤ 0.5000" in page.text
    assert "This page holds pictures of people." in page.text
    labels = [entry for entry in result.comparison["provenance"] if entry["what"] == "dataset people"]
    assert labels[0]["sha256"] == contracts.sha256_file(dataset.folder / "labels.csv")


def test_a_strip_holds_the_frames_in_order(
    tmp_path: Path, measured_dataset: tuple[sequences.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    strip = next(link for link in page.links if link.startswith("data:image/jpeg"))
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(strip.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR_RGB)
    first = next(row for row in dataset.rows if row.label == "smile")  # wrong ones come first: smiles that are lost
    frames = dataset.load_frames(first)
    assert shown.shape == (FRAME_PX, FRAME_PX * len(frames), 3)
    for index, frame in enumerate(frames):
        small = cv2.resize(frame, (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA).astype(int)
        part = shown[:, index * FRAME_PX : (index + 1) * FRAME_PX].astype(int)
        assert np.abs(part - small).mean() < 4


def test_no_faces_leaves_every_picture_of_a_person_out(
    tmp_path: Path, measured_dataset: tuple[sequences.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    _, page = report(tmp_path, old, new, dataset=dataset.folder, with_faces=False)
    assert not [link for link in page.links if link.startswith("data:image/jpeg")]
    assert "Pictures were left out on request (--no-faces)." in page.text
    assert "This page holds pictures of people." not in page.text


def test_a_dataset_whose_labels_changed_since_is_refused_and_nothing_is_written(
    tmp_path: Path, measured_dataset: tuple[sequences.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    labels = dataset.folder / "labels.csv"
    labels.write_text(labels.read_text().replace(",non_smile,", ",smile,", 1))
    with pytest.raises(InvalidInput, match=r"other pictures or labels .*sha256 [0-9a-f]{64}.*[0-9a-f]{64}"):
        report(tmp_path, old, new, dataset=dataset.folder)
    assert not (tmp_path / "report").exists()


def test_synthetic_data_is_marked_in_every_view(tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]) -> None:
    drawn = {"name": "actors", "kind": "synthetic", "sha256": "e" * 64}
    old, new = (make_results(tmp_path, name, plan_rows["baseline"], dataset=drawn) for name in ("old", "new"))
    result, page = report(tmp_path, old, new)
    assert "SYNTHETIC DATA" in page.text
    assert "SYNTHETIC DATA" in (result.folder / "report.md").read_text(encoding="utf-8")
    assert "SYNTHETIC" in result.as_text()
    assert result.as_json()["synthetic"] is True
    _, page = report(tmp_path, old, new, lang="ko")
    assert "합성 데이터" in page.text


def test_several_candidates_and_histories_stand_in_one_report(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    histories = []
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
        histories.append(tmp_path / name / "history.csv")
        histories[-1].write_text("epoch,train_loss\n1,0.7\n2,0.6\n")
    config = ReportConfig(
        baseline=("old", plan[0]),
        candidates=(("ep10", plan[1]), ("ep50", plan[0])),
        histories=tuple(histories),
        out=tmp_path / "report",
    )
    result = make_report(config)
    assert result.pictures == (
        "differences.png",
        "roc.png",
        "confusion.png",
        "calibration.png",
        "learning_curve.png",
        "learning_curve_2.png",
    )
    assert [arm["name"] for arm in result.comparison["arms"]] == ["old", "ep10", "ep50"]
    page = Reader((result.folder / "report.html").read_text(encoding="utf-8"))
    assert "old against ep10 and ep50" in page.text
    assert "ep50 against old No answer changed." in page.text
    assert result.comparison["comparison_id"].startswith("people_test_2")


def write_card(home: Path, results: Path, **changes: Any) -> None:
    """Put a card of the model that was measured where exported models lie."""
    card = json.loads(CARD.read_text(encoding="utf-8")) | changes
    card["onnx"]["sha256"] = json.loads(results.read_text())["model"]["sha256"]
    contracts.write_document(home / "artifacts" / "models" / "candidate" / "model.json", card, "model")


@pytest.mark.parametrize(
    ("dataset", "split_sha256", "notes"),
    [
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, "5" * 64, []),
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, "6" * 64, ["with another split, or without one"]),
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, None, ["with another split, or without one"]),
        ({"name": "others", "kind": "real", "sha256": "d" * 64}, None, []),
        ({"name": "actors", "kind": "synthetic", "sha256": "d" * 64}, None, ["trained on drawn faces"]),
    ],
)
def test_where_a_model_learned_is_said_when_it_matters(
    tmp_path: Path,
    plan: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    dataset: dict[str, str],
    split_sha256: str | None,
    notes: list[str],
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    split = None if split_sha256 is None else {"file": "s.json", "sha256": split_sha256}
    write_card(tmp_path, plan[1], dataset=dataset, split=split)
    _, page = report(tmp_path, *plan)
    for text in ("with another split, or without one", "trained on drawn faces"):
        assert (text in page.text) == (text in notes)


def test_a_model_whose_person_has_withdrawn_is_called_stale_until_it_is_trained_anew(
    tmp_path: Path, plan: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    write_card(tmp_path, plan[1])
    marker = stale.mark(tmp_path / "artifacts" / "models" / "candidate" / "model.json", "a person has withdrawn")
    _, page = report(tmp_path, *plan)
    assert "somebody it learned from has taken consent back" in page.text
    marker.unlink()
    _, page = report(tmp_path, *plan)
    assert "taken consent back" not in page.text


@pytest.mark.parametrize("high", [0.35, 0.45])
def test_scores_worse_than_chance_are_called_so(tmp_path: Path, make_results: Any, high: float) -> None:
    rows = [("q1", "s01", "smile", 0.1), ("q2", "s02", "non_smile", 0.4), ("q3", "s03", "smile", high)]
    rows.append(("q4", "s04", "non_smile", 0.42))  # AUC 0 of 4 pairs, or 2 of 4
    old, new = make_results(tmp_path, "old", rows), make_results(tmp_path, "new", rows)
    _, page = report(tmp_path, old, new)
    assert ("old: its ROC AUC is below 0.5" in page.text) == (high == 0.35)


def test_epochs_and_run_come_from_the_card_with_the_models_hash(
    tmp_path: Path, plan: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    run = {"run_id": "people-20260122", "checkpoint": "epoch_0010", "epoch": 10}
    write_card(tmp_path, plan[1], run={**run, "sha256": "1" * 64, "checkpoint_sha256": "2" * 64})
    broken = tmp_path / "artifacts" / "models" / "a-broken-one" / "model.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    result, page = report(tmp_path, *plan)
    assert [(arm["epochs"], arm["run_id"]) for arm in result.comparison["arms"]] == [
        (None, None),
        (10, "people-20260122"),
    ]
    assert "10 epochs" in page.text
    card_entry = next(e for e in result.comparison["provenance"] if e["what"] == "model_card candidate")
    assert card_entry["file"] == "artifacts/models/candidate/model.json"


def test_the_verdict_comes_first_with_its_word_and_its_sentence(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    result, page = report(tmp_path, *plan)
    sentence = result.comparison["verdict"]["sentence"]["en"]
    assert sentence.startswith("Cannot tell: accuracy changed by +7.5 points (95 % interval")
    source = (result.folder / "report.html").read_text(encoding="utf-8")
    assert source.index("<section") == source.index('<section id="verdict"')
    assert page.text.index(sentence) < page.text.index("What was measured")
    assert '<div class="verdict unsure">' in source
    markdown = (result.folder / "report.md").read_text(encoding="utf-8")
    assert "**Cannot tell** (candidate against baseline)" in markdown
    assert "What would settle it" in markdown


def test_every_metric_has_its_interval_its_n_and_its_method(tmp_path: Path, plan: tuple[Path, Path]) -> None:
    result, page = report(tmp_path, *plan)
    for arm in result.comparison["arms"]:
        for metric, found in arm["intervals"].items():
            assert found["low"] < found["value"] < found["high"], metric
            assert str(found["n"]) in page.text
            assert found["method"] in page.text
    first = result.comparison["arms"][0]["intervals"]["recall"]
    assert f"95 %: {100 * first['low']:.1f} to {100 * first['high']:.1f} %" in page.text
    assert "n = 40, 20 people; Wilson by person" in page.text


def test_people_with_few_sequences_are_hidden_and_small_groups_altogether(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], plan: tuple[Path, Path]
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


def test_false_alarms_are_given_a_minute_where_the_length_of_a_clip_is_known(
    tmp_path: Path, make_results: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    same = {"sequences_sha256": sequences.hash_sequences(dataset.rows), "dataset": dataset.reference()}
    rows = [(row.sequence_id, row.subject_id, row.label, 0.4 + n / 1000) for n, row in enumerate(dataset.rows)]
    old, new = make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    negatives = [row for row in dataset.rows if row.label == "non_smile"]
    minutes = sum(row.frame_count * row.frame_interval_ms for row in negatives) / 60_000
    assert f"{len(negatives) / minutes:.1f} a minute ({len(negatives)} of {len(negatives)})" in page.text
    assert "assume that the game asks the model once for each clip of 0.5 s" in page.text
    assert f"{dataset.name}, version" in page.text
    _, page = report(tmp_path, old, new)  # not named, and not where datasets lie
    assert "a minute (" not in page.text
    assert "The dataset as it was measured was not found" in page.text


def test_openings_of_the_sealed_test_are_counted_where_somebody_counted(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    old = make_results(tmp_path, "old", plan_rows["baseline"], test_openings=6)
    new = make_results(tmp_path, "new", plan_rows["candidate"], 0.282, test_openings=7)
    result, page = report(tmp_path, old, new)
    assert result.comparison["test_openings"] == 7
    assert "had been opened 7 times" in page.text


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_references_stand_in_every_table_but_not_among_the_flips(
    tmp_path: Path, make_results: Any, plan_rows: dict[str, Any], plan: tuple[Path, Path], lang: Any
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


def test_pooled_seeds_show_their_spread_and_the_pictures_of_their_sequences(
    tmp_path: Path, make_results: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    rows = [
        (row.sequence_id + seed, row.subject_id, row.label, 0.4 + number / 1000)
        for seed in ("", "@2")
        for number, row in enumerate(dataset.rows)
    ]
    run = {"file": "r.json", "sha256": "1" * 64, "split": None, "threshold": 0.5}
    metrics = ("accuracy", "recall", "precision", "f1", "roc_auc")
    pooled = {
        "runs": [run | dict.fromkeys(metrics, 0.5)],
        "spread": {key: {"mean": 0.61, "sd": 0.043, "n_runs": 6} for key in metrics},
    }
    same = {"dataset": dataset.reference(), "pooled": pooled, "split": None, "sequences_sha256": "9" * 64}
    old, new = make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    assert len([link for link in page.links if link.startswith("data:image/jpeg")]) == len(rows)
    assert "mean 61.0 % ± 4.3 % over 6 folds and seeds" in page.text
    labels = dataset.folder / "labels.csv"
    labels.write_text(labels.read_text().replace(",non_smile,", ",smile,", 1))
    with pytest.raises(InvalidInput, match="other pictures or labels"):
        report(tmp_path, old, new, dataset=dataset.folder)
