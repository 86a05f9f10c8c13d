"""What mistakes cost: net benefit against hand counts."""

from pathlib import Path
from typing import Any

import pytest

from shared.statistics.predictions import make_predictions
from tools.reporter.practice.net_benefit import net_benefit

# 4 of 10 are positive; at 0.5 three of them are found, with two false alarms; at 0.8 two, with none.
LABELS = [True] * 4 + [False] * 6
SCORES = [0.9, 0.85, 0.6, 0.2, 0.7, 0.55, 0.4, 0.3, 0.2, 0.1]
ARM = make_predictions(LABELS, SCORES, [f"s{n}" for n in range(10)], 0.5)


@pytest.mark.parametrize(
    ("ratio", "threshold", "expected"),
    [
        (1.0, None, (3 - 2) / 10),
        (0.2, None, (3 - 0.4) / 10),
        (5.0, None, (3 - 10) / 10),
        (4.0, 0.8, 2 / 10),
        (1.0, 0.0, (4 - 6) / 10),  # everything positive
        (1.0, 1.0, 0.0),  # nothing
    ],
)
def test_net_benefit_counts_what_is_found_less_what_false_alarms_cost(
    ratio: float, threshold: float | None, expected: float
) -> None:
    assert net_benefit(ARM, ratio, threshold) == pytest.approx(expected)


def test_the_page_shows_it_by_the_costs_of_mistakes(tmp_path: Path, plan: tuple[Path, Path], report: Any) -> None:
    result, page = report(tmp_path, *plan)
    # Baseline: TP 30, FP 18 of 80. A false alarm worth a fifth of a miss: 100 (30 - 18 / 5) / 80 = 33.0; worth 5: -75.0
    text = page.text[page.text.index("What mistakes cost") : page.text.index("Confusion matrices")]
    assert "1 : 5 +33.0" in text
    assert "5 : 1 −75.0" in text
    assert "Always right would be +50.0." in text
    assert (result.folder / "decision_curve.png").is_file()
