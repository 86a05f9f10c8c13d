"""Chooses a decision threshold by a named objective, on people that the model was not trained on. Pure numpy.

Never give it the people that the model is then measured on: the gap that this would hide is what `selection_gap` shows.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.arrays import F64, Bool
from shared.errors import WrongUsage
from shared.statistics import metrics
from shared.statistics.metrics import Roc

OBJECTIVES = ("youden", "f1", "recall", "false_alarms", "cost")
N_RESAMPLES = 1000
LEAST_SCORE = 1e-6  # scores are held this far from 0 and 1, where the logit is infinite
N_STEPS = 50  # of Newton's method; it needs about six
RIDGE = 1e-6
LEAST_PEOPLE = 3
ALIGNED_THRESHOLD = 0.5
MOST_COST = 1e6


@dataclass(frozen=True)
class Objective:
    """What a threshold is chosen for.

    Attributes:
        name: ``youden``: recall plus specificity, by a logistic fit where the curve does not speak against it (see
            `choose`); ``f1``: F1; ``recall``: the fewest false alarms with at least this
            recall; ``false_alarms``: the highest recall with at most so many false alarms a minute; ``cost``: the
            least that mistakes cost together.
        level: The recall (0 to 1) or the false alarms a minute; None for the others.
        costs: What a false alarm and what a miss costs, in any unit; None but for ``cost``.
    """

    name: str
    level: float | None = None
    costs: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.costs is not None:
            return f"{self.name}:{self.costs[0]:g},{self.costs[1]:g}"
        return self.name if self.level is None else f"{self.name}:{self.level:g}"


def parse_objective(text: str) -> Objective:
    """Parse ``youden``, ``f1``, ``recall:0.9``, ``false_alarms:2`` or ``cost:1,5``: of a false alarm and of a miss.

    Raises:
        WrongUsage: Nothing of that kind.
    """
    name, _, level = text.replace("-", "_").partition(":")
    expected = "youden, f1, recall:0.9, false_alarms:2 or cost:FALSE_ALARM,MISS, such as cost:1,5"
    if name == "cost":
        parts = re.fullmatch(r"(\d+\.?\d*),(\d+\.?\d*)", level)
        costs = (float(parts[1]), float(parts[2])) if parts else (0.0, 0.0)
        if not min(costs) > 0 or max(costs) > MOST_COST:
            raise WrongUsage("--objective", found=repr(text), expected=expected)
        return Objective(name, costs=costs)
    try:
        number = float(level) if level else None
    except ValueError:
        number = float("nan")
    needs_level = name in ("recall", "false_alarms")
    upper = 1.0 if name == "recall" else float("inf")
    is_good = name in OBJECTIVES and (number is not None) == needs_level and (number is None or 0 < number <= upper)
    if not is_good:
        raise WrongUsage("--objective", found=repr(text), expected=expected)
    return Objective(name, number)


@dataclass(frozen=True)
class Chosen:
    """A threshold and how sure it is.

    Attributes:
        value: Positive is a score strictly above it; halfway to the next lower score.
        low: Lower bound of the 95 % interval, by a bootstrap over people; None where there are too few.
        high: Upper bound.
        is_met: Whether the objective's level is reached; False if no threshold reaches it, then the nearest is taken.
    """

    value: float
    low: float | None
    high: float | None
    is_met: bool

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


def windows_a_minute(frame_count: int, frame_interval_ms: float) -> float:
    """Count the windows of this length in a minute of play; a photo counts as a second.

    Example:
        >>> windows_a_minute(5, 100.0)
        120.0
    """
    window_s = frame_count * frame_interval_ms / 1000
    return 60 / window_s if window_s else 60.0


def choose(
    labels: Bool,
    scores: F64,
    subjects: Sequence[str],
    objective: Objective,
    *,
    windows_a_minute: float = 120.0,
    toward: float | None = None,
    seed: int = 0,
) -> Chosen | None:
    """Choose a threshold.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) from 0 to 1.
        subjects: (n,) who is seen.
        objective: What for.
        windows_a_minute: How many decisions a minute of play holds, for false alarms: 60 s over a window's length.
        toward: Where the threshold is expected without anybody's data, 0.5 for a network that was trained on both
            classes alike. Counts as one more person for ``youden``: few people's threshold is their own rather than
            everybody's.
        seed: Of the bootstrap.

    Returns:
        The threshold, or None where a class is missing or no threshold is better than chance. For ``youden`` it is not
        the top of the empirical curve, which jumps with single clips, but where a logistic fit, classes weighing the
        same, turns from no to yes; the top is taken where it is better by more than a standard error.

    Source: targets and fit as Platt 1999 (Lin, Lin & Weng 2007); the rule of one standard error as Breiman et al. 1984.
    That the fit loses less than the top of the curve, and few people's threshold less when it is drawn, was measured
    (LOG.md).
    """
    roc = metrics.roc_curve(labels, scores)
    if roc is None:
        return None
    n_positive = int(labels.sum())
    point, is_met = _best_point(roc, n_positive, labels.size - n_positive, objective, windows_a_minute)
    if objective.name in ("youden", "f1") and roc.tpr[point] <= roc.fpr[point]:
        return None
    low, high = _interval(labels, scores, subjects, objective, windows_a_minute, seed)
    value = _value(labels, scores, roc, point, objective)
    if toward is not None and objective.name == "youden":
        n_people = len(set(subjects))
        value = _draw(value, toward, n_people)
        low, high = (None if each is None else _draw(each, toward, n_people) for each in (low, high))
    return Chosen(value, low, high, is_met)


def _draw(value: float, toward: float, n_people: int) -> float:
    """Return the mean of n people's threshold and one more person's, as logits."""
    own, other = (float(np.log(each / (1 - each))) for each in np.clip((value, toward), LEAST_SCORE, 1 - LEAST_SCORE))
    return float(1 / (1 + np.exp(-(own * n_people + other) / (n_people + 1))))


def _value(labels: Bool, scores: F64, roc: Roc, point: int, objective: Objective) -> float:
    """Return the threshold of a point, or the smoother one that ``youden`` prefers."""
    top = _between(roc, point)
    if objective.name != "youden":
        return top
    smooth = _fit_logistic(labels, scores)
    if smooth is None:
        return top
    hits, alarms = scores[labels] > smooth, scores[~labels] > smooth
    lost = (roc.tpr[point] - roc.fpr[point]) - (hits.mean() - alarms.mean())
    # Of the top's two rates, held off 0 and 1 by a clip each way: where nothing is wrong there still is an error.
    rates = ((roc.tpr[point], hits.size), (roc.fpr[point], alarms.size))
    shares = [((rate * n + 1) / (n + 2), n) for rate, n in rates]
    error = np.sqrt(sum(share * (1 - share) / n for share, n in shares))
    return smooth if lost <= error else top


def _fit_logistic(labels: Bool, scores: F64) -> float | None:
    """Return the score at which a logistic regression on the score's logit says one half, classes weighing alike.

    None where higher scores do not mean more positives.
    """
    held = np.clip(scores, LEAST_SCORE, 1 - LEAST_SCORE)
    logits = np.log(held / (1 - held))
    centre, spread = logits.mean(), logits.std()
    if spread == 0:
        return None
    inputs = np.stack([(logits - centre) / spread, np.ones_like(logits)], axis=1)  # (n, 2)
    n_positive, n_negative = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    weights = np.where(labels, 0.5 / n_positive, 0.5 / n_negative)
    slope_and_offset = np.array([1.0, 0.0])
    for _ in range(N_STEPS):
        probabilities = 1 / (1 + np.exp(-np.clip(inputs @ slope_and_offset, -30, 30)))
        gradient = inputs.T @ (weights * (probabilities - targets))
        curvature = (inputs * (weights * probabilities * (1 - probabilities))[:, None]).T @ inputs
        step = np.linalg.solve(curvature + RIDGE * np.eye(2), gradient)
        slope_and_offset -= step
        if np.abs(step).max() < 1e-9:
            break
    slope, offset = slope_and_offset.tolist()
    if slope <= RIDGE:
        return None
    at = float(np.clip(centre - spread * offset / slope, -50, 50))
    return float(1 / (1 + np.exp(-at)))


def _best_point(
    roc: Roc, n_positive: int, n_negative: int, objective: Objective, windows_a_minute: float
) -> tuple[int, bool]:
    """Return the point of the curve that serves the objective best, and whether its level is reached."""
    if objective.name == "youden":
        return int(np.argmax(roc.tpr - roc.fpr)), True
    if objective.name == "f1":
        hits, alarms = roc.tpr * n_positive, roc.fpr * n_negative
        return int(np.argmax(2 * hits / (hits + alarms + n_positive))), True
    if objective.costs is not None:
        of_alarm, of_miss = objective.costs
        cost = of_alarm * roc.fpr * n_negative + of_miss * (1 - roc.tpr) * n_positive
        cheapest = int(np.argmin(cost))
        return cheapest, 0 < cheapest < roc.fpr.size - 1  # else deciding the same each time costs least
    assert objective.level is not None
    if objective.name == "recall":
        return int(np.argmax(roc.tpr >= objective.level)), True  # the last point has recall 1
    allowed = np.flatnonzero(roc.fpr * windows_a_minute <= objective.level)
    return int(allowed[-1]), bool(roc.tpr[allowed[-1]] > 0)


def _between(roc: Roc, point: int) -> float:
    """Return the threshold halfway between a point's lowest positive score and the next lower score, from 0 to 1."""
    below = float(roc.thresholds[point + 1]) if point + 1 < roc.thresholds.size else 0.0
    above = float(roc.thresholds[point])
    if not np.isfinite(above):
        return min(1.0, max(0.0, below))
    middle = (above + below) / 2
    return min(1.0, max(0.0, middle if middle < above else below))


