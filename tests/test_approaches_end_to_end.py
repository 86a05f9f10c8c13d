"""Approaches side by side in one go, on films of people and on drawn ones."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, paths

ROOT = Path(__file__).parents[1]


def _invoke(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "invoke", "--search-root", str(ROOT), *words]
    environment = {**os.environ, "SMILEBENCH_HOME": str(home), "SMILEBENCH_ASSETS": str(paths.assets())}
    return subprocess.run(command, cwd=home, env=environment, text=True, capture_output=True, timeout=900)


def _document(home: Path) -> dict[str, Any]:
    (file,) = (home / "artifacts" / "reports").glob("approaches-*/approaches.json")
    return contracts.read_document(file, "approaches")


@pytest.mark.slow
def test_landmarks_and_blendshapes_are_compared_on_films_of_people(tmp_path: Path) -> None:
    films = sorted((paths.assets() / "videos" / "protocol").glob("*_take1.mp4"))
    if len(films) < 6 or not (paths.assets() / "models" / "face_landmarker.task").is_file():
        pytest.skip(f"no films of people, or no landmark model, in {paths.assets()}; set SMILEBENCH_ASSETS")
    for film in films:
        subject = film.name.split("_")[0]
        words = ["--source", str(film), "--subject", subject, "--dataset", "people", "--no-preview"]
        assert _invoke(tmp_path, "collect", *words).returncode == 0
    words = ["--dataset", "people", "--approaches", "landmark_mlp,blendshapes", "--folds", "3"]
    done = _invoke(tmp_path, "compare-approaches", *words)
    assert done.returncode == 0, done.stderr
    found = _document(tmp_path)
    names = [one["name"] for one in found["approaches"]]
    assert names == ["landmark_mlp", "blendshapes", "majority"]
    assert found["n_subjects"] == len(films)
    small, free, _ = found["approaches"]
    assert small["time"]["decision_ms"] > free["time"]["decision_ms"] > 0
    assert small["training"]["n_runs"] == 3
    assert small["without_face"]["of_sequences"] == found["n_sequences"]
    assert free["intervals"]["accuracy"]["value"] > 0.8
    page = next((tmp_path / "artifacts" / "reports").glob("approaches-*/report.html")).read_text(encoding="utf-8")
    assert '<html lang="ko"' in page
    again = _invoke(tmp_path, "compare-approaches", *words)
    assert again.returncode == 0
    assert "보고서: 그대로" in again.stderr


@pytest.mark.slow
def test_drawn_people_leave_the_approaches_of_faces_out(tmp_path: Path) -> None:
    for number in range(1, 7):
        words = ["--source", "synthetic", "--subject", f"a{number:02d}", "--dataset", "drawn", "--no-preview"]
        assert _invoke(tmp_path, "collect", *words, "--seed", str(number)).returncode == 0
    words = ["--dataset", "drawn", "--weights", "none", "--epochs", "1", "--folds", "2", "--lang", "en"]
    done = _invoke(tmp_path, "compare-approaches", *words)
    assert done.returncode == 0, done.stderr
    assert "left out: landmark_mlp (synthetic)" in done.stdout
    found = _document(tmp_path)
    assert found["synthetic"]
    assert {one["reason"] for one in found["left_out"]} == {"synthetic"}
    dual = next(one for one in found["approaches"] if one["name"] == "dual_head")
    assert dual["time"]["stream_ms"] < dual["time"]["window_ms"]
