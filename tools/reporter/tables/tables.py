"""Two published tables against each other: what they can and cannot show, over every pairing that fits both.

A table says how many clips an arm got right, not which. So whatever is claimed here holds for every way in which the
answers of the two arms can pair up, for every table that rounds to published rates and, where clips outnumber people,
for clips of one person that are all alike. Reads and writes no file.

    reporter tables --baseline 30,10,22,18 --candidate 28,12,30,10
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from shared.errors import InvalidInput, WrongUsage
from shared.statistics import intervals
from shared.statistics.intervals import Interval
from shared.statistics.methods import IntervalMethod
from shared.statistics.metrics import Confusion
from shared.statistics.power import POWER, clips_from_tables, clips_needed
from shared.statistics.predictions import Predictions, part_and_whole
from shared.text.catalogue import Lang
from tools.reporter.ab.verdict import Because, Verdict, Word, decide
from tools.reporter.config import TablesConfig
from tools.reporter.tables.pairings import Margins, Pairings, all_pairings
from tools.reporter.tables.rates import PublishedRates, RightCount, fit_right_counts, fit_tables
from tools.reporter.tables.rendering import render, sentences

METRICS = ("recall", "specificity", "precision", "f1", "accuracy")
PAIRED_METRICS = ("recall", "specificity", "accuracy")
"""Metrics whose clips are the same for both arms, so that their answers pair up."""
MAX_PAIRS = 500
"""Of tables that fit published rates: some seconds."""


@dataclass(frozen=True)
class TablesResult:
    """The comparison; `as_text` is a view of the document."""

    document: dict[str, Any]
    lang: Lang
    exit_code: int = 0  # an honest "cannot tell" is an answer

    def as_text(self) -> str:
        """Summarise for people."""
        return render(self.document, self.lang)

    def as_json(self) -> dict[str, Any]:
        """Return everything, with the sentences in the chosen language."""
        return {**self.document, "text": self.as_text()}


Pair = tuple[Confusion, Confusion]


def compare_tables(config: TablesConfig) -> TablesResult:
    """Compare two tables.

    Raises:
        InvalidInput: No table fits the published rates, or too many do.
        WrongUsage: More people than clips.
    """
    alone = any(map(_is_accuracy_alone, (config.baseline, config.candidate)))
    metrics_known = ("accuracy",) if alone else METRICS
    baselines, candidates = (
        _tables(given, arm, accuracy_alone=alone)
        for given, arm in ((config.baseline, "baseline"), (config.candidate, "candidate"))
    )
    pairs = [(one, other) for one in baselines for other in candidates if _wholes(one) == _wholes(other)]
    paired = bool(pairs)
    if not paired:
        pairs = [(one, other) for one in baselines for other in candidates]
    if len(pairs) > MAX_PAIRS:
        raise InvalidInput(
            "published rates",
            found=f"{len(pairs)} pairs of tables that fit",
            expected=f"at most {MAX_PAIRS}",
            todo="give more rates, more decimals, or positives=N",
        )
    fewest_clips = min(_size(table) for pair in pairs for table in pair)
    if config.n_subjects is not None and config.n_subjects > fewest_clips:
        raise WrongUsage("--n-subjects", found=str(config.n_subjects), expected=f"at most the {fewest_clips} clips")
    n_fitting = len(baselines), len(candidates)
    # Unique, in order: several pairs share a table.
    baselines = list(dict.fromkeys(one for one, _ in pairs))
    candidates = list(dict.fromkeys(other for _, other in pairs))
    document: dict[str, Any] = {
        "paired": paired,
        "accuracy_alone": alone,
        "margin": config.margin,
        "n_subjects": config.n_subjects,
        "baseline": _arm(config.baseline, baselines, n_fitting[0]),
        "candidate": _arm(config.candidate, candidates, n_fitting[1]),
        "directions": {metric: _direction(metric, pairs) for metric in metrics_known},
    }
    metrics = {
        metric: {
            "baseline": _hull([_interval(metric, table, None) for table in baselines]),
            "candidate": _hull([_interval(metric, table, None) for table in candidates]),
        }
        for metric in metrics_known
    }
    document |= {"metrics": metrics}
    document |= _paired(pairs, config, metrics_known) if paired else _unpaired(pairs, metrics_known)
    document["verdict"]["sentence"] = sentences(document)
    return TablesResult(document, config.lang)


def _is_accuracy_alone(given: Confusion | PublishedRates | RightCount) -> bool:
    return isinstance(given, RightCount) or (isinstance(given, PublishedRates) and given.is_accuracy_alone)


def _tables(given: Confusion | PublishedRates | RightCount, arm: str, *, accuracy_alone: bool) -> list[Confusion]:
    """Return the table, or all that fit the published rates.

    Where nothing is known of the classes in one arm, the clips of both count as one class: accuracy then is its recall.
    """
    if isinstance(given, Confusion):
        tables = [given]
    elif isinstance(given, RightCount):
        tables = [Confusion(tp=given.n_right, fn=given.n - given.n_right, tn=0, fp=0)]
    elif given.is_accuracy_alone:
        tables = [Confusion(tp=one.n_right, fn=one.n - one.n_right, tn=0, fp=0) for one in fit_right_counts(given)]
    else:
        tables = fit_tables(given)
    if not tables:
        raise InvalidInput(
            f"--{arm}-rates {given.text}" if isinstance(given, PublishedRates) else f"--{arm}",
            found="no table of whole clips whose rates round to these",
            expected="rates of one model on the same clips",
            todo="check them for a slip, or give the table as TP,FN,TN,FP",
        )
    if not accuracy_alone:
        return tables
    right = dict.fromkeys((table.tp + table.tn, _size(table)) for table in tables)
    return [Confusion(tp=n_right, fn=n - n_right, tn=0, fp=0) for n_right, n in right]


def _wholes(table: Confusion) -> tuple[int, int]:
    """Count the positive and the negative clips."""
    return table.tp + table.fn, table.tn + table.fp


def _size(table: Confusion) -> int:
    return sum(_wholes(table))


def _share(metric: str, table: Confusion) -> tuple[int, int]:
    """Write a metric as part and whole; F1 as 2 TP of 2 TP + FP + FN."""
    if metric == "specificity":
        return table.tn, table.tn + table.fp
    if metric == "f1":
        return 2 * table.tp, 2 * table.tp + table.fp + table.fn
    part, whole = part_and_whole(metric, np.array([table.tp, table.fn, table.tn, table.fp]))
    return int(part), int(whole)


def _direction(metric: str, pairs: Sequence[Pair]) -> str:
    """Say whether a metric rose, fell or stayed the same; unclear where tables that fit differ in that."""
    found = set()
    for pair in pairs:
        (part, whole), (other_part, other_whole) = (_share(metric, table) for table in pair)
        if not whole or not other_whole:
            found.add("undefined")
            continue
        change = Fraction(other_part, other_whole) - Fraction(part, whole)
        found.add("rose" if change > 0 else "fell" if change < 0 else "same")
    return found.pop() if len(found) == 1 else "unclear"


def _arm(given: Confusion | PublishedRates | RightCount, tables: Sequence[Confusion], n_fitting: int) -> dict[str, Any]:
    """Describe an arm's tables that count here; the first ten where many fit published rates."""
    n_positive, n_negative = zip(*map(_wholes, tables), strict=True)
    return {
        "rates": given.text if isinstance(given, PublishedRates) else None,
        "n_tables_fitting_rates": n_fitting,
        "n_tables": len(tables),
        "tables": [asdict(table) for table in tables[:10]],
        "n": _size(tables[0]),
        "n_positive": [min(n_positive), max(n_positive)],
        "n_negative": [min(n_negative), max(n_negative)],
    }


