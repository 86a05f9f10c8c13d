"""What kaggle-publisher stages, and what it refuses."""

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from shared import contracts
from shared.dataset import consent
from shared.dataset.check import check_dataset
from shared.dataset.consent import Agreement
from shared.dataset.reader import hash_pictures, open_dataset
from tools.kaggle_publisher.cli import main

FIXED = {"labels.csv", "dataset.json", "README.md", "dataset-metadata.json", "croissant.json", "checksums.sha256"}
GIVEN = "2026-01-22T11:25:34Z"


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def everything(folder):
    return {name: (folder / name).read_bytes() for name in names(folder)}


def run(dataset, out, *flags):
    where = ["--dataset", str(dataset.folder), "--owner", "team", "--out", str(out)]
    return main([*where, "--quiet", "--allow-unreviewed", *flags])


def agree(dataset, *subjects):
    for subject in subjects or dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    return dataset


@pytest.fixture
def people(make_dataset, tmp_path):
    return agree(make_dataset(tmp_path / "people", subjects=2, kind="real"))


@pytest.fixture
def drawn(make_dataset, tmp_path):
    return make_dataset(tmp_path / "drawn", subjects=1)


def test_exactly_the_listed_pictures_and_the_files_beside_them_are_staged(people, tmp_path):
    private = {
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
    pictures = {name for name in names(tmp_path / "out") if name.startswith("images/")}
    assert names(tmp_path / "out") == pictures | FIXED
    staged = sorted((tmp_path / "out" / name).read_bytes() for name in pictures)
    assert staged == sorted((people.folder / name).read_bytes() for row in people.rows for name in row.frame_names())
    assert len(staged) == 40


def test_people_takes_and_sequences_have_names_of_this_release_only(people, tmp_path):
    assert run(people, tmp_path / "out") == 0
    staged = open_dataset(tmp_path / "out")
    assert not set(staged.subjects()) & {"s01", "s02"}
    assert [row.sequence_id for row in staged.rows] == [f"seq_{n:04d}" for n in range(1, 9)]

    def people_by_pictures(dataset):
        return {row.sha256: row.subject_id for row in dataset.rows}

    ours, theirs = people_by_pictures(people), people_by_pictures(staged)
    assert ours.keys() == theirs.keys()
    assert len({(ours[key], theirs[key]) for key in ours}) == 2  # each person has one new name
    labels = {row.sha256: row.label for row in people.rows}
    assert {row.sha256: row.label for row in staged.rows} == labels


def test_the_same_dry_run_twice_stages_the_same_names(people, tmp_path):
    run(people, tmp_path / "one")
    run(people, tmp_path / "two")
    assert (tmp_path / "one" / "labels.csv").read_bytes() == (tmp_path / "two" / "labels.csv").read_bytes()


@pytest.mark.parametrize(
    ("agreement", "reason"),
    [
        (None, "no consent row"),
        (Agreement("s02", ("train",), GIVEN), "agreed to train only"),
        (Agreement("s02", ("train", "publish"), GIVEN, expires_utc="2026-02-01T00:00:00Z"), "expired"),
        (Agreement("s02", (), GIVEN, withdrawn=True), "withdrawn"),
    ],
)
def test_who_may_not_be_published_stays_home_and_is_listed(make_dataset, tmp_path, capsys, agreement, reason):
    dataset = agree(make_dataset(tmp_path / "people", subjects=2, kind="real"), "s01")
    if agreement is not None:
        consent.record(dataset.folder, agreement)
    assert run(dataset, tmp_path / "out") == 0
    assert "s02 (4 sequences: seq_0005, seq_0006, seq_0007, seq_0008): " + reason in capsys.readouterr().out
    assert len(open_dataset(tmp_path / "out").rows) == 4


def test_where_nobody_may_be_published_nothing_is_staged(make_dataset, tmp_path, capsys):
    dataset = make_dataset(tmp_path / "people", subjects=2, kind="real")
    assert run(dataset, tmp_path / "out") == 1
    assert "no person who may be published: s01: no consent row, s02: no consent row" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_labels_that_nobody_has_checked_are_refused_unless_that_is_said_and_then_the_card_says_it(
    people, tmp_path, capsys
):
    where = ["--dataset", str(people.folder), "--owner", "team", "--out", str(tmp_path / "out"), "--quiet"]
    assert main(where) == 1
    assert "8 of 8 labels without a review (s01: 4, s02: 4)" in capsys.readouterr().err
    assert main([*where, "--allow-unreviewed"]) == 0
    assert "8 of 8 labels were not reviewed" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    labels = people.folder / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8").replace(",false,", ",true,"), encoding="utf-8")
    assert main(where) == 0
    assert "Every label was checked by eye." in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_croissant_is_loaded_by_mlcroissant_and_yields_every_record(people, tmp_path):
    run(people, tmp_path / "out")
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import mlcroissant;"
        "d = mlcroissant.Dataset(jsonld=sys.argv[1]);"
        "rows, frames = list(d.records('sequences')), list(d.records('frames'));"
        "print(len(rows), len(frames), frames[0]['frames/image'].size, len({f['frames/sequence_id'] for f in frames}),"
        "sorted({r['sequences/label'].decode() for r in rows}))"
    )
    file = str(tmp_path / "out" / "croissant.json")
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "8 40 (224, 224) 8 ['non_smile', 'smile']"
    assert "error" not in done.stderr.lower()


