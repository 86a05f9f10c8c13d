"""Which arm to use, by a rule that is fixed beforehand, and what to do next. Judges nothing anew; reads no file.

Of the arms that tell the classes apart and are shown to beat the larger class, the leader has the highest primary
metric; of those that it is not shown to beat, the cheapest is recommended: what is there already, then what needs no
training, then what was trained. A candidate that is not shown to be better than a baseline that works is not
recommended. "Shown" is a test by person of all pairs together at 5 %, the larger class among them: the leader is found
on these very people, so that any pair could have been looked at. Looks are not counted here, as the verdict does.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.contracts import Document
from shared.statistics.predictions import Predictions
from shared.statistics.recipes import LEAST_SEEDS
from shared.statistics.significance import compare, holm, swap_together
from shared.text.catalogue import LANGS, Lang
from tools.reporter.ab.judgement import Judgement
from tools.reporter.ab.verdict import ALPHA, WEAK, Because, Word
from tools.reporter.render.blocks import Commands, Paragraph, Section
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

_COSTS = ("baseline", "blendshapes", "blendshape_logistic", "model")
_NOT_FOR_USE = ("majority", "one_frame")
MOST_TOGETHER = 2000
"""People whose predictions are tested together; with more, Holm's correction loses next to nothing."""


@dataclass(frozen=True)
class Recommendation:
    """What to use.

    Attributes:
        arm: Name of the recommended arm; None for none.
        reason: Key of the text.
        sentence: Which, and why: accuracy, cost, what it needs in the page; in each language.
        commands: What to type next.
    """

    arm: str | None
    reason: str
    sentence: Mapping[Lang, str]
    commands: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return {"arm": self.arm, "reason": self.reason, "sentence": dict(self.sentence), "next": list(self.commands)}


def recommend(arms: Sequence[Arm], judgement: Judgement) -> Recommendation:
    """Recommend one of the arms, or none.

    Args:
        arms: The baseline first.
        judgement: Of these arms.
    """
    chosen, leader, reason = _choose(arms, judgement)
    sentence = {lang: _write(chosen, leader, reason, judgement, ReportWords(lang)) for lang in LANGS}
    return Recommendation(
        None if chosen is None else chosen.name, reason, sentence, tuple(_commands(chosen, arms, judgement))
    )


def _choose(arms: Sequence[Arm], judgement: Judgement) -> tuple[Arm | None, Arm | None, str]:
    """Return the recommended arm, the leader, and the key of the reason."""
    verdict, metric, baseline = judgement.verdict, judgement.question.primary, arms[0]
    if verdict.because in WEAK and verdict.because is not Because.CHANCE:
        return None, None, "weak"
    at_chance = () if judgement.at_chance is None else judgement.at_chance.arms
    baseline_works = baseline.name not in at_chance
    able = [
        arm
        for arm in arms
        if arm.kind not in _NOT_FOR_USE
        and arm.name not in at_chance
        and judgement.arms[arm.name].intervals[metric].value is not None
        and (arm.role != "candidate" or (arm.name == judgement.best and (verdict.passes or not baseline_works)))
        and not (arm.role == "candidate" and verdict.word is Word.WORSE)
    ]
    if not able:
        return None, None, "chance"
    floor = next((arm for arm in arms if arm.kind == "majority"), None)
    shown = _shown_better([*able, *([floor] if floor else [])], judgement)
    if floor is not None:
        able = [arm for arm in able if (floor.name, arm.name) in shown]
        if not able:
            return None, None, "floor"
    leader = max(able, key=lambda arm: (judgement.arms[arm.name].intervals[metric].value or 0.0, -_cost(arm)))
    rest = [arm for arm in able if (arm.name, leader.name) not in shown]
    chosen = min(rest, key=_cost)
    return chosen, leader, "keep" if chosen is baseline else "use"


def _shown_better(arms: Sequence[Arm], judgement: Judgement) -> set[tuple[str, str]]:
    """Return the pairs (than, arm) of which the second is shown to be better, all pairs together at 5 %."""
    metric = judgement.question.primary
    pairs = list(itertools.combinations(arms, 2))
    if not pairs:
        return set()
    found = [tuple(_predictions(arm, judgement) for arm in pair) for pair in pairs]
    n_people, is_of_recipes = found[0][0].n_subjects, found[0][0].n_seeds >= LEAST_SEEDS
    if metric in ("accuracy", "recall") and n_people <= MOST_TOGETHER and not is_of_recipes:
        columns = [0, 2] if metric == "accuracy" else [0]
        changes = [(other.counts - one.counts)[:, columns].sum(axis=1) for one, other in found]
        adjusted = swap_together(np.array(changes).T)
    else:
        tests = [compare(metric, one, other).p for one, other in found]
        adjusted = holm([1.0 if p is None else p for p in tests])
    shown = set()
    for pair, p in zip(pairs, adjusted, strict=True):
        low, high = sorted(pair, key=lambda arm: judgement.arms[arm.name].intervals[metric].value or 0.0)
        if p < ALPHA:
            shown.add((low.name, high.name))
    return shown


