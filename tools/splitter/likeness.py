"""Which pictures of different people are the same picture: re-encoded, resized, mirrored or cropped by up to 4 %.

Not a face recogniser: two photos of the same person are two pictures. Takes pictures as arrays and answers with pairs
of indices; reads and writes nothing.

Each picture is made 64 x 64 grey and described by the lowest frequencies of its cosine transform, whose odd columns
change sign when the picture is mirrored. Two sieves:

1. correlation of 63 frequencies, damped to their square root: all pairs, by matrix products;
2. of those that are close, the signs of 255 frequencies (a perceptual hash), each picture in 36 croppings against the
   other as it is.

Source: our own choice, after the DCT hash of Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010. The limits were measured; see LOG.md, "Leak check".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import cli
from shared.preprocess import U8

F32 = npt.NDArray[np.float32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

SIZE_PX = 64
_COARSE, _FINE = 8, 16  # frequencies a direction in the first and the second sieve
_CROPS = (0.02, 0.04)
# Copies keep a correlation of 0.68 and differ in at most 24 bits; of 180,000 pairs of different people none differs in
# less than 54, and of faces from one drawing program, which share their every line, none in less than 32.
MIN_CORRELATION = 0.65
MAX_BITS = 27
_FLAT = 2.0  # grey levels of contrast below which there is nothing to compare
_TILE_ROWS, _TILE_COLUMNS = 512, 8192
_CHUNK = 50_000


@dataclass(frozen=True)
class Likeness:
    """What is kept of pictures to compare them.

    Attributes:
        coarse: (n, 63) float32, of length 1.
        bits: (n, 36, 4) uint64; [:, 0] is the whole picture, the others are croppings.
        is_flat: (n,) bool; a picture without contrast is like nothing.
    """

    coarse: F32
    bits: U64
    is_flat: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Alike:
    """Two pictures that are the same: indices, differing bits of 255, and whether one is mirrored."""

    first: int
    second: int
    n_bits: int
    mirrored: bool


def _cosines() -> npt.NDArray[np.float64]:
    """Build the orthonormal cosine transform's lowest frequencies, (16, 64)."""
    frequency, place = np.arange(_FINE)[:, None], np.arange(SIZE_PX)[None]
    matrix: npt.NDArray[np.float64] = np.cos(np.pi * (place + 0.5) * frequency / SIZE_PX) * np.sqrt(2 / SIZE_PX)
    matrix[0] /= np.sqrt(2)
    return matrix


def _crop(low_px: float, high_px: float) -> npt.NDArray[np.float64]:
    """Build the matrix that stretches an interval of a line of 64 pixels to 64 pixels, linearly."""
    place = low_px + (np.arange(SIZE_PX) + 0.5) * (high_px - low_px) / SIZE_PX - 0.5
    place = np.clip(place, 0, SIZE_PX - 1)
    below = np.minimum(place.astype(int), SIZE_PX - 2)
    matrix = np.zeros((SIZE_PX, SIZE_PX))
    matrix[np.arange(SIZE_PX), below] = 1 - (place - below)
    matrix[np.arange(SIZE_PX), below + 1] += place - below
    return matrix


def _croppings() -> F32:
    """Stack the transforms of the whole line and of its croppings, (6 * 16, 64)."""
    small, large = (fraction * SIZE_PX for fraction in _CROPS)
    intervals = [(0.0, 0.0), (0.0, small), (small, 0.0), (0.0, large), (large / 2, large / 2), (large, 0.0)]
    cosines = _cosines()
    return np.concatenate([cosines @ _crop(left, SIZE_PX - right) for left, right in intervals]).astype(np.float32)


_TRANSFORM = _croppings()
_N_LINES = len(_TRANSFORM) // _FINE
_N_CROPS = _N_LINES**2


def _pack(signs: npt.NDArray[np.bool_]) -> U64:
    """Pack (..., 16, 16) signs into (..., 4) words; the constant part, which has no sign, is left out."""
    flat = signs.reshape(*signs.shape[:-2], -1).copy()
    flat[..., 0] = False
    packed: U64 = np.packbits(flat, axis=-1).view(np.uint64)
    return packed


_MIRROR_BITS = _pack(np.broadcast_to(np.arange(_FINE) % 2 == 1, (_FINE, _FINE)).copy())
_MIRROR_COARSE = np.tile(np.where(np.arange(_COARSE) % 2, -1, 1), _COARSE)[1:].astype(np.float32)


