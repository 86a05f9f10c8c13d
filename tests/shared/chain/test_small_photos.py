"""Few photos: folds and seeds are the default, since one split tests so few of them."""

import json
from pathlib import Path

import pytest

from shared.chain import commands
from shared.errors import WrongUsage


def _dataset(folder: Path, n: int, frames: int = 1) -> Path:
    folder.mkdir()
    (folder / "labels.csv").write_text("sequence_id,frame_count\n" + f"a,{frames}\n" * n)
    (folder / "dataset.json").write_text(json.dumps({"counts": {"sequences": n}, "protocol": {}}))
    return folder


@pytest.mark.parametrize(
    ("n", "frames", "flags", "expected"),
    [
        (500, 1, [], (5, 3)),
        (501, 1, [], (0, 1)),
        (40, 5, [], (0, 1)),
        (40, 1, ["--folds", "0"], (0, 1)),
        (40, 1, ["--folds", "4"], (4, 1)),
        (40, 1, ["--seeds", "2"], (5, 2)),
        (40, 1, ["--test", "s01"], (0, 1)),
    ],
)
def test_ab_on_few_photos_takes_folds_unless_told_otherwise(
    tmp_path: Path, n: int, frames: int, flags: list[str], expected: tuple[int, int]
) -> None:
    given = commands.ab_parser().parse_args(["--dataset", "photos", *flags])
    commands.choose_folds(given, _dataset(tmp_path / "photos", n, frames))
    assert (given.folds, given.seeds) == expected


def test_a_source_that_names_the_test_people_keeps_its_one_split(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path / "photos", 40)
    (dataset / "sides.json").write_text("{}")
    given = commands.ab_parser().parse_args(["--dataset", "photos"])
    commands.choose_folds(given, dataset)
    assert given.folds == 0


@pytest.mark.parametrize(("n", "frames", "expected"), [(40, 1, (5, 3)), (900, 1, (5, 1)), (40, 5, (5, 1))])
def test_approaches_are_compared_on_folds_and_few_photos_with_three_seeds(
    tmp_path: Path, n: int, frames: int, expected: tuple[int, int]
) -> None:
    given = commands.approaches_parser().parse_args(["--dataset", "photos"])
    dataset = _dataset(tmp_path / "photos", n, frames)
    commands.choose_folds(given, dataset)
    assert (given.folds, given.seeds) == expected
    assert ({"photo", "photo_logistic"} <= set(commands.approaches_of(given, dataset))) == (frames == 1)


def test_a_photo_classifier_is_never_compared_without_its_regression(tmp_path: Path) -> None:
    given = commands.approaches_parser().parse_args(["--dataset", "photos", "--approaches", "photo"])
    assert commands.approaches_of(given, _dataset(tmp_path / "photos", 40)) == ("photo", "photo_logistic", "majority")


def test_seeds_without_folds_are_refused_where_folds_are_not_the_default(tmp_path: Path) -> None:
    given = commands.ab_parser().parse_args(["--dataset", "people", "--seeds", "2"])
    with pytest.raises(WrongUsage, match="--seeds"):
        commands.choose_folds(given, _dataset(tmp_path / "people", 40, frames=5))
