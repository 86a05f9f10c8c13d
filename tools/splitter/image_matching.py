"""Finds near-duplicate pictures: re-encoded, resized, mirrored, or cropped by up to an eighth of their side.

Not a face recogniser: two photos of one person do not match, nor do two people before the same wall. Takes pictures as
arrays and returns pairs of indices; reads and writes no files.

Each picture is kept 64 x 64 grey. Three sieves, each a hundred times slower and sharper than the one before:

1. a perceptual hash of 35 numbers, the lowest frequencies of the cosine transform: each picture, whole and in nine
   croppings, as it is and mirrored, against each whole one, by matrix products;
2. of those that are close, the best affine alignment at 32 x 32, and how the details agree after it;
3. the same at 64 x 64, once over the whole and once over the middle, where the face is.

Source: our own choice, after the DCT hash of Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010, and the alignment of Evangelidis & Psarakis, "Parametric image alignment using enhanced correlation
coefficient maximization", 2008 (OpenCV's findTransformECC). The limits were measured; see LOG.md, "Leak check".
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from shared import cli
from shared.arrays import F32, F64, U8, Bool, Int
from shared.dataset.ahead import map_ahead
from shared.system.array_file import ArrayFile
from tools.splitter import hash_index

SIZE_PX = 64
_SMALL_PX = 32
_SMALL = (_SMALL_PX, _SMALL_PX)
_FREQUENCIES = 6  # a direction
_CUT = 0.1  # of the side that a cropping leaves out; copies cropped by 0 to 0.15 are then at most 0.05 away from one
# Copies cropped by up to 12 %, with other light and at quality 40, have at least 0.85 (199 of 200 at least 0.90), 0.90,
# 0.92 and 0.967; photos of different people at most 0.95, 0.85, 0.87 and 0.90, and faces from one drawing program, who
# share their every line, at most 0.96, 0.94, 0.967 and 0.961.
MIN_HASH = 0.87
# Photos that were also turned by up to 10 degrees, moved and zoomed have at least 0.71 (40 of 40), and pass the rest.
# So low it leaves 50 of 2,000 photos to align with each, not one in two, and drawn faces nearly all.
MIN_HASH_TURNED = 0.7
# Copies that lost details in white or black, which real photos alone are known well enough for.
MIN_MIDDLE_LIT = 0.92
# Of 20,000 pictures and more, which have look-alikes by the hundred; in 171 copies, turned as well, 0.91 or more.
MIN_HASH_OF_MANY, MIN_ROUGH = 0.9, 0.88
_MOST_ALIKE = 8  # that are aligned with a picture
MIN_SMALL = 0.75
MIN_WHOLE = 0.89
MIN_MIDDLE = 0.965
_MAX_TRIES = 3  # pictures of two sequences that are aligned; the copy is the closest, unless the whole room is alike
_DARKEST, _LIGHTEST = 3.0, 245.0  # grey levels beyond which an exposure holds no details
_LEAST_SEEN = 0.4  # of the middle, that must hold details
_FLAT = 2.0  # grey levels of contrast below which there is nothing to compare
_TILE_ROWS, _TILE_COLUMNS = 256, 1024  # what fits a core's own cache


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of pictures, for comparing them: 4.3 kB each.

    Attributes:
        hashes: (n, 35) float32, of length 1.
        grey: (n, 64, 64) uint8; of many pictures in a file.
        is_flat: (n,) bool; a picture without contrast matches nothing.
    """

    hashes: F32
    grey: "U8 | ArrayFile"
    is_flat: Bool


@dataclass(frozen=True)
class Match:
    """Two pictures that match.

    Attributes:
        first: Index of the first picture.
        second: Index of the second picture; greater than `first`.
        correlation: Between their details after alignment, `MIN_WHOLE` to 1.
        mirrored: Whether one is the mirror image.
    """

    first: int
    second: int
    correlation: float
    mirrored: bool


@dataclass(frozen=True)
class _Candidates:
    """Pairs that passed the first sieve: `first` in view `view` resembles `second`; (m,) each."""

    first: Int
    second: Int
    view: Int


def _cosines() -> F64:
    """Build the orthonormal cosine transform's lowest frequencies, (6, 64)."""
    frequency, place = np.arange(_FREQUENCIES)[:, None], np.arange(SIZE_PX)[None]
    matrix: F64 = np.cos(np.pi * (place + 0.5) * frequency / SIZE_PX) * np.sqrt(2 / SIZE_PX)
    matrix[0] /= np.sqrt(2)
    return matrix


