"""The index of hashes finds what comparing all with all finds."""

import numpy as np
import pytest

from tools.splitter import hash_index, image_matching

N = 1500


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Noise of low frequencies, of which every tenth picture is there again, mirrored or in other light."""
    rng = np.random.default_rng(0)
    coarse = rng.random((N, 8, 8, 1)).astype(np.float32)
    smooth = coarse.repeat(8, 1).repeat(8, 2)
    for axis in (1, 2):
        for _ in range(3):
            smooth = (smooth + np.roll(smooth, 1, axis) + np.roll(smooth, -1, axis)) / 3
    fine = rng.random((N, 64, 64, 1)).astype(np.float32) * 0.15
    found = (smooth + fine) * 200
    copies = np.arange(0, N, 10)
    found[copies + 1] = found[copies] * 0.9 + 8
    found[copies[::2] + 1] = found[copies[::2]][:, :, ::-1]
    return found.clip(0, 255).astype(np.uint8).repeat(3, 3)


def test_it_finds_what_comparing_all_with_all_finds(pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    described = image_matching.describe(pictures)
    exact = image_matching.find_matches(described, range(N))
    monkeypatch.setattr(hash_index, "LEAST", 1)
    looked_up = image_matching.find_matches(described, range(N))
    assert len(exact) >= N // 10
    assert looked_up == exact


def test_few_pictures_need_no_index_and_many_say_what_would_be_quicker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hashes = np.zeros((10, 35), np.float32)
    assert hash_index.open_index(hashes) is None
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(hash_index, "LEAST", 1)
    monkeypatch.setattr(hash_index.importlib.util, "find_spec", lambda name: None)
    assert hash_index.open_index(hashes) is None
    assert "pip install 'smilebench[near-duplicates]'" in capsys.readouterr().err


def test_of_many_look_alikes_a_few_are_aligned_with_each_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("faiss")
    n = 300
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (8, 8, 1)).repeat(8, 0).repeat(8, 1)
    alike = (one * 0.6 + rng.integers(0, 60, (n, 64, 64, 1))).astype(np.uint8).repeat(3, 3)
    aligned = []
    monkeypatch.setattr(image_matching, "_align", lambda *pair: aligned.append(pair))
    described = image_matching.describe(alike)
    image_matching.find_matches(described, range(n))
    n_exact = len(aligned)
    aligned.clear()
    monkeypatch.setattr(hash_index, "LEAST", 1)
    assert image_matching.find_matches(described, range(n)) == []
    assert n_exact > 100 * n
    assert 0 < len(aligned) <= 8 * n