def _predictions(arm: Arm, judgement: Judgement) -> Predictions:
    return judgement.arms[arm.name].predictions


def _cost(arm: Arm) -> int:
    """Rank what an arm costs: nothing for what is there already."""
    kind = "baseline" if arm.role == "baseline" else arm.kind
    return _COSTS.index(kind) if kind in _COSTS else len(_COSTS)


def _write(chosen: Arm | None, leader: Arm | None, reason: str, judgement: Judgement, words: ReportWords) -> str:
    if chosen is None or leader is None:
        because = judgement.verdict.because
        return words(f"recommend_{reason}", reason=words(f"weak_{because}") if reason == "weak" else "")
    metric = judgement.question.primary
    why = words("recommend_leader")
    if leader is not chosen:
        why = words("recommend_unbeaten", leader=leader.name, value=_percent(metric, leader, judgement, words))
    elif reason == "keep" and len(judgement.arms) == 2:
        why = words("recommend_not_better", candidate=judgement.best)
    parts = [_value(metric, chosen, judgement, words)]
    if not chosen.is_table:
        parts += [_cost_words(chosen, words), _page_words(chosen, words)]
    return words(f"recommend_{reason}", arm=chosen.name, facts=", ".join(part for part in parts if part), why=why)


def _percent(metric: str, arm: Arm, judgement: Judgement, words: ReportWords) -> str:
    return words.metric_value(metric, judgement.arms[arm.name].intervals[metric].value)


def _value(metric: str, arm: Arm, judgement: Judgement, words: ReportWords) -> str:
    value = _percent(metric, arm, judgement, words)
    if metric != "accuracy":
        return f"{words(metric)} {value}"
    predictions = _predictions(arm, judgement)
    n_right = int((predictions.decisions == predictions.labels).sum())
    return words("recommend_right", part=n_right, whole=predictions.n, value=value)


def _cost_words(arm: Arm, words: ReportWords) -> str:
    if arm.role == "baseline":
        return words("cost_baseline")
    if arm.kind == "model" and arm.epochs is not None:
        return words.counted("trained_epochs", arm.epochs)
    return words(f"cost_{arm.kind}" if arm.kind in _COSTS else "cost_model")


def _page_words(arm: Arm, words: ReportWords) -> str:
    """Say what an arm needs in the page."""
    if arm.kind in ("blendshapes", "blendshape_logistic"):
        return words("page_landmarker")
    if arm.card is None:
        return words("page_model") if arm.role != "baseline" else ""
    megabytes = f"{arm.card['onnx']['bytes'] / 1e6:.1f}"
    return words("page_model_mb" if arm.card["input"]["name"] == "frames" else "page_landmarks_mb", mb=megabytes)


def _commands(chosen: Arm | None, arms: Sequence[Arm], judgement: Judgement) -> list[str]:
    """List what to type next."""
    dataset = arms[0].results["dataset"]["name"]
    if arms[0].is_table:
        files = [f"--baseline {arms[0].sources[0].file}", f"--candidate {_arm(judgement.best, arms).sources[0].file}"]
        return [f"./inv reporter scores {' '.join(files)} --gate"]
    if chosen is None or chosen.role == "baseline":
        return [f"./inv collect --dataset {dataset} --subject NEW_PERSON"]
    if chosen.card is not None:
        return [f"./inv handoff --model {chosen.card['model_id']}"]
    return [f"./inv compare-approaches --dataset {dataset}"]


def _arm(name: str, arms: Sequence[Arm]) -> Arm:
    return next(arm for arm in arms if arm.name == name)


def next_section(recommendation: Document, judgement: Judgement, words: ReportWords) -> Section:
    """Say what to type next: the last thing on the page.

    Args:
        recommendation: As the comparison document holds it.
        judgement: What was judged, for what would settle it.
        words: Of the page's language.
    """
    plan, commands = judgement.verdict.plan, Commands(tuple(recommendation["next"]))
    if recommendation["reason"] == "use" or plan is None or not plan.more_sequences:
        return Section("next", words("next"), (commands,))
    return Section("next", words("next"), (Paragraph(words("next_more")), commands))
