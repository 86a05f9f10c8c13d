import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.dataset.check import check_dataset
from shared.video import Frame
from tools.recorder.config import RecordingConfig
from tools.recorder.frame_queue import Feed
from tools.recorder.sources import Camera

ROOT = Path(__file__).parents[2]
Record = Callable[..., tuple[int, Any, str]]
Start = Callable[..., subprocess.Popen[str]]
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg to play a live source")
_TEST_PICTURE = ["-re", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30"]
_ENCODE = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "15"]


def test_a_camera_that_is_not_there_is_exit_3_in_one_line(start: Start, dataset_folder: Path) -> None:
    process = start("--source", 99, "--subject", "s01", "--dataset", "d", "--no-preview")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (3, "")
    assert err.startswith("recorder: camera 99: found none")
    assert err.count("\n") == 1
    assert not dataset_folder.exists()


@pytest.fixture
def camera_file(tmp_path: Path) -> Iterator[Path]:
    """A pipe that plays a test picture at 30 fps: OpenCV reads it as it reads a camera."""
    pipe = tmp_path / "camera.ts"
    os.mkfifo(pipe)
    player = subprocess.Popen(
        ["ffmpeg", "-loglevel", "quiet", "-y", *_TEST_PICTURE, "-t", "5", *_ENCODE, "-f", "mpegts", str(pipe)]
    )
    yield pipe
    player.kill()
    player.wait()


@needs_ffmpeg
def test_a_camera_is_stamped_on_arrival_and_a_camera_that_stops_ends_the_take(camera_file: Path) -> None:
    settings = RecordingConfig(source=str(camera_file), subject_id="s01", dataset=camera_file.parent)
    camera = Camera(str(camera_file), settings)
    began_s = time.monotonic()
    feed = Feed(camera.take(1), paced=False)
    times_s = [frame.time_s for frame in feed]
    took_s = time.monotonic() - began_s
    feed.close()
    assert feed.has_ended
    assert times_s[0] == 0
    assert 1 < times_s[-1] < took_s
    assert len(times_s) / times_s[-1] == pytest.approx(30, rel=0.25)
    camera_file.unlink()  # pulled out for good
    assert list(camera.take(2)) == []
    camera.close()


def wait_until_listening(port: int, limit_s: float = 30.0) -> None:
    """Wait for a server that takes one guest only, so that knocking would use it up."""
    table = Path("/proc/net/tcp")
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if not table.exists() or f":{port:04X} 00000000:0000 0A" in table.read_text():
            break
        time.sleep(0.05)
    if not table.exists():
        time.sleep(1.0)


@needs_ffmpeg
def test_a_live_stream_is_recorded_by_the_monotonic_clock(
    start: Start, short_protocol: Path, dataset_folder: Path
) -> None:
    document = json.loads(short_protocol.read_text(encoding="utf-8"))
    # Gaps as a busy machine makes them are rightly refused elsewhere; here they are no matter.
    short_protocol.write_text(json.dumps(document | {"frame_count": 1, "max_gap_ms": 2000}), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    player = subprocess.Popen(
        ["ffmpeg", "-loglevel", "quiet", *_TEST_PICTURE, "-t", "20", *_ENCODE, "-f", "mpegts", url + "?listen=1"]
    )
    try:
        wait_until_listening(port)
        flags = ("--subject", "s01", "--dataset", "d", "--no-preview", "--protocol", short_protocol)
        process = start("--source", url, *flags, "--lang", "en")
        _, err = process.communicate(timeout=90)
    finally:
        player.kill()
        player.wait()
    assert process.returncode == 0, err
    assert "Smile!" in err
    assert check_dataset(dataset_folder) == []
    record = (dataset_folder / "takes" / "take_0001.json").read_text(encoding="utf-8")
    assert '"clock": "monotonic"' in record
    assert "127.0.0.1" not in record


def frames(number: int) -> Iterator[Frame]:
    for index in range(number):
        yield Frame(index / 30, np.zeros((4, 4, 3), np.uint8))


def test_films_are_held_back_to_their_own_speed() -> None:
    began_s = time.monotonic()
    feed = Feed(frames(16), paced=True)
    assert len(list(feed)) == 16
    assert 0.5 <= time.monotonic() - began_s < 5  # the first number is the claim; a busy machine takes longer


def test_frames_that_nobody_takes_are_counted_as_lost() -> None:
    feed = Feed(frames(100), paced=False)
    until_s = time.monotonic() + 30
    while feed.n_lost < 10 and time.monotonic() < until_s:
        time.sleep(0.01)
    assert (sum(1 for _ in feed), feed.n_lost) == (90, 10)


def test_a_source_that_fails_ends_the_feed_instead_of_hanging() -> None:
    def broken() -> Iterator[Frame]:
        yield Frame(0.0, np.zeros((4, 4, 3), np.uint8))
        raise RuntimeError("driver")

    # Once a bug in a source was told as the user's mistake.
    with pytest.raises(RuntimeError, match="driver"):
        list(Feed(broken(), paced=False))


def test_the_program_ends_after_a_slow_source_has_come_back() -> None:
    # On a busy machine the recorder ended by SIGABRT: its thread came back from OpenCV while Python shut down.
    code = """
import time
from tools.recorder.frame_queue import Feed
def slow():
    time.sleep(2)
    print("came back", flush=True)
    yield
Feed(slow(), paced=False).close()
print("closed", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["closed", "came back"]


def test_an_actors_series_goes_on_where_it_stopped(record: Record, short_protocol: Path, tmp_path: Path) -> None:
    flags = ("--source", "synthetic", "--difficulty", "easy", "--protocol", short_protocol)
    record(*flags, "--target", 1)
    _, resumed, _ = record(*flags, "--target", 2)
    at_once = tmp_path / "home" / "datasets" / "e"
    _, whole, _ = record(*flags, "--target", 2, "--dataset", at_once)
    assert resumed["takes"][0]["film"]["sha256"] == whole["takes"][1]["film"]["sha256"]
    assert whole["takes"][0]["film"]["sha256"] != whole["takes"][1]["film"]["sha256"]


def test_ctrl_c_drops_the_running_take_and_leaves_a_valid_dataset(
    start: Start, wait_for: Callable[..., None], short_protocol: Path, dataset_folder: Path
) -> None:
    flags = ("--subject", "s01", "--dataset", "d", "--no-preview", "--protocol", short_protocol, "--realtime")
    process = start("--source", "synthetic", *flags)
    wait_for(lambda: list(dataset_folder.glob(".incoming-*/take.mp4")), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert not list(dataset_folder.glob(".incoming-*"))
    assert check_dataset(dataset_folder) == []
