"""Films that a page has recorded: the same takes as of any film, once each, and only of people who have agreed."""

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared import contracts
from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset
from tests.recorder.conftest import SIDE_PX, numbered_picture

Record = Callable[..., tuple[int, Any, str]]
TIMES_S = [number / 30 + (number % 3) * 0.004 for number in range(271)]
CAPTURE_ID = "0b6a1f6e-2c1d-4f57-9a3b-6a1f0d2c4e5f"


@pytest.fixture
def write_film(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write a film as the page does, a JPEG each, and its document; returns both."""

    def write(times_s: Sequence[float] = TIMES_S, subject_id: str = "s01", **changes: Any) -> tuple[Path, Path]:
        frames = [
            (round(time_s * 1e6), cv2.imencode(".jpg", numbered_picture(number))[1].tobytes())
            for number, time_s in enumerate(times_s)
        ]
        head = b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, b"MJPG", SIDE_PX, SIDE_PX, 1_000_000, 1, len(frames), 0)
        path = tmp_path / "film.ivf"
        path.write_bytes(head + b"".join(struct.pack("<IQ", len(data), at) + data for at, data in frames))
        capture = {
            "capture_id": CAPTURE_ID, "captured_utc": "2026-01-22T11:25:30Z", "browser": "Safari 18 on iOS",
            "device": "phone", "width_px": SIDE_PX, "height_px": SIDE_PX, "nominal_fps": 30, "codec": "jpeg",
            "clock": "capture", "matrix": "bt470bg", "is_full_range": True, "n_missed": 0, **changes,
        }  # fmt: skip
        document = {"schema_version": 1, "subject_id": subject_id, "film_sha256": contracts.sha256_file(path)}
        told = tmp_path / "browser_film.json"
        contracts.write_document(told, {**document, "capture": capture}, "browser_film")
        return path, told

    return write


def test_a_pages_film_gives_the_take_that_the_same_film_gives(
    record: Record,
    write_film: Callable[..., tuple[Path, Path]],
    make_film: Callable[..., Path],
    dataset_folder: Path,
    read_number: Callable[[np.ndarray], int],
) -> None:
    film, told = write_film(n_missed=3)
    code, result, _ = record("--source", film, "--capture", told)
    assert code == 0
    other = record("--source", make_film(TIMES_S), subject="s02")[1]
    dataset = open_dataset(dataset_folder)
    rows = {subject: [row for row in dataset.rows if row.subject_id == subject] for subject in ("s01", "s02")}
    for browser, usual in zip(rows["s01"], rows["s02"], strict=True):
        assert (browser.label, browser.emotion, browser.source) == (usual.label, usual.emotion, "browser")
        assert browser.frame_times_ms == pytest.approx(usual.frame_times_ms, abs=0.15)  # containers' clocks
        shown = [[read_number(picture) for picture in dataset.load_frames(row)] for row in (browser, usual)]
        assert shown[0] == shown[1]
    take, usual_take = result["takes"][0], other["takes"][0]
    assert (take["source"], take["clock"], take["nominal_fps"], take["n_dropped"]) == ("browser", "monotonic", 30, 3)
    assert (take["n_frames"], take["n_doubled"]) == (usual_take["n_frames"], usual_take["n_doubled"])
    assert take["capture"]["device"] == "phone"
    assert take["source_note"] == "Safari 18 on iOS, a phone, jpeg"
    assert [problem for problem in check_dataset(dataset_folder) if problem.is_error] == []


def test_the_same_film_again_is_the_same_take(
    record: Record, write_film: Callable[..., tuple[Path, Path]], dataset_folder: Path
) -> None:
    film, told = write_film()
    first = record("--source", film, "--capture", told)[1]
    code, second, _ = record("--source", film, "--capture", told)
    assert code == 0
    assert second["takes"] == first["takes"]
    assert (second["n_takes_of_subject"], len(list((dataset_folder / "takes").glob("*.json")))) == (1, 1)
    from tools.recorder.cli import main

    assert main(["takes", "--dataset", "d", "--undo", "--take", "take_0002"]) == 1
    assert main(["takes", "--dataset", "d", "--undo", "--take", "take_0001"]) == 0
    code, third, _ = record("--source", film, "--capture", told)  # taken back, it does not come again
    assert (code, third["n_takes_of_subject"], len(open_dataset(dataset_folder).rows)) == (0, 0, 0)


def test_a_film_that_is_kept_apart_is_found_there(
    record: Record, write_film: Callable[..., tuple[Path, Path]], dataset_folder: Path, tmp_path: Path
) -> None:
    from shared.dataset.protocol import read_protocol

    document = read_protocol().document
    strict = tmp_path / "strict.json"
    strict.write_text(json.dumps({**document, "quality": {**document["quality"], "max_brightness": 0.2}}))
    film, told = write_film()
    answers = [record("--source", film, "--capture", told, "--protocol", strict) for _ in range(2)]
    assert [code for code, *_ in answers] == [1, 1]
    assert answers[0][1]["set_aside"] == answers[1][1]["set_aside"] == [{"take_id": "take_0001", "faults": ["bright"]}]


def test_without_consent_a_pages_film_is_not_recorded(
    write_film: Callable[..., tuple[Path, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tools.recorder.cli import main

    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    film, told = write_film()
    words = ["--source", str(film), "--capture", str(told), "--subject", "s01", "--dataset", "d", "--no-preview"]
    assert main(words) == 1
    assert "yes on the page" in capsys.readouterr().err
    assert not (tmp_path / "home" / "datasets" / "d" / "dataset.json").exists()


@pytest.mark.parametrize(
    ("subject_id", "changes", "found"),
    [("s02", {}, "a film of s02"), ("s01", {"width_px": 128}, "96x96"), ("s01", {}, "another film's")],
)
def test_a_document_of_something_else_is_refused(
    record: Record,
    write_film: Callable[..., tuple[Path, Path]],
    subject_id: str,
    changes: dict[str, Any],
    found: str,
) -> None:
    film, told = write_film(subject_id=subject_id, **changes)
    if found == "another film's":
        film.write_bytes(film.read_bytes() + b"\x00")
    code, _, err = record("--source", film, "--capture", told)
    assert code == 1
    assert found in err


def test_a_pages_film_that_is_too_short_is_refused_with_its_cause(
    record: Record, write_film: Callable[..., tuple[Path, Path]]
) -> None:
    film, told = write_film(TIMES_S[:200])
    code, result, err = record("--source", film, "--capture", told)
    assert code == 1
    assert [refusal["cause"] for refusal in result["refused"]] == ["short"]
    assert "the page stopped" in err


def test_capture_is_for_films_without_a_window(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    from tools.recorder.cli import main

    assert main(["--source", "x", "--capture", "y.json", "--subject", "s01", "--dataset", "d"]) == 2
    assert "--no-preview" in capsys.readouterr().err
    assert main(["takes", "--dataset", "d", "--take", "take_0001"]) == 2


def test_colours_that_the_stream_does_not_name_are_the_pages(tmp_path: Path) -> None:
    from shared.films.looks import Colours
    from shared.video import Film

    path = tmp_path / "red.ivf"
    picture = cv2.imencode(".jpg", np.full((64, 64, 3), (30, 30, 200), np.uint8))[1].tobytes()
    head = b"DKIF" + struct.pack("<HH4sHHIIII", 0, 32, b"MJPG", 64, 64, 1_000_000, 1, 1, 0)
    path.write_bytes(head + struct.pack("<IQ", len(picture), 0) + picture)
    shown = {}
    for matrix in ("bt470bg", "bt709"):
        with Film(str(path), Colours(matrix, True)) as film:
            shown[matrix] = next(iter(film)).rgb_hwc_u8.mean(axis=(0, 1))
    assert shown["bt470bg"] == pytest.approx([200, 30, 30], abs=3)  # a JPEG says itself which it is
    assert shown["bt709"] == pytest.approx(shown["bt470bg"], abs=1)
