"""The game as a program, a Chromium that plays it, and a hand-off whose answers follow a drawn film."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT_TESTS = ROOT / "tests" / "handoff" / "client"
CALM_S, LAUGH_S, FPS = 3.0, 2.5, 30


@pytest.fixture(scope="session")
def handoff(tmp_path_factory: pytest.TempPathFactory, write_standin: Callable[..., Any]) -> Path:
    """A hand-off whose frames may lie far from their places, so that a machine that is busy with others decides too."""
    folder = tmp_path_factory.mktemp("game") / "standin"
    write_standin(folder, min_duration_ms=100, max_deviation_ms=1000)
    return folder


@pytest.fixture(scope="session")
def hold_answers() -> Path:
    """A script that lets a test keep the model's answers back: hold(), isHeld(), release()."""
    return CLIENT_TESTS / "hold_answers.js"


@pytest.fixture(scope="session")
def slow_answers() -> Path:
    """A script that lets a test slow the machine down: slowMs = 300."""
    return CLIENT_TESTS / "slow_answers.js"


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn face: three seconds of calm on dark, then 2.5 of a laugh on bright red; plays again and again."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    import cv2

    path = tmp_path_factory.mktemp("film") / "webcam.y4m"
    pictures = []
    for laughs in (False, True):
        picture = np.full((240, 320, 3), (235, 120, 90) if laughs else (60, 70, 120), np.uint8)
        cv2.circle(picture, (160, 120), 80, (255, 210, 63) if laughs else (90, 90, 60), -1)
        for x in (130, 190):
            cv2.circle(picture, (x, 100), 9, (20, 20, 40), -1)
        if laughs:
            cv2.ellipse(picture, (160, 135), (42, 34), 0, 0, 180, (120, 20, 20), -1)
        else:
            cv2.line(picture, (130, 155), (190, 155), (20, 20, 40), 6)
        pictures.append(picture.tobytes())
    command = ["ffmpeg", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "320x240"]
    command += ["-r", str(FPS), "-i", "-", "-pix_fmt", "yuv420p", str(path)]
    data = pictures[0] * round(CALM_S * FPS) + pictures[1] * round(LAUGH_S * FPS)
    subprocess.run(command, input=data, check=True, timeout=60)
    return path


class Game:
    """The game, served by its own program.

    Attributes:
        process: The program.
        url: What it said that it serves.
        address: The same with language and token, as it is opened.
    """

    def __init__(self, handoff: Path, *flags: str) -> None:
        command = [sys.executable, "-m", "tools.game", "--handoff", str(handoff), "--port", "0", "--no-open", *flags]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
        # A suite that runs in the background ignores Control-C, and its children would inherit that.
        own_handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        finally:
            signal.signal(signal.SIGINT, own_handler)
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"(http://127\.0\.0\.1:\d+/)\S*", line):
                self.url, self.address = found[1], found[0]
                return
        pytest.fail(self.said)

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.process.kill()
        self.process.communicate(timeout=20)

    def end(self) -> tuple[int, str]:
        """Press Control-C; returns exit code and stdout."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, out


@pytest.fixture(scope="session")
def npm_package() -> None:
    """Skip where onnxruntime-web cannot be had."""
    from shared.errors import MissingOutside
    from shared.web.npm import ONNXRUNTIME_WEB

    try:
        ONNXRUNTIME_WEB.install()
    except MissingOutside as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def game(handoff: Path, npm_package: None) -> Iterator[Game]:
    """The game with the stand-in model."""
    started = Game(handoff)
    yield started
    if started.process.poll() is None:
        started.end()


@pytest.fixture(scope="session")
def make_game(npm_package: None) -> Callable[..., Game]:
    """Start a game of a test's own: ``make_game(handoff, *flags)``; the test ends it."""
    return Game


@pytest.fixture
def home(tmp_path: Path, npm_package: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, with the npm packages that are here already."""
    from shared import paths

    packages = paths.artifacts("npm").resolve()
    folder = tmp_path / "home"
    (folder / "artifacts").mkdir(parents=True)
    (folder / "artifacts" / "npm").symlink_to(packages)
    monkeypatch.setenv("SMILEBENCH_HOME", str(folder))
    return folder
