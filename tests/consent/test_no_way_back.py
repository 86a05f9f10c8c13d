"""Who has withdrawn does not come back by any tool; only by a new consent, which is shown."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset import consent, reader
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.dataset.writer import DatasetWriter
from shared.errors import CheckFailed, InvalidInput
from tools.importer import cli as importer
from tools.kaggle_publisher import cli as publisher
from tools.recorder import manage
from tools.recorder.config import RecordingConfig
from tools.recorder.consent_flow import settle_consent
from tools.reviewer import cli as reviewer
from tools.reviewer.decisions import Decision, ReviewFile

GIVEN = "2026-01-22T11:25:34Z"
PROTOCOL = parse_protocol({**read_protocol().document, "image_size_px": 64}, "test")


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=3, kind="real", protocol=PROTOCOL)
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    return dataset


def withdraw(*more: str) -> int:
    return publisher.main(["withdraw", "--dataset", "people", "--subject", "s02", "--quiet", *more])


def subjects(dataset: Dataset) -> list[str]:
    return reader.open_dataset(dataset.folder).subjects()


def agree_again(dataset: Dataset) -> None:
    consent.record(dataset.folder, Agreement("s02", ("train",), consent.paths.utc_text()))


@pytest.mark.parametrize("how", [(), ("--erase",)])
def test_a_reverted_review_does_not_bring_them_back(how: tuple[str, ...], people: Dataset) -> None:
    """review-revert once restored 41 sequences of people who had withdrawn."""
    row = next(row for row in people.rows if row.subject_id == "s02")
    decision = Decision(
        "0" * 32, "r1", row.sequence_id, row.sha256, row.label, "exclude", None, False, None, "2026-01-22T11:25:34Z"
    )
    ReviewFile(people).append([decision])
    assert reviewer.main(["apply", "--dataset", "people", "--quiet"]) == 0
    assert withdraw(*how) == 0
    code = reviewer.main(["revert", "--dataset", "people", "--quiet"])
    assert code == (1 if how else 0)  # an erasure leaves no log of the review
    assert subjects(people) == ["s01", "s03"]
    assert not list(people.folder.glob(f"images/{row.sequence_id}_*"))


def test_a_take_in_the_trash_is_restored_after_a_new_consent_only(people: Dataset) -> None:
    assert withdraw() == 0
    with pytest.raises(InvalidInput, match=r"s02, who withdrew on .*only a new consent by the person"):
        manage.restore(people.folder, "take_0002")
    with (
        pytest.raises(InvalidInput, match="who withdrew"),
        DatasetWriter(people.folder, people.protocol, "real") as writer,
    ):
        writer.restore_take("take_0002")
    assert subjects(people) == ["s01", "s03"]
    agree_again(people)
    manage.restore(people.folder, "take_0002")
    assert subjects(people) == ["s01", "s02", "s03"]


@pytest.mark.parametrize("how", [(), ("--erase",)])
def test_a_film_of_them_is_not_recorded_without_a_new_consent(
    how: tuple[str, ...], people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    assert withdraw(*how) == 0
    settings = RecordingConfig(source="film.mp4", subject_id="s02", dataset=people.folder, lang="en")
    with pytest.raises(CheckFailed, match="a new consent by the person"):
        settle_consent(settings, "film", None)
    again = RecordingConfig(source="film.mp4", subject_id="s02", dataset=people.folder, consent=("train",), lang="en")
    settle_consent(again, "film", None)
    assert "recorded as a new consent" in capsys.readouterr().err
    settle_consent(settings, "film", None)


@pytest.mark.parametrize("how", [(), ("--erase",)])
@pytest.mark.parametrize("prefix", ["", "x_"])
def test_a_merge_leaves_them_out_by_pseudonym_and_by_picture(
    prefix: str, how: tuple[str, ...], people: Dataset, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    backup = make_dataset(tmp_path / "backup" / "people", subjects=3, kind="real", protocol=PROTOCOL)
    assert [row.sha256 for row in backup.rows] == [row.sha256 for row in people.rows]
    assert withdraw(*how) == 0
    words = ["--prefix", prefix] if prefix else ["--same-people"]
    code = importer.main(["--dataset", "people", "--merge", str(backup.folder), *words, "--json", "--quiet"])
    assert code in (0, 1)
    assert subjects(people) == ["s01", "s03"]


def test_their_rows_cannot_be_added_by_any_writer(people: Dataset) -> None:
    assert withdraw("--erase") == 0
    with (
        pytest.raises(InvalidInput, match="s02, who withdrew"),
        DatasetWriter(people.folder, people.protocol, "real") as writer,
    ):
        writer.commit(list(people.rows))
    assert subjects(people) == ["s01", "s03"]


def test_a_new_consent_after_an_erasure_opens_the_door_and_is_listed(people: Dataset) -> None:
    assert withdraw("--erase") == 0
    assert "s02" not in json.dumps([vars(row) for row in consent.read_consent(people.folder).rows])
    agree_again(people)
    settings = RecordingConfig(source="film.mp4", subject_id="s02", dataset=people.folder, lang="en")
    settle_consent(settings, "film", None)


def test_consent_to_training_comes_along_with_a_merge_and_so_does_its_end(people: Dataset, tmp_path: Path) -> None:
    consent.withdraw(people.folder, "s03")
    words = ["--dataset", "everyone", "--merge", "people", "--prefix", "m_", "--quiet"]
    assert importer.main(words) == 0
    merged = reader.open_dataset(tmp_path / "datasets" / "everyone")
    assert consent.permitted(merged).subjects() == ["m_s01", "m_s02"]
    assert consent.read_consent(merged.folder).why_not("m_s01", "publish") == "agreed to train only"
    assert withdraw() == 0
    assert consent.permitted(merged).subjects() == ["m_s01"], "a withdrawal reaches the copies too"
