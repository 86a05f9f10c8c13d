"""A take that was broken off or repeated leaves nothing in the next one: film A is red, film B is blue."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from shared.arrays import U8
from shared.dataset.check import check_dataset
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import open_dataset
from shared.dataset.writer import DatasetWriter
from shared.video import Film, FilmWriter, Frame
from tools.recorder.cli import main
from tools.recorder.config import RecordingConfig
from tools.recorder.session import Session
from tools.recorder.sources import FilmSource

Record = Callable[..., tuple[int, Any, str]]
RED, BLUE = (200, 20, 20), (20, 20, 200)


def picture(colour: tuple[int, int, int], number: int) -> U8:
    """Draw bright and dark stripes of one colour that move, so that no picture is like the one before."""
    drawn = np.full((96, 96, 3), colour, np.uint8)
    drawn[:, (np.arange(96) + number) % 32 < 16] //= 4
    return drawn


def write_film(path: Path, colour: tuple[int, int, int], seconds: float = 9.0, fps: float = 30.0) -> Path:
    film = FilmWriter(path, 96, 96)
    for number in range(round(seconds * fps)):
        film.add(Frame(number / fps, picture(colour, number)))
    film.close()
    return path


def is_blue(rgb_hwc_u8: U8) -> bool:
    red, _, blue = np.moveaxis(rgb_hwc_u8.astype(int), 2, 0)
    return bool((blue > red).all())


def must_be_blue(dataset: Path, take: dict[str, Any]) -> None:
    """Look at every stored picture, and at the film of a take: all blue, and as long as its record says."""
    found = open_dataset(dataset)
    rows = [row for row in found.rows if row.take_id == take["take_id"]]
    assert len(rows) == 4
    assert all(is_blue(each) for row in rows for each in found.load_frames(row))
    with Film(str(dataset / take["film"]["file"])) as film:
        frames = list(film)
    assert len(frames) == take["n_frames"]
    assert frames[0].time_s == 0
    assert frames[-1].time_s + 1 / 30 == pytest.approx(take["duration_s"], abs=0.001)
    assert all(is_blue(frame.rgb_hwc_u8) for frame in frames)
    assert check_dataset(dataset) == []


def cut_off(path: Path) -> Path:
    """Cut a film in the middle of its data; as a transport stream it still opens."""
    stream = path.with_suffix(".ts")
    with av.open(str(path)) as whole, av.open(str(stream), "w") as out:
        copy = out.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    data = stream.read_bytes()
    stream.write_bytes(data[: len(data) // 2])
    return stream


def test_after_a_film_that_breaks_off_or_is_too_short_or_undone(
    record: Record, tmp_path: Path, dataset_folder: Path
) -> None:
    red, blue = write_film(tmp_path / "red.mp4", RED), write_film(tmp_path / "blue.mp4", BLUE)
    assert record("--source", cut_off(red))[0] == 1
    assert record("--source", write_film(tmp_path / "short.mp4", RED, 6))[0] == 1
    code, _, err = record("--source", red)
    assert code == 0, err
    assert main(["--dataset", "d", "--undo"]) == 0
    code, result, _ = record("--source", blue)
    assert code == 0
    must_be_blue(dataset_folder, result["takes"][0])
    assert {row.take_id for row in open_dataset(dataset_folder).rows} == {result["takes"][0]["take_id"]}
    assert not list(dataset_folder.glob(".incoming-*"))


def test_within_a_session_a_take_that_is_repeated_leaves_nothing_in_the_next(tmp_path: Path) -> None:
    red, blue = write_film(tmp_path / "red.mp4", RED), write_film(tmp_path / "blue.mp4", BLUE)
    dataset = tmp_path / "d"
    settings = RecordingConfig(source=str(red), subject_id="s01", dataset=dataset)
    protocol = read_protocol()
    with DatasetWriter(dataset, protocol, "real") as writer:
        session = Session(settings, protocol, FilmSource(red), writer, None, None)
        for until_s in (1.5, 4.4, 8.9):  # in the first window, in the second, at the end
            broken_off = session.begin()
            for frame in session.source.take(1):
                if frame.time_s > until_s:
                    break
                broken_off.add(frame)
            broken_off.discard()
        session.source = FilmSource(blue)
        kept = session.begin()
        for frame in session.source.take(1):
            kept.add(frame)
        outcome = session.store(kept, 0)
        kept.discard()
    assert outcome.faults == ()
    must_be_blue(dataset, outcome.record)
