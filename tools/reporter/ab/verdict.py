"""One word and one sentence on a candidate against a baseline, and what would settle it. Pure; no input or output.

The word is "better" only if a test by person and an interval by person agree that it is, and the protected metric
can't have dropped by more than the margin. Whatever the data cannot say is "cannot tell", with the reason.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from shared.errors import InvalidInput
from shared.statistics.intervals import Interval, difference
from shared.statistics.metric_names import METRICS
from shared.statistics.power import Plan, plan_for
from shared.statistics.predictions import Predictions
from shared.statistics.significance import Test, compare, holm
from tools.reporter.ab.outlook import Outlook, chance_of_margin, look_ahead
from tools.reporter.config import MARGIN

ALPHA = 0.05


class Word(StrEnum):
    """The verdict."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"  # within the margin
    CANNOT_TELL = "cannot_tell"


class Because(StrEnum):
    """Why the verdict is what it is."""

    SHOWN = "shown"  # test and interval agree
    WITHIN_MARGIN = "within_margin"  # the whole interval lies within it
    PROTECTED_DROPPED = "protected_dropped"  # by more than the margin
    PROTECTED_UNSURE = "protected_unsure"  # it may have dropped by more than the margin
    LUCK = "luck"  # the difference may be luck
    UNDEFINED = "undefined"  # the metric, its interval or its test
    # Where the figures come from, see `tools.reporter.ab.judgement.weakness`:
    ONE_CLASS = "one_class"
    TRAIN = "train"  # measured on sequences of the training
    VALIDATION = "validation"  # measured on sequences that epochs and thresholds were chosen on
    THRESHOLD = "threshold"  # chosen on the sequences that are measured
    OTHER_SPLIT = "other_split"  # the candidate may have learned from these people
    ALL_EQUAL = "all_equal"  # all scores of the candidate
    SAME_DECISION = "same_decision"  # the candidate's, for every sequence
    TOO_SOON = "too_soon"  # after the last look at this question, see `tools.reporter.ab.looks`
    ONLY_LOOK = "only_look"  # an earlier look was to be the only one
    CHANCE = "chance"  # baseline and candidate, see `tools.reporter.ab.chance`


WEAK = frozenset(list(Because)[list(Because).index(Because.ONE_CLASS) :])
"""Figures that cannot carry a verdict, whatever they are."""


@dataclass(frozen=True)
class Verdict:
    """What may be said of a candidate.

    Attributes:
        word: The verdict.
        because: Why.
        primary: The metric that decides.
        protected: The metric that must not drop; None if none was asked for.
        margin: The least difference of practical interest, as a fraction.
        alpha: Two-sided error of the test.
        difference: Of the primary metric, candidate minus baseline.
        test: Of that difference, by person.
        p_adjusted: After Holm over all candidates; equals the test's p for one.
        protected_difference: Of the protected metric; None without one, or where it is the primary.
        plan: What would settle it; None where it is settled or no plan can be made.
        repeats: Predictions of each sequence, where several seeds were pooled.
        outlook: What a look at the planned people would say; None without a plan.
        guard_plan: What would show that the protected metric did not drop by more than the margin, where the word is
            "cannot tell" by luck and that takes more people than the plan; else None.
        better_by_margin: Probability that the candidate is better by the margin or more, where the word is "cannot
            tell"; see `tools.reporter.ab.outlook.chance_of_margin`.
    """

    word: Word
    because: Because
    primary: str
    protected: str | None
    margin: float
    alpha: float
    difference: Interval
    test: Test
    p_adjusted: float | None
    protected_difference: Interval | None
    plan: Plan | None
    repeats: float = 1.0
    outlook: Outlook | None = None
    better_by_margin: float | None = None
    guard_plan: Plan | None = None

    @property
    def passes(self) -> bool:
        """True only for "better"; a gate asks for the references, too."""
        return self.word is Word.BETTER

    def as_document(self) -> dict[str, Any]:
        """Return the fields as documents hold them; `tools.reporter.ab.sentence` adds the sentence."""
        fields = asdict(self)
        del fields["repeats"]
        return fields


def decide(
    baseline: Predictions,
    candidate: Predictions,
    *,
    primary: str = "accuracy",
    protected: str | None = "recall",
    margin: float = MARGIN,
    alpha: float = ALPHA,
    plan_alpha: float | None = None,
    seed: int = 0,
) -> Verdict:
    """Decide on one candidate; for several use `decide_all`.

    Args:
        baseline: Its predictions.
        candidate: Of the same sequences.
        primary: The metric that decides: accuracy, recall, precision, f1 or roc_auc.
        protected: The metric that must not drop by more than the margin; None for none.
        margin: The least difference of practical interest, above 0.
        alpha: Two-sided error; the intervals have 1 - alpha.
        plan_alpha: That of the look which is planned; None for the same.
        seed: Of draws, where a test needs them.

    Raises:
        InvalidInput: The predictions are not of the same sequences, or a metric or number is not one of those above.
    """
    return decide_all(
        baseline, {"": candidate}, primary=primary, protected=protected, margin=margin, alpha=alpha,
        plan_alpha=plan_alpha, seed=seed,
    )[""]  # fmt: skip


