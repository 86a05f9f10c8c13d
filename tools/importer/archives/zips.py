"""Reads ZIP archives of strangers: their list of members piece by piece, a member's bytes in memory, never to a file.

Memory does not grow with the number of members, which `zipfile` would hold all at once (a million take 500 MB). What
unsafe is refused for the whole archive: encryption, links, names that climb out of a folder, members that
share bytes or would fill the memory. Names are UTF-8 where the archive says so; else what they turn out to be: UTF-8,
cp949 (as Korean Windows writes) or cp437.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import os
import re
import stat
import struct
import threading
import unicodedata
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple

from shared.errors import InvalidInput
from shared.pictures.unusable import Unusable

MAX_MEMBER_BYTES = 64 * 2**20  # larger than any photo that is worth cropping to 224 px
MAX_RATIO = 200  # a JPEG barely shrinks and a blank BMP a thousandfold; below MIN_RATIO_BYTES it does not matter
MIN_RATIO_BYTES = 4 * 2**20

_END = struct.Struct("<4s4H2LH")
_END_64_PLACE = struct.Struct("<4sLQL")  # stands between the two ends; says where the first is, which is known
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 2**16
_READ_BYTES = 2**18
_HIDDEN = re.compile(r"(?:\A|/)(?:\.|__MACOSX(?:/|\Z)|(?i:thumbs\.db)\Z)")
_UTF8, _ENCRYPTED = 0x0800, 0x0001 | 0x0040 | 0x2000
_STORED, _DEFLATED = 0, 8
_UNSAFE = re.compile(r"\A(?:/|[A-Za-z]:|\Z)|[\x00-\x1f]|(?:\A|/)\.\.(?:/|\Z)")
_LARGE_16, _LARGE_32 = 0xFFFF, 0xFFFFFFFF


class Member(NamedTuple):
    """A file in an archive, as the archive's list describes it.

    Attributes:
        name: With its folders, slashes between them, in Unicode NFC.
        method: How it is compressed: 0 stored, 8 deflated.
        crc: Of its bytes.
        compressed_bytes: What it takes in the archive.
        bytes: What it unpacks to, if the archive is right.
        offset: Of its local header in the file.
    """

    name: str
    method: int
    crc: int
    compressed_bytes: int
    bytes: int
    offset: int

    @property
    def is_folder(self) -> bool:
        """Whether it is only a folder's name."""
        return self.name.endswith("/")

    @property
    def is_hidden(self) -> bool:
        """Whether an operating system left it behind: __MACOSX/, .DS_Store, Thumbs.db."""
        return _HIDDEN.search(self.name) is not None