def pair_up(baseline: Confusion, candidate: Confusion, *, most: bool, n_people: int) -> tuple[Predictions, Predictions]:
    """Write down answers that give both tables, in one of the two extreme pairings.

    With fewer people than clips, the clips of each person are as alike as can be: they were answered alike.

    Args:
        baseline: Its table.
        candidate: With as many positives and negatives.
        most: Whether the arms disagree on as many clips as can be, or on as few.
        n_people: Who share the clips evenly.
    """
    labels: list[bool] = []
    right: list[tuple[bool, bool]] = []
    sizes: list[int] = []
    for label, n, n_one, n_other in (
        (True, baseline.tp + baseline.fn, baseline.tp, candidate.tp),
        (False, baseline.tn + baseline.fp, baseline.tn, candidate.tn),
    ):
        n_both = max(0, n_one + n_other - n) if most else min(n_one, n_other)
        labels += [label] * 4
        right += [(True, True), (False, True), (True, False), (False, False)]
        sizes += [n_both, n_other - n_both, n_one - n_both, n - n_one - n_other + n_both]
    is_positive = np.repeat(labels, sizes)
    decisions = is_positive == np.repeat(right, sizes, axis=0).T
    people = np.arange(is_positive.size) * n_people // is_positive.size
    one, other = (Predictions(is_positive, decided.astype(np.float64), 0.5, people) for decided in decisions)
    return one, other


