"""Looks into a JPEG for anything but the picture: EXIF, GPS, XMP, thumbnails, comments. Reads bytes, writes nothing."""

_NAMES = {0xE1: "EXIF or XMP data", 0xED: "IPTC data", 0xFE: "a comment"}
# JFIF, ICC colour profile and Adobe's colour transform say how to show the pixels, nothing about people.
_HARMLESS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}


def find_hidden(jpeg: bytes) -> str | None:
    """Name the first thing in a JPEG file that is not needed to show it.

    Returns:
        Words for it, such as ``EXIF or XMP data``, or None. Data after the picture's end counts too.

    Source: ITU-T T.81, B.1.1 (markers); JFIF 1.02 (a thumbnail in APP0 makes it longer than 16 bytes).
    """
    position = 2  # after FF D8
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker = jpeg[position + 1]
        if marker == 0xFF:  # a fill byte
            position += 1
            continue
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        body = jpeg[position + 4 : position + 2 + length]
        if marker == 0xDA:
            return _after_scan(jpeg, position + 2 + length)
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            if not body.startswith(_HARMLESS.get(marker, b"\0none")):
                return _NAMES.get(marker, f"application data (APP{marker - 0xE0})")
            if marker == 0xE0 and length > 16:
                return "a thumbnail"
        position += 2 + length
    return "a damaged header"


def _after_scan(jpeg: bytes, position: int) -> str | None:
    """Look past the compressed pixels: further scans are harmless, segments and trailing bytes are not."""
    while (position := jpeg.find(b"\xff", position)) != -1 and position + 1 < len(jpeg):
        marker = jpeg[position + 1]
        if marker == 0xD9:
            return None if position + 2 == len(jpeg) else "data after the picture's end"
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7:  # a stuffed byte, a fill byte, a restart mark
            position += 1 if marker == 0xFF else 2
            continue
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            return _NAMES.get(marker, f"application data (APP{marker - 0xE0})")
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
    return "no end mark"
