"""The floor: blendshapes without a network."""

import numpy as np
import pytest

from tools.evaluator.blendshapes import best_threshold
from tools.evaluator.cli import main


def test_the_threshold_has_the_most_right_answers_and_lies_in_the_middle_of_the_best() -> None:
    labels = np.array([False, False, True, True, True])
    # right answers: below all 3, between 0.1 and 0.2 4, between 0.2 and 0.5 3, between 0.5 and 0.6 4, ...
    assert best_threshold(labels, np.array([0.1, 0.5, 0.2, 0.6, 0.9])) == pytest.approx(0.55)


def test_all_scores_equal_still_give_a_threshold() -> None:
    assert 0 <= best_threshold(np.array([True, False, True]), np.full(3, 0.4)) < 0.4  # two of three are smiles


def test_they_are_not_measured_on_the_people_they_learned_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--arm", "blendshapes", "--dataset", "people"]) == 2
    assert "--arm blendshapes without a split" in capsys.readouterr().err


def test_the_best_threshold_of_a_million_scores_is_found_at_once():
    rng = np.random.default_rng(0)
    scores = rng.random(1_000_000)
    labels = rng.random(1_000_000) < scores
    assert best_threshold(labels, scores) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_best_threshold_is_that_of_counting_each(levels):
    rng = np.random.default_rng(levels)
    for _ in range(50):
        n = int(rng.integers(1, 40))
        scores, labels = rng.integers(0, levels, n) / (levels - 1), rng.random(n) < 0.5
        values = np.unique(scores)
        between = [values[0] / 2, *(values[1:] + values[:-1]) / 2, (values[-1] + 1) / 2]
        right = [int(((scores > value) == labels).sum()) for value in between]
        best = [value for value, count in zip(between, right, strict=True) if count == max(right)]
        assert best_threshold(labels, scores) == best[len(best) // 2]
