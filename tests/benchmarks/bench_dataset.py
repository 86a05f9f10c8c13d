"""Importing, opening, verifying and comparing many pictures: pictures a second, and what 100,000 would take.

./inv bench --only dataset
"""

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from shared.dataset import reader
from tools.importer import cli as importer
from tools.splitter import image_matching
from tools.verifier import cli as verifier

N_PICTURES = 4000
HUNDRED_THOUSAND = 100_000


def draw_photos(folder: Path) -> None:
    """Write photos of blobs, 200 px, as files of 10 kB."""
    rng = np.random.default_rng(0)
    for number in range(N_PICTURES):
        label = ("smile", "non_smile")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        small = rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)
        photo = cv2.resize(small, (200, 200), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / label / f"{number:05d}.jpg"), photo)


def measure(what: str, work: Callable[[], object], *, squared: bool = False) -> None:
    """Time a piece of work; print its speed and what 100,000 would take, by the clock and of all cores together."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    factor = (HUNDRED_THOUSAND / N_PICTURES) ** (2 if squared else 1)
    speed = f"{N_PICTURES / took_s:7.0f} pictures/s  100,000: {took_s * factor / 60:5.1f} min"
    print(f"{what:28} {took_s:6.1f} s  {speed}, of processor {cpu_s * factor / 60:5.1f} min")


def describe(dataset: reader.Dataset) -> image_matching.Fingerprints:
    """Read all pictures, one after the other, as the duplicates check does on all cores."""
    size = (image_matching.SIZE_PX, image_matching.SIZE_PX)
    parts = []
    for row in dataset.rows:
        small = cv2.resize(dataset.load_frames(row)[0], size, interpolation=cv2.INTER_AREA)
        parts.append(image_matching.describe(small[None]))
    return image_matching.join(parts)


def main() -> None:
    """Make photos, take them in twice, open, verify and compare them."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["SMILEBENCH_HOME"] = name
        draw_photos(home / "photos")
        words = ["--dataset", "many", "--photos", str(home / "photos"), "--face-model", "none", "--quiet", "--json"]
        folder = home / "datasets" / "many"
        measure("import", lambda: importer.main(words))
        measure("import again", lambda: importer.main(words))
        measure("open", lambda: reader.open_dataset(folder))
        measure("verify", lambda: verifier.main(["--dataset", "many", "--quiet", "--json"]))
        kept: list[image_matching.Fingerprints] = []
        measure("describe", lambda: kept.append(describe(reader.open_dataset(folder))))
        measure(
            "compare (grows squared)", lambda: image_matching.find_matches(kept[0], range(N_PICTURES)), squared=True
        )


if __name__ == "__main__":
    main()
