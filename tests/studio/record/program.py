"""The studio as a program of its own, and a Chromium whose camera plays a film with numbered frames."""

import atexit
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import U8
from shared.video import Film
from tools.spec_checker.browser.chromium import wait_until

ROOT = Path(__file__).resolve().parents[3]
CELL_PX, N_BITS = 16, 10  # a column of cells at the left edge, outside of the square that is stored


class StudioProgram:
    """The studio, started as a person does.

    Attributes:
        process: The program.
        url: Its address with the secret.
        said: What it has printed until it was ready.
    """

    def __init__(self, home: Path, *flags: str, prefix: tuple[str, ...] = (), ready: str = r"(http://127\S+)") -> None:
        command = [*prefix, sys.executable, "-m", "tools.studio", "serve", "--no-open", "--lang", "en", *flags]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONWARNINGS"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env={**environment, "SMILEBENCH_HOME": str(home)}, stderr=subprocess.PIPE, text=True
        )
        atexit.register(self.process.kill)  # a test that fails leaves none behind
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if found := re.search(ready, line):
                self.url = found[1]
                return
        raise AssertionError(self.said)

    @property
    def base(self) -> str:
        """Its address without the secret, with a slash at its end."""
        return self.url.partition("?")[0]

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self.process.kill()
        self.process.communicate(timeout=20)


def camera_flags(film: Path) -> tuple[str, ...]:
    """Flags of a Chromium whose camera plays a film, and is allowed."""
    fake = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return (*fake, f"--use-file-for-fake-video-capture={film}")


def write_numbered(pictures: Iterator[U8], path: Path, n_loops: int = 1, first: int = 0) -> int:
    """Write pictures with their numbers at the left edge as a film; y4m plays as a camera.

    Args:
        pictures: RGB, all of one size, higher than N_BITS cells.
        path: Ends in .y4m, or in .mp4.
        n_loops: How often all of them follow each other.
        first: With which one it begins.

    Returns:
        The number of pictures.
    """
    numbered = [_number(picture, number) for number, picture in enumerate(pictures)]
    height, width = numbered[0].shape[:2]
    order = [(first + at) % len(numbered) for at in range(n_loops * len(numbered))]
    how = ["-pix_fmt", "yuv420p"] if path.suffix == ".y4m" else ["-c:v", "libx264", "-crf", "8", "-pix_fmt", "yuv420p"]
    words = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    words += ["-r", "30", "-i", "-", *how, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for number in order:
            process.stdin.write(numbered[number].tobytes())
        process.stdin.close()
    assert process.returncode == 0
    return len(numbered)


def pictures_of(film: Path) -> Iterator[U8]:
    """Give a film's pictures, with black beside those that are not wide enough to hold numbers beside the square."""
    with Film(str(film)) as opened:
        for frame in opened:
            height, width = frame.rgb_hwc_u8.shape[:2]
            beside = max(0, (height + 4 * CELL_PX - width + 1) // 2)
            yield np.pad(frame.rgb_hwc_u8, ((0, 0), (beside, beside), (0, 0)))


def _number(picture: U8, number: int) -> U8:
    found = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2].copy()
    for bit in range(N_BITS):
        found[bit * CELL_PX : (bit + 1) * CELL_PX, :CELL_PX] = 235 if (number >> bit) & 1 else 20
    return found


def read_number(picture: U8) -> int:
    """Read the number that a picture shows."""
    inner = slice(CELL_PX // 4, 3 * CELL_PX // 4)
    cells = [picture[bit * CELL_PX : (bit + 1) * CELL_PX, :CELL_PX][inner, inner].mean() for bit in range(N_BITS)]
    return sum(1 << bit for bit, grey in enumerate(cells) if grey > 128)


def numbers_of(film: Path) -> list[tuple[float, int]]:
    """Give the times of a film's frames, and the numbers that they show."""
    with Film(str(film)) as opened:
        return [(frame.time_s, read_number(frame.rgb_hwc_u8)) for frame in opened]


# Presses the button when the camera shows one of these numbers, so that a take begins with the film.
PRESS_AT = """async ([first, last]) => {
  const video = document.getElementById('video');
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 160 });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const shown = () => {
    context.drawImage(video, 0, 0, 16, 160, 0, 0, 16, 160);
    const data = context.getImageData(0, 0, 16, 160).data;
    let number = 0;
    for (let bit = 0; bit < 10; bit += 1) if (data[((bit * 16 + 8) * 16 + 8) * 4] > 128) number += 1 << bit;
    return number;
  };
  for (;;) {
    const number = shown();
    if (number >= first && number <= last) break;
    await new Promise(requestAnimationFrame);
  }
  document.getElementById('take').click();
}"""


def enter(page: Any, program: StudioProgram, subject_id: str) -> None:
    """Open the recording page and agree for a person, until the camera is ready."""
    page.goto(program.url)
    page.goto(f"{program.base}record")
    sit_down(page, subject_id)


def sit_down(page: Any, subject_id: str) -> None:
    """Agree for a person, where that is asked, until the camera is ready."""
    page.wait_for_selector("#who:not([hidden])")
    wait_until(page, "document.getElementById('subject').value !== ''")
    page.fill("#subject", subject_id)
    page.click("#who-form button[type=submit]")
    page.wait_for_selector("#consent:not([hidden]), #camera:not([hidden])")
    if page.is_visible("#consent"):
        page.check("#scope-train")
        page.click("#consent-yes")
    page.wait_for_selector("body[data-state=ready]")


Launch = Callable[..., Any]
