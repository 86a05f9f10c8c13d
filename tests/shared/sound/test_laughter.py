"""Laughter in sound: the features, and what is judged."""

from pathlib import Path

import numpy as np
import pytest

from shared import paths
from shared.sound import laughter


def test_log_mel_of_a_tone_peaks_in_its_band() -> None:
    # 64 bands between 125 and 7,500 Hz are 41.2 mel apart; 1,000 Hz (1,000 mel) lies 19.8 of them above 125 Hz (185).
    tone = np.sin(2 * np.pi * 1000 * np.arange(15_600) / 16_000).astype(np.float32)
    assert laughter.log_mel(tone).shape == (96, 64)
    assert set(laughter.log_mel(tone).argmax(1).tolist()) <= {18, 19}
    assert laughter.log_mel(np.zeros(15_600, np.float32)) == pytest.approx(np.log(0.001), abs=1e-5)


def test_the_six_classes_are_summed_and_taken_against_what_is_usual() -> None:
    scores = np.zeros(521, np.float32)
    scores[[12, 13, 18, 19]] = (0.5, 0.25, 0.125, 0.5)  # whispering before them, crying after them
    assert laughter.laughter_of(scores) == 0.375
    strength = laughter.strength_of(np.array([0.0, 0.1, 0.18, 0.34]), 0.1)
    assert strength.tolist() == pytest.approx([0, 0, 0.5, 0.75])  # 0.08 above it is one half


def test_a_page_gets_the_same_bands() -> None:
    definition = laughter.as_json()
    weights = np.zeros((257, 64), np.float32)
    for number, band in enumerate(definition["bands"]):
        weights[band["first"] : band["first"] + len(band["weights"]), number] = band["weights"]
    assert np.array_equal(weights, laughter.mel_weights())
    assert sum(len(band["weights"]) for band in definition["bands"]) < 1000
    assert (definition["patch"] - 1) * definition["hop"] + definition["window"] == laughter.NEEDED


def test_the_fetched_file_is_found_before_the_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path))
    assert laughter.find_yamnet_file() is None
    for folder in (tmp_path / "models", paths.artifacts("fetched")):
        folder.mkdir(parents=True)
        (folder / laughter.YAMNET).write_bytes(b"x")
        assert laughter.find_yamnet_file() == folder / laughter.YAMNET
