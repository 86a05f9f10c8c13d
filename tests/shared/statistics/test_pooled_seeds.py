"""A second seed answers for the same people again; that must not make a verdict surer than the people allow."""

import numpy as np
import pytest

from shared.statistics.intervals import difference, interval
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions, make_predictions
from shared.statistics.significance import compare


def _arms(n_people: int, seed: int) -> tuple[Predictions, Predictions]:
    """Draw two arms of correlated clips: 2 to 10 a person."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_people), rng.integers(2, 11, n_people))
    labels = rng.random(people.size) < 0.5
    shared = 0.8 * labels + rng.normal(0, 0.4, n_people)[people] + rng.normal(0, 0.6, people.size)
    scores = [shared + rng.normal(0, 0.5, people.size) for _ in range(2)]
    names = [f"p{number}" for number in people]
    first, second = (make_predictions(labels, one, names, 0.4, [str(i) for i in range(people.size)]) for one in scores)
    return first, second


def _twice(arm: Predictions) -> Predictions:
    """Let an arm say everything a second time, as another seed with the same answers would."""
    names = [f"p{number}" for number in np.tile(arm.people, 2)]
    ids = [f"{i}@{seed}" for seed in (1, 2) for i in range(arm.n)]
    return make_predictions(np.tile(arm.labels, 2), np.tile(arm.scores, 2), names, arm.threshold, ids)


@pytest.mark.parametrize("n_people", [8, 12, 30])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_answers_twice_are_no_more_sure(n_people: int, seed: int) -> None:
    baseline, candidate = _arms(n_people, seed)
    once, again = (baseline, candidate), (_twice(baseline), _twice(candidate))
    for metric in METRICS:
        assert compare(metric, *again).p == pytest.approx(compare(metric, *once).p, abs=0.01)
        found = [
            difference(metric, *once),
            difference(metric, *again),
            *(interval(metric, a[0]) for a in (once, again)),
        ]
        assert all(one.low is not None and one.high is not None for one in found)
        widths = [(one.high or 0.0) - (one.low or 0.0) for one in found]
        assert widths[1] >= 0.95 * widths[0]  # as if independent, it would be 0.71
        assert widths[3] >= 0.95 * widths[2]