def _interval(
    labels: Bool, scores: F64, subjects: Sequence[str], objective: Objective, windows_a_minute: float, seed: int
) -> tuple[float | None, float | None]:
    people, numbers = np.unique(np.asarray(subjects), return_inverse=True)
    if people.size < LEAST_PEOPLE:
        return None, None
    members = [np.flatnonzero(numbers == number) for number in range(people.size)]
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(N_RESAMPLES):
        chosen = np.concatenate([members[number] for number in rng.integers(0, people.size, people.size)])
        roc = metrics.roc_curve(labels[chosen], scores[chosen])
        if roc is not None:
            n_positive = int(labels[chosen].sum())
            n_negative = chosen.size - n_positive
            point, _ = _best_point(roc, n_positive, n_negative, objective, windows_a_minute)
            values.append(_value(labels[chosen], scores[chosen], roc, point, objective))
    if len(values) < N_RESAMPLES // 2:
        return None, None
    low, high = np.quantile(values, [0.025, 0.975]).tolist()
    return low, high


def selection_gap(labels: Bool, scores: F64, threshold: float) -> float | None:
    """Say by how much choosing the threshold on these very sequences would flatter balanced accuracy.

    Args:
        labels: (n,) True for the positive class; of the test people.
        scores: (n,) from 0 to 1.
        threshold: The honest one, chosen on other people.

    Returns:
        The best balanced accuracy over all thresholds minus that at the honest one, from 0 up; None with one class.
    """
    roc = metrics.roc_curve(labels, scores)
    if roc is None:
        return None
    table = metrics.confusion_at(labels, scores, threshold)
    assert table.recall is not None
    honest = (table.recall + table.tn / (table.tn + table.fp)) / 2
    best = (1 + metrics.youden(roc).j) / 2
    return float(max(0.0, best - honest))


def align(score: float, threshold: float) -> float:
    """Move a threshold to 0.5 and stretch both parts of the scale evenly: 0 stays 0, 1 stays 1, above stays above.

    Example:
        >>> align(0.9, 0.8)
        0.75
    """
    if score > threshold:
        return max(float(np.nextafter(0.5, 1.0)), 0.5 + 0.5 * (score - threshold) / (1 - threshold))
    return 0.5 * score / threshold if threshold else 0.5