def _crop(low: float, high: float) -> F64:
    """Build the matrix that stretches an interval (fractions) of a line of 64 pixels to 64 pixels, linearly."""
    place = SIZE_PX * low + (np.arange(SIZE_PX) + 0.5) * (high - low) - 0.5
    place = np.clip(place, 0, SIZE_PX - 1)
    below = np.minimum(place.astype(int), SIZE_PX - 2)
    matrix = np.zeros((SIZE_PX, SIZE_PX))
    matrix[np.arange(SIZE_PX), below] = 1 - (place - below)
    matrix[np.arange(SIZE_PX), below + 1] += place - below
    return matrix


_WHOLE = (0.0, 1.0)
_PARTS = [(cut, 1 - _CUT + cut) for cut in (0.0, _CUT / 2, _CUT)]
# A view is an interval across and one down; in the second half of the views the picture is mirrored.
_VIEWS = [(_WHOLE, _WHOLE), *[(across, down) for across in _PARTS for down in _PARTS]]
_TRANSFORMS = {part: (_cosines() @ _crop(*part)).astype(np.float32) for part in (_WHOLE, *_PARTS)}
_MIRROR = np.tile(np.where(np.arange(_FREQUENCIES) % 2, -1, 1), _FREQUENCIES)[1:].astype(np.float32)
_SQUARES = np.arange(_FREQUENCIES) ** 2
_WEIGHTS = ((1 + _SQUARES[:, None] + _SQUARES[None]).reshape(-1)[1:] ** 0.25).astype(np.float32)


def _hash(grey: U8, view: int) -> F32:
    """Hash (n, 64, 64) pictures in one of the first ten views: (n, 35) of length 1."""
    across, down = _VIEWS[view]
    spectra = _TRANSFORMS[down] @ grey.astype(np.float32) @ _TRANSFORMS[across].T
    low = spectra.reshape(len(grey), -1)[:, 1:]
    damped = np.sign(low) * np.abs(low) ** 0.75 * _WEIGHTS  # natural pictures fall with frequency
    length = np.linalg.norm(damped, axis=1, keepdims=True)
    return np.asarray(damped / np.maximum(length, 1e-9), dtype=np.float32)


def describe(pictures_nhwc_u8: U8) -> Fingerprints:
    """Compute the fingerprints of pictures.

    Args:
        pictures_nhwc_u8: (n, 64, 64, 3) uint8, RGB.
    """
    grey = (pictures_nhwc_u8 @ np.array([0.299, 0.587, 0.114], np.float32)).round().astype(np.uint8)
    return Fingerprints(_hash(grey, 0), grey, np.asarray(grey.reshape(len(grey), -1).std(1) < _FLAT))


def join(parts: Iterable[Fingerprints], grey: "ArrayFile | None" = None) -> Fingerprints:
    """Concatenate fingerprints; the grey pictures are those of a file, where there is one."""
    listed = list(parts)

    def stack(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in listed])

    return Fingerprints(stack("hashes"), stack("grey") if grey is None else grey, stack("is_flat"))


def find_matches(
    fingerprints: Fingerprints,
    groups: npt.ArrayLike,
    sequences: npt.ArrayLike | None = None,
    known: npt.ArrayLike | None = None,
    min_hash: float = MIN_HASH,
    min_middle: float = MIN_MIDDLE,
) -> list[Match]:
    """Find matching pictures of different groups.

    Args:
        fingerprints: Of n pictures.
        groups: (n,) integers; pictures of one group (one person) are not compared with each other.
        sequences: (n,) integers; of two sequences only the closest pictures are aligned, and all of them if those
            match. Default: each picture is its own sequence.
        known: (n,) integers; pictures with the same number have the same bytes, which the caller knows already, and are
            not compared either. Default: all are different.
        min_hash: How alike hashes must be for pictures to be aligned.
        min_middle: How alike the middles of aligned pictures must be.

    Returns:
        Pairs with first < second, in order.
    """
    group = np.asarray(groups)
    sequence = np.arange(len(group)) if sequences is None else np.unique(np.asarray(sequences), return_inverse=True)[1]
    bytes_ = np.arange(len(group)) if known is None else np.asarray(known)
    members = np.argsort(sequence, kind="stable")
    starts = np.searchsorted(sequence[members], np.arange(int(sequence.max(initial=-1)) + 2))

    index = hash_index.open_index(fingerprints.hashes)
    sieve = functools.partial(_sieve_by_index, index) if index else _sieve

    def look(row: int) -> list[Match]:
        found: list[Match] = []
        for candidates in sieve(fingerprints, group, bytes_, sequence, slice(row, row + _TILE_ROWS), min_hash):
            found += _align_all(fingerprints, candidates, min_middle, MIN_ROUGH if index else None)
        return found

    rows = range(0, len(group), _TILE_ROWS)
    parts = list(cli.progress(map_ahead(look, rows), what="compare pictures", total=len(rows)))
    best: dict[tuple[int, int], Match] = {}
    near_duplicates = {(int(sequence[pair.first]), int(sequence[pair.second])) for part in parts for pair in part}
    wider = [
        _all_of(fingerprints, members[starts[one] : starts[one + 1]], members[starts[other] : starts[other + 1]])
        for one, other in near_duplicates
        if starts[one + 1] - starts[one] > 1 or starts[other + 1] - starts[other] > 1
    ]
    for pair in (pair for part in (*parts, *wider) for pair in part):
        key = (pair.first, pair.second)
        if bytes_[pair.first] == bytes_[pair.second]:
            continue
        best[key] = max(best.get(key, pair), pair, key=lambda alike: alike.correlation)
    return [best[key] for key in sorted(best)]


