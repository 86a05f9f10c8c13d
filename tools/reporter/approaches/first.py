"""The first line of the page of approaches, which says what to use, and the last section, which says what to type."""

from collections.abc import Mapping

from shared.text.rounding import rounded
from tools.reporter.ab.verdict import WEAK
from tools.reporter.approaches.choice import Choice, Offer
from tools.reporter.approaches.costs import Costs
from tools.reporter.approaches.sentence import display
from tools.reporter.render.blocks import Commands, Section
from tools.reporter.text.words import ReportWords


def lead(choice: Choice, offers: Mapping[str, Offer], costs: Mapping[str, Costs], words: ReportWords) -> str:
    """Say what to use: its accuracy, its cost, and what it needs in the page.

    Where nothing can be recommended it names the most accurate one, and of several the cheapest, as a start only.
    """
    if choice.recommended is not None:
        name = choice.recommended
        return words("lead_use", arm=display(name, words), facts=_facts(name, choice, offers, costs, words))
    if choice.because in WEAK:
        return words("recommend_weak", reason=words(f"weak_{choice.because}"))
    able = [name for name in offers if name != choice.floor and choice.values[name].value is not None]
    if not able or choice.leader == choice.floor:
        return words("recommend_floor", reason="")
    start = min(able, key=lambda name: (-(choice.values[name].value or 0.0), offers[name].cost))
    people = words.people(offers[start].predictions.n_subjects)
    facts = _facts(start, choice, offers, costs, words)
    return words("lead_start", arm=display(start, words), facts=facts, people=people)


def _facts(
    name: str, choice: Choice, offers: Mapping[str, Offer], costs: Mapping[str, Costs], words: ReportWords
) -> str:
    value = words.metric_value(choice.primary, choice.values[name].value)
    found = f"{words(choice.primary)} {value}"
    if choice.primary == "accuracy":
        predictions = offers[name].predictions
        n_right = int((predictions.decisions == predictions.labels).sum())
        found = words("recommend_right", part=n_right, whole=predictions.n, value=value)
    cost = costs[name]
    trained = words("cost_blendshapes" if cost.training["seconds"] is None else "cost_model")
    return ", ".join([found, trained, words("lead_download", mb=rounded(cost.total_bytes / 1e6, 1))])


def next_section(dataset: str, words: ReportWords) -> Section:
    """Say what to type where nothing can be recommended yet."""
    more = f"./inv collect --dataset {dataset} --subject NEW_PERSON"
    again = f"./inv compare-approaches --dataset {dataset}"
    return Section("next", words("next"), (Commands((more, again)),))
