"""Takes everything out of a JPEG that is not the picture: EXIF, GPS, XMP, thumbnails, profiles, comments.

The pixels stay as they are, to the bit: the compressed data is copied, not encoded again. Bytes in, bytes out.

Source: ITU-T T.81, B.1.1 (markers); JFIF 1.02 (a thumbnail in APP0 makes it longer than 16 bytes).
"""

from collections.abc import Iterator
from typing import NamedTuple

from shared.errors import CheckFailed

_NAMES = {0xE1: "EXIF or XMP data", 0xED: "IPTC data", 0xFE: "a comment", 0xE2: "a colour profile or further pictures"}
_SOI, _EOI, _SOS, _TEM, _COMMENT = 0xD8, 0xD9, 0xDA, 0x01, 0xFE
_JFIF = b"JFIF\0"
_ADOBE = b"Adobe"
_BARE_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


class _Piece(NamedTuple):
    """A segment with its marker (None: compressed pixels), and its bytes as they stand in the file."""

    marker: int | None
    data: bytes


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


def strip_hidden(jpeg: bytes, what: str) -> bytes:
    """Return the file with nothing in it but the picture.

    Args:
        jpeg: The file.
        what: How to call it in an error.

    Raises:
        CheckFailed: It is not a complete JPEG.
    """
    try:
        pieces = list(_split(jpeg))
    except ValueError as error:
        raise CheckFailed(what, found=str(error), expected="a complete JPEG picture") from None
    kept = []
    for piece in pieces:
        if _name(piece) is None:
            kept.append(piece.data)
        elif piece.marker == 0xE0 and piece.data[4:].startswith(_JFIF):
            kept.append(_BARE_JFIF)
    return bytes((0xFF, _SOI)) + b"".join(kept)


def _name(piece: _Piece) -> str | None:
    """Name what a segment hides; None for what shows the picture."""
    marker, body = piece.marker, piece.data[4:]
    if marker is None or not (marker == _COMMENT or 0xE0 <= marker <= 0xEF):
        return None
    if marker == 0xE0 and body.startswith(_JFIF):
        return None if len(piece.data) == len(_BARE_JFIF) else "a thumbnail"
    if marker == 0xEE and body.startswith(_ADOBE) and len(body) == 12:
        return None  # gives the colour coding; without it a decoder may guess wrong
    return _NAMES.get(marker, f"application data (APP{marker - 0xE0})")


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
