import numpy as np
import pytest

from shared.statistics.predictions import Predictions, values
from tools.reporter.ab.selection import unflattered


def alike(rng: np.random.Generator, rates: list[float], n_people: int = 20) -> list[Predictions]:
    people = np.repeat(np.arange(n_people), 5)
    labels = np.arange(people.size) % 2 == 0
    level = rng.normal(0, 0.1, n_people)[people]
    scores = [np.where((rng.random(people.size) < rate + level) == labels, 0.9, 0.1) for rate in rates]
    return [Predictions(labels, one, 0.5, people) for one in scores]


def test_the_best_of_five_that_are_alike_loses_what_being_chosen_gave_it() -> None:
    rng = np.random.default_rng(2)
    raw, corrected = [], []
    for _ in range(150):
        arms = alike(rng, [0.75] * 5)
        raw.append(max(float(values("accuracy", one.counts.sum(axis=0))) for one in arms))
        corrected.append(unflattered("accuracy", arms) or 0.0)
    assert np.mean(raw) - 0.75 > 0.035
    assert abs(np.mean(corrected) - 0.75) < 0.01


def test_one_that_is_far_better_keeps_its_figure() -> None:
    arms = alike(np.random.default_rng(3), [0.5, 0.9, 0.5])
    assert unflattered("accuracy", arms) == pytest.approx(
        float(values("accuracy", arms[1].counts.sum(axis=0))), abs=0.01
    )


def test_the_area_under_the_curve_has_such_a_figure_too() -> None:
    arms = alike(np.random.default_rng(3), [0.75] * 5)
    areas = [one.placements.auc for one in arms if one.placements is not None]
    found = unflattered("roc_auc", arms)
    assert found is not None
    assert min(areas) < found < max(areas)


def test_few_people_have_no_such_figure() -> None:
    rng = np.random.default_rng(3)
    assert unflattered("accuracy", alike(rng, [0.7, 0.7], 5)) is None
    assert unflattered("accuracy", alike(rng, [0.7])) is None
