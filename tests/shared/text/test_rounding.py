import pytest

from shared.text.rounding import rounded


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (66.25, 1, "66.3"),
        (68.75, 1, "68.8"),
        (100 * 0.5725, 1, "57.3"),
        (0.7825, 3, "0.783"),
        (-1.25, 1, "-1.3"),
        (2.0, 0, "2"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: float, decimals: int, expected: str) -> None:
    assert rounded(value, decimals) == expected
