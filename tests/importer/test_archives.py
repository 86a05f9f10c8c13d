"""Archives as a user imports them: exact counts, sides that never mix, and nothing written when one is refused."""

import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import paths
from shared.dataset import splits
from shared.dataset.bulk_writer import read_origins
from shared.dataset.check import check_dataset
from shared.dataset.reader import format_labels, open_dataset
from shared.errors import InvalidInput
from tools.importer.cli import main

ROOT = Path(__file__).parents[2]
TRIAL = paths.assets() / "data/archives"
KEYWORDS: dict[str, Any] = {
    "schema_version": 1,
    "classes": {"non_smile": ["중립", "Neutral"], "smile": ["기쁨", "Happy"]},
    "positive_class": "smile",
    "ignore": ["슬픔", "Sad"],
    "emotions": {"non_smile": "neutral", "smile": "happy"},
    "person": "(?:EMOIMG_[^_]+|Happy|Neutral)_(?P<person>.+)_\\d+$",
}


def picture(number: int, size_px: int = 64, suffix: str = ".jpg") -> bytes:
    """Encode a picture that differs from all others."""
    rng = np.random.default_rng(number)
    noise = rng.integers(0, 255, (size_px, size_px, 3), dtype=np.uint8)
    return bytes(cv2.imencode(suffix, noise)[1].tobytes())


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


