"""A camera in the window: consent on the screen, a camera that is pulled out, one that is too slow.

A pipe in /dev/shm plays the camera: OpenCV opens it as it opens a device, and frames are stamped on arrival.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.dataset import consent
from shared.dataset.check import check_dataset
from shared.dataset.reader import open_dataset

Start = Callable[..., subprocess.Popen[str]]
WaitFor = Callable[..., None]
QUIET = ("--face-model", "none", "--landmark-model", "none", "--no-sound", "--lang", "en")
pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or not Path("/dev/shm").is_dir(), reason="no ffmpeg, or no /dev/shm for a pipe"
)


class FakeCamera:
    """A pipe that plays a test picture; each opening of the device is a new run of the player."""

    def __init__(self, path: Path, fps: int = 30, seconds: float = 60) -> None:
        self.path = path
        os.mkfifo(path)
        source = f"testsrc2=size=320x240:rate={fps}"
        encode = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "15"]
        words = ["ffmpeg", "-loglevel", "quiet", "-y", "-re", "-f", "lavfi", "-i", source, "-t", str(seconds)]
        loop = ["sh", "-c", 'while [ -p "$0" ]; do "$@" "$0"; done', str(path)]
        self.player = subprocess.Popen([*loop, *words, *encode, "-f", "mpegts"], start_new_session=True)

    def pull_out(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.player.pid, signal.SIGKILL)
        self.player.wait()
        self.path.unlink(missing_ok=True)


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Iterator[FakeCamera]:
    # A folder of its own: a suite that was killed leaves its pipe behind.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        plugged = FakeCamera(Path(folder) / "camera.ts", **getattr(request, "param", {}))
        yield plugged
        plugged.pull_out()


def test_a_no_on_the_screen_records_nothing(
    camera: FakeCamera, screen: Any, start: Start, dataset_folder: Path
) -> None:
    process = screen.open(start, "--source", camera.path, "--subject", "s01", "--dataset", "d", *QUIET)
    screen.press("space")  # answers nothing
    time.sleep(0.5)  # nothing is to be seen of it either
    screen.press("n")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "nothing was recorded" in err
    assert not dataset_folder.exists()


def test_a_yes_and_a_no_become_a_row_and_a_camera_that_is_pulled_out_ends_the_take(
    camera: FakeCamera, screen: Any, start: Start, wait_for: WaitFor, dataset_folder: Path
) -> None:
    process = screen.open(start, "--source", camera.path, "--subject", "s01", "--dataset", "d", *QUIET)
    screen.press("y")
    wait_for(lambda: screen.count((90, 200, 90), (140, 255, 140)) > 50, process)  # the yes, in green
    screen.press("n")
    wait_for(lambda: bool(consent.read_consent(dataset_folder).rows), process)
    (row,) = consent.read_consent(dataset_folder).rows
    assert (row.scopes, row.method, row.lang) == (("train",), "screen", "en")
    wait_for(lambda: screen.shot()[200:600, 400:1000].std() > 50, process)  # the camera's picture, full of colours
    screen.press("space")
    wait_for(lambda: any(film.stat().st_size for film in dataset_folder.glob(".incoming-*/take.mp4")), process)
    camera.pull_out()
    wait_for(lambda: not list(dataset_folder.glob(".incoming-*")), process)
    screen.press("q")
    _, err = process.communicate(timeout=60)
    assert "the camera stopped" in err
    assert open_dataset(dataset_folder).rows == ()
    assert check_dataset(dataset_folder) == []


@pytest.mark.parametrize("camera", [{"fps": 12}], indirect=True)
def test_a_camera_of_twelve_frames_a_second_is_refused_in_words(
    camera: FakeCamera, start: Start, short_protocol: Path, dataset_folder: Path
) -> None:
    flags = ("--subject", "s01", "--dataset", "d", "--protocol", short_protocol, "--no-preview", "--consent", "train")
    process = start("--source", camera.path, *flags, *QUIET)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "frames a second, expected at least 15" in err
    assert open_dataset(dataset_folder).rows == ()
