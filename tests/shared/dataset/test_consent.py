"""Who has agreed to what: the newest row counts, and nobody is in without one."""

from pathlib import Path

import pytest

from shared.dataset import consent
from shared.dataset.consent import Agreement, ConsentBook
from shared.errors import InvalidInput

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


def test_two_years_are_730_days() -> None:
    assert consent.expiry(GIVEN, 2) == "2028-01-22T11:25:34Z"
