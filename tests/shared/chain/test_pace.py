"""The time that is left: from steps of the same kind, in this run or the last one."""

import pytest

from shared.chain import pace, words


def test_a_step_is_guessed_from_this_run_then_the_last_one_then_what_is_usual() -> None:
    steps = pace.Pace({"evaluator": [4.0, 6.0]})
    steps.expect(["evaluator", "evaluator", "trainer", "exporter"], training_s=100)
    assert steps.left_s() == 5 + 5 + 100 + pace.USUAL_S["exporter"]
    steps.did("evaluator", 20.0)
    assert steps.left_s() == 20 + 100 + pace.USUAL_S["exporter"]
    steps.did("trainer", None)  # it had nothing to do
    assert (steps.place(), steps.left_s()) == ("3/4 ", 20 + pace.USUAL_S["exporter"])


def test_nobody_has_said_how_many_steps_there_are() -> None:
    steps = pace.Pace({})
    steps.did("trainer", 1.0)
    assert (steps.place(), steps.left_s()) == ("", 0.0)


@pytest.mark.parametrize(
    ("seconds", "en", "ko"),
    [
        (20, "less than a minute left", "1분 안에 끝남"),
        (200, "about 3 min left", "약 3분 남음"),
        (9000, "about 2 h left", "약 2시간 남음"),
    ],
)
def test_time_is_told_no_more_exactly_than_it_is_known(seconds: float, en: str, ko: str) -> None:
    assert words.left(words.words_of("en"), seconds) == en
    assert words.left(words.words_of("ko"), seconds) == ko
    assert words.about(words.words_of("en"), 20) == "about a minute"


def test_a_step_that_is_no_word_keeps_its_name() -> None:
    assert words.step_name(words.words_of("ko"), "5 people: train") == "5 people: 학습"
    assert words.step_name(words.words_of("ko"), "something else") == "something else"
