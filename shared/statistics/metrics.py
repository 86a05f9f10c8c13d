"""The six metrics of a two-class detector, from labels and scores. Pure numpy; reads and writes nothing.

A decision is positive when the score is strictly greater than the threshold, as in the model's contract. A metric that
the data cannot define (no positive sequence, nothing called positive, one class only) is None, never 0 or 1.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from shared.arrays import F64, Bool
from shared.errors import InvalidInput

DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Confusion:
    """Counts of right and wrong decisions; positive is the class that a high score stands for."""

    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def accuracy(self) -> float | None:
        """Share of right decisions among all."""
        return _ratio(self.tp + self.tn, self.tp + self.fn + self.tn + self.fp)

    @property
    def precision(self) -> float | None:
        """Share of true positives among what was called positive."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """Share of the positives that were found."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).

        Example:
            >>> round(Confusion(tp=30, fn=10, tn=22, fp=18).f1, 4)
            0.6818
        """
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True)
class Roc:
    """An ROC curve from (0, 0) to (1, 1).

    Attributes:
        fpr: (n,) false positive rates, increasing.
        tpr: (n,) true positive rates, increasing.
        thresholds: (n,) a point holds the decisions ``score >= threshold``; the first is infinite.
    """

    fpr: F64
    tpr: F64
    thresholds: F64


@dataclass(frozen=True)
class Optimum:
    """Where Youden's J = recall + specificity - 1 is largest.

    Attributes:
        threshold: The lowest score that counts as positive there (scikit-learn's convention, ``score >= threshold``).
        decision_threshold: The same decisions for ``score > threshold``: halfway to the next lower score, which is
            what a front end should be given.
        j: From 0 to 1.
    """

    threshold: float
    decision_threshold: float
    j: float


def check_scores(labels: Sequence[bool] | Bool, scores: Sequence[float] | F64) -> tuple[Bool, F64]:
    """Turn labels and scores into arrays and refuse what no metric can be computed of.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) any finite numbers; higher means more positive.

    Raises:
        InvalidInput: Empty, of different length, or with NaN or infinite scores (the first one's place is named).
    """
    label_array = np.asarray(labels, dtype=np.bool_)
    score_array = np.asarray(scores, dtype=np.float64)
    if label_array.shape != score_array.shape or label_array.ndim != 1:
        raise InvalidInput(
            "scores", found=f"{score_array.shape} for {label_array.shape} labels", expected="one score per label"
        )
    if not label_array.size:
        raise InvalidInput("scores", found="none", expected="at least one label with a score")
    if bad := np.flatnonzero(~np.isfinite(score_array)).tolist():
        raise InvalidInput(
            f"scores: entry {bad[0] + 1}", found=str(score_array[bad[0]]), expected="a finite number for each label"
        )
    return label_array, score_array


def confusion_at(labels: Bool, scores: F64, threshold: float) -> Confusion:
    """Count decisions at a threshold; positive means strictly greater."""
    positive = scores > threshold
    return Confusion(
        tp=int(np.sum(positive & labels)),
        fn=int(np.sum(~positive & labels)),
        tn=int(np.sum(~positive & ~labels)),
        fp=int(np.sum(positive & ~labels)),
    )


def roc_curve(labels: Bool, scores: F64) -> Roc | None:
    """Compute the ROC curve with one point a distinct score; None where a class is missing.

    Example:
        >>> roc_curve(np.array([False, True]), np.array([0.2, 0.9])).tpr.tolist()
        [0.0, 1.0, 1.0]
    """
    n_positive = int(labels.sum())
    n_negative = labels.size - n_positive
    if not n_positive or not n_negative:
        return None
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))  # the last of each group of ties
    hits = np.cumsum(labels[order])[ends]
    misses = ends + 1 - hits
    return Roc(
        fpr=np.concatenate(([0.0], misses / n_negative)),
        tpr=np.concatenate(([0.0], hits / n_positive)),
        thresholds=np.concatenate(([math.inf], ordered[ends])),
    )


def roc_auc(roc: Roc) -> float:
    """Return the area under an ROC curve by the trapezoidal rule: ties count one half."""
    return float(np.trapezoid(roc.tpr, roc.fpr))


def chance_auc(n_positive: int, n_negative: int) -> float:
    """Return the area that guessing exceeds once in twenty times; what is not above it is at chance.

    Sequences count as independent, which they are not within a person: what passes is not thereby shown to be good.

    Args:
        n_positive: Sequences of the positive class, 1 or more.
        n_negative: Sequences of the other class, 1 or more.

    Source: the normal approximation of the rank sum without ties (Mann and Whitney 1947): standard deviation
        sqrt((m + n + 1) / (12 m n)), one-sided 5 %.

    Example:
        >>> round(chance_auc(40, 40), 4)
        0.6069
    """
    deviation = math.sqrt((n_positive + n_negative + 1) / (12 * n_positive * n_negative))
    return min(1.0, 0.5 + 1.645 * deviation)


def youden(roc: Roc) -> Optimum:
    """Find the threshold with the largest Youden's J; the highest such threshold where several are equal.

    Chosen on the data that it is then measured on, it flatters the model; a model's own threshold comes from
    validation people.
    """
    j = roc.tpr - roc.fpr
    best = int(np.argmax(j))
    if best == 0:  # no threshold is better than calling nothing positive
        return Optimum(threshold=math.inf, decision_threshold=float(roc.thresholds[1]), j=0.0)
    threshold = float(roc.thresholds[best])
    lower = float(roc.thresholds[best + 1]) if best + 1 < roc.thresholds.size else min(0.0, threshold)
    middle = (threshold + lower) / 2
    return Optimum(threshold=threshold, decision_threshold=middle if middle < threshold else lower, j=float(j[best]))


@dataclass(frozen=True)
class Measured:
    """Everything that labels and scores say about a detector at one threshold."""

    confusion: Confusion
    threshold: float
    threshold_source: str
    roc: Roc | None
    optimum: Optimum | None
    notes: tuple[str, ...]

    def rates(self) -> dict[str, Any]:
        """Return threshold, counts and rates, as results documents hold them."""
        return {
            "threshold": self.threshold,
            "threshold_source": self.threshold_source,
            "confusion": asdict(self.confusion),
            **{name: getattr(self.confusion, name) for name in ("accuracy", "precision", "recall", "f1")},
        }

    def metrics(self) -> dict[str, Any]:
        """Return the rates and what does not depend on the threshold."""
        optimum = self.optimum
        return {
            **self.rates(),
            "roc_auc": None if self.roc is None else roc_auc(self.roc),
            "optimal_threshold": None if optimum is None or math.isinf(optimum.threshold) else optimum.threshold,
            "optimal_decision_threshold": None if optimum is None else optimum.decision_threshold,
            "youden_j": None if optimum is None else optimum.j,
        }

    def roc_document(self) -> dict[str, Any] | None:
        """Return the curve's points, as results documents hold them; the infinite threshold is null."""
        if self.roc is None:
            return None
        return {
            "fpr": self.roc.fpr.tolist(),
            "tpr": self.roc.tpr.tolist(),
            "thresholds": [None if math.isinf(t) else t for t in self.roc.thresholds.tolist()],
        }


def measure(
    labels: Sequence[bool] | Bool, scores: Sequence[float] | F64, threshold: float, threshold_source: str
) -> Measured:
    """Measure a detector.

    Args:
        labels: (n,) True for the positive class.
        scores: (n,) higher means more positive.
        threshold: Positive is strictly greater.
        threshold_source: Where the threshold comes from: given, model, default or optimal.

    Raises:
        InvalidInput: See `check_scores`.
    """
    label_array, score_array = check_scores(labels, scores)
    confusion = confusion_at(label_array, score_array, threshold)
    roc = roc_curve(label_array, score_array)
    notes = []
    if roc is None:
        only = "positive" if label_array[0] else "negative"
        notes.append(f"only the {only} class is present: ROC AUC and the optimal threshold are undefined")
    if confusion.precision is None:
        notes.append("nothing was called positive: precision is undefined")
    if confusion.recall is None:
        notes.append("there is no positive sequence: recall is undefined")
    if roc is not None and roc.thresholds.size == 2:
        notes.append("all scores are equal: the model does not tell the classes apart")
    return Measured(confusion, threshold, threshold_source, roc, None if roc is None else youden(roc), tuple(notes))
