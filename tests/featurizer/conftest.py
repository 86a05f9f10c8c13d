"""Datasets of photos, one picture a sequence."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared import contracts, paths
from shared.arrays import U8
from shared.dataset import consent, reader
from shared.dataset.protocol import read_protocol
from shared.dataset.reader import Dataset, SequenceRow, open_dataset
from shared.dataset.writer import JPEG_QUALITY, DatasetWriter
from shared.faces.landmarker import MODEL_NAME
from shared.preprocess import crop_and_resize

PHOTOS = paths.assets() / "data/images/genki4k"
MODEL = paths.assets() / "models" / MODEL_NAME

WritePhotos = Callable[..., Dataset]


def write_photos(folder: Path, encoded: Sequence[Sequence[bytes]], labels: Sequence[str]) -> Dataset:
    """Write a dataset of one sequence for each list of encoded pictures, of one person each."""
    with DatasetWriter(folder, read_protocol(), "real") as writer:
        manifest = writer.manifest
    manifest["rights"] = [consent.right_of("any", "research use", "MPLab GENKI-4K")]
    rows = []
    (folder / "images").mkdir(exist_ok=True)
    for number, (pictures, label) in enumerate(zip(encoded, labels, strict=True), start=1):
        row = SequenceRow(
            f"seq_{number:04d}", f"p{number:04d}", f"take_{number:04d}", label, None, len(pictures), 0.0, 0.0,
            tuple(0.0 for _ in pictures), "camera", False, reader.hash_pictures(pictures),
        )  # fmt: skip
        for name, data in zip(row.frame_names(), pictures, strict=True):
            (folder / name).write_bytes(data)
        rows.append(row)
    (folder / reader.LABELS).write_bytes(reader.format_labels(rows))
    manifest["checksums"] = {reader.LABELS: contracts.sha256_file(folder / reader.LABELS)}
    contracts.write_document(folder / reader.MANIFEST, manifest, "dataset")
    return open_dataset(folder)


def encode(picture_rgb: U8) -> bytes:
    bgr = np.ascontiguousarray(picture_rgb[:, :, ::-1])
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())


@pytest.fixture(scope="session")
def photos() -> list[bytes]:
    """Return 24 photos of 12 smiling and 12 serious people in turn, cropped and encoded; the last shows nobody."""
    if not (PHOTOS / "labels.csv").is_file() or not MODEL.is_file():
        pytest.skip(f"no {PHOTOS} or no {MODEL}")
    pytest.importorskip("mediapipe", reason="the featurizer extra is not installed")
    lines = (PHOTOS / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]
    folder = PHOTOS / "images" if (PHOTOS / "images").is_dir() else PHOTOS
    chosen = [[line.split(",")[0] for line in lines if line.endswith(f",{smile}")][:12] for smile in (1, 0)]
    found: list[bytes] = []
    for pair in zip(*chosen, strict=True):
        for name in pair:
            picture = np.asarray(cv2.imread(str(folder / name), cv2.IMREAD_COLOR_RGB), np.uint8)
            found.append(encode(crop_and_resize(picture)))
    found[-1] = encode(np.full((224, 224, 3), 90, np.uint8))
    return found


@pytest.fixture
def people(tmp_path: Path, photos: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Return a dataset of the photos, a sequence each, in a home of its own."""
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(paths.assets()))
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return write_photos(tmp_path / "datasets/people", [[photo] for photo in photos], ["smile", "non_smile"] * 12)


@pytest.fixture
def rewrite() -> WritePhotos:
    """Return `write_photos`: ``rewrite(folder, encoded, labels)``."""
    return write_photos
