import pytest

from tools.reporter.text.words import ReportWords


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
    assert ReportWords("en").metric_value(metric, value) == expected


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
    assert ReportWords("en").difference(metric, value) == expected


def test_one_person_is_not_people() -> None:
    words = ReportWords("en")
    assert (words.people(1), words.people(2), words.sequences(1)) == ("1 person", "2 people", "1 sequence")
    assert words.listing(["a", "b", "c"]) == "a, b and c"
