import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import contracts
from shared.dataset import reader, splits
from shared.dataset.reader import Dataset, format_labels, open_dataset
from shared.errors import InvalidInput
from tools.splitter import cli


@pytest.fixture
def people(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    make_dataset: Callable[..., Dataset],
) -> Dataset:
    """Six drawn people with a busy background each, as a room gives: the plain drawing is nearly one face for all.

    Drawn once; each test has a copy.
    """
    template = tmp_path_factory.getbasetemp() / "six" / "people"
    if not template.exists():
        draw_people(make_dataset(template, subjects=6))
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    shutil.copytree(template, tmp_path / "datasets" / "people")
    return open_dataset(tmp_path / "datasets" / "people")


def draw_people(dataset: Dataset) -> None:
    for row in dataset.rows:
        room = np.random.default_rng(int(row.subject_id[1:])).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        wall = cv2.resize(room, (224, 224), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        for name in row.frame_names():
            picture = dataset.load_picture(name).astype(np.float32)
            write(dataset, name, 0.3 * picture + 0.7 * wall)
    rehash(dataset)


def write(dataset: Dataset, name: str, picture: Any, quality: int = 95) -> None:
    bgr = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8)[:, :, ::-1])
    cv2.imwrite(str(dataset.folder / name), bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def rehash(dataset: Dataset, **changes: Any) -> Dataset:
    """Write labels.csv anew with the hashes that the pictures have now; ``seq_0001={...}`` changes cells."""
    rows = []
    for row in dataset.rows:
        sha256 = reader.hash_pictures((dataset.folder / name).read_bytes() for name in row.frame_names())
        rows.append(replace(row, sha256=sha256, **changes.get(row.sequence_id, {})))
    (dataset.folder / reader.LABELS).write_bytes(format_labels(rows))
    return open_dataset(dataset.folder)


def one_row_of(dataset: Dataset, split: Path, side: str) -> reader.SequenceRow:
    return splits.rows_of(dataset, splits.open_split(split, dataset), side)[0]


def freeze(dataset: Dataset) -> Path:
    folder = dataset.folder.parents[1] / "artifacts" / "splits"
    return splits.freeze_split(dataset, 0, folder)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = cli.main(["check", "--dataset", "people", "--json", *words])
    out, err = capsys.readouterr()
    return code, json.loads(out or "{}"), err


def test_a_clean_dataset_has_no_leak_in_any_of_its_splits(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    freeze(people)
    assert cli.main(["--dataset", "people", "--folds", "3", "--quiet"]) == 0
    code, answer, err = run(capsys)
    assert (code, answer["leaks"], answer["sheet"], err) == (0, [], None, "")
    assert len(answer["splits"]) == 4
    assert answer["n_pictures"] == 6 * 4 * 5


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("alike", lambda picture: picture),
        ("mirrored", lambda picture: picture[:, ::-1]),
        ("alike", lambda picture: cv2.resize(picture[4:220, 2:218], (224, 224))),
    ],
)
def test_a_picture_of_one_person_under_another_name_is_found_and_drawn(
    kind: str, change: Callable[[Any], Any], people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = freeze(people)
    victim, source = (one_row_of(people, before, side) for side in ("test", "train"))
    write(people, victim.frame_names()[2], change(people.load_picture(source.frame_names()[1])), quality=60)
    edited = rehash(people)
    # The same people on the same sides: the seed draws people, not pictures.
    freeze(edited)
    code, answer, err = run(capsys)
    assert code == 1
    # All pictures of the source person look alike here, so all their sequences are near-duplicates of the victim's.
    found = {(leak["kind"], leak["first"]["subject_id"], leak["second"]["subject_id"]) for leak in answer["leaks"]}
    names = sorted([victim.subject_id, source.subject_id])
    assert found == {(kind, *names)}
    sides = {leak[place]["side"] for leak in answer["leaks"] for place in ("first", "second")}
    assert sides == {"test", "train"}
    files = {leak[place]["file"] for leak in answer["leaks"] for place in ("first", "second")}
    assert victim.frame_names()[2] in files
    assert Path(answer["sheet"]) == tmp_path / "artifacts" / "leaks" / "people" / "pairs.png"
    sheet = cv2.imread(answer["sheet"])
    assert sheet is not None
    assert sheet.shape[0] > 150 * len(answer["leaks"])
    assert "leaks, expected none" in err
    assert "pairs.png" in err


def test_the_same_file_under_another_name_is_called_the_same_picture(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    before = freeze(people)
    victim, source = (one_row_of(people, before, side) for side in ("validation", "test"))
    shutil.copy(people.folder / source.frame_names()[0], people.folder / victim.frame_names()[0])
    freeze(rehash(people))
    code, answer, _ = run(capsys)
    assert code == 1
    first = answer["leaks"][0]
    assert (first["kind"], first["correlation"]) == ("bytes", None)
    assert {first["first"]["file"], first["second"]["file"]} == {source.frame_names()[0], victim.frame_names()[0]}


def test_near_duplicates_on_one_side_are_no_leak_of_this_split(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    before = splits.open_split(freeze(people), people)
    one, other = before["sides"]["train"]["subjects"][:2]
    first, second = (next(row for row in people.rows if row.subject_id == subject) for subject in (one, other))
    shutil.copy(people.folder / first.frame_names()[0], people.folder / second.frame_names()[0])
    split = freeze(rehash(people))
    assert run(capsys, "--split", str(split))[0] == 0


def test_a_film_that_runs_back_and_forth_is_no_leak(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    for subject in people.subjects():
        first, second = [row for row in people.rows if row.subject_id == subject][:2]
        for name, other in zip(first.frame_names(), reversed(second.frame_names()), strict=True):
            shutil.copy(people.folder / name, people.folder / other)
    freeze(rehash(people))
    assert run(capsys)[0] == 0


def test_a_person_on_two_sides_is_listed_once_a_pair_of_sides(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    file = freeze(people)
    split = json.loads(file.read_text())
    moved = split["sides"]["train"]["sequences"][0]
    split["sides"]["test"]["sequences"].append(moved)
    contracts.write_document(file, split, "split")
    code, answer, _ = run(capsys)
    assert code == 1
    (leak,) = answer["leaks"]
    assert leak["kind"] == "person"
    assert leak["first"]["subject_id"] == leak["second"]["subject_id"]
    assert [leak["first"]["side"], leak["second"]["side"]] == ["train", "test"]


def test_a_take_that_two_people_share_is_found_and_refused_on_reading(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    before = freeze(people)
    one, other = (one_row_of(people, before, side) for side in ("train", "test"))
    edited = rehash(people, **{other.sequence_id: {"take_id": one.take_id}})
    with pytest.raises(InvalidInput, match="with the same take as"):
        freeze(edited)
    code, answer, _ = run(capsys)
    assert (code, {leak["kind"] for leak in answer["leaks"]}) == (1, {"take"})


def test_whole_sequences_that_are_copies_are_refused_on_reading_already(people: Dataset) -> None:
    before = freeze(people)
    one, other = (one_row_of(people, before, side) for side in ("train", "test"))
    for name, copy in zip(one.frame_names(), other.frame_names(), strict=True):
        shutil.copy(people.folder / name, people.folder / copy)
    with pytest.raises(InvalidInput, match=r"with the same pictures as .*; ./inv splitter check"):
        freeze(rehash(people))


def test_a_leak_of_several_splits_is_listed_once_with_their_names(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (next(row for row in people.rows if row.subject_id == subject) for subject in ("s01", "s02"))
    shutil.copy(people.folder / first.frame_names()[0], people.folder / second.frame_names()[0])
    rehash(people)
    assert cli.main(["--dataset", "people", "--leave-one-out", "--quiet"]) == 0
    _, answer, _ = run(capsys)
    leaks = [leak for leak in answer["leaks"] if leak["kind"] == "bytes"]
    assert len(leaks) == 1
    assert any("person1of6" in split for split in leaks[0]["splits"])
    assert any("person2of6" in split for split in leaks[0]["splits"])


def test_a_sheet_of_what_is_mended_by_now_is_taken_away(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    file = freeze(people)
    clean = file.read_bytes()
    split = json.loads(clean)
    split["sides"]["test"]["sequences"].append(split["sides"]["train"]["sequences"][0])
    contracts.write_document(file, split, "split")
    _, answer, _ = run(capsys)
    assert Path(answer["sheet"]).is_file()
    file.write_bytes(clean)
    assert run(capsys)[0] == 0
    assert not Path(answer["sheet"]).exists()


def test_without_a_split_it_says_how_to_make_one(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys)
    assert code == 1
    assert "make one: ./inv split --dataset people" in err


def test_a_picture_that_is_none_is_named(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    freeze(people)
    (people.folder / "images" / "seq_0003_frame_1.jpg").write_bytes(b"not a picture")
    code, _, err = run(capsys)
    assert code == 1
    assert "seq_0003_frame_1.jpg: found a file that is no picture" in err


def test_duplicates_are_listed_and_drawn_without_a_split(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (next(row for row in people.rows if row.subject_id == subject) for subject in ("s01", "s02"))
    picture = people.load_picture(first.frame_names()[0])
    write(people, second.frame_names()[3], cv2.resize(picture[9:211, 4:206, :][:, ::-1], (224, 224)), quality=60)
    rehash(people)
    code = cli.main(["duplicates", "--dataset", "people", "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert code == 1
    assert {pair["kind"] for pair in answer["pairs"]} == {"mirrored"}
    people_of = {(pair["first"]["subject_id"], pair["second"]["subject_id"]) for pair in answer["pairs"]}
    assert people_of == {("s01", "s02")}
    assert second.frame_names()[3] in {pair["second"]["file"] for pair in answer["pairs"]}
    assert cv2.imread(answer["sheet"]) is not None
    assert cli.main(["duplicates", "--dataset", "people"]) == 1
    assert "near-duplicates, mirrored: " in capsys.readouterr().out


def test_two_takes_of_one_person_are_compared_on_request_only(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = [row for row in people.rows if row.subject_id == "s03"][:2]
    shutil.copy(people.folder / one.frame_names()[0], people.folder / other.frame_names()[0])
    rehash(people, **{other.sequence_id: {"take_id": "take_0099"}})
    assert cli.main(["duplicates", "--dataset", "people"]) == 0
    assert "no duplicate" in capsys.readouterr().out
    assert cli.main(["duplicates", "--dataset", "people", "--across", "takes", "--json"]) == 1
    kinds = {pair["kind"] for pair in json.loads(capsys.readouterr().out)["pairs"]}
    assert kinds == {"bytes", "alike"}  # all pictures of this person are one drawing
