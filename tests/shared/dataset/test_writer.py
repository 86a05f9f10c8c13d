"""Takes are stored whole or not at all, whatever happens in between."""

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.dataset import reader, writer
from shared.dataset.check import check_dataset
from shared.dataset.protocol import Protocol, parse_protocol, read_protocol
from shared.dataset.reader import Dataset, open_dataset
from shared.dataset.writer import DatasetWriter
from shared.errors import InvalidInput, WrongUsage

MakeDataset = Callable[..., Dataset]


def small(**changes: Any) -> Protocol:
    document = {**read_protocol().document, "image_size_px": 32, "sequences_per_window": 1, "frame_count": 2}
    return parse_protocol({**document, **changes}, "small")


def errors(folder: Path) -> list[str]:
    return [str(problem) for problem in check_dataset(folder) if problem.is_error]


@pytest.mark.parametrize("job", ["create", "add", "withdraw", "restore", "reject"])
def test_a_writer_killed_at_any_step_leaves_a_valid_dataset_and_the_next_one_goes_on(job: str, tmp_path: Path) -> None:
    # Half-written .tmp files of a killed writer once stayed in the dataset for ever.
    script = Path(__file__).with_name("killed_writer.py")
    command = [sys.executable, str(script), str(tmp_path / "trials"), job]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("job", ["add", "withdraw"])
