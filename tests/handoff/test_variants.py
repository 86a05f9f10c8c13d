"""Which pictures the smaller encoders are calibrated and judged on."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset.reader import Dataset
from shared.dataset.splits import freeze_split, read_split, rows_of
from shared.errors import InvalidInput
from tools.handoff.graphs.variants import draw_pictures, read_pictures
from tools.handoff.source import Source, read_source


@pytest.fixture
def own(
    untrained: Path, make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Source, Dataset]:
    """Give a model that says it was trained on a small dataset, and that dataset."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    dataset = make_dataset(tmp_path / "datasets" / "people", subjects=4)
    split = freeze_split(dataset, 0)
    source = read_source(untrained / "smile_detector.onnx")
    card = copy.deepcopy(source.card)
    card["dataset"] = {"name": "people", "kind": "synthetic", "sha256": dataset.labels_sha256}
    card["split"] = {"file": split.name, "sha256": contracts.sha256_file(split)}
    return Source(source.graph, card, source.weights, ""), dataset


def test_training_people_calibrate_and_validation_people_judge(own: tuple[Source, Dataset], tmp_path: Path) -> None:
    source, dataset = own
    pictures = read_pictures(source, tmp_path / "datasets" / "people")
    split = read_split(tmp_path / "artifacts" / "splits" / source.card["split"]["file"], dataset)
    training, validation = (rows_of(dataset, split, side) for side in ("train", "validation"))
    assert pictures.windows.shape == (len(validation), 5, 3, 224, 224)
    assert pictures.calibration.shape == (5 * len(training), 3, 224, 224)
    first = dataset.load_frames(validation[0])[0, ..., 0]
    assert (pictures.windows[0, 0, 0] * 255).round().astype("uint8").tolist() == first.tolist()
    assert not pictures.are_drawn
    assert "validation people" in pictures.what


def test_another_dataset_is_refused(
    own: tuple[Source, Dataset], make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    make_dataset(tmp_path / "datasets" / "others", subjects=3)
    with pytest.raises(InvalidInput, match="people as the model was trained on it"):
        read_pictures(own[0], tmp_path / "datasets" / "others")


def test_a_changed_or_missing_split_is_refused(own: tuple[Source, Dataset], tmp_path: Path) -> None:
    source, _ = own
    file = tmp_path / "artifacts" / "splits" / source.card["split"]["file"]
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(InvalidInput, match="another split"):
        read_pictures(source, tmp_path / "datasets" / "people")
    file.unlink()
    with pytest.raises(InvalidInput, match="No such file"):
        read_pictures(source, tmp_path / "datasets" / "people")


def test_drawings_judge_where_there_is_no_dataset(own: tuple[Source, Dataset]) -> None:
    pictures = draw_pictures(own[0])
    assert pictures.are_drawn
    assert pictures.windows.shape == (40, 5, 3, 224, 224)
    assert 0 <= pictures.windows.min() < pictures.windows.max() <= 1
