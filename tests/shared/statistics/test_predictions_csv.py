"""The predictions csv: what is written is read back, and what does not belong to its results is refused."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from shared.errors import InvalidInput
from shared.statistics.predictions_csv import PredictionRow, format_predictions, predictions_path, read_predictions

PREDICTIONS = [
    PredictionRow("seq_0002", "s02", "non_smile", 0.1, "non_smile", True, "sad"),
    PredictionRow("seq_0001", "s01", "smile", 0.30000001192092896, "non_smile", False),
    PredictionRow("seq_0001@2", "s01", "smile", 1.0, "smile", True),
]
TEXT = (
    "sequence_id,subject_id,label,score,predicted,correct,emotion\n"
    "seq_0002,s02,non_smile,0.1,non_smile,true,sad\n"
    "seq_0001,s01,smile,0.30000001192092896,non_smile,false,\n"
    "seq_0001@2,s01,smile,1.0,smile,true,\n"
)


def results_of(folder: Path, text: str, **changes: Any) -> tuple[Path, dict[str, Any]]:
    (folder / "p.csv").write_text(text, encoding="utf-8")
    results = {
        "predictions": {"file": "p.csv", "sha256": hashlib.sha256(text.encode()).hexdigest()},
        "positive_class": "smile",
        "n_sequences": 3,
        "metrics": {"confusion": {"tp": 1, "fn": 1, "tn": 1, "fp": 0}},
        **changes,
    }
    return folder / "results.json", results


def test_predictions_are_written_to_the_letter_and_read_back_in_order(tmp_path: Path) -> None:
    assert format_predictions(PREDICTIONS).decode() == TEXT
    assert read_predictions(*results_of(tmp_path, TEXT)) == PREDICTIONS


def test_a_prediction_that_does_not_fit_the_schema_is_not_written() -> None:
    with pytest.raises(InvalidInput, match=r"prediction of seq_0001: score: found 1\.5"):
        format_predictions([PredictionRow("seq_0001", "s01", "smile", 1.5, "smile", True)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"predictions": {"file": "../p.csv", "sha256": "0" * 64}}, "expected a file in the same folder"),
        ({"predictions": {"file": "q.csv", "sha256": "0" * 64}}, "expected the predictions of results.json"),
        ({"predictions": {"file": "p.csv", "sha256": "0" * 64}}, "measure again"),
        ({"n_sequences": 4}, "found 3 rows, expected 4"),
        ({"metrics": {"confusion": {"tp": 2, "fn": 0, "tn": 1, "fp": 0}}}, r"metrics\.confusion"),
        ({"positive_class": "non_smile"}, r"metrics\.confusion"),
    ],
)
def test_predictions_that_are_not_those_of_their_results_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_predictions(*results_of(tmp_path, TEXT, **changes))


def test_predictions_lie_beside_their_results(tmp_path: Path) -> None:
    path, results = results_of(tmp_path, TEXT)
    assert predictions_path(path, results) == tmp_path / "p.csv"
