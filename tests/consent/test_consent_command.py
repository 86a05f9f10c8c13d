"""The command `consent`: records, narrows, widens and lists without a camera; declares the rights of imported data."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent, reader
from shared.dataset.reader import Dataset
from shared.errors import CheckFailed
from tools.consent.cli import main

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=2, kind="real")


@pytest.fixture
def run(people: Dataset, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        try:
            code = main([*map(str, words), "--json"])
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return call


def today(folder: Path, subject: str) -> list[str]:
    book = consent.read_consent(folder)
    return [scope for scope in consent.SCOPES if book.why_not(subject, scope) is None]


def test_a_consent_is_recorded_widened_narrowed_and_taken_back_by_appending(people: Dataset, run: Run) -> None:
    seen = []
    for scope in ("train", "train,publish", "train", "none"):
        before = json.loads((people.folder / "consent.json").read_text())["rows"] if seen else []
        assert run("--subject", "s01", "--scope", scope, "--given-by", "guardian")[0] == 0
        rows = json.loads((people.folder / "consent.json").read_text())["rows"]
        assert rows[:-1] == before
        seen.append(today(people.folder, "s01"))
    assert seen == [["train"], ["train", "publish"], ["train"], []]
    assert rows[0]["given_by"] == "guardian"
    assert rows[0]["expires_utc"] == consent.expiry(rows[0]["given_utc"], 3)
    assert today(people.folder, "s02") == []


def test_the_list_says_what_everybody_may_be_used_for_and_a_new_consent_after_a_withdrawal(
    people: Dataset, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run("--subject", "s01", "--scope", "none")
    code, listed, _ = run("--subject", "s01", "--scope", "train")
    assert code == 0
    assert "new consent after the withdrawal" in " ".join(listed["notes"])
    _, listed, _ = run("--list")
    first, second = listed["people"]
    assert (first["allowed_today"], first["consent_again_after_withdrawal"]) == (["train"], True)
    assert (second["allowed_today"], second["why_not"]["train"]) == ([], "no consent row")
    assert main(["--list", "--subject", "s01"]) == 0
    text = capsys.readouterr().out
    assert text.count("by self (paper, statement") == 2
    assert run("--list", "--subject", "s99")[0] == 1


@pytest.mark.parametrize("day", ["9999-01-01", "2999-12-31", "2026-02-30"])
def test_a_day_that_has_not_been_is_refused_and_writes_nothing(day: str, people: Dataset, run: Run) -> None:
    code, _, err = run("--subject", "s01", "--scope", "train", "--given-on", day)
    assert code in (1, 2)
    assert day in err
    assert not (people.folder / "consent.json").exists()


def test_an_end_after_more_than_three_years_is_refused(people: Dataset, run: Run) -> None:
    flags = ("--subject", "s01", "--scope", "train", "--given-on", "2026-01-02")
    assert run(*flags, "--until", "2029-01-03")[0] == 1
    assert run(*flags, "--until", "9999-12-31")[0] == 1
    assert not (people.folder / "consent.json").exists()
    assert run(*flags, "--until", "2029-01-02")[0] == 0


def test_an_older_paper_does_not_overrule_a_newer_one(people: Dataset, run: Run) -> None:
    run("--subject", "s01", "--scope", "train")
    code, listed, _ = run("--subject", "s01", "--scope", "train,publish", "--given-on", "2026-01-02")
    assert code == 0
    assert "a later row counts" in " ".join(listed["notes"])
    assert today(people.folder, "s01") == ["train"]


def test_several_datasets_must_be_told_apart(people: Dataset, run: Run, make_dataset: Callable[..., Dataset]) -> None:
    make_dataset(people.folder.with_name("others"), subjects=1, kind="real")
    code, _, err = run("--list")
    assert code == 2
    assert "others, people" in err


def test_declared_rights_cover_training_but_not_publishing(people: Dataset, run: Run) -> None:
    text = people.folder.joinpath(reader.LABELS).read_text().replace(",camera,", ",photo,")
    people.folder.joinpath(reader.LABELS).write_text(text)
    assert run("--licence", "CC0")[0] == 2
    assert run("--licence", "CC0", "--basis", "drawn by a test", "--source", "film")[0] == 1
    assert run("--licence", "CC0", "--basis", "drawn by a test")[0] == 0
    dataset = reader.open_dataset(people.folder)
    assert consent.permitted(dataset).rows == dataset.rows
    with pytest.raises(CheckFailed, match="nobody who may be used"):
        consent.permitted(dataset, "publish")