def _sieve(
    fingerprints: Fingerprints, group: Int, known: Int, sequence: Int, rows: slice, min_hash: float
) -> Iterator[_Candidates]:
    """Yield the candidates that pass the first sieve, tile by tile."""
    viewed = _view(fingerprints, rows)
    for column in range(0, len(group), _TILE_COLUMNS):
        columns = slice(column, column + _TILE_COLUMNS)
        whole = fingerprints.hashes[columns].T
        score = viewed[0] @ whole
        other = np.empty_like(score)
        for hashes in viewed[1:]:
            np.maximum(score, np.matmul(hashes, whole, out=other), out=score)
        close = score > min_hash
        close &= (group[rows, None] != group[None, columns]) & (known[rows, None] != known[None, columns])
        close[fingerprints.is_flat[rows]] = False
        close[:, fingerprints.is_flat[columns]] = False
        first, second = np.nonzero(close)
        if first.size:
            kept = _closest(sequence[first + rows.start], sequence[second + column], score[first, second])
            first, second = first[kept], second[kept]
            scores = [(hashes[first] * fingerprints.hashes[second + column]).sum(1) for hashes in viewed]
            yield _Candidates(first + rows.start, second + column, np.argmax(scores, axis=0))


def _sieve_by_index(
    index: hash_index.HashIndex,
    fingerprints: Fingerprints,
    group: Int,
    known: Int,
    sequence: Int,
    rows: slice,
    min_hash: float,
) -> Iterator[_Candidates]:
    """Yield the closest of what `_sieve` yields, looked up in an index: as many a picture, however many there are."""
    viewed = _view(fingerprints, rows)
    n_rows = len(viewed[0])
    place, second, score = index.search(np.concatenate(viewed), max(min_hash, MIN_HASH_OF_MANY))
    first = place % n_rows + rows.start
    close = (group[first] != group[second]) & (known[first] != known[second])
    close &= ~fingerprints.is_flat[first] & ~fingerprints.is_flat[second]
    view, first, second, score = (values[close] for values in (place // n_rows, first, second, score))
    # Of each pair the view that is closest, and of each picture the few pictures that are closest.
    best = _leading(np.lexsort((view, -score, second, first)), first, second, most=1)
    best = best[_leading(np.lexsort((-score[best], first[best])), first[best], most=_MOST_ALIKE)]
    view, first, second, score = (values[best] for values in (view, first, second, score))
    kept = _closest(sequence[first], sequence[second], score)
    if kept.size:
        yield _Candidates(first[kept], second[kept], view[kept])


def _view(fingerprints: Fingerprints, rows: Any) -> list[F32]:
    """Hash pictures in all views."""
    grey = fingerprints.grey[rows]
    viewed = [_hash(grey, view) for view in range(len(_VIEWS))]
    return viewed + [hashes * _MIRROR for hashes in viewed]


def _closest(one: Int, other: Int, score: F32) -> Int:
    """Choose the closest few pairs of pictures of each pair of sequences: their indices."""
    return _leading(np.lexsort((-score, other, one)), one, other, most=_MAX_TRIES)


def _leading(order: Int, *keys: Int, most: int) -> Int:
    """Keep the first few of each group of equal keys, which lie together in this order."""
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    begin = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    return order[np.arange(len(order)) - begin < most]


def _all_of(fingerprints: Fingerprints, ones: Int, others: Int) -> list[Match]:
    """Align every picture of one sequence with every one of another."""
    found: list[Match] = []
    for one, other in ((ones, others), (others, ones)):
        scores = np.stack([v @ fingerprints.hashes[other].T for v in _view(fingerprints, one)])
        first, second = np.nonzero(scores.max(0) > MIN_HASH)
        found += _align_all(fingerprints, _Candidates(one[first], other[second], scores.argmax(0)[first, second]))
    return found


def _align_all(
    fingerprints: Fingerprints, candidates: _Candidates, min_middle: float = MIN_MIDDLE, min_rough: float | None = None
) -> list[Match]:
    """Pass candidates through the second and third sieve; with a rough look first, where there are many."""
    found: list[Match] = []
    for first, second, view in zip(candidates.first, candidates.second, candidates.view, strict=True):
        correlation = _align(fingerprints.grey[first], fingerprints.grey[second], int(view), min_middle, min_rough)
        if correlation is not None:
            low, high = sorted((int(first), int(second)))
            found.append(Match(low, high, correlation, bool(view >= len(_VIEWS))))
    return found


def _align(first: U8, second: U8, view: int, min_middle: float, min_rough: float | None) -> float | None:
    """Align a view of one picture with another; the correlation of their details, None if they do not match."""
    mirrored = view >= len(_VIEWS)
    one = np.ascontiguousarray(first[:, ::-1] if mirrored else first).astype(np.float32)
    other = second.astype(np.float32)
    across, down = _VIEWS[view % len(_VIEWS)]
    if mirrored:
        across = (1 - across[1], 1 - across[0])
    small_one, small_other = (cv2.resize(each, _SMALL, interpolation=cv2.INTER_AREA) for each in (one, other))
    if min_rough is not None and _are_unlike(small_one, small_other, _warp(across, down, _SMALL_PX), min_rough):
        return None
    rough = _correlate(small_one, small_other, _warp(across, down, _SMALL_PX), iterations=12)
    if rough is None or rough[0] < MIN_SMALL:
        return None
    fine = _correlate(one, other, _warp(across, down, SIZE_PX), iterations=30)
    return None if fine is None or fine[0] < MIN_WHOLE or fine[1] < min_middle else min(fine[0], 1.0)


def _are_unlike(one: Any, other: Any, start: F32, least: float) -> bool:
    """Tell, in a third of the time of `_correlate`, that two pictures cannot be aligned."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 6, 1e-3)
    try:
        return bool(cv2.findTransformECC(other, one, start, cv2.MOTION_AFFINE, stop, None, 1)[0] < least)
    except cv2.error:  # it did not converge: the closer look decides
        return False


def _warp(across: tuple[float, float], down: tuple[float, float], size_px: int) -> F32:
    """Write an interval across and one down as the affine map from a view's pixels to the picture's."""
    (left, right), (top, bottom) = across, down
    wide, high = right - left, bottom - top
    return np.array(
        [[wide, 0, left * size_px + (wide - 1) / 2], [0, high, top * size_px + (high - 1) / 2]], dtype=np.float32
    )


def _middle(size_px: int) -> Bool:
    """Mark an ellipse in the middle, where the face is."""
    place = (np.arange(size_px) + 0.5) / size_px - 0.5
    return np.asarray((place[None] / 0.31) ** 2 + (place[:, None] / 0.375) ** 2 < 1)


_MIDDLE = {size_px: _middle(size_px) for size_px in (_SMALL_PX, SIZE_PX)}


def _details(picture: F32) -> Any:
    """Keep edges and texture: light and noise go."""
    size = len(picture)
    calm = cv2.GaussianBlur(picture, (0, 0), 0.7) if size == SIZE_PX else picture
    return calm - cv2.GaussianBlur(picture, (0, 0), size / 16)


def _correlate(one: Any, other: Any, start: F32, iterations: int) -> tuple[float, float] | None:
    """Align two pictures from a first guess on; the correlation of the whole and of the middle, None where it fails."""
    size = len(one)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, iterations, 1e-4 if size == SIZE_PX else 1e-3)
    try:
        _, warp = cv2.findTransformECC(other, one, start, cv2.MOTION_AFFINE, stop, None, 5 if size == SIZE_PX else 3)
    except cv2.error:  # it did not converge
        return None
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(_details(one), warp, (size, size), flags=how)
    covered = cv2.warpAffine(np.ones_like(one), warp, (size, size), flags=how) > 0.99
    edge = size // 32
    covered[:edge] = covered[-edge:] = False
    covered[:, :edge] = covered[:, -edge:] = False
    if covered.mean() < 0.5:
        return None
    theirs = _details(other)
    drawn = cv2.warpAffine(one, warp, (size, size), flags=how)
    seen = covered & ~_clipped(drawn) & ~_clipped(other)
    middle = _MIDDLE[size]
    # Where light or dark was cut off in one of both there are no details to compare.
    covered = seen if (seen & middle).sum() >= _LEAST_SEEN * (covered & middle).sum() else covered
    return _correlation(warped[covered], theirs[covered]), _correlation(
        warped[covered & middle], theirs[covered & middle]
    )


def _clipped(picture: Any) -> Bool:
    """Mark what is next to pixels that are as light or as dark as can be."""
    extreme = ((picture > _LIGHTEST) | (picture < _DARKEST)).astype(np.uint8)
    around = cv2.dilate(extreme, np.ones((3, 3), np.uint8))
    return np.asarray(around, dtype=np.bool_)


def _correlation(one: Any, other: Any) -> float:
    """Correlate two lists of numbers; 0 where one is constant."""
    if one.size < 2:
        return 0.0
    one, other = one - one.mean(), other - other.mean()
    length = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / length if length > 0 else 0.0
