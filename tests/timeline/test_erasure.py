"""What was made of a film of a person is found when the person wants to be erased."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import contracts, paths
from shared.dataset.reader import Dataset
from shared.traces.person import find_person
from shared.traces.places import find_places

EXAMPLE = Path(__file__).parents[1] / "schemas" / "positive" / "timeline" / "with_sound.json"


def test_timelines_of_a_takes_film_and_of_its_source_are_found_and_others_are_not(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=2, kind="real")
    film = dataset.folder / "takes" / "take_0001.mp4"
    film.write_bytes(film.read_bytes() + b"s01")  # the fixture's films are all alike
    record = json.loads(film.with_suffix(".json").read_text())
    record["source_sha256"] = "12" * 32
    film.with_suffix(".json").write_text(json.dumps(record))
    timeline = json.loads(EXAMPLE.read_text())
    for name, sha256 in (("take", contracts.sha256_file(film)), ("source", "12" * 32), ("other", "34" * 32)):
        timeline["film"]["sha256"] = sha256
        contracts.write_bytes(paths.artifacts("timelines") / name / "timeline.json", json.dumps(timeline).encode())
    found = find_places([find_person(dataset.folder, "s01")]).of_kind("timelines")
    assert [path.name for path in found] == ["source", "take"]
    assert find_places([find_person(dataset.folder, "s02")]).of_kind("timelines") == ()
