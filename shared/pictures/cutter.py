"""From a picture file's bytes to the jpg that a dataset stores: upright, cut so that the face is in, resized.

Reads and writes nothing. Safe to call from several threads, which together stay below a gigabyte: a picture is looked
at before it is decoded, a large one is decoded smaller, and only so many at a time as there is room for.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared import preprocess
from shared.arrays import U8
from shared.dataset.writer import JPEG_QUALITY
from shared.faces.detector import FaceFinder
from shared.pictures.kinds import HEIC, Header, open_heic, read_header
from shared.pictures.memory import Room
from shared.pictures.unusable import Unusable

_FILES, _DECODED = Room(150 << 20), Room(640 << 20)
_LARGE_PX = 24_000_000  # from there on a picture is decoded at a half, a quarter or an eighth of its size
_LEAST_SIDE_PX = 1024  # of a picture that was decoded smaller
_BYTES_PER_PIXEL = 6  # measured with OpenCV 5: of a whole picture
_BYTES_PER_PIXEL_OF_LARGE = {"jpeg": 0.2, "gif": 8.0, "jp2": 16.0}  # and of one that is decoded smaller
_BYTES_PER_PIXEL_OF_OTHERS = 3.2
_BYTES_PER_PIXEL_BY_PILLOW = 10.0
_BLANK_CONTRAST = 3.0  # grey levels; as the recorder's
_LOOK_PX, _CLOSE_LOOK_PX, _MARGIN = 640, 320, 0.25


@dataclass(frozen=True)
class Stored:
    """A dataset's picture.

    Attributes:
        jpg: The jpg's bytes.
        moves: Whether it is the first of several pictures in its file.
        is_at_face: Whether it was cut around the face, which the middle would have missed.
    """

    jpg: bytes
    moves: bool
    is_at_face: bool


@contextmanager
def read_file(path: Path) -> Iterator[bytes]:
    """Give a file's bytes, as long as there is room for them.

    Raises:
        Unusable: It cannot be read, or is too large.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Unusable("unreadable", error.strerror or "") from None
    if size > _FILES.size_bytes:
        raise Unusable("too_large", f"a file of {size >> 20} MB; at most {_FILES.size_bytes >> 20}")
    with _FILES.hold(size):
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Unusable("unreadable", error.strerror or "") from None
        yield data


