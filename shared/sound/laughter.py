"""What laughter in sound is, in one place: the features, YAMNet's six classes of it, and how their sum is judged.

Runs no network: `tools.timeline.table.sound` listens to films with it, the page of `tools.game` to a microphone.
YAMNet's own scores are small where an audience laughs (0.1 to 0.9 for the six together), so that they are taken against
what is usual in a film or a room, never against a fixed 0.5.
Source: AudioSet's YAMNet (Apache-2.0): mono 16 kHz, periodic Hann windows of 25 ms every 10 ms, |FFT of 512|, 64 HTK
mel bands from 125 to 7,500 Hz, log(x + 0.001), 96 frames a patch.
  python -c "from shared.sound.laughter import find_yamnet_file; print(find_yamnet_file())"
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import F32, F64
from shared.faces.landmarker import model_folders

YAMNET = "yamnet_spectra_int8.tflite"
KNOWN_SHA256 = "0a266465c46718f3fcc4137366be82882a8c93bfcc4f0278581a11d11dddcdf9"
HOW_TO_GET_IT = "./inv fetch-models --only yamnet --from DIR"
RATE_HZ, HOP, WINDOW, FFT = 16_000, 160, 400, 512
PATCH, PATCH_HOP, BANDS = 96, 48, 64
STEP, NEEDED = PATCH_HOP * HOP, (PATCH - 1) * HOP + WINDOW  # samples from one patch to the next, and of a patch
STEP_S = STEP / RATE_HZ
LAUGHTER = slice(13, 19)  # AudioSet: laughter, baby laughter, giggle, snicker, belly laugh, chuckle or chortle
N_CLASSES = 521
HALF = 0.08  # of the six classes above what is usual: an audience's laughs 0.1 to 0.35, a gasp 0.03, applause 0
_LOW_HZ, _HIGH_HZ, _FLOOR = 125.0, 7500.0, 0.001


def find_yamnet_file() -> Path | None:
    """Return YAMNet's file among the fetched models, then among the assets; None where it is in neither."""
    return next((folder / YAMNET for folder in model_folders() if (folder / YAMNET).is_file()), None)


def log_mel(samples: F32) -> F32:
    """Return the (96, 64) log-mel patch of 15,600 samples at 16 kHz, from -1 to 1."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP][:PATCH]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    sizes = np.abs(np.fft.rfft(frames * hann, FFT))
    return np.asarray(np.log(sizes @ mel_weights() + _FLOOR), np.float32)


@functools.cache
def mel_weights() -> F32:
    """Return the (257, 64) weights of HTK's mel bands."""
    bins = 1127 * np.log1p(np.arange(FFT // 2 + 1) * RATE_HZ / FFT / 700)
    low, high = (1127 * float(np.log1p(hz / 700)) for hz in (_LOW_HZ, _HIGH_HZ))
    edges = np.linspace(low, high, BANDS + 2)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    return np.asarray(weights, np.float32)


def laughter_of(scores: F32) -> float:
    """Return the laughter of a patch: the sum of the six classes of its (521,) scores."""
    return float(scores[LAUGHTER].sum())


def strength_of(laughter: F64, usual: float) -> F64:
    """Return how much there is above what is usual, from 0 (no more) towards 1; one half at `HALF` above it.

    Args:
        laughter: (...) of patches.
        usual: The laughter that is always there, such as a film's median.

    Example:
        >>> strength_of(np.array([0.02, 0.1, 0.34]), 0.02).round(3).tolist()
        [0.0, 0.5, 0.8]
    """
    over = np.maximum(laughter - usual, 0.0)
    return np.asarray(over / (over + HALF), np.float64)


def as_json() -> dict[str, Any]:
    """Give the same for a page: sizes, the weights of each band from its first bin on, classes, and `HALF`."""
    bands = []
    for weights in mel_weights().T:
        there = np.flatnonzero(weights)
        first, end = (int(there[0]), int(there[-1]) + 1) if there.size else (0, 0)  # a low band may hold no bin
        bands.append({"first": first, "weights": [float(weight) for weight in weights[first:end]]})
    return {
        "rate_hz": RATE_HZ,
        "hop": HOP,
        "window": WINDOW,
        "fft": FFT,
        "floor": _FLOOR,
        "patch": PATCH,
        "bands": bands,
        "classes": [LAUGHTER.start, LAUGHTER.stop],
        "half": HALF,
    }
