"""What the answers of all arms can show: intervals, paired tests, and the verdict. Pure.

Reads nothing. Where figures come from sequences that cannot carry a verdict (one class, sequences that were learned or
tuned on), the word is weakened here to "cannot tell", with the reason.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from shared.statistics.calibration import Calibration
from shared.statistics.intervals import Interval, differences
from shared.statistics.methods import TestMethod
from shared.statistics.predictions import Predictions
from shared.statistics.recipes import recipe_difference
from shared.statistics.significance import Test, compare, delong, delong_by_person, mcnemar, mcnemar_mid_p
from shared.text.catalogue import LANGS, Lang
from tools.reporter.ab.chance import AtChance, find_at_chance
from tools.reporter.ab.looks_log import AskedLook, levels_of
from tools.reporter.ab.selection import unflattered
from tools.reporter.ab.sentence import describe_chance, percent, sentence
from tools.reporter.ab.verdict import WEAK, Because, Verdict, Word, decide_all
from tools.reporter.config import Question
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

# From what is worth most to a reader to what is worth least.
_ORDER = (Word.BETTER, Word.EQUAL, Word.CANNOT_TELL, Word.WORSE)


_STRONGER = (Because.ONE_CLASS, Because.TOO_SOON, Because.ONLY_LOOK)
"""Reasons that "worse" does not stand against either."""


@dataclass(frozen=True)
class Judged:
    """What can be said of one arm.

    Attributes:
        predictions: Its predictions, in the order of sequence_id.
        intervals: Of each metric.
        calibration: How well its scores are probabilities.
        paired: Of each metric's difference to the baseline; empty for the baseline.
        tests: Of the difference to the baseline, by name; empty for the baseline.
        verdict: Of a candidate; None for baseline and references.
        against: Verdicts of a candidate against each reference, by name; nothing is protected there.
        is_one_frame: Whether it is a trained model that was shown one picture of each sequence.
    """

    predictions: Predictions
    intervals: Mapping[str, Interval]
    calibration: Calibration
    paired: Mapping[str, Interval]
    tests: Mapping[str, Test]
    verdict: Verdict | None
    against: Mapping[str, Verdict]
    is_one_frame: bool

    @property
    def reference_kind(self) -> str:
        """Name the texts on it as a reference: one picture needs no movement, the others need no training."""
        return "one_frame" if self.is_one_frame else "reference"

    @property
    def unbeaten(self) -> list[str]:
        """Name the references that this candidate is not shown to be better than."""
        return [name for name, verdict in self.against.items() if verdict.word is not Word.BETTER]


@dataclass(frozen=True)
class Judgement:
    """What can be said of all arms.

    Attributes:
        question: What was asked.
        arms: By name, the baseline first.
        at_chance: Baseline and candidates whose ROC AUC is not told from 0.5; None where there is none.
        asked: The look at the question; None where looks are not counted.
        is_one_model_each: Whether no arm's results are pooled from several models.
    """

    question: Question
    arms: Mapping[str, Judged]
    at_chance: AtChance | None
    asked: AskedLook | None = None
    is_one_model_each: bool = True

    @cached_property
    def best(self) -> str:
        """Name the candidate that the report's verdict is about: the best word, then the largest difference.

        Holm's correction over all candidates is in each verdict, so that choosing the best does not make luck pass.
        """
        candidates = {name: judged.verdict for name, judged in self.arms.items() if judged.verdict is not None}
        return min(candidates, key=lambda name: _rank(candidates[name]))

    @property
    def predictions(self) -> dict[str, Predictions]:
        """The predictions of each arm."""
        return {name: judged.predictions for name, judged in self.arms.items()}

    @property
    def verdict(self) -> Verdict:
        """The verdict on the best candidate."""
        found = self.arms[self.best].verdict
        assert found is not None
        return found

    def sentence(self, lang: Lang) -> str:
        """Write the report's verdict, and what else must be known with it."""
        words = ReportWords(lang)
        return " ".join([sentence(self.verdict, words), *self.riders(words), *self.small_print(words)])

    def riders(self, words: ReportWords) -> list[str]:
        """Write what must be known with the verdict: references that were not beaten."""
        judged = self.arms[self.best]
        alike: dict[str, list[str]] = {}
        for name in judged.unbeaten:
            alike.setdefault(f"rider_{self.arms[name].reference_kind}_{judged.against[name].word}", []).append(name)
        return [
            words(f"{key}_several" if len(names) > 1 and "one_frame" not in key else key, reference=", ".join(names))
            for key, names in alike.items()
        ]

    def small_print(self, words: ReportWords) -> list[str]:
        """Write what else must be known: models or recipes, how probable a gain is, and a choice among several."""
        n_candidates = sum(one.verdict is not None for one in self.arms.values())
        riders = [*self._recipe_riders(words), *describe_chance(self.verdict, words)]
        if n_candidates > 1:
            riders.append(words("rider_several", candidate=self.best, n=n_candidates))
            riders += self._shrunken(words)
        return riders

    def _shrunken(self, words: ReportWords) -> list[str]:
        """Write the best candidate's figure without what being chosen added to it, beside the raw one."""
        metric = self.question.primary
        raw = self.arms[self.best].intervals[metric].value
        candidates = [judged.predictions for judged in self.arms.values() if judged.verdict is not None]
        shrunken = unflattered(metric, candidates)
        if raw is None or shrunken is None:
            return []
        figures = {"raw": words.metric_value(metric, raw), "shrunken": words.metric_value(metric, min(raw, shrunken))}
        return [words("rider_shrunken", metric=words(metric), **figures)]

    @property
    def about(self) -> str:
        """Key of the text on what is compared: trained models, or recipes."""
        if self.verdict.because in WEAK or self.verdict.because is Because.UNDEFINED:
            return "verdict_about"
        baseline, candidate = next(iter(self.arms.values())).predictions, self.arms[self.best].predictions
        is_of_recipes = recipe_difference(self.question.primary, baseline, candidate) is not None
        return "verdict_about_recipes" if is_of_recipes else "verdict_about_models"

    def _recipe_riders(self, words: ReportWords) -> list[str]:
        """Say whether the verdict is about trained models or about recipes, and how many seeds would help."""
        if self.verdict.because in WEAK or self.verdict.because is Because.UNDEFINED:
            return []
        baseline, candidate = next(iter(self.arms.values())).predictions, self.arms[self.best].predictions
        found = recipe_difference(self.question.primary, baseline, candidate)
        if found is None:
            return [words("rider_models_one" if self.is_one_model_each else "rider_models_several")]
        share = found.of_seeds / (found.of_people + found.of_seeds) if found.error else 0.0
        riders = [words("rider_recipes", seeds=found.n_seeds, share=percent(share))]
        if share > 0.5:  # as many as bring the luck of trainings down to the people's variance
            n_seeds = math.ceil(found.n_seeds * min(10.0, found.of_seeds / max(found.of_people, 1e-12)))
            riders.append(words("rider_more_seeds", seeds=max(n_seeds, found.n_seeds + 1)))
        return riders

    @property
    def gate_reasons(self) -> list[dict[str, Any]]:
        """List why --gate does not let the best candidate pass, as the document holds it; nothing where it does.

        It must be better than the baseline, and than every reference: what a free arm does as well needs no training.
        """
        judged, word = self.arms[self.best], self.verdict.word
        of_baseline = {"reason": "not_better", "reference": None, "word": word}
        return [of_baseline] * (word is not Word.BETTER) + [
            {"reason": "not_better_than_reference", "reference": name, "word": judged.against[name].word}
            for name in judged.unbeaten
        ]

    def as_document(self) -> dict[str, Any]:
        """Return the top of the comparison document."""
        verdict, reasons = self.verdict, self.gate_reasons
        return {
            "word": verdict.word,
            "because": verdict.because,
            "candidate": self.best,
            "passes": verdict.passes,
            "sentence": {lang: self.sentence(lang) for lang in LANGS},
            "primary": self.question.primary,
            "protected": self.question.protected,
            "margin": self.question.margin,
            "unbeaten_references": self.arms[self.best].unbeaten,
            "gate": {"passes": not reasons, "reasons": reasons},
            "at_chance": self.at_chance and self.at_chance.as_document(),
            "look": self.asked and self.asked.look.as_document(),
        }