def _mirror(arm: Predictions) -> Predictions:
    """Swap the classes, which turns specificity into recall."""
    return Predictions(~arm.labels, 1 - arm.scores, 1 - arm.threshold, arm.people)


def _interval(metric: str, table: Confusion, n_people: int | None) -> Interval:
    """Find the interval of a metric, as if each clip had its own person, or with people whose clips are all alike."""
    arm, _ = pair_up(table, table, most=False, n_people=n_people or _size(table))
    return intervals.interval("recall", _mirror(arm)) if metric == "specificity" else intervals.interval(metric, arm)


def _difference(metric: str, one: Predictions, other: Predictions) -> Interval:
    if metric == "specificity":
        return intervals.difference("recall", _mirror(one), _mirror(other))
    return intervals.difference(metric, one, other)


def _hull(found: Sequence[Interval]) -> dict[str, Any]:
    """Span the intervals of all tables or pairings: value and bounds at their widest; None where one is not known."""

    def widest(numbers: list[float | None], pick: Any) -> float | None:
        known = [number for number in numbers if number is not None]
        return pick(known) if known and len(known) == len(numbers) else None

    low_value, high_value = (widest([one.value for one in found], pick) for pick in (min, max))
    return {
        "value": low_value if low_value == high_value else None,
        "value_range": None if low_value is None else [low_value, high_value],
        "low": widest([one.low for one in found], min),
        "high": widest([one.high for one in found], max),
        "n": min(one.n for one in found),
        "method": found[0].method,
        "reason": next((one.reason for one in found if one.reason), None),
    }


def _judge(
    pairs: Sequence[Pair], margin: float, protected: str | None, *, most: bool, n_people: int | None
) -> list[Verdict]:
    """Decide on one extreme pairing of each pair of tables, as on any other comparison."""
    return [
        decide(*pair_up(*pair, most=most, n_people=n_people or _size(pair[0])), margin=margin, protected=protected)
        for pair in pairs
    ]


def _paired(pairs: Sequence[Pair], config: TablesConfig, known: Sequence[str]) -> dict[str, Any]:
    """Say what holds in every pairing of every pair of tables."""
    n = _size(pairs[0][0])
    n_people = None if config.n_subjects == n else config.n_subjects
    judge = functools.partial(_judge, pairs, config.margin, "recall" if "recall" in known else None)
    fewest, most = (judge(most=is_most, n_people=None) for is_most in (False, True))
    alike = [] if n_people is None else judge(most=True, n_people=n_people)
    metrics: dict[str, Any] = {}
    for metric in (one for one in PAIRED_METRICS if one in known):
        summaries = [_pairings(metric, *pair) for pair in pairs]
        metrics[metric] = None if None in summaries else _sum_up(metric, pairs, [s for s in summaries if s], n_people)
    return {
        "verdict": _verdict(fewest, most, alike),
        "pairings": metrics,
        "different_clips": None,
        "clips_needed": _clips_needed(pairs),
        "if_alike": None
        if n_people is None
        else {
            arm: {metric: _hull([_interval(metric, pair[place], n_people) for pair in pairs]) for metric in known}
            for place, arm in enumerate(("baseline", "candidate"))
        },
    }


def _verdict(fewest: Sequence[Verdict], most: Sequence[Verdict], alike: Sequence[Verdict]) -> dict[str, Any]:
    """Find the word that holds everywhere: a claim needs every pairing, and clips of a person that are alike."""
    by_case = {"fewest_disagreements": fewest, "most_disagreements": most, "people_alike": alike}
    words = {case: sorted({one.word for one in verdicts}) for case, verdicts in by_case.items() if verdicts}
    of_pairings = {*words["fewest_disagreements"], *words["most_disagreements"]}
    of_all = {word for found in words.values() for word in found}
    widest = alike or most
    if len(of_pairings) > 1:
        word, because = Word.CANNOT_TELL, "pairings_differ"
    elif len(of_all) > 1:
        word, because = Word.CANNOT_TELL, "people_may_be_alike"
    else:
        word, because = (
            of_all.pop(),
            next((one.because for one in widest if one.because is not Because.LUCK), Because.LUCK),
        )
    drops = [guard.low for one in most if (guard := one.protected_difference) and guard.low is not None]
    if because is Because.PROTECTED_UNSURE and not drops:
        because = Because.UNDEFINED
    return {
        "word": word,
        "because": because,
        "words": words,
        "recall_may_drop_by": max(0.0, *(-low for low in drops)) if drops else None,
    }


