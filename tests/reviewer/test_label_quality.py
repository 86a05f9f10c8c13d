"""Which labels look suspicious, and whose word is not taken for it."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import contracts, paths, preprocess
from shared.dataset import reader
from shared.dataset.reader import open_dataset
from shared.errors import InvalidInput
from shared.statistics.predictions_csv import PredictionRow, format_predictions
from tools.reviewer import cli, suspect
from tools.reviewer.face_features import FaceFeatures
from tools.reviewer.label_quality import (
    OutOfFoldScores,
    find_suspects,
    flag,
    order_by_quality,
    read_suspicion,
    suspicion_path,
)
from tools.reviewer.scores import read_scores

SCHEMAS = Path(__file__).parents[1] / "schemas" / "positive"
GENKI = paths.assets() / "data" / "images" / "genki4k"
SPLIT_SHA, ONNX_SHA = "a" * 64, "b" * 64


# ---- the order


def test_the_label_that_models_find_least_probable_comes_first(dataset):
    chances = {row.sequence_id: (0.1, 0.9) if row.label == "smile" else (0.9, 0.1) for row in dataset.rows}
    chances |= {"seq_0002": (0.2, 0.8), "seq_0003": (0.95, 0.05), "seq_0001": (0.5, 0.5)}
    suspects = find_suspects(dataset, OutOfFoldScores(("non_smile", "smile"), chances, {}, {}, {}, "by hand"))
    assert order_by_quality(suspects)[:4] == ["seq_0003", "seq_0002", "seq_0001", "seq_0004"]
    assert suspects["seq_0003"].quality == pytest.approx(0.05)
    assert (suspects["seq_0003"].likely, suspects["seq_0003"].flagged) == ("non_smile", True)
    assert not suspects["seq_0001"].flagged


def test_sequences_whose_pictures_have_changed_since_are_not_judged(dataset):
    chances = {row.sequence_id: (0.5, 0.5) for row in dataset.rows}
    scores = OutOfFoldScores(("non_smile", "smile"), chances, {}, {"seq_0001": "0" * 64}, {}, "by hand")
    assert sorted(find_suspects(dataset, scores)) == [f"seq_{n:04d}" for n in range(2, 13)]


def test_marks_and_order_are_those_of_cleanlab():
    cleanlab_filter = pytest.importorskip("cleanlab.filter")
    from cleanlab.rank import get_label_quality_scores

    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 400)
    known = rng.dirichlet((1, 1, 1), 400) + 1.5 * np.eye(3)[truth]
    known /= known.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(400) < 0.15, rng.integers(0, 3, 400), truth)
    theirs = cleanlab_filter.find_label_issues(labels, known, filter_by="confident_learning", n_jobs=1)
    assert flag(known.tolist(), labels.tolist()) == theirs.tolist()
    assert 20 < theirs.sum() < 80
    quality = get_label_quality_scores(labels, known, method="self_confidence")
    assert np.allclose(quality, known[np.arange(400), labels])


# ---- out of fold


def test_a_person_is_never_judged_by_a_model_that_has_seen_that_person(monkeypatch):
    seen: list[tuple[set[int], set[int]]] = []
    groups = np.repeat(np.arange(10), 6)
    values = np.column_stack([groups, np.tile(np.arange(6), 10)]).astype(float)
    labels = np.tile([0, 1], 30)
    from sklearn.linear_model import LogisticRegression

    fit, predict = LogisticRegression.fit, LogisticRegression.predict_proba
    trained: set[int] = set()

    def spy_fit(self, x, y, *rest):
        trained.clear()
        trained.update(np.unique(spy_fit.people[: len(x)]).tolist())
        return fit(self, x, y, *rest)

    def spy_scale(self, x, *rest):
        spy_fit.people = x[:, 0].copy()
        return x

    def spy_predict(self, x):
        seen.append((set(trained), set(np.unique(spy_fit.people).tolist())))
        return predict(self, x)

    from sklearn.preprocessing import StandardScaler

    monkeypatch.setattr(StandardScaler, "fit_transform", spy_scale)
    monkeypatch.setattr(StandardScaler, "transform", spy_scale)
    monkeypatch.setattr(LogisticRegression, "fit", spy_fit)
    monkeypatch.setattr(LogisticRegression, "predict_proba", spy_predict)
    features = FaceFeatures("blendshapes", values, [True] * 60, None)
    found = suspect.out_of_fold(features, labels, groups, 5, 0)
    assert len(seen) == 5 * suspect.N_REPEATS["blendshapes"]
    assert all(not models & judged and len(models) == 8 for models, judged in seen)
    assert np.allclose(found.sum(axis=1), 1)


def test_a_sequence_without_a_face_gets_the_share_of_each_class():
    rng = np.random.default_rng(0)
    labels = np.array([0, 1] * 20)
    values = labels[:, None] + rng.normal(0, 0.1, (40, 3))
    values[4] = np.nan
    found = suspect.out_of_fold(FaceFeatures("blendshapes", values, [True] * 40, None), labels, np.arange(40), 5, 0)
    assert found[4] == pytest.approx([0.5, 0.5], abs=0.05)
    assert found[0, 0] > 0.5 > found[1, 0]


def test_suspect_finds_flipped_labels_of_drawn_faces_by_their_pixels_and_writes_the_list(make_dataset, home, capsys):
    folder = make_dataset(home / "datasets" / "many", subjects=6, takes=2).folder
    path = folder / "labels.csv"
    lines = path.read_text().splitlines()
    flips = {"seq_0003", "seq_0022", "seq_0041"}
    for index, line in enumerate(lines):
        if line[:8] in flips:
            swapped = {"smile": "non_smile", "non_smile": "smile"}
            cells = line.split(",")
            cells[3] = swapped[cells[3]]
            lines[index] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    assert cli.main(["suspect", "--dataset", "many", "--kind", "pixels", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["grouped_by"] == "person"
    assert {row["sequence_id"] for row in found["order"][:3]} == flips
    assert {row["sequence_id"] for row in found["order"] if row["flagged"]} == flips
    document = contracts.read_document(suspicion_path("many"), "suspicion")
    assert document["n_folds"] == 5
    assert len(document["rows"]) == 48


def test_photos_that_are_all_filed_under_one_name_are_divided_by_take_or_picture(dataset):
    rows = [row for row in dataset.rows if row.subject_id == "s01"]
    labels = np.array([row.label == "smile" for row in rows]).astype(int)
    assert suspect._group(rows, labels)[1:] == ("sequence", 5)
    everybody = list(dataset.rows)
    labels = np.array([row.label == "smile" for row in everybody]).astype(int)
    assert suspect._group(everybody, labels)[1:] == ("person", 3)


def test_too_few_sequences_are_refused_with_their_numbers(dataset, capsys):
    path = dataset.folder / "labels.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if ",smile," not in line) + "\n")
    assert cli.main(["suspect", "--dataset", "people", "--kind", "pixels"]) == 1
    assert "found 6 non_smile, expected two classes or more with 5 sequences each" in capsys.readouterr().err


def write_photos(folder: Path, n: int, n_flips: int, drawn: Path) -> set[str]:
    """Write a dataset of n photos of people nobody knows, some with the wrong label; returns the wrong ones."""
    rng = np.random.default_rng(11)
    with (GENKI / "labels.csv").open(encoding="utf-8") as stream:
        known = list(csv.DictReader(stream))
    chosen = [known[index] for index in rng.permutation(len(known))[:n]]
    flips = set(rng.permutation(n)[:n_flips].tolist())
    (folder / "images").mkdir(parents=True)
    rows = []
    for index, photo in enumerate(chosen):
        picture = cv2.imread(str(GENKI / "images" / photo["file"]), cv2.IMREAD_COLOR_RGB)
        square = preprocess.crop_and_resize(np.asarray(picture, np.uint8), 224)
        data = cv2.imencode(".jpg", square[:, :, ::-1])[1].tobytes()
        name = f"seq_{index + 1:04d}"
        (folder / reader.frame_names(name, 1)[0]).write_bytes(data)
        smiles = (photo["smile"] == "1") != (index in flips)
        label, person = "smile" if smiles else "non_smile", f"p{index + 1:04d}"
        sha256 = reader.hash_pictures([data])
        rows.append(
            reader.SequenceRow(
                name, person, f"take_{index + 1:04d}", label, None, 1, 0.0, 0.0, (0.0,), "photo", False, sha256
            )
        )
    (folder / "labels.csv").write_bytes(reader.format_labels(rows))
    shutil.copy(drawn / "dataset.json", folder / "dataset.json")
    return {f"seq_{index + 1:04d}" for index in flips}


@pytest.mark.skipif(not GENKI.is_dir(), reason="the photos of the assets are not there")
@pytest.mark.parametrize(
    ("n", "n_flips"), [(100, 10), pytest.param(600, 60, marks=pytest.mark.slow, id="as the acceptance asks")]
)
def test_of_labels_flipped_on_purpose_the_first_places_hold_nearly_all(drawn, tmp_path, monkeypatch, n, n_flips):
    pytest.importorskip("mediapipe")
    monkeypatch.delenv("SMILEBENCH_HOME")
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(GENKI.parents[2]))
    flips = write_photos(tmp_path / "photos", n, n_flips, drawn)
    result = suspect.suspect(tmp_path / "photos", "blendshapes", out=tmp_path / "suspicion.json")
    first = order_by_quality(result.suspects)[: 2 * n_flips]
    assert len(flips & set(first)) >= 0.85 * n_flips


# ---- scores of the evaluator


def write_scores(dataset, home, *, side="test", split=SPLIT_SHA, arm="model", onnx=ONNX_SHA, name=None, pooled=False):
    """Write results with predictions of two sequences, as the evaluator does."""
    results = json.loads((SCHEMAS / "results" / "two_classes.json").read_text(encoding="utf-8"))
    rows = [dataset.rows[0], dataset.rows[2]]
    found = []
    for row, score in zip(rows, (0.9, 0.15), strict=True):
        for seed, ending in enumerate(("", "@2") if pooled else ("",)):
            predicted = "smile" if score - 0.1 * seed > 0.3 else "non_smile"
            found.append(
                PredictionRow(
                    f"{row.sequence_id}{ending}",
                    row.subject_id,
                    row.label,
                    score - 0.1 * seed,
                    predicted,
                    predicted == row.label,
                )
            )
    folder = home / "artifacts" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    predictions = folder / "m_predictions_1.csv"
    predictions.write_bytes(format_predictions(found))
    results |= {
        "arm": arm,
        "side": side,
        "split": {"file": "s.json", "sha256": split} if split else None,
        "dataset": {**dataset.reference(), "name": name or dataset.name},
        "model": {**results["model"], "sha256": onnx},
        "predictions": {"file": predictions.name, "sha256": contracts.sha256_file(predictions)},
    }
    results["n_sequences"] = len(found)
    results["metrics"]["threshold"] = 0.3
    results["metrics"]["confusion"] = {
        "tp": sum(one.label == "smile" and one.correct for one in found),
        "fn": sum(one.label == "smile" and not one.correct for one in found),
        "tn": sum(one.label != "smile" and one.correct for one in found),
        "fp": sum(one.label != "smile" and not one.correct for one in found),
    }
    if pooled:
        results["pooled"] = _pooled()
    contracts.write_document(folder / "m_results_1.json", results, "results")
    return folder / "m_results_1.json", predictions


def _pooled():
    metrics = dict.fromkeys(("accuracy", "recall", "precision", "f1", "roc_auc"), 0.5)
    run = {"file": "r.json", "sha256": "0" * 64, "split": "s.json", "threshold": 0.5, **metrics}
    spread = {key: {"mean": 0.5, "sd": 0.1, "n_runs": 2} for key in metrics}
    return {"runs": [run, run], "spread": spread}


def write_card(home, dataset_name, split=SPLIT_SHA):
    card = json.loads((SCHEMAS / "model" / "ours.json").read_text(encoding="utf-8"))
    card["onnx"]["sha256"] = ONNX_SHA
    card["dataset"]["name"] = dataset_name
    card["split"] = {"file": "s.json", "sha256": split} if split else None
    contracts.write_document(home / "artifacts" / "models" / "m" / "model.json", card, "model")


def test_scores_of_the_test_side_of_the_model_s_own_split_are_taken_with_its_threshold_at_one_half(dataset, home):
    write_card(home, "people")
    for file in write_scores(dataset, home):
        scores = read_scores([file], dataset)
        # 0.9 above the threshold of 0.3: 0.5 + 0.5 x 0.6 / 0.7; 0.15 below: 0.5 x 0.15 / 0.3.
        assert scores.probabilities["seq_0001"] == pytest.approx((1 - 0.928571, 0.928571), abs=1e-6)
        assert scores.probabilities["seq_0003"] == pytest.approx((0.75, 0.25))
        assert scores.classes == ("non_smile", "smile")


@pytest.mark.parametrize("side", ["train", "all"])
def test_scores_of_people_whom_the_model_was_trained_on_are_refused(dataset, home, side):
    write_card(home, "people")
    file, _ = write_scores(dataset, home, side=side)
    with pytest.raises(InvalidInput, match=f"was trained on \\(side {side}\\), expected out-of-fold scores"):
        read_scores([file], dataset)


def test_the_test_side_of_another_split_than_the_model_s_is_refused(dataset, home):
    write_card(home, "people", split="c" * 64)
    with pytest.raises(InvalidInput, match="another split than the one"):
        read_scores([write_scores(dataset, home)[0]], dataset)


def test_scores_of_a_model_of_which_nobody_knows_whom_it_has_seen_are_refused(dataset, home):
    with pytest.raises(InvalidInput, match="found scores of a model without a model"):
        read_scores([write_scores(dataset, home)[0]], dataset)


def test_a_model_trained_on_another_dataset_is_taken_unless_both_share_pictures(dataset, home, make_dataset):
    write_card(home, "elsewhere", split=None)
    file, _ = write_scores(dataset, home, side="all", split=None)
    with pytest.raises(InvalidInput, match="trained on elsewhere, which is not here"):
        read_scores([file], dataset)
    other = make_dataset(home / "datasets" / "elsewhere", subjects=1, takes=2)
    with pytest.raises(InvalidInput, match=r"which shares 4 sequences with it"):  # the same drawn take
        read_scores([file], dataset)
    kept = [row for row in other.rows if row.take_id == "take_0002"]
    (other.folder / "labels.csv").write_bytes(reader.format_labels(kept))
    if {row.sha256 for row in kept} & {row.sha256 for row in dataset.rows}:
        pytest.fail("the second take is to be another one")
    assert len(read_scores([file], dataset).probabilities) == 2


def test_pooled_folds_are_taken_and_several_answers_to_one_sequence_averaged(dataset, home):
    file, _ = write_scores(dataset, home, split=None, pooled=True, onnx="d" * 64)
    found = read_scores([file], dataset).probabilities["seq_0001"][1]
    assert found == pytest.approx((0.928571 + 0.857143) / 2, abs=1e-6)


def test_scores_of_another_dataset_are_refused_with_both_names(dataset, home):
    file, _ = write_scores(dataset, home, name="others")
    with pytest.raises(InvalidInput, match="found scores of the dataset others, expected of people"):
        read_scores([file], dataset)


def test_the_majority_arm_says_nothing_about_single_labels(dataset, home):
    with pytest.raises(InvalidInput, match="majority"):
        read_scores([write_scores(dataset, home, arm="majority")[0]], dataset)


def test_predictions_that_no_results_vouch_for_are_refused(dataset, home):
    _, predictions = write_scores(dataset, home)
    predictions.write_text(predictions.read_text() + "\n")
    with pytest.raises(InvalidInput, match="found no results document beside it"):
        read_scores([predictions], dataset)


def test_a_suspicion_list_of_another_dataset_is_refused(dataset, home):
    text = (SCHEMAS / "suspicion" / "two_sequences.json").read_text(encoding="utf-8")
    path = home / "suspicion.json"
    path.write_text(text.replace('"people"', '"others"'), encoding="utf-8")
    with pytest.raises(InvalidInput, match="found scores of the dataset others, expected of people"):
        read_suspicion(path, dataset)
    assert open_dataset(dataset.folder).name == "people"
