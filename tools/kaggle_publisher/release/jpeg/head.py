"""The headers of a JPEG: what of them decides how the picture looks, and a canonical writing of it.

Source: ITU-T T.81, B.2 (segments); JFIF 1.02.
"""

import struct
from dataclasses import dataclass

from tools.kaggle_publisher.release.jpeg.tables import STANDARD, read_huffman, read_quantisation

BARE_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


@dataclass(frozen=True)
class Plane:
    """A colour plane: its blocks in each unit of the scan, its tables.

    Attributes:
        across: Sampling factor.
        down: Sampling factor.
        quantisation: Its 64 divisors.
        dc: Code lengths and symbols of the table of its first coefficients.
        ac: Those of the others.
    """

    across: int
    down: int
    quantisation: bytes
    dc: tuple[bytes, bytes]
    ac: tuple[bytes, bytes]


@dataclass(frozen=True)
class Head:
    """What the headers say of the picture.

    Attributes:
        width: In pixels.
        height: In pixels.
        planes: One or three.
        interval: Units between restart marks; 0 for none.
    """

    width: int
    height: int
    planes: tuple[Plane, ...]
    interval: int

    @property
    def n_units(self) -> int:
        """How many units the scan has."""
        across, down = max(one.across for one in self.planes), max(one.down for one in self.planes)
        return self.width * self.height // (64 * across * down)


def read_head(segments: list[tuple[int, bytes]]) -> Head | None:
    """Read the headers up to the start of the scan.

    Args:
        segments: (marker, body without length), in the file's order.

    Returns:
        None for a kind of JPEG whose coefficients cannot be kept: progressive, arithmetic, 12 bits, several scans,
        other than one or three planes, or a size that leaves blocks partly outside of the picture.

    Raises:
        ValueError: They are damaged.
    """
    try:
        return _read_head(segments)
    except (IndexError, KeyError, struct.error):
        raise ValueError("a damaged header") from None


def _read_head(segments: list[tuple[int, bytes]]) -> Head | None:
    quantisation: dict[int, bytes] = {}
    huffman: dict[int, tuple[bytes, bytes]] = {}
    interval = 0
    frame = start = b""
    for marker, body in segments:
        if marker == 0xDB:
            quantisation.update(read_quantisation(body))
        elif marker == 0xC4:
            huffman.update(read_huffman(body))
        elif marker == 0xDD:
            (interval,) = struct.unpack(">H", body[:2])
        elif 0xC0 <= marker <= 0xCF and marker != 0xC8:
            if frame or marker > 0xC1:  # baseline, or extended with the same coding
                return None
            frame = body
        elif marker == 0xDA:
            start = body
    precision, height, width, n_planes = struct.unpack(">BHHB", frame[:6])
    whole_block = start[1 + 2 * n_planes : 4 + 2 * n_planes] == b"\x00\x3f\x00"
    if precision != 8 or n_planes not in (1, 3) or start[0] != n_planes or not whole_block:
        return None
    tables = {start[at]: start[at + 1] for at in range(1, 1 + 2 * n_planes, 2)}
    planes = []
    for at in range(6, 6 + 3 * n_planes, 3):
        chosen = tables[frame[at]]
        if frame[at + 2] not in quantisation:
            return None
        across, down = (frame[at + 1] >> 4, frame[at + 1] & 15) if n_planes > 1 else (1, 1)  # one is not interleaved
        dc, ac = huffman[chosen >> 4], huffman[0x10 | (chosen & 15)]
        planes.append(Plane(across, down, quantisation[frame[at + 2]], dc, ac))
    head = Head(width, height, tuple(planes), interval)
    across, down = max(one.across for one in planes), max(one.down for one in planes)
    is_sampled = all(0 < factor <= 2 for one in planes for factor in (one.across, one.down))
    is_whole = width and height and is_sampled and not (width % (8 * across) or height % (8 * down))
    return head if is_whole else None


def write_file(head: Head, coded: bytes) -> bytes:
    """Write the file around a scan as an encoder does: each table that is used once, in the same order always."""
    destinations = {
        table: number for number, table in enumerate(dict.fromkeys(one.quantisation for one in head.planes))
    }
    parts = [b"\xff\xd8", BARE_JFIF]
    parts += [_segment(0xDB, bytes([number]) + table) for table, number in destinations.items()]
    frame = struct.pack(">BHHB", 8, head.height, head.width, len(head.planes))
    start = bytes([len(head.planes)])
    for number, plane in enumerate(head.planes, start=1):
        frame += bytes([number, plane.across << 4 | plane.down, destinations[plane.quantisation]])
        start += bytes([number, 0x11 * min(number - 1, 1)])
    parts.append(_segment(0xC0, frame))
    names = STANDARD if len(head.planes) > 1 else (0x00, 0x10)
    parts += [_segment(0xC4, bytes([name]) + b"".join(map(bytes.fromhex, STANDARD[name]))) for name in names]
    parts += [_segment(0xDA, start + b"\x00\x3f\x00"), coded, b"\xff\xd9"]
    return b"".join(parts)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
