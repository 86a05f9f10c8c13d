"""What fetch refuses in one line, what it leaves behind (nothing), and who may look at what it made."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.kaggle_publisher.conftest import ID
from tools.grid_viewer import cli as grid_viewer
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.release import geometry

pytestmark = pytest.mark.usefixtures("quick")
SHA256 = "5" * 64
MANIFEST = {"model": {"file": "face_landmarker.task", "sha256": SHA256}, "reading": {"mediapipe": "1.2.3"}}


@pytest.fixture
def back(tmp_path):
    """Fetch the friends into datasets/back: ``back()``; returns the exit code."""
    return lambda: main(["fetch", ID, "--dataset", str(tmp_path / "datasets" / "back"), "--quiet"])


def keep_zipped(kaggle, change):
    """Hand the pictures out in their own ZIP, as Kaggle does where it does not unpack it."""
    content = kaggle.datasets[ID][-1]
    pictures = {name: content.pop(name) for name in sorted(content) if name.startswith("images/")}
    content["images.zip"] = change({Path(name).name: data for name, data in pictures.items()})


def zipped(files, compression=zipfile.ZIP_STORED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return bytearray(packed.getvalue())


def patched(files, flag=None, method=None):
    """Set the encryption flag, or an odd compression, in every header of a ZIP."""
    data = zipped(files)
    for mark, flag_at, method_at in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        at = -1
        while (at := data.find(mark, at + 1)) != -1:
            if flag is not None:
                data[at + flag_at] |= flag
            if method is not None:
                data[at + method_at : at + method_at + 2] = method.to_bytes(2, "little")
    return bytes(data)


def corrupt(files, compression):
    data = zipped(files, compression)
    first = data.find(b"PK\x01\x02")
    for at in range(80, min(first, 4000), 7):
        data[at] ^= 0xFF
    return bytes(data)


BROKEN = {
    "no zip": lambda files: b"this is no archive",
    "cut": lambda files: bytes(zipped(files)[:-40]),
    "encrypted": lambda files: patched(files, flag=1),
    "deflate64": lambda files: patched(files, method=9),
    "implode": lambda files: patched(files, method=6),
    "unknown": lambda files: patched(files, method=12345),
    "broken deflate": lambda files: corrupt(files, zipfile.ZIP_DEFLATED),
    "broken bzip2": lambda files: corrupt(files, zipfile.ZIP_BZIP2),
    "broken lzma": lambda files: corrupt(files, zipfile.ZIP_LZMA),
    "other files": lambda files: bytes(zipped({**files, "notes.txt": b"x"})),
    "outside": lambda files: bytes(zipped({**files, "../../evil.jpg": b"x"})),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_inner_zip_ends_in_one_line_and_leaves_nothing(kaggle, publish, back, tmp_path, capfd, how):
    assert publish() == 0
    keep_zipped(kaggle, BROKEN[how])
    capfd.readouterr()
    assert back() == 1
    out, err = capfd.readouterr()
    assert (out, len(err.strip().splitlines())) == ("", 1), err
    assert list((tmp_path / "datasets").iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))


def test_a_whole_inner_zip_is_unpacked(kaggle, publish, back, tmp_path, staged):
    assert publish() == 0
    keep_zipped(kaggle, lambda files: bytes(zipped(files, zipfile.ZIP_LZMA)))
    assert back() == 0
    folder = tmp_path / "datasets" / "back"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(staged())


def test_what_a_killed_fetch_left_is_cleared_away(kaggle, publish, back, tmp_path):
    assert publish() == 0
    left = tmp_path / "datasets" / ".back.abcd1234.fetched" / "dataset"
    left.mkdir(parents=True)
    (left / "labels.csv").write_bytes(b"half")
    assert back() == 0
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == ["back"]


def seal(content):
    import hashlib

    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(content.items())]
    content["checksums.sha256"] = ("\n".join(lines) + "\n").encode()


def without(content, *names):
    for name in [name for name in content if name.startswith(names)]:
        del content[name]
    content.pop("checksums.sha256", None)
    seal(content)


@pytest.mark.parametrize("names", [("images/",), ("images/", "labels.csv"), ("labels.csv",), ("dataset.json",)])
def test_a_release_without_pictures_and_landmarks_is_not_verified(kaggle, publish, back, tmp_path, capfd, names):
    assert publish() == 0
    without(kaggle.datasets[ID][-1], *names)
    capfd.readouterr()
    assert back() == 1
    assert len(capfd.readouterr().err.strip().splitlines()) == 1
    assert list((tmp_path / "datasets").iterdir()) == []


@pytest.fixture
def landmarks(kaggle, publish, monkeypatch):
    """Publish the friends' landmarks; returns the release at Kaggle."""

    def read(row):
        return np.full((row.frame_count, 478, 3), int(row.sequence_id[-4:]), np.float32)

    monkeypatch.setattr(geometry, "open_features", lambda *_: SimpleNamespace(manifest=MANIFEST, read=read))
    assert publish("--landmarks-only", "--slug", ID.partition("/")[2]) == 0
    return kaggle.datasets[ID][-1]


