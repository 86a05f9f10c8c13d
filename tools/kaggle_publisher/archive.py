"""Unpacks a release as Kaggle hands it out: a ZIP of its files, perhaps with the pictures in a ZIP of their own.

Writes nothing but what a release has, and nothing outside of the target.
"""

import lzma
import re
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from shared.errors import CheckFailed, first_line
from tools.kaggle_publisher.release.staging import STAGED

MAX_BYTES = 50_000_000_000
MAX_RATIO = 50  # JPEG does not shrink; what grows fifty times on unpacking is not a smilebench dataset
_PICTURE = re.compile(r"images/seq_\d{4,9}_frame_\d+\.jpg")
_NESTED = "images.zip"
_READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_BROKEN = (
    zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, struct.error, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip


def unpack(archive: Path, target: Path) -> None:
    """Unpack a download, file by file.

    Raises:
        CheckFailed: It is broken, encrypted or oddly compressed, or has other entries than a release.
    """
    _unpack(archive, target, "")
    nested = target / _NESTED
    if nested.is_file():  # Kaggle did not unpack it
        _unpack(nested, target, "images/")
        nested.unlink()


def is_allowed(name: str) -> bool:
    """Tell whether a release can have a file of this name."""
    return name in STAGED - {"images"} or bool(_PICTURE.fullmatch(name))


def _unpack(archive: Path, target: Path, prefix: str) -> None:
    what = archive.name if prefix else "Kaggle's download"
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            _must_be_harmless(entries, what, prefix)
            for entry in entries:
                place = target / (prefix + entry.filename)
                place.parent.mkdir(parents=True, exist_ok=True)
                if place.exists():
                    raise CheckFailed(what, found=f"the entry {entry.filename!r} twice", expected="each file once")
                with opened.open(entry) as source, place.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
    except (*_BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's; bzip2 has an OSError without a number
            raise
        raise CheckFailed(
            what, found=f"a broken ZIP ({first_line(error)!r})", expected="the ZIP of a release"
        ) from None


def _must_be_harmless(entries: list[zipfile.ZipInfo], what: str, prefix: str) -> None:
    """Refuse a ZIP that would write elsewhere, grow without end or bring what no release has.

    Raises:
        CheckFailed: Names the first such entry.
    """
    for entry in entries:
        name = prefix + entry.filename
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if is_link or not (is_allowed(name) or name == _NESTED):
            raise CheckFailed(what, found=f"the entry {entry.filename!r}", expected="the files of a release")
        if entry.flag_bits & 1:
            raise CheckFailed(what, found=f"{entry.filename!r} encrypted", expected="files that can be read")
        if entry.compress_type not in _READABLE:
            found = f"{entry.filename!r} in compression {entry.compress_type}"
            raise CheckFailed(what, found=found, expected="stored, deflate, bzip2 or lzma")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1) + 1_000_000:
            raise CheckFailed(what, found=f"{entry.filename!r} that grows without measure", expected="no bomb")
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise CheckFailed(what, found="more than 50 GB", expected="a dataset of faces")
