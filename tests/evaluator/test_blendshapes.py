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