def _rank(verdict: Verdict) -> tuple[int, float]:
    value = verdict.difference.value
    return _ORDER.index(verdict.word), -value if value is not None else 2.0


def judge(arms: Sequence[Arm], question: Question, asked: AskedLook | None = None) -> Judgement:
    """Judge all arms.

    Args:
        arms: The baseline first, at least one candidate; all of the same sequences.
        question: What is asked.
        asked: The look at it; None judges as if it were the only one.

    Raises:
        InvalidInput: A decision in the predictions is not what score and threshold give, or a number of the question is
            out of range.
    """
    predictions = {arm.name: arm.predictions for arm in arms}
    baseline = predictions[arms[0].name]
    candidates = {arm.name: predictions[arm.name] for arm in arms if arm.role == "candidate"}
    alpha, plan_alpha = levels_of(asked)
    verdicts = decide_all(
        baseline,
        candidates,
        primary=question.primary,
        protected=question.protected,
        margin=question.margin,
        repeats=arms[0].repeats,
        alpha=alpha,
        plan_alpha=plan_alpha,
    )
    against: dict[str, dict[str, Verdict]] = {name: {} for name in candidates}
    for reference in arms:
        if reference.role != "reference":
            continue
        found = decide_all(
            predictions[reference.name],
            candidates,
            primary=question.primary,
            protected=None,
            margin=question.margin,
            repeats=arms[0].repeats,
            alpha=alpha,
            plan_alpha=plan_alpha,
        )
        for name, verdict in found.items():
            against[name][reference.name] = verdict
    judged = {}
    at_chance = find_at_chance(arms)
    for arm in arms:
        arm_predictions = predictions[arm.name]
        is_candidate = arm.name in candidates
        is_noise = at_chance is not None and {arms[0].name, arm.name} <= set(at_chance.arms)
        reason = weakness(arm, question) if is_candidate else None
        if reason is None and is_candidate and asked is not None:
            reason = asked.why_nothing
        judged[arm.name] = Judged(
            predictions=arm_predictions,
            intervals=arm.intervals,
            calibration=arm.calibration,
            paired=differences(baseline, arm_predictions) if arm_predictions is not baseline else {},
            tests=_tests(question.primary, baseline, arm_predictions) if arm_predictions is not baseline else {},
            verdict=_refuse_noise(weaken(verdicts[arm.name], reason), is_noise) if is_candidate else None,
            against={name: weaken(verdict, reason) for name, verdict in against.get(arm.name, {}).items()},
            is_one_frame=arm.kind == "one_frame",
        )
    if asked is not None and asked.look.is_only:  # no other look is planned
        judged = {name: replace(one, verdict=one.verdict and without_plan(one.verdict)) for name, one in judged.items()}
    found_judgement = Judgement(question, judged, at_chance, asked, not any("pooled" in arm.results for arm in arms))
    if asked is None:
        return found_judgement
    plan = found_judgement.verdict.plan
    return replace(found_judgement, asked=asked.planned_for(plan.n_subjects if plan else None))