def test_a_release_of_landmarks_comes_back(landmarks, back, capfd):
    assert back() == 0
    assert "12 sequences" in capfd.readouterr().out


def as_npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"landmarks.npy": b"no array"},
        {"landmarks.npy": as_npy(np.zeros((59, 478, 3), np.float32))},
        {"landmarks.npy": as_npy(np.zeros((60, 478, 3), np.float64))},
        {"landmarks.npy": as_npy(np.zeros((60, 478, 3), np.float32))},  # of other hashes than the table has
        {"landmarks.npy": as_npy(np.array(["pickled"], dtype=object))},
        {"landmarks.csv": b"sequence_id,frame\n"},
    ],
    ids=["no array", "rows", "type", "content", "object", "table"],
)
def test_landmarks_that_are_not_those_of_the_table_are_refused(landmarks, back, capfd, change):
    landmarks.update(change)
    landmarks.pop("checksums.sha256")
    seal(landmarks)
    capfd.readouterr()
    assert back() == 1
    assert len(capfd.readouterr().err.strip().splitlines()) == 1


def test_a_fetched_release_of_the_same_name_does_not_overwrite_sheets(kaggle, friends, publish, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert publish() == 0
    assert main(["fetch", ID, "--dataset", "colleague", "--quiet"]) == 0
    assert grid_viewer.main(["--dataset", str(friends.folder), "--quiet"]) == 0
    grids = tmp_path / "artifacts" / "grids"
    before = {path: path.read_bytes() for path in (grids / "friends").rglob("*") if path.is_file()}
    assert grid_viewer.main(["--dataset", "colleague", "--quiet"]) == 0
    assert {path: path.read_bytes() for path in (grids / "friends").rglob("*") if path.is_file()} == before
    assert (grids / "colleague" / "index.html").is_file()


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_pictures_films_and_consent_are_their_owners_alone(kaggle, friends, publish, back, tmp_path, monkeypatch):
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert publish() == 0
    assert back() == 0
    tmp_path.chmod(0o755)  # what pytest closed
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); from tests.conftest import write_dataset;"
        "from pathlib import Path; from shared.dataset import consent;"
        "d = write_dataset(Path(sys.argv[1]), 1, kind='real');"
        "consent.record(d.folder, consent.Agreement('s01', ('train',), '2026-01-22T11:25:34Z'))"
    )
    root = Path(__file__).parents[2]
    (tmp_path / "open").mkdir(mode=0o755)
    fresh = tmp_path / "open" / "datasets" / "fresh"
    subprocess.run([sys.executable, "-c", code, str(fresh), str(root)], check=True, cwd=root, umask=0o022)
    for folder in (fresh, tmp_path / "datasets" / "back", tmp_path / "out"):
        assert folder.stat().st_mode & 0o777 == 0o700
        names = [path for path in folder.rglob("*") if not path.name.endswith(".lock")]
        assert any(path.suffix == ".jpg" for path in names)
        for path in names:
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    assert {"consent.json", "take_0001.mp4"} <= {path.name for path in fresh.rglob("*")}
