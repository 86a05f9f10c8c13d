"""Other datasets come in byte for byte, under new ids, with where they came from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import bulk_writer, reader
from shared.dataset.check import check_dataset
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import Dataset

Run = Callable[..., tuple[int, dict[str, Any], str]]


def small(**changes: Any) -> Any:
    document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    return parse_protocol({**document, **changes}, "small")


@pytest.fixture
def two(make_dataset: Callable[..., Dataset], tmp_path: Path) -> tuple[Dataset, Dataset]:
    """Two datasets whose people have the same pseudonyms; their pictures differ."""
    one = make_dataset(tmp_path / "datasets" / "one", subjects=2, protocol=small())
    make_dataset(tmp_path / "datasets" / "other", subjects=1, protocol=small())
    return one, make_dataset(tmp_path / "datasets" / "other", subjects=2, protocol=small())


def test_a_merged_dataset_holds_both_and_is_valid(two: tuple[Dataset, Dataset], run: Run) -> None:
    one, other = two
    new = [row for row in other.rows if row.sha256 not in {row.sha256 for row in one.rows}]
    code, answer, err = run("--dataset", "one", "--merge", "other", "--prefix", "b_")
    assert (code, answer.get("n_added")) == (0, len(new)), err
    merged = reader.open_dataset(one.folder)
    assert merged.rows[: len(one.rows)] == one.rows
    assert {row.subject_id for row in merged.rows} == {"s01", "s02", "b_s01", "b_s02"}
    assert check_dataset(one.folder) == []
    added = merged.rows[len(one.rows) :]
    assert [row.sha256 for row in added] == [row.sha256 for row in new]
    origins = bulk_writer.read_origins(one.folder)
    assert [origins[row.sequence_id].dataset_sequence_id for row in added] == [row.sequence_id for row in new]
    assert len({row.take_id for row in merged.rows}) == len({row.take_id for row in one.rows}) + len(
        {row.take_id for row in new}
    )
    code, answer, _ = run("--dataset", "one", "--merge", "other", "--prefix", "b_")
    assert (code, answer["n_added"]) == (0, 0)


def test_pseudonyms_of_both_are_refused_until_somebody_says_who_they_are(
    two: tuple[Dataset, Dataset], run: Run
) -> None:
    code, _, err = run("--dataset", "one", "--merge", "other")
    assert code == 2
    assert "--same-people" in err
    assert run("--dataset", "one", "--merge", "other", "--same-people")[0] == 0
    assert reader.open_dataset(two[0].folder).subjects() == ["s01", "s02"]


def test_datasets_of_another_sort_are_refused_with_both_values(
    two: tuple[Dataset, Dataset], run: Run, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    make_dataset(tmp_path / "datasets" / "wide", subjects=1, protocol=small(frame_interval_ms=50))
    code, _, err = run("--dataset", "one", "--merge", "wide", "--prefix", "w")
    assert code == 1
    assert "frame_interval_ms = 50" in err
    assert "expected 100" in err
    make_dataset(tmp_path / "datasets" / "people", subjects=1, kind="real", protocol=small())
    assert run("--dataset", "one", "--merge", "people", "--prefix", "w")[0] == 1


def test_a_dataset_is_not_merged_into_itself(two: tuple[Dataset, Dataset], run: Run) -> None:
    assert run("--dataset", "one", "--merge", "one")[0] == 2


def test_photos_stand_beside_films_as_sequences_in_which_nothing_moves(
    two: tuple[Dataset, Dataset], run: Run, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    one, _ = two
    photos = make_dataset(tmp_path / "datasets" / "photos", subjects=3, protocol=small(frame_count=1))
    code, _, err = run("--dataset", "one", "--merge", "photos", "--prefix", "p_")
    assert code == 1
    assert "found frame_count = 1, expected 2" in err
    assert "--still-photos" in err
    code, answer, err = run("--dataset", "one", "--merge", "photos", "--prefix", "p_", "--still-photos")
    assert (code, answer.get("n_added")) == (0, len(photos.rows)), err
    merged = reader.open_dataset(one.folder)
    assert check_dataset(one.folder) == []
    for row, photo in zip(merged.rows[len(one.rows) :], photos.rows, strict=True):
        picture = (photos.folder / photo.frame_names()[0]).read_bytes()
        assert [(one.folder / name).read_bytes() for name in row.frame_names()] == [picture, picture]
        assert row.frame_times_ms == (0.0, 100.0)
        assert row.label == photo.label
    assert run("--dataset", "one", "--merge", "photos", "--prefix", "p_", "--still-photos")[1]["n_added"] == 0


def test_films_do_not_become_photos(
    two: tuple[Dataset, Dataset], run: Run, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    make_dataset(tmp_path / "datasets" / "photos", subjects=3, protocol=small(frame_count=1))
    code, _, err = run("--dataset", "photos", "--merge", "one", "--prefix", "f_", "--still-photos")
    assert code == 1
    assert "found frame_count = 2, expected 1" in err
    assert "--still-photos" not in err