def test_a_disk_that_fills_up_at_any_step_leaves_a_valid_dataset(
    job: str, make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace
    left = [0]

    def refuse(source: Any, target: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        real(source, target)

    step, is_done = 0, False
    while not is_done:
        folder = tmp_path / f"trial_{step}"
        before = {row.sequence_id for row in make_dataset(folder, subjects=1, takes=2, protocol=small()).rows}
        left[0] = step
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", refuse)
            with contextlib.suppress(OSError):
                if job == "add":
                    make_dataset(folder, subjects=1, protocol=small())
                else:
                    with DatasetWriter(folder, small(), "synthetic") as writer:
                        writer.withdraw_take("take_0001")
                is_done = True
        assert errors(folder) == []
        kept = {row.sequence_id for row in open_dataset(folder).rows}
        assert before - kept in ([set(), {"seq_0001", "seq_0002"}] if job == "withdraw" else [set()])
        after = make_dataset(folder, subjects=1, protocol=small())
        assert [str(problem) for problem in check_dataset(folder)] == []
        new = {row.sequence_id for row in after.rows} - kept
        assert len(new) == 2
        assert not new & before
        step += 1
    assert step > 5


def test_a_dataset_says_what_is_in_it(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=3, takes=2, protocol=small())
    assert dataset.manifest["counts"] == {
        "subjects": 3,
        "takes": 6,
        "sequences": 12,
        "by_label": {"non_smile": 6, "smile": 6},
    }
    assert dataset.manifest["next"] == {"take": 7, "sequence": 13}
    assert (dataset.manifest["crop"], dataset.manifest["resize"], dataset.manifest["mirror"]) == (
        "center_square",
        "area",
        False,
    )
    assert check_dataset(tmp_path / "people") == []
    card = (tmp_path / "people" / "README.md").read_text(encoding="utf-8")
    assert "12 sequences of 2 pictures" in card
    assert "Synthetic" in card


def test_ids_are_never_given_twice_even_after_the_last_take_was_withdrawn(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, takes=2, protocol=small())
    with DatasetWriter(folder, small(), "synthetic") as writer:
        place = writer.withdraw_take("take_0002")
    assert [row.sequence_id for row in open_dataset(folder).rows] == ["seq_0001", "seq_0002"]
    after = make_dataset(folder, subjects=1, protocol=small())
    assert [row.sequence_id for row in after.rows] == ["seq_0001", "seq_0002", "seq_0005", "seq_0006"]
    assert after.rows[-1].take_id == "take_0003"
    assert sorted(path.name for path in (place / "images").iterdir()) == [
        f"seq_000{number}_frame_{frame}.jpg" for number in (3, 4) for frame in (0, 1)
    ]
    assert (place / "takes" / "take_0002.mp4").is_file()
    assert "seq_0003" in (place / "labels.csv").read_text(encoding="utf-8")


def test_a_take_that_is_not_there_cannot_be_withdrawn(make_dataset: MakeDataset, tmp_path: Path) -> None:
    make_dataset(tmp_path / "people", subjects=1, protocol=small())
    with (
        DatasetWriter(tmp_path / "people", small(), "synthetic") as writer,
        pytest.raises(InvalidInput, match="no take_0099"),
    ):
        writer.withdraw_take("take_0099")


def test_a_second_writer_is_refused_while_the_first_one_works(
    make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOCK_PATIENCE_S", 0.2)
    make_dataset(tmp_path / "people", subjects=1, protocol=small())
    caught: list[BaseException] = []

    def second() -> None:
        try:
            with DatasetWriter(tmp_path / "people", small(), "synthetic"):
                pass
        except InvalidInput as error:
            caught.append(error)

    with DatasetWriter(tmp_path / "people", small(), "synthetic"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "another recorder at work" in str(caught[0])
    second()
    assert len(caught) == 1


def test_the_lock_of_a_killed_writer_does_not_stay(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, protocol=small())
    code = (
        "import os, sys, json; from pathlib import Path; from shared.dataset.writer import DatasetWriter;"
        "from shared.dataset.protocol import parse_protocol;"
        "p = parse_protocol(json.loads(sys.argv[2]), 'p');"
        "DatasetWriter(Path(sys.argv[1]), p, 'synthetic').__enter__(); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder), json.dumps(small().document)], check=False)
    assert done.returncode == -9
    with DatasetWriter(folder, small(), "synthetic") as writer:
        assert len(writer.rows) == 2


def test_people_and_drawn_actors_do_not_share_a_dataset(make_dataset: MakeDataset, tmp_path: Path) -> None:
    make_dataset(tmp_path / "people", subjects=1, protocol=small())
    with (
        pytest.raises(InvalidInput, match=r"kind synthetic, expected real.*another --dataset"),
        DatasetWriter(tmp_path / "people", small(), "real"),
    ):
        pass


def test_another_protocol_is_refused_by_the_first_thing_that_differs(make_dataset: MakeDataset, tmp_path: Path) -> None:
    make_dataset(tmp_path / "people", subjects=1, protocol=small())
    with (
        pytest.raises(InvalidInput, match="frame_interval_ms = 100, expected the protocol at hand, with 50"),
        DatasetWriter(tmp_path / "people", small(frame_interval_ms=50), "synthetic"),
    ):
        pass


def test_a_dataset_goes_on_with_the_targets_that_it_has(make_dataset: MakeDataset, tmp_path: Path) -> None:
    usual = read_protocol().document
    of_old = parse_protocol({key: value for key, value in usual.items() if key != "targets"}, "from before")
    assert "targets" not in make_dataset(tmp_path / "d", subjects=1, protocol=of_old).manifest["protocol"]
    assert "targets" not in make_dataset(tmp_path / "d", subjects=1).manifest["protocol"]  # a second take, of today


@pytest.mark.parametrize("name", ["two words", ".hidden", "이름", "a" * 129])
def test_a_folder_whose_name_could_not_be_published_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage, match="folder name"), DatasetWriter(tmp_path / name, small(), "real"):
        pass
    assert not (tmp_path / name).exists()


def test_a_card_that_a_person_has_made_theirs_is_left_alone(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, protocol=small())
    (folder / "README.md").write_text("Our own words.\n", encoding="utf-8")
    make_dataset(folder, subjects=1, protocol=small())
    assert (folder / "README.md").read_text(encoding="utf-8") == "Our own words.\n"


def test_a_label_corrected_by_hand_survives_the_next_take(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, protocol=small())
    text = (folder / "labels.csv").read_text(encoding="utf-8")
    (folder / "labels.csv").write_text(text.replace("take_0001,smile,happy", "take_0001,non_smile,"), encoding="utf-8")
    dataset = make_dataset(folder, subjects=1, protocol=small())
    assert [row.label for row in dataset.rows] == ["non_smile", "non_smile", "non_smile", "smile"]
    assert dataset.manifest["counts"]["by_label"] == {"non_smile": 3, "smile": 1}
    assert check_dataset(folder) == []


def test_files_that_no_row_lists_go_to_the_trash_and_are_not_deleted(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, protocol=small())
    (folder / "images" / "seq_0099_frame_0.jpg").write_bytes(b"precious")
    with DatasetWriter(folder, small(), "synthetic"):
        pass
    found = list((folder / "trash").rglob("seq_0099_frame_0.jpg"))
    assert [path.read_bytes() for path in found] == [b"precious"]
    assert check_dataset(folder) == []


def test_a_table_without_its_manifest_is_not_overwritten(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = tmp_path / "people"
    make_dataset(folder, subjects=1, protocol=small())
    (folder / "dataset.json").unlink()
    before = (folder / "labels.csv").read_bytes()
    with (
        pytest.raises(InvalidInput, match=r"labels\.csv without dataset\.json"),
        DatasetWriter(folder, small(), "synthetic"),
    ):
        pass
    assert (folder / "labels.csv").read_bytes() == before


def test_pictures_come_back_as_they_were_within_what_jpg_loses(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "people", subjects=1, protocol=small())
    frames = dataset.load_frames(dataset.rows[0])
    assert frames.shape == (2, 32, 32, 3)
    assert frames.dtype == np.uint8
    data = [(dataset.folder / name).read_bytes() for name in dataset.rows[0].frame_names()]
    assert reader.hash_pictures(data) == dataset.rows[0].sha256
    assert contracts.sha256_file(dataset.folder / "labels.csv") == dataset.labels_sha256
