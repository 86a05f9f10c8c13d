"""An erasure finds a person in releases staged elsewhere or fetched, also where pictures were encoded again."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from shared.dataset import consent
from shared.dataset.consent import Agreement
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset
from shared.dataset.released import encode_again
from shared.dataset.tombstones import find_withdrawn
from tools.kaggle_publisher import cli as publisher
from tools.kaggle_publisher.release import geometry
from tools.kaggle_publisher.releases import Release, record_release

GIVEN = "2026-01-22T11:25:34Z"
WHO = "s02"


@pytest.fixture(params=[64, 60], ids=["kept", "encoded again"])
def people(
    request: pytest.FixtureRequest,
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Dataset:
    """Three people in pictures of whole blocks, whose pixels a release keeps, or of 60 px, which it encodes again."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    protocol = parse_protocol({**read_protocol().document, "image_size_px": request.param}, "test")
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=3, kind="real", protocol=protocol)
    for subject in dataset.subjects():
        consent.record(dataset.folder, Agreement(subject, ("train", "publish"), GIVEN))
    return dataset


def stage(*more: str) -> None:
    words = ["--dataset", "people", "--owner", "team", "--allow-unreviewed", "--quiet", *more]
    assert publisher.main(words) == 0


def finish(dataset: Dataset, table: Path) -> str:
    """Write a staging into releases.json as if it had been uploaded; returns the person's pseudonym in it."""
    name = table.read_text(encoding="utf-8").splitlines()[1].split(",")[1]
    example = Path(__file__).parents[1] / "schemas" / "positive" / "releases" / "one_release.json"
    row = json.loads(example.read_text(encoding="utf-8"))["releases"][0]
    record_release(dataset.folder, Release(**{**row, "subjects": {WHO: name}, "sequences": {}}))
    return str(name)


def pixels(data: bytes) -> str:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return hashlib.sha256(picture.tobytes()).hexdigest()


def traces(home: Path, wanted: set[str], *words: str) -> Iterator[str]:
    """Search everything for pixels, bytes and pseudonyms; independent of the tool's own search."""
    for kind in ("datasets", "artifacts"):
        for path in sorted((home / kind).rglob("*")):
            if not path.is_file():
                continue
            data = path.read_bytes()
            if path.suffix == ".jpg" and {pixels(data), hashlib.sha256(data).hexdigest()} & wanted:
                yield f"{path}: picture"
            if path.suffix not in (".jpg", ".mp4", ".npy") and any(word.encode() in data for word in words):
                yield f"{path}: pseudonym"


def wanted_of(dataset: Dataset) -> set[str]:
    found = set()
    for row in dataset.rows:
        if row.subject_id == WHO:
            for name in row.frame_names():
                data = (dataset.folder / name).read_bytes()
                for form in (data, encode_again(data, dataset.manifest["image"]["quality"])):
                    assert form is not None
                    found |= {pixels(form), hashlib.sha256(form).hexdigest()}
    return found


def erase(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    code = publisher.main(["withdraw", "--dataset", "people", "--subject", WHO, "--erase", "--json", "--quiet"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (code, told["still_here"]) == (0, [])
    return told


def test_a_release_that_was_staged_under_another_name_is_erased(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage("--out", str(tmp_path / "artifacts" / "publish" / "another"))
    wanted = wanted_of(people)
    assert [line for line in traces(tmp_path, wanted) if "another" in line]
    erase(capsys)
    assert list(traces(tmp_path, wanted, WHO)) == []
    assert not (tmp_path / "artifacts" / "publish" / "another").exists()


def test_a_release_that_was_fetched_loses_the_person_and_keeps_the_others(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage()
    staged, fetched = tmp_path / "artifacts" / "publish" / "people", tmp_path / "datasets" / "fetched"
    shutil.copytree(staged, fetched)
    (fetched / "dataset-metadata.json").unlink()
    wanted = wanted_of(people)
    told = erase(capsys)
    assert [Path(copy["dataset"]).name for copy in told["copies"]] == ["fetched"]
    assert list(traces(tmp_path, wanted, WHO, told["copies"][0]["subject_id"])) == []
    assert len({line.split(",")[1] for line in (fetched / "labels.csv").read_text().splitlines()[1:]}) == 2


def test_an_old_release_is_recognised_by_its_pictures(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage()
    staged = tmp_path / "artifacts" / "publish" / "people" / "images"
    pictures = [path.read_bytes() for path in sorted(staged.iterdir())]
    erase(capsys)
    assert find_withdrawn(set(), iter(pictures)) == "people"


def test_fetched_landmarks_go_as_a_whole(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = {"model": {"file": "f.task", "sha256": "5" * 64}, "reading": {"mediapipe": "1.2.3"}}
    store = SimpleNamespace(manifest=facts, read=lambda row: np.zeros((row.frame_count, 478, 3), np.float32))
    monkeypatch.setattr(geometry, "open_features", lambda *_: store)
    stage("--landmarks-only")
    staged, fetched = tmp_path / "artifacts" / "publish" / "people", tmp_path / "datasets" / "points"
    shutil.copytree(staged, fetched)
    name = finish(people, staged / "labels.csv")
    erase(capsys)
    assert not fetched.exists()
    assert list(traces(tmp_path, set(), WHO, name)) == []
