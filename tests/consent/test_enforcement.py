"""Every tool that learns from people, or measures with them, uses only those whose consent to training holds today."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import paths
from shared.dataset import consent, reader, splits
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from tools.evaluator import cli as evaluator
from tools.exporter import cli as exporter
from tools.featurizer import cli as featurizer
from tools.reviewer import cli as reviewer
from tools.splitter import cli as splitter
from tools.trainer import cli as trainer

GIVEN = "2026-01-22T11:25:34Z"
ALLOWED = {"s01", "s02", "s03"}
SMALL = ("--weights", "none", "--epochs", "1", "--threads", "1")
LEFT_OUT = [("expired", 1), ("no_consent_row", 1), ("withdrawn", 1)]
Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(main: Callable[[list[str]], int], *words: object) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return call


@pytest.fixture
def mixed(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Six people: three may be trained on; s04 has expired, s05 withdrew, s06 was never asked."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    protocol = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=6, takes=2, kind="real", protocol=protocol)
    for subject in dataset.subjects()[:5]:
        given = "2020-01-22T11:25:34Z" if subject == "s04" else GIVEN
        consent.record(dataset.folder, Agreement(subject, ("train",), given))
    consent.withdraw(dataset.folder, "s05")
    return dataset


def counts(document: dict[str, Any]) -> list[tuple[str, int]]:
    return [(one["rule"], one["n_subjects"]) for one in document["dataset"]["consent"]["left_out"]]


def people_of(split: dict[str, Any]) -> set[str]:
    return {subject for side in split["sides"].values() for subject in side["subjects"]}


def test_the_whole_chain_uses_exactly_the_allowed_and_says_whom_it_left_out(mixed: Dataset, run: Run) -> None:
    """Split and train took people whose consent had expired, was withdrawn or was never given."""
    code, made, err = run(splitter.main, "--dataset", "people")
    assert (code, people_of(made["split"]), counts(made["split"])) == (0, ALLOWED, LEFT_OUT)
    assert "expired 1 (8 sequences), no_consent_row 1 (8 sequences), withdrawn 1 (8 sequences)" in err

    code, trained, _ = run(trainer.main, "--dataset", "people", *SMALL)
    assert (code, counts(trained["run"])) == (0, LEFT_OUT)
    assert trained["run"]["n_train"] + trained["run"]["n_validation"] == 2 * 8  # the third person is tested
    assert run(trainer.main, "--dataset", "people", *SMALL)[1]["trained_epochs"] == 0

    code, exported, err = run(exporter.main, "--run", trained["folder"], "--out", "m")
    assert (code, counts(exported["model"])) == (0, LEFT_OUT), err

    code, measured, _ = run(evaluator.main, "--model", "m", "--dataset", "people", "--side", "all")
    assert (code, counts(measured["results"])) == (0, LEFT_OUT)
    file = Path(measured["file"]).with_name(measured["results"]["predictions"]["file"])
    with file.open(newline="") as opened:
        assert {row["subject_id"] for row in csv.DictReader(opened)} == ALLOWED

    code, suspected, err = run(reviewer.main, "suspect", "--dataset", "people", "--kind", "pixels")
    allowed = {row.sequence_id for row in mixed.rows if row.subject_id in ALLOWED}
    assert code == 0, err
    assert (code, {one["sequence_id"] for one in suspected["order"]}) == (0, allowed), err


def test_the_flag_adds_who_was_never_asked_and_nobody_else(mixed: Dataset, run: Run) -> None:
    _, made, _ = run(splitter.main, "--dataset", "people", "--allow-no-consent")
    assert people_of(made["split"]) == {*ALLOWED, "s06"}
    assert made["split"]["dataset"]["consent"]["n_allowed_without_row"] == 1


def test_a_split_from_before_an_expiry_is_used_without_the_person(mixed: Dataset, run: Run) -> None:
    whole = splits.freeze_split(mixed, seed=2)
    learners = set(splits.read_split(whole, mixed)["sides"]["train"]["subjects"])
    flags = ("--dataset", "people", "--split", whole, *SMALL)
    code, trained, err = run(trainer.main, *flags)
    if learners & ALLOWED and set(splits.read_split(whole, mixed)["sides"]["validation"]["subjects"]) & ALLOWED:
        assert (code, trained["run"]["n_train"]) == (0, 8 * len(learners & ALLOWED)), err
    else:
        assert code == 1
    consent.withdraw(mixed.folder, "s03")
    again = run(trainer.main, *flags)
    assert again[0] == 1 or again[1]["folder"] != trained["folder"], "the run that learned from s03 is not handed out"


@pytest.mark.parametrize("tool", ["splitter", "featurizer", "trainer", "evaluator", "suspect"])
def test_where_nobody_is_left_every_tool_ends_with_1_and_names_the_command(
    tool: str, mixed: Dataset, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in ALLOWED:
        consent.withdraw(mixed.folder, subject)
    if tool == "featurizer":
        pytest.importorskip("mediapipe", reason="the featurizer extra is not installed")
        if paths.assets() is None or not (paths.assets() / "models/face_landmarker.task").is_file():
            pytest.skip("no face_landmarker.task")
    calls: dict[str, tuple[Any, tuple[str, ...]]] = {
        "splitter": (splitter.main, ()),
        "featurizer": (featurizer.main, ()),
        "trainer": (trainer.main, SMALL),
        "evaluator": (evaluator.main, ("--model", "none.onnx")),
        "suspect": (reviewer.main, ("suspect",)),
    }
    main, words = calls[tool]
    first = words[:1] if tool == "suspect" else ()
    code, _, err = run(main, *first, "--dataset", "people", *words[len(first) :])
    assert code == 1
    assert "found nobody who may be used (s01: withdrawn" in err
    assert "./inv consent --dataset people --subject" in err
    assert "--allow-no-consent" in err
    made = [path for kind in ("splits", "runs", "results", "features") for path in paths.artifacts(kind).glob("*")]
    assert made == []


def test_another_datasets_consent_is_refused_by_the_tools(mixed: Dataset, run: Run, tmp_path: Path) -> None:
    document = json.loads((mixed.folder / "consent.json").read_text()) | {"dataset": "others"}
    (mixed.folder / "consent.json").write_text(json.dumps(document))
    for main, words in ((splitter.main, ()), (trainer.main, SMALL)):
        code, _, err = run(main, "--dataset", "people", *words)
        assert code == 1
        assert "found the consent of the dataset others, expected that of people" in err


def test_declared_rights_of_photos_let_a_set_without_rows_in(mixed: Dataset, run: Run) -> None:
    labels = (mixed.folder / reader.LABELS).read_text().replace(",camera,", ",photo,")
    (mixed.folder / reader.LABELS).write_text(labels)
    manifest = json.loads((mixed.folder / "dataset.json").read_text())
    manifest["rights"] = [consent.right_of("photo", "CC0", "drawn by a test")]
    (mixed.folder / "dataset.json").write_text(json.dumps(manifest))
    _, made, _ = run(splitter.main, "--dataset", "people")
    assert people_of(made["split"]) == {*ALLOWED, "s06"}, "a row still counts more than a licence"
