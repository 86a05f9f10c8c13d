"""How many more clips, of how many more people, would settle a comparison. Pure; reads and writes nothing.

A plan, not a promise about these data: it says what a new test set needs so that a difference of that size is found
with 80 % probability. `tests/simulations/sim_power.py` checks that it is (results in LOG.md).
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from shared.errors import InvalidInput
from shared.statistics.clustered_variance import clustered_variance
from shared.statistics.methods import PlanMethod, Reason
from shared.statistics.metrics import Confusion
from shared.statistics.predictions import Predictions, check_paired

ALPHA = 0.05
POWER = 0.8
LARGEST_DISAGREEMENT = 0.4
"""Two useful arms that see the same clips share the hard ones. That they part on more than 40 % of all clips is left
out of plans from tables alone (our own choice); no more than arms that err independently would, in any case."""
MOST_PEOPLE = 100_000
LEAST_EFFECT = 0.5
"""A design effect below this in a pilot is treated as chance (our own choice)."""


def clips_needed(disagreement: float, difference: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """Compute how many independent clips McNemar's test needs.

    Args:
        disagreement: Share of clips that only one arm gets right, from |difference| to 1.
        difference: Of the accuracies; its sign does not matter.
        alpha: Two-sided error.
        power: Probability to find the difference.

    Returns:
        Clips, each of a person of its own; at least so many that they part often enough for the exact test to be able
        to find anything: 6 times at alpha 0.05.

    Raises:
        InvalidInput: No difference, or more difference than disagreement.

    Source: Connor 1987, Biometrics 43:207-211:
        n = (z_alpha/2 sqrt(disagreement) + z_power sqrt(disagreement - difference^2))^2 / difference^2.

    Example:
        >>> clips_needed(0.125, 0.075), clips_needed(0.4, 0.075), clips_needed(1, 1)
        (173, 556, 6)
    """
    size = abs(difference)
    if not 0 < size <= disagreement + 1e-12 <= 1 + 2e-12:
        raise InvalidInput(
            "power", found=f"difference {difference:g} of disagreement {disagreement:g}",
            expected="0 < |difference| <= disagreement <= 1",
        )  # fmt: skip
    z_alpha, z_power = float(special.ndtri(1 - alpha / 2)), float(special.ndtri(power))
    root = z_alpha * math.sqrt(disagreement) + z_power * math.sqrt(max(0.0, disagreement - size * size))
    fewest = math.ceil(1 - math.log2(alpha)) / disagreement  # 2 / 2^6 is below 0.05
    return math.ceil(max(root * root / (size * size), fewest) - 1e-9)


def design_effect(clips_per_person: float, correlation: float) -> float:
    """Compute how many clips of the same people are worth one of a new person.

    Args:
        clips_per_person: 1 or more.
        correlation: Between clips of one person (intraclass), at most 1.

    Source: Kish 1965, Survey Sampling, 1 + (m - 1) rho.

    Example:
        >>> design_effect(5, 0.25)
        2.0
    """
    return 1 + (clips_per_person - 1) * correlation


@dataclass(frozen=True)
class Disagreement:
    """How two arms part on a test set.

    Attributes:
        metric: accuracy, or recall: of the positive clips.
        share: Of clips that only one arm gets right.
        difference: Of the metric, candidate minus baseline.
        correlation: Between clips of one person in which arm is right; 0 if no person has two clips. Below 0 where
            what a person adds helps one class and hurts the other.
        clips_per_person: Mean.
        weighted_clips_per_person: Mean over clips, of how many clips their people gave: larger where people differ.
        n: Clips.
        n_subjects: People who gave them.
        n_sequences: Clips in all, of both classes.
        n_people: People in all.
    """

    metric: str
    share: float
    difference: float
    correlation: float
    clips_per_person: float
    weighted_clips_per_person: float
    n: int
    n_subjects: int
    n_sequences: int
    n_people: int


def disagreement(baseline: Predictions, candidate: Predictions, metric: str = "accuracy") -> Disagreement | None:
    """Measure how two arms part, with the correlation within people by analysis of variance.

    Args:
        baseline: Its predictions.
        candidate: Of the same sequences.
        metric: accuracy, or recall: of the positive clips only.

    Returns:
        The disagreement; None where there is no clip to look at.

    Source: Donner 1986, International Statistical Review 54:67-82 (the ANOVA estimator).

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    check_paired(baseline, candidate)
    counted = baseline.labels if metric == "recall" else np.ones(baseline.n, dtype=np.bool_)
    if not counted.any():
        return None
    right = [(arm.decisions == arm.labels)[counted].astype(np.float64) for arm in (baseline, candidate)]
    change = right[1] - right[0]  # -1, 0, 1 of each clip
    _, people = np.unique(baseline.people[counted], return_inverse=True)
    sizes = np.bincount(people).astype(np.float64)
    n, n_people = int(counted.sum()), sizes.size
    means = np.bincount(people, change, n_people) / sizes
    within = float((change**2).sum() - (sizes * means**2).sum())
    between = float((sizes * means**2).sum() - n * change.mean() ** 2)
    correlation = 0.0
    if n > n_people > 1:
        ms_within, ms_between = within / (n - n_people), between / (n_people - 1)
        typical_size = (n - float((sizes**2).sum()) / n) / (n_people - 1)
        total = ms_between + (typical_size - 1) * ms_within
        correlation = (ms_between - ms_within) / total if total > 0 else 0.0
    return Disagreement(
        metric=metric,
        share=float(np.abs(change).mean()),
        difference=float(change.mean()),
        correlation=min(1.0, correlation),
        clips_per_person=n / n_people,
        weighted_clips_per_person=float((sizes**2).sum()) / n,
        n=n,
        n_subjects=n_people,
        n_sequences=baseline.n,
        n_people=baseline.n_subjects,
    )


