"""Fixtures that more than one test folder uses."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import contracts
from shared.dataset_writer import DatasetWriter, NewSequence
from shared.preprocess import U8
from shared.protocol import Protocol, choose_frames, read_protocol
from shared.sequences import Dataset, open_dataset
from shared.video import FilmWriter, Frame

FPS = 30.0
MakeDataset = Callable[..., Dataset]


def _draw_face(rng: np.random.Generator, subject: int, smiles: bool, size_px: int) -> U8:
    """Draw a face whose colours tell the person and whose mouth tells the label; noise and a small shift on top."""
    person = np.random.default_rng(1000 + subject)
    skin, back, mouth = (
        tuple(int(c) for c in person.integers(low, high, 3)) for low, high in [(150, 240), (20, 120), (60, 130)]
    )
    face = np.full((size_px, size_px, 3), back, np.uint8)
    unit = size_px / 224
    dx, dy = rng.integers(-4, 5, 2)
    centre = (round(112 * unit + dx), round(112 * unit + dy))
    cv2.ellipse(face, centre, (round((62 + subject % 5 * 3) * unit), round(86 * unit)), 0, 0, 360, skin, -1)
    for side in (-1, 1):
        cv2.circle(
            face, (centre[0] + round(side * 26 * unit), centre[1] - round(26 * unit)), round(8 * unit), (30, 30, 30), -1
        )
    at = (centre[0], centre[1] + round((22 if smiles else 42) * unit))
    if smiles:
        cv2.ellipse(face, at, (round(38 * unit), round(26 * unit)), 0, 0, 180, mouth, -1)
    else:
        cv2.line(
            face, (at[0] - round(26 * unit), at[1]), (at[0] + round(26 * unit), at[1]), mouth, max(1, round(6 * unit))
        )
    noise = rng.integers(-6, 7, face.shape, dtype=np.int16)
    return np.asarray(np.clip(face.astype(np.int16) + noise, 0, 255), dtype=np.uint8)


def _write_film(path: Path, duration_s: float) -> None:
    """Write a tiny film that stands for the take's."""
    film = FilmWriter(path, 32, 32)
    for number in range(4):
        film.add(Frame(number * duration_s / 4, np.full((32, 32, 3), 40 * number, np.uint8)))
    film.close()


def write_dataset(
    folder: Path, subjects: int = 6, takes: int = 1, kind: str = "synthetic", protocol: Protocol | None = None
) -> Dataset:
    """Write a valid dataset of drawn faces through the real DatasetWriter.

    Each person gets `takes` takes of the protocol's sequences (four by default: two of each label, five pictures of
    224 px). A second call on the same folder adds to it. People are s01, s02, ...; the mouth tells the label.

    Returns:
        The opened dataset.
    """
    script = protocol or read_protocol()
    times_s = [number / FPS for number in range(round(script.duration_s * FPS) + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    film = folder / ".incoming-film.mp4"
    _write_film(film, script.duration_s)
    film_bytes = film.read_bytes()
    with DatasetWriter(folder, script, kind) as writer:
        rng = np.random.default_rng(writer.manifest["next"]["take"])  # so that a second call draws other pictures
        for subject in range(1, subjects + 1):
            for _ in range(takes):
                found = [
                    NewSequence(
                        window.label,
                        window.emotion,
                        tuple(times_s[index] * 1000 for index in indices),
                        np.stack(
                            [
                                _draw_face(
                                    rng,
                                    subject,
                                    window.label == script.document["positive_class"],
                                    script.image_size_px,
                                )
                                for _ in indices
                            ]
                        ),
                    )
                    for window in script.windows
                    for indices in choose_frames(script, window, times_s)
                ]
                film.write_bytes(film_bytes)
                record = {
                    "subject_id": f"s{subject:02d}",
                    "recorded_utc": "2026-01-22T11:25:34Z",
                    "source": "synthetic" if kind == "synthetic" else "camera",
                    "source_sha256": None,
                    "source_note": "drawn by a test",
                    "width_px": 32,
                    "height_px": 32,
                    "clock": "simulated",
                    "duration_s": float(script.duration_s),
                    "n_frames": len(times_s),
                    "measured_fps": FPS,
                    "nominal_fps": FPS,
                    "n_dropped": 0,
                    "n_doubled": 0,
                    "largest_gap_ms": 1000 / FPS,
                    "protocol_sha256": contracts.sha256_json(script.document),
                    "tool_version": "test",
                }
                writer.add_take(record, film, found)
    return open_dataset(folder)


@pytest.fixture
def make_dataset() -> MakeDataset:
    """Return `write_dataset`: ``make_dataset(folder, subjects=6, takes=1, kind="synthetic", protocol=None)``."""
    return write_dataset
