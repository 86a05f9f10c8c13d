"""Reads the golden vectors of a hand-off and checks their hashes.

Those of a model of frames are pictures with their crops and features; those of a model of landmarks or blendshapes are
the landmarker's numbers. Writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared import contracts
from shared.arrays import F32, U8
from shared.dataset.feature_store import nearest_with_face
from shared.errors import InvalidInput


def is_of_features(case: Mapping[str, Any]) -> bool:
    """Tell whether a golden case holds landmarks or blendshapes instead of pictures."""
    return "input" in case


def read_case(folder: Path, case: Mapping[str, Any]) -> tuple[list[U8], U8, F32 | None]:
    """Read one golden case: its pictures, its crops (T, S, S, 3) and its features (T, n); all hashes are checked.

    Raises:
        InvalidInput: A file is missing, has another hash, or is not a picture.
    """
    pictures = [_read_picture(folder, frame["picture"]) for frame in case["frames"]]
    crops = np.stack([_read_picture(folder, frame["crop"]) for frame in case["frames"]])
    features = None
    if case["features"] is not None:
        data = _read_hashed(folder, case["features"])
        features = np.frombuffer(data, "<f4").reshape(case["features"]["shape"])
    return pictures, crops, features


def read_feature_case(folder: Path, case: Mapping[str, Any]) -> F32 | None:
    """Read one golden case of features, as the graph's input: (T, 478, 3) or (T, 52); its hash is checked.

    Returns:
        The frames' numbers, those without a face filled by the rule; None where no frame has one.

    Raises:
        InvalidInput: The file is missing, has another hash, or another length than its shape.
    """
    entry = case["input"]
    values = np.frombuffer(_read_hashed(folder, entry), "<f4")
    if values.size != np.prod(entry["shape"]) or entry["shape"][0] != len(case["frames"]):
        raise InvalidInput(
            entry["file"],
            found=f"{values.size} numbers for the shape {entry['shape']} of {len(case['frames'])} frames",
            expected="as many numbers and frames as in the shape",
        )
    nearest = nearest_with_face([frame["found"] for frame in case["frames"]])
    return None if nearest is None else values.reshape(entry["shape"])[nearest]


def _read_hashed(folder: Path, entry: Mapping[str, Any]) -> bytes:
    path: Path = folder / entry["file"]
    found = contracts.sha256_file(path)
    if found != entry["sha256"]:
        raise InvalidInput(path.name, found=f"sha256 {found[:12]}...", expected=f"{entry['sha256'][:12]}...")
    return path.read_bytes()


def _read_picture(folder: Path, entry: Mapping[str, Any]) -> U8:
    import cv2

    data = cv2.imdecode(np.frombuffer(_read_hashed(folder, entry), np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise InvalidInput(entry["file"], found="not a picture", expected="a PNG")
    return np.ascontiguousarray(np.asarray(data, np.uint8)[..., ::-1])
