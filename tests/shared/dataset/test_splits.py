import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared import contracts
from shared.dataset import splits
from shared.dataset.reader import Dataset, format_labels, open_dataset
from shared.dataset.splits import write_sides
from shared.errors import InvalidInput


@pytest.fixture
def people(tmp_path: Path, make_dataset: Callable[..., Dataset]) -> Dataset:
    return make_dataset(tmp_path / "people", subjects=7)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(3, (1, 1, 1)), (4, (2, 1, 1)), (6, (3, 1, 2)), (7, (4, 1, 2)), (10, (5, 2, 3)), (40, (24, 6, 10))],
)
def test_each_side_gets_people_and_the_test_side_is_rounded_up(n: int, expected: tuple[int, int, int]) -> None:
    assert tuple(splits.part_sizes(n).values()) == expected


def test_two_people_are_too_few() -> None:
    with pytest.raises(InvalidInput, match="found 2 people, expected at least 3"):
        splits.part_sizes(2)


def test_nobody_is_on_two_sides_and_nobody_is_lost(people: Dataset) -> None:
    for seed in range(20):
        sides = splits.make_split(people, seed)["sides"]
        everyone = [subject for side in sides.values() for subject in side["subjects"]]
        assert sorted(everyone) == people.subjects()
        sequences = [sequence for side in sides.values() for sequence in side["sequences"]]
        assert sorted(sequences) == sorted(row.sequence_id for row in people.rows)
        assert all(set(side["by_label"]) == {"non_smile", "smile"} for side in sides.values())


def test_the_seed_decides_and_decides_alike(people: Dataset) -> None:
    test_sides = {seed: splits.make_split(people, seed)["sides"]["test"]["subjects"] for seed in range(8)}
    assert test_sides == {seed: splits.make_split(people, seed)["sides"]["test"]["subjects"] for seed in range(8)}
    assert len({tuple(side) for side in test_sides.values()}) > 1


def test_a_split_is_frozen_and_stays_as_it_is(people: Dataset, tmp_path: Path) -> None:
    file = splits.freeze_split(people, 0, tmp_path / "splits")
    before = file.read_bytes()
    assert splits.freeze_split(people, 0, tmp_path / "splits") == file
    assert file.read_bytes() == before


def test_a_corrected_label_leaves_everybody_on_their_side(people: Dataset, tmp_path: Path) -> None:
    before = splits.make_split(people, 0)["sides"]["test"]["subjects"]
    rows = list(people.rows)
    text = format_labels(rows).decode().replace(",non_smile,", ",smile,", 1)
    (people.folder / "labels.csv").write_text(text)
    edited = open_dataset(people.folder)
    assert edited.labels_were_edited
    assert splits.make_split(edited, 0)["sides"]["test"]["subjects"] == before


def test_a_split_of_another_state_of_the_dataset_is_refused_with_both_hashes(people: Dataset, tmp_path: Path) -> None:
    file = splits.freeze_split(people, 0, tmp_path / "splits")
    text = format_labels(people.rows).decode().replace(",non_smile,", ",smile,", 1)
    (people.folder / "labels.csv").write_text(text)
    edited = open_dataset(people.folder)
    with pytest.raises(InvalidInput, match=f"{people.labels_sha256[:12]}.*{edited.labels_sha256[:12]}"):
        splits.read_split(file, edited)


def test_a_split_that_somebody_made_leak_is_refused(people: Dataset, tmp_path: Path) -> None:
    file = splits.freeze_split(people, 0, tmp_path / "splits")
    split = json.loads(file.read_text())
    moved = split["sides"]["train"]["sequences"][0]
    split["sides"]["test"]["sequences"].append(moved)
    contracts.write_document(file, split, "split")
    with pytest.raises(InvalidInput, match="who is also in train"):
        splits.read_split(file, people)


def test_people_can_be_chosen_to_be_tested_and_the_others_are_divided(people: Dataset, tmp_path: Path) -> None:
    everybody = people.subjects()
    sides = splits.make_split(people, 0, everybody[:2])["sides"]
    assert sides["test"]["subjects"] == everybody[:2]
    others = sides["train"]["subjects"] + sides["validation"]["subjects"]
    assert sorted(others) == everybody[2:]
    assert sides["validation"]["subjects"]
    file = splits.freeze_split(people, 0, tmp_path, everybody[:2])
    assert file != splits.freeze_split(people, 0, tmp_path)
    assert file == splits.freeze_split(people, 0, tmp_path, everybody[1::-1])


def test_nobody_is_tested_where_another_dataset_is_the_test(people: Dataset, tmp_path: Path) -> None:
    file = splits.freeze_split(people, 0, tmp_path, ())
    split = splits.read_split(file, people)
    assert split["sides"]["test"] == {"subjects": [], "sequences": [], "by_label": {}}
    assert not [text for text in splits.list_warnings(people, [split]) if "test" in text]
    with pytest.raises(InvalidInput, match="no sequence in the part 'test'"):
        splits.rows_of(people, split, "test")


def test_a_stranger_cannot_be_chosen(people: Dataset) -> None:
    with pytest.raises(InvalidInput, match="nobody-knows among those to be tested, expected people of"):
        splits.make_split(people, 0, ["nobody-knows"])


def test_whom_the_source_keeps_for_testing_nobody_trains_on(people: Dataset) -> None:
    everybody = people.subjects()
    write_sides(people.folder, "the source says so", everybody[1:], everybody[:1])
    with pytest.raises(InvalidInput, match=f"{everybody[0]} not among those to be tested"):
        splits.make_split(people, 0, ())
    assert splits.make_split(people, 0, everybody[:2])["sides"]["test"]["subjects"] == everybody[:2]


def test_a_class_that_nobody_shows_is_warned_of(people: Dataset) -> None:
    smiles = replace(people, rows=tuple(row for row in people.rows if row.label == "smile"))
    warnings = splits.list_warnings(smiles, [splits.make_split(smiles, 0)])
    assert sum("no non_smile" in text for text in warnings) == 3
