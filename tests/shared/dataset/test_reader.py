"""Tables that people have edited, and pictures that are not there."""

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared.dataset import reader
from shared.dataset.check import check_dataset
from shared.dataset.protocol import parse_protocol, read_protocol
from shared.dataset.reader import COLUMNS, Dataset, SequenceRow, open_dataset, parse_labels
from shared.errors import InvalidInput

CLASSES = ["non_smile", "smile"]
ROW = {
    "sequence_id": "seq_0001",
    "subject_id": "s01",
    "take_id": "take_0001",
    "label": "smile",
    "emotion": "",
    "frame_count": "2",
    "frame_interval_ms": "100",
    "start_ms": "1050.0",
    "frame_times_ms": "1050.0 1150.0",
    "source": "film",
    "reviewed": "false",
    "sha256": "a" * 64,
}


def table(*changes: dict[str, str], header: tuple[str, ...] = COLUMNS) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, extrasaction="ignore")
    writer.writeheader()
    writer.writerows({**ROW, **change} for change in changes)
    return out.getvalue().encode("utf-8")


def parse(data: bytes) -> list[SequenceRow]:
    return parse_labels(data, "labels.csv", CLASSES)


def test_a_row_is_read_with_its_types() -> None:
    (row,) = parse(table({}))
    assert row == SequenceRow(
        "seq_0001", "s01", "take_0001", "smile", None, 2, 100.0, 1050.0, (1050.0, 1150.0), "film", False, "a" * 64
    )
    assert row.frame_names() == ["images/seq_0001_frame_0.jpg", "images/seq_0001_frame_1.jpg"]


def test_what_is_written_is_read_back_the_same() -> None:
    rows = parse(table({}, {"sequence_id": "seq_0002", "emotion": "happy", "reviewed": "true"}))
    assert parse(reader.format_labels(rows)) == rows


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\r\n", b"\n"),
        lambda data: data.rstrip(),
        lambda data: data.replace(b"false", b"FALSE"),
        lambda data: data.replace(b"seq_0001", b'"seq_0001"'),
    ],
    ids=["byte order mark", "unix line ends", "no last line end", "capitals of a spreadsheet", "quotes"],
)
def test_what_spreadsheets_do_to_a_table_does_no_harm(spoil: Callable[[bytes], bytes]) -> None:
    assert [row.sequence_id for row in parse(spoil(table({})))] == ["seq_0001"]


def test_a_table_of_no_rows_is_an_empty_list() -> None:
    assert parse(table()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "grin"}, r"row 2 \(seq_0001\): found the label 'grin', expected one of non_smile, smile"),
        ({"label": ""}, "row 2: label"),
        ({"sequence_id": "../../etc/passwd"}, "row 2: sequence_id"),
        ({"sequence_id": "/etc/passwd"}, "row 2: sequence_id"),
        ({"sequence_id": "seq_0001\n"}, "row 2: sequence_id"),
        ({"subject_id": "../s01"}, "row 2: subject_id"),
        ({"take_id": "take_0001/.."}, "row 2: take_id"),
        ({"emotion": "bored"}, "row 2: emotion"),
        ({"frame_count": "5"}, "found 2 frame_times_ms, expected 5"),
        ({"frame_count": "two"}, "numbers in the columns of numbers"),
        ({"frame_count": "0", "frame_times_ms": ""}, "row 2"),
        ({"frame_count": "2.5"}, "numbers in the columns of numbers"),
        ({"frame_interval_ms": "-1"}, "row 2: frame_interval_ms"),
        ({"frame_interval_ms": "nan"}, "row 2"),
        ({"start_ms": "inf"}, "row 2"),
        ({"frame_times_ms": "1050.0 nan"}, "row 2"),
        ({"frame_times_ms": "1050.0;1150.0"}, "numbers in the columns of numbers"),
        ({"reviewed": "maybe"}, "row 2: reviewed"),
        ({"source": "television"}, "row 2: source"),
        ({"sha256": "abc"}, "row 2: sha256"),
    ],
)
def test_a_bad_cell_is_refused_with_its_row_and_column(change: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        parse(table(change))
    assert "\n" not in str(caught.value)


def test_an_id_that_is_there_twice_names_both_rows() -> None:
    with pytest.raises(InvalidInput, match=r"row 4: found seq_0001 a second time \(first in row 2\)"):
        parse(table({}, {"sequence_id": "seq_0002"}, {}))


@pytest.mark.parametrize(
    "header", [COLUMNS[1:], (*COLUMNS, "note"), (COLUMNS[1], COLUMNS[0], *COLUMNS[2:]), tuple(map(str.upper, COLUMNS))]
)
def test_another_header_is_refused_with_the_right_one(header: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"row 1: found .* expected sequence_id,subject_id"):
        parse(table({}, header=header))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "row 1: found nothing"),
        (b"\xff\xfes\x00e\x00", "not UTF-8"),
        (table({}).replace(b",film", b""), "another number of cells"),
        (table({}).replace(b",film", b",film,extra"), "another number of cells"),
        (table({}).replace(b",", b";"), "row 1"),
        (table({}).replace(b"s01", b'"s01'), "row 2"),
        (table({"subject_id": "s" * 200_000}), "row 2"),
    ],
    ids=["empty", "utf-16", "a cell less", "a cell more", "semicolons", "open quote", "endless cell"],
)
def test_a_broken_table_is_refused_in_one_line(data: bytes, message: str) -> None:
    # The endless cell once ended in a bare error of the csv module.
    with pytest.raises(InvalidInput, match=message) as caught:
        parse(data)
    assert len(str(caught.value)) < 500


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset], tmp_path: Path) -> Dataset:
    document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    return make_dataset(tmp_path / "people", subjects=2, protocol=parse_protocol(document, "small"))