class Home:
    """A home folder with keywords and archives, in which the importer is run."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.zips = folder / "zips"
        self.dataset = folder / "datasets/people"
        self.keywords = folder / "keywords.json"
        self._capsys = capsys
        self.write_keywords()

    def write_keywords(self, **changes: Any) -> None:
        document = {key: value for key, value in {**KEYWORDS, **changes}.items() if value is not None}
        self.keywords.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")

    def run(self, *flags: str, source: Path | None = None) -> tuple[int, str, str]:
        source = source or self.zips
        arguments = ["--dataset", "people", "--archives", str(source), "--keywords", str(self.keywords), *flags]
        arguments += ["--face-model", "none"]  # noise has no faces
        code = main(arguments)
        captured = self._capsys.readouterr()
        return code, captured.out, captured.err

    def take_in(self, *flags: str, source: Path | None = None) -> dict[str, Any]:
        code, out, err = self.run("--json", *flags, source=source)
        assert (code, err) == (0, "")
        answer: dict[str, Any] = json.loads(out)
        return answer

    def people_of(self, side: str) -> set[str]:
        """Name whose pictures of a side were taken in, from the names in the archives."""
        return {
            origin.file.rpartition("/")[2].split("_", 1)[1].rpartition("_")[0]
            for origin in read_origins(self.dataset).values()
            if origin.file.startswith(side)
        }


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return Home(tmp_path, capsys)


def two_sides(home: Home, people: dict[str, list[str]]) -> None:
    """Write an archive a side, with a happy and a neutral picture of each person."""
    number = 0
    for side, names in people.items():
        members = {}
        for name in names:
            for word in ("Happy", "EMOIMG_중립"):
                number += 1
                members[f"{word}_{name}_{number:04d}.jpg"] = picture(number)
        write_zip(home.zips / side / "faces.zip", members)


@pytest.mark.skipif(not TRIAL.is_dir(), reason=f"no {TRIAL}")
def test_the_trial_archives_give_exact_counts_and_keep_their_sides(home: Home) -> None:
    answer = home.take_in(source=TRIAL)
    assert answer["added_by_label"] == {"non_smile": 604, "smile": 591}
    assert answer["by_side"] == {
        "train": {"non_smile": 460, "smile": 438},
        "test": {"non_smile": 144, "smile": 153},
    }
    assert answer["left_out_by_reason"] == {"unwanted": 4, "no_picture": 4, "hidden": 4, "unreadable": 4}
    assert answer["left_out_words"] == {"슬픔": 4}
    assert answer["both_sides"] == []
    assert not any(problem.is_error for problem in check_dataset(home.dataset))
    dataset = open_dataset(home.dataset)
    split = splits.read_split(Path(answer["split"]), dataset)
    tested = set(split["sides"]["test"]["sequences"])
    for sequence_id, origin in read_origins(home.dataset).items():
        assert (sequence_id in tested) == origin.file.startswith("Validation/")
    assert Counter(row.emotion for row in dataset.rows) == {"neutral": 604, "happy": 591}
    assert home.take_in(source=TRIAL)["n_known"] == 1195


def test_a_person_of_both_sides_is_left_out_of_validation_and_named(home: Home) -> None:
    two_sides(home, {"Training": ["Anna", "Ben", "Kim_Su", "Dora"], "Validation": ["Emil", "Kim_Su", "Fia"]})
    answer = home.take_in()
    assert answer["both_sides"] == ["Kim_Su"]
    assert answer["left_out_by_reason"] == {"both_sides": 2}
    assert answer["by_side"] == {"train": {"non_smile": 4, "smile": 4}, "test": {"non_smile": 2, "smile": 2}}
    assert "faces.zip/Happy_Kim_Su" in answer["left_out_examples"]["both_sides"][0]
    dataset = open_dataset(home.dataset)
    assert splits.read_test_people(home.dataset) == {
        row.subject_id for row in dataset.rows if row.sequence_id in {"seq_0009", "seq_0010", "seq_0011", "seq_0012"}
    }


def test_a_later_import_keeps_to_the_sides_of_the_first(home: Home) -> None:
    two_sides(home, {"Training": ["Anna", "Ben", "Cleo"], "Validation": ["Emil"]})
    home.take_in()
    members = {f"Happy_{name}_900{n}.jpg": picture(900 + n) for n, name in enumerate(("Emil", "Gus"))}
    write_zip(home.zips / "Training/more.zip", members)
    write_zip(
        home.zips / "Validation/more.zip", {"Happy_Anna_9100.jpg": picture(910), "Happy_Hal_9101.jpg": picture(911)}
    )
    answer = home.take_in()
    assert answer["both_sides"] == ["Anna", "Emil"]
    assert answer["n_added"] == 2
    assert home.people_of("Training") == {"Anna", "중립_Anna", "Ben", "중립_Ben", "Cleo", "중립_Cleo", "Gus"}
    assert home.people_of("Validation") == {"Emil", "중립_Emil", "Hal"}


def test_a_split_drawn_after_a_correction_still_keeps_the_sides(home: Home) -> None:
    two_sides(home, {"Training": ["Anna", "Ben", "Cleo", "Dora", "Ed"], "Validation": ["Emil", "Fia"]})
    first = json.loads(Path(home.take_in()["split"]).read_text(encoding="utf-8"))
    labels = home.dataset / "labels.csv"
    labels.write_bytes(labels.read_bytes().replace(b",smile,", b",non_smile,", 1))
    dataset = open_dataset(home.dataset)
    for seed in range(5):
        split = splits.make_split(dataset, seed)
        assert split["method"] == "given_by_source"
        assert split["sides"]["test"]["subjects"] == first["sides"]["test"]["subjects"]
        assert len(split["sides"]["train"]["subjects"]) == 4
        assert len(split["sides"]["validation"]["subjects"]) == 1


def test_names_of_people_become_pseudonyms(home: Home) -> None:
    two_sides(home, {"Training": ["Anna", "Ben"], "Validation": ["Emil"]})
    home.take_in()
    text = (home.dataset / "labels.csv").read_text(encoding="utf-8") + (home.dataset / splits.SIDES_FILE).read_text()
    assert "Anna" not in text
    assert "Emil" not in text
    assert len({row.subject_id for row in open_dataset(home.dataset).rows}) == 3


def test_at_most_so_many_of_an_archive_are_taken_at_random_or_at_even_distances(home: Home) -> None:
    for name in ("one", "two"):
        write_zip(
            home.zips / f"{name}.zip", {f"Happy_A_{n:04d}.jpg": picture(n + 100 * (name == "two")) for n in range(40)}
        )
    answer = home.take_in("--max-per-zip", "10", "--pick", "even")
    assert answer["n_added"] == 20
    assert answer["left_out_by_reason"] == {"not_drawn": 60}
    names = sorted(origin.file for origin in read_origins(home.dataset).values())
    assert names == [f"{zip_}.zip/Happy_A_{n:04d}.jpg" for zip_ in ("one", "two") for n in range(0, 40, 4)]
    assert answer["split"] is None


def test_what_is_drawn_at_random_is_drawn_by_the_seed(home: Home) -> None:
    write_zip(home.zips / "one.zip", {f"Happy_A_{n:04d}.jpg": picture(n) for n in range(40)})
    drawn = []
    for seed in ("0", "0", "1"):
        assert home.run("--max-per-zip", "10", "--seed", seed, "--dataset", f"seed{len(drawn)}")[0] == 0
        drawn.append(sorted(o.file for o in read_origins(home.dataset.parent / f"seed{len(drawn)}").values()))
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]
    assert len(set(drawn[0])) == 10


def test_conflicts_other_words_small_and_broken_pictures_are_counted_and_not_used(home: Home) -> None:
    write_zip(
        home.zips / "a.zip",
        {
            "Happy_A_0001.jpg": picture(1),
            "folder/": b"",
            "folder/Neutral_A_0002.PNG": picture(2, suffix=".png"),
            "Happy_중립_0003.jpg": picture(3),
            "Sad_A_0004.jpg": picture(4),
            "분노_A_0005.jpg": picture(5),
            "Happy_A_0006.jpg": picture(1),
            "Neutral_A_0007.jpg": picture(1),
            "Happy_A_0008.jpg": picture(8, size_px=20),
            "Happy_A_0009.jpg": picture(9)[:-300],
            "Happy_A_0010.jpg": b"",
            "Happy_A.txt": b"text",
            "__MACOSX/._Happy_A_0001.jpg": b"x",
        },
    )
    answer = home.take_in()
    assert answer["added_by_label"] == {"non_smile": 1, "smile": 1}
    assert answer["left_out_by_reason"] == {
        "unwanted": 2,
        "several_labels": 1,
        "no_picture": 1,
        "hidden": 1,
        "unreadable": 1,
        "truncated": 1,
        "too_small": 1,
        "duplicate": 1,
        "conflict": 1,
    }
    assert answer["left_out_words"] == {"sad": 1, "분노": 1, "중립, happy": 1}
    assert answer["archives"] == [
        {
            "file": "a.zip",
            "side": None,
            "n_members": 12,
            "labelled": {"non_smile": 2, "smile": 5},
            "drawn": 7,
            "added_by_label": {"non_smile": 1, "smile": 1},
        }
    ]
    assert answer["n_left_out"] == 10


def test_pictures_that_tell_no_person_are_people_of_their_own(home: Home) -> None:
    home.write_keywords(person=None)
    write_zip(home.zips / "Training/a.zip", {f"Happy_{n}.jpg": picture(n) for n in range(6)})
    write_zip(home.zips / "Validation/b.zip", {f"Neutral_{n}.jpg": picture(50 + n) for n in range(4)})
    answer = home.take_in()
    assert answer["counts"]["subjects"] == 10
    assert answer["by_side"] == {"train": {"smile": 6}, "test": {"non_smile": 4}}
    assert "10 pictures name no person" in " ".join(answer["notes"])


def test_the_same_picture_on_both_sides_stays_in_training(home: Home) -> None:
    home.write_keywords(person=None)
    write_zip(home.zips / "Training/a.zip", {f"Happy_{n}.jpg": picture(n) for n in range(4)})
    write_zip(home.zips / "Validation/b.zip", {"Happy_x.jpg": picture(2), "Neutral_y.jpg": picture(60)})
    answer = home.take_in()
    assert answer["left_out_by_reason"] == {"duplicate": 1}
    assert answer["by_side"] == {"train": {"smile": 4}, "test": {"non_smile": 1}}


def encrypt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("members", "break_it", "message"),
    [
        ({"../../Happy_x_1.jpg": b"x"}, None, "points out of the archive"),
        ({"/tmp/Happy_x_1.jpg": b"x"}, None, "points out of the archive"),
        ({"Happy_x_1.bmp": bytes(2**23)}, None, "not a bomb"),
        ({"Happy_x_1.bmp": bytes(2**26 + 1)}, None, "at most 64 MB"),
        ({"Happy_x_1.jpg": b"x" * 300}, encrypt, "encrypted"),
        ({"Happy_x_1.jpg": bytes(range(256)) * 3}, cut_off, "cut off"),
    ],
)
def test_an_unsafe_archive_stops_the_import_and_nothing_is_written(
    home: Home, members: dict[str, bytes], break_it: Any, message: str
) -> None:
    write_zip(home.zips / "a_good.zip", {f"Happy_A_{n}.jpg": picture(n) for n in range(3)})
    path = write_zip(home.zips / "bad.zip", members)
    if break_it:
        break_it(path)
    before = sorted(home.zips.parent.rglob("*"))
    code, out, err = home.run()
    assert (code, out) == (1, "")
    assert "bad.zip" in err
    assert message in err
    assert err.count("\n") == 1
    assert sorted(home.zips.parent.rglob("*")) == before


@pytest.mark.parametrize("members", [{}, {"readme.txt": b"x"}, {"분노_1.jpg": b"x"}])
def test_archives_without_a_labelled_picture_are_refused(home: Home, members: dict[str, bytes]) -> None:
    write_zip(home.zips / "a.zip", members)
    code, _, err = home.run()
    assert code == 1
    assert "no picture with a keyword in its name, expected pictures named by 중립, neutral, 기쁨, happy" in err
    assert not home.dataset.exists()


def test_one_archive_without_pictures_among_others_is_told(home: Home) -> None:
    write_zip(home.zips / "a.zip", {"Happy_A_1.jpg": picture(1)})
    write_zip(home.zips / "empty.zip", {})
    assert "empty.zip holds no picture with a label (0 files)" in " ".join(home.take_in()["notes"])


def test_archives_in_both_folders_or_outside_of_them_are_refused(home: Home) -> None:
    home.zips.mkdir()
    assert "found no ZIP" in home.run()[2]
    two_sides(home, {"Training": ["Anna", "Ben"], "Validation": ["Emil"]})
    write_zip(home.zips / "stray.zip", {"Happy_A_1.jpg": picture(1)})
    assert "an archive outside of both folders" in home.run()[2]
    (home.zips / "stray.zip").unlink()
    write_zip(home.zips / "Training/Validation/x.zip", {"Happy_A_1.jpg": picture(1)})
    assert "Training and Validation folders above it" in home.run()[2]
    assert "no such folder" in home.run(source=home.zips / "nowhere")[2]


def test_flags_of_archives_alone_or_missing_are_wrong_usage(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dataset", "people", "--archives", str(home.zips)]) == 2
    assert "--archives: found no --keywords" in capsys.readouterr().err
    assert main(["--dataset", "people", "--merge", "x", "--pick", "even"]) == 2
    assert "--pick: found it beside --merge" in capsys.readouterr().err


def test_keywords_of_other_classes_than_the_datasets_are_refused(home: Home) -> None:
    write_zip(home.zips / "a.zip", {"Happy_A_1.jpg": picture(1)})
    home.take_in()
    home.write_keywords(classes={"smile": ["Happy"], "anxious": ["불안"]}, emotions=None)
    code, _, err = home.run()
    assert code == 1
    assert "classes: found anxious, expected the dataset's: non_smile, smile" in err


def test_sides_with_somebody_on_both_are_never_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="found s01 in train and in test"):
        splits.write_sides(tmp_path, "a test", ["s01"], ["s01"])
    document = {"schema_version": 1, "reason": "by hand", "train": ["s01"], "test": ["s01"]}
    (tmp_path / splits.SIDES_FILE).write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match="found s01 in train and in test"):
        splits.read_test_people(tmp_path)


def test_a_killed_import_goes_on_and_ends_as_one_that_was_not_killed(home: Home, tmp_path: Path) -> None:
    members = {side: [f"{side[0]}{n}" for n in range(60)] for side in ("Training", "Validation")}
    two_sides(home, members)
    code = (
        "import os, sys, tools.importer.archives.archives as a\n"
        "add = a.Intake.add\n"
        "def die(self, incoming):\n"
        "    if self.n_added == 150: self.flush()\n"
        "    if self.n_added == 170: os.kill(os.getpid(), 9)\n"
        "    return add(self, incoming)\n"
        "a.Intake.add = die\n"
        "from tools.importer.cli import main\n"
        "main(sys.argv[1:])"
    )
    arguments = ["--dataset", "people", "--archives", str(home.zips), "--keywords", str(home.keywords)]
    arguments += ["--face-model", "none"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True)
    assert done.returncode == -9
    assert len(open_dataset(home.dataset).rows) == 150
    assert len(splits.read_test_people(home.dataset) or ()) >= 15
    answer = home.take_in()
    assert (answer["n_added"], answer["n_known"]) == (90, 150)
    assert answer["by_side"] == {"train": {"non_smile": 60, "smile": 60}, "test": {"non_smile": 60, "smile": 60}}
    assert not any(problem.is_error for problem in check_dataset(home.dataset))
    rows = format_labels(sorted(open_dataset(home.dataset).rows, key=lambda row: row.sha256))
    assert len(rows.splitlines()) == 241
