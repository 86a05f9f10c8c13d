"""The dataset card counts, in two languages, and names nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset import card, consent
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset

MakeDataset = Callable[..., Dataset]


@pytest.fixture
def people(make_dataset: MakeDataset, tmp_path: Path) -> Dataset:
    document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    return make_dataset(tmp_path / "people", subjects=3, kind="real", protocol=parse_protocol(document, "small"))


def text_of(dataset: Dataset) -> str:
    card.write_card(dataset.folder, dataset.manifest, dataset.rows)
    return (dataset.folder / "README.md").read_text(encoding="utf-8")


def test_a_card_says_the_same_in_korean_and_english(people: Dataset) -> None:
    text = text_of(people)
    korean, english = text.partition("## English")[::2]
    assert "사람 3명, 촬영 3회, 시퀀스 6개" in korean
    assert "6 sequences of 2 pictures (32 x 32, 100 ms apart), 3 takes, 3 people." in english
    for part in (korean, english):
        assert "| non_smile | 3 |" in part
        assert "| 1 | 1 | 1 |" in part
        assert "0 / 6 (0%)" in part
    assert "밝기" in korean
    assert "Light (mean grey from 0 to 1 of 6 pictures)" in english
    assert "Licence: not chosen yet" in english


def test_consent_is_counted_and_nobody_is_named(people: Dataset) -> None:
    given = {"given_utc": "2026-01-01T00:00:00Z"}
    consent.record(people.folder, consent.Agreement("s01", ("train", "publish"), **given))
    consent.record(people.folder, consent.Agreement("s02", ("train",), **given))
    text = text_of(people)
    assert "train 2 / 3 (67%), publish 1 / 3 (33%)" in text
    assert "학습 2 / 3 (67%), 공개 1 / 3 (33%)" in text
    assert not [name for name in people.subjects() if name in text]


def test_what_a_person_wrote_between_the_markers_is_kept(people: Dataset, make_dataset: MakeDataset) -> None:
    own = "Recorded in the lab.\n\n- by friends"
    path = people.folder / "README.md"
    path.write_text(path.read_text(encoding="utf-8").replace(card.OWN_BEGIN, f"{card.OWN_BEGIN}\n{own}\n"), "utf-8")
    assert card.own_text(path.read_text(encoding="utf-8")) == own
    again = make_dataset(
        people.folder, subjects=3, kind="real", protocol=parse_protocol(people.manifest["protocol"], "s")
    )
    text = path.read_text(encoding="utf-8")
    assert card.own_text(text) == own
    assert "12 sequences of 2 pictures" in text
    assert text_of(again) == text


def test_own_words_are_none_of_a_fresh_card_and_all_of_one_without_our_mark(people: Dataset) -> None:
    assert card.own_text(text_of(people)) is None
    assert card.own_text("# Ours\n") == "# Ours\n"


def test_drawn_actors_are_called_drawn_in_both_languages_and_need_no_consent(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    text = text_of(make_dataset(tmp_path / "drawn", subjects=1))
    assert "Synthetic: drawn faces" in text
    assert "합성 데이터" in text
    assert "Consent" not in text


def test_private_files_that_are_broken_do_not_stop_the_card(people: Dataset) -> None:
    (people.folder / "consent.json").write_text("[]", encoding="utf-8")
    (people.folder / "review.json").write_text("{", encoding="utf-8")
    (people.folder / "takes" / "take_0001.json").write_text("[]", encoding="utf-8")
    assert "train 0 / 3" in text_of(people)
