import json
from pathlib import Path
from typing import Any

import pytest

from shared import contracts, stale_models
from tools.reporter.ab.report import make_report
from tools.reporter.config import ReportConfig

CARD = Path(__file__).parent.parent / "schemas" / "positive" / "model" / "ours.json"


def test_figures_that_flatter_are_called_so(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    path = make_results(tmp_path, "old", plan_rows["baseline"], side="all", split=None)
    document = json.loads(path.read_text())
    document["metrics"]["threshold_source"] = "optimal"
    document["model"] = {**document["model"], "name": "tuned"}
    tuned = tmp_path / "tuned_results.json"
    tuned.write_text(json.dumps(document))
    _, page = report(tmp_path, path, tuned)
    assert "If a model was trained on some of these people, its figures flatter it." in page.text
    assert "tuned: its threshold was chosen on the very sequences that it is measured on" in page.text
    assert "tuned: this is the same model file as that of old." in page.text


def test_a_threshold_chosen_on_two_people_is_called_shaky(
    report: Any, tmp_path: Path, make_results: Any, plan_rows: dict[str, Any]
) -> None:
    own = {
        "value": 0.5,
        "chosen_on": "validation",
        "objective": "youden",
        "n_sequences": 8,
        "n_subjects": 2,
        "interval": None,
    }
    model = {"name": "new", "file": "new.onnx", "sha256": "a" * 64, "threshold": own}
    old = make_results(tmp_path, "old", plan_rows["baseline"])
    _, page = report(tmp_path, old, make_results(tmp_path, "new", plan_rows["baseline"], model=model))
    assert "new: its threshold was chosen on 8 sequences of 2 people only" in page.text
    assert "old: its threshold" not in page.text


def test_several_candidates_and_histories_stand_in_one_report(
    reader: Any, tmp_path: Path, plan: tuple[Path, Path]
) -> None:
    histories = []
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
        histories.append(tmp_path / name / "history.csv")
        histories[-1].write_text("epoch,train_loss\n1,0.7\n2,0.6\n")
    config = ReportConfig(
        baseline=("old", plan[0]),
        candidates=(("ep10", plan[1]), ("ep50", plan[0])),
        histories=tuple(histories),
        out=tmp_path / "report",
        lang="en",
    )
    result = make_report(config)
    assert result.pictures == (
        "differences.png",
        "roc.png",
        "decision_curve.png",
        "confusion.png",
        "calibration.png",
        "learning_curve.png",
        "learning_curve_2.png",
    )
    assert [arm["name"] for arm in result.comparison["arms"]] == ["old", "ep10", "ep50"]
    page = reader((result.folder / "report.html").read_text(encoding="utf-8"))
    assert "old against ep10 and ep50" in page.text
    assert "ep50 against old No prediction changed." in page.text
    assert result.comparison["comparison_id"].startswith("people_test_2")


def write_card(home: Path, results: Path, **changes: Any) -> None:
    """Put a card of the model that was measured where exported models lie."""
    card = json.loads(CARD.read_text(encoding="utf-8")) | changes
    card["onnx"]["sha256"] = json.loads(results.read_text())["model"]["sha256"]
    contracts.write_document(home / "artifacts" / "models" / "candidate" / "model.json", card, "model")


@pytest.mark.parametrize(
    ("dataset", "split_sha256", "notes"),
    [
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, "5" * 64, []),
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, "6" * 64, ["with another split, or without one"]),
        ({"name": "people", "kind": "real", "sha256": "d" * 64}, None, ["with another split, or without one"]),
        ({"name": "others", "kind": "real", "sha256": "d" * 64}, None, []),
        ({"name": "actors", "kind": "synthetic", "sha256": "d" * 64}, None, ["trained on drawn faces"]),
    ],
)
def test_where_a_model_learned_is_said_when_it_matters(
    report: Any,
    tmp_path: Path,
    plan: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    dataset: dict[str, str],
    split_sha256: str | None,
    notes: list[str],
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    split = None if split_sha256 is None else {"file": "s.json", "sha256": split_sha256}
    write_card(tmp_path, plan[1], dataset=dataset, split=split)
    _, page = report(tmp_path, *plan)
    for text in ("with another split, or without one", "trained on drawn faces"):
        assert (text in page.text) == (text in notes)


def test_a_model_whose_person_has_withdrawn_is_called_stale_until_it_is_trained_anew(
    report: Any, tmp_path: Path, plan: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    write_card(tmp_path, plan[1])
    marker = stale_models.mark(
        tmp_path / "artifacts" / "models" / "candidate" / "model.json", stale_models.StaleReason.CONSENT_WITHDRAWN
    )
    _, page = report(tmp_path, *plan)
    assert "somebody it was trained on has withdrawn consent" in page.text
    marker.unlink()
    _, page = report(tmp_path, *plan)
    assert "withdrawn consent" not in page.text


@pytest.mark.parametrize(("kind", "shape"), [("landmarks", [1, 5, 478, 3]), ("blendshapes", [1, 5, 52])])
def test_a_model_of_landmarks_can_be_an_arm(
    report: Any,
    tmp_path: Path,
    plan: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    shape: list[int],
) -> None:
    """Its card has no width, height and colour: the report ended in an IndexError."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    layout = {"landmarks": "NTPC", "blendshapes": "NTF"}[kind]
    given = {"name": kind, "shape": shape, "dtype": "float32", "layout": layout, "landmark_model_sha256": "a" * 64}
    network = {"landmarks": "landmark_mlp", "blendshapes": "blendshape_mlp"}[kind]
    write_card(tmp_path, plan[1], input=given, network=network, emotions_trained=[])
    _, page = report(tmp_path, *plan)
    assert f"{shape[2]} {kind} of 5 pictures, 100 ms apart" in page.text
    assert "aaaaaaaaaaaa" in page.text


@pytest.mark.parametrize("high", [0.35, 0.45])
def test_scores_worse_than_chance_are_called_so(report: Any, tmp_path: Path, make_results: Any, high: float) -> None:
    rows = [("q1", "s01", "smile", 0.1), ("q2", "s02", "non_smile", 0.4), ("q3", "s03", "smile", high)]
    rows.append(("q4", "s04", "non_smile", 0.42))  # AUC 0 of 4 pairs, or 2 of 4
    old, new = make_results(tmp_path, "old", rows), make_results(tmp_path, "new", rows)
    _, page = report(tmp_path, old, new)
    assert ("old: its ROC AUC is below 0.5" in page.text) == (high == 0.35)


def test_epochs_and_run_come_from_the_card_with_the_models_hash(
    report: Any, tmp_path: Path, plan: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    run = {"run_id": "people-20260122", "checkpoint": "epoch_0010", "epoch": 10}
    write_card(tmp_path, plan[1], run={**run, "sha256": "1" * 64, "checkpoint_sha256": "2" * 64})
    broken = tmp_path / "artifacts" / "models" / "a-broken-one" / "model.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    result, page = report(tmp_path, *plan)
    assert [(arm["epochs"], arm["run_id"]) for arm in result.comparison["arms"]] == [
        (None, None),
        (10, "people-20260122"),
    ]
    assert "10 epochs" in page.text
    card_entry = next(e for e in result.comparison["provenance"] if e["what"] == "model_card candidate")
    assert card_entry["file"] == "artifacts/models/candidate/model.json"
