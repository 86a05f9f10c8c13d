"""What to label first: people in turns, the unsure first, nothing like what was taken."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.drift import cli
from tools.drift.selection import pick, uncertainty_of


def test_a_score_at_the_threshold_is_the_least_sure() -> None:
    # From the threshold 0.8 to 1 as far as from 0.8 to 0.
    assert [uncertainty_of(score, 0.8) for score in (0.0, 0.4, 0.8, 0.9, 1.0)] == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_people_take_turns_so_that_nobody_fills_the_list() -> None:
    subjects = ["a"] * 10 + ["b", "c"]
    unsure = np.array([0.9] * 10 + [0.1, 0.2])
    found = pick(subjects, unsure, np.arange(12.0)[:, None], 5)
    assert [subjects[one.place] for one in found] == ["a", "c", "b", "a", "a"]
    assert len(pick(subjects, unsure, np.arange(12.0)[:, None], 50)) == 12


def test_of_moments_as_unsure_the_one_unlike_those_before_comes_next() -> None:
    features = np.array([[0.0], [0.1], [5.0], [5.1]])
    found = pick(["a"] * 4, np.array([1.0, 0.9, 0.9, 0.8]), features, 3)
    assert [one.place for one in found] == [0, 2, 1]
    assert [one.distance for one in found] == pytest.approx([0, 5, 0.1])


def test_a_list_is_written_and_what_was_reviewed_is_left_out(home: Path, capsys: Any) -> None:
    labels = home / "datasets" / "game" / "labels.csv"
    rows = labels.read_text(encoding="utf-8").splitlines()
    labels.write_text("\n".join([rows[0], *(row.replace(",false,", ",true,") for row in rows[1:5]), *rows[5:]]) + "\n")
    out = home / "first.csv"
    words = [
        "select",
        "--dataset",
        "game",
        "--model",
        home / "m.onnx",
        "--most",
        10,
        "--face-model",
        "none",
        "--out",
        out,
    ]
    assert cli.main([*map(str, words), "--quiet"]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["rank"] for row in found] == [str(n) for n in range(1, 11)]
    assert "s01" not in {row["subject_id"] for row in found}  # whose four sequences are reviewed
    assert len({row["subject_id"] for row in found[:7]}) == 7
    assert "10 of 28 moments, of 7 of 7 people" in capsys.readouterr().out