def test_the_checksums_are_those_that_sha256sum_checks(people, tmp_path):
    run(people, tmp_path / "out")
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "checksums.sha256"], cwd=tmp_path / "out", capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.count(b": OK") == 40 + 4


def test_a_withdrawn_take_is_nowhere_in_the_staging(people, tmp_path):
    from shared.dataset.protocol import read_protocol
    from shared.dataset.writer import DatasetWriter

    gone = {(people.folder / name).read_bytes() for row in people.rows[4:] for name in row.frame_names()}
    with DatasetWriter(people.folder, read_protocol(), "real") as writer:
        writer.withdraw_take("take_0002")
    assert run(people, tmp_path / "out") == 0
    assert not gone & set(everything(tmp_path / "out").values())
    assert json.loads((tmp_path / "out" / "dataset.json").read_text(encoding="utf-8"))["next"] == {
        "take": 2,
        "sequence": 5,
    }


def test_the_staging_is_itself_a_valid_dataset(people, tmp_path):
    run(people, tmp_path / "people_copy")
    problems = check_dataset(tmp_path / "people_copy")
    assert [problem for problem in problems if problem.is_error] == []
    assert {problem.what for problem in problems} == {"no record in takes/ (a published copy has none)"}
    assert sorted(row.sha256 for row in open_dataset(tmp_path / "people_copy").rows) == sorted(
        row.sha256 for row in people.rows
    )


def test_a_label_corrected_by_hand_is_counted_in_manifest_and_card(people, tmp_path):
    labels = people.folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("take_0001,smile,happy", "take_0001,non_smile,neutral", 1), encoding="utf-8")
    assert run(people, tmp_path / "out") == 0
    manifest = contracts.read_document(tmp_path / "out" / "dataset.json", "dataset")
    assert manifest["counts"]["by_label"] == {"non_smile": 5, "smile": 3}
    assert manifest["checksums"]["labels.csv"] == contracts.sha256_file(tmp_path / "out" / "labels.csv")
    assert "| non_smile | 5 | 2 |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
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
    assert run(people, tmp_path / "out", "--json", "--dry-run") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["uploaded"], result["dry_run"], result["n_people"]) == (False, True, 2)
    assert {file["path"] for file in result["files"]} == names(tmp_path / "out")
    assert result["n_files"] == len(result["files"]) == 46
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
    assert "8 labels were not reviewed" in text
    assert "difference  the first release" in text


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


