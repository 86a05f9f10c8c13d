import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import contracts
from shared.dataset import splits
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from tools.splitter import cli
from tools.splitter.folds import _stratify, freeze_folds, make_folds, make_leave_one_out

MakeRows = Callable[[Mapping[str, tuple[int, int]]], Dataset]
SEVEN = {f"s{number:02d}": (2, 2) for number in range(1, 8)}


def people_of(split: dict[str, Any], side: str) -> list[str]:
    return list(split["sides"][side]["subjects"])


def test_everybody_is_tested_once_a_seed_and_is_on_one_side_of_each_fold(make_rows: MakeRows) -> None:
    dataset = make_rows(SEVEN)
    for seed in range(4):
        folds = make_folds(dataset, 5, seed)
        assert sorted(s for fold in folds for s in people_of(fold, "test")) == dataset.subjects()
        assert [fold["fold"] for fold in folds] == [{"number": n, "of": 5} for n in range(1, 6)]
        for fold in folds:
            contracts.validate(fold, "split", "fold")
            everyone = [s for side in splits.PARTS for s in people_of(fold, side)]
            assert sorted(everyone) == dataset.subjects()
            assert all(people_of(fold, side) for side in splits.PARTS)
            sequences = [name for side in splits.PARTS for name in fold["sides"][side]["sequences"]]
            assert sorted(sequences) == [row.sequence_id for row in dataset.rows]


def test_people_whom_the_source_keeps_for_testing_are_not_tested_by_turns(make_rows: MakeRows, tmp_path: Path) -> None:
    dataset = dataclasses.replace(make_rows(SEVEN), folder=tmp_path)
    splits.write_sides(dataset.folder, "archives", ["s01", "s02", "s03", "s04", "s05"], ["s06", "s07"])
    for divide in (lambda: make_folds(dataset, 5, 0), lambda: make_leave_one_out(dataset, 0)):
        with pytest.raises(InvalidInput, match="omit --folds"):
            divide()


def test_seven_people_in_five_folds_make_two_folds_of_two_and_three_of_one(make_rows: MakeRows) -> None:
    assert sorted(len(people_of(fold, "test")) for fold in make_folds(make_rows(SEVEN), 5, 0)) == [1, 1, 1, 2, 2]


def test_seeds_draw_other_folds_and_a_seed_always_the_same(make_rows: MakeRows) -> None:
    dataset = make_rows(SEVEN)
    drawn = [[people_of(fold, "test") for fold in make_folds(dataset, 3, seed)] for seed in range(5)]
    assert drawn == [[people_of(fold, "test") for fold in make_folds(dataset, 3, seed)] for seed in range(5)]
    assert len({json.dumps(folds) for folds in drawn}) > 1
    choosers = {tuple(people_of(fold, "validation")) for fold in make_leave_one_out(dataset, 0)}
    assert choosers != {tuple(people_of(fold, "validation")) for fold in make_leave_one_out(dataset, 1)}


def test_people_with_one_label_each_are_spread_so_that_every_fold_tests_both(make_rows: MakeRows) -> None:
    # 4 people who only smile and 4 who never do: by chance alone a fold of two has both in 4 of 7 cases.
    dataset = make_rows({f"s{n:02d}": (3, 0) if n <= 4 else (0, 3) for n in range(1, 9)})
    for seed in range(10):
        folds = make_folds(dataset, 4, seed)
        assert [fold["sides"]["test"]["by_label"] for fold in folds] == [{"non_smile": 3, "smile": 3}] * 4
        assert all(set(fold["sides"][side]["by_label"]) >= {"smile"} for fold in folds for side in ("train",))


def test_a_label_that_fewer_sequences_than_folds_have_is_no_obstacle(make_rows: MakeRows) -> None:
    folds = make_folds(make_rows({f"s{n:02d}": (1, 0) if n < 5 else (0, 1) for n in range(1, 6)}), 5, 0)
    assert sorted(s for fold in folds for s in people_of(fold, "test")) == ["s01", "s02", "s03", "s04", "s05"]


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(any), min_size=3, max_size=14),
    data=st.data(),
)
def test_no_fold_is_empty_however_unequal_the_people_are(counts: list[tuple[int, int]], data: st.DataObject) -> None:
    from shared.dataset.reader import SequenceRow

    n_folds = data.draw(st.integers(2, len(counts)))
    names = [f"s{number:02d}" for number in range(len(counts))]
    fields: dict[str, Any] = {
        "take_id": "take_0001",
        "emotion": None,
        "frame_count": 1,
        "frame_interval_ms": 100.0,
        "start_ms": 0.0,
        "frame_times_ms": (0.0,),
        "source": "photo",
        "reviewed": False,
        "sha256": "0" * 64,
    }
    rows = tuple(
        SequenceRow(sequence_id="seq_0001", subject_id=name, label=label, **fields)
        for name, (n_smile, n_other) in zip(names, counts, strict=True)
        for label in ["smile"] * n_smile + ["non_smile"] * n_other
    )
    order = [names[index] for index in np.random.default_rng(0).permutation(len(names))]
    alone = {name: [name] for name in names}
    parts = _stratify(Dataset(Path("x"), {"name": "x", "kind": "real"}, rows, "a" * 64), alone, order, n_folds)
    assert len(parts) == n_folds
    assert all(parts)
    assert Counter(s for part in parts for s in part) == Counter(names)


