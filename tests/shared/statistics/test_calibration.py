import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from shared.errors import InvalidInput
from shared.statistics.calibration import apply_temperature, calibration, fit_temperature

SIMULATIONS = Path(__file__).parents[2] / "simulations"


def drawn(n: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels that follow a probability, and scores whose logits are that of it times a temperature."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, n)
    return rng.random(n) < 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(-logits * temperature))


def test_the_expected_error_by_hand() -> None:
    # Bins (0.1, 0.2]: 0.15 against 0; (0.7, 0.8]: 0.75 against 1/2; (0.9, 1]: 0.95 against 1.
    found = calibration([True, True, False, False], [0.95, 0.75, 0.75, 0.15])
    assert found.expected_error == pytest.approx((0.05 + 2 * 0.25 + 0.15) / 4)
    assert [one.n for one in found.bins] == [1, 2, 1]
    assert found.brier_error == pytest.approx((0.05**2 + 0.25**2 + 0.75**2 + 0.15**2) / 4)


def test_the_curve_and_losses_equal_scikit_learns() -> None:
    labels, scores = drawn(500, 1.7)
    found = calibration(labels, scores)
    shares, means = calibration_curve(labels, scores, n_bins=10)
    assert [one.positive_share for one in found.bins] == pytest.approx(shares.tolist())
    assert [one.mean_score for one in found.bins] == pytest.approx(means.tolist())
    assert found.log_loss == pytest.approx(log_loss(labels, scores))
    assert found.brier_error == pytest.approx(brier_score_loss(labels, scores))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_spoiled_the_scores_is_found_and_mends_them(temperature: float) -> None:
    labels, scores = drawn(20_000, temperature)
    fitted = fit_temperature(labels, scores)
    assert fitted.temperature == pytest.approx(temperature, rel=0.05)
    assert fitted.log_loss_after <= fitted.log_loss_before
    assert fitted.temperature is not None
    mended = apply_temperature(scores, fitted.temperature)
    assert calibration(labels, mended).expected_error < 0.02
    assert np.array_equal(np.argsort(mended), np.argsort(scores))


def test_the_temperature_of_two_thirds_right_by_hand() -> None:
    # Two of three are right at a score of 0.9: the best probability is 2/3, so the temperature is ln 9 / ln 2.
    fitted = fit_temperature([True, True, False, False, False, True], [0.9, 0.9, 0.9, 0.1, 0.1, 0.1])
    assert fitted.temperature == pytest.approx(math.log(9) / math.log(2), rel=1e-4)


def test_what_has_no_temperature_says_why() -> None:
    for labels, scores in (
        ([True, True], [0.9, 0.8]),
        ([True, False], [0.9, 0.1]),
        ([True, False], [0.5, 0.5]),
        ([True, False], [0.1, 0.9]),
    ):
        found = fit_temperature(labels, scores)
        assert found.temperature is None
        assert found.reason


def test_scores_of_exactly_0_and_1_have_a_finite_loss() -> None:
    found = calibration([True, False, True], [1.0, 0.0, 0.0])
    assert math.isfinite(found.log_loss)
    assert [one.n for one in found.bins] == [2, 1]


@pytest.mark.parametrize("scores", [[0.5, 1.2], [0.5, -0.1], [0.5, float("nan")]])
def test_scores_that_are_no_probabilities_are_refused(scores: list[float]) -> None:
    with pytest.raises(InvalidInput, match="entry 2"):
        calibration([True, False], scores)
    with pytest.raises(InvalidInput):
        apply_temperature(scores, 0.0)


def test_the_honest_threshold_figure_is_unbiased_and_the_flattering_one_is_not() -> None:
    done = subprocess.run(
        [sys.executable, SIMULATIONS / "sim_threshold.py", "--runs", "400", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert abs(found["bias"]) < 3 * found["standard_error"]
    assert found["true_gap"] > 0.03


def test_clips_of_one_person_that_are_all_alike_count_as_one() -> None:
    # 10 people with 8 clips each, all positive or all negative: bins took 80 clips for 80 people.
    people = np.repeat(np.arange(10), 8)
    labels, scores = people % 2 == 0, np.full(80, 0.45)
    (alone,), (by_person,) = (calibration(labels, scores, people=who).bins for who in (None, people))
    assert alone.positive_share == by_person.positive_share == 0.5
    assert by_person.interval_high - by_person.interval_low > 2.2 * (alone.interval_high - alone.interval_low)
    (one_person,) = calibration(labels[:8], scores[:8], people=people[:8]).bins
    assert one_person.interval_low < 0.21  # nothing is known of others
    each = calibration(labels, scores, people=np.arange(80)).bins
    assert each == (alone,)
