"""One pass over a dataset lists everything that is wrong with it, with file and row."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.dataset import check, consent
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from tools.verifier import cli

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Three people, two sequences each, of two small pictures."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    folder = tmp_path / "datasets" / "people"
    return make_dataset(folder, subjects=3, kind="real", protocol=parse_protocol(document, "small"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the verifier: exit code, JSON, and the text that people get."""

    def verifier(*words: str) -> tuple[int, dict[str, Any], str]:
        code = cli.main(["--dataset", "people", *words])
        text = capsys.readouterr().out
        assert cli.main(["--dataset", "people", "--json"]) == code
        return code, json.loads(capsys.readouterr().out), text

    return verifier


def edit(dataset: Dataset, name: str, change: Callable[[str], str]) -> None:
    path = dataset.folder / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def manifest_of(dataset: Dataset, **changes: Any) -> None:
    path = dataset.folder / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def test_a_good_dataset_is_valid_and_says_what_was_checked(people: Dataset, run: Run) -> None:
    code, answer, text = run()
    assert (code, answer["valid"], answer["n_sequences"], answer["n_pictures"]) == (0, True, 6, 12)
    assert answer["errors_by_kind"] == {}
    assert text.splitlines()[-1].endswith("valid (6 sequences, 12 pictures)")


def test_everything_that_is_wrong_is_listed_in_one_pass_with_file_and_row(people: Dataset, run: Run) -> None:
    images = people.folder / "images"
    (images / "seq_0001_frame_0.jpg").write_bytes(b"no picture")
    (images / "seq_0002_frame_1.jpg").unlink()
    shutil.copy(images / "seq_0004_frame_0.jpg", images / "seq_0003_frame_0.jpg")
    (people.folder / "takes" / "take_0003.mp4").write_bytes(b"another film")
    (people.folder / "takes" / "take_0002.json").write_text("{", encoding="utf-8")
    (images / "stray.jpg").write_bytes(b"x")
    edit(
        people,
        "labels.csv",
        lambda text: text.replace("seq_0005,s03,take_0003,non_smile", "seq_0005,s03,take_0003,angry"),
    )
    code, answer, text = run()
    assert code == 1
    where = {(problem["kind"], problem["where"]) for problem in answer["problems"] if problem["is_error"]}
    assert where == {
        ("picture", "labels.csv row 2 (seq_0001): images/seq_0001_frame_0.jpg"),
        ("picture", "labels.csv row 3 (seq_0002): images/seq_0002_frame_1.jpg"),
        ("hash", "labels.csv row 4 (seq_0003)"),
        ("row", "labels.csv: row 6 (seq_0005)"),
        ("take", str(people.folder / "takes" / "take_0002.json")),
        ("film", "takes/take_0003.json"),
    }
    assert "angry" in text
    assert "stray.jpg" in text
    assert text.splitlines()[-1].endswith("6 errors (5 sequences, 10 pictures)")


def test_of_many_problems_of_a_kind_a_few_are_shown_and_all_are_in_the_json(people: Dataset, run: Run) -> None:
    for path in (people.folder / "images").iterdir():
        path.write_bytes(b"")
    _, answer, text = run("--most", "3")
    assert answer["errors_by_kind"] == {"picture": 12}
    assert text.count("a file that is no picture") == 3
    assert "… and 9 more errors of the kind picture" in text


def test_counts_and_ids_that_do_not_fit_are_errors(people: Dataset, run: Run) -> None:
    manifest_of(people, counts={**people.manifest["counts"], "subjects": 9}, next={"take": 2, "sequence": 7})
    _, answer, text = run()
    assert answer["errors_by_kind"] == {"manifest": 2}
    assert "subjects is 9, counted 3" in text
    assert "its next take is 2, but number 3 is in use" in text


