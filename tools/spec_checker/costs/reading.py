"""What reading a face costs, for models of landmarks and blendshapes: most of their decision, and of their download.

Natively MediaPipe reads a drawn face here, in Python; in a browser the hand-off's newest proof says how long it took.
"""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts, paths
from shared.errors import SmilebenchError
from shared.golden.drawing import draw_face
from shared.preprocess import crop_and_resize
from tools.spec_checker.costs.missing import Note, missing


def read_costs(folder: Path, spec: Mapping[str, Any], rounds: int) -> tuple[dict[str, Any] | None, dict[str, Note]]:
    """Measure what reading a face costs.

    Args:
        folder: The hand-off.
        spec: Its spec.
        rounds: Of timing, besides one to warm up.

    Returns:
        Bytes and milliseconds as the document holds them, None for a model of pictures; and notes of what is missing.
    """
    about = spec["input"].get("landmarker")
    if about is None:
        return None, {}
    notes: dict[str, Note] = {}
    native, browser = None, _in_browser(folder)
    try:
        native = _natively(folder / about["file"], rounds)
    except SmilebenchError as error:
        notes["native"] = missing("error", str(error))
    if browser is None:
        notes["wasm"] = missing("no_proof")
    return {"bytes": (folder / about["file"]).stat().st_size, "native_ms": native, "wasm_ms": browser}, notes


def _natively(model: Path, rounds: int) -> float:
    """Return the median of milliseconds that MediaPipe reads a drawn face for.

    Raises:
        MissingOutside: No MediaPipe.
        InvalidInput: The file is no Face Landmarker.
    """
    from shared.faces.landmarker import FaceLandmarker

    picture = crop_and_resize(draw_face(640, 480, 0.5, 1, 0.0))
    times = []
    with FaceLandmarker(model) as reader:
        for _ in range(rounds + 1):
            began = time.perf_counter()
            reader.read(picture)
            times.append(1000 * (time.perf_counter() - began))
    return round(float(np.median(times[1:])), 3)


def _in_browser(folder: Path) -> float | None:
    """Return the median of milliseconds in the newest proof, on one thread of wasm; None without one."""
    if not (folder / paths.PROOF_FILE).is_file():
        return None
    with contextlib.suppress(SmilebenchError):
        proof = contracts.read_document(folder / paths.PROOF_FILE, "browser_proof")
        found = [
            entry
            for entry in proof["tested_decisions"]
            if entry["landmarker"] and entry["execution_provider"] == "wasm" and entry["threads"] == 1
        ]
        if found:
            newest = max(found, key=lambda entry: str(entry["created_utc"]))
            return float(newest["landmarker"]["ms"]["p50"])
    return None
