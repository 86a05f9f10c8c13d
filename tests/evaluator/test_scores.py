import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk

from tools.evaluator import cli

SIX = ("accuracy", "precision", "recall", "f1", "roc_auc", "optimal_threshold")


def _table(path: Path, labels: list[object], scores: list[object], header: str = "label,score") -> Path:
    path.write_text("\n".join([header, *[f"{a},{b}" for a, b in zip(labels, scores, strict=True)]]) + "\n")
    return path


def _measure(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, object]:
    assert cli.main(["scores", *map(str, words), "--json"]) == 0
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_the_published_confusion_matrix_gives_the_published_rates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 30 of 40 smiles found, 18 of 40 others called a smile: 65.00 %, 62.50 %, 75.00 %, 68.18 %
    scores = [0.9] * 30 + [0.1] * 10 + [0.2] * 22 + [0.8] * 18
    found = _measure(capsys, _table(tmp_path / "s.csv", [1] * 40 + [0] * 40, list(scores)))
    assert found["confusion"] == {"tp": 30, "fn": 10, "tn": 22, "fp": 18}
    assert (found["accuracy"], found["precision"], found["recall"]) == (0.65, 0.625, 0.75)
    assert found["f1"] == pytest.approx(0.6818, abs=5e-5)


@pytest.mark.parametrize("seed", range(20))
def test_all_six_figures_equal_scikit_learns_on_random_scores_with_ties(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 300))
    labels = np.append(rng.integers(0, 2, n), [0, 1])
    scores = np.round(np.clip(rng.normal(0.45 + 0.2 * labels, 0.25), 0, 1), int(rng.integers(1, 4)))
    found = _measure(capsys, _table(tmp_path / "s.csv", labels.tolist(), scores.tolist()))
    called = scores > 0.5
    fpr, tpr, thresholds = sk.roc_curve(labels, scores)
    expected = (
        sk.accuracy_score(labels, called),
        sk.precision_score(labels, called, zero_division=np.nan),
        sk.recall_score(labels, called),
        sk.f1_score(labels, called),
        sk.roc_auc_score(labels, scores),
        thresholds[np.argmax(tpr - fpr)],
    )
    assert [found[key] for key in SIX] == pytest.approx(expected, abs=1e-9)


def test_a_score_at_the_threshold_is_not_a_smile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _measure(capsys, _table(tmp_path / "s.csv", [1, 1, 0], [0.5, 0.51, 0.5]))
    assert found["confusion"] == {"tp": 1, "fn": 1, "tn": 1, "fp": 0}


def test_the_decision_threshold_makes_the_optimal_decisions_when_compared_strictly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Calling 0.4 and above smiles finds 3 of 3 and 1 of 2 false alarms: J = 1 - 0.5, and no other threshold is better.
    table = _table(tmp_path / "s.csv", [0, 1, 0, 1, 1], [0.1, 0.4, 0.6, 0.6, 0.9])
    found = _measure(capsys, table)
    assert found["optimal_threshold"] == 0.4
    assert found["optimal_decision_threshold"] == pytest.approx(0.25)  # halfway between 0.4 and 0.1
    assert found["youden_j"] == pytest.approx(0.5)


def test_words_for_labels_a_semicolon_and_other_columns_are_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.csv"
    file.write_text("﻿sequence_id;truth;p\na;smile;0.9\nb;non_smile;0.2\n", encoding="utf-8")
    found = _measure(capsys, file, "--label-column", "truth", "--score-column", "p")
    assert (found["n"], found["accuracy"]) == (2, 1.0)
    assert _measure(capsys, _table(tmp_path / "t.csv", ["ha", "no"], [0.9, 0.2]), "--positive", "ha")["recall"] == 1.0


def test_one_class_only_leaves_undefined_what_is_undefined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _measure(capsys, _table(tmp_path / "s.csv", [0, 0], [0.9, 0.1]))
    assert (found["roc_auc"], found["recall"], found["optimal_threshold"]) == (None, None, None)
    assert found["accuracy"] == 0.5
    assert any("only the negative class" in note for note in found["notes"])  # type: ignore[attr-defined]


def test_equal_scores_are_said_to_tell_nothing_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _measure(capsys, _table(tmp_path / "s.csv", [0, 1], [0.3, 0.3]))
    assert found["roc_auc"] == 0.5
    assert any("all scores are equal" in note for note in found["notes"])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "found nothing"),
        ("label,score\n", "no rows"),
        ("label,score\n1,nan\n", "row 2: found the score nan"),
        ("label,score\n1,0.5\n0,inf\n", "row 3: found the score inf"),
        ("label,score\n1,high\n", "found the score 'high'"),
        ("label,score\nmaybe,0.5\n", "found the label 'maybe'"),
        ("label,score\n1\n", "row 2: found 1 cells"),
        ("a,b\n1,0.5\n", "expected the columns label and score"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(
    content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.csv"
    file.write_text(content)
    assert cli.main(["scores", str(file)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_missing_file_and_no_text_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scores", str(tmp_path / "no.csv")]) == 1
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert cli.main(["scores", str(tmp_path / "binary.csv")]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_a_column_named_after_a_class_says_which_label_is_positive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels: list[object] = ["anxious", "neutral", "anxious", "neutral"]
    table = _table(tmp_path / "s.csv", labels, [0.9, 0.2, 0.4, 0.1], "label,anxious_prob")
    measured = _measure(capsys, table)
    assert (measured["n_positive"], measured["recall"], measured["precision"]) == (2, 0.5, 1.0)
