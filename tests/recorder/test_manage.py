"""What records nothing: list, undo, restore, withdraw; and what is refused when a series is gone on with."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent
from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset
from tools.recorder.cli import main

Record = Callable[..., tuple[int, Any, str]]
MakeFilm = Callable[..., Path]


def even(fps: float) -> list[float]:
    return [index / fps for index in range(round(9 * fps))]


def takes_of(folder: Path) -> list[str]:
    return sorted({row.take_id for row in open_dataset(folder).rows})


@pytest.fixture
def three_takes(record: Record, make_film: MakeFilm, dataset_folder: Path) -> Path:
    """A dataset with two takes of s01 and then one of s02."""
    film = make_film(even(30))
    record("--source", film, "--target", 2)
    record("--source", film, "--confirm", subject="s02")
    return dataset_folder


def test_undo_and_restore_are_each_others_way_back(three_takes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset_folder = three_takes
    assert main(["--dataset", "d", "--undo", "--subject", "s01"]) == 0
    assert takes_of(dataset_folder) == ["take_0001", "take_0003"]
    capsys.readouterr()
    assert main(["--dataset", "d", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    (outside,) = listed["takes"]
    both = {"non_smile": 2, "smile": 2}
    assert listed["in_use"] == [
        {"take_id": "take_0001", "subject_id": "s01", "labels": both},
        {"take_id": "take_0003", "subject_id": "s02", "labels": both},
    ]
    assert main(["takes", "--dataset", "d", "--subject", "s01"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "take_0001  s01  in use: 2 non_smile, 2 smile"
    assert [line.split()[:2] for line in lines] == [["take_0001", "s01"], ["take_0002", "s01"]]
    assert (outside["take_id"], outside["subject_id"], outside["reason"]) == ("take_0002", "s01", "undone")
    assert main(["--dataset", "d", "--restore", "take_0002"]) == 0
    assert takes_of(dataset_folder) == ["take_0001", "take_0002", "take_0003"]
    assert main(["--dataset", "d", "--undo"]) == 0  # the last of all
    assert takes_of(dataset_folder) == ["take_0001", "take_0002"]
    assert main(["--dataset", "d", "--restore", "take_0009"]) == 1
    assert "one of take_0003" in capsys.readouterr().err
    assert [p for p in check_dataset(dataset_folder) if p.is_error] == []


def test_who_withdraws_leaves_the_dataset_and_cannot_be_put_back(
    three_takes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset_folder = three_takes
    assert main(["--dataset", "d", "--withdraw-consent", "--subject", "s01"]) == 0
    out = capsys.readouterr().out
    assert "2 takes left the dataset" in out
    assert out.count("trash/") == 2  # what to delete for good
    assert {row.subject_id for row in open_dataset(dataset_folder).rows} == {"s02"}
    why = consent.read_consent(dataset_folder).why_not("s01", "train")
    assert why is not None
    assert why.startswith("withdrawn")
    assert main(["--dataset", "d", "--restore", "take_0001"]) == 1
    assert "only a new consent by the person" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--undo"], ["--list"], ["--restore", "take_0001"], ["--withdraw-consent"]])
def test_without_a_dataset_there_is_nothing_to_keep_up(
    words: list[str], record: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--dataset", "nobody", *words])
    assert code == (2 if words == ["--withdraw-consent"] else 1)  # whose, is not said
    assert capsys.readouterr().err.count("\n") == 1


def test_a_person_is_gone_on_with_at_the_same_size_and_rate_only(record: Record, make_film: MakeFilm) -> None:
    assert record("--source", make_film(even(30)))[0] == 0
    slower = make_film(even(20), name="slower.mp4")
    code, _, err = record("--source", slower)
    assert code == 1
    assert "found 20.04 frames a second, expected 30 as before" in err
    assert record("--source", slower, subject="s02")[0] == 0  # another person may have another camera
    assert record("--source", slower, "--mixed", "--confirm")[0] == 0


def test_another_size_is_refused_with_both(record: Record, make_film: MakeFilm, tmp_path: Path) -> None:
    import cv2

    from shared.video import Film, FilmWriter, Frame

    film = make_film(even(30))
    assert record("--source", film)[0] == 0
    larger = FilmWriter(tmp_path / "larger.mp4", 128, 128)
    for frame in Film(str(film)):
        larger.add(Frame(frame.time_s, cv2.resize(frame.rgb_hwc_u8, (128, 128))))
    larger.close()
    code, _, err = record("--source", tmp_path / "larger.mp4")
    assert code == 1
    assert "found pictures of 128x128, expected 96x96 as before" in err


def test_another_protocol_is_refused_and_without_one_the_datasets_own_counts(
    record: Record, make_film: MakeFilm, short_protocol: Path
) -> None:
    film = make_film(even(30))
    assert record("--source", film, "--protocol", short_protocol)[0] == 0
    code, result, _ = record("--source", film)
    assert (code, result["takes"][0]["n_frames"]) == (0, 72)  # 2.4 s
    usual = short_protocol.parents[0] / "usual.json"
    document = json.loads(short_protocol.read_text(encoding="utf-8"))
    usual.write_text(json.dumps({**document, "min_fps": 20}), encoding="utf-8")
    code, _, err = record("--source", film, "--protocol", usual)
    assert code == 1
    assert "min_fps = 15" in err
    assert "with 20" in err


def test_a_second_recorder_on_the_same_dataset_is_refused(
    start: Callable[..., subprocess.Popen[str]], record: Record, short_protocol: Path, dataset_folder: Path
) -> None:
    flags = ("--subject", "a01", "--dataset", "d", "--no-preview", "--protocol", short_protocol)
    first = start("--source", "synthetic", *flags, "--realtime", "--target", 20)
    while not list(dataset_folder.glob(".incoming-*/take.mp4")):
        assert first.poll() is None
    code, _, err = record("--source", "synthetic", "--protocol", short_protocol)
    first.kill()
    first.communicate()
    assert code == 1
    assert "another recorder at work" in err
