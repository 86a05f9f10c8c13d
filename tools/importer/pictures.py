"""From a picture file's bytes to the jpg that a dataset stores: upright, cropped and resized as everywhere.

Reads and writes nothing; safe to call from several threads.
"""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import cv2
import numpy as np

from shared import preprocess
from shared.arrays import U8
from shared.dataset.writer import JPEG_QUALITY

Source = TypeVar("Source")

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2")
_START_OF_SCAN, _END = b"\xff\xda", b"\xff\xd9"


class Unusable(Exception):
    """A picture that cannot be used.

    Args:
        reason: A key of `tools.importer.report.REASONS`.
        detail: More of it, or nothing.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Prepared(Generic[Source]):
    """A picture that was read: its file's hash, and what is to be stored, or why it cannot be used.

    Both are None for a picture that the dataset has.
    """

    source: Source
    sha256: str
    stored: bytes | None
    problem: Unusable | None = None


def to_stored(data: bytes, size_px: int, min_px: int) -> bytes:
    """Make a dataset's picture of a file's bytes.

    Args:
        data: A jpg, png or the like; its EXIF orientation is applied.
        size_px: Side of the result.
        min_px: Least side of the source.

    Returns:
        The centred square, resized, as jpg.

    Raises:
        Unusable: Unreadable, truncated or too small.
    """
    return encode(preprocess.crop_and_resize(decode(data, min_px), size_px))


def decode(data: bytes, min_px: int) -> U8:
    """Decode a picture: (H, W, 3) uint8, RGB, upright.

    Raises:
        Unusable: Unreadable, truncated or too small.
    """
    if not data:
        raise Unusable("unreadable", "an empty file")
    if _is_truncated(data):
        raise Unusable("truncated")
    try:
        picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:  # more pixels than OpenCV takes, for one
        picture = None
    if picture is None:
        raise Unusable("unreadable")
    height, width = picture.shape[:2]
    if min(height, width) < min_px:
        raise Unusable("too_small", f"{width}x{height} pixels")
    return np.asarray(picture, dtype=np.uint8)


def encode(picture_rgb_hwc_u8: U8) -> bytes:
    """Encode a picture as the datasets' jpg."""
    bgr = np.ascontiguousarray(picture_rgb_hwc_u8[:, :, ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _is_truncated(data: bytes) -> bool:
    """Check whether a jpg or png is cut off; decoders fill the rest with grey without an error."""
    if data.startswith(b"\xff\xd8"):
        # A thumbnail has an end of its own, but before the picture's scan.
        return data.rfind(_END) < data.rfind(_START_OF_SCAN)
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data
    return False
