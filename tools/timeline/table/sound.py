"""A film's sound over time: loudness, and laughter as YAMNet hears it, in steps of 0.48 s, with flat memory.

Loudness is the root mean square of a step in dB below full scale (-120 for silence), not weighted by frequency.
Laughter is what `shared.sound.laughter` says; what it means in a film is for `tools.timeline.moments.curves`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import F32
from shared.errors import InvalidInput
from shared.faces.silence import hushed_stderr
from shared.sound.laughter import (
    BANDS,
    HOW_TO_GET_IT,
    N_CLASSES,
    NEEDED,
    PATCH,
    RATE_HZ,
    STEP,
    STEP_S,
    YAMNET,
    find_yamnet_file,
    laughter_of,
    log_mel,
)
from tools.timeline.audio import read_audio

SILENCE_DB = -120.0
_MOST_GAP_S = 0.05


@dataclass(frozen=True)
class Step:
    """A step of sound; laughter is None where no YAMNet listens."""

    time_s: float
    loudness_db: float
    laughter: float | None


class Yamnet:
    """A loaded YAMNet that takes log-mel patches.

    Args:
        path: The .tflite file.

    Raises:
        InvalidInput: The file is another model.
        ModuleNotFoundError: LiteRT is not installed.
    """

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.path, self.sha256 = path, contracts.sha256_file(path)
        try:
            with hushed_stderr():
                self._graph: Any = Interpreter(model_path=str(path), num_threads=1)
                self._graph.allocate_tensors()
        except (ValueError, RuntimeError):
            raise InvalidInput(str(path), found="no LiteRT graph", expected=YAMNET) from None
        (self._input,), (self._output,) = self._graph.get_input_details(), self._graph.get_output_details()[:1]
        if list(self._input["shape"]) != [1, PATCH, BANDS] or self._output["shape"][-1] != N_CLASSES:
            found = f"a graph of {list(self._input['shape'])}"
            raise InvalidInput(str(path), found=found, expected=f"[1, {PATCH}, {BANDS}] and {N_CLASSES} classes")

    def hear(self, samples: F32) -> F32:
        """Return the 521 scores of a patch of 15,600 samples."""
        self._graph.set_tensor(self._input["index"], log_mel(samples)[None])
        self._graph.invoke()
        return np.asarray(self._graph.get_tensor(self._output["index"]), np.float32).reshape(-1)


def find_yamnet() -> tuple[Yamnet | None, str]:
    """Open YAMNet where it and LiteRT are here; else None and what is missing."""
    path = find_yamnet_file()
    if path is None:
        return None, f"no {YAMNET}: {HOW_TO_GET_IT}"
    try:
        return Yamnet(path), ""
    except ModuleNotFoundError:
        return None, "no LiteRT: pip install 'smilebench[timeline-sound]'"


def read_sound(film: Path, yamnet: Yamnet | None) -> Iterator[Step]:
    """Yield the steps of a film's first sound track, on the player's clock; nothing where it has none.

    Args:
        film: The film.
        yamnet: Who listens for laughter; None for nobody.
    """
    pending, start_s, n_done = np.zeros(0, np.float32), 0.0, 0
    for time_s, samples in _read_samples(film):
        if n_done == 0 and not pending.size:
            start_s = time_s
        pending = np.concatenate([pending, samples])
        while pending.size >= NEEDED:
            yield _measure(start_s + n_done * STEP_S, pending, yamnet)
            pending, n_done = pending[STEP:], n_done + 1
    while pending.size >= STEP // 2:
        padded = np.concatenate([pending, np.zeros(NEEDED, np.float32)])
        yield _measure(start_s + n_done * STEP_S, padded, yamnet)
        pending, n_done = pending[STEP:], n_done + 1


def _measure(time_s: float, pending: F32, yamnet: Yamnet | None) -> Step:
    power = float(np.mean(np.square(pending[:STEP], dtype=np.float64)))
    loudness = 10 * np.log10(power) if power > 10 ** (SILENCE_DB / 10) else SILENCE_DB
    laughter = None if yamnet is None else laughter_of(yamnet.hear(pending[:NEEDED]))
    return Step(time_s, float(loudness), laughter)


def _read_samples(film: Path) -> Iterator[tuple[float, F32]]:
    """Yield pieces of mono sound at 16 kHz with their times; gaps are filled with silence."""
    expected_s: float | None = None
    for time_s, samples in read_audio(film, RATE_HZ, "mono"):
        if expected_s is not None and time_s - expected_s > _MOST_GAP_S:
            yield from _silence(expected_s, time_s)
        expected_s = time_s + samples.shape[1] / RATE_HZ
        yield time_s, samples[0]


def _silence(from_s: float, to_s: float) -> Iterator[tuple[float, F32]]:
    """Yield silence in pieces of a second at most."""
    left = round((to_s - from_s) * RATE_HZ)
    while left > 0:
        yield from_s, np.zeros(min(left, RATE_HZ), np.float32)
        left -= RATE_HZ