def test_leaving_one_out_tests_each_person_alone(make_rows: MakeRows) -> None:
    folds = make_leave_one_out(make_rows(SEVEN), 0)
    assert [people_of(fold, "test") for fold in folds] == [[subject] for subject in SEVEN]
    assert {fold["method"] for fold in folds} == {"leave_one_subject_out"}
    assert [fold["split_id"] for fold in folds][1] == "people-aaaaaaaa-seed0-person2of7"


@pytest.mark.parametrize(
    ("n_people", "n_folds", "message"),
    [
        (2, 5, "found 2 people, expected at least 5 for 5 folds"),
        (4, 5, "found 4 people, expected at least 5 for 5 folds"),
        (3, 2, "found 3 people, expected at least 4 for 2 folds"),
        (1, 3, "found 1 person, expected at least 3 for 3 folds"),
    ],
)
def test_too_few_people_are_refused_with_both_numbers(
    n_people: int, n_folds: int, message: str, make_rows: MakeRows
) -> None:
    dataset = make_rows(dict(list(SEVEN.items())[:n_people]))
    with pytest.raises(InvalidInput, match=message):
        make_folds(dataset, n_folds, 0)


def test_two_people_cannot_be_left_out_one_by_one(make_rows: MakeRows) -> None:
    with pytest.raises(InvalidInput, match="found 2 people, expected at least 3 for leaving one person out"):
        make_leave_one_out(make_rows({"s01": (2, 2), "s02": (2, 2)}), 0)


def test_people_so_unequal_that_a_fold_leaves_nobody_to_train_on_are_refused(make_rows: MakeRows) -> None:
    many, few = (53, 32), [(1, 0), (0, 1), (1, 0), (0, 1), (1, 1), (1, 0)]
    dataset = make_rows({f"s{number:02d}": counts for number, counts in enumerate([many, *few], start=1)})
    with pytest.raises(InvalidInput, match=r"found 6 of 7 people .* expected people who can be divided into 2 folds"):
        make_folds(dataset, 2, 0)


def test_folds_are_frozen_and_a_foreign_file_among_them_is_noticed(
    tmp_path: Path, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=4)
    folds = make_folds(dataset, 4, 0)
    files = freeze_folds(folds, tmp_path / "splits", dataset)
    before = [file.read_bytes() for file in files]
    assert freeze_folds(make_folds(dataset, 4, 0), tmp_path / "splits", dataset) == files
    assert [file.read_bytes() for file in files] == before
    files[0].write_bytes(files[1].read_bytes())
    with pytest.raises(InvalidInput, match=r"tested (0|2) times, expected everybody tested once"):
        freeze_folds(folds, tmp_path / "splits", dataset)


@pytest.fixture
def make_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_dataset: Callable[..., Dataset]
) -> Callable[[int], Dataset]:
    """``make_people(7)``: the dataset people, of seven, in a home of the test's own."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return lambda subjects: make_dataset(tmp_path / "datasets" / "people", subjects=subjects)


def test_the_command_writes_a_file_a_fold_and_warns_of_single_people(
    make_people: Callable[[int], Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_people(4)
    assert cli.main(["--dataset", "people", "--folds", "2", "--seeds", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    sha = dataset.labels_sha256[:8]
    names = [f"people-{sha}-seed{seed}-fold{fold}of2.json" for seed in (0, 1) for fold in (1, 2)]
    assert [Path(file).name for file in answer["files"]] == names
    assert [split["split_id"] + ".json" for split in answer["splits"]] == names
    (warning,) = answer["warnings"]
    assert warning.startswith("a single person chooses the threshold")
    assert "in 4 of 4 splits" in warning
    assert err == f"warning: {warning}\n"
    assert cli.main(["--dataset", "people", "--leave-one-out"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 5
    assert "a single person is tested" in err


def test_the_single_split_is_the_same_as_ever_and_carries_its_warnings(
    make_people: Callable[[int], Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = make_people(7)
    assert cli.main(["--dataset", "people", "--json", "--quiet"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert Path(answer["file"]).name == f"people-{dataset.labels_sha256[:8]}-seed0.json"
    assert "fold" not in answer["split"]
    # The people of seed 0 as the first version drew them: permutation(7) of numpy's default_rng(0).
    order = [f"s{index + 1:02d}" for index in np.random.default_rng(0).permutation(7)]
    assert people_of(answer["split"], "train") == sorted(order[:4])
    assert people_of(answer["split"], "validation") == order[4:5]
    assert people_of(answer["split"], "test") == sorted(order[5:])
    assert len(answer["warnings"]) == 1


@pytest.mark.parametrize(
    "words",
    [["--folds", "1"], ["--folds", "0"], ["--seeds", "2"], ["--folds", "3", "--leave-one-out"], ["--seed", "-1"]],
)
def test_flags_that_cannot_be_meant_are_wrong_usage(words: list[str]) -> None:
    try:
        code = cli.main(["--dataset", "people", *words])
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2


def test_a_person_who_may_stand_as_two_is_not_split(
    make_people: Callable[..., Dataset], capsys: pytest.CaptureFixture[str]
) -> None:
    """One person under H02 and h02 was in training and in the test."""
    people = make_people(6)
    labels = people.folder / "labels.csv"
    labels.write_text(labels.read_text(encoding="utf-8").replace(",s01,", ",S02,"), encoding="utf-8")
    assert cli.main(["--dataset", "people", "--allow-no-consent"]) == 1
    err = capsys.readouterr().err
    assert "S02: found a subject called s02, too: one person is written in one way" in err
