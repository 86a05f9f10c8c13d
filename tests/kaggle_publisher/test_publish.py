"""What kaggle-publisher stages, and what it refuses."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from shared import contracts
from shared.dataset_check import check_dataset
from shared.sequences import hash_pictures, open_dataset
from tools.kaggle_publisher.cli import main

FIXED = {"labels.csv", "dataset.json", "README.md", "dataset-metadata.json"}


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def everything(folder):
    return {name: (folder / name).read_bytes() for name in names(folder)}


def run(dataset, out, *flags):
    return main(["--dataset", str(dataset.folder), "--owner", "team", "--out", str(out), "--quiet", *flags])


@pytest.fixture
def people(make_dataset, tmp_path):
    return make_dataset(tmp_path / "people", subjects=2, kind="real")


@pytest.fixture
def drawn(make_dataset, tmp_path):
    return make_dataset(tmp_path / "drawn", subjects=1)


def test_exactly_the_listed_pictures_and_four_files_are_staged(people, tmp_path):
    private = {
        "consent.json": "{}",
        "review.json": "{}",
        ".env": "KEY=1",
        "notes.txt": "kim",
        "trash/x/images/seq_0099_frame_0.jpg": "x",
        "images/seq_0098_frame_0.jpg": "x",
        "images/.thumbs": "x",
    }
    for name, text in private.items():
        (people.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (people.folder / name).write_text(text, encoding="utf-8")
    assert run(people, tmp_path / "out") == 0
    listed = {name for row in people.rows for name in row.frame_names()}
    assert len(listed) == 40
    assert names(tmp_path / "out") == listed | FIXED
    for name in listed | {"labels.csv"}:
        assert (tmp_path / "out" / name).read_bytes() == (people.folder / name).read_bytes()


def test_a_withdrawn_take_is_nowhere_in_the_staging(people, tmp_path):
    from shared.dataset_writer import DatasetWriter
    from shared.protocol import read_protocol

    with DatasetWriter(people.folder, read_protocol(), "real") as writer:
        writer.withdraw_take("take_0002")
    assert run(people, tmp_path / "out") == 0
    for name, data in everything(tmp_path / "out").items():
        assert "seq_0005" not in name
        for trace in (b"s02", b"take_0002", b"seq_0005"):
            assert name.endswith(".jpg") or trace not in data
    assert json.loads((tmp_path / "out" / "dataset.json").read_text(encoding="utf-8"))["next"] == {
        "take": 2,
        "sequence": 5,
    }


def test_the_staging_is_itself_a_valid_dataset(people, tmp_path):
    run(people, tmp_path / "people_copy")
    problems = check_dataset(tmp_path / "people_copy")
    assert [problem for problem in problems if problem.is_error] == []
    assert {problem.what for problem in problems} == {"no record in takes/ (a published copy has none)"}
    assert open_dataset(tmp_path / "people_copy").rows == people.rows


def test_a_label_corrected_by_hand_is_counted_in_manifest_and_card(people, tmp_path):
    labels = people.folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("take_0001,smile,happy", "take_0001,non_smile,neutral", 1), encoding="utf-8")
    assert run(people, tmp_path / "out") == 0
    manifest = contracts.read_document(tmp_path / "out" / "dataset.json", "dataset")
    assert manifest["counts"]["by_label"] == {"non_smile": 5, "smile": 3}
    assert manifest["checksums"]["labels.csv"] == contracts.sha256_file(labels)
    assert "| non_smile | 5 |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert not [problem for problem in check_dataset(tmp_path / "out") if problem.is_error]


def test_the_metadata_is_kaggles(people, tmp_path):
    flags = ["--title", "Nine seconds", "--slug", "nine-seconds", "--license", "CC0-1.0"]
    run(people, tmp_path / "out", *flags)
    metadata = json.loads((tmp_path / "out" / "dataset-metadata.json").read_text(encoding="utf-8"))
    assert metadata == {
        "title": "Nine seconds",
        "subtitle": "8 labelled sequences of 2 people",
        "description": (tmp_path / "out" / "README.md").read_text(encoding="utf-8"),
        "id": "team/nine-seconds",
        "licenses": [{"name": "CC0-1.0"}],
    }


def test_json_lists_every_file_with_size_and_hash_and_what_stays_with_the_reason(people, tmp_path, capsys):
    (people.folder / "consent.json").write_text("{}", encoding="utf-8")
    assert run(people, tmp_path / "out", "--json", "--dry-run") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["uploaded"], result["dry_run"], result["n_people"]) == (False, True, 2)
    assert {file["path"] for file in result["files"]} == names(tmp_path / "out")
    assert result["n_files"] == len(result["files"]) == 44
    for file in result["files"]:
        path = tmp_path / "out" / file["path"]
        assert (file["bytes"], file["sha256"]) == (path.stat().st_size, contracts.sha256_file(path))
    assert result["total_bytes"] == sum(file["bytes"] for file in result["files"])
    left = {item["path"]: item for item in result["left_out"]}
    assert left["takes/"]["n_files"] == 4  # a film and a record for each of two takes
    assert "private" in left["consent.json"]["reason"]


def test_people_read_that_nothing_was_uploaded(people, tmp_path, capsys):
    run(people, tmp_path / "out")
    text = capsys.readouterr().out
    assert text.startswith("DRY RUN: nothing was uploaded")
    assert "takes/ (4 files" in text
    assert "consent is not checked" in text


def test_no_connection_is_opened_and_kaggle_is_not_imported(people, tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert run(people, tmp_path / "out") == 0
    code = (
        "import sys; from tools.kaggle_publisher.cli import main; import tools.kaggle_publisher.publish;"
        "print([m for m in ('kaggle', 'kagglesdk', 'requests') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "[]"


def test_drawn_faces_are_called_synthetic_in_title_card_and_result(drawn, tmp_path, capsys):
    assert run(drawn, tmp_path / "out", "--json") == 0
    assert json.loads(capsys.readouterr().out)["n_people"] == 0
    metadata = json.loads((tmp_path / "out" / "dataset-metadata.json").read_text(encoding="utf-8"))
    assert metadata["title"] == "drawn synthetic face sequences"
    assert "Synthetic" in metadata["subtitle"]
    assert "Synthetic: drawn faces, no people" in metadata["description"]


@pytest.mark.parametrize("where", ["title", "card", "kind"])
def test_drawn_faces_are_refused_where_they_would_pass_as_people(drawn, tmp_path, capsys, where):
    flags = []
    if where == "title":
        flags = ["--title", "Smiles of many people"]
    elif where == "card":
        (drawn.folder / "README.md").write_text("# Our people\nFifty friends.\n", encoding="utf-8")
    else:
        manifest = drawn.folder / "dataset.json"
        manifest.write_text(manifest.read_text(encoding="utf-8").replace('"synthetic"', '"real"'), encoding="utf-8")
    assert run(drawn, tmp_path / "out", *flags) == 1
    error = capsys.readouterr().err
    assert "pass as people" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_persons_own_card_goes_as_it_is(people, tmp_path):
    own = "# Our people\n\n우리 팀 네 명.\n"
    (people.folder / "README.md").write_text(own, encoding="utf-8")
    run(people, tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8") == own


def break_picture(folder):
    (folder / "images" / "seq_0003_frame_2.jpg").write_bytes(b"no picture")


def swap_picture(folder):
    other = (folder / "images" / "seq_0001_frame_0.jpg").read_bytes()
    (folder / "images" / "seq_0003_frame_2.jpg").write_bytes(other)


def remove_picture(folder):
    (folder / "images" / "seq_0003_frame_2.jpg").unlink()


def plant_label(folder):
    path = folder / "labels.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",smile,", ",grin,", 1), encoding="utf-8")


@pytest.mark.parametrize("harm", [break_picture, swap_picture, remove_picture, plant_label])
def test_a_dataset_that_does_not_verify_is_refused_and_the_earlier_staging_stays(people, tmp_path, capsys, harm):
    run(people, tmp_path / "out")
    before = everything(tmp_path / "out")
    harm(people.folder)
    capsys.readouterr()
    assert run(people, tmp_path / "out") == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert "seq_0003" in error
    assert everything(tmp_path / "out") == before


def test_a_picture_with_a_place_in_it_is_refused(people, tmp_path, capsys):
    """Its hash is right, as after an import: only looking inside finds it."""
    row = people.rows[0]
    path = people.folder / row.frame_names()[0]
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1\x00\x0cExif\0\0GPS!" + data[2:])
    assert cv2.imread(str(path)) is not None
    new = hash_pictures((people.folder / name).read_bytes() for name in row.frame_names())
    labels = people.folder / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8").replace(row.sha256, new), encoding="utf-8")
    assert run(people, tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert "EXIF" in error
    assert "seq_0001_frame_0.jpg" in error
    assert not (tmp_path / "out").exists()


def test_rules_are_checked_before_the_dataset_is_read_through(people, tmp_path, capsys):
    break_picture(people.folder)
    assert run(people, tmp_path / "out", "--title", "short") == 2
    assert "--title" in capsys.readouterr().err


def test_an_empty_dataset_is_refused(make_dataset, tmp_path, capsys):
    empty = make_dataset(tmp_path / "empty", subjects=0, kind="real")
    assert run(empty, tmp_path / "out") == 1
    assert "a dataset without sequences" in capsys.readouterr().err


def test_a_second_staging_replaces_the_first_whole(people, make_dataset, tmp_path):
    run(people, tmp_path / "out")
    other = make_dataset(tmp_path / "other", subjects=1, kind="real")
    assert run(other, tmp_path / "out") == 0
    assert names(tmp_path / "out") == {name for row in other.rows for name in row.frame_names()} | FIXED
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith((".old", ".staging"))] == []


@pytest.mark.parametrize("name", ["thesis.txt", "images/holiday.jpg", "takes/take_0001.mp4"])
def test_a_folder_with_anything_else_in_it_is_never_replaced(people, tmp_path, capsys, name):
    out = tmp_path / "out"
    run(people, out)
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(b"mine")
    before = everything(out)
    assert run(people, out) == 2
    assert "--out" in capsys.readouterr().err
    assert everything(out) == before


@pytest.mark.parametrize("place", [".", "images", ".."])
def test_the_dataset_itself_is_never_the_target(people, capsys, place):
    before = everything(people.folder)
    assert run(people, (people.folder / place).resolve()) == 2
    assert "in or around the dataset" in capsys.readouterr().err
    assert everything(people.folder) == before


def test_what_a_killed_run_left_is_cleared_away(people, tmp_path):
    left = tmp_path / ".out.ab12_x.staging"
    left.mkdir()
    (left / "labels.csv").write_bytes(b"half")
    neighbour = tmp_path / ".out.notes"
    neighbour.mkdir()
    assert run(people, tmp_path / "out") == 0
    assert not left.exists()
    assert neighbour.exists()


def test_a_failure_in_the_middle_leaves_no_half_staging(people, tmp_path, monkeypatch):
    real = Path.write_bytes

    def full(self, data):
        if self.name == "seq_0004_frame_1.jpg":
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run(people, tmp_path / "out") == 1
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.glob(".out.*.staging")) == []


def test_the_default_place_is_artifacts_publish(people, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    assert main(["--dataset", str(people.folder), "--owner", "team", "--quiet"]) == 0
    assert set(os.listdir(tmp_path / "home" / "artifacts" / "publish" / "people")) >= FIXED
