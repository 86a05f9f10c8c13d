"""Folders of photos become sequences of one picture; what cannot be used is listed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from shared.dataset import bulk_writer, reader
from shared.dataset.check import check_dataset

Run = Callable[..., tuple[int, dict[str, Any], str]]
Draw = Callable[..., Any]
Save = Callable[[Path, Any], None]


@pytest.fixture
def photos(tmp_path: Path, draw: Draw, save: Save) -> Path:
    """Three smiles, two others, in folders by class; one name in Hangul."""
    folder = tmp_path / "사진"
    for number, name in enumerate(
        ["smile/a.jpg", "smile/가족.png", "Smile/c.jpg", "non-smile/d.jpg", "non-smile/e.bmp"]
    ):
        save(folder / name, draw(number))
    return folder


def test_sub_folders_are_labels_and_running_again_adds_nothing(photos: Path, run: Run, tmp_path: Path) -> None:
    code, answer, _ = run("--dataset", "photos", "--photos", photos)
    assert (code, answer["added_by_label"], answer["n_left_out"]) == (0, {"non_smile": 2, "smile": 3}, 0)
    dataset = reader.open_dataset(tmp_path / "datasets" / "photos")
    assert len(dataset.subjects()) == 5  # nobody says who they are
    assert {row.frame_count for row in dataset.rows} == {1}
    assert dataset.load_frames(dataset.rows[0]).shape == (1, 224, 224, 3)
    assert [problem for problem in check_dataset(dataset.folder) if problem.is_error] == []
    before = (dataset.folder / "labels.csv").read_bytes()
    code, answer, _ = run("--dataset", "photos", "--photos", photos)
    assert (code, answer["n_added"], answer["n_known"]) == (0, 0, 5)
    assert (dataset.folder / "labels.csv").read_bytes() == before


def test_what_cannot_be_used_is_listed_with_its_reason(photos: Path, run: Run, draw: Draw, save: Save) -> None:
    (photos / "smile" / "empty.jpg").write_bytes(b"")
    (photos / "smile" / "text.jpg").write_bytes(b"no picture at all")
    whole = cv2.imencode(".jpg", draw(50, 300, 300))[1].tobytes()
    (photos / "smile" / "half.jpg").write_bytes(whole[: len(whole) // 2])
    png = cv2.imencode(".png", draw(51))[1].tobytes()
    (photos / "smile" / "half.png").write_bytes(png[: len(png) // 2])
    save(photos / "smile" / "tiny.png", draw(52, 47, 300))
    (photos / "non-smile" / "z.jpg").write_bytes((photos / "non-smile" / "d.jpg").read_bytes())
    (photos / "smile" / "z.jpg").write_bytes((photos / "non-smile" / "d.jpg").read_bytes())
    (photos / "smile" / "readme.txt").write_text("hello")
    (photos / "smile" / ".DS_Store").write_bytes(b"x")
    save(photos / "angry" / "x.jpg", draw(53))
    code, answer, _ = run("--dataset", "photos", "--photos", photos)
    assert code == 0
    assert answer["n_added"] == 5
    reasons = answer["left_out_by_reason"]
    assert (reasons["unreadable"], reasons["truncated"], reasons["too_small"]) == (2, 2, 1)
    assert (reasons["no_picture"], reasons["unwanted"]) == (1, 1)
    assert (reasons["duplicate"], reasons["conflict"]) == (1, 1)  # the first in order is kept
    assert {each["what"] for each in answer["left_out"] if each["reason"] == "too_small"} == {"smile/tiny.png"}


def test_a_photo_is_turned_upright_by_its_exif_mark(run: Run, tmp_path: Path) -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:50] = 255  # white above, as the sensor has it
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    folder = tmp_path / "in" / "smile"
    folder.mkdir(parents=True)
    Image.fromarray(picture).save(folder / "turned.jpg", exif=exif)
    assert run("--dataset", "photos", "--photos", folder.parent)[0] == 0
    dataset = reader.open_dataset(tmp_path / "datasets" / "photos")
    stored = dataset.load_frames(dataset.rows[0])[0]
    assert stored[:80].max() < 20
    assert stored[-80:].min() > 235


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ";"), ("cp949", ","), ("utf-16", "\t"), ("utf-8", ",")]
)
def test_a_table_from_a_spreadsheet_names_photos_labels_and_people(
    photos: Path, run: Run, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    lines = [
        ["파일", "웃음", "대상"],
        ["smile/가족.png", "1", "김철수"],
        ["non-smile\\d.jpg", "0", "s02"],
        ["", "", ""],
    ]
    table = tmp_path / "표.csv"
    table.write_bytes("\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    words = ["--table", table, "--label-column", "웃음", "--labels", "1=smile,0=non_smile"]
    code, answer, err = run("--dataset", "photos", "--photos", photos, *words)
    assert (code, answer.get("added_by_label")) == (0, {"non_smile": 1, "smile": 1}), err
    rows = reader.open_dataset(tmp_path / "datasets" / "photos").rows
    assert [row.label for row in rows] == ["smile", "non_smile"]
    assert rows[1].subject_id == "s02"
    assert rows[0].subject_id.startswith("p")
    assert "김" not in (tmp_path / "datasets" / "photos" / "labels.csv").read_text(encoding="utf-8")


def test_a_name_gets_the_same_pseudonym_again_and_none_is_kept_on_request(
    photos: Path, run: Run, tmp_path: Path
) -> None:
    for name, subject in [("a.jpg", "Anna"), ("가족.png", "Anna")]:
        (tmp_path / "t.csv").write_text(f"file,label,subject\nsmile/{name},smile,{subject}\n", encoding="utf-8")
        assert run("--dataset", "p", "--photos", photos, "--table", tmp_path / "t.csv", "--pseudonyms")[0] == 0
    dataset = reader.open_dataset(tmp_path / "datasets" / "p")
    assert len(dataset.rows) == 2
    assert len(dataset.subjects()) == 1
    assert dataset.subjects() != ["Anna"]


def test_a_row_whose_photo_is_not_there_makes_the_exit_code_1_and_the_rest_is_imported(
    photos: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("file,label\nsmile/a.jpg,smile\nsmile/gone.jpg,smile\n../t.csv,smile\n")
    code, answer, _ = run("--dataset", "photos", "--photos", photos, "--table", tmp_path / "t.csv")
    assert (code, answer["n_added"], answer["left_out_by_reason"]) == (1, 1, {"missing": 2})
    assert answer["left_out"][0]["what"] == "t.csv: row 3: smile/gone.jpg"


def test_an_import_of_nothing_that_can_be_read_is_no_success(run: Run, tmp_path: Path, draw: Draw, save: Save) -> None:
    for label in ("smile", "non_smile"):
        (tmp_path / "in" / label).mkdir(parents=True)
        (tmp_path / "in" / label / "notes.jpg").write_text("no picture")
    code, answer, _ = run("--dataset", "photos", "--photos", tmp_path / "in")
    assert (code, answer["n_added"], answer["left_out_by_reason"]) == (1, 0, {"unreadable": 2})
    save(tmp_path / "in" / "smile" / "a.jpg", draw(1))
    assert run("--dataset", "photos", "--photos", tmp_path / "in")[0] == 0
    assert run("--dataset", "photos", "--photos", tmp_path / "in")[0] == 0  # it is there already


def test_a_folder_below_the_class_is_a_person_on_request(run: Run, tmp_path: Path, draw: Draw, save: Save) -> None:
    for number, name in enumerate(["smile/s01/1.jpg", "non_smile/s01/2.jpg", "smile/s02/3.jpg"]):
        save(tmp_path / "in" / name, draw(number))
    assert run("--dataset", "p", "--photos", tmp_path / "in", "--subject-per", "folder")[0] == 0
    rows = reader.open_dataset(tmp_path / "datasets" / "p").rows
    assert [(row.subject_id, row.label) for row in rows] == [("s01", "non_smile"), ("s01", "smile"), ("s02", "smile")]
    assert len({row.take_id for row in rows}) == 2
    save(tmp_path / "in" / "smile" / "loose.jpg", draw(9))
    code, _, err = run("--dataset", "p", "--photos", tmp_path / "in", "--subject-per", "folder")
    assert code == 1
    assert "loose.jpg: found a photo directly in its class's folder" in err


def test_an_import_that_is_killed_before_its_commit_is_taken_up_anew(
    photos: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(bulk_writer.Intake, "commit", die)
        with pytest.raises(RuntimeError):
            run("--dataset", "photos", "--photos", photos)
    code, answer, _ = run("--dataset", "photos", "--photos", photos)
    assert (code, answer["n_added"], answer["n_known"]) == (0, 5, 0)
    folder = tmp_path / "datasets" / "photos"
    assert [problem for problem in check_dataset(folder) if problem.is_error] == []
    assert set(bulk_writer.read_origins(folder)) == {row.sequence_id for row in reader.open_dataset(folder).rows}


def test_an_interrupt_keeps_what_is_whole(
    photos: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bulk_writer.Intake.add

    def interrupted(self: bulk_writer.Intake, incoming: bulk_writer.Incoming) -> str:
        if self.n_added == 3:
            raise KeyboardInterrupt
        return real(self, incoming)

    with monkeypatch.context() as patch:
        patch.setattr(bulk_writer.Intake, "add", interrupted)
        assert run("--dataset", "photos", "--photos", photos)[0] == 130
    code, answer, _ = run("--dataset", "photos", "--photos", photos)
    assert (code, answer["n_added"], answer["n_known"]) == (0, 2, 3)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--photos", "nowhere"], 1, "no such folder"),
        (["--photos", ".", "--labels", "smile"], 2, "--labels"),
        (["--photos", ".", "--labels", "a=Smile!"], 2, "--labels"),
        (["--photos", ".", "--labels", "a=happy,b=sad"], 2, "--positive"),
        (["--photos", ".", "--prefix", "b_"], 2, "it with --merge only"),
        (["--photos", ".", "--label-column", "x"], 2, "found no --table"),
        ([], 2, "one of the arguments"),
        (["--photos", ".", "--merge", "people"], 2, "not allowed with"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(run: Run, words: list[str], code: int, told: str) -> None:
    found, _, err = run("--dataset", "photos", *words)
    assert found == code
    assert told in err
    assert len(err.strip().splitlines()) == 1


def test_photos_do_not_go_into_a_dataset_of_films(
    photos: Path, run: Run, make_dataset: Callable[..., Any], tmp_path: Path
) -> None:
    make_dataset(tmp_path / "datasets" / "people", subjects=1)
    code, _, err = run("--dataset", "people", "--photos", photos)
    assert code == 1
    assert "whose sequences have 5 pictures" in err


def test_people_of_a_table_who_differ_in_capitals_only_are_refused(photos: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file,label,subject\nsmile/a.jpg,smile,H02\nnon-smile/d.jpg,non_smile,h02\n")
    code, _, err = run("--dataset", "photos", "--photos", photos, "--table", tmp_path / "t.csv")
    assert code == 1
    assert "subject h02 beside H02, which differ in capitals only, expected each person written in one way" in err


@pytest.mark.parametrize(("flag", "licence", "basis"), [("--licence", "x", "stock photos"), ("--basis", "CC0", "ok")])
def test_rights_that_say_nothing_are_refused_and_leave_no_dataset(
    run: Run, draw: Draw, save: Save, tmp_path: Path, flag: str, licence: str, basis: str
) -> None:
    save(tmp_path / "photos/smile/a.png", draw(1))
    code, _, err = run("--dataset", "photos", "--photos", tmp_path / "photos", "--licence", licence, "--basis", basis)
    assert code == 2
    assert flag in err.splitlines()[-1]
    assert "Traceback" not in err
    assert not list((tmp_path / "datasets").rglob("dataset.json"))
    words = ("--photos", tmp_path / "photos", "--licence", "CC0", "--basis", "stock photos")
    assert run("--dataset", "photos", *words)[0] == 0
