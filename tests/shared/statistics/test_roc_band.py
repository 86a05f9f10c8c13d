from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from shared.statistics.metrics import roc_curve
from shared.statistics.predictions import make_predictions
from shared.statistics.roc_band import person_weights, resampled, roc_band, strata_of


def make(n_people: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = np.tile([True, False], 2 * n_people)
    people = [f"s{number // 4}" for number in range(4 * n_people)]
    scores = rng.normal(labels * 1.0, 1.0)
    return make_predictions(labels, scores, people, 0.5)


def test_the_curve_lies_in_its_band_nearly_everywhere() -> None:
    arm = make(30)
    band, curve = roc_band(arm, 400), roc_curve(arm.labels, arm.scores)
    assert band is not None
    assert curve is not None
    tpr = np.interp(band.fpr, curve.fpr, curve.tpr)
    assert ((tpr >= band.low - 0.02) & (tpr <= band.high + 0.02)).mean() > 0.97
    assert (band.low <= band.high).all()
    assert (np.diff(band.low) >= -1e-12).all()


def test_resampled_people_have_the_metrics_that_scikit_learn_finds_of_their_repeated_rows() -> None:
    arm = make(30)
    tied = replace(arm, scores=np.round(arm.scores, 1))
    weights = person_weights(strata_of(arm), 30, 5, np.random.default_rng(1))
    for one in (arm, tied):
        areas, shares = (resampled(metric, one, weights) for metric in ("roc_auc", "precision"))
        for row, area, share in zip(weights, areas, shares, strict=True):
            times = row[one.people].astype(int)
            labels = np.repeat(one.labels, times)
            assert area == pytest.approx(sk.roc_auc_score(labels, np.repeat(one.scores, times)), abs=1e-6)
            assert share == pytest.approx(sk.precision_score(labels, np.repeat(one.decisions, times)))


def test_more_people_make_a_narrower_band() -> None:
    few, many = roc_band(make(8), 300), roc_band(make(200), 300)
    assert few is not None
    assert many is not None
    assert (many.high - many.low).mean() < 0.5 * (few.high - few.low).mean()


def test_scores_that_separate_perfectly_have_a_band_of_no_width() -> None:
    labels = [True, False] * 6
    band = roc_band(
        make_predictions(labels, [float(one) for one in labels], [f"s{n // 2}" for n in range(12)], 0.5), 100
    )
    assert band is not None
    assert (band.low == 1).all()


def test_one_person_or_one_class_has_no_band() -> None:
    assert roc_band(make_predictions([True, False], [0.9, 0.1], ["a", "a"], 0.5)) is None
    assert roc_band(make_predictions([True, True], [0.9, 0.1], ["a", "b"], 0.5)) is None
