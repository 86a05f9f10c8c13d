"""What a member's name says: labels by keywords, people by a pattern."""

import json
import unicodedata
from pathlib import Path

import pytest

from shared.errors import InvalidInput
from tools.importer.archives.keywords import Keywords, read_keywords

FILE = {
    "schema_version": 1,
    "classes": {"neutral": ["중립", "Neutral"], "smile": ["기쁨", "Happy", "very happy"], "anxious": ["불안"]},
    "positive_class": "smile",
    "ignore": ["슬픔", "Sad", "unhappy"],
    "person": "(?:EMOIMG_[^_]+|Happy|Neutral)_(?P<person>.+)_\\d+$",
}


def write(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "keywords.json"
    path.write_text(json.dumps({**FILE, **changes}, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def keywords(tmp_path: Path) -> Keywords:
    return read_keywords(write(tmp_path))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("EMOIMG_기쁨_Adam_0001.jpg", "smile"),
        ("Neutral_Adam_0002.jpg", "neutral"),
        ("HAPPY-01.png", "smile"),
        ("happy01.jpg", "smile"),
        ("FaceHappy01.jpg", "smile"),
        ("01.기쁨.jpg", "smile"),
        ("나는기쁨이다.jpg", "smile"),
        ("very happy 3.jpg", "smile"),
        ("a/b/c/불안_3.jpg", "anxious"),
        (unicodedata.normalize("NFC", unicodedata.normalize("NFD", "기쁨_1.jpg")), "smile"),
    ],
)
def test_a_keyword_in_any_place_and_case_gives_the_label(keywords: Keywords, name: str, label: str) -> None:
    assert keywords.judge(name).label == label


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("슬픔_0001.jpg", "슬픔"),
        ("Sad_0001.jpg", "sad"),
        ("unhappy_0001.jpg", "unhappy"),  # the longer keyword; the happy inside of it does not count
        ("분노_0001.jpg", "분노"),  # nobody has listed it: its own first word
        ("happyend.jpg", "happyend"),  # part of another word
        ("0001.jpg", "jpg"),
        ("기쁨/0001.jpg", "jpg"),  # a folder's name, which is not looked at unless look_in says path
    ],
)
def test_a_name_without_a_wanted_keyword_is_unwanted_and_its_word_is_told(
    keywords: Keywords, name: str, word: str
) -> None:
    verdict = keywords.judge(name)
    assert (verdict.label, verdict.reason, verdict.words) == (None, "unwanted", word)


@pytest.mark.parametrize("name", ["기쁨_중립_1.jpg", "Neutral_Happy_1.jpg", "Happy_then_Sad.jpg", "unhappy_happy.jpg"])
def test_a_name_with_keywords_of_two_labels_is_a_conflict(keywords: Keywords, name: str) -> None:
    verdict = keywords.judge(name)
    assert (verdict.label, verdict.reason) == (None, "conflict")


def test_two_keywords_of_one_class_are_none(keywords: Keywords) -> None:
    assert keywords.judge("기쁨_Happy_1.jpg").label == "smile"


def test_a_person_whose_name_holds_a_keyword_as_part_of_a_word_is_no_conflict(keywords: Keywords) -> None:
    assert keywords.judge("Neutral_Sadie_Crusader_0001.jpg").label == "neutral"


def test_folders_of_the_archive_are_looked_at_where_the_file_says_so(tmp_path: Path) -> None:
    keywords = read_keywords(write(tmp_path, look_in="path"))
    assert keywords.judge("기쁨/0001.jpg").label == "smile"
    assert keywords.judge("기쁨/중립_0001.jpg").reason == "conflict"


def test_the_person_is_what_the_pattern_says(keywords: Keywords) -> None:
    assert keywords.find_person("x/EMOIMG_기쁨_Alberto_Ruiz_0002.jpg") == "Alberto_Ruiz"
    assert keywords.find_person("Happy_broken.jpg") is None


def test_names_without_a_pattern_tell_no_person(tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    path.write_text(json.dumps({key: FILE[key] for key in ("schema_version", "classes", "positive_class")}))
    assert read_keywords(path).find_person("Happy_Adam_0001.jpg") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positive_class": "laugh"}, "positive_class: found laugh, expected one of neutral, smile, anxious"),
        ({"ignore": ["HAPPY"]}, "'HAPPY' for smile and for ignore"),
        ({"emotions": {"laugh": "happy"}}, "emotions: found laugh"),
        ({"person": "(?P<who>.+)"}, r"a group \(\?P<person>"),
        ({"person": "(?P<person>.+"}, "a regular expression"),
        ({"classes": {"smile": ["기쁨"]}}, "minProperties"),
    ],
)
def test_a_keywords_file_that_cannot_be_meant_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_keywords(write(tmp_path, **changes))


def test_the_example_of_the_docstring_holds() -> None:
    import doctest

    from tools.importer.archives import keywords

    assert doctest.testmod(keywords).failed == 0
