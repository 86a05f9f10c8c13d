"""Makes the pictures of a release: the pixels, and nothing else of the files that they came from.

`strip_hidden` parses the scan, keeps the coefficients, and so the pixels to the bit, and writes everything else anew.
A picture of which that cannot be done is decoded and encoded again. Either way nothing of the file can stay;
`find_hidden` looks once more. Bytes in, bytes out.

Source: ITU-T T.81, B.1.1 (markers); JFIF 1.02.
"""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from shared.dataset.released import encode_again
from shared.errors import CheckFailed
from tools.kaggle_publisher.release.jpeg.head import BARE_JFIF, read_head
from tools.kaggle_publisher.release.jpeg.recoding import write_anew

_NAMES = {0xE1: "EXIF or XMP data", 0xED: "IPTC data", 0xFE: "a comment", 0xE2: "a colour profile or further pictures"}
_SOI, _EOI, _SOS, _TEM, _COMMENT = 0xD8, 0xD9, 0xDA, 0x01, 0xFE
_SHOWING = {0xDB, 0xC0, 0xC1, 0xC2, 0xC4, 0xDD, _SOS, _EOI}
_JFIF = b"JFIF\0"


class _Piece(NamedTuple):
    """A segment with its marker (None: compressed pixels), and its bytes as they stand in the file."""

    marker: int | None
    data: bytes


def make_clean(jpeg: bytes, what: str, quality: int, *, lossless: bool) -> bytes:
    """Return a picture's file with nothing in it but the picture.

    Args:
        jpeg: The file.
        what: How to call it in an error.
        quality: With which a picture is encoded again where its coefficients cannot be kept.
        lossless: Refuse to do that.

    Raises:
        CheckFailed: It is not a complete JPEG, its pixels cannot be kept though they must, or something is left that
            does not belong there.
    """
    clean = strip_hidden(jpeg, what)
    if clean is None or not (clean == jpeg or _look_alike(jpeg, clean)):  # its metadata turn it, or colour it
        if lossless:
            raise CheckFailed(
                what,
                found="a JPEG whose pixels cannot be kept to the bit (progressive, turned or coloured by its metadata, "
                "or of a size that is no multiple of its blocks)",
                expected="a baseline JPEG",
                todo="publish without --lossless: it is encoded again then",
            )
        clean = encode_again(jpeg, quality)
    if clean is None:
        raise CheckFailed(what, found="a file that is no picture", expected="a complete JPEG picture")
    if hidden := find_hidden(clean):
        raise CheckFailed(what, found=f"{hidden} that does not come off", expected="pixels only")
    return clean


def _look_alike(one: bytes, other: bytes) -> bool:
    import cv2

    first, second = (cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (one, other))
    return first is not None and second is not None and np.array_equal(first, second)


def find_hidden(jpeg: bytes) -> str | None:
    """Name the first thing in a JPEG file that is not needed to show it.

    Returns:
        Words for it, such as ``EXIF or XMP data``, or None. Data after the picture's end counts too.
    """
    try:
        pieces = list(_split(jpeg))
    except ValueError as error:
        return str(error)
    for piece in pieces:
        if (words := _name(piece)) is not None:
            return words
    length = 2 + sum(len(piece.data) for piece in pieces)
    return "data after the picture's end" if length != len(jpeg) else None


def strip_hidden(jpeg: bytes, what: str) -> bytes | None:
    """Return a file of the same pixels to the bit, everything but its coefficients written anew.

    Args:
        jpeg: The file.
        what: How to call it in an error.

    Returns:
        The file; None for a kind of JPEG whose coefficients cannot be kept (see `read_head`).

    Raises:
        CheckFailed: It is not a complete JPEG.
    """
    try:
        return _write_anew(jpeg)
    except ValueError as error:
        raise CheckFailed(what, found=str(error), expected="a complete JPEG picture") from None


@functools.lru_cache(maxsize=1024)  # a release that is staged under two numbers has the same pictures
def _write_anew(jpeg: bytes) -> bytes | None:
    pieces = list(_split(jpeg))
    starts = [number for number, piece in enumerate(pieces) if piece.marker == _SOS]
    if not starts:
        raise ValueError("no picture")
    if len(starts) > 1:
        return None
    segments = [(piece.marker, piece.data[4:]) for piece in pieces[: starts[0] + 1] if piece.marker is not None]
    head = read_head(segments)
    return None if head is None else write_anew(head, pieces[starts[0] + 1].data)


def _name(piece: _Piece) -> str | None:
    """Name what a segment hides; None for what shows the picture."""
    marker, body = piece.marker, piece.data[4:]
    if marker is None or marker in _SHOWING:
        return None
    if marker == 0xE0 and body.startswith(_JFIF):
        if piece.data == BARE_JFIF:
            return None
        return "a thumbnail" if len(piece.data) > len(BARE_JFIF) else "a density"
    if marker == _COMMENT or 0xE0 <= marker <= 0xEF:
        return _NAMES.get(marker, f"application data (APP{marker - 0xE0})")
    return f"a segment that no picture needs (marker {marker:02X})"


def _split(jpeg: bytes) -> Iterator[_Piece]:
    """Cut a file into its segments and its compressed pixels, up to the mark of the picture's end.

    Raises:
        ValueError: The file is damaged; names the damage.
    """
    if jpeg[:2] != bytes((0xFF, _SOI)):
        raise ValueError("no JPEG")
    position = 2
    while True:
        start = position
        if position + 1 >= len(jpeg):
            raise ValueError("no end mark")
        if jpeg[position] != 0xFF:
            raise ValueError("a damaged header")
        marker = jpeg[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        if marker == _EOI:
            yield _Piece(marker, jpeg[start : position + 2])
            return
        if marker == _TEM or 0xD0 <= marker <= 0xD7:  # stand alone
            position += 2
            yield _Piece(None, jpeg[start:position])
            continue
        end = position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if end < position + 4 or end > len(jpeg):
            raise ValueError("a damaged header")
        yield _Piece(marker, jpeg[start:end])
        position = end
        if marker == _SOS:
            position = _end_of_scan(jpeg, position)
            yield _Piece(None, jpeg[end:position])


def _end_of_scan(jpeg: bytes, position: int) -> int:
    """Return where the next segment begins after compressed pixels.

    Raises:
        ValueError: The file ends before.
    """
    while (position := jpeg.find(b"\xff", position)) != -1 and position + 1 < len(jpeg):
        marker = jpeg[position + 1]
        if marker == 0x00 or 0xD0 <= marker <= 0xD7:  # a stuffed byte, a restart mark
            position += 2
        elif marker == 0xFF:
            position += 1
        else:
            return position
    raise ValueError("no end mark")
