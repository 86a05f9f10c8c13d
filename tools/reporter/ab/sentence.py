"""A verdict as a sentence. Pure; decides nothing."""

from shared.statistics.intervals import Interval
from shared.statistics.predictions import Predictions
from shared.text.catalogue import LANGS, Lang
from shared.text.rounding import rounded
from tools.reporter.ab.looks import ALPHA, LEAST
from tools.reporter.ab.looks_log import AskedLook
from tools.reporter.ab.outlook import PRIOR_MARGINS
from tools.reporter.ab.verdict import WEAK, Because, Verdict, Word
from tools.reporter.text.words import ReportWords, signed, times, whole_percent


def sentences(verdict: Verdict) -> dict[Lang, str]:
    """Write a verdict, and what would settle it, in each language."""
    return {lang: sentence(verdict, ReportWords(lang)) for lang in LANGS}


def sentence(verdict: Verdict, words: ReportWords) -> str:
    """Write a verdict, and what would settle it where something would."""
    return finding(verdict, words) + ("" if verdict.because in WEAK else _plan(verdict, words))


def finding(verdict: Verdict, words: ReportWords) -> str:
    """Write a verdict without what would settle it."""
    if verdict.because in WEAK:
        return words("verdict_cannot_tell", reason=words(f"weak_{verdict.because}"))
    if verdict.because is Because.UNDEFINED:
        reason = verdict.difference.reason or verdict.test.reason
        return words("verdict_cannot_tell", reason=words.reason(reason))
    change = words(
        "verdict_change",
        metric=words(verdict.primary),
        difference=words("points", value=signed(100 * (verdict.difference.value or 0.0), 1)),
        interval=_interval(verdict, verdict.difference, words),
        p=words.p_equation(verdict.p_adjusted),
        basis=_basis(verdict, words),
    )
    guard = _interval(verdict, verdict.protected_difference or verdict.difference, words)
    protected = words(verdict.protected) if verdict.protected else ""
    return words(_key(verdict), change=change, guard=guard, protected=protected, margin=whole_percent(verdict.margin))


def _key(verdict: Verdict) -> str:
    """Name the text of a verdict that is not weak."""
    if verdict.because not in (Because.SHOWN, Because.WITHIN_MARGIN):
        return f"verdict_{verdict.because}"
    has_guard = verdict.protected_difference is not None and verdict.word is not Word.WORSE
    return f"verdict_{verdict.word}_guarded" if has_guard else f"verdict_{verdict.word}"


def _interval(verdict: Verdict, found: Interval, words: ReportWords) -> str:
    if found.low is None or found.high is None:
        return words.reason(found.reason)
    bounds = words("range", low=signed(100 * found.low, 1), high=signed(100 * found.high, 1))
    return words("verdict_interval", level=words("percent", value=whole_percent(1 - verdict.alpha)), range=bounds)


def _basis(verdict: Verdict, words: ReportWords) -> str:
    """Count sequences and people; predictions of several seeds are no new sequences."""
    found, repeats = verdict.difference, verdict.repeats
    counts = {"sequences": words.sequences(round(found.n / repeats)), "people": words.people(found.n_subjects)}
    if repeats == 1:
        return words("verdict_basis", **counts)
    return words("verdict_basis_runs", **counts, runs=times(repeats))


def _plan(verdict: Verdict, words: ReportWords) -> str:
    plan = verdict.plan
    if plan is None:
        return ""
    if not plan.more_sequences:
        return " " + words("verdict_repeat")
    counts = {"clips": plan.more_sequences, "people": plan.more_subjects}
    outlook = verdict.outlook
    key = "verdict_plan" if outlook is None else "verdict_plan_settles" if outlook.settles else "verdict_plan_chance"
    settled = {} if outlook is None else {
        "settled": percent(1 - outlook.chances["cannot_tell"]),
        "settled_alike": percent(1 - outlook.if_alike["cannot_tell"]),
    }  # fmt: skip
    planned_for = "" if plan.metric == verdict.primary else words("verdict_planned_for", metric=words(plan.metric))
    return " " + words(key, **counts, **settled, planned_for=planned_for)


def percent(share: float) -> str:
    """Write a probability as whole percent."""
    return rounded(100 * share, 0)


def describe_outlook(verdict: Verdict, words: ReportWords) -> list[str]:
    """Write what a look at more people would say; nothing where there is no plan."""
    outlook = verdict.outlook
    if outlook is None:
        return []
    bounds = {"low": outlook.low, "high": outlook.high, "people": outlook.n_people}
    settled = {
        "settled": percent(1 - outlook.chances["cannot_tell"]),
        "settled_low": percent(outlook.settled_low),
        "settled_high": percent(outlook.settled_high),
    }
    chances = {word: percent(share) for word, share in outlook.chances.items()}
    alike = {f"{word}_alike": percent(share) for word, share in outlook.if_alike.items()}
    said = [words("settle_range", **bounds, **settled), words("settle_chances", **bounds, **chances, **alike)]
    if outlook.n_equal is not None:
        said.append(words("settle_equal", margin=whole_percent(verdict.margin), n=outlook.n_equal))
    return said


def describe_guard(verdict: Verdict, predictions: Predictions, words: ReportWords) -> list[str]:
    """Write how many people the protected metric takes, where the plan alone does not bring so many."""
    plan = verdict.guard_plan
    if plan is None or verdict.protected is None:
        return []
    share = 100 * float(predictions.labels.mean())
    numbers = {"people": plan.n_subjects, "margin": whole_percent(verdict.margin), "share": rounded(share, 0)}
    return [words("settle_protected", metric=words(verdict.protected), **numbers)]


def describe_chance(verdict: Verdict, words: ReportWords) -> list[str]:
    """Write how probable it is that the candidate is better by the margin, where that cannot be told."""
    if verdict.better_by_margin is None or verdict.because in WEAK:
        return []
    margin, sd = whole_percent(verdict.margin), whole_percent(PRIOR_MARGINS * verdict.margin)
    return [words("rider_chance", margin=margin, chance=percent(verdict.better_by_margin), sd=sd)]


def describe_look(asked: AskedLook | None, words: ReportWords) -> str:
    """Say from which p on a difference counts at this look, and what is left for later ones."""
    if asked is None:
        return words("look_not_counted")
    look = asked.look
    numbers = {
        "people": words.people(len(look.people)),
        "new": look.n_new,
        "alpha": words.p_value(look.alpha),
        "largest": words.people(look.largest),
        "number": look.number,
        "all": whole_percent(ALPHA),
        "spent": whole_percent(look.spent),
        "left": whole_percent(look.left),
    }
    if look.alpha <= LEAST:
        key = "look_nothing_left" if look.is_only else "look_too_soon"
    elif look.number == 1 and look.is_only:
        key = "look_only"
    else:
        key = "look_first" if look.number == 1 else "look_again" if look.n_new else "look_repeated"
    said = [words(key, **numbers)]
    if asked.n_same:
        said.append(words("look_other_models", n=asked.n_same + 1))
    return " ".join(said)
