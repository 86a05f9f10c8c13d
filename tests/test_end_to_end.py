"""The whole way in one go, as a user walks it: from a folder with a space and Hangul, through ./inv's environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared import contracts, paths

ROOT = Path(__file__).parents[1]


def _invoke(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "invoke", "--search-root", str(ROOT), *words]
    environment = {**os.environ, "SMILEBENCH_HOME": str(home), "SMILEBENCH_ASSETS": str(paths.assets())}
    return subprocess.run(command, cwd=home, env=environment, text=True, capture_output=True, timeout=900)


def _documents(home: Path) -> dict[str, list[Path]]:
    """Find the documents of a comparison and check each against its schema."""
    artifacts = home / "artifacts"
    found = {
        "comparison": [*artifacts.glob("reports/*/comparison.json")],
        "results": [*artifacts.glob("results/*_results_*.json")],
        "model": [*artifacts.glob("models/*/model.json")],
        "frontend_spec": [*artifacts.glob("handoff/*/frontend_spec.json")],
        "split": [*artifacts.glob("splits/*.json")],
        "run": [*artifacts.glob("runs/*/run.json")],
    }
    for noun, files in found.items():
        assert files, noun
        for file in files:
            contracts.read_document(file, noun)
    return found


@pytest.mark.slow
def test_ci_walks_from_films_of_real_people_to_a_report(tmp_path: Path) -> None:
    films = sorted((paths.assets() / "videos" / "protocol").glob("*_take1.mp4"))
    if len(films) < 6:
        pytest.skip(f"no films of people in {paths.assets()}; set SMILEBENCH_ASSETS")
    home = tmp_path / "a folder 폴더"
    home.mkdir()
    for film in films:
        subject = film.name.split("_")[0]
        words = ("--source", str(film), "--subject", subject, "--dataset", "people", "--consent", "train")
        done = _invoke(home, "collect", *words, "--no-preview")
        assert done.returncode == 0, done.stderr
    assert _invoke(home, "verify", "--dataset", "people").returncode == 0
    assert _invoke(home, "grid", "--dataset", "people").returncode == 0

    done = _invoke(home, "ab", "--epochs", "1,2", "--dataset", "people")
    assert done.returncode == 0, done.stderr
    found = _documents(home)
    comparison = json.loads(found["comparison"][0].read_text(encoding="utf-8"))
    roles = {arm["name"]: arm["role"] for arm in comparison["arms"]}
    assert roles == {
        "baseline": "baseline",
        "epochs-1": "candidate",
        "epochs-2": "candidate",
        "majority-class": "reference",
        "one-frame": "reference",
        "blendshapes": "reference",
        "blendshape-logistic": "reference",
    }
    assert comparison["verdict"]["word"] in ("better", "worse", "equal", "cannot_tell")
    assert not comparison["synthetic"]
    (split,) = [s for f in found["split"] if (s := json.loads(f.read_text()))["dataset"]["name"] == "people"]
    sides = [set(side["subjects"]) for side in split["sides"].values()]
    assert sum(map(len, sides)) == len(set.union(*sides)) == len(films)
    page = found["comparison"][0].with_name("report.html").read_text(encoding="utf-8")
    assert '<html lang="ko"' in page

    again = _invoke(home, "ab", "--epochs", "1,2", "--dataset", "people")
    assert again.returncode == 0
    assert "학습: 그대로" in again.stderr
    assert " ..." not in again.stderr  # no step was done again


@pytest.mark.slow
def test_the_demo_ends_in_better_on_actors_never_seen_and_is_marked_synthetic(tmp_path: Path) -> None:
    done = _invoke(tmp_path, "demo", "--lang", "en")
    assert done.returncode == 0, done.stderr
    found = _documents(tmp_path)
    comparison = json.loads(found["comparison"][0].read_text(encoding="utf-8"))
    assert comparison["synthetic"]
    assert comparison["verdict"]["word"] == "better", comparison["verdict"]["sentence"]["en"]
    (split,) = [s for f in found["split"] if (s := json.loads(f.read_text()))["dataset"]["name"] == "demo"]
    assert (split["method"], len(split["sides"]["test"]["subjects"])) == ("chosen_people", comparison["n_subjects"])
    assert all(json.loads(f.read_text())["synthetic"] for f in found["frontend_spec"])
    assert "SYNTHETIC" in done.stdout
    assert "./inv collect" in done.stdout


@pytest.mark.slow
def test_the_demo_of_films_finds_every_laugh_of_actors_never_seen(tmp_path: Path) -> None:
    done = _invoke(tmp_path, "demo", "--films", "--lang", "en")
    assert done.returncode == 0, done.stderr
    document = contracts.read_document(tmp_path / "artifacts" / "timelines" / "demo-films.json", "timeline_score")
    moments = document["methods"][0]
    assert (document["n_films"], document["n_events"]) == (2, 8)
    assert moments["f1"][0]["value"] >= 0.9
    assert "./inv timeline-show --timeline demo-films-1" in done.stdout
