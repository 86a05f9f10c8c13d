"""Photos and films to import, and the importer as a user runs it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from shared.arrays import U8
from shared.video import FilmWriter, Frame
from tools.importer import cli

Answer = tuple[int, dict[str, Any], str]


@pytest.fixture
def draw() -> Callable[..., U8]:
    """Return a factory of pictures of blobs, RGB: ``draw(seed, width_px=80, height_px=80)``."""

    def make(seed: int, width_px: int = 80, height_px: int = 80) -> U8:
        rng = np.random.default_rng(seed)
        small = rng.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        return np.asarray(cv2.resize(small, (width_px, height_px), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return make


@pytest.fixture
def save() -> Callable[[Path, U8], None]:
    """Return a function that writes a picture, also under a name in Hangul."""

    def write(path: Path, picture: U8) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(path.suffix, np.ascontiguousarray(picture[:, :, ::-1]))[1].tobytes())

    return write


@pytest.fixture
def make_film() -> Callable[..., None]:
    """Return a function that writes a film: ``make_film(path, times_s)``; a frame's grey is its number, times 2."""

    def write(path: Path, times_s: list[float]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        film = FilmWriter(path, 64, 48)
        for number, time_s in enumerate(times_s):
            film.add(Frame(time_s, np.full((48, 64, 3), 2 * number % 256, np.uint8)))
        film.close()

    return write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return a function that runs the importer: exit code, its JSON (empty where there is none) and stderr."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "no-models"))  # blobs have no faces

    def importer(*words: object) -> Answer:
        capsys.readouterr()
        try:
            code = cli.main([*map(str, words), "--json"])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return code, json.loads(out or "{}"), err

    return importer
