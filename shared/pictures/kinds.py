"""What a picture file is, by its bytes and never by its name: kind, size, whether it is whole, whether it moves.

Reads headers only and decodes nothing; a header that lies is found out by the decoder.
"""

import io
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from shared.pictures.unusable import Unusable

HEAD_BYTES = 64
# Names that such files have in archives, whose members are only opened once their names say what they show.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".avif", ".avifs", ".gif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".jp2", ".pnm", ".ppm", ".pgm", ".heic", ".heif", ".hif"),
)
HEIC = "heic"
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # in a scan: neither a stuffed byte nor a restart
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers of JPEG without a length
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of JPEG that hold the picture's size
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}


@dataclass(frozen=True)
class Header:
    """What a file says of its picture.

    Attributes:
        kind: jpeg, png, webp, gif, bmp, tiff, jp2, pnm, avif or heic.
        width_px: As stored, not yet upright.
        height_px: Likewise.
        moves: Whether there is more than one picture in it, of which the first counts.
        kept_per_pixel: Of jpeg: bytes that decoding keeps, however small the picture is asked for: a progressive one
            comes in several passes over the whole picture.
    """

    kind: str
    width_px: int
    height_px: int
    moves: bool = False
    kept_per_pixel: float = 0.0


def sniff(head: bytes) -> str | None:
    """Name the kind of a picture file by its first 64 bytes; None for what is none."""
    for start, kind in (
        *((b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"GIF87a", "gif"), (b"GIF89a", "gif")),
        *(
            (b"II*\x00", "tiff"),
            (b"MM\x00*", "tiff"),
            (b"\x00\x00\x00\x0cjP  \r\n", "jp2"),
            (b"\xff\x4f\xff\x51", "jp2"),
        ),
    ):
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "bmp"
    if re.match(rb"P[1-6]\s+[#\d]", head):
        return "pnm"
    if head[4:8] == b"ftyp":
        brands = {head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)}
        if brands & _AVIF_BRANDS:
            return "avif"
        return HEIC if brands & _HEIC_BRANDS else None
    return None


def read_head(path: Path) -> bytes:
    """Return a file's first bytes, by which `sniff` knows its kind; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def is_picture(path: Path) -> bool:
    """Tell whether a file is a picture by its bytes, or calls itself one, so that it is named as a broken one."""
    return sniff(read_head(path)) is not None or path.suffix.lower() in SUFFIXES


def read_header(data: bytes) -> Header:
    """Read what a file says of its picture.

    Raises:
        Unusable: No picture, or one that is cut off in the middle.
    """
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise Unusable("unreadable")
    try:
        if kind == "jpeg":
            return _walk_jpeg(data)
        if kind == "png":
            return _walk_png(data)
        if kind == "webp":
            return _read_webp(data)
        if kind == "jp2":
            return _read_jpeg2000(data)
        return _ask_pillow(data, kind)
    except (struct.error, IndexError, ValueError):
        raise Unusable("truncated") from None


def _walk_jpeg(data: bytes) -> Header:
    """Walk a JPEG's segments to its end mark; what follows it, such as a moving photo's film, does not count.

    Decoders fill what is missing with grey, without an error.
    """
    at = 2
    header: Header | None = None
    try:
        while True:
            while data[at] == 0xFF and data[at + 1] == 0xFF:
                at += 1
            if data[at] != 0xFF:
                raise Unusable("unreadable", "a broken JPEG")
            marker = data[at + 1]
            at += 2
            if marker == 0xD9:
                break
            if marker in _ALONE:
                continue
            (length,) = struct.unpack_from(">H", data, at)
            if marker in _SIZES:
                height, width = struct.unpack_from(">HH", data, at + 3)
                kept = _bytes_of_coefficients(data, at) if marker in _PROGRESSIVE else 0.0
                header = Header("jpeg", width, height, kept_per_pixel=kept)
            at += length
            if marker == 0xDA:
                following = _NEXT_MARKER.search(data, at)
                at = len(data) if following is None else following.start()
    except (struct.error, IndexError):
        raise Unusable("truncated" if header else "unreadable") from None
    if header is None:
        raise Unusable("unreadable", "a JPEG without a picture")
    return header


def _bytes_of_coefficients(data: bytes, at: int) -> float:
    """Read how many coefficients of 2 bytes a progressive JPEG has for a pixel: 1.5 with halved colours, or up to 4."""
    parts = [data[at + 9 + 3 * index] for index in range(data[at + 7])]
    samples = [(part >> 4) * (part & 15) for part in parts]
    most = max((part >> 4 for part in parts), default=1) * max((part & 15 for part in parts), default=1)
    return 2 * sum(samples) / max(most, 1)


def _walk_png(data: bytes) -> Header:
    """Walk a PNG's chunks to the last one."""
    width, height = struct.unpack_from(">II", data, 16)
    at, moves = 8, False
    while True:
        length, name = struct.unpack_from(">I4s", data, at)
        moves |= name == b"acTL"
        at += 12 + length
        if at > len(data):
            raise Unusable("truncated")
        if name == b"IEND":
            return Header("png", width, height, moves)


def _read_webp(data: bytes) -> Header:
    """Read a WebP's size: its canvas, where it has one, or its one picture. Pillow would make room for it at once."""
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise Unusable("truncated")
    name = data[12:16]
    if name == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return Header("webp", width, height, moves=bool(data[20] & 2))
    if name == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return Header("webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack_from("<HH", data, 26)
    return Header("webp", width & 0x3FFF, height & 0x3FFF)


def _read_jpeg2000(data: bytes) -> Header:
    """Read a JPEG 2000's size where its decoder reads it; the box around it may say another one."""
    right, below, left, above = struct.unpack_from(">4I", data, data.index(b"\xff\x4f\xff\x51") + 8)
    return Header("jp2", right - left, below - above)


def _ask_pillow(data: bytes, kind: str) -> Header:
    """Let Pillow read the header of a rarer kind."""
    if kind == HEIC:
        open_heic()
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None  # our own limit has a flag, and names the file
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            return Header(kind, width, height, moves=bool(getattr(picture, "is_animated", False)))
    except Exception as error:  # strangers' files make its many readers raise anything
        raise Unusable("unreadable", str(error).splitlines()[0][:80] if str(error) else "") from None


def open_heic() -> None:
    """Teach Pillow to read HEIC.

    Raises:
        Unusable: The package that does it is not installed.
    """
    try:
        import pillow_heif
    except ImportError:
        raise Unusable("needs_package") from None
    pillow_heif.register_heif_opener()
