"""Whether the verdict hangs on labels that look wrong out of fold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput
from tools.reporter.ab.report import COMPARISON

POSITIVE = Path(__file__).parents[2] / "schemas" / "positive" / "suspicion"
N_PEOPLE = 24
Row = tuple[str, str, str, float]


def rows(missed: int) -> list[Row]:
    """A smile and a non-smile of each person; the smiles of the first so many people are missed."""
    found: list[Row] = []
    for number in range(N_PEOPLE):
        for place, label in enumerate(("smile", "non_smile")):
            score = 0.9 if label == "smile" and number >= missed else 0.1
            found.append((f"seq_{2 * number + place + 1:04d}", f"s{number:02d}", label, score))
    return found


@pytest.fixture
def suspicion(tmp_path: Path) -> Callable[..., Path]:
    """Return a factory: ``suspicion(wrong, **changes)`` writes what models say, the labels of `wrong` looking wrong."""

    def write(wrong: set[str], dataset: str = "people", label: str | None = None) -> Path:
        document = json.loads(next(POSITIVE.glob("*.json")).read_text(encoding="utf-8"))
        document["dataset"]["name"], document["classes"] = dataset, ["non_smile", "smile"]
        example = document["rows"][0]
        document["rows"] = []
        for name, _, given, _ in rows(0):
            of_label = 0.1 if name in wrong else 0.9
            probabilities = [1 - of_label, of_label] if given == "smile" else [of_label, 1 - of_label]
            said = label if label is not None and name in wrong else given
            document["rows"].append(example | {"sequence_id": name, "label": said, "probabilities": probabilities})
        contracts.validate(document, "suspicion", "suspicion.json")
        path = tmp_path / "suspicion.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def files(tmp_path: Path, make_results: Any) -> tuple[Path, Path]:
    """The candidate finds the smiles of twelve people that the baseline misses, and else they are alike."""
    return make_results(tmp_path, "old", rows(12)), make_results(tmp_path, "new", rows(0))


def test_a_verdict_that_hangs_on_labels_that_look_wrong_says_so(
    tmp_path: Path, files: tuple[Path, Path], suspicion: Any, report: Any
) -> None:
    wrong = {f"seq_{2 * number + 1:04d}" for number in range(12)}  # just the smiles that made the difference
    result, page = report(tmp_path, *files, suspects=suspicion(wrong))
    assert result.comparison["verdict"]["word"] == "better"
    # Without them both are right each time, but too few to be called equal; turned round, the candidate is wrong there.
    assert result.comparison["label_check"] == {
        "n_suspects": 12, "without": "cannot_tell", "turned": "worse", "changes": True,
    }  # fmt: skip
    assert "The verdict hangs on 12 labels that look wrong" in page.text
    assert any(one["what"] == "suspicion people" for one in result.comparison["provenance"])
    contracts.read_document(result.folder / COMPARISON, "comparison")


def test_a_verdict_that_does_not_hang_on_them_says_that(
    tmp_path: Path, files: tuple[Path, Path], suspicion: Any, report: Any
) -> None:
    result, page = report(tmp_path, *files, suspects=suspicion({"seq_0048"}))
    assert result.comparison["label_check"] == {
        "n_suspects": 1, "without": "better", "turned": "better", "changes": False,
    }  # fmt: skip
    assert "the verdict is the same without them" in page.text
    assert report(tmp_path, *files, suspects=suspicion(set()))[0].comparison["label_check"]["n_suspects"] == 0


def test_the_datasets_own_list_is_found_and_a_label_changed_since_then_is_no_suspect(
    tmp_path: Path, files: tuple[Path, Path], suspicion: Any, report: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    assert "label_check" not in report(tmp_path, *files)[0].comparison
    place = tmp_path / "artifacts" / "reviews" / "people"
    place.mkdir(parents=True)
    suspicion({"seq_0001", "seq_0003"}, label="non_smile").rename(place / "suspicion.json")
    assert report(tmp_path, *files)[0].comparison["label_check"]["n_suspects"] == 0
    suspicion({"seq_0001", "seq_0003"}).rename(place / "suspicion.json")
    assert report(tmp_path, *files)[0].comparison["label_check"]["n_suspects"] == 2


def test_a_list_of_another_dataset_is_refused(
    tmp_path: Path, files: tuple[Path, Path], suspicion: Any, report: Any
) -> None:
    with pytest.raises(InvalidInput, match="found labels of others, expected those of people"):
        report(tmp_path, *files, suspects=suspicion({"seq_0001"}, dataset="others"))