PICTURE = "images/seq_0002_frame_1.jpg"


def test_a_missing_picture_is_named_with_its_row(dataset: Dataset) -> None:
    (dataset.folder / PICTURE).unlink()
    with pytest.raises(InvalidInput, match=rf"row 3 \(seq_0002\): found no {PICTURE}.*remove its sequence's row"):
        open_dataset(dataset.folder)
    assert "seq_0002" in str(check_dataset(dataset.folder)[0])


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(100)])
def test_a_broken_picture_is_named_when_it_is_read(dataset: Dataset, data: bytes) -> None:
    (dataset.folder / PICTURE).write_bytes(data)
    with pytest.raises(InvalidInput, match=f"{PICTURE}.*no picture"):
        dataset.load_frames(dataset.rows[1])
    problems = [str(problem) for problem in check_dataset(dataset.folder) if problem.is_error]
    assert len(problems) == 1
    assert PICTURE in problems[0]


def test_a_picture_of_another_size_is_named(dataset: Dataset) -> None:
    cv2.imwrite(str(dataset.folder / PICTURE), np.zeros((40, 30, 3), np.uint8))
    with pytest.raises(InvalidInput, match="found 30x40 pixels, expected 32x32"):
        dataset.load_frames(dataset.rows[1])


def test_a_picture_exchanged_for_another_is_found_by_its_hash(dataset: Dataset) -> None:
    (dataset.folder / PICTURE).write_bytes((dataset.folder / "images/seq_0001_frame_0.jpg").read_bytes())
    assert [str(problem) for problem in check_dataset(dataset.folder)] == [
        "error: labels.csv row 3 (seq_0002): its pictures are not those that were recorded (sha256 differs)"
    ]


def test_a_picture_that_no_row_lists_is_a_note_and_no_error(dataset: Dataset) -> None:
    (dataset.folder / "images" / "holiday.jpg").write_bytes(b"x")
    (problem,) = check_dataset(dataset.folder)
    assert not problem.is_error
    assert "holiday.jpg" in str(problem)


def test_a_table_edited_by_hand_is_noticed_and_usable(dataset: Dataset) -> None:
    labels = dataset.folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("false", "true", 1), encoding="utf-8")
    edited = open_dataset(dataset.folder)
    assert edited.labels_were_edited
    assert edited.rows[0].reviewed
    assert [problem.is_error for problem in check_dataset(dataset.folder)] == [False]


@pytest.mark.parametrize(
    ("what", "message"),
    [("folder", "no such folder"), ("dataset.json", r"no dataset\.json"), ("labels.csv", "no such file")],
)
def test_what_is_missing_of_a_dataset_is_said(dataset: Dataset, what: str, message: str) -> None:
    if what == "folder":
        folder = dataset.folder.with_name("nobody")
    else:
        folder = dataset.folder
        (folder / what).unlink()
    with pytest.raises(InvalidInput, match=message):
        open_dataset(folder)


def test_a_take_that_was_relabelled_to_another_person_is_an_error(dataset: Dataset) -> None:
    labels = dataset.folder / "labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("s02,take_0002", "s01,take_0002"), encoding="utf-8")
    assert "takes/take_0002.json: labels.csv says s01, the take's record s02" in str(check_dataset(dataset.folder)[0])


def test_rows_are_selected_in_the_order_of_the_table_and_strangers_refused(dataset: Dataset) -> None:
    assert [row.sequence_id for row in dataset.select(["seq_0003", "seq_0001"])] == ["seq_0001", "seq_0003"]
    with pytest.raises(InvalidInput, match="no row for seq_0099"):
        dataset.select(["seq_0001", "seq_0099"])


def test_the_hash_of_sequences_tells_labels_and_people_apart_but_not_order() -> None:
    one, two = parse(table({}, {"sequence_id": "seq_0002", "subject_id": "s02"}))
    (other_label,) = parse(table({"label": "non_smile"}))
    (reviewed,) = parse(table({"reviewed": "true"}))
    assert reader.hash_sequences([one, two]) == reader.hash_sequences([two, one])
    assert reader.hash_sequences([one]) != reader.hash_sequences([other_label])
    assert reader.hash_sequences([one]) == reader.hash_sequences([reviewed])


def test_the_hash_of_pictures_is_that_of_their_bytes_in_order() -> None:
    assert reader.hash_pictures([b"a", b"bc"]) == hashlib.sha256(b"abc").hexdigest()
