"""Which models are at chance: those whose ROC AUC the results do not tell from 0.5. Pure; decides no verdict.

What is compared then is noise, so the report says it before the verdict. References need no training and are not
looked at: the larger class is at chance by definition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.statistics.metrics import chance_auc
from shared.text.catalogue import LANGS, Lang
from tools.reporter.sources.arms import Arm
from tools.reporter.text.words import ReportWords

CHANCE = 0.5


def is_at_chance(arm: Arm) -> bool:
    """Tell whether an arm's ROC AUC is not distinguishable from chance.

    It is where its 95 % interval by person holds 0.5: clips of one person are alike, so a bound that counts sequences
    would call noise a signal. Where there is no interval (one person, say), the Mann-Whitney bound over sequences
    stands in. An AUC that is shown to be below 0.5 is not at chance: the scores order the classes the wrong way round.

    Args:
        arm: Baseline or candidate. One whose AUC is not defined is not called anything.

    Source: our own choice of the interval; `shared.statistics.metrics.chance_auc` for the bound.
    """
    found = arm.intervals["roc_auc"]
    if arm.kind == "majority" or found.value is None:
        return False
    if found.low is not None and found.high is not None:
        return found.low <= CHANCE <= found.high
    by_label = arm.results["by_label"]
    n_positive = by_label.get(arm.results["positive_class"], 0) / arm.repeats
    n_negative = sum(by_label.values()) / arm.repeats - n_positive
    return abs(found.value - CHANCE) <= chance_auc(round(n_positive), round(n_negative)) - CHANCE


@dataclass(frozen=True)
class AtChance:
    """The models at chance.

    Attributes:
        arms: Their names: baseline and candidates, in their order.
        sentence: Which they are and what that means for the comparison, in each language.
    """

    arms: tuple[str, ...]
    sentence: Mapping[Lang, str]

    def as_document(self) -> dict[str, Any]:
        """Return the fields as the comparison document holds them."""
        return {"arms": list(self.arms), "sentence": dict(self.sentence)}


def find_at_chance(arms: Sequence[Arm]) -> AtChance | None:
    """Find baseline and candidates at chance; None where none is."""
    models = [arm for arm in arms if arm.role != "reference"]
    found = [arm for arm in models if is_at_chance(arm)]
    if not found:
        return None
    key = "some" if len(found) < len(models) else "both" if len(models) == 2 else "all"
    sentence = {lang: _write(key, found, ReportWords(lang)) for lang in LANGS}
    return AtChance(tuple(arm.name for arm in found), sentence)


def _write(key: str, found: Sequence[Arm], words: ReportWords) -> str:
    return words(f"chance_{key}", models=words.listing([_describe(arm, words) for arm in found]), n=len(found))


def _describe(arm: Arm, words: ReportWords) -> str:
    found = arm.intervals["roc_auc"]
    value = words.metric_value("roc_auc", found.value)
    if found.low is None:
        return words("chance_model", arm=arm.name, value=value)
    return words("chance_model_interval", arm=arm.name, value=value, interval=words.interval("roc_auc", found))
