"""One rule for the language: the flag, else the environment, else Korean."""

import pytest

from shared.errors import WrongUsage
from shared.text import language
from shared.text.catalogue import LANGS


@pytest.mark.parametrize("lang", LANGS)
def test_the_flag_comes_first(lang: str) -> None:
    assert language.choose(lang, {"SMILEBENCH_LANG": "ko", "LC_ALL": "en_US.UTF-8"}) == lang


@pytest.mark.parametrize("lang", LANGS)
def test_then_comes_the_variable_of_the_project(lang: str) -> None:
    assert language.choose(None, {"SMILEBENCH_LANG": lang, "LC_ALL": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}) == lang


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "ko_KR@dict"}, "ko"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "kok_IN"}, "en"),
        ({"LC_MESSAGES": "en_GB.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "ko_KR.UTF-8", "LC_MESSAGES": "en_GB.UTF-8", "LANG": "en_GB.UTF-8"}, "ko"),
        ({"LC_ALL": "", "LANG": "en_GB.UTF-8"}, "en"),
    ],
)
def test_then_the_locale(locale: dict[str, str], expected: str) -> None:
    assert language.choose(None, locale) == expected


@pytest.mark.parametrize(
    "locale",
    [{}, {"LANG": "C"}, {"LANG": "C.UTF-8"}, {"LANG": "POSIX"}, {"LANG": ""}, {"LC_ALL": "C", "LANG": "en_US.UTF-8"}],
)
def test_a_locale_that_names_no_language_is_korean(locale: dict[str, str]) -> None:
    assert language.choose(None, locale) == "ko"


def test_a_language_that_is_not_spoken_is_refused_by_the_name_of_its_source() -> None:
    with pytest.raises(WrongUsage, match="SMILEBENCH_LANG: found 'fr', expected en or ko"):
        language.choose(None, {"SMILEBENCH_LANG": "fr"})
    with pytest.raises(WrongUsage, match="--lang: found 'KO'"):
        language.choose("KO", {})


def test_the_environment_of_the_run_is_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_LANG", "en")
    assert language.choose(None) == "en"
    monkeypatch.setenv("SMILEBENCH_LANG", "ko")
    assert language.choose(None) == "ko"
