"""One arm's predictions for the sequences of a test set, counted by person. Pure numpy; reads and writes nothing.

Clips of one person resemble each other, so intervals and tests resample people, not clips. This module only counts:
`shared.statistics.intervals` gives confidence intervals, `shared.statistics.significance` tests differences.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.arrays import F64, Bool, Int
from shared.errors import InvalidInput
from shared.statistics.metric_names import METRICS
from shared.statistics.metrics import Confusion, check_scores

TP, FN, TN, FP = range(4)


@dataclass(frozen=True, eq=False)
class Predictions:
    """One arm's predictions; made by `make_predictions`, which checks them.

    Attributes:
        labels: (n,) True for the positive class.
        scores: (n,) finite; higher means more positive.
        threshold: Positive is strictly greater.
        people: (n,) numbers of the people from 0 to n_subjects - 1, in order of their first sequence.
        sequence_ids: (n,) names that pair two arms; empty where none were given. What follows an "@" numbers
            the predictions of one sequence, where models of several seeds made them.
    """

    labels: Bool
    scores: F64
    threshold: float
    people: Int
    sequence_ids: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of sequences."""
        return int(self.labels.size)

    @cached_property
    def n_subjects(self) -> int:
        """Number of people."""
        return int(self.people.max()) + 1

    @cached_property
    def clips(self) -> Int:
        """(n,) numbers of the sequences from 0: predictions of several seeds for one sequence share a number."""
        if not self.sequence_ids:
            return np.arange(self.n)
        numbers: dict[str, int] = {}
        names = map(sequence_of, self.sequence_ids)
        return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)

    @cached_property
    def repeats(self) -> float:
        """Mean number of predictions per sequence."""
        return self.n / (int(self.clips.max()) + 1)

    @cached_property
    def seeds(self) -> Int:
        """(n,) number of the seed of each prediction, from 0."""
        numbers = [name.partition("@")[2] for name in self.sequence_ids] or [""] * self.n
        return np.array([int(number) - 1 if number.isdecimal() else 0 for number in numbers], dtype=np.int64)

    @property
    def n_seeds(self) -> int:
        """Number of seeds whose models made the predictions."""
        return int(self.seeds.max()) + 1

    @cached_property
    def decisions(self) -> Bool:
        """(n,) True where the prediction is positive."""
        return self.scores > self.threshold

    @cached_property
    def cells(self) -> Int:
        """(n,) TP, FN, TN or FP of each sequence, as a number from 0 to 3."""
        return np.where(self.labels, np.where(self.decisions, TP, FN), np.where(self.decisions, FP, TN))

    @cached_property
    def counts(self) -> F64:
        """(n_subjects, 4) counts of TP, FN, TN, FP of each person."""
        size = self.n_subjects * 4
        return np.bincount(self.people * 4 + self.cells, minlength=size).reshape(-1, 4).astype(np.float64)

    @property
    def confusion(self) -> Confusion:
        """Counts over all people."""
        tp, fn, tn, fp = self.counts.sum(axis=0).astype(int).tolist()
        return Confusion(tp=tp, fn=fn, tn=tn, fp=fp)

    @cached_property
    def placements(self) -> "Placements | None":
        """How positives and negatives lie among each other; None where a class is missing."""
        return place(self.labels, self.scores)


@dataclass(frozen=True)
class Placements:
    """Placement values: how much of the other class each sequence beats; ties count one half.

    Attributes:
        auc: Area under the ROC curve, the mean of either.
        of_positives: (n_positive,) the share of negatives that lie below, in the order of the sequences.
        of_negatives: (n_negative,) the share of positives that lie above, in the order of the sequences.
    """

    auc: float
    of_positives: F64
    of_negatives: F64


def sequence_of(prediction_id: str) -> str:
    """Return the sequence that a prediction is about: pooled results number those of further seeds, seq_0001@2."""
    return prediction_id.partition("@")[0]


def place(labels: Bool, scores: F64) -> Placements | None:
    """Compute placement values from sorted scores; None where a class is missing.

    Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845, structural components V10 and V01.

    Example:
        >>> place(np.array([True, True, False]), np.array([0.9, 0.2, 0.2])).auc
        0.75
    """
    positives, negatives = scores[labels], scores[~labels]
    if not positives.size or not negatives.size:
        return None
    of_positives = _share_below(positives, negatives)
    return Placements(float(of_positives.mean()), of_positives, 1 - _share_below(negatives, positives))


