import json
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput, WrongUsage
from tools.reporter.sources.arms import Arm, read_arms
from tools.reporter.sources.histories import read_history, read_run

ROWS = [("seq_0001", "s01", "smile", 0.9), ("seq_0002", "s01", "non_smile", 0.2), ("seq_0003", "s02", "smile", 0.4)]


def read_two(baseline: Path, candidate: Path) -> tuple[Arm, ...]:
    return read_arms((None, baseline), [(None, candidate)])


def test_an_arm_is_named_after_its_model_unless_a_name_is_given(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS)
    arms = read_arms((None, old), [("ep10", new)])
    assert [(arm.name, arm.role) for arm in arms] == [("old", "baseline"), ("ep10", "candidate")]
    assert [p.correct for p in arms[0].rows.values()] == [True, True, False]


def test_two_arms_of_one_name_are_refused_with_the_way_out(tmp_path: Path, make_results: Any) -> None:
    old = make_results(tmp_path, "same", ROWS)
    with pytest.raises(WrongUsage, match=r"'same' a second time.*--candidate NAME=FILE"):
        read_two(old, old)


def test_results_of_different_sequences_are_refused_with_both_hashes(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS[:2])
    hashes = [json.loads(path.read_text())["sequences_sha256"] for path in (old, new)]
    with pytest.raises(InvalidInput) as refusal:
        read_two(old, new)
    assert refusal.value.exit_code == 1
    assert all(sha256 in str(refusal.value) for sha256 in hashes)


def test_a_label_that_differs_under_the_same_hash_is_refused(tmp_path: Path, make_results: Any) -> None:
    changed = [*ROWS[:2], ("seq_0003", "s02", "non_smile", 0.4)]
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", changed)
    document = json.loads(new.read_text())
    document["sequences_sha256"] = json.loads(old.read_text())["sequences_sha256"]
    new.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match=r"seq_0003 non_smile of s02, expected smile of s02"):
        read_two(old, new)


def test_predictions_that_were_changed_are_refused_with_both_hashes(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS)
    predictions = tmp_path / "new_predictions.csv"
    promised = contracts.sha256_file(predictions)
    predictions.write_text(predictions.read_text().replace("0.9", "0.8"))
    with pytest.raises(InvalidInput, match=f"{contracts.sha256_file(predictions)}.*{promised}"):
        read_two(old, new)


def test_missing_predictions_are_refused(tmp_path: Path, make_results: Any) -> None:
    old, new = make_results(tmp_path, "old", ROWS), make_results(tmp_path, "new", ROWS)
    (tmp_path / "new_predictions.csv").unlink()
    with pytest.raises(InvalidInput, match=r"new_predictions\.csv: found No such file"):
        read_two(old, new)


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/passwd", "sub/predictions.csv"])
def test_predictions_elsewhere_are_never_opened(tmp_path: Path, make_results: Any, name: str) -> None:
    old = make_results(tmp_path, "old", ROWS, predictions={"file": name, "sha256": "0" * 64})
    with pytest.raises(InvalidInput, match="expected a file"):
        read_two(old, old)


@pytest.mark.parametrize(
    ("find", "replace", "message"),
    [
        ("sequence_id,subject_id", "sequence_id,person", "row 1: found sequence_id,person"),
        (",0.9,", ",nan,", "row 2: found the score nan"),
        (",0.9,", ",high,", "row 2: found the score 'high'"),
        (",0.9,", ",1.5,", r"row 2: score: found 1\.5, expected maximum 1"),
        ("smile,true", "smile,false", "row 2: found correct false for label 'smile' and predicted 'smile'"),
        ("seq_0002", "seq_0001", "row 3: found seq_0001 a second time"),
        (",true,\n", ",true\n", "row 2: found another number of cells"),
        ("seq_0003,s02,smile,0.4,non_smile,false,\n", "", "found 2 rows, expected 3"),
        (",true,\n", ",true,bored\n", 'row 2: emotion: found "bored"'),
    ],
)
def test_a_predictions_csv_that_is_wrong_is_refused_by_row(
    tmp_path: Path, make_results: Any, find: str, replace: str, message: str
) -> None:
    results, predictions = make_results(tmp_path, "old", ROWS), tmp_path / "old_predictions.csv"
    text = predictions.read_text()
    assert find in text
    predictions.write_text(text.replace(find, replace, 1))
    document = json.loads(results.read_text())
    document["predictions"]["sha256"] = contracts.sha256_file(predictions)
    results.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match=message):
        read_two(results, results)


def test_counts_that_the_predictions_do_not_give_are_refused(tmp_path: Path, make_results: Any) -> None:
    path = make_results(tmp_path, "old", ROWS)
    document = json.loads(path.read_text())
    document["metrics"]["confusion"] = {"tp": 2, "fn": 0, "tn": 1, "fp": 0}
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match=r"metrics.confusion: found .*'tp': 2.*expected .*'tp': 1"):
        read_two(path, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 1}, "schema_version: found 1, expected 2 .*run the step that made it once more"),
        ({"surprise": 1}, "found unknown surprise"),
        ({"sequences_sha256": "x"}, "sequences_sha256"),
        ({"seconds_a_sequence": float("nan")}, "NaN is no number"),
    ],
)
def test_a_results_document_that_does_not_fit_its_schema_is_refused(
    tmp_path: Path, make_results: Any, change: dict[str, Any], message: str
) -> None:
    path = make_results(tmp_path, "old", ROWS, **change)
    with pytest.raises(InvalidInput, match=message):
        read_two(path, path)


HEADER = "epoch,train_loss,validation_loss,validation_accuracy,validation_auc,lr\n"


def test_a_history_keeps_what_is_known_and_leaves_the_rest_empty(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "1,0.7,,0.5,,5e-5\n2,0.6,0.65,0.5,0.55,5e-5\n")
    rows = read_history(path).rows
    assert rows[0] == {
        "epoch": 1.0,
        "train_loss": 0.7,
        "validation_loss": None,
        "validation_accuracy": 0.5,
        "validation_auc": None,
        "learning_rate": None,
        "stage": None,
    }
    assert rows[1]["validation_auc"] == 0.55


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, "found no epochs"),
        ("a,b\n1,2\n", "row 1: found a,b"),
        (HEADER + "1,much,,,,\n", "row 2: train_loss: found 'much'"),
        (HEADER + "0,0.7,,,,\n", "row 2: epoch: found 0"),
        (HEADER + "1,0.7\n", "row 2: found another number of cells"),
    ],
)
def test_a_history_that_is_wrong_is_refused_by_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "history.csv"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        read_history(path)


def test_a_run_or_history_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"history\.csv: found No such file"):
        read_history(tmp_path / "history.csv")
    with pytest.raises(InvalidInput, match=r"run\.json: found no such file"):
        read_run(tmp_path)
