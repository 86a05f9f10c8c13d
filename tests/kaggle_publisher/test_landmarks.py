"""A release of landmarks: no picture, and everything beside them says what they are and what read them."""

import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from shared import contracts
from shared.dataset import consent
from shared.dataset.consent import Agreement
from shared.dataset.reader import open_dataset
from tools.kaggle_publisher.cli import main
from tools.kaggle_publisher.release import geometry
from tools.kaggle_publisher.release.rules import SUBTITLE_CHARS, TITLE_CHARS, default_subtitle, default_title

SHA256 = "5" * 64
MANIFEST = {"model": {"file": "face_landmarker.task", "sha256": SHA256}, "reading": {"mediapipe": "1.2.3"}}


def points_of(row):
    """Every sequence its own numbers, as the stored ones would be."""
    return np.full((row.frame_count, 478, 3), int(row.sequence_id.removeprefix("seq_")), np.float32)


@pytest.fixture
def staged(make_dataset, tmp_path, monkeypatch, capsys):
    """Stage a release of landmarks; gives the folder and what people read."""
    store = SimpleNamespace(manifest=MANIFEST, read=points_of)
    monkeypatch.setattr(geometry, "open_features", lambda dataset, kind: store)
    dataset = make_dataset(tmp_path / "people", subjects=2, kind="real")
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), "2026-01-22T11:25:34Z"))
    out = tmp_path / "out"
    where = ["--dataset", str(dataset.folder), "--owner", "team", "--out", str(out)]
    assert main([*where, "--quiet", "--allow-unreviewed", "--landmarks-only"]) == 0
    return out, capsys.readouterr().out


def test_title_address_and_list_speak_of_landmarks_and_of_no_pictures(staged: tuple[Path, str]) -> None:
    out, told = staged
    assert "team/people-face-landmarks" in told
    assert "sequences of face landmarks of 2 people" in told
    assert "pictures in images/" not in told
    assert not (out / "images").exists()
    rows = list(csv.DictReader((out / "landmarks.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(np.load(out / "landmarks.npy")) == 40


def test_the_card_names_what_read_the_faces(staged: tuple[Path, str]) -> None:
    card = (staged[0] / "README.md").read_text(encoding="utf-8")
    assert f"MediaPipe Face Landmarker (face_landmarker.task, sha256 {SHA256}; mediapipe 1.2.3)" in card
    for words in ("one can recognise a person by the proportions", "얼굴 형상도 개인정보가 될 수 있습니다"):
        assert words in card


def test_nothing_is_made_of_the_pictures_files(staged: tuple[Path, str], tmp_path: Path) -> None:
    """The pictures' hashes told, over releases, which sequences are of the same pictures."""
    out = staged[0]
    dataset = open_dataset(tmp_path / "people")
    pictures = {contracts.sha256_file(dataset.folder / name) for row in dataset.rows for name in row.frame_names()}
    hashes = {row.sha256 for row in dataset.rows} | pictures
    for path in out.rglob("*"):
        assert not [sha256 for sha256 in hashes if sha256.encode() in path.read_bytes()], path
    points = np.load(out / "landmarks.npy")
    rows = list(csv.DictReader((out / "labels.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["sha256"] for row in rows] == [
        hashlib.sha256(points[5 * number : 5 * number + 5].tobytes()).hexdigest() for number in range(len(rows))
    ]


def test_croissant_describes_the_files_and_mlcroissant_reads_their_rows(staged: tuple[Path, str]) -> None:
    file = staged[0] / "croissant.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    files = {entry["@id"]: entry for entry in document["distribution"]}
    assert set(files) == {"labels.csv", "landmarks.csv", "landmarks.npy"}
    assert files["landmarks.csv"]["encodingFormat"] == "text/csv"
    assert "(pictures, 478, 3)" in files["landmarks.npy"]["description"]
    assert SHA256 in document["rai:dataPreprocessingProtocol"]
    assert "images/" not in json.dumps(document)
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import mlcroissant;"
        "d = mlcroissant.Dataset(jsonld=sys.argv[1]);"
        "rows = list(d.records('landmark_rows'));"
        "print(len(list(d.records('sequences'))), len(rows), [r['landmark_rows/frame'] for r in rows[:6]])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "8 40 [0, 1, 2, 3, 4, 0]"
    assert "error" not in done.stderr.lower()


@pytest.mark.parametrize("kind", ["real", "synthetic"])
def test_derived_words_obey_kaggles_rules(make_dataset, tmp_path, kind):
    dataset = make_dataset(tmp_path / ("long" * 15), subjects=1, kind=kind)
    title, subtitle = default_title(dataset, landmarks_only=True), default_subtitle(dataset, landmarks_only=True)
    assert TITLE_CHARS[0] <= len(title) <= TITLE_CHARS[1]
    assert SUBTITLE_CHARS[0] <= len(subtitle) <= SUBTITLE_CHARS[1]
    assert "face landmarks" in title
    assert "landmarks" in subtitle
