"""What new moments bought: counted by where they came from, measured on old moments and new ones apart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset.bulk_writer import read_origins
from shared.dataset.reader import Dataset, open_dataset
from shared.errors import InvalidInput
from tools.importer import cli as importer


@pytest.fixture
def joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> Dataset:
    """Six old people, of whom all play too: four old moments and eight new ones of each (of s01 four)."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    for name, takes in (("people", 1), ("game", 2)):  # the first take of all has the old one's bytes
        make_dataset(tmp_path / "datasets" / name, subjects=6, takes=takes)
        words = ["--dataset", "both", "--merge", str(tmp_path / "datasets" / name), "--same-people", "--quiet"]
        assert importer.main(words) == 0
    return open_dataset(tmp_path / "datasets" / "both")


def test_old_and_new_moments_are_measured_apart(
    tmp_path: Path, joined: Dataset, make_results: Any, report: Any
) -> None:
    origins = read_origins(joined.folder)
    tested = [row for row in joined.rows if row.subject_id in ("s01", "s02", "s03")]
    # The old model misses every new smile of the tested; the new one finds them all. On old moments both are right.
    arms = []
    for name, finds in (("old", False), ("new", True)):
        rows = []
        for row in tested:
            is_new = origins[row.sequence_id].dataset.startswith("game@")
            right = row.label == "smile" and (finds or not is_new)
            rows.append((row.sequence_id, row.subject_id, row.label, 0.9 if right else 0.1))
        arms.append(make_results(tmp_path, name, rows, dataset=joined.reference()))
    settings = {"dataset": joined.folder, "with_faces": False}
    _, page = report(tmp_path, *arms, added=("game",), **settings)
    # Of 44 new moments 24 are of the three who are not tested.
    assert "24 moments of game (12 non_smile, 12 smile) were added" in page.text
    assert "Old test moments: recall 0.0 points" in page.text
    assert "New moments of the same test people: recall +100.0 points" in page.text
    assert "10 sequences of 3 people" in page.text
    _, plain = report(tmp_path, *arms, **settings)
    assert "What the new moments bought" not in plain.text
    with pytest.raises(InvalidInput, match="found no moment of photos"):
        report(tmp_path, *arms, added=("photos",), **settings)
