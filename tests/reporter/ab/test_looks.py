import numpy as np
import pytest
from scipy import special

from tools.reporter.ab.looks import ALPHA, AT_LARGEST, FIRST, LEAST, Past, Seen, level_of, next_look, spent_at


def people(n: int, first: int = 0) -> list[tuple[str, ...]]:
    return [(f"{number:016x}",) for number in range(first, first + n)]


def look_at(*sizes: int, planned: int | None = None) -> list[Past]:
    past: list[Past] = []
    for n in sizes:
        past.append(Past.of(next_look(past, people(n)).planned_for(planned)))
    return past


def test_spending_begins_with_the_first_look_grows_and_never_reaches_all() -> None:
    spent = [spent_at(n, 12, 60) for n in (12, 13, 24, 48, 60, 61, 600, 60_000)]
    assert spent[0] == FIRST
    assert spent == sorted(spent)
    assert spent[4] == pytest.approx(AT_LARGEST)
    assert spent[-1] < ALPHA


@pytest.mark.parametrize("sizes", [(12, 60), (12, 20, 40, 90), tuple(range(10, 61, 5)), (30, 31, 32, 33, 34)])
def test_any_number_of_looks_claims_falsely_in_five_percent_at_most(sizes: tuple[int, ...]) -> None:
    """A look at each size, judged by itself at 5 %, would claim in up to a quarter."""
    sums = np.cumsum(np.random.default_rng(3).standard_normal((40_000, max(sizes))), axis=1)
    claimed, alone = np.zeros(40_000, dtype=bool), np.zeros(40_000, dtype=bool)
    for one in look_at(*sizes, planned=45):
        size = abs(sums[:, one.n_seen - 1]) / np.sqrt(one.n_seen)
        claimed |= size > -special.ndtri(one.alpha / 2)
        alone |= size > -special.ndtri(ALPHA / 2)
    assert claimed.mean() < ALPHA + 0.0025
    assert alone.mean() > claimed.mean() + 0.01


def test_a_look_at_the_planned_people_may_use_nearly_all_that_is_left() -> None:
    first, planned = look_at(12, 60, planned=60)
    assert first.alpha == FIRST
    assert planned.spent == pytest.approx(AT_LARGEST)
    assert planned.alpha > AT_LARGEST - FIRST  # partly the same people: looks resemble each other
    assert level_of([Seen(12, FIRST)], 10_000, 0.018) == pytest.approx(0.018 / (1 - FIRST), rel=0.02)


def test_the_same_people_are_no_new_look_and_a_part_of_them_may_claim_nothing() -> None:
    past = look_at(12, 60, planned=60)
    again = next_look(past, people(60))
    assert (again.number, again.n_new, again.alpha, again.spent) == (2, 0, past[1].alpha, past[1].spent)
    assert next_look(past, people(12)).alpha == FIRST
    assert next_look(past, people(20)).alpha == LEAST


def test_new_people_alone_may_use_what_is_left_and_no_more() -> None:
    past = look_at(12, planned=60)
    new = next_look(past, people(48, first=12))
    assert (new.n_new, new.n_seen) == (48, 60)
    assert new.alpha == pytest.approx(AT_LARGEST - FIRST)
    assert new.left == pytest.approx(ALPHA - AT_LARGEST)


def test_only_the_first_look_fixes_for_how_many_the_question_is_planned() -> None:
    past = look_at(12, planned=60)
    assert next_look(past, people(24)).planned_for(500).largest == 60
    assert next_look([], people(12)).planned_for(None).largest == 48


def test_somebody_with_more_sequences_is_the_same_person() -> None:
    past = [Past.of(next_look([], [("a", "b"), ("c",)]))]
    assert next_look(past, [("b", "x"), ("c",)]).n_new == 0
    assert next_look(past, [("b", "x"), ("c",), ("d",)]).n_new == 1


def test_an_only_look_has_all_and_a_second_one_nothing() -> None:
    only = next_look([], people(20), is_only=True)
    assert (only.alpha, only.left, only.planned_for(90).largest) == (ALPHA, 0.0, 20)
    for again in (people(40), people(200), people(20, first=100)):
        found = next_look([Past.of(only)], again)
        assert found.alpha == LEAST
        assert next_look([Past.of(only), Past.of(found)], people(400)).alpha == LEAST
    assert next_look([Past.of(only)], people(20)).alpha == ALPHA  # the very same people: the same look