def _margins(metric: str, one: Confusion, other: Confusion) -> tuple[Margins, ...]:
    """Return the classes of clips that a metric looks at."""
    positives, negatives = _wholes(one)
    found = {"recall": Margins(positives, one.tp, other.tp), "specificity": Margins(negatives, one.tn, other.tn)}
    return tuple(found.values()) if metric == "accuracy" else (found[metric],)


def _pairings(metric: str, one: Confusion, other: Confusion) -> Pairings | None:
    """Look at all pairings of one pair of tables; None for a class without clips."""
    classes = _margins(metric, one, other)
    return all_pairings(*classes) if sum(part.n for part in classes) else None


def _sum_up(metric: str, pairs: Sequence[Pair], found: Sequence[Pairings], n_people: int | None) -> dict[str, Any]:
    """Put the pairings of all pairs of tables together, with the difference's widest interval."""
    widest = [_difference(metric, *pair_up(*pair, most=True, n_people=_size(pair[0]))) for pair in pairs]
    alike = [_difference(metric, *pair_up(*pair, most=True, n_people=n_people)) for pair in pairs] if n_people else None
    return {
        "n_pairings": sum(one.n_pairings for one in found),
        "n_significant": sum(one.n_significant for one in found),
        "p_min": min(one.p_min for one in found),
        "p_max": max(one.p_max for one in found),
        "fewest_disagreements": min(one.fewest_disagreements for one in found),
        "most_disagreements": max(one.most_disagreements for one in found),
        "difference": _hull(widest),
        "difference_if_alike": None if alike is None else _hull(alike),
    }


def _clips_needed(pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """Span the clips that would show the observed difference; None where a pair of tables has none to show."""
    plans = [clips_from_tables(*pair) for pair in pairs]
    if any(one is None for one in plans):
        return None
    known = [one for one in plans if one is not None]
    summaries = [summary for pair in pairs if (summary := _pairings("accuracy", *pair))]
    most = max(clips_needed(one.most_disagreements / one.n, one.gain / one.n) for one in summaries)
    return {
        "power": POWER,
        "low": min(one.low for one in known),
        "low_disagreement": min(one.low_disagreement for one in known),
        "high": max(one.high for one in known),
        "high_disagreement": max(one.high_disagreement for one in known),
        "most": most,
        "most_disagreement": max(one.most_disagreements / one.n for one in summaries),
        "method": "connor",
    }


def _unpaired(pairs: Sequence[Pair], known: Sequence[str]) -> dict[str, Any]:
    """Say what is left where the tables are not of the same clips: each arm for itself, and unpaired differences."""
    return {
        "verdict": {
            "word": Word.CANNOT_TELL,
            "because": "different_clips",
            "words": {},
            "recall_may_drop_by": None,
        },
        "pairings": None,
        "different_clips": {
            metric: _hull([_newcombe(*(_interval(metric, table, None) for table in pair)) for pair in pairs])
            for metric in known
        },
        "clips_needed": None,
        "if_alike": None,
    }


def _newcombe(one: Interval, other: Interval) -> Interval:
    """Interval of a difference of two independent shares, from the interval of each.

    Source: Newcombe 1998, Statistics in Medicine 17:873-890, method 10; statsmodels has it for two counts.
    """
    n, method = min(one.n, other.n), IntervalMethod.NEWCOMBE
    if one.value is None or one.low is None or one.high is None:
        return Interval(None, None, None, n, n, method, one.reason)
    if other.value is None or other.low is None or other.high is None:
        return Interval(None, None, None, n, n, method, other.reason)
    value = other.value - one.value
    low = value - math.hypot(other.value - other.low, one.high - one.value)
    high = value + math.hypot(other.high - other.value, one.value - one.low)
    return Interval(value, low, high, n, n, method)
