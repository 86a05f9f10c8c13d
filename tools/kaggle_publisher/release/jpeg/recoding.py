"""Writes a JPEG anew from its coefficients: the same pixels to the bit, and nothing else of the file.

The compressed scan is decoded to quantised coefficients, and these are coded again with the tables of the standard,
under headers of our own, as jpegtran does. So nothing is copied but the coefficients, the divisors that they need, and
the size. Bytes in, bytes out.

Source: ITU-T T.81, F.2.2 (decoding), F.1.2 (coding).
"""

from collections.abc import Iterator, Mapping

from tools.kaggle_publisher.release.jpeg.head import Head, write_file
from tools.kaggle_publisher.release.jpeg.tables import coding, decoding

_ZERO_RUN, _END_OF_BLOCK = 0xF0, 0x00
_LARGEST_DC, _LARGEST_AC = 11, 10  # bits that the standard's tables have codes for


class _Bits:
    """Reads an interval of the scan bit by bit; zeros follow its end, as decoders supply them."""

    def __init__(self, data: bytes) -> None:
        self._data = data.replace(b"\xff\x00", b"\xff")
        self._position = self._held = self._n_held = 0

    def _fill(self) -> None:
        piece = self._data[self._position : self._position + 32].ljust(32, b"\0")
        self._position += 32
        if self._position > len(self._data) + 64:
            raise ValueError("a scan that ends too early")
        self._held = (self._held << 256) | int.from_bytes(piece, "big")
        self._n_held += 256

    def symbol(self, table: list[tuple[int, int]]) -> int:
        """Read a Huffman symbol."""
        if self._n_held < 32:
            self._fill()
        n_bits, symbol = table[(self._held >> (self._n_held - 16)) & 0xFFFF]
        if n_bits == 0:
            raise ValueError("a scan with a code that is in no table")
        self._n_held -= n_bits
        self._held &= (1 << self._n_held) - 1
        return symbol

    def value(self, n_bits: int) -> int:
        """Read a coefficient of so many bits."""
        if n_bits == 0:
            return 0
        if self._n_held < 32:
            self._fill()
        self._n_held -= n_bits
        value = self._held >> self._n_held
        self._held &= (1 << self._n_held) - 1
        return value if value >> (n_bits - 1) else value - (1 << n_bits) + 1


class _Writer:
    """Collects codes to bytes, stuffed as a scan needs it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = self._n_held = 0

    def add(self, code: int, n_bits: int) -> None:
        self._held = (self._held << n_bits) | code
        self._n_held += n_bits
        if self._n_held >= 512:
            rest = self._n_held % 8
            self._pieces.append((self._held >> rest).to_bytes(self._n_held // 8, "big"))
            self._held &= (1 << rest) - 1
            self._n_held = rest

    def value(self, value: int, n_bits: int) -> None:
        """Add a coefficient of so many bits."""
        self.add(value if value >= 0 else value + (1 << n_bits) - 1, n_bits)

    def finish(self) -> bytes:
        """Return the scan; ones fill its last byte."""
        rest = -self._n_held % 8
        self.add((1 << rest) - 1, rest)
        self._pieces.append(self._held.to_bytes(self._n_held // 8, "big"))
        return b"".join(self._pieces).replace(b"\xff", b"\xff\x00")


def write_anew(head: Head, scan: bytes) -> bytes | None:
    """Write a picture anew.

    Args:
        head: What its headers say.
        scan: The compressed data of its one scan, with restart marks.

    Returns:
        The file; None where the standard's tables have no codes for its coefficients.

    Raises:
        ValueError: The scan is damaged.
    """
    decoders = [(decoding(*plane.dc), decoding(*plane.ac)) for plane in head.planes]
    coders = [(coding(min(number, 1)), coding(0x10 | min(number, 1))) for number in range(len(head.planes))]
    intervals = _split_at_restarts(scan)
    writer, written = _Writer(), [0] * len(head.planes)
    bits, read = _Bits(next(intervals)), [0] * len(head.planes)
    for unit in range(head.n_units):
        if head.interval and unit and unit % head.interval == 0:
            bits, read = _Bits(next(intervals, b"")), [0] * len(head.planes)
        for number, plane in enumerate(head.planes):
            for _ in range(plane.across * plane.down):
                size = bits.symbol(decoders[number][0])
                if size > _LARGEST_DC:
                    return None
                read[number] += bits.value(size)
                change = read[number] - written[number]
                written[number] = read[number]
                n_bits = abs(change).bit_length()
                if n_bits > _LARGEST_DC:
                    return None
                writer.add(*coders[number][0][n_bits])
                writer.value(change, n_bits)
                if not _recode_block(bits, decoders[number][1], writer, coders[number][1]):
                    return None
    return write_file(head, writer.finish())


def _recode_block(
    bits: _Bits, table: list[tuple[int, int]], writer: _Writer, codes: Mapping[int, tuple[int, int]]
) -> bool:
    """Carry the 63 other coefficients of a block over; returns whether the standard has codes for them."""
    position, n_zeros = 1, 0
    while position < 64:
        symbol = bits.symbol(table)
        run, size = symbol >> 4, symbol & 15
        if size == 0:
            if run != 15:  # end of block
                break
            position += 16
            n_zeros += 16
            continue
        position += run + 1
        n_zeros += run
        if position > 64:
            raise ValueError("a block with too many coefficients")
        value = bits.value(size)
        size = abs(value).bit_length()
        if size > _LARGEST_AC:
            return False
        while n_zeros > 15:
            writer.add(*codes[_ZERO_RUN])
            n_zeros -= 16
        writer.add(*codes[n_zeros << 4 | size])
        writer.value(value, size)
        n_zeros = 0
    if n_zeros or position < 64:
        writer.add(*codes[_END_OF_BLOCK])
    return True


def _split_at_restarts(scan: bytes) -> Iterator[bytes]:
    """Cut a scan at its restart marks."""
    begin = position = 0
    while (position := scan.find(b"\xff", position)) != -1:
        if scan[position + 1 : position + 2] and 0xD0 <= scan[position + 1] <= 0xD7:
            yield scan[begin:position]
            begin = position + 2
        position += 2
    yield scan[begin:]