def test_a_take_of_two_people_and_times_that_run_backwards_are_errors(people: Dataset, run: Run) -> None:
    lines = (people.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    cells = lines[1].split(",")
    times = cells[8].split()
    lines[1] = ",".join([*cells[:8], f"{times[1]} {times[0]}", *cells[9:]])
    lines[2] = lines[2].replace(",s01,", ",s02,")
    (people.folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, answer, text = run()
    assert answer["errors_by_kind"] == {"times": 1, "take": 1}
    assert "one take of 2 people: s01, s02" in text


def test_a_sequence_that_is_there_twice_is_a_note_that_names_the_other_person(people: Dataset, run: Run) -> None:
    first, other = people.rows[0], people.rows[2]
    for one, two in zip(first.frame_names(), other.frame_names(), strict=True):
        shutil.copy(people.folder / one, people.folder / two)
    edit(people, "labels.csv", lambda text: text.replace(other.sha256, first.sha256))
    code, answer, text = run()
    assert code == 0
    assert answer["notes_by_kind"]["duplicate"] == 1
    assert "row 4 (seq_0003): the same pictures as row 2 (seq_0001) of another person, s01" in text


def test_people_without_consent_are_a_note_and_those_with_it_are_not(people: Dataset, run: Run) -> None:
    given = {"given_utc": "2026-01-01T00:00:00Z"}
    consent.record(people.folder, consent.Agreement("s01", ("train", "publish"), **given))
    consent.record(people.folder, consent.Agreement("s02", ("train",), **given))
    code, answer, text = run()
    assert code == 0
    assert answer["notes_by_kind"]["consent"] == 2
    assert "1 of 3 people have not agreed to train (s03: no consent row)" in text
    assert "2 of 3 people have not agreed to publish (s02: agreed to train only; s03: no consent row)" in text


def test_a_review_of_another_dataset_is_an_error(people: Dataset, run: Run) -> None:
    if "review" not in contracts.schema_names():
        pytest.skip("no schema of reviews yet")
    begun = {"name": "strangers", "created_utc": "2020-01-01T00:00:00Z"}
    document = {"schema_version": 1, "dataset": begun, "decisions": []}
    contracts.write_document(people.folder / "review.json", document, "review")
    code, answer, text = run()
    assert (code, answer["errors_by_kind"]) == (1, {"review": 1})
    assert "another dataset, strangers of 2020-01-01T00:00:00Z" in text


def test_a_broken_consent_or_origins_file_is_an_error_and_the_rest_is_checked(people: Dataset, run: Run) -> None:
    (people.folder / "consent.json").write_text("[]", encoding="utf-8")
    (people.folder / "origins.csv").write_text("a,b\n", encoding="utf-8")
    (people.folder / "images" / "seq_0001_frame_0.jpg").write_bytes(b"")
    assert run()[1]["errors_by_kind"] == {"picture": 1, "consent": 1, "origins": 1}


def test_a_removed_take_that_cannot_be_put_back_is_a_note(people: Dataset, run: Run) -> None:
    from shared.dataset.writer import DatasetWriter

    protocol = parse_protocol(people.manifest["protocol"], "small")
    with DatasetWriter(people.folder, protocol, "real") as writer:
        place = writer.withdraw_take("take_0001")
    assert "trash" not in run()[1]["notes_by_kind"]
    (place / "images" / "seq_0001_frame_0.jpg").unlink()
    code, answer, text = run()
    assert (code, answer["notes_by_kind"]["trash"]) == (0, 1)
    assert "1 of its pictures are gone" in text


def test_no_dataset_is_one_line_and_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    code, answer, text = run()
    assert (code, answer["n_sequences"]) == (1, 0)
    assert "no such folder" in text


def test_it_can_be_run_as_a_program(people: Dataset) -> None:
    words = [sys.executable, "-m", "tools.verifier", "--dataset", str(people.folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (0, "")


def test_a_label_that_was_changed_without_its_emotion_is_an_error_with_its_row(people: Dataset, run: Run) -> None:
    """A label changed by hand left the other label's emotion beside it, and the dataset was called valid."""
    first = next(row for row in people.rows if row.label == "smile")
    number = people.rows.index(first) + 2
    lines = (people.folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    lines[number - 1] = lines[number - 1].replace(",smile,", ",non_smile,")
    edit(people, "labels.csv", lambda _: "\n".join(lines) + "\n")
    code, answer, text = run()
    assert code == 1
    assert answer["errors_by_kind"]["emotion"] == 1
    told = f"labels.csv row {number} ({first.sequence_id}): the label non_smile beside the emotion happy"
    assert told in text
    assert "./inv review" in text


def test_subjects_that_differ_in_capitals_only_are_an_error(people: Dataset, run: Run) -> None:
    edit(people, "labels.csv", lambda text: text.replace(",s01,", ",S02,"))
    code, answer, text = run()
    assert code == 1
    assert answer["errors_by_kind"]["alike"] == 1
    assert "S02: a subject called s02, too: one person is written in one way" in text


def test_each_row_takes_little_memory_beside_itself(people: Dataset) -> None:
    labels = people.folder / "labels.csv"
    head, first, *_ = labels.read_text(encoding="utf-8").splitlines()
    n_rows = 4000
    more = [first.replace("seq_0001", f"seq_{n:04d}").replace("take_0001", f"take_{n:04d}") for n in range(1, n_rows)]
    labels.write_text("\n".join([head, *more, "seq_9999,s01,take_9999,no_label"]) + "\n", encoding="utf-8")
    for number in range(1, n_rows):
        (people.folder / "images" / f"seq_{number:04d}_frame_0.jpg").touch()
    contents, problems = check.read_contents(people.folder)
    assert contents is not None
    assert [problem.kind for problem in problems] == ["row"]
    tracemalloc.start()
    try:
        strays = list(check._check_strays(contents))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not strays
    assert peak < 600 * n_rows  # before, each line's cells and each file's path were held: 1,480
