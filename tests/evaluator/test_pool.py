import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import contracts
from shared.dataset import splits
from shared.dataset.reader import Dataset
from shared.statistics.thresholds import align
from tools.evaluator import cli
from tools.evaluator.pool import _are_rounds


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_aligned_scores_decide_at_one_half_as_before_and_keep_their_order(a: float, b: float, threshold: float) -> None:
    first, second = align(a, threshold), align(b, threshold)
    assert (first > 0.5) == (a > threshold)
    assert 0 <= first <= 1
    if a < b:
        assert first <= second


def _majority(tmp_path: Path, split: Path, out: str, threshold: str) -> Path:
    words = ["--arm", "majority", "--dataset", "people", "--split", str(split), "--threshold", threshold]
    assert cli.main([*words, "--out", str(tmp_path / out), "--quiet"]) == 0
    (file,) = (tmp_path / out).glob("*_results_*.json")
    return file


@pytest.fixture
def two_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]) -> list[Path]:
    """Measure the majority on two test sides of other people each, by two seeds."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=3)
    seen: dict[str, list[Path]] = {}
    for seed in range(20):
        file = splits.freeze_split(dataset, seed)
        (who,) = splits.read_split(file, dataset)["sides"]["test"]["subjects"]
        seen.setdefault(who, []).append(file)
    chosen = [(seen["s01"][0], "0.9"), (seen["s02"][0], "0.1"), (seen["s01"][1], "0.9"), (seen["s02"][1], "0.1")]
    return [_majority(tmp_path, split, str(place), threshold) for place, (split, threshold) in enumerate(chosen)]


@pytest.fixture
def folds(two_seeds: list[Path]) -> list[Path]:
    """Those of the first seed."""
    return two_seeds[:2]


def _pooled(tmp_path: Path, files: list[Path]) -> dict[str, Any]:
    assert cli.main(["pool", *map(str, files), "--name", "all", "--out", str(tmp_path / "pooled"), "--quiet"]) == 0
    (file,) = (tmp_path / "pooled").glob("*_results_*.json")
    return contracts.read_document(file, "results")


def test_decisions_of_each_fold_stay_as_they_were(folds: list[Path], tmp_path: Path) -> None:
    found = _pooled(tmp_path, folds)
    # share 0.5 of positives: nothing is called a smile above 0.9, everything above 0.1
    assert found["metrics"]["confusion"] == {"tp": 2, "fn": 2, "tn": 2, "fp": 2}
    assert (found["n_sequences"], found["n_subjects"]) == (8, 2)
    assert found["pooled"]["spread"]["recall"] == {"mean": 0.5, "sd": pytest.approx(0.5**0.5), "n_runs": 2}


def test_a_second_seed_answers_the_same_people_again_under_other_names(two_seeds: list[Path], tmp_path: Path) -> None:
    found = _pooled(tmp_path, [two_seeds[2], two_seeds[0]])
    with (tmp_path / "pooled" / found["predictions"]["file"]).open(encoding="utf-8", newline="") as stream:
        names = [row["sequence_id"] for row in csv.DictReader(stream)]
    assert len(set(names)) == len(names) == 8
    assert sum(name.endswith("@2") for name in names) == 4
    assert found["n_subjects"] == 1


def test_results_of_another_dataset_are_not_pooled(
    folds: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.loads(folds[1].read_text())
    other["dataset"]["sha256"] = "0" * 64
    folds[1].write_text(json.dumps(other))
    assert cli.main(["pool", *map(str, folds), "--name", "all", "--out", str(tmp_path), "--quiet"]) == 1
    assert "dataset.sha256: found 0000" in capsys.readouterr().err


def test_results_that_are_pooled_twice_in_a_second_stand_side_by_side(folds: list[Path], tmp_path: Path) -> None:
    # The second overwrote the first, and its predictions, whose hash somebody may have kept.
    for _ in range(2):
        assert cli.main(["pool", *map(str, folds), "--name", "all", "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert len(list((tmp_path / "out").glob("*_results_*.json"))) == 2
    assert len(list((tmp_path / "out").glob("*_predictions_*.csv"))) == 2


def _refusal(files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["pool", *map(str, files), "--name", "all", "--out", str(tmp_path), "--quiet"]) == 1
    return capsys.readouterr().err


def test_folds_of_two_seeds_are_pooled_in_any_order(two_seeds: list[Path], tmp_path: Path) -> None:
    found = _pooled(tmp_path, [two_seeds[0], two_seeds[3], two_seeds[1], two_seeds[2]])
    assert (found["n_sequences"], found["n_subjects"]) == (16, 2)


def test_the_same_predictions_are_not_pooled_twice(
    two_seeds: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # They looked like a second run of the same people.
    assert "the model and split of" in _refusal([*two_seeds, two_seeds[1]], tmp_path, capsys)
    copy = two_seeds[0].with_name("copy_results.json")
    document = json.loads(two_seeds[0].read_text())
    copy.write_text(json.dumps(document | {"created_utc": "2026-01-22T11:25:34Z"}))
    assert "a second time, expected each fold of each seed once" in _refusal([two_seeds[0], copy], tmp_path, capsys)
    other = {"arm": "model", "model": document["model"] | {"sha256": "0" * 64}}
    copy.write_text(json.dumps(document | other))
    two_seeds[0].write_text(json.dumps(document | {"arm": "model"}))
    assert "the predictions of" in _refusal([two_seeds[0], copy], tmp_path, capsys)


def test_folds_that_overlap_are_not_pooled(
    two_seeds: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whoever was in two of them counted twice as much as others.
    error = _refusal([two_seeds[0], two_seeds[1], two_seeds[2]], tmp_path, capsys)
    assert "the folds overlap, expected folds that test everybody equally often" in error
    fold = [frozenset(one) for one in ("ab", "bc", "ca", "abc")]
    assert not _are_rounds(fold[:3], fold[3])  # each twice, and yet no two rounds
    assert _are_rounds([*fold[:1], frozenset("c"), *fold[3:]], fold[3])


def test_a_sequence_with_two_labels_is_not_pooled(
    two_seeds: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(two_seeds[2].read_text())
    table = two_seeds[2].parent / document["predictions"]["file"]
    lines = table.read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    first = next(row for row in rows if row[2] == "smile")
    first[2], first[5] = "non_smile", "false" if first[5] == "true" else "true"
    table.write_text("\n".join([lines[0], *map(",".join, rows)]) + "\n")
    document["predictions"]["sha256"] = contracts.sha256_file(table)
    counts = document["metrics"]["confusion"]
    counts["fn"], counts["tn"] = counts["fn"] - 1, counts["tn"] + 1
    two_seeds[2].write_text(json.dumps(document))
    error = _refusal([two_seeds[0], two_seeds[2]], tmp_path, capsys)
    assert f"{first[0]}: found non_smile of s01, expected smile of s01, as in" in error