def _share_below(values: F64, others: F64) -> F64:
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    return np.asarray(below / (2 * others.size), dtype=np.float64)


def make_predictions(
    labels: Sequence[bool] | Bool,
    scores: Sequence[float] | F64,
    subjects: Sequence[str],
    threshold: float,
    sequence_ids: Sequence[str] = (),
) -> Predictions:
    """Check an arm's predictions and number their people.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) any finite numbers; higher means more positive.
        subjects: (n,) the subject; a sequence without a known person needs a name of its own.
        threshold: Positive is strictly greater.
        sequence_ids: (n,) names that pair two arms; without them the order pairs.

    Raises:
        InvalidInput: No predictions, arrays of different lengths, NaN or infinite scores, a sequence that occurs twice.
    """
    label_array, score_array = check_scores(labels, scores)
    for name, values in (("subjects", subjects), ("sequence_ids", sequence_ids)):
        if len(values) != label_array.size and (len(values) or name == "subjects"):
            raise InvalidInput(name, found=f"{len(values)} for {label_array.size} labels", expected="one for each")
    if len(set(sequence_ids)) != len(sequence_ids):
        twice = next(name for name, times in Counter(sequence_ids).items() if times > 1)
        raise InvalidInput("sequence_ids", found=f"{twice} twice", expected="each sequence once")
    numbers: dict[str, int] = {}
    people = np.array([numbers.setdefault(subject, len(numbers)) for subject in subjects], dtype=np.int64)
    return Predictions(label_array, score_array, float(threshold), people, tuple(sequence_ids))


def check_paired(baseline: Predictions, candidate: Predictions) -> None:
    """Refuse two arms whose predictions are not of the same sequences in the same order.

    Raises:
        InvalidInput: Another number, order, label or person of the sequences; the first difference is named.
    """
    what, expected = "paired comparison", "both arms on the same sequences in the same order"
    if baseline.n != candidate.n:
        raise InvalidInput(what, found=f"{baseline.n} and {candidate.n} sequences", expected=expected)
    if baseline.sequence_ids and candidate.sequence_ids:
        for place_, (one, other) in enumerate(zip(baseline.sequence_ids, candidate.sequence_ids, strict=True)):
            if one != other:
                raise InvalidInput(what, found=f"{one} and {other} as sequence {place_ + 1}", expected=expected)
    for name, one_array, other_array in (
        ("label", baseline.labels, candidate.labels),
        ("person", baseline.people, candidate.people),
    ):
        if differ := np.flatnonzero(one_array != other_array).tolist():
            raise InvalidInput(what, found=f"another {name} at sequence {differ[0] + 1}", expected=expected)


def part_and_whole(metric: str, counts: F64) -> tuple[F64, F64]:
    """Write a metric of decisions as a share: what is right, of how many sequences that it looks at.

    F1 is no share, but a growing function of one: F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), see `f1_of_share`.

    Args:
        metric: accuracy, recall, precision or f1 (gives J).
        counts: (..., 4) counts of TP, FN, TN, FP.

    Returns:
        Two arrays (...): part and whole.
    """
    tp, fn, tn, fp = counts[..., TP], counts[..., FN], counts[..., TN], counts[..., FP]
    if metric == "accuracy":
        return tp + tn, tp + fn + tn + fp
    if metric == "recall":
        return tp, tp + fn
    if metric == "precision":
        return tp, tp + fp
    if metric == "f1":
        return tp, tp + fp + fn
    raise InvalidInput("metric", found=metric, expected=f"one of {', '.join(METRICS[:-1])}")


def f1_of_share(share: F64 | float) -> F64 | float:
    """Turn J = TP / (TP + FP + FN) into F1.

    Example:
        >>> round(f1_of_share(30 / 58), 4)  # TP 30, FP 18, FN 10
        0.6818
    """
    return 2 * share / (1 + share)


def values(metric: str, counts: F64) -> F64:
    """Compute a metric of decisions from counts; NaN where its whole is empty.

    Args:
        metric: accuracy, recall, precision or f1.
        counts: (..., 4) counts of TP, FN, TN, FP; weights of resampled people may be inside.
    """
    part, whole = part_and_whole(metric, counts)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = part / whole
    return np.asarray(f1_of_share(share) if metric == "f1" else share, dtype=np.float64)
