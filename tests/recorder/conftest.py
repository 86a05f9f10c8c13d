"""Films with numbered frames, a short protocol, a real screen, and the recorder as a command."""

import copy
import ctypes
import ctypes.util
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from shared.dataset.protocol import read_protocol

REPOSITORY = Path(__file__).resolve().parents[2]
Start = Callable[..., subprocess.Popen[str]]
TICK = Fraction(1, 90_000)
SIDE_PX, CELLS = 96, 4


def numbered_picture(number: int) -> np.ndarray:
    """Draw a number as 16 black or white cells, which survive any codec."""
    bits = np.array([(number >> bit) & 1 for bit in range(CELLS * CELLS)], np.uint8).reshape(CELLS, CELLS)
    cell = SIDE_PX // CELLS
    grey = np.kron(bits * 200 + 25, np.ones((cell, cell), np.uint8))
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


@pytest.fixture
def read_number() -> Callable[[np.ndarray], int]:
    """Read the number that a stored picture shows."""

    def read(picture: np.ndarray) -> int:
        cell = picture.shape[0] // CELLS
        bits = [
            int(picture[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell].mean() > 125)
            for row in range(CELLS)
            for column in range(CELLS)
        ]
        return sum(bit << place for place, bit in enumerate(bits))

    return read


@pytest.fixture
def make_film(tmp_path: Path) -> Callable[..., Path]:
    """Make a film with a numbered frame at each of these times."""

    def make(times_s: Sequence[float], numbers: Sequence[int] | None = None, name: str = "film.mp4") -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width = stream.height = SIDE_PX
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = TICK
            stream.codec_context.options = {"preset": "ultrafast"}
            for index, time_s in enumerate(times_s):
                number = numbers[index] if numbers is not None else index
                picture = av.VideoFrame.from_ndarray(numbered_picture(number), format="rgb24")
                picture.time_base, picture.pts = TICK, round(time_s / TICK)
                container.mux(stream.encode(picture))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture
def short_protocol(tmp_path: Path) -> Path:
    """Write a protocol of 2.4 s, for tests in real time: 0.2 to 0.7 s is neutral, 1.1 to 1.5 s a smile."""
    document = copy.deepcopy(read_protocol().document)
    prompts = [phase["prompt"] for phase in document["phases"]]
    document.update(
        name="short",
        duration_s=2.4,
        phases=[
            {"start_s": start, "end_s": end, "prompt": prompt}
            for (start, end), prompt in zip([(0, 0.8), (0.8, 1.6), (1.6, 2.4)], prompts, strict=True)
        ],
        windows=[
            {"start_s": 0.2, "end_s": 0.7, "label": "non_smile", "emotion": "neutral"},
            {"start_s": 1.1, "end_s": 1.5, "label": "smile", "emotion": "happy"},
        ],
        sequences_per_window=1,
        frame_interval_ms=80,
    )
    path = tmp_path / "short.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with its own home, no models and no screen."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONWARNINGS")
    kept = {key: value for key, value in os.environ.items() if key not in hidden}
    nowhere = {"SMILEBENCH_HOME": str(tmp_path / "home"), "SMILEBENCH_ASSETS": str(tmp_path / "no-models")}
    return {**kept, **nowhere}


@pytest.fixture
def start(environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Start the recorder as a process of its own."""

    def begin(*flags: object, **extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tools.recorder", *map(str, flags)],
            cwd=REPOSITORY,
            env={**environment, **extra},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    return begin


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run the recorder here, without a window, into the dataset d; returns (exit code, JSON or None, stderr)."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "no-models"))
    from tools.recorder.cli import main

    def run(*flags: object, subject: str = "s01") -> tuple[int, Any, str]:
        capsys.readouterr()
        arguments = ["--subject", subject, "--dataset", "d", "--no-preview", "--json", "--consent", "train"]
        arguments += ["--face-model", "none", "--landmark-model", "none", *map(str, flags)]
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    """The folder that `record` and `start --dataset d` write to."""
    return tmp_path / "home" / "datasets" / "d"


WaitFor = Callable[..., None]


def wait_until(is_there: Callable[[], bool], process: subprocess.Popen[str], patience_s: float = 90) -> None:
    """Wait for a state of a program that must not end before; the patience is a guard, not a pace."""
    until_s = time.monotonic() + patience_s
    while not is_there():
        assert process.poll() is None, (process.returncode, *process.communicate())
        assert time.monotonic() < until_s, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def wait_for() -> WaitFor:
    """Return `wait_until`: ``wait_for(is_there, process, patience_s=90)``."""
    return wait_until


class Screen:
    """A real X server with a keyboard and a camera of its own."""

    def __init__(self, display: str, buffer: Path) -> None:
        self.display = display
        self._buffer = buffer

    def open(self, start: Start, *flags: object) -> subprocess.Popen[str]:
        """Start the recorder and wait until its window is painted.

        Without a window manager, and on a busy machine, Qt sometimes opens no window, or one that it never paints;
        nothing is recorded by then, so it is started again, three times at most.
        """
        err = ""
        for _ in range(4):
            process = start(*flags, DISPLAY=self.display)
            until_s = time.monotonic() + 45
            while process.poll() is None and time.monotonic() < until_s:
                if self.shot().mean() > 15:
                    return process
                time.sleep(0.05)
            process.kill()
            _, err = process.communicate()
        raise AssertionError(f"no window was painted in four attempts: {err}")

    def press(self, key: str) -> None:
        self._xdotool("key", key)

    def close_window(self) -> None:
        """Send what a window manager sends when its close button is pressed; xdotool cannot."""
        window = int(self._xdotool("search", "--onlyvisible", "--name", "smilebench").split()[0])
        x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        server = ctypes.c_void_p(x11.XOpenDisplay(self.display.encode()))
        protocols, delete = (x11.XInternAtom(server, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        # XClientMessageEvent on 64 bits: type, serial, send_event, display, window, message_type, format, data
        event = struct.pack("=iiqiiqQQiiqqqqq", 33, 0, 0, 0, 0, 0, window, protocols, 32, 0, delete, 0, 0, 0, 0)
        x11.XSendEvent(server, ctypes.c_ulong(window), 0, ctypes.c_long(0), event.ljust(192, b"\0"))
        x11.XCloseDisplay(server)

    def _xdotool(self, *words: str) -> str:
        command, where = ["xdotool", *words], {"DISPLAY": self.display}
        done = subprocess.run(command, env=where, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout

    def shot(self) -> np.ndarray:
        """Look at the screen, (900, 1400, 3) BGR: the server's own memory, an XWD file, so that looking takes no time.

        Of its header of 32-bit numbers, 0 is the header's own size and 19 the number of colours of 12 bytes after it.
        """
        header = np.fromfile(self._buffer, ">u4", 25)
        offset, width, height = header[0] + 12 * header[19], header[4], header[5]
        pixels = np.fromfile(self._buffer, np.uint8, width * height * 4, offset=offset)
        return pixels.reshape(height, width, 4)[..., :3]

    def count(self, least: tuple[int, int, int], most: tuple[int, int, int], above_px: int = 900) -> int:
        """Count the pixels of a colour (BGR) in the screen's upper part."""
        picture = self.shot()[:above_px]
        return int(((picture >= least) & (picture <= most)).all(axis=2).sum())


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)} to open a real window")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "1400x900x24", "-fbdir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert server.stdout is not None
    yield Screen(f":{int(server.stdout.readline())}", tmp_path / "Xvfb_screen0")
    server.terminate()
    server.wait()
    server.stdout.close()
