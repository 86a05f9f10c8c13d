"""What training on features holds in memory: a bounded part of them, however many pictures there are."""

import tracemalloc

import numpy as np
import pytest
import torch

from shared.dataset import feature_store
from shared.dataset.feature_store import INDEX_DTYPE, Features, row_dtype
from shared.dataset.reader import SequenceRow
from shared.system.array_file import ArrayFile
from tools.trainer import features as trainer_features

N = 3000
ROW_BYTES = 478 * 3 * 4


class Photos:
    """Stands for a dataset; its features are at hand."""

    positive_class = "smile"


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """Plant the landmarks of 3,000 photos, 17 MB; every tenth shows no face."""
    kept = np.zeros(N, row_dtype("landmarks"))
    numbers = np.arange(N)
    kept["n_faces"] = numbers % 10 != 3
    kept["landmarks"] = np.random.default_rng(0).normal(size=(1, 478, 3)) + numbers[:, None, None] / N
    kept["landmarks"][kept["n_faces"] == 0] = np.nan
    np.save(tmp_path / "rows.npy", kept)
    index = np.zeros(N, INDEX_DTYPE)
    index["sequence_id"] = [f"seq_{number:04d}" for number in numbers]
    index["first"], index["frame_count"], index["sha256"] = numbers, 1, "a" * 64
    store = Features(tmp_path, {}, "landmarks", ArrayFile(tmp_path / "rows.npy"), index)
    monkeypatch.setattr(feature_store, "open_features", lambda *_, **__: store)
    columns = {"emotion": None, "frame_count": 1, "frame_interval_ms": 0.0, "start_ms": 0.0, "frame_times_ms": (0.0,)}
    columns |= {"source": "photo", "reviewed": False, "sha256": "a" * 64}
    labels = ("smile", "non_smile")
    yield [
        SequenceRow(
            sequence_id=f"seq_{n:04d}", subject_id=f"p{n}", take_id=f"take_{n}", label=labels[n % 2], **columns
        )
        for n in range(N)
    ]  # fmt: skip
    store.rows.close()


def test_features_of_many_photos_are_read_as_they_are_needed(rows, monkeypatch):
    monkeypatch.setattr(trainer_features, "_MOST_HELD_BYTES", 100 * ROW_BYTES)
    tracemalloc.start()
    try:
        part = trainer_features.FeatureSequences(Photos(), rows, "landmarks")
        mean = sum(block.sum(0) for block in part.all()) / len(part)
        for batch in part.batches(64, range(len(part)), None, 1):
            assert batch.frames.shape[1:] == (1, 478, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(part) == N * 9 // 10
    assert torch.isfinite(mean).all()
    assert peak < N * ROW_BYTES / 2  # a block of 256, twice, and the hundred that are held


def test_what_is_held_and_what_is_read_are_the_same_batches(rows, monkeypatch):
    order = np.random.default_rng(1).permutation(len(rows) * 9 // 10)[:200].tolist()
    found = []
    for limit in (0, 300 * ROW_BYTES, 1 << 30):
        monkeypatch.setattr(trainer_features, "_MOST_HELD_BYTES", limit)
        part = trainer_features.FeatureSequences(Photos(), rows, "landmarks")
        found.append(torch.cat([batch.frames for batch in part.batches(64, order, None, 1)]))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