def decide_all(
    baseline: Predictions,
    candidates: Mapping[str, Predictions],
    *,
    primary: str = "accuracy",
    protected: str | None = "recall",
    margin: float = MARGIN,
    alpha: float = ALPHA,
    plan_alpha: float | None = None,
    seed: int = 0,
    repeats: float = 1.0,
) -> dict[str, Verdict]:
    """Decide on several candidates against one baseline, with Holm's correction of the tests.

    Args:
        baseline: Its predictions.
        candidates: Predictions of the same sequences, by name.
        primary: See `decide`.
        protected: See `decide`.
        margin: See `decide`.
        alpha: Of any false claim among all candidates.
        plan_alpha: See `decide`; it is divided among the candidates, as the verdict does with the smallest p.
        seed: See `decide`.
        repeats: Predictions per sequence, where several seeds were pooled: plans count sequences, not predictions.

    Returns:
        A verdict for each name, in the same order.

    Raises:
        InvalidInput: See `decide`.
    """
    _check(primary, protected, margin, alpha)
    tests = {name: compare(primary, baseline, arm, seed) for name, arm in candidates.items()}
    adjusted = _adjust(tests)
    planned = (alpha if plan_alpha is None else plan_alpha) / max(1, len(candidates))
    return {
        name: _decide(
            baseline, arm, tests[name], adjusted[name], primary, protected, margin, alpha, planned, seed, repeats
        )
        for name, arm in candidates.items()
    }


def _check(primary: str, protected: str | None, margin: float, alpha: float) -> None:
    for metric in (primary, *([protected] if protected is not None else [])):
        if metric not in METRICS:
            raise InvalidInput("metric", found=metric, expected=f"one of {', '.join(METRICS)}")
    if not 0 < margin < 1:
        raise InvalidInput("margin", found=f"{margin:g}", expected="a fraction above 0 and below 1")
    if not 0 < alpha < 0.5:
        raise InvalidInput("alpha", found=f"{alpha:g}", expected="a fraction above 0 and below 0.5")


def _adjust(tests: Mapping[str, Test]) -> dict[str, float | None]:
    """Holm over the tests; one without a p counts as p = 1, so that leaving it out gains nothing."""
    return dict(zip(tests, holm([1.0 if t.p is None else t.p for t in tests.values()]), strict=True)) | {
        name: None for name, test in tests.items() if test.p is None
    }


def _decide(
    baseline: Predictions, candidate: Predictions, test: Test, p_adjusted: float | None, primary: str,
    protected: str | None, margin: float, alpha: float, plan_alpha: float, seed: int,
    repeats: float,
) -> Verdict:  # fmt: skip
    level = 1 - alpha
    found = difference(primary, baseline, candidate, level)
    guarded = difference(protected, baseline, candidate, level) if protected not in (None, primary) else None
    guard = found if protected == primary else guarded
    guard_test = None if guarded is None or protected is None else compare(protected, baseline, candidate, seed)
    word, because = _judge(found, p_adjusted, guard, guard_test, margin, alpha)
    unsettled = None
    if word is Word.CANNOT_TELL and baseline.n_subjects > 1:
        of_guard = because is Because.PROTECTED_UNSURE and protected is not None and protected != primary
        planned = protected if of_guard and protected is not None else primary
        unsettled = plan_for(planned, baseline, candidate, margin, plan_alpha, as_if_equal=of_guard)
    guard_plan = None
    if unsettled and protected not in (None, primary) and protected is not None and because is Because.LUCK:
        guard_plan = plan_for(protected, baseline, candidate, margin, plan_alpha, as_if_equal=True)
        if guard_plan and guard_plan.n_subjects <= unsettled.n_subjects:
            guard_plan = None
    return Verdict(
        word, because, primary, protected, margin, alpha, found, test, p_adjusted, guarded,
        unsettled and in_sequences(unsettled, repeats), repeats,
        look_ahead(baseline, candidate, unsettled, primary, protected, margin, plan_alpha) if unsettled else None,
        chance_of_margin(baseline, candidate, primary, margin) if word is Word.CANNOT_TELL else None,
        guard_plan and in_sequences(guard_plan, repeats),
    )  # fmt: skip


def in_sequences(plan_: Plan, repeats: float) -> Plan:
    """Count a plan's answers as sequences."""
    return replace(
        plan_,
        n_sequences=math.ceil(plan_.n_sequences / repeats),
        more_sequences=math.ceil(plan_.more_sequences / repeats),
    )


def _judge(
    found: Interval, p: float | None, guard: Interval | None, guard_test: Test | None, margin: float, alpha: float
) -> tuple[Word, Because]:
    """Find the word and why."""
    guard_high = None if guard is None else guard.high
    guard_p = None if guard_test is None else guard_test.p
    if guard_high is not None and guard_high < -margin and guard_p is not None and guard_p < alpha:
        return Word.WORSE, Because.PROTECTED_DROPPED
    if p is None or found.low is None or found.high is None:
        return Word.CANNOT_TELL, Because.UNDEFINED
    within = -margin < found.low and found.high < margin
    if not within and p < alpha and found.high < 0:
        return Word.WORSE, Because.SHOWN
    guard_holds = guard is None or (guard.low is not None and guard.low >= -margin)
    shown = p < alpha and found.low > 0
    if not within and not shown:
        return Word.CANNOT_TELL, Because.LUCK
    if not guard_holds:
        return Word.CANNOT_TELL, Because.PROTECTED_UNSURE
    return (Word.EQUAL, Because.WITHIN_MARGIN) if within else (Word.BETTER, Because.SHOWN)
