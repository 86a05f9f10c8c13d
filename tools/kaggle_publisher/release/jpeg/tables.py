"""The Huffman tables of the standard, and the reading of those in files.

Source: ITU-T T.81, B.2.4 (segments), C.2 (codes), K.3 (tables).
"""

import functools
from collections.abc import Iterator

# Class and destination, code lengths, symbols: luminance and chrominance, DC and AC.
STANDARD = {
    0x00: ("00010501010101010100000000000000", "000102030405060708090a0b"),
    0x10: (
        "0002010303020403050504040000017d",
        (
            "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728"
            "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a83848586878889"
            "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2"
            "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
        ),
    ),
    0x01: ("00030101010101010101010000000000", "000102030405060708090a0b"),
    0x11: (
        "00020102040403040705040400010277",
        (
            "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a26"
            "2728292a35363738393a434445464748494a535455565758595a636465666768696a737475767778797a828384858687"
            "88898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da"
            "e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"
        ),
    ),
}


def read_quantisation(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Read the tables of a segment: destination → 64 bytes; those of 16 bits are left out, which no baseline has."""
    position = 0
    while position < len(body):
        wide, destination = body[position] >> 4, body[position] & 15
        n_bytes = 128 if wide else 64
        table = body[position + 1 : position + 1 + n_bytes]
        if len(table) < n_bytes:
            raise ValueError("a damaged header")
        if not wide:
            yield destination, table
        position += 1 + n_bytes


def read_huffman(body: bytes) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Read the tables of a segment: class and destination → code lengths, symbols."""
    position = 0
    while position < len(body):
        lengths = body[position + 1 : position + 17]
        symbols = body[position + 17 : position + 17 + sum(lengths)]
        if len(lengths) < 16 or len(symbols) < sum(lengths):
            raise ValueError("a damaged header")
        yield body[position], (lengths, symbols)
        position += 17 + len(symbols)


def _codes(lengths: bytes, symbols: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (code, bits, symbol)."""
    code, at = 0, 0
    for n_bits, count in enumerate(lengths, start=1):
        for _ in range(count):
            if code >> n_bits:
                raise ValueError("a damaged header")
            yield code, n_bits, symbols[at]
            code, at = code + 1, at + 1
        code <<= 1


@functools.lru_cache(maxsize=16)
def decoding(lengths: bytes, symbols: bytes) -> list[tuple[int, int]]:
    """Make a table of all 16 bits that can come: (bits of the code, its symbol)."""
    table = [(0, 0)] * 65536
    for code, n_bits, symbol in _codes(lengths, symbols):
        first = code << (16 - n_bits)
        table[first : first + (1 << (16 - n_bits))] = [(n_bits, symbol)] * (1 << (16 - n_bits))
    return table


@functools.cache
def coding(name: int) -> dict[int, tuple[int, int]]:
    """Make a table of the standard's codes: symbol → (code, bits)."""
    lengths, symbols = map(bytes.fromhex, STANDARD[name])
    return {symbol: (code, n_bits) for code, n_bits, symbol in _codes(lengths, symbols)}