class Archive:
    """An open ZIP. Iterate over it as often as needed; `read` may be called from several threads.

    Args:
        path: The file.

    Raises:
        InvalidInput: No ZIP, cut off, or a part of several.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise InvalidInput(str(path), found=error.strerror or str(error), expected="a ZIP") from None
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._n_members, self._list_bytes, self._list_start, self._shift = self._find_list()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _find_list(self) -> tuple[int, int, int, int]:
        """Return the number of members, the list's size and place, and by how much all offsets are too small."""
        tail_start = max(0, self._size - _MAX_COMMENT - _END.size)
        tail = self._pread(self._size - tail_start, tail_start)
        place = tail.rfind(b"PK\x05\x06")
        if place < 0 or len(tail) - place < _END.size:
            found = "a ZIP that is cut off (its list of members is missing)" if self._begins_like_a_zip() else "no ZIP"
            raise InvalidInput(str(self.path), found=found, expected="a whole ZIP", todo=_REMOVE)
        _, disk, list_disk, _, n_members, list_bytes, list_start, _ = _END.unpack_from(tail, place)
        end = tail_start + place
        if disk or list_disk:
            raise self._refuse("one part of a ZIP in several", "the whole one")
        end, n_members, list_bytes, list_start = self._read_end_64(end, (n_members, list_bytes, list_start))
        shift = end - list_bytes - list_start  # something may stand before the first member
        if shift < 0 or list_start + shift > self._size:
            raise InvalidInput(
                str(self.path), found="a ZIP whose list of members is not where it says", expected="a whole ZIP",
                todo=_REMOVE,
            )  # fmt: skip
        return n_members, list_bytes, list_start + shift, shift

    def _read_end_64(self, end: int, small: tuple[int, int, int]) -> tuple[int, int, int, int]:
        """Read the end of a large archive, where it has one."""
        at = end - _END_64_PLACE.size - _END_64.size
        data = self._pread(_END_64.size + _END_64_PLACE.size, at) if at >= 0 else b""
        if data[_END_64.size : _END_64.size + 4] != b"PK\x06\x07":
            return end, *small
        if data[:4] != b"PK\x06\x06":
            raise self._refuse("a ZIP whose end is broken", "a whole ZIP")
        fields = _END_64.unpack_from(data)
        return at, fields[7], fields[8], fields[9]

    def _begins_like_a_zip(self) -> bool:
        return self._pread(4, 0) in (b"PK\x03\x04", b"PK\x05\x06")

    def _pread(self, count: int, offset: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(count)

    def _refuse(self, found: str, expected: str) -> InvalidInput:
        return InvalidInput(str(self.path), found=found, expected=expected, todo=_REMOVE)

    def _refuse_member(self, name: str, found: str, expected: str) -> InvalidInput:
        return self._refuse(f"the member {name[:120]!r}{found}", expected)

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in the list's order; each is checked.

        Raises:
            InvalidInput: One is unsafe, or the list is broken; names it.
        """
        n_found = 0
        for header, name, extra in self._headers():
            n_found += 1
            yield self._to_member(header, name, extra)
        if (n_found - self._n_members) & _LARGE_16:  # some tools count members modulo 65,536
            raise self._refuse(f"a list of {n_found} members", f"{self._n_members}, as it says")

    def _headers(self) -> Iterator[tuple[tuple[int, ...], bytes, bytes]]:
        """Yield each entry of the list: its fields, raw name and extra data."""
        data, at, next_read, left = b"", 0, self._list_start, self._list_bytes
        while True:
            if len(data) - at < _CENTRAL.size + 3 * _LARGE_16 and left:
                piece = self._pread(min(left, _READ_BYTES), next_read)
                if not piece:
                    raise self._refuse("a ZIP that is cut off", "a whole ZIP")
                data, at = data[at:] + piece, 0
                next_read, left = next_read + len(piece), left - len(piece)
                continue
            if at >= len(data):
                return
            if len(data) - at < _CENTRAL.size or data[at : at + 4] != b"PK\x01\x02":
                if data[at : at + 4] == b"PK\x05\x05":  # a signature of the list, after its last entry
                    return
                raise self._refuse("a broken list of members", "a whole ZIP")
            fields = _CENTRAL.unpack_from(data, at)
            n_name, n_extra, n_comment = fields[12:15]
            start = at + _CENTRAL.size
            at = start + n_name + n_extra + n_comment
            if at > len(data):
                raise self._refuse("a broken list of members", "a whole ZIP")
            yield fields, data[start : start + n_name], data[start + n_name : start + n_name + n_extra]

    def _to_member(self, fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> Member:
        flags, method = fields[5], fields[6]
        crc, compressed, size, offset = fields[9], fields[10], fields[11], fields[18]
        if _LARGE_32 in (compressed, size, offset):
            size, compressed, offset = _read_large(extra, size, compressed, offset)
        name = _decode_name(raw_name, flags)
        ratio = size // max(compressed, 1)
        if flags & _ENCRYPTED:
            raise self._refuse_member(name, " encrypted", "an archive without a password")
        if not _is_safe(name):
            raise self._refuse_member(name, ", which points out of the archive", "names below a folder")
        if stat.S_ISLNK(fields[17] >> 16):
            raise self._refuse_member(name, ", a link", "files only")
        if size > MAX_MEMBER_BYTES:
            most = f"pictures of at most {MAX_MEMBER_BYTES >> 20} MB"
            raise self._refuse_member(name, f" of {size / 2**20:,.0f} MB", most)
        if size > MIN_RATIO_BYTES and ratio > MAX_RATIO:
            raise self._refuse_member(name, f", packed {ratio} times smaller", "pictures, not a bomb")
        return Member(name.replace("\\", "/"), method, crc, compressed, size, offset + self._shift)

    def check(self, members: "array[int]") -> None:
        """Refuse members that share bytes of the archive, as bombs do that unpack one picture a million times.

        Args:
            members: Offset and compressed size of each member, one after the other; sorted out of place.
        """
        import numpy as np

        table = np.frombuffer(members, np.int64).reshape(-1, 2)
        order = np.argsort(table[:, 0], kind="stable")
        ends = table[order, 0] + _LOCAL.size + table[order, 1]
        starts = np.append(table[order, 0][1:], self._list_start)
        if len(order) and (ends > starts).any():
            raise self._refuse("members that overlap each other", "each with bytes of its own, not a bomb")

    def read(self, member: Member) -> bytes:
        """Unpack a member into memory.

        Raises:
            Unusable: Cut off, packed in an unknown way, of another size or checksum than the list says.
        """
        header = self._pread(_LOCAL.size, member.offset)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise Unusable("unreadable", "not where the archive's list says")
        n_name, n_extra = _LOCAL.unpack(header)[9:11]
        packed = self._pread(member.compressed_bytes, member.offset + _LOCAL.size + n_name + n_extra)
        if len(packed) < member.compressed_bytes:
            raise Unusable("truncated")
        if member.method == _STORED:
            data = packed
        elif member.method == _DEFLATED:
            unpack = zlib.decompressobj(-zlib.MAX_WBITS)
            try:
                data = unpack.decompress(packed, member.bytes + 1)  # never more than the list says
            except zlib.error as error:
                raise Unusable("unreadable", str(error)) from None
        else:
            raise Unusable("unreadable", f"packed by method {member.method}")
        if len(data) != member.bytes or zlib.crc32(data) != member.crc:
            raise Unusable("unreadable", "its bytes are not those that the archive's list describes")
        return data


_REMOVE = "get it again, or take it out of the folder"


def _decode_name(raw: bytes, flags: int) -> str:
    """Decode a member's name; never fails."""
    if raw.isascii():
        return raw.decode("ascii")
    encodings = ("utf-8",) if flags & _UTF8 else ("utf-8", "cp949")
    for encoding in encodings:
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


def _is_safe(name: str) -> bool:
    """Check whether a name stays below the folder that it would be unpacked to, on any system."""
    return _UNSAFE.search(name.replace("\\", "/")) is None


def _read_large(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Read the 64-bit fields of an entry whose own are too small for its numbers."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = iter(struct.unpack_from(f"<{length // 8}Q", extra[at + 4 : at + 4 + length // 8 * 8]))
            return (
                next(values, size) if size == _LARGE_32 else size,
                next(values, compressed) if compressed == _LARGE_32 else compressed,
                next(values, offset) if offset == _LARGE_32 else offset,
            )
        at += 4 + length
    return size, compressed, offset