@dataclass(frozen=True)
class Plan:
    """What a test set needs, in all and beyond what there is.

    Attributes:
        metric: Whose difference it would find: accuracy, recall or roc_auc.
        target: The difference that it would find, above 0.
        n_sequences: In all.
        n_subjects: In all.
        more_sequences: Beyond what there is, 0 or more.
        more_subjects: Beyond what there is, 0 or more.
        power: Probability to find the target.
        method: The test that it is for.
        disagreement: Share of clips that only one arm gets right; None for an area.
        design_effect: How many clips of the same people are worth one of a new person; None for an area.
        person_sd: Standard deviation of the areas' difference, times the root of the people; None for a share.
    """

    metric: str
    target: float
    n_sequences: int
    n_subjects: int
    more_sequences: int
    more_subjects: int
    power: float
    method: PlanMethod
    disagreement: float | None = None
    design_effect: float | None = None
    person_sd: float | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them."""
        return asdict(self)


def people_needed(
    target: float, variance: float, clips_per_person: float, alpha: float = ALPHA, power: float = POWER,
    *, lattice: float = 1.0,
) -> int:  # fmt: skip
    """Compute how many people the swap test needs.

    Args:
        target: The difference to find, above 0.
        variance: Of one person's mean difference over his clips: (disagreement - target^2) * design effect / clips.
        clips_per_person: Mean.
        alpha: Two-sided error.
        power: Probability to find the target.
        lattice: The exact test counts whole clips, which costs it one clip (a continuity correction); 0 for a test
            without such steps, as for the AUC.

    Returns:
        People, at least 6 (fewer can't reach p < 0.05 by an exact test). The swap test refers a sum to its own sum
        of squares, as Student's t does: its power is that of the noncentral t.

    Raises:
        InvalidInput: The target isn't above 0, or would need more than 100,000 people.
    """
    if not 0 < target <= 1:
        raise InvalidInput("power", found=f"a difference of {target:g}", expected="above 0, at most 1")

    def reached(n_people: int) -> bool:
        df = n_people - 1.0
        noise = math.sqrt(max(variance, 1e-12) / n_people)
        shift = target - lattice / (n_people * clips_per_person)
        critical = float(special.stdtrit(df, 1 - alpha / 2))
        return shift > 0 and 1 - float(special.nctdtr(df, shift / noise, critical)) >= power

    low, high = 5, 6
    while not reached(high):
        low, high = high, high * 2
        if high > MOST_PEOPLE:
            raise InvalidInput("power", found="more than 100,000 people needed", expected="a larger difference")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def plan(found: Disagreement, margin: float = 0.05, alpha: float = ALPHA, power: float = POWER) -> Plan | None:
    """Say what a test set of people like these needs to tell the arms apart.

    The target is the observed difference, or the margin of practical interest where the observed one is smaller: to
    chase a smaller one is of no interest.

    Args:
        found: From `disagreement`.
        margin: The least difference of practical interest, above 0.
        alpha: Two-sided error.
        power: Probability to find the target.

    Returns:
        The plan; None if no test set of a sane size would do.
    """
    target = max(abs(found.difference), margin)
    # As if one clip more had parted the arms each way: few clips often show no disagreement that is there.
    share = max((found.share * found.n + 2) / (found.n + 2) if found.share * found.n < 5 else found.share, target)
    effect = max(LEAST_EFFECT, design_effect(found.weighted_clips_per_person, found.correlation))
    variance = max(share - target * target, 0.0) * effect / found.clips_per_person
    try:
        n_people = people_needed(target, variance, found.clips_per_person, alpha, power)
    except InvalidInput:
        return None
    n_people = math.ceil(n_people * found.n_people / found.n_subjects - 1e-9)  # not everybody gives such clips
    found_plan = _plan(found.metric, target, n_people, found.n_sequences, found.n_people, power)
    return replace(found_plan, disagreement=share, design_effect=effect)


def _plan(metric: str, target: float, n_people: int, n_sequences: int, n_subjects: int, power: float) -> Plan:
    """Count the sequences of people like these, and what is missing to them."""
    planned = math.ceil(n_people * n_sequences / n_subjects - 1e-9)
    return Plan(
        metric=metric, target=target, n_sequences=planned, n_subjects=n_people,
        more_sequences=max(0, planned - n_sequences), more_subjects=max(0, n_people - n_subjects),
        power=power,
        method=PlanMethod.DELONG_BY_PERSON if metric == "roc_auc" else PlanMethod.SWAP_BY_PERSON,
    )  # fmt: skip


def plan_auc(
    baseline: Predictions, candidate: Predictions, margin: float = 0.05, alpha: float = ALPHA, power: float = POWER,
    *, as_if_equal: bool = False,
) -> Plan | None:  # fmt: skip
    """Say what a test set of people like these needs to tell two areas under the ROC curve apart.

    Args:
        baseline: Its predictions.
        candidate: Of the same sequences.
        margin: The least difference of practical interest, above 0; the target where the observed one is smaller.
        alpha: Two-sided error.
        power: Probability to find the target.
        as_if_equal: See `plan_for`.

    Returns:
        The plan for DeLong's test by person; None where the areas or their spread are unknown, or where no test set of
        a sane size would do.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    check_paired(baseline, candidate)
    found = clustered_variance("roc_auc", [baseline, candidate])
    if isinstance(found, Reason):
        return None
    target = margin if as_if_equal else max(abs(float(found.values[1] - found.values[0])), margin)
    variance = float(np.array([-1.0, 1.0]) @ found.covariance @ np.array([-1.0, 1.0])) * baseline.n_subjects
    clips = baseline.n / baseline.n_subjects
    try:
        n_people = people_needed(target, variance, clips, alpha, power, lattice=0.0)
    except InvalidInput:
        return None
    found_plan = _plan("roc_auc", target, n_people, baseline.n, baseline.n_subjects, power)
    return replace(found_plan, person_sd=math.sqrt(variance))


def plan_for(
    metric: str, baseline: Predictions, candidate: Predictions, margin: float = 0.05, alpha: float = ALPHA,
    *, as_if_equal: bool = False,
) -> Plan | None:  # fmt: skip
    """Plan for a metric: for itself where that can be done, else (precision, F1) for accuracy, as the plan then says.

    Args:
        metric: accuracy, recall, precision, f1 or roc_auc.
        baseline: Its predictions.
        candidate: Of the same sequences.
        margin: The least difference of practical interest, above 0.
        alpha: Two-sided error.
        as_if_equal: Plan to show that nothing dropped by more than the margin, as if the arms were alike, instead of
            the difference that was observed.

    Raises:
        InvalidInput: The predictions are not of the same sequences.
    """
    if metric == "roc_auc":
        return plan_auc(baseline, candidate, margin, alpha, as_if_equal=as_if_equal)
    found = disagreement(baseline, candidate, "recall" if metric == "recall" else "accuracy")
    if found is None or found.n_subjects < 2:
        return None
    return plan(replace(found, difference=0.0) if as_if_equal else found, margin, alpha)


@dataclass(frozen=True)
class ClipsFromTables:
    """Clips that McNemar's test would need, when only two tables of counts are known.

    Attributes:
        low: If the arms part on as few clips as the tables allow.
        high: If they part on many, see LARGEST_DISAGREEMENT.
        low_disagreement: The share for low.
        high_disagreement: The share for high.
        difference: Of the accuracies, candidate minus baseline.
    """

    low: int
    high: int
    low_disagreement: float
    high_disagreement: float
    difference: float


def clips_from_tables(
    baseline: Confusion, candidate: Confusion, alpha: float = ALPHA, power: float = POWER
) -> ClipsFromTables | None:
    """Bound the clips needed to show the difference of two tables of the same sequences; None if they are equal.

    Raises:
        InvalidInput: The tables are not of the same sequences.

    Example:
        >>> found = clips_from_tables(Confusion(tp=30, fn=10, tn=22, fp=18), Confusion(tp=28, fn=12, tn=30, fp=10))
        >>> found.low, found.high
        (173, 556)
    """
    positives, negatives = baseline.tp + baseline.fn, baseline.tn + baseline.fp
    if (positives, negatives) != (candidate.tp + candidate.fn, candidate.tn + candidate.fp):
        raise InvalidInput(
            "tables",
            found=f"{positives} + {negatives} and {candidate.tp + candidate.fn} + {candidate.tn + candidate.fp}",
            expected="as many positive and negative sequences in both",
        )
    n = positives + negatives
    right = [table.tp + table.tn for table in (baseline, candidate)]
    difference = (right[1] - right[0]) / n
    if difference == 0:
        return None
    least = (abs(candidate.tp - baseline.tp) + abs(candidate.tn - baseline.tn)) / n
    most = sum(
        min(one + other, 2 * size - one - other)
        for one, other, size in ((baseline.tp, candidate.tp, positives), (baseline.tn, candidate.tn, negatives))
    )
    rates = [count / n for count in right]
    independent = rates[0] * (1 - rates[1]) + rates[1] * (1 - rates[0])
    many = max(least, min(LARGEST_DISAGREEMENT, independent, most / n))
    return ClipsFromTables(
        clips_needed(least, difference, alpha, power), clips_needed(many, difference, alpha, power), least, many,
        difference,
    )  # fmt: skip
