"""Golden vectors as they lie in a hand-off, read with their hashes checked.

Those of a model of frames are pictures with their crops and features; those of a model of landmarks or blendshapes are
the numbers that the landmarker would give. Judges and writes nothing.
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
        InvalidInput: A file is missing, another one, or no picture.
    """
    pictures = [_read_picture(folder, frame["picture"]) for frame in case["frames"]]
    crops = np.stack([_read_picture(folder, frame["crop"]) for frame in case["frames"]])
    features = None
    if case["features"] is not None:
        data = _read_hashed(folder, case["features"])
        features = np.frombuffer(data, "<f4").reshape(case["features"]["shape"])
    return pictures, crops, features


def read_feature_case(folder: Path, case: Mapping[str, Any]) -> F32 | None:
    """Read one golden case of features, as the graph must be fed: (T, 478, 3) or (T, 52); its hash is checked.

    Returns:
        The frames' numbers, those without a face filled by the rule; None where no frame has one.

    Raises:
        InvalidInput: The file is missing, another one, or of another length than its shape.
    """
    said = case["input"]
    values = np.frombuffer(_read_hashed(folder, said), "<f4")
    if values.size != np.prod(said["shape"]) or said["shape"][0] != len(case["frames"]):
        raise InvalidInput(
            said["file"],
            found=f"{values.size} numbers for the shape {said['shape']} of {len(case['frames'])} frames",
            expected="as many as the shape says, and as many frames",
        )
    nearest = nearest_with_face([frame["found"] for frame in case["frames"]])
    return None if nearest is None else values.reshape(said["shape"])[nearest]


def _read_hashed(folder: Path, said: Mapping[str, Any]) -> bytes:
    path: Path = folder / said["file"]
    found = contracts.sha256_file(path)
    if found != said["sha256"]:
        raise InvalidInput(path.name, found=f"sha256 {found[:12]}...", expected=f"{said['sha256'][:12]}...")
    return path.read_bytes()


def _read_picture(folder: Path, said: Mapping[str, Any]) -> U8:
    import cv2

    data = cv2.imdecode(np.frombuffer(_read_hashed(folder, said), np.uint8), cv2.IMREAD_COLOR)
    if data is None:
        raise InvalidInput(said["file"], found="no picture", expected="a PNG")
    return np.ascontiguousarray(np.asarray(data, np.uint8)[..., ::-1])
