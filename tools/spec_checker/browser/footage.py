"""A film for a fake webcam: drawn from the golden pictures or taken from a file, with a frame counter in its margin.

The counter lies outside the centred square, which is the model's input, so that a frame in the browser can be
matched with the same frame in Python. Written as raw YUV (y4m), which the browser plays as its webcam and Python reads
back: both start from the same bytes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.arrays import U8
from shared.errors import InvalidInput
from shared.films import yuv
from shared.preprocess import square_box
from shared.video import Film, Frame
from tools.spec_checker.golden_vectors import read_case

FPS = 30
N_BITS = 16  # 12 for the number, then 4 for its checksum
MAX_FRAMES = 1 << 12
_MIN_BAND_PX = 32
_MAX_SIDE_PX = 480  # of the centred square: as from a webcam; larger films only make larger files


@dataclass(frozen=True)
class Footage:
    """A film for the browser's webcam.

    Attributes:
        path: The y4m file.
        name: Its source.
        frames: The RGB pictures that Python reads from that file, in order.
        band_xyxy_px: Where the counter is drawn.
    """

    path: Path
    name: str
    frames: list[U8]
    band_xyxy_px: tuple[int, int, int, int]

    def read_as(self, matrix: str, *, is_full_range: bool) -> list[U8]:
        """Read the file's pictures by other colours: a browser with a graphics card takes its webcam for BT.709.

        Args:
            matrix: As `shared.films.yuv` names it.
            is_full_range: Whether black is 0 and not 16.
        """
        if (matrix, is_full_range) == _WEBCAM:
            return self.frames
        height, width = self.frames[0].shape[:2]
        with self.path.open("rb") as file:
            file.readline()
            n_bytes = height * width * 3 // 2
            stored = [file.read(len(_FRAME) + n_bytes)[len(_FRAME) :] for _ in self.frames]
        planes = (np.frombuffer(data, np.uint8) for data in stored)
        return [_to_rgb(each, height, width, matrix, is_full_range) for each in planes]


_FRAME = b"FRAME\n"
# What browsers take a webcam for whose pictures do not say it: BT.601, black at 16.
_WEBCAM = ("smpte170m", False)


def _to_rgb(planes: U8, height: int, width: int, matrix: str, is_full_range: bool) -> U8:
    """Convert a frame's planes, one behind the other."""
    n_pixels, half = height * width, (height // 2, width // 2)
    y, u, v = np.split(planes, [n_pixels, n_pixels * 5 // 4])
    return yuv.to_rgb(y.reshape(height, width), u.reshape(half), v.reshape(half), matrix, is_full_range=is_full_range)


def counter_bits(number: int) -> list[int]:
    """Write a frame's number as 16 bits: 12 of the number and a 4-bit checksum, so that a torn picture is detected.

    Example:
        >>> "".join(map(str, counter_bits(5)))
        '0000000001010101'
    """
    check = (number & 15) ^ (number >> 4 & 15) ^ (number >> 8 & 15)
    return [number >> bit & 1 for bit in range(11, -1, -1)] + [check >> bit & 1 for bit in range(3, -1, -1)]


def draw_film(folder: Path, n_frames: int) -> Iterator[U8]:
    """Draw a film from a hand-off's golden pictures: one face blends into the next while the picture drifts.

    Args:
        folder: The hand-off's golden/ folder.
        n_frames: How many frames, at 30 a second.
    """
    import cv2

    cases = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["cases"]
    case = next((case for case in cases if "landscape" in case["name"]), cases[0])
    pictures = read_case(folder, case)[0]
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    width, height = 640, 480
    for number in range(n_frames):
        place = number / FPS * 4  # four pictures a second: the mouth opens and closes within two
        first, second = (there_and_back[int(place + k) % len(there_and_back)] for k in (0, 1))
        share = place % 1
        mixed = cv2.addWeighted(first, 1 - share, second, share, 0)
        zoom = 1.1 + 0.1 * np.sin(number / 17)
        x, y = 12 * np.sin(number / 23), 9 * np.cos(number / 31)
        scale = zoom * max(width / mixed.shape[1], height / mixed.shape[0])
        move = np.array(
            [
                [scale, 0, width / 2 - scale * (mixed.shape[1] / 2 + x)],
                [0, scale, height / 2 - scale * (mixed.shape[0] / 2 + y)],
            ]
        )
        yield np.asarray(cv2.warpAffine(mixed, move, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def read_film(path: Path, n_frames: int) -> Iterator[U8]:
    """Read a film's first frames at 30 a second, whatever its own rate: each time shows the newest frame so far."""
    due = 0
    last: Frame | None = None
    with Film(str(path)) as film:
        for frame in film:
            while last is not None and due < n_frames and due / FPS < frame.time_s:
                yield last.rgb_hwc_u8
                due += 1
            last = frame
            if due >= n_frames:
                return
    if last is not None and due < n_frames:
        yield last.rgb_hwc_u8


def write_footage(pictures: Iterator[U8], path: Path, name: str) -> Footage:
    """Write pictures as a webcam's film with the counter, and read it back.

    Args:
        pictures: RGB, all of one size; at most 4096.
        path: The file to write; ends in .y4m.
        name: The source of the pictures, for the report.

    Raises:
        InvalidInput: There are no pictures.
    """
    import cv2

    frames: list[U8] = []
    band = (0, 0, 0, 0)
    with path.open("wb") as file:
        for number, picture in enumerate(pictures):
            if number == MAX_FRAMES:
                break
            fitted = _fit(picture)
            height, width = fitted.shape[:2]
            if number == 0:
                band = _band(width, height)
                file.write(f"YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420jpeg\n".encode())
            _draw_counter(fitted, band, number)
            planes = cv2.cvtColor(fitted, cv2.COLOR_RGB2YUV_I420)
            file.write(_FRAME + planes.tobytes())
            frames.append(_to_rgb(np.asarray(planes, np.uint8).ravel(), height, width, *_WEBCAM))
    if not frames:
        raise InvalidInput(name, found="no frames", expected="a film with pictures")
    return Footage(path, name, frames, band)


def _fit(picture: U8) -> U8:
    """Bring a picture to even sides, a square of at most 480 px, and a margin for the counter."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, _MAX_SIDE_PX / min(width, height))
    width, height = (round(side * scale) // 2 * 2 for side in (width, height))
    fitted = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    if abs(width - height) < 2 * _MIN_BAND_PX:
        x0, y0, x1, y1 = square_box(width, height)
        margin = _MIN_BAND_PX + 2  # even, so that a pixel of colour does not lie on the square's edge
        fitted = cv2.copyMakeBorder(fitted[y0:y1, x0:x1], 0, 0, margin, margin, cv2.BORDER_CONSTANT, value=(90, 90, 90))
    return np.ascontiguousarray(fitted, np.uint8)


def _band(width: int, height: int) -> tuple[int, int, int, int]:
    """Return the margin left of the centred square, or above it."""
    x0, y0, _, _ = square_box(width, height)
    return (0, 0, x0, height) if x0 > 0 else (0, 0, width, y0)


def _draw_counter(picture: U8, band_xyxy_px: tuple[int, int, int, int], number: int) -> None:
    """Draw the number as black and white blocks along the margin, in place; the pixels next to the square stay gray."""
    x0, y0, x1, y1 = band_xyxy_px
    upright = y1 - y0 >= x1 - x0
    length = (y1 - y0) if upright else (x1 - x0)
    picture[y0:y1, x0:x1] = 90
    for place, bit in enumerate(counter_bits(number)):
        start, end = (round(length * edge / N_BITS) for edge in (place, place + 1))
        if upright:
            picture[y0 + start : y0 + end, x0 : x1 - 8] = 255 * bit
        else:
            picture[y0 : y1 - 8, x0 + start : x0 + end] = 255 * bit
