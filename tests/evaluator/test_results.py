from pathlib import Path

import pytest

from shared import contracts
from shared.errors import InvalidInput
from shared.statistics.measurement import measure
from shared.statistics.predictions_csv import PredictionRow
from tools.evaluator.results import name_files, write_results

EXAMPLE = Path(__file__).parents[1] / "schemas/positive/results"


def predict(number: int, score: float, label: str) -> PredictionRow:
    predicted = "smile" if score > 0.5 else "non_smile"
    return PredictionRow(f"seq_{number:04d}", f"s{number % 7:02d}", label, score, predicted, predicted == label)


PREDICTIONS = [predict(n, n * 37 % 101 / 101, "smile" if n * 13 % 29 > 12 else "non_smile") for n in range(1, 60)]


def test_figures_do_not_depend_on_the_order_of_predictions() -> None:
    # Sums of another order differ in the last digits; a report shows them beside figures of paired arms.
    straight = measure(PREDICTIONS, "smile", 0.5, "given").as_document()
    assert measure(PREDICTIONS[::-1], "smile", 0.5, "given").as_document() == straight


def test_a_decision_that_is_not_that_of_score_and_threshold_is_not_measured() -> None:
    with pytest.raises(InvalidInput, match=r"seq_0001: found the score 0\.9 called negative"):
        measure([PredictionRow("seq_0001", "s01", "smile", 0.9, "non_smile", False)], "smile", 0.5, "given")


def test_the_document_names_its_predictions_and_is_not_written_where_it_does_not_fit(tmp_path: Path) -> None:
    example = contracts.read_document(sorted(EXAMPLE.glob("*.json"))[0], "results")
    measurement = measure(PREDICTIONS, "smile", 0.5, "given")
    facts = {key: value for key, value in example.items() if key not in measurement.as_document()}
    files = name_files(tmp_path, "mine")
    document = write_results(files, measurement, facts)
    assert contracts.read_document(files.results, "results") == document
    assert document["predictions"]["sha256"] == contracts.sha256_file(files.predictions)
    assert name_files(tmp_path, "mine").results != files.results
    other = name_files(tmp_path, "other")
    with pytest.raises(InvalidInput, match="side"):
        write_results(other, measurement, facts | {"side": "left"})
    assert not other.results.exists()
