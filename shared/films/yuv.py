"""From brightness and colour differences to RGB: the one rule, in the browsers' own whole numbers.

Chromium and Firefox draw a film's frame through libyuv: coefficients in sixty-fourths, none above 128 (so that
saturated blue is up to 12 levels darker than the standards say), each pixel with its nearest colour sample, wherever
the stream says that the samples lie, and fractions cut off. So does this module, to the last bit;
`smile-detector.colors.mjs` in the hand-off's client holds the same numbers. Knows nothing of films and FFmpeg.
"""

import functools
from typing import Any

import numpy as np

from shared.arrays import U8

# Of (matrix, whether black is 0), in sixty-fourths: gain of brightness (as a part of 65,536 of 257 times the byte) and
# its offset, then the shares of the two differences: blue of u, green of u, green of v, red of v.
# Source: libyuv, source/row_common.cc (I601, JPEG, H709, F709); drawn films of every kind agree at every pixel.
CONSTANTS = {
    ("smpte170m", False): (18997, -1160, 128, 25, 52, 102),
    ("smpte170m", True): (16320, 32, 113, 22, 46, 90),
    ("bt709", False): (18997, -1160, 128, 14, 34, 115),
    ("bt709", True): (16320, 32, 119, 12, 30, 101),
}
_STRIP_ROWS = 32  # even; a strip's numbers stay in the processor's cache, which makes it four times as fast
_SAME = {"bt470bg": "smpte170m"}  # BT.601 of 625 and of 525 lines


def is_known(matrix: str | None) -> bool:
    """Tell whether the rule covers a matrix, by FFmpeg's name."""
    return (_SAME.get(matrix or "", matrix or ""), False) in CONSTANTS


@functools.lru_cache(maxsize=8)
def _tables(matrix: str, is_full_range: bool) -> tuple[Any, ...]:
    """Return each byte's part of a colour, in sixty-fourths: brightness, then red of v, green of u and v, blue of u."""
    gain, offset, blue_u, green_u, green_v, red_v = CONSTANTS[_SAME.get(matrix, matrix), is_full_range]
    byte = np.arange(256, dtype=np.int64)
    parts = ((byte * 257 * gain >> 16) + offset, *(k * (byte - 128) for k in (red_v, -green_u, green_v, blue_u)))
    return tuple(part.astype(np.int16) for part in parts)


def to_rgb(y_hw: U8, u_hw: U8, v_hw: U8, matrix: str, *, is_full_range: bool) -> U8:
    """Convert a picture's planes as browsers do.

    Args:
        y_hw: Brightness, (H, W).
        u_hw: Blue's difference, of the same size or of half the height, the width or both (odd sides rounded up).
        v_hw: Red's, likewise.
        matrix: FFmpeg's name; `is_known` tells which.
        is_full_range: Whether black is 0 and not 16.

    Returns:
        (H, W, 3) uint8, RGB.

    Example:
        >>> byte = lambda value: np.full((1, 1), value, np.uint8)
        >>> to_rgb(byte(41), byte(240), byte(110), "smpte170m", is_full_range=False).tolist()  # libyuv's blue
        [[[0, 0, 253]]]
    """
    height, width = y_hw.shape
    down, across = (1 if small == side else 2 for small, side in zip(u_hw.shape, (height, width), strict=True))
    rgb = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        rows, half = slice(top, top + _STRIP_ROWS), slice(top // down, (top + _STRIP_ROWS) // down)
        rgb[rows] = _convert(y_hw[rows], u_hw[half], v_hw[half], _tables(matrix, is_full_range), down, across)
    return rgb


def _convert(y_hw: U8, u_hw: U8, v_hw: U8, tables: tuple[Any, ...], down: int, across: int) -> U8:
    """Convert a strip of a picture; a colour sample stands for `down` rows and `across` columns."""
    import cv2

    brightness, red_v, green_u, green_v, blue_u = tables
    height, width = y_hw.shape
    green = cv2.subtract(cv2.LUT(u_hw, green_u), cv2.LUT(v_hw, green_v))
    colours = cv2.merge([cv2.LUT(v_hw, red_v), green, cv2.LUT(u_hw, blue_u)])
    if (down, across) != (1, 1):
        size = (u_hw.shape[1] * across, u_hw.shape[0] * down)
        colours = cv2.resize(colours, size, interpolation=cv2.INTER_NEAREST)[:height, :width]
    gray = cv2.LUT(y_hw, brightness)
    sums = cv2.add(colours, cv2.merge([gray, gray, gray]))  # ends at the largest int16, as libyuv's
    np.right_shift(sums, 6, out=sums)
    np.clip(sums, 0, 255, out=sums)
    return np.asarray(sums, dtype=np.uint8)
