"""A hand-off that answers by hand, and drawn films that it sees: grey frames, ten a second."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared.video import FilmWriter, Frame

DrawFilm = Callable[..., Path]


@pytest.fixture(scope="session")
def draw_film() -> DrawFilm:
    """Write a film: ``draw_film(path, n_frames, (30, 60), (80, 83))`` is white from frame 30 to 59 and 80 to 82."""

    def draw(path: Path, n_frames: int, *white: tuple[int, int]) -> Path:
        film = FilmWriter(path, 64, 64)
        for number in range(n_frames):
            level = 255 if any(start <= number < end for start, end in white) else 0
            film.add(Frame(number / 10, np.full((64, 64, 3), level, np.uint8)))
        film.close()
        return path

    return draw
