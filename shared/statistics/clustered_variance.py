"""How far metrics of one or two arms would scatter over other people: a covariance by person. Pure; no input or output.

Two estimates are put together. The squares of what people add need no assumption, but over a dozen people their own
variance is large, and it says little where few of them have an error. How far clips would scatter if each came from
a person of its own is known better; times the design effect of a usual correlation it is a prior for the same number.
The prior weighs as much as such correlations can be trusted: much for two clips per person, next to nothing for ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64, Bool, Int
from shared.statistics.methods import Reason
from shared.statistics.predictions import Predictions, part_and_whole

ALONE, PAIRED = (0.25, 0.5), (0.1, 0.5)
"""Correlation of clips of one person, and how little that is known: of one arm, and of a difference of two, in which
what both arms find hard is not seen. Hardly guesses (our own choice)."""
MOST_DF = 1e6  # as good as known
AREA_CLIPS = 2.0
"""How many clips of the rarer class the usual spread of an area is worth, beside those seen (our own choice)."""


@dataclass(frozen=True)
class ClusteredVariance:
    """Metrics of arms on the same sequences, and how far they scatter over other people.

    Attributes:
        values: (n_arms,) the metric of each arm.
        covariance: (n_arms, n_arms) over other people.
        df: Degrees of freedom of the covariance, for Student's t; of the design effect alone where a score interval
            knows the rest of the variance from the share itself.
        usual_effect: Design effect of the usual correlation, times the predictions per sequence: used where the
            data give no estimate.
        n_alike: How many sequences those of all people are worth if each person's are all alike: the least.
        n_subjects: People with a sequence that the metric looks at.
        design_effect: How many times the variance (of the difference, for two arms) is what it would be if each
            sequence were of a person of its own.
        icc: How alike a person's sequences are for that (intraclass correlation): what such an effect implies for
            people of this size; below 0 where they are the contrary of alike, None where each gave one sequence.
    """

    values: F64
    covariance: F64
    df: float
    usual_effect: float
    n_alike: float
    n_subjects: int
    design_effect: float
    icc: float | None


@dataclass(frozen=True)
class _Clips:
    """What each clip adds to a metric: its deviation, and its share of the whole; both (n_arms, n)."""

    values: F64
    deviations: F64
    weights: F64


def clustered_variance(
    metric: str, arms: Sequence[Predictions], *, as_share: bool = False, is_alone: bool = False
) -> ClusteredVariance | Reason:
    """Measure how far a metric scatters over other people.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        arms: One, or two on the same sequences.
        as_share: For f1: of the share J that it is a function of, see `shared.statistics.predictions.part_and_whole`.
        is_alone: The metric of one arm is looked at alone, not as part of a difference. Its clips are likely to be more
            alike; and a dozen positives, nearly all of them above the others, show too little of how an area scatters,
            so that what an area of its size usually has is a part of it.

    Returns:
        The spread, or why there is none. People who give one class each are compared within their class.

    Source: sums over people, each with its leverage (CR2), and degrees of freedom: Bell & McCaffrey 2002, Survey
    Methodology 28:169-181 (with the jackknife, CR3, they are too wide where sizes differ); mean of an observed and a
    usual variance, weighted by degrees of freedom: Smyth 2004, Statistical Applications in Genetics and Molecular
    Biology 3:3.
    """
    labels, people, n_people, repeats = arms[0].labels, arms[0].people, arms[0].n_subjects, arms[0].repeats
    clips = _auc_clips(arms) if metric == "roc_auc" else _share_clips(metric, arms, as_share=as_share)
    if isinstance(clips, Reason):
        return clips
    # A class of its own for the AUC, whose two classes have a whole each; for a share there is one whole.
    wholes: list[Bool | slice] = [labels, ~labels] if metric == "roc_auc" else [slice(None)]
    weights = [_by_person(clips.weights[:, whole], people[whole], n_people) for whole in wholes]
    if any((np.count_nonzero(weight, axis=1) < 2).any() for weight in weights):
        return Reason.FEW_PEOPLE
    changes = sum(  # of the metric, without each person
        _by_person(clips.deviations[:, whole], people[whole], n_people) / np.sqrt(np.maximum(1 - weight, 1e-9))
        for whole, weight in zip(wholes, weights, strict=True)
    )
    weight = np.sum(weights, axis=(0, 1))
    strata = _strata(metric, labels, people, weight > 0)
    observed, df = _observed(np.asarray(changes), weight, strata)
    # Clips of one class are usually alike; those of both classes are alike or the contrary, for all that is known.
    alike, together = (_mean_size(clips.weights, people, of) / repeats for of in (wholes, [slice(None)]))
    correlation, deviation = ALONE if is_alone else PAIRED
    usual_effect, usual_df = 1 + max(0.0, alike - 1) * correlation, MOST_DF
    if together > 1 + 1e-6:
        usual_df = min(MOST_DF, 2 * (usual_effect / ((together - 1) * deviation)) ** 2)
    independent = _independent(clips.deviations, arms[0], is_fixed=metric == "roc_auc" or len(strata) > 1)
    covariance = (df * observed + usual_df * usual_effect * independent) / (df + usual_df)
    if metric == "roc_auc" and is_alone:
        scale = _scale_of_area(clips.values[0], float(independent[0, 0]), arms[0])
        covariance, independent = covariance * scale, independent * scale
    is_score_interval = (metric in ("accuracy", "recall") or (len(arms) == 1 and metric != "roc_auc")) and repeats == 1
    most_df = MOST_DF if is_score_interval else max(df, _df(_change(clips.deviations), np.ones(labels.size)))
    alone, found = _of_change(independent), _of_change(covariance)
    effect = repeats * (found / alone if alone > 1e-15 else usual_effect)
    return ClusteredVariance(
        values=clips.values,
        covariance=covariance,
        df=min(df + usual_df, most_df),
        usual_effect=usual_effect * repeats,
        n_alike=min(float(one.sum() ** 2 / (one**2).sum()) for weight in weights for one in weight),
        n_subjects=int(np.count_nonzero(weight)),
        design_effect=effect,
        icc=(effect / repeats - 1) / (together - 1) if together > 1 + 1e-6 else None,
    )


def changes_by_person(metric: str, arms: Sequence[Predictions]) -> F64:
    """Return what each person adds to a metric's difference, or to the metric of one arm, against the mean: (n,).

    All zero where the metric is undefined.
    """
    clips = _auc_clips(arms) if metric == "roc_auc" else _share_clips(metric, arms, as_share=False)
    n_people = arms[0].n_subjects
    if isinstance(clips, Reason):
        return np.zeros(n_people)
    return _change(_by_person(clips.deviations, arms[0].people, n_people))


def _share_clips(metric: str, arms: Sequence[Predictions], *, as_share: bool) -> _Clips | Reason:
    """Linearise a share, or F1."""
    values, deviations, weights = [], [], []
    for arm in arms:
        part, whole = (of_cell[arm.cells] for of_cell in part_and_whole(metric, np.eye(4)))
        if not whole.any():
            return Reason.NO_SEQUENCES
        share = part.sum() / whole.sum()
        is_f1 = metric == "f1" and not as_share
        slope = 2 / (1 + share) ** 2 if is_f1 else 1.0
        values.append(2 * share / (1 + share) if is_f1 else share)
        deviations.append(slope * (part - share * whole) / whole.sum())
        weights.append(whole / whole.sum())
    return _Clips(np.array(values), np.array(deviations), np.array(weights))


def _auc_clips(arms: Sequence[Predictions]) -> _Clips | Reason:
    """Take placement values for what a clip adds to the area (DeLong)."""
    labels = arms[0].labels
    sizes = np.where(labels, labels.sum(), (~labels).sum())
    values, deviations = [], []
    for arm in arms:
        placed = arm.placements
        if placed is None:
            return Reason.ONE_CLASS
        deviation = np.empty(arm.n)
        deviation[labels], deviation[~labels] = placed.of_positives - placed.auc, placed.of_negatives - placed.auc
        values.append(placed.auc)
        deviations.append(deviation / sizes)
    return _Clips(np.array(values), np.array(deviations), np.tile(1 / sizes, (len(arms), 1)))


def _by_person(of_clips: F64, people: Int, n_people: int) -> F64:
    """Sum what clips add, by person: (n_arms, n_people)."""
    return np.array([np.bincount(people, one, n_people) for one in of_clips])


def _change(of_arms: F64) -> F64:
    """Return candidate minus baseline, or the only arm."""
    return np.asarray(of_arms[-1] - of_arms[0] if len(of_arms) > 1 else of_arms[0])


def _of_change(covariance: F64) -> float:
    """Return the variance of candidate minus baseline, or of the only arm."""
    change = np.array([1.0]) if len(covariance) == 1 else np.array([-1.0, 1.0])
    return max(0.0, float(change @ covariance @ change))


def _strata(metric: str, labels: Bool, people: Int, is_used: Bool) -> list[Bool]:
    """Return the people that are compared among each other: all who are used, or two classes of people."""
    has_positive, has_negative = (np.bincount(people[of], minlength=is_used.size) > 0 for of in (labels, ~labels))
    apart = not (has_positive & has_negative).any() and min(has_positive.sum(), has_negative.sum()) > 1
    # Of a share, how many sequences of each class there are is luck, too, unless it was laid out evenly.
    sizes = np.bincount(people)
    is_even = has_positive.sum() == has_negative.sum() and (sizes == sizes[0]).all()
    is_fixed = metric == "roc_auc" or (is_even and metric != "recall")
    return [has_positive, has_negative] if apart and is_fixed else [is_used]


def _observed(changes: F64, weight: F64, strata: Sequence[Bool]) -> tuple[F64, float]:
    """Sum the covariance that people show over strata, with its degrees of freedom."""
    covariance = np.zeros((len(changes), len(changes)))
    variances, dfs = [], []
    for members in strata:
        within = changes[:, members]
        if len(strata) > 1:
            within = within - within.mean(axis=1, keepdims=True)
        covariance += within @ within.T
        change = _change(within)
        variances.append(float((change**2).sum()))
        dfs.append(_df(change, weight[members]))
    total = sum(variances)
    if total < 1e-15:
        return covariance, 0.0
    return covariance, total**2 / sum(v**2 / df for v, df in zip(variances, dfs, strict=True) if v > 0)


def _df(changes: F64, weight: F64) -> float:
    """Degrees of freedom of a sum of squares: fewer where sizes differ, or where few people make up most of it.

    The variance of a sum of n squares of kurtosis k is (k - 1) / n of its square, and 2 / df by definition.
    """
    n, total = changes.size, float((changes**2).sum())
    if total < 1e-15:
        return 1.0
    by_size = float(weight.sum() ** 2 / (weight**2).sum()) - 1 if weight.any() else n - 1.0
    excess = float((changes**4).sum()) / total**2 - 1 / n
    return max(0.5, min(by_size, 2 / excess if excess > 1e-9 else n - 1.0))


def _independent(deviations: F64, arm: Predictions, *, is_fixed: bool) -> F64:
    """Covariance if each clip had a person of its own.

    Where the classes' sizes are fixed, only what clips scatter within their class counts. Else what they scatter
    between classes counts as far as people differ in how many clips of each class they give.
    """
    labels, people = arm.labels, arm.people
    if arm.repeats > 1:
        _, first = np.unique(arm.clips, return_index=True)
        deviations, labels, people = _by_person(deviations, arm.clips, first.size), labels[first], people[first]
    whole, inside = deviations @ deviations.T, np.zeros((len(deviations), len(deviations)))
    for of_class in (labels, ~labels):
        class_deviations = deviations[:, of_class]
        n, total = class_deviations.shape[1], class_deviations.sum(axis=1)
        squares = class_deviations @ class_deviations.T
        if n > 1:
            squares = (squares - np.outer(total, total) / n) * (n / (n - 1) if is_fixed else 1.0)
        inside += squares
    if is_fixed:
        return inside
    share, sizes = labels.mean(), np.bincount(people)
    usual = share * (1 - share) * labels.size
    unlike = ((np.bincount(people, labels) - share * sizes) ** 2).sum()
    return np.asarray(inside + (min(1.0, unlike / usual) if usual else 1.0) * (whole - inside))


def _scale_of_area(area: float, seen: float, arm: Predictions) -> float:
    """Return how many times what was seen of an area's variance is to be believed, drawn towards the usual.

    The usual one is that of exponential scores, which fits most others well.

    Source: Hanley & McNeil 1982, Radiology 143:29-36; that it covers better than DeLong's with few positives: Newcombe
    2006, Statistics in Medicine 25:559-573.
    """
    n_positive, n_negative = (max(1.0, float(of.sum()) / arm.repeats) for of in (arm.labels, ~arm.labels))
    of_positives, of_negatives = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    usual = area * (1 - area) + (n_positive - 1) * of_positives + (n_negative - 1) * of_negatives
    if seen <= 0:
        return 1.0
    fewer = min(n_positive, n_negative)
    return (fewer + AREA_CLIPS * usual / (n_positive * n_negative) / seen) / (fewer + AREA_CLIPS)


def changes_by_seed(metric: str, arms: Sequence[Predictions], *, as_share: bool = False) -> F64:
    """Return what each person adds with each seed to a difference, or to a metric of one arm: (n_people, n_seeds)."""
    clips = _auc_clips(arms) if metric == "roc_auc" else _share_clips(metric, arms, as_share=as_share)
    arm = arms[0]
    if isinstance(clips, Reason):
        return np.zeros((arm.n_subjects, arm.n_seeds))
    places = arm.people * arm.n_seeds + arm.seeds
    sums = np.bincount(places, _change(clips.deviations), arm.n_subjects * arm.n_seeds)
    return np.asarray(sums.reshape(-1, arm.n_seeds), dtype=np.float64)


def _mean_size(weights: F64, people: Int, wholes: Sequence[Bool | slice]) -> float:
    """How many clips of the same person and whole a clip has beside it, itself included: the mean over clips."""
    sizes = []
    for whole in wholes:
        counts = _by_person((weights[:, whole] > 0).astype(np.float64), people[whole], int(people.max()) + 1)
        sizes += [float((one**2).sum() / one.sum()) for one in counts]
    return sum(sizes) / len(sizes)
