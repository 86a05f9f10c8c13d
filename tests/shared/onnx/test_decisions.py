"""What counts as a decision that flips: one rule for exporter and browser proof."""

import pytest

from shared.onnx.decisions import is_flip


@pytest.mark.parametrize(
    ("prob", "expected", "flips"),
    [
        (0.6, 0.4, True),
        (0.4, 0.6, True),
        (0.6, 0.55, False),  # the same decision
        (0.50003, 0.49998, False),  # the threshold but for rounding
        (0.6, 0.49998, False),  # a difference that is refused as such
        (0.50003, 0.4998, True),
        (float("nan"), 0.6, True),
    ],
)
def test_a_decision_flips_where_the_expected_one_is_clear(prob: float, expected: float, flips: bool) -> None:
    assert is_flip(prob, expected, 0.5, 1e-4) is flips
