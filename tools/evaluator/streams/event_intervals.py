"""How sure figures of events are: a rate a minute, a share of laughs, a quantile of delays; 95 % intervals by person.

Each person counts once, however long they play. Pure; reads and writes nothing.
"""

import numpy as np
from scipy import special

from shared.arrays import F64
from shared.statistics.intervals import LEVEL, Interval, interval
from shared.statistics.methods import IntervalMethod, Reason
from shared.statistics.predictions import make_predictions

USUAL_SPREAD, PRIOR_DF = 1.0, 2.0
"""What is believed of people before anybody is seen, as much as two people: rates scatter as far as they are large (an
exponential distribution), so that the design effect is 1 and the events of a person (our own choice; LOG.md)."""
GROWTH = 0.7
"""How the part of the variance that people make grows with the rate: as rate^(1 + GROWTH). 0 would be independent
events, 1 people whose rates scatter in proportion, for which few people give no upper end at all."""
EFFECT_OF_NONE = 2.0  # where nobody had an event, so that nothing tells how people differ
N_STEPS = 30


def rate_interval(n_events: F64, minutes: F64, level: float = LEVEL) -> Interval:
    """Say how sure a number of events a minute is, over other people.

    Args:
        n_events: (n_people,) events of each person.
        minutes: (n_people,) how long each was watched, more than 0.
        level: Share of intervals that hold the truth.

    Returns:
        The rate; n counts the events. Without bounds for one person.

    Source: exact Poisson interval (Garwood 1936, Biometrika 28:437-442) with an effective number of minutes and
    Student's t, as Korn & Graubard 1998 (Survey Methodology 24:193-201) do for a share; design effect by the jackknife
    over people, drawn towards a usual one as in `shared.statistics.clustered_variance`. Each end is found with the
    effect of its own rate, as in a score interval: the variance at the rate that was seen reaches too little upward.

    Example:
        >>> found = rate_interval(np.array([1.0, 0.0, 2.0]), np.array([0.5, 0.5, 0.5]))
        >>> found.value, found.n, found.n_subjects
        (2.0, 3, 3)
    """
    used = minutes > 0
    counts, spans = n_events[used], minutes[used]
    total_min, total = float(spans.sum()), float(counts.sum())
    if not total_min:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, Reason.NO_SEQUENCES)
    rate, n_people = total / total_min, counts.size
    if n_people < 2:
        return Interval(rate, None, None, int(total), n_people, IntervalMethod.NONE, Reason.ONE_PERSON)
    weights = spans / total_min
    df = float(1 / (weights**2).sum() - 1)
    usual_effect = 1 + USUAL_SPREAD * rate * float((spans**2).sum()) / total_min if total else EFFECT_OF_NONE
    effect = usual_effect
    changes = (counts - rate * spans) / total_min / np.maximum(1 - weights, 1e-9)
    squares = float((changes**2).sum())
    if total and squares > 1e-15:
        excess = float((changes**4).sum()) / squares**2 - 1 / n_people
        df = max(0.5, min(df, 2 / excess if excess > 1e-9 else n_people - 1.0))
    if total:
        observed = squares * (n_people - 1) / n_people / (rate / total_min)
        effect = max(1.0, (df * observed + PRIOR_DF * usual_effect) / (df + PRIOR_DF))
    normal, student = float(special.ndtri((1 + level) / 2)), float(special.stdtrit(df + PRIOR_DF, (1 + level) / 2))
    quantiles = (normal / student) ** 2

    def end(*, upper: bool) -> float:
        found, tail = rate, (1 + (level if upper else -level)) / 2
        for _ in range(N_STEPS if rate and effect > 1 else 1):
            grown = 1 + (effect - 1) * (found / rate) ** GROWTH if rate else effect
            worth_min = total_min / grown * quantiles
            reached = float(special.gammaincinv(rate * worth_min + upper, tail)) / worth_min
            found = (found + reached) / 2 if rate and effect > 1 else reached
        return found

    low, high = end(upper=False) if total else 0.0, end(upper=True)
    return Interval(rate, low, high, int(total), n_people, IntervalMethod.GARWOOD_BY_PERSON)


def share_interval(is_one: list[bool], subjects: list[str], level: float = LEVEL) -> Interval:
    """Say how sure a share is, over other people.

    Args:
        is_one: (n,) what counts.
        subjects: (n,) whose each is.
        level: Share of intervals that hold the truth.

    Example:
        >>> share_interval([True, False, False, False], ["a", "b", "c", "d"]).value
        0.25
    """
    if not is_one:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, Reason.NO_SEQUENCES)
    predictions = make_predictions([True] * len(is_one), [float(one) for one in is_one], subjects, 0.5)
    return interval("recall", predictions, level)


def quantile_interval(values: list[float], subjects: list[str], share: float, level: float = LEVEL) -> Interval:
    """Say how sure a quantile is, over other people.

    Args:
        values: (n,) any numbers.
        subjects: (n,) whose each is.
        share: Of the values that lie at or below the quantile: 0.5 for the median.
        level: Share of intervals that hold the truth.

    Returns:
        The smallest value that at least this share of all values do not exceed; of the median of an even number the
        middle. A bound is None where more people would be needed to see one.

    Source: Woodruff 1952, Journal of the American Statistical Association 47:635-646: the values at which the interval
    of the share below (here Wilson's, by person) ends at the share that is asked for.

    Example:
        >>> quantile_interval([100.0, 300.0, 200.0, 400.0], ["a", "b", "c", "d"], 0.5).value
        250.0
    """
    if not values:
        return Interval(None, None, None, 0, 0, IntervalMethod.NONE, Reason.NO_SEQUENCES)
    value = float(np.median(values) if share == 0.5 else np.quantile(values, share, method="inverted_cdf"))
    n_people = len(set(subjects))
    if n_people < 2:
        return Interval(value, None, None, len(values), n_people, IntervalMethod.NONE, Reason.ONE_PERSON)
    low: float | None = None
    high: float | None = None
    for at in sorted(set(values)):
        below = share_interval([one <= at for one in values], subjects, level)
        assert below.low is not None
        assert below.high is not None
        low = at if low is None and below.high >= share else low
        high = at if high is None and below.low >= share else high
    reason = None if high is not None else Reason.FEW_PEOPLE
    return Interval(value, low, high, len(values), n_people, IntervalMethod.WOODRUFF_BY_PERSON, reason)
