"""The container that the page writes its film in, checked before anything decodes it.

IVF: a header of 32 bytes, then each frame with its length and its time in microseconds. Nothing else reaches
FFmpeg from a page: no playlist, no other container, no codec than the two that the page uses, no larger picture.
Source: libavformat/ivfdec.c; RFC 6386, 9.1 for the size in a key frame of VP8; ITU-T T.81, B.2.2 in a JPEG.
"""

import struct
from dataclasses import dataclass

CODECS = {b"VP80": "vp8", b"MJPG": "jpeg"}
TICKS_A_SECOND = 1_000_000
MOST_SIDE_PX, MOST_PIXELS = 4096, 3840 * 2160
MOST_FPS = 120
_HEAD, _FRAME_HEAD = 32, 12
_SIZES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))  # markers that carry one


class BadFilm(ValueError):
    """A film that is not what the page writes; the text says why."""


@dataclass(frozen=True)
class FilmFacts:
    """What a film's headers say."""

    codec: str
    width_px: int
    height_px: int
    n_frames: int
    duration_s: float


def check_film(data: bytes, most_s: float) -> FilmFacts:
    """Read a film's headers, all of them.

    Args:
        data: The whole file.
        most_s: How long it may be.

    Raises:
        BadFilm: Not the page's container, another codec, sizes or times that cannot be, or cut off.
    """
    if len(data) < _HEAD or data[:4] != b"DKIF" or data[4:8] != b"\x00\x00\x20\x00":
        raise BadFilm("no film of the page: another container")
    codec = CODECS.get(data[8:12])
    width, height = struct.unpack_from("<HH", data, 12)
    if codec is None:
        raise BadFilm("another codec than VP8 or JPEG")
    if struct.unpack_from("<II", data, 16) != (TICKS_A_SECOND, 1):
        raise BadFilm("another clock than microseconds")
    if not 64 <= min(width, height) <= max(width, height) <= MOST_SIDE_PX or width * height > MOST_PIXELS:
        raise BadFilm(f"pictures of {width}x{height}")
    place, last, count = _HEAD, -1, 0
    while place < len(data):
        if place + _FRAME_HEAD > len(data):
            raise BadFilm("cut off in the middle of a frame")
        size, stamp = struct.unpack_from("<IQ", data, place)
        place += _FRAME_HEAD
        if not 0 < size <= len(data) - place:
            raise BadFilm("cut off in the middle of a frame")
        if stamp <= last or stamp > most_s * TICKS_A_SECOND:
            raise BadFilm(f"a frame at {stamp / TICKS_A_SECOND:.3f} s, which is not behind the last one or too late")
        _check_frame(data[place : place + size], codec, (width, height), is_first=count == 0)
        place, last, count = place + size, stamp, count + 1
        if count > most_s * MOST_FPS:
            raise BadFilm(f"more than {count - 1} frames")
    if not count:
        raise BadFilm("no frame")
    return FilmFacts(codec, width, height, count, last / TICKS_A_SECOND)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Read a JPEG's width and height from its header; None where there is none.

    Example:
        >>> jpeg_size(bytes.fromhex("ffd8 ffc0 000b 08 0168 0280 01 011100"))
        (640, 360)
    """
    place = 2
    while data.startswith(b"\xff\xd8") and place + 9 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker in _SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        if marker == 0xDA:  # the picture itself begins
            return None
        place += 2 + length
    return None


def _check_frame(frame: bytes, codec: str, size_px: tuple[int, int], *, is_first: bool) -> None:
    """Refuse a frame that is not its codec's, or that declares another size: what decodes it would make room for that.

    Raises:
        BadFilm: It is one.
    """
    found: tuple[int, int] | None
    if codec == "jpeg":
        found = jpeg_size(frame)
    elif frame[0] & 1 and not is_first:
        return  # between key frames the size is the last one's
    else:
        is_key = len(frame) >= 10 and not frame[0] & 1 and frame[3:6] == b"\x9d\x01\x2a"
        width, height = (int.from_bytes(frame[place : place + 2], "little") & 0x3FFF for place in (6, 8))
        found = (width, height) if is_key else None
    if found != size_px:
        shown = "no key frame" if found is None else f"a frame of {found[0]}x{found[1]} pixels"
        raise BadFilm(f"{shown} in a film of {size_px[0]}x{size_px[1]}")