def describe(pictures_nhwc_u8: U8) -> Likeness:
    """Describe pictures for comparison.

    Args:
        pictures_nhwc_u8: (n, 64, 64, 3) uint8, RGB.
    """
    grey = pictures_nhwc_u8.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    n = len(grey)
    spectra = _TRANSFORM @ (grey.reshape(-1, SIZE_PX) @ _TRANSFORM.T).reshape(n, SIZE_PX, -1)  # (n, 96, 96)
    spectra = spectra.reshape(n, _N_LINES, _FINE, _N_LINES, _FINE).swapaxes(2, 3).reshape(n, _N_CROPS, _FINE, _FINE)
    low = spectra[:, 0, :_COARSE, :_COARSE].reshape(n, -1)[:, 1:]
    squares = np.arange(_COARSE) ** 2
    weight = (1 + squares[:, None] + squares[None]).reshape(-1)[1:] ** 0.25  # natural pictures fall with frequency
    coarse = np.sign(low) * np.sqrt(np.abs(low)) * weight
    length = np.linalg.norm(coarse, axis=1, keepdims=True)
    return Likeness(
        coarse=(coarse / np.maximum(length, 1e-9)).astype(np.float32),
        bits=_pack(spectra > 0),
        is_flat=np.asarray(grey.reshape(n, -1).std(1) < _FLAT),
    )


def join(parts: Iterable[Likeness]) -> Likeness:
    """Put descriptions one after the other."""
    listed = list(parts)

    def stack(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in listed])

    return Likeness(stack("coarse"), stack("bits"), stack("is_flat"))


def find_alike(likeness: Likeness, groups: npt.ArrayLike) -> list[Alike]:
    """Find pictures of different groups that are the same picture.

    Args:
        likeness: Of n pictures.
        groups: (n,) integers; pictures of one group (one person) are not compared with each other.

    Returns:
        Pairs with first < second.
    """
    group = np.asarray(groups)
    n = len(group)
    found: list[Alike] = []
    tiles = [(row, column) for row in range(0, n, _TILE_ROWS) for column in range(row, n, _TILE_COLUMNS)]
    mirrored = likeness.coarse * _MIRROR_COARSE
    for row, column in cli.progress(tiles, what="compare pictures"):
        rows, columns = slice(row, row + _TILE_ROWS), slice(column, column + _TILE_COLUMNS)
        close = likeness.coarse[rows] @ likeness.coarse[columns].T > MIN_CORRELATION
        close |= likeness.coarse[rows] @ mirrored[columns].T > MIN_CORRELATION
        close &= group[rows, None] != group[None, columns]
        close[likeness.is_flat[rows]] = False
        close[:, likeness.is_flat[columns]] = False
        first, second = np.nonzero(close)
        first, second = first + row, second + column
        upper = first < second
        first, second = first[upper], second[upper]
        for start in range(0, len(first), _CHUNK):
            found += _compare(likeness, first[start : start + _CHUNK], second[start : start + _CHUNK])
    return found


def count_bits(likeness: Likeness, first: I64, second: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Count the bits in which pairs differ, in the cropping and direction in which they differ least.

    Returns:
        (m,) counts from 0 to 255, and (m,) bool: whether one had to be mirrored.
    """
    best = np.full((2, len(first)), 256, np.int64)
    whole_first, whole_second = likeness.bits[first, 0], likeness.bits[second, 0]
    for crop in range(_N_CROPS):
        for one, other in ((likeness.bits[first, crop], whole_second), (whole_first, likeness.bits[second, crop])):
            for is_mirrored in (0, 1):
                differing = one ^ other ^ (_MIRROR_BITS * np.uint64(is_mirrored))
                np.minimum(best[is_mirrored], np.bitwise_count(differing).sum(1, dtype=np.int64), out=best[is_mirrored])
    return best.min(0), best[1] < best[0]


def _compare(likeness: Likeness, first: I64, second: I64) -> list[Alike]:
    """Pass candidates through the second sieve."""
    n_bits, mirrored = count_bits(likeness, first, second)
    kept = n_bits <= MAX_BITS
    return [
        Alike(int(a), int(b), int(bits), bool(flip))
        for a, b, bits, flip in zip(first[kept], second[kept], n_bits[kept], mirrored[kept], strict=True)
    ]
