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

from shared import sequences
from shared.twins import find_twins
from tools.importer import cli as importer
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
    """Time a piece of work and print its speed."""
    start_s = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    took_s = time.perf_counter() - start_s
    factor = (HUNDRED_THOUSAND / N_PICTURES) ** (2 if squared else 1)
    print(f"{what:28} {took_s:6.1f} s  {N_PICTURES / took_s:7.0f} pictures/s  100,000: {took_s * factor / 60:5.1f} min")


def main() -> None:
    """Make photos, take them in twice, open, verify and compare them."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["SMILEBENCH_HOME"] = name
        draw_photos(home / "photos")
        words = ["--dataset", "many", "--photos", str(home / "photos"), "--quiet", "--json"]
        folder = home / "datasets" / "many"
        measure("import", lambda: importer.main(words))
        measure("import again", lambda: importer.main(words))
        measure("open", lambda: sequences.open_dataset(folder))
        measure("verify", lambda: verifier.main(["--dataset", "many", "--quiet", "--json"]))
        measure("compare (grows squared)", lambda: find_twins(sequences.open_dataset(folder)), squared=True)


if __name__ == "__main__":
    main()
