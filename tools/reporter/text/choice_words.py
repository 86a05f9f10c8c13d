"""A choice among approaches in a sentence, in English and Korean. Pure; decides nothing."""

from collections.abc import Mapping

from shared.text.rounding import rounded
from tools.reporter.approaches.choice import Choice, Offer
from tools.reporter.text.words import Lang, Words

_WEAK = ("one_class", "train", "validation", "threshold", "other_split")


def say(choice: Choice, offers: Mapping[str, Offer], lang: Lang) -> str:
    """Write what the rule comes to, and what would settle it where something would."""
    words = Words(lang)
    return _verdict(choice, offers, words) + _plan(choice, words)


def display(name: str, words: Words) -> str:
    """Name an approach for people."""
    return words(f"name_{name}")


def _verdict(choice: Choice, offers: Mapping[str, Offer], words: Words) -> str:
    leader, metric = choice.leader, words(choice.primary)
    about = {"leader": display(leader, words), "metric": metric, "value": _value(choice, leader, words)}
    if choice.because in _WEAK:
        return words("weak", reason=words(f"weak_{choice.because}"))
    answered = offers[leader].answers
    if choice.because == "few_people":
        people = words.people(answered.n_subjects)
        return words("choice_few_people", **about, people=people, n=len(offers), least=choice.least_people)
    if choice.recommended is None:
        if leader == choice.floor:
            return words("choice_floor_leads", **about, floor=display(choice.floor, words))
        assert choice.rival is not None  # something stands against the leader
        pair, rival = say_pair(choice, leader, choice.rival, words), display(choice.rival, words)
        return words(f"choice_{choice.because}", **about, rival=rival, pair=pair, floor=display(choice.floor, words))
    if choice.because == "shown":
        closest = max((name for name in offers if name != leader), key=lambda name: choice.values[name].value or 0.0)
        pair = say_pair(choice, leader, closest, words)
        return words("choice_shown", **about, closest=display(closest, words), pair=pair)
    level = words.listing([display(name, words) for name in choice.level])
    name, cost = choice.recommended, say_cost(offers[choice.recommended], words)
    among = "" if choice.level[0] == name else words("choice_among")
    if name == leader:
        return words("choice_leader_cheapest", **about, level=level, cost=cost, among=among)
    return words(
        "choice_cheapest",
        **about,
        name=display(name, words),
        mine=_value(choice, name, words),
        pair=say_pair(choice, leader, name, words),
        level=level,
        among=among,
        cost=cost,
    )


def _value(choice: Choice, name: str, words: Words) -> str:
    return words.metric_value(choice.primary, choice.values[name].value)


def say_pair(choice: Choice, one: str, other: str, words: Words) -> str:
    """Write a pair's difference with its interval and its p."""
    pair = choice.pair(one, other)
    found = pair.difference
    if found.value is None or pair.p_adjusted is None:
        return words.reason(found.reason or pair.test.reason)
    p = words.p_value(pair.p_adjusted)
    return words(
        "choice_pair",
        difference=words.difference(choice.primary, found.value, short=True),
        interval=words.interval(choice.primary, found, signed=True),
        p=p if p.startswith("<") else f"= {p}",
        n=len(choice.pairs),
    )


def say_cost(offer: Offer, words: Words, *, short: bool = False) -> str:
    """Write what an approach costs, in a few words; for a figure in fewer."""
    trained = words("cost_trained" if offer.is_trained else "cost_untrained")
    size = rounded(offer.download_bytes / 1e6, 1)
    said = [trained, words("megabytes", mb=size) if short else words("cost_download", mb=size)]
    if offer.decision_ms is not None:
        ms = rounded(offer.decision_ms, 1)
        said.append(words("ms", ms=ms) if short else words("cost_time", ms=ms))
    return ", ".join(said)


def _plan(choice: Choice, words: Words) -> str:
    plan = choice.plan
    if choice.is_within_margin:
        margin = words.difference(choice.primary, choice.margin).lstrip("+")
        return " " + words("choice_within", margin=margin)
    if plan is None or choice.rival is None:
        return ""
    pair = {"leader": display(choice.leader, words), "rival": display(choice.rival, words)}
    if not plan.more_sequences:
        return " " + words("choice_repeat", **pair)
    said = words(
        "choice_plan",
        **pair,
        clips=words.counted("more_clips", plan.more_sequences),
        people=words.counted("more_people", plan.more_subjects),
    )
    stands_in = plan.metric != choice.primary
    return f" {said}" + (" " + words("choice_stands_in", metric=words(plan.metric)) if stands_in else "")
