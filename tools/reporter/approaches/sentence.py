"""A choice among approaches as a sentence. Pure; decides nothing."""

from collections.abc import Mapping

from shared.approaches import FUSE, get_approach
from shared.text.catalogue import LANGS, Lang
from shared.text.rounding import rounded
from tools.reporter.ab.verdict import WEAK
from tools.reporter.approaches.choice import Choice, Ground, Offer
from tools.reporter.text.words import ReportWords


def sentences(choice: Choice, offers: Mapping[str, Offer]) -> dict[Lang, str]:
    """Write a choice in each language."""
    return {lang: sentence(choice, offers, ReportWords(lang)) for lang in LANGS}


def sentence(choice: Choice, offers: Mapping[str, Offer], words: ReportWords) -> str:
    """Write what the rule comes to, and what would settle it where something would."""
    return _verdict(choice, offers, words) + _plan(choice, words)


def display(name: str, words: ReportWords) -> str:
    """Name an approach for people; a fusion after its members."""
    return f" {FUSE} ".join(words(f"name_{part.name}") for part in get_approach(name).parts)


def _verdict(choice: Choice, offers: Mapping[str, Offer], words: ReportWords) -> str:
    leader, metric = choice.leader, words(choice.primary)
    about = {"leader": display(leader, words), "metric": metric, "value": _value(choice, leader, words)}
    if choice.because in WEAK:
        return words("verdict_cannot_tell", reason=words(f"weak_{choice.because}"))
    if choice.because is Ground.FEW_PEOPLE:
        people = words.people(offers[leader].predictions.n_subjects)
        return words("choice_few_people", **about, people=people, n=len(offers), least=choice.least_people)
    if choice.recommended is None:
        if leader == choice.floor:
            return words("choice_floor_leads", **about, floor=display(choice.floor, words))
        assert choice.rival is not None  # something stands against the leader
        pair, rival = write_pair(choice, leader, choice.rival, words), display(choice.rival, words)
        return words(f"choice_{choice.because}", **about, rival=rival, pair=pair, floor=display(choice.floor, words))
    if choice.because is Ground.SHOWN:
        closest = max((name for name in offers if name != leader), key=lambda name: choice.values[name].value or 0.0)
        pair = write_pair(choice, leader, closest, words)
        return words("choice_shown", **about, closest=display(closest, words), pair=pair)
    level = words.listing([display(name, words) for name in choice.level])
    name, cost = choice.recommended, write_cost(offers[choice.recommended], words)
    among = "" if choice.level[0] == name else words("choice_among")
    if name == leader:
        return words("choice_leader_cheapest", **about, level=level, cost=cost, among=among)
    return words(
        "choice_cheapest",
        **about,
        name=display(name, words),
        cheaper=_value(choice, name, words),
        pair=write_pair(choice, leader, name, words),
        level=level,
        among=among,
        cost=cost,
    )


def _value(choice: Choice, name: str, words: ReportWords) -> str:
    return words.metric_value(choice.primary, choice.values[name].value)


def write_pair(choice: Choice, one: str, other: str, words: ReportWords) -> str:
    """Write a pair's difference with its interval and its p."""
    pair = choice.pair(one, other)
    found = pair.difference
    if found.value is None or pair.p_adjusted is None:
        return words.reason(found.reason or pair.test.reason)
    return words(
        "choice_pair",
        difference=words.difference(choice.primary, found.value, short=True),
        interval=words.interval(choice.primary, found, is_difference=True),
        p=words.p_equation(pair.p_adjusted),
        n=len(choice.pairs),
    )


def write_cost(offer: Offer, words: ReportWords, *, short: bool = False) -> str:
    """Write what an approach costs, in a few words; for a figure in fewer."""
    trained = words("cost_trained" if offer.is_trained else "cost_untrained")
    size = rounded(offer.download_bytes / 1e6, 1)
    parts = [trained, words("megabytes", mb=size) if short else words("cost_download", mb=size)]
    if offer.decision_ms is not None:
        ms = rounded(offer.decision_ms, 1)
        parts.append(words("ms", ms=ms) if short else words("cost_time", ms=ms))
    return ", ".join(parts)


def _plan(choice: Choice, words: ReportWords) -> str:
    plan = choice.plan
    if choice.is_within_margin:
        is_area = choice.primary == "roc_auc"
        margin = rounded(choice.margin, 3) if is_area else words("points", value=rounded(100 * choice.margin, 1))
        return " " + words("choice_within", margin=margin)
    if plan is None or choice.rival is None:
        return ""
    pair = {"leader": display(choice.leader, words), "rival": display(choice.rival, words)}
    if not plan.more_sequences:
        return " " + words("choice_repeat", **pair)
    needed = words(
        "choice_plan",
        **pair,
        clips=words.counted("more_clips", plan.more_sequences),
        people=words.counted("more_people", plan.more_subjects),
    )
    stands_in = plan.metric != choice.primary
    return f" {needed}" + (" " + words("choice_stands_in", metric=words(plan.metric)) if stands_in else "")
