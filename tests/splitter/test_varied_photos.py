"""Photos that augmentation made of others, under other names: found in folds before anything is trained."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import paths
from tools.importer import cli as importer
from tools.splitter.cli import main
from tools.trainer.variation import PhotoVariation

PHOTOS = paths.assets() or Path("nowhere")
N, N_SIBLINGS = 24, 20


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    files = sorted((PHOTOS / "data/images/genki4k/images").glob("*.jpg"))[::50][:N]
    if len(files) < N:
        pytest.skip(f"no photos of people in {PHOTOS}; set SMILEBENCH_ASSETS")
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    for label in ("calm", "teasing"):
        (tmp_path / "photos" / label).mkdir(parents=True)
    for number, file in enumerate(files):
        photo = cv2.imread(str(file))
        assert photo is not None
        side = min(photo.shape[:2])
        square = cv2.resize(photo[:side, :side], (224, 224), interpolation=cv2.INTER_AREA)
        label = "teasing" if number % 2 else "calm"
        cv2.imwrite(str(tmp_path / "photos" / label / f"{number:02d}.png"), square)
        if number < N_SIBLINGS:
            sibling = PhotoVariation(7, 224).vary(np.asarray(square, dtype=np.uint8)[None], 0, number)[0]
            cv2.imwrite(str(tmp_path / "photos" / label / f"{number:02d}-sibling.png"), sibling)
    flags = ["--dataset", "few", "--photos", str(tmp_path / "photos"), "--positive", "teasing", "--face-model", "none"]
    assert (
        importer.main([*flags, "--labels", "calm=calm,teasing=teasing", "--licence", "none", "--basis", "this test"])
        == 0
    )
    return "few"


def test_all_siblings_are_found_and_none_but_them(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["duplicates", "--dataset", dataset, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["pairs"]) == N_SIBLINGS


def test_folds_that_part_siblings_leak(dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--dataset", dataset, "--leave-one-out", "--json"]) == 0  # which parts each pair once
    capsys.readouterr()
    assert main(["check", "--dataset", dataset, "--json"]) == 1
    leaks = json.loads(capsys.readouterr().out)["leaks"]
    assert len({frozenset((leak["first"]["file"], leak["second"]["file"])) for leak in leaks}) == N_SIBLINGS
