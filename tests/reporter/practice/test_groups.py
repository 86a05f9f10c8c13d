"""What the sample cannot show: kinds of people who are absent, and groups that were declared."""

from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput
from tools.reporter.practice.groups import LEAST_PEOPLE, absent_share, read_groups

N_PEOPLE = 30


def rows(missed: set[int]) -> list[tuple[str, str, str, float]]:
    """Two smiles and two non-smiles of each person, all right but the smiles of those who are missed."""
    found = []
    for number in range(N_PEOPLE):
        for place, label in enumerate(("smile", "smile", "non_smile", "non_smile")):
            score = 0.9 if label == "smile" and number not in missed else 0.1
            found.append((f"seq_{4 * number + place:04d}", f"s{number:02d}", label, score))
    return found


def table(folder: Path, text: str) -> Path:
    file = folder / "groups.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_kind_of_person_that_may_be_absent_is_named() -> None:
    assert absent_share(20) == pytest.approx(0.139, abs=5e-4)  # (1 - 0.139)^20 = 0.05
    assert absent_share(1) == pytest.approx(0.95)
    assert absent_share(300) == pytest.approx(3 / 300, rel=0.01)  # the rule of three


def test_recall_that_dropped_in_a_group_is_shown_and_seen_first(tmp_path: Path, make_results: Any, report: Any) -> None:
    # Twelve with glasses, of whom the candidate misses ten; it finds three others that the baseline missed.
    files = [make_results(tmp_path, name, rows(missed))
             for name, missed in (("old", {20, 21, 22}), ("new", set(range(10))))]  # fmt: skip
    lines = [f"s{n:02d},{'yes' if n < 12 else 'no'},{'tablet' if n >= 27 else 'phone'}" for n in range(N_PEOPLE)]
    groups = table(tmp_path, "\n".join(["subject_id,glasses,device", *lines, "stranger,yes,phone"]))
    result, page = report(tmp_path, *files, groups=groups)
    found = {(one["attribute"], one["value"]): one for one in result.comparison["groups"]["shown"]}
    assert set(found) == {("glasses", "yes"), ("glasses", "no"), ("device", "phone")}
    glasses = found["glasses", "yes"]
    assert (glasses["baseline"]["value"], glasses["candidate"]["value"]) == (1.0, pytest.approx(2 / 12))
    assert (glasses["candidate"]["n"], glasses["candidate"]["n_subjects"]) == (24, 12)
    assert glasses["p"] == pytest.approx(2 / 2**10)
    assert glasses["p_adjusted"] == pytest.approx(3 * 2 / 2**10)
    assert result.comparison["groups"]["n_hidden_people"] == {"glasses": 0, "device": 3}
    assert "Recall is shown to have dropped in: glasses = yes." in page.text
    assert "tablet" not in page.text  # three people would be persons, not a group
    html = (result.folder / "report.html").read_text(encoding="utf-8")
    assert '<section id="groups">' in html
    assert "With 30 people, a kind of person that makes up to 10 % may be wholly absent" in page.text
    contracts.read_document(result.folder / "comparison.json", "comparison")


def test_groups_without_a_drop_are_small_print(tmp_path: Path, make_results: Any, report: Any) -> None:
    files = [make_results(tmp_path, name, rows({1})) for name in ("old", "new")]
    few = "\n".join(["person,light", *(f"s{n:02d},dim" for n in range(LEAST_PEOPLE - 1)), "s10,"])
    result, page = report(tmp_path, *files, groups=table(tmp_path, few))
    assert result.comparison["groups"] == {"shown": [], "n_hidden_people": {"light": 30}}
    assert "light: 30 people in groups of fewer than 5, or in none, are not shown." in page.text
    assert '<details id="groups">' in (result.folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "row 1: found nothing"),
        ("subject_id\ns01\n", "a column for each attribute"),
        ("who,glasses\ns01,yes\n", "expected a csv with subject_id"),
        ("subject_id,glasses\ns01,yes\ns01,no\n", "row 3: found s01 a second time"),
        ("subject_id,glasses\ns01\n", "row 2: found 1 cells, expected 2"),
        ("subject_id,glasses\nx,yes\n", "found nobody who was measured, expected people such as s01"),
    ],
)
def test_a_table_of_groups_that_says_nothing_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as error:
        read_groups(table(tmp_path, text), ["s01", "s02"])
    assert message in str(error.value)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file"):
        read_groups(tmp_path / "no.csv", ["s01"])
