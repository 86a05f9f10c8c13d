import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import contracts
from shared.dataset import reader
from shared.errors import InvalidInput
from tools.reporter.ab.strips import FRAME_PX


@pytest.fixture
def measured_dataset(tmp_path: Path, make_results: Any, make_dataset: Any) -> tuple[reader.Dataset, Path, Path]:
    """A dataset of three people with two results on it; every answer differs between the two."""
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    same = {"sequences_sha256": reader.hash_sequences(dataset.rows), "dataset": dataset.reference()}
    rows = [(row.sequence_id, row.subject_id, row.label, 0.4) for row in dataset.rows]
    return dataset, make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)


def test_changed_sequences_are_shown_with_their_pictures(
    report: Any, tmp_path: Path, measured_dataset: tuple[reader.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    result, page = report(tmp_path, old, new, dataset=dataset.folder)
    strips = [link for link in page.links if link.startswith("data:image/jpeg")]
    assert len(strips) == len(dataset.rows) == len(result.comparison["flips"])
    assert "Became wrong (6)" in page.text
    assert "Became right (6)" in page.text
    assert "old: 0.4000 > 0.3000 new: 0.4000 ≤ 0.5000" in page.text
    assert "This page holds pictures of people." in page.text
    labels = [entry for entry in result.comparison["provenance"] if entry["what"] == "dataset people"]
    assert labels[0]["sha256"] == contracts.sha256_file(dataset.folder / "labels.csv")


def test_a_strip_holds_the_frames_in_order(
    report: Any, tmp_path: Path, measured_dataset: tuple[reader.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    strip = next(link for link in page.links if link.startswith("data:image/jpeg"))
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(strip.partition(",")[2]), np.uint8), cv2.IMREAD_COLOR_RGB)
    first = next(row for row in dataset.rows if row.label == "smile")  # wrong ones come first: smiles that are lost
    frames = dataset.load_frames(first)
    assert shown.shape == (FRAME_PX, FRAME_PX * len(frames), 3)
    for index, frame in enumerate(frames):
        small = cv2.resize(frame, (FRAME_PX, FRAME_PX), interpolation=cv2.INTER_AREA).astype(int)
        part = shown[:, index * FRAME_PX : (index + 1) * FRAME_PX].astype(int)
        assert np.abs(part - small).mean() < 4


def test_no_faces_leaves_every_picture_of_a_person_out(
    report: Any, tmp_path: Path, measured_dataset: tuple[reader.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    _, page = report(tmp_path, old, new, dataset=dataset.folder, with_faces=False)
    assert not [link for link in page.links if link.startswith("data:image/jpeg")]
    assert "Pictures were left out on request (--no-faces)." in page.text
    assert "This page holds pictures of people." not in page.text


def test_a_dataset_whose_labels_changed_since_is_refused_and_nothing_is_written(
    report: Any, tmp_path: Path, measured_dataset: tuple[reader.Dataset, Path, Path]
) -> None:
    dataset, old, new = measured_dataset
    labels = dataset.folder / "labels.csv"
    labels.write_text(labels.read_text().replace(",non_smile,", ",smile,", 1))
    with pytest.raises(InvalidInput, match=r"other pictures or labels .*sha256 [0-9a-f]{64}.*[0-9a-f]{64}"):
        report(tmp_path, old, new, dataset=dataset.folder)
    assert not (tmp_path / "report").exists()


def test_false_alarms_are_given_a_minute_where_the_length_of_a_clip_is_known(
    report: Any, tmp_path: Path, make_results: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    same = {"sequences_sha256": reader.hash_sequences(dataset.rows), "dataset": dataset.reference()}
    rows = [(row.sequence_id, row.subject_id, row.label, 0.4 + n / 1000) for n, row in enumerate(dataset.rows)]
    old, new = make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    negatives = [row for row in dataset.rows if row.label == "non_smile"]
    minutes = sum(row.frame_count * row.frame_interval_ms for row in negatives) / 60_000
    assert f"{len(negatives) / minutes:.1f} a minute ({len(negatives)} of {len(negatives)})" in page.text
    assert "assume that the game asks the model once for each clip of 0.5 s" in page.text
    assert f"{dataset.name}, version" in page.text
    _, page = report(tmp_path, old, new)  # not named, and not where datasets lie
    assert "a minute (" not in page.text
    assert "The dataset as it was measured was not found" in page.text


@pytest.mark.parametrize(
    ("targets", "note"),
    [
        (None, "recall 90 %, precision 85 %, F1 87 %, ROC AUC 0.90, accuracy 85 %"),  # from before there were any
        ({"recall": 0.375, "roc_auc": 1}, "recall 37.5 %, ROC AUC 1.00"),
        ({}, ""),
    ],
)
def test_figures_are_read_against_the_targets_of_the_datasets_own_protocol(
    targets: dict[str, float] | None,
    note: str,
    report: Any,
    tmp_path: Path,
    measured_dataset: tuple[reader.Dataset, Path, Path],
) -> None:
    dataset, old, new = measured_dataset
    manifest = contracts.read_document(dataset.folder / reader.MANIFEST, "dataset")
    manifest["protocol"].pop("targets")
    if targets is not None:
        manifest["protocol"]["targets"] = targets
    contracts.write_document(dataset.folder / reader.MANIFEST, manifest, "dataset")
    _, page = report(tmp_path, old, new, dataset=dataset.folder, with_faces=False)
    assert (f"Targets are the team's plan: {note}. " in page.text) == bool(note)
    assert ("Measured values that reach their target" in page.text) == bool(note)
    if targets:
        assert "old 1 of 2 (recall); new 0 of 2." in page.text  # every score is 0.4: all called a smile at 0.3


def test_pooled_seeds_show_their_spread_and_the_pictures_of_their_sequences(
    report: Any, tmp_path: Path, make_results: Any, make_dataset: Any
) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=3, kind="real")
    rows = [
        (row.sequence_id + seed, row.subject_id, row.label, 0.4 + number / 1000)
        for seed in ("", "@2")
        for number, row in enumerate(dataset.rows)
    ]
    run = {"file": "r.json", "sha256": "1" * 64, "split": None, "threshold": 0.5}
    metrics = ("accuracy", "recall", "precision", "f1", "roc_auc")
    pooled = {
        "runs": [run | dict.fromkeys(metrics, 0.5)],
        "spread": {key: {"mean": 0.61, "sd": 0.043, "n_runs": 6} for key in metrics},
    }
    same = {"dataset": dataset.reference(), "pooled": pooled, "split": None, "sequences_sha256": "9" * 64}
    old, new = make_results(tmp_path, "old", rows, 0.3, **same), make_results(tmp_path, "new", rows, 0.5, **same)
    _, page = report(tmp_path, old, new, dataset=dataset.folder)
    assert len([link for link in page.links if link.startswith("data:image/jpeg")]) == len(rows)
    assert "mean 61.0 % ± 4.3 % over 6 folds and seeds" in page.text
    labels = dataset.folder / "labels.csv"
    labels.write_text(labels.read_text().replace(",non_smile,", ",smile,", 1))
    with pytest.raises(InvalidInput, match="other pictures or labels"):
        report(tmp_path, old, new, dataset=dataset.folder)