def test_a_persons_own_text_stands_above_the_facts(people, tmp_path):
    own = "# Our people\n\n우리 팀 네 명.\n"
    (people.folder / "README.md").write_text(own, encoding="utf-8")
    assert run(people, tmp_path / "out") == 0
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert card.startswith(own.strip())
    assert "8 sequences with pictures of the faces of 2 people" in card


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("s02 wore glasses.", "the pseudonym s02"),
        ("From /home/minji/films.", "the folder /home/minji"),
        (r"From C:\Users\minji\films.", "minji"),
        ("Ask minji@example.com.", "the address minji@example.com"),
    ],
)
def test_a_text_that_points_at_somebody_is_refused(people, tmp_path, capsys, text, words):
    (people.folder / "README.md").write_text(f"# Our people\n\n{text}\n", encoding="utf-8")
    assert run(people, tmp_path / "out") == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


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


def plant(dataset, change):
    """Change the first picture's file and its row's hash, as an import would have stored it."""
    row = dataset.rows[0]
    path = dataset.folder / row.frame_names()[0]
    path.write_bytes(change(path.read_bytes()))
    new = hash_pictures((dataset.folder / name).read_bytes() for name in row.frame_names())
    labels = dataset.folder / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8").replace(row.sha256, new), encoding="utf-8")
    return path


def test_what_cameras_and_programs_plant_in_pictures_does_not_leave_the_house(people, tmp_path):
    def with_everything(jpeg):
        picture = PIL.Image.open(io.BytesIO(jpeg))
        exif = picture.getexif()
        exif[0x010F], exif[0x9286], exif[0x013B] = "Phone of Minji", "/home/minji/films", "Minji Kim"
        exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)
        out = io.BytesIO()
        xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>minji</x:xmpmeta>"
        profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
        picture.save(out, "JPEG", quality="keep", exif=exif, comment=b"recorded by minji", icc_profile=profile, xmp=xmp)
        thumbnail = io.BytesIO()
        picture.resize((32, 32)).save(thumbnail, "JPEG")
        return out.getvalue() + thumbnail.getvalue()

    path = plant(people, with_everything)
    before = cv2.imread(str(path))
    assert b"inji" in path.read_bytes()
    assert run(people, tmp_path / "out") == 0
    shown = []
    for name, data in everything(tmp_path / "out").items():
        for trace in (b"inji", b"Exif", b"http://ns.adobe", b"ICC_PROFILE", b"/home/"):
            assert trace not in data, name
        if name.endswith(".jpg"):
            picture = PIL.Image.open(io.BytesIO(data))
            assert not picture.getexif()
            assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            shown.append(cv2.imread(str(tmp_path / "out" / name)))
    assert any(np.array_equal(picture, before) for picture in shown)  # the pixels are the same, to the bit


def test_a_picture_that_its_metadata_turns_is_staged_turned(people, tmp_path):
    def turned(jpeg):
        picture = PIL.Image.open(io.BytesIO(jpeg))
        exif = picture.getexif()
        exif[0x0112] = 6
        out = io.BytesIO()
        picture.save(out, "JPEG", quality="keep", exif=exif)
        return out.getvalue()

    path = plant(people, turned)
    seen = cv2.imread(str(path)).astype(int)
    assert run(people, tmp_path / "out") == 0
    shown = [cv2.imread(str(file)).astype(int) for file in (tmp_path / "out" / "images").iterdir()]
    assert min(np.abs(picture - seen).mean() for picture in shown) < 2


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
    other = agree(make_dataset(tmp_path / "other", subjects=1, kind="real"))
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
    assert main(["--dataset", str(people.folder), "--owner", "team", "--quiet", "--allow-unreviewed"]) == 0
    assert set(os.listdir(tmp_path / "home" / "artifacts" / "publish" / "people")) >= FIXED
