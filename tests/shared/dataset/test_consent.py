"""Who has agreed to what: the newest row counts, and nobody is in without one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent, splits
from shared.dataset.consent import Agreement, ConsentBook, Rule
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import CheckFailed, InvalidInput

GIVEN = "2026-01-22T11:25:34Z"
LATER = "2026-06-01T00:00:00Z"


def book(*rows: Agreement) -> ConsentBook:
    return ConsentBook("people", rows)


def test_nobody_is_covered_without_a_row() -> None:
    assert book().why_not("s01", "train", LATER) == "no consent row"


def test_a_scope_that_was_not_agreed_to_is_not_covered() -> None:
    rows = book(Agreement("s01", ("train",), GIVEN))
    assert rows.why_not("s01", "train", LATER) is None
    assert rows.why_not("s01", "publish", LATER) == "agreed to train only"


def test_an_agreement_ends_at_the_moment_of_its_expiry() -> None:
    rows = book(Agreement("s01", ("train",), GIVEN, expires_utc=LATER))
    assert rows.why_not("s01", "train", "2026-05-31T23:59:59Z") is None
    assert rows.why_not("s01", "train", LATER) == f"expired {LATER}"


def test_the_newest_row_of_a_person_counts() -> None:
    first, second = Agreement("s01", ("train", "publish"), GIVEN), Agreement("s01", ("train",), LATER)
    assert book(first, Agreement("s02", ("publish",), LATER), second).why_not("s01", "publish", LATER) is not None


def test_a_withdrawal_takes_everything_back_and_a_new_agreement_gives_it_again(tmp_path: Path) -> None:
    consent.record(tmp_path, Agreement("s01", ("train", "publish"), GIVEN))
    taken = consent.withdraw(tmp_path, "s01", LATER)
    assert taken.why_not("s01", "train", LATER) == f"withdrawn {LATER}"
    again = consent.record(tmp_path, Agreement("s01", ("train",), LATER))
    assert again.why_not("s01", "train", LATER) is None
    assert len(consent.read_consent(tmp_path).rows) == 3


def test_only_somebody_who_agreed_can_withdraw(tmp_path: Path) -> None:
    consent.record(tmp_path, Agreement("s01", ("train",), GIVEN))
    with pytest.raises(InvalidInput, match="s02: found no such person, expected one of s01"):
        consent.withdraw(tmp_path, "s02")


def test_a_name_with_a_space_is_no_pseudonym_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="pseudonym"):
        consent.record(tmp_path, Agreement("Kim Min", ("train",), GIVEN))
    assert not (tmp_path / consent.CONSENT_FILE).exists()


def test_three_years_are_three_years_also_over_a_leap_day() -> None:
    assert consent.expiry(GIVEN, 3) == "2029-01-22T11:25:34Z"  # 1,096 days: 2028 has a 29th of February
    assert consent.expiry("2028-02-29T08:00:00Z", 3) == "2031-02-28T08:00:00Z"


def test_an_agreement_without_an_end_ends_after_three_years_whenever_that_is_asked() -> None:
    rows = book(Agreement("s01", ("train",), GIVEN))
    assert rows.why_not("s01", "train", "2029-01-22T11:25:33Z") is None
    assert rows.why_not("s01", "train", "2029-01-22T11:25:34Z") == "expired 2029-01-22T11:25:34Z"
    assert rows.rule("s01", "train", "2041-01-01T00:00:00Z") is Rule.EXPIRED


def test_the_date_decides_and_not_the_order_in_the_file() -> None:
    taken, given = Agreement("s01", (), LATER, withdrawn=True), Agreement("s01", ("train",), GIVEN)
    assert book(taken, given).rule("s01", "train", LATER) is Rule.WITHDRAWN
    assert book(given, taken).rule("s01", "train", LATER) is Rule.WITHDRAWN


def rewrite(folder: Path, **changes: object) -> None:
    """Change the newest row, or the head, of a consent.json by hand."""
    document = json.loads((folder / consent.CONSENT_FILE).read_text(encoding="utf-8"))
    for key, value in changes.items():
        target = document if key in document else document["rows"][-1]
        target[key] = value
    (folder / consent.CONSENT_FILE).write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"given_utc": "2999-01-01T00:00:00Z"}, "in the future"),
        ({"given_utc": "9999-12-31T00:00:00Z", "expires_utc": None}, "in the future"),
        ({"expires_utc": "9999-12-31T23:59:59Z"}, "3 years after it was given"),
        ({"given_utc": "2026-02-30T00:00:00Z"}, "expected dates"),
        ({"dataset": "others"}, "found the consent of the dataset others"),
    ],
)
def test_dates_that_cannot_be_and_another_datasets_file_are_refused(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    consent.record(tmp_path, Agreement("s01", ("train",), GIVEN))
    rewrite(tmp_path, **changes)
    with pytest.raises(InvalidInput, match=words):
        consent.read_consent(tmp_path)
    with pytest.raises(InvalidInput, match=words):
        consent.record(tmp_path, Agreement("s02", ("train",), GIVEN))


def test_only_those_whose_consent_holds_today_are_left_by_rule_and_count(mixed: Dataset) -> None:
    left = consent.permitted(mixed)
    assert left.subjects() == ["s01", "s02"]
    assert left.labels_sha256 == mixed.labels_sha256
    assert left.reference()["consent"] == {
        "scope": "train",
        "left_out": [
            {"rule": "expired", "n_subjects": 1, "n_sequences": 4},
            {"rule": "no_consent_row", "n_subjects": 1, "n_sequences": 4},
            {"rule": "not_agreed", "n_subjects": 1, "n_sequences": 4},
            {"rule": "withdrawn", "n_subjects": 1, "n_sequences": 4},
        ],
        "n_allowed_without_row": 0,
    }
    assert consent.permitted(mixed, "publish").subjects() == ["s02"]


def test_the_flag_lets_in_who_has_no_row_and_nobody_else(mixed: Dataset) -> None:
    left = consent.permitted(mixed, allow_no_consent=True)
    assert left.subjects() == ["s01", "s02", "s05"]
    assert left.reference()["consent"]["n_allowed_without_row"] == 1


def test_where_nobody_is_left_the_reasons_and_the_command_are_named(mixed: Dataset) -> None:
    for subject in ("s01", "s02"):
        consent.withdraw(mixed.folder, subject)
    with pytest.raises(CheckFailed, match=r"s03: expired 2024.*s05: no consent row.*\./inv consent --dataset"):
        consent.permitted(mixed)


def test_years_later_everybody_has_expired(mixed: Dataset) -> None:
    with pytest.raises(CheckFailed, match=r"s01: expired 2029-01-22"):
        consent.permitted(mixed, now_utc="2035-01-01T00:00:00Z")


def test_drawn_actors_need_no_consent(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    drawn = make_dataset(tmp_path / "actors", subjects=3)
    assert consent.permitted(drawn) is drawn


def test_a_frozen_split_is_used_without_those_who_are_left_out_since(mixed: Dataset, tmp_path: Path) -> None:
    whole = splits.freeze_split(mixed, 0, tmp_path)
    left = consent.permitted(mixed, allow_no_consent=True)
    split = splits.read_split(whole, left)
    used = {row.subject_id for part in splits.PARTS for row in _rows(left, split, part)}
    assert used == {"s01", "s02", "s05"}
    anew = splits.freeze_split(left, 0, tmp_path)
    assert anew != whole
    assert {s for side in splits.read_split(anew, left)["sides"].values() for s in side["subjects"]} == used


def _rows(dataset: Dataset, split: dict[str, Any], part: str) -> list[SequenceRow]:
    return dataset.select(split["sides"][part]["sequences"])


@pytest.fixture
def mixed(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Dataset:
    """Six people: train, train and publish, expired, withdrawn, no row, agreed to nothing."""
    dataset = make_dataset(tmp_path / "people", subjects=6, kind="real")
    for subject, scopes, given in (
        ("s01", ("train",), GIVEN),
        ("s02", ("train", "publish"), GIVEN),
        ("s03", ("train", "publish"), "2021-03-01T00:00:00Z"),
        ("s04", ("train", "publish"), GIVEN),
        ("s06", (), GIVEN),
    ):
        consent.record(dataset.folder, Agreement(subject, scopes, given))
    consent.withdraw(dataset.folder, "s04")
    return dataset
