"""Takes that leave a dataset and come back: under their own ids, whole, also after a crash (see killed_writer.py)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.dataset import removed_takes
from shared.dataset.check import check_dataset
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import Dataset, open_dataset
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput

MakeDataset = Callable[..., Dataset]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def open_writer(folder: Path) -> DatasetWriter:
    return DatasetWriter(folder, read_protocol(), "synthetic")


def test_a_take_that_comes_back_is_the_take_that_went(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=3)
    before = files_of(folder)
    with open_writer(folder) as writer:
        place = writer.withdraw_take("take_0002", "undone")
    assert [row.take_id for row in open_dataset(folder).rows[::4]] == ["take_0001", "take_0003"]
    (removal,) = removed_takes.list_removed(folder)
    assert (removal.take_id, removal.record["subject_id"], removal.record["reason"]) == ("take_0002", "s02", "undone")
    assert removal.place == place
    assert (place / "takes" / "take_0002.mp4").is_file()
    with open_writer(folder) as writer:
        writer.restore_take("take_0002")
    after = files_of(folder)
    for name in ("dataset.json", "README.md"):  # its version and its time have moved on
        before.pop(name), after.pop(name)
    assert after == before
    assert removed_takes.list_removed(folder) == []
    assert check_dataset(folder) == []


def test_ids_of_takes_outside_are_never_given_again(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=2)
    with open_writer(folder) as writer:
        writer.withdraw_take("take_0002")
    make_dataset(folder, subjects=1)
    assert sorted({row.take_id for row in open_dataset(folder).rows}) == ["take_0001", "take_0003"]
    with open_writer(folder) as writer:
        writer.restore_take("take_0002")
        assert [row.sequence_id for row in writer.rows] == [f"seq_{number:04d}" for number in range(1, 13)]
    assert check_dataset(folder) == []


def test_what_is_not_there_cannot_come_back(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=2)
    with open_writer(folder) as writer:
        with pytest.raises(InvalidInput, match="a take that was undone or kept apart; there is none"):
            writer.restore_take("take_0009")
        writer.withdraw_take("take_0001")
        with pytest.raises(InvalidInput, match="one of take_0001"):
            writer.restore_take("take_0002")


def test_the_trash_of_an_earlier_version_can_be_put_back_too(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=2)
    with open_writer(folder) as writer:
        place = writer.withdraw_take("take_0001")
    (place / removed_takes.RECORD).unlink()
    (removal,) = removed_takes.list_removed(folder)
    assert (removal.take_id, removal.record["reason"]) == ("take_0001", "repeated")
    with open_writer(folder) as writer:
        writer.restore_take("take_0001")
    assert check_dataset(folder) == []
    assert not place.exists()


def test_a_dataset_from_before_there_were_limits_goes_on(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1)
    manifest = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    del manifest["protocol"]["quality"]
    (folder / "dataset.json").write_text(json.dumps(manifest), encoding="utf-8")
    make_dataset(folder, subjects=1)
    assert len(open_dataset(folder).rows) == 8
