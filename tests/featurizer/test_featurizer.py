"""The featurizer as a user runs it, on photos: what it stores, reads again, keeps when killed, and refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared.dataset import feature_store, reader
from shared.dataset.reader import Dataset, open_dataset
from shared.errors import CheckFailed, InvalidInput
from shared.faces.landmarker import KNOWN_SHA256, FaceLandmarker, find_model, smile_score
from tools.featurizer import store
from tools.featurizer.cli import main
from tools.featurizer.pool import read_faces
from tools.featurizer.worker import Job, Picture

ROOT = Path(__file__).parents[2]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Run the tool on the dataset called people; returns what it printed."""
    assert main(["--dataset", "people", "--json", *arguments]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def decode(data: bytes) -> Any:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


@pytest.fixture
def finished(people: Dataset, capsys: pytest.CaptureFixture[str]) -> Dataset:
    """Return the dataset with its landmarks read."""
    run(capsys)
    return people


def test_every_picture_has_its_row_bit_for_bit_as_the_landmarker_says(
    people: Dataset, photos: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = run(capsys, "--workers", "2")
    assert answer["counts"] == {
        "sequences": 24,
        "pictures": 24,
        "without_face": 1,
        "several_faces": 0,
        "sequences_without_face": 1,
        "without_face_by_label": {"non_smile": 1, "smile": 0},
    }
    assert (answer["computed"], answer["kept"], answer["model_sha256"]) == (24, 0, KNOWN_SHA256)
    assert answer["share_without_face"] == 1 / 24
    opened = feature_store.open_features(people, "landmarks")
    points = opened.stack(people.rows)
    blendshapes = opened.stack(people.rows, "blendshapes")
    assert (points.shape, points.dtype, blendshapes.shape) == ((24, 1, 478, 3), np.float32, (24, 1, 52))
    assert opened.found(people.rows)[:, 0].tolist() == [True] * 23 + [False]
    assert opened.manifest["without_face"] == ["images/seq_0024_frame_0.jpg"]
    with FaceLandmarker(find_model()) as landmarker:
        for number in (0, 7, 22):
            reading = landmarker.read(decode(photos[number]))
            assert np.array_equal(points[number, 0], reading.points)
            assert np.array_equal(blendshapes[number, 0], reading.blendshapes)
    assert np.isnan(points[23]).all()
    assert np.isnan(blendshapes[23]).all()
    scores = smile_score(blendshapes[:22, 0])
    assert np.median(scores[0::2]) > 0.5 > 0.2 > np.median(scores[1::2])


def test_the_number_of_workers_changes_no_byte(people: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    one, three = (run(capsys, "--workers", n, "--out", str(people.folder.parents[1] / n)) for n in ("1", "3"))
    hashes = [json.loads(Path(a["features"]).read_text(encoding="utf-8"))["rows"]["sha256"] for a in (one, three)]
    assert hashes[0] == hashes[1]


def test_a_second_run_reads_nothing_and_changes_no_row(finished: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    folder = feature_store.store_dir("people", "landmarks")
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("rows_*")}
    answer = run(capsys)
    assert (answer["computed"], answer["kept"]) == (0, 24)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("rows_*")} == before


def test_only_new_and_changed_pictures_are_read(
    finished: Dataset, photos: list[bytes], rewrite: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    other = decode(photos[3])[:, ::-1]
    other = cv2.imencode(".jpg", np.ascontiguousarray(other[:, :, ::-1]))[1].tobytes()
    shuffled = [[photos[5]], [other], *([photo] for photo in photos[:5]), [photos[0], photos[1]]]
    shutil.rmtree(finished.folder)
    dataset = rewrite(finished.folder, shuffled, ["smile", "non_smile"] * 4)
    with pytest.raises(InvalidInput, match=r"other pictures for seq_0001.*\./inv features"):
        feature_store.open_features(dataset, "landmarks")
    answer = run(capsys)
    assert (answer["computed"], answer["kept"]) == (1, 8)
    opened = feature_store.open_features(dataset, "landmarks")
    assert opened.read(dataset.rows[-1]).shape == (2, 478, 3)
    assert np.array_equal(opened.read(dataset.rows[-1])[0], opened.read(dataset.rows[2])[0])
    with FaceLandmarker(find_model()) as landmarker:
        assert np.array_equal(opened.read(dataset.rows[1])[0], landmarker.read(decode(other)).points)
    with pytest.raises(InvalidInput, match=r"sequences of \[1, 2\] pictures"):
        opened.stack(dataset.rows)


def test_corrected_labels_and_withdrawn_rows_need_no_new_features(finished: Dataset) -> None:
    rows = [row for row in finished.rows if row.sequence_id != "seq_0002"]
    text = reader.format_labels(rows).replace(b",smile,", b",non_smile,", 1)
    (finished.folder / reader.LABELS).write_bytes(text)
    dataset = open_dataset(finished.folder)
    assert dataset.labels_sha256 != finished.labels_sha256
    assert feature_store.open_features(dataset, "landmarks").stack(dataset.rows).shape == (23, 1, 478, 3)


def test_blendshapes_alone_are_taken_from_the_landmarks_store(
    finished: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = feature_store.open_features(finished, "blendshapes")  # no store of their own yet
    expected = theirs.stack(finished.rows)
    answer = run(capsys, "--kind", "blendshapes")
    assert (answer["computed"], answer["kind"]) == (0, "blendshapes")
    own = feature_store.open_features(finished, "blendshapes")
    assert own.folder != theirs.folder
    assert own.rows.dtype.itemsize == 241
    assert np.array_equal(own.stack(finished.rows), expected, equal_nan=True)
    shutil.rmtree(theirs.folder)
    with pytest.raises(InvalidInput, match="found none, expected its landmarks"):
        feature_store.open_features(finished, "landmarks")


def test_features_of_another_landmarker_are_refused_with_both_named(
    finished: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    feature_store.open_features(finished, "landmarks", model_sha256=KNOWN_SHA256)
    with pytest.raises(InvalidInput, match=r"64184e229b26, expected those of 000000000000.*--landmark-model"):
        feature_store.open_features(finished, "landmarks", model_sha256="0" * 64)


def test_pictures_read_by_another_landmarker_are_read_again(
    finished: Dataset, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other.task"
    other.write_bytes(find_model().read_bytes() + b"\0" * 8)  # the same model to MediaPipe, another file to us
    path = feature_store.store_dir("people", "landmarks") / feature_store.MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["model"]["sha256"] = "1" * 64
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert run(capsys)["computed"] == 24


def test_a_killed_run_goes_on_where_its_last_shard_ended_and_leaves_no_worker(
    people: Dataset, photos: list[bytes], rewrite: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.rmtree(people.folder)
    rewrite(people.folder, [[photo + bytes([n])] for n in range(25) for photo in photos], ["smile", "non_smile"] * 300)
    folder = feature_store.store_dir("people", "landmarks")
    code = "import sys; from tools.featurizer import store; store.SHARD_ROWS = 40\n"
    code += "from tools.featurizer.cli import main; raise SystemExit(main(['--dataset', 'people', '--workers', '2']))"
    process = subprocess.Popen(
        [sys.executable, "-c", f"if __name__ == '__main__':\n    {code.replace(chr(10), chr(10) + '    ')}"],
        cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list(folder.glob(".shards_*/shard_*.npy"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    kept = 40 * len(list(folder.glob(".shards_*/shard_*.npy")))
    assert not (folder / feature_store.MANIFEST).exists()
    answer = run(capsys)
    assert answer["kept"] >= kept
    assert answer["computed"] <= 600 - kept
    assert len(feature_store.open_features(open_dataset(people.folder), "landmarks").rows) == 600
    assert not list(folder.glob(".shards_*"))
    deadline = time.monotonic() + 60
    while any(_is_alive(pid) for pid in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        return "featurizer" in Path(f"/proc/{pid}/cmdline").read_text() and _state(pid) != "Z"
    except OSError:
        return False


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_shard_that_was_cut_off_is_not_trusted(tmp_path: Path) -> None:
    model, reading = {"file": "m.task", "sha256": "0" * 64}, {"max_faces": 3, "border": 0.25, "mediapipe": "1"}
    rows = np.zeros(10, feature_store.row_dtype("blendshapes"))
    rows["picture_sha256"] = np.arange(10)[:, None]
    with store.StoreWriter(tmp_path, "blendshapes", model, reading) as writer:
        writer.add(rows[:5])
        writer.flush()
        writer.add(rows[5:])
    shards = sorted(tmp_path.glob(".shards_*/*"))
    assert [path.name for path in shards] == ["shard_000001.npy", "shard_000002.npy"]
    shards[1].write_bytes(shards[1].read_bytes()[:-1])
    with store.StoreWriter(tmp_path, "blendshapes", model, reading) as writer:
        assert [bytes([n]) * 32 in writer for n in (0, 4, 5, 9)] == [True, True, False, False]
    with store.StoreWriter(tmp_path, "blendshapes", model, {**reading, "border": 0.5}) as writer:
        assert bytes(32) not in writer


def test_two_featurizers_do_not_write_one_store(
    people: Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(store, "LOCK_PATIENCE_S", 0.05)
    folder = feature_store.store_dir("people", "landmarks")
    with store.StoreWriter(folder, "landmarks", {"sha256": "0" * 64}, {}):
        assert main(["--dataset", "people"]) == 1
    assert "another featurizer at work" in capsys.readouterr().err


def test_a_broken_picture_is_named_and_what_was_read_is_kept(
    people: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = people.folder / "images/seq_0020_frame_0.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(b"no picture")
    assert main(["--dataset", "people", "--workers", "1"]) == 1
    error = capsys.readouterr().err
    assert "seq_0020_frame_0.jpg: found a file that is no picture" in error
    assert error.count("\n") == 1
    broken.write_bytes(whole)
    assert run(capsys)["kept"] == 16  # two tasks of eight came before the one with the broken picture


def test_pictures_that_are_not_those_of_labels_csv_are_told(
    people: Dataset, photos: list[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    (people.folder / "images/seq_0003_frame_0.jpg").write_bytes(photos[3])
    assert main(["--dataset", "people"]) == 0
    assert "1 sequences, such as seq_0003; verifier lists them all" in capsys.readouterr().out


def test_a_store_that_lost_its_rows_is_refused_and_made_again(
    finished: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = feature_store.store_dir("people", "landmarks")
    (rows,) = folder.glob("rows_*.npy")
    rows.write_bytes(rows.read_bytes()[:-100])
    with pytest.raises(InvalidInput, match=r"a broken file.*\./inv features"):
        feature_store.open_features(finished, "landmarks")
    rows.unlink()
    with pytest.raises(InvalidInput, match=r"no such file.*\./inv features"):
        feature_store.open_features(finished, "landmarks")
    assert run(capsys)["computed"] == 24
    feature_store.open_features(finished, "landmarks")


def test_without_a_model_file_it_says_how_to_get_one(
    people: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "nowhere"))
    assert main(["--dataset", "people"]) == 3
    assert "./inv fetch-models" in capsys.readouterr().err


def test_a_broken_model_file_is_one_line_too(
    people: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.task").write_bytes(b"nothing")
    assert main(["--dataset", "people", "--landmark-model", str(tmp_path / "broken.task")]) == 1
    error = capsys.readouterr().err
    assert "broken.task: found a file that mediapipe cannot load" in error
    assert error.count("\n") == 1


def test_an_empty_dataset_is_refused(people: Dataset, rewrite: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(people.folder.parent / "nobody", [], [])
    assert main(["--dataset", "nobody"]) == 1
    assert "found no sequences" in capsys.readouterr().err


def test_a_worker_that_dies_ends_the_run_in_one_line_and_the_others_end_too(
    people: Dataset, photos: list[bytes]
) -> None:
    import hashlib
    import multiprocessing

    pictures = (
        Picture(f"picture {n}", hashlib.sha256(photos[n % 23]).digest(), photos[n % 23]) for n in range(1_000_000)
    )
    answers = read_faces(pictures, Job("blendshapes", find_model(), 224, 224, {}), 2)
    assert len(next(answers)) == 8
    workers = multiprocessing.active_children()
    assert len(workers) == 2
    os.kill(workers[0].pid or 0, signal.SIGKILL)
    with pytest.raises(CheckFailed, match=r"a worker process, at picture \d+ .*exit code -9.*run the same command"):
        for _ in answers:
            pass
    assert multiprocessing.active_children() == []