class Cutter:
    """Makes the pictures of a dataset, and looks for the face in each where there is a detector.

    Args:
        size_px: Side of the result.
        min_px: Least side of the source.
        max_megapixels: Most pixels of the source, in millions.
        face_model: The detector's file; None looks for no faces.
        needs_face: Whether a picture without a face cannot be used.
    """

    def __init__(
        self, size_px: int, min_px: int, max_megapixels: float, face_model: Path | None, *, needs_face: bool
    ) -> None:
        self._size_px, self._min_px, self._max_megapixels = size_px, min_px, max_megapixels
        self._face_model, self._needs_face = face_model, needs_face
        self._of_thread = threading.local()

    def cut(self, data: bytes) -> Stored:
        """Make a dataset's picture of a file's bytes.

        Raises:
            Unusable: Unreadable, truncated, too small, too large, blank, or without a face.
        """
        header = read_header(data)
        n_pixels = header.width_px * header.height_px
        if n_pixels > self._max_megapixels * 1e6:
            size = f"{header.width_px}x{header.height_px}, {n_pixels / 1e6:.0f} megapixels"
            raise Unusable("too_large", f"{size}; at most {self._max_megapixels:g}: --max-megapixels")
        needed = _estimate_bytes(header)
        if needed > _DECODED.size_bytes:
            size = f"{header.width_px}x{header.height_px} pixels of {header.kind}"
            raise Unusable("too_large", f"{size}, which take {needed / 1e9:.1f} GB to open: save it smaller")
        with _DECODED.hold(needed):
            picture = decode(data, header)
            height, width = picture.shape[:2]
            if min(header.width_px, header.height_px) < self._min_px:
                raise Unusable("too_small", f"{width}x{height} pixels")
            picture, is_at_face = self._choose_square(picture)
            return Stored(encode(preprocess.crop_and_resize(picture, self._size_px)), header.moves, is_at_face)

    def _choose_square(self, picture: U8) -> tuple[U8, bool]:
        """Move the centred square along the picture's longer side until the largest face is in.

        Returns:
            The picture, cut where the square had to be moved; and whether it had to.
        """
        if float(picture[:: max(1, len(picture) // 256), :: max(1, picture.shape[1] // 256)].std()) < _BLANK_CONTRAST:
            raise Unusable("blank")
        box = self._find_face(picture)
        if box is None:
            if self._face_model is not None and self._needs_face:
                raise Unusable("no_face")
            return picture, False
        height, width = picture.shape[:2]
        x0, y0, x1, y1 = preprocess.square_box(width, height)
        left, top, right, bottom = box
        if left >= x0 and top >= y0 and right <= x1 and bottom <= y1:
            return picture, False
        side, room_x, room_y = x1 - x0, _MARGIN * (right - left), _MARGIN * (bottom - top)
        dx = _move(x0, side, left - room_x, right + room_x, width)
        dy = _move(y0, side, top - room_y, bottom + room_y, height)
        if (dx, dy) == (0, 0):
            return picture, False
        return np.ascontiguousarray(picture[y0 + dy : y1 + dy, x0 + dx : x1 + dx]), True

    def _find_face(self, picture: U8) -> tuple[float, float, float, float] | None:
        """Find the largest face: its box in pixels of the picture; None where there is none.

        Small pictures and faces that fill the picture are looked at again, larger and with a margin: of 300 cut-out
        faces of 64 pixels, 296 are found at once, and 299 so.
        """
        if self._face_model is None:
            return None
        if not hasattr(self._of_thread, "finder"):
            self._of_thread.finder = FaceFinder(self._face_model)
        finder: FaceFinder = self._of_thread.finder
        longer = max(picture.shape[:2])
        for scale, margin in ((min(1.0, _LOOK_PX / longer), 0.0), (_CLOSE_LOOK_PX / longer, _MARGIN)):
            seen: Any = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            edge = round(margin * max(seen.shape[:2]))
            seen = cv2.copyMakeBorder(seen, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(114, 114, 114))
            if faces := finder.find(np.asarray(seen, dtype=np.uint8), with_pose=False):
                x0, y0, x1, y1 = ((value - edge) / scale for value in faces[0].box_xyxy_px)
                return x0, y0, x1, y1
        return None


def _move(start: int, side: int, low: float, high: float, length: int) -> int:
    """Return how far a square must be moved so that a span lies in it, or in its middle where it is longer."""
    low, high = max(0.0, low), min(float(length), high)
    in_middle = (low + high - side) / 2
    wanted = in_middle if high - low > side else min(max(float(start), high - side), low)
    return min(max(round(wanted), 0), length - side) - start


def _estimate_bytes(header: Header) -> int:
    """Estimate what decoding takes, for all kinds on the safe side."""
    n_pixels = header.width_px * header.height_px
    if header.kind in ("avif", HEIC):
        return round(n_pixels * _BYTES_PER_PIXEL_BY_PILLOW)
    if n_pixels <= _LARGE_PX:
        return round(n_pixels * max(_BYTES_PER_PIXEL, _BYTES_PER_PIXEL_OF_LARGE.get(header.kind, 0)))
    per_pixel = _BYTES_PER_PIXEL_OF_LARGE.get(header.kind, _BYTES_PER_PIXEL_OF_OTHERS)
    return round(n_pixels * (header.kept_per_pixel + per_pixel))


def decode(data: bytes, header: Header) -> U8:
    """Decode a picture: (H, W, 3) uint8, RGB, upright by its mark; a large one smaller; of several the first.

    Raises:
        Unusable: Unreadable.
    """
    if header.kind in ("avif", HEIC):
        return _decode_by_pillow(data, header.kind)
    n_pixels, side = header.width_px * header.height_px, min(header.width_px, header.height_px)
    try:
        if n_pixels <= _LARGE_PX:
            picture: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
        else:
            share = next((part for part in (8, 4, 2) if side >= part * _LEAST_SIDE_PX), 2)
            smaller = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), smaller[share])
            picture = None if picture is None else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    except cv2.error:
        picture = None
    if picture is None:
        raise Unusable("unreadable")
    return np.asarray(picture, dtype=np.uint8)


def _decode_by_pillow(data: bytes, kind: str) -> U8:
    """Decode a kind whose mark of orientation OpenCV does not read."""
    from PIL import Image, ImageOps

    if kind == HEIC:
        open_heic()
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), dtype=np.uint8)
    except Exception:  # strangers' files make the libraries behind it raise anything
        raise Unusable("unreadable") from None


def encode(picture_rgb_hwc_u8: U8) -> bytes:
    """Encode a picture as the datasets' jpg."""
    bgr = np.ascontiguousarray(picture_rgb_hwc_u8[:, :, ::-1])
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
