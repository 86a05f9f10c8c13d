import re
import string

import pytest

from tools.reporter.text import approaches_en, approaches_ko, en, ko
from tools.reporter.text.words import TEXTS, Words


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_and_no_page_takes_a_key_of_another() -> None:
    assert en.TEXTS.keys() == ko.TEXTS.keys()
    assert approaches_en.TEXTS.keys() == approaches_ko.TEXTS.keys()
    assert not en.TEXTS.keys() & approaches_en.TEXTS.keys()


@pytest.mark.parametrize("key", sorted(TEXTS["en"]))
def test_a_translation_has_the_same_places_and_is_in_its_language(key: str) -> None:
    english = TEXTS["en"][key]
    korean = re.sub(r"\./inv [a-z-]+|pip install", "", TEXTS["ko"][key])  # what is typed is the same everywhere
    assert places(english) == places(korean)
    assert not re.search("[가-힣]", english)
    assert not re.search(r"\b[a-z]{2,} [a-z]{2,}\b", re.sub(r"\{\w+\}", "", korean))
    if len(re.findall("[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", english))) >= 3:
        assert re.search("[가-힣]", korean)


def test_no_korean_particle_follows_an_inserted_name() -> None:
    # 은/는, 이/가, 을/를, 과/와 depend on the last sound of a name that nobody knows beforehand.
    wrong = [key for key, text in TEXTS["ko"].items() if re.search(r"\}(은|는|이|가|을|를|과|와|으로|로)\b", text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("recall", 0.725, "72.5 %"),
        ("accuracy", 0.6625, "66.3 %"),
        ("roc_auc", 0.6606, "0.661"),
        ("optimal_threshold", 0.8659, "0.8659"),
        ("precision", None, "not defined"),
    ],
)
def test_metrics_are_written_for_people(metric: str, value: float | None, expected: str) -> None:
    assert Words("en").metric_value(metric, value) == expected


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("recall", -0.05, "−5.0 points"),
        ("accuracy", 0.075, "+7.5 points"),
        ("accuracy", -0.0001, "0.0 points"),
        ("roc_auc", 0.0432, "+0.043"),
        ("roc_auc", -0.0001, "0.000"),
    ],
)
def test_differences_have_a_sign_unless_they_round_to_nothing(metric: str, value: float, expected: str) -> None:
    assert Words("en").difference(metric, value) == expected


def test_one_person_is_not_people() -> None:
    words = Words("en")
    assert (words.people(1), words.people(2), words.sequences(1)) == ("1 person", "2 people", "1 sequence")
    assert words.listing(["a", "b", "c"]) == "a, b and c"
