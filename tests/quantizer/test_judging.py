"""When a smaller encoder passes: flips, accuracy by person, size or speed; and which of several is taken."""

import numpy as np
import pytest

from tools.quantizer.judging import choose, judge, why_not
from tools.quantizer.speed import Speed, compare_times

PEOPLE = [f"p{number % 200:03d}" for number in range(400)]
LABELS = np.arange(400) % 2 == 0
PLAIN = np.where(LABELS, 0.9, 0.1)


def flipped(n: int) -> np.ndarray:
    scores = PLAIN.copy()
    scores[:n] = 1 - scores[:n]
    return scores


def test_decisions_that_are_the_same_pass() -> None:
    found = judge(LABELS, PLAIN, PLAIN + 0.01, PEOPLE, 0.5)
    assert (found.n, found.n_flips, found.accuracy) == (400, 0, 1.0)
    assert found.largest_difference == pytest.approx(0.01)
    assert found.flips.value == 0.0
    assert found.flips.high is not None
    assert 0 < found.flips.high < 0.05
    assert why_not(found, 0.25, {}, 0.05) == []


def test_one_flip_in_a_hundred_passes_and_more_do_not() -> None:
    assert why_not(judge(LABELS, PLAIN, flipped(4), PEOPLE, 0.5), 0.25, {}, 0.05) == []
    reasons = why_not(judge(LABELS, PLAIN, flipped(5), PEOPLE, 0.5), 0.25, {}, None)
    assert reasons == ["5 of 400 decisions flip, more than 1%"]


def test_what_flips_everything_is_refused_by_flips_and_by_accuracy() -> None:
    found = judge(LABELS, PLAIN, flipped(400), PEOPLE, 0.5)
    assert (found.n_flips, found.flips.value, found.accuracy) == (400, 1.0, 0.0)
    assert [reason.split()[0] for reason in why_not(found, 0.25, {}, 0.05)] == ["400", "the"]


def test_an_answer_that_is_no_number_is_refused() -> None:
    scores = PLAIN.copy()
    scores[1] = np.nan  # a negative: counted as 0 it flips nothing
    found = judge(LABELS, PLAIN, scores, PEOPLE, 0.5)
    assert (found.n_flips, found.largest_difference) == (0, 1.0)
    assert "no number" in why_not(found, 0.25, {}, 0.05)[0]


def test_the_accuracy_of_few_people_cannot_be_shown_not_to_fall() -> None:
    found = judge(LABELS[:8], PLAIN[:8], PLAIN[:8], PEOPLE[:8], 0.5)
    assert ["may fall" in reason for reason in why_not(found, 0.25, {}, 0.05)] == [True]
    alone = judge(LABELS[:8], PLAIN[:8], PLAIN[:8], ["p1"] * 8, 0.5)
    assert "one person" in why_not(alone, 0.25, {}, 0.05)[0]


@pytest.mark.parametrize(
    ("size_ratio", "ratio", "passes"), [(0.5, 3.0, True), (1.1, 0.5, True), (1.1, 0.99, False), (1.0, 2.0, False)]
)
def test_it_must_be_smaller_or_faster(size_ratio: float, ratio: float, passes: bool) -> None:
    found = judge(LABELS, PLAIN, PLAIN, PEOPLE, 0.5)
    assert (why_not(found, size_ratio, {"wasm": Speed(1.0, ratio)}, 0.05) == []) is passes


def test_what_passes_goes_before_what_does_not_then_speed_decides_then_size() -> None:
    good, bad = judge(LABELS, PLAIN, PLAIN, PEOPLE, 0.5), judge(LABELS, PLAIN, flipped(9), PEOPLE, 0.5)
    worse = judge(LABELS, PLAIN, flipped(50), PEOPLE, 0.5)
    same, slow = {"wasm": Speed(1.0, 1.04)}, {"wasm": Speed(2.0, 2.0), "native": Speed(1.0, 0.1)}
    sizes = {"small": 100, "large": 200, "tiny": 50}
    candidates = {"small": good, "large": good, "tiny": bad}
    assert choose(candidates, sizes, {"small": same, "large": same, "tiny": same}) == "small"
    assert choose(candidates, sizes, {"small": slow, "large": same, "tiny": same}) == "large"
    assert choose({"small": worse, "tiny": bad}, sizes, {"small": same, "tiny": same}) == "tiny"


def test_times_are_compared_within_their_rounds() -> None:
    speeds = compare_times({"plain": [1.0, 10.0, 2.0], "other": [2.0, 20.0, 4.0]}, "plain")
    assert speeds["other"] == Speed(4.0, 2.0)
    assert speeds["plain"].ratio == 1.0
