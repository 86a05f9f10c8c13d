from dataclasses import replace

import numpy as np
import pytest

from shared.statistics.predictions import Predictions
from shared.text.catalogue import LANGS
from tools.reporter.ab.outlook import SETTLES, WORDS, chance_of_margin
from tools.reporter.ab.sentence import describe_chance, describe_outlook, sentences
from tools.reporter.ab.verdict import Verdict, Word, decide, decide_all
from tools.reporter.text.words import ReportWords


def arms(n_people: int, rates: tuple[float, float], seed: int = 0, n_clips: int = 6) -> tuple[Predictions, Predictions]:
    """Two arms that are right this often, independent of each other."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_people * n_clips) % 2 == 0
    people = np.repeat(np.arange(n_people), n_clips)
    right = [rng.random(labels.size) < rate for rate in rates]
    scores = [np.where(one == labels, 0.9, 0.1) for one in right]
    return tuple(Predictions(labels, one, 0.5, people) for one in scores)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def unsure() -> Verdict:
    return decide(*arms(12, (0.75, 0.79)), plan_alpha=0.018)


def test_the_chance_of_each_word_is_said_before_people_are_recorded(unsure: Verdict) -> None:
    found = unsure.outlook
    assert unsure.word is Word.CANNOT_TELL
    assert found is not None
    assert set(found.chances) == set(WORDS)
    assert sum(found.chances.values()) == pytest.approx(1)
    assert sum(found.if_alike.values()) == pytest.approx(1)


def test_a_pilot_of_few_people_leaves_a_wide_range_whose_ends_have_their_own_chances(unsure: Verdict) -> None:
    found = unsure.outlook
    assert found is not None
    assert found.low <= found.n_people <= found.high
    assert found.high > 2 * found.low
    assert found.settled_low < found.settled_high


def test_without_a_true_difference_obeying_a_plan_once_leaves_most_at_cannot_tell_and_that_is_said(
    unsure: Verdict,
) -> None:
    found = unsure.outlook
    assert found is not None
    assert found.if_alike["cannot_tell"] > 0.5
    assert found.if_alike["better"] + found.if_alike["worse"] < 0.2
    for lang in LANGS:
        said = " ".join(describe_outlook(unsure, ReportWords(lang)))
        assert f"{100 * found.if_alike['cannot_tell']:.0f}" in said


def test_to_settle_it_is_only_promised_where_it_holds(unsure: Verdict) -> None:
    found = unsure.outlook
    assert found is not None
    sure = replace(found, chances={"better": 0.9, "worse": 0.0, "equal": 0.0, "cannot_tell": 1 - SETTLES - 0.1})
    assert "to settle it" not in sentences(replace(unsure, outlook=replace(found, chances=found.if_alike)))["en"]
    assert "to settle it" in sentences(replace(unsure, outlook=sure))["en"]


def test_a_plan_divides_the_error_among_candidates_as_the_verdict_does() -> None:
    baseline, candidate = arms(12, (0.75, 0.79))
    one = decide(baseline, candidate).plan
    of_four = decide_all(baseline, dict.fromkeys("abcd", candidate))["a"].plan
    assert one is not None
    assert of_four is not None
    assert of_four.n_subjects > 1.2 * one.n_subjects


def test_the_probability_of_a_gain_grows_with_what_was_seen_and_is_drawn_to_the_prior() -> None:
    chances = [chance_of_margin(*arms(40, (0.7, rate), seed=3), "accuracy", 0.05) for rate in (0.6, 0.7, 0.8, 0.9)]
    assert all(chance is not None for chance in chances)
    assert chances == sorted(chances)  # type: ignore[type-var]
    assert chances[0] < 0.02  # type: ignore[operator]
    assert chances[-1] > 0.98  # type: ignore[operator]


def test_where_a_word_is_found_no_probability_is_added() -> None:
    verdict = decide(*arms(60, (0.6, 0.95)))
    assert verdict.word is Word.BETTER
    assert describe_chance(verdict, ReportWords("en")) == []


@pytest.mark.parametrize("rates", [(0.6, 0.95), (0.95, 0.6), (0.75, 0.79), (0.5, 0.5), (0.99, 0.99)])
@pytest.mark.parametrize("n_people", [12, 60])
def test_the_first_sentence_has_at_most_35_words_in_both_languages(rates: tuple[float, float], n_people: int) -> None:
    for protected in ("recall", None):
        verdict = replace(decide(*arms(n_people, rates), protected=protected), repeats=3.0)
        for text in sentences(verdict).values():
            assert len(text.split(". ")[0].split()) <= 35, text
