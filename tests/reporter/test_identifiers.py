"""Identifiers in documents and their words in reports: each has the other."""

from typing import Any

import pytest

from shared import contracts
from shared.approaches import APPROACHES, REASONS
from shared.stale_models import StaleReason
from shared.statistics.methods import IntervalMethod, PlanMethod, Reason, TestMethod
from tools.reporter.ab.verdict import WEAK, Because, Word
from tools.reporter.approaches.choice import Ground
from tools.reporter.text.words import PAGES, TABLES

# Approaches are ranked against a floor that is not at chance by more than luck; these reasons are of two arms.
_OF_AB_ONLY = {Because.ALL_EQUAL, Because.SAME_DECISION, Because.CHANCE}


def enums(field: str, *beside: str) -> list[set[Any]]:
    """Return what each schema allows in a field of objects that have these other fields."""
    found: list[set[Any]] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            properties = part.get("properties", {})
            if field in properties and all(name in properties for name in beside):
                found.append(set(properties[field]["enum"]))
            part = list(part.values())
        for inner in part if isinstance(part, list) else ():
            walk(inner)

    for noun in contracts.schema_names():
        walk(contracts.load_schema(noun))
    return found


def words_after(prefix: str) -> set[str]:
    return {key.removeprefix(prefix) for key in PAGES if key.startswith(prefix)}


@pytest.mark.parametrize(
    ("allowed", "identifiers"),
    [
        (enums("method", "low", "high"), set(IntervalMethod)),
        (enums("reason", "low", "high"), {*Reason, None}),
        (enums("method", "p", "statistic"), set(TestMethod)),
        (enums("reason", "p", "statistic"), {*Reason, None}),
        (enums("method", "more_sequences"), set(PlanMethod)),
        (enums("word", "because", "protected"), set(Word)),
        (enums("because", "protected"), set(Because)),
        (enums("because", "rival"), {*Ground, *WEAK} - _OF_AB_ONLY),
        (enums("reason", "onnx_sha256"), set(StaleReason)),
    ],
)
def test_schemas_allow_the_identifiers_of_the_code_and_no_others(
    allowed: list[set[Any]], identifiers: set[Any]
) -> None:
    assert allowed
    assert all(one == identifiers for one in allowed)


@pytest.mark.parametrize(
    ("prefix", "identifiers"),
    [
        ("interval_", {*IntervalMethod, "level", "method"}),
        ("test_", {*TestMethod, "n"}),
        ("plan_", set(PlanMethod)),
        ("reason_", set(Reason)),
        ("stale_", set(StaleReason)),
        ("weak_", set(WEAK)),
        ("word_", {*Word, "ship"}),
        ("outcome_", set(Word)),
        ("left_out_", {*REASONS, "line"}),
        ("name_", set(APPROACHES)),
        ("about_", {*APPROACHES, "fusion"}),
    ],
)
def test_every_identifier_has_its_words_and_no_words_are_left_over(prefix: str, identifiers: set[str]) -> None:
    assert words_after(prefix) == identifiers


def test_every_reason_of_a_verdict_has_a_sentence() -> None:
    told_by_the_word = {Because.SHOWN, Because.WITHIN_MARGIN, Because.UNDEFINED}
    assert set(Because) - WEAK - told_by_the_word <= words_after("verdict_")
    assert set(Word) <= words_after("verdict_")
    tables = {key.removeprefix("because_") for key in TABLES if key.startswith("because_")}
    assert set(Because) - WEAK - {Because.WITHIN_MARGIN} <= tables
    assert {f"verdict_{word}" for word in Word} <= set(TABLES)