def _tests(primary: str, baseline: Predictions, arm: Predictions) -> dict[str, Test]:
    """Make every paired test; those that take sequences as independent are for comparison only."""
    right = [one.decisions == one.labels for one in (baseline, arm)]
    gained, lost = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    difference, n = (gained - lost) / baseline.n, gained + lost
    return {
        "mcnemar": Test(mcnemar(gained, lost), difference, n, None, TestMethod.MCNEMAR_EXACT, "accuracy"),
        "mcnemar_mid_p": Test(mcnemar_mid_p(gained, lost), difference, n, None, TestMethod.MCNEMAR_MID_P, "accuracy"),
        "swap": compare(primary if primary != "roc_auc" else "accuracy", baseline, arm),
        "delong": delong(baseline.labels, baseline.scores, arm.scores),
        "delong_by_person": delong_by_person(baseline, arm),
    }


def weakness(arm: Arm, question: Question) -> Because | None:
    """Say why this arm's figures can't carry a verdict; None where they can.

    These would not be luck but a mistake in the making of the comparison, which no test can see.
    """
    results, predictions = arm.results, arm.predictions
    if predictions.labels.all() or not predictions.labels.any():
        return Because.ONE_CLASS
    if results["side"] in ("train", "validation"):
        return Because(results["side"])
    if results["metrics"]["threshold_source"] == "optimal" and question.primary != "roc_auc":
        return Because.THRESHOLD
    if arm.learned_elsewhere:
        return Because.OTHER_SPLIT
    if (predictions.scores == predictions.scores[0]).all():
        return Because.ALL_EQUAL
    if question.primary != "roc_auc" and (predictions.decisions == predictions.decisions[0]).all():
        return Because.SAME_DECISION
    return None


def weaken(verdict: Verdict, reason: Because | None) -> Verdict:
    """Turn a verdict that the figures can't carry into "cannot tell"; "worse" stays, but for one class and looks."""
    if reason is None or (verdict.word is Word.WORSE and reason not in _STRONGER):
        return verdict
    return replace(verdict, word=Word.CANNOT_TELL, because=reason, plan=None)


def without_plan(verdict: Verdict) -> Verdict:
    """Leave out what another look would take."""
    return replace(verdict, plan=None, outlook=None, guard_plan=None)


def _refuse_noise(verdict: Verdict, is_noise: bool) -> Verdict:
    """Turn a settled verdict on two models at chance into "cannot tell"; one that luck left open keeps its plan."""
    if not is_noise or verdict.word is Word.CANNOT_TELL:
        return verdict
    return replace(verdict, word=Word.CANNOT_TELL, because=Because.CHANCE, plan=None)
