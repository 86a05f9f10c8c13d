import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from shared.errors import InvalidInput
from shared.statistics import metrics


def test_rates_of_the_published_table_are_as_published() -> None:
    table = metrics.Confusion(tp=28, fn=12, tn=30, fp=10)  # 72.50 %, 73.68 %, 70.00 %, 71.79 %
    assert table.accuracy == 0.725
    assert table.precision == pytest.approx(0.7368, abs=5e-5)
    assert table.recall == 0.7
    assert table.f1 == pytest.approx(0.7179, abs=5e-5)


def test_what_cannot_be_defined_is_none_and_not_zero() -> None:
    nothing_called = metrics.Confusion(tp=0, fn=3, tn=2, fp=0)
    assert nothing_called.precision is None
    assert nothing_called.f1 == 0.0
    assert metrics.Confusion(tp=0, fn=0, tn=2, fp=0).recall is None
    assert metrics.Confusion(tp=0, fn=0, tn=2, fp=0).f1 is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60))
def test_the_curve_and_its_area_equal_scikit_learns_with_many_ties(pairs: list[tuple[bool, int]]) -> None:
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score / 6 for _, score in pairs])
    roc = metrics.roc_curve(labels, scores)
    if labels.all() or not labels.any():
        assert roc is None
        return
    assert roc is not None
    fpr, tpr, thresholds = sk.roc_curve(labels, scores, drop_intermediate=False)
    assert roc.fpr.tolist() == pytest.approx(fpr.tolist())
    assert roc.tpr.tolist() == pytest.approx(tpr.tolist())
    assert roc.thresholds.tolist() == thresholds.tolist()
    assert metrics.roc_auc(roc) == pytest.approx(sk.roc_auc_score(labels, scores))


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=40))
def test_the_decision_threshold_decides_as_the_optimal_one(pairs: list[tuple[bool, float]]) -> None:
    labels = np.array([label for label, _ in pairs])
    scores = np.array([score for _, score in pairs])
    roc = metrics.roc_curve(labels, scores)
    if roc is None:
        return
    best = metrics.youden(roc)
    called = scores > best.decision_threshold
    assert called.tolist() == (scores >= best.threshold).tolist()
    j = called[labels].mean() - called[~labels].mean()
    assert j == pytest.approx(best.j)
    assert all(best.j >= hit - miss - 1e-12 for hit, miss in zip(roc.tpr, roc.fpr, strict=True))


def test_where_no_threshold_helps_nothing_is_called_positive() -> None:
    measured = metrics.measure([True, False], [0.1, 0.9], 0.5, "default")
    assert measured.optimum is not None
    assert measured.optimum.j == 0
    assert measured.metrics()["optimal_threshold"] is None


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([], [], "found none"),
        ([True], [float("nan")], "entry 1: found nan"),
        ([True, False], [0.1, float("inf")], "entry 2: found inf"),
        ([True, False], [0.1], "expected one score per label"),
    ],
)
def test_scores_that_no_metric_can_use_are_refused(labels: list[bool], scores: list[float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        metrics.measure(labels, scores, 0.5, "default")
