"""Proves an erasure by search: bytes, pixels and pseudonym, through everything under datasets/ and artifacts/.

Looks into ZIPs as well, and for raw pixels in arrays. A pseudonym such as s03 may be another person's in another
dataset: it counts in the person's datasets, and in files that name one of these.
"""

import hashlib
import mmap
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared import cli, contracts, paths
from shared.dataset import reader
from shared.dataset.tombstones import TOMBSTONES, hash_picture
from shared.traces.person import Person
from shared.traces.places import has_word

_PICTURES = {".jpg", ".jpeg", ".png"}
_ARRAYS = {".npy", ".u8"}
_LOOK_FOR_ZERO = 100_000  # bytes: films and graphs have a zero among them, texts none
_LONG = 8  # letters that do not stand in a binary file by chance
_MOST_TEXT = 50_000_000  # bytes of a file that is read as text


@dataclass(frozen=True)
class Wanted:
    """What is searched for; made before anything is erased.

    Attributes:
        pseudonyms: (dataset, pseudonym) of the person, and those of releases under an empty name.
        files: SHA-256 of the person's files.
        pictures: SHA-256 of bytes and pixels of the person's pictures.
        marks: Beginnings of the SHA-256 of the person's sequences, as logs of looks have them.
        pixels: A run of raw pixels, RGB, of each picture.
        folders: The person's datasets.
    """

    pseudonyms: tuple[tuple[str, str], ...]
    files: frozenset[str]
    pictures: frozenset[str]
    marks: frozenset[str]
    pixels: tuple[bytes, ...]
    folders: tuple[Path, ...]


def remember(people: Sequence[Person]) -> Wanted:
    """Note what to search for."""
    own = [(name, person.subject_id) for person in people for name in {person.name, person.folder.name}]
    released = [("", name) for person in people for name in person.released.values()]
    return Wanted(
        tuple(dict.fromkeys([*own, *released])),
        frozenset[str]().union(*(person.file_hashes - set(_films_of_others(person)) for person in people)),
        frozenset[str]().union(*(person.picture_hashes for person in people)),
        frozenset(sha256[:16] for person in people for sha256 in person.sequence_hashes),
        tuple(dict.fromkeys(_run_of_pixels(data) for person in people for data in person.all_pictures())),
        tuple(person.folder.resolve() for person in people),
    )


def _run_of_pixels(jpeg: bytes) -> bytes:
    """Return the middle row's middle half: decoded arrays hold it as it stands."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        return jpeg
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[height // 2, width // 4 : width - width // 4]).tobytes()


def search(wanted: Wanted, kept: frozenset[Path] = frozenset()) -> list[tuple[Path, str]]:
    """Search everything; returns what was found where, besides the tombstones, which hold salted hashes only.

    Args:
        wanted: What to search for.
        kept: Folders of models that were kept on purpose: they hold weights, and no pictures or pseudonyms.
    """
    home = paths.home()
    folders = dict.fromkeys([home / "datasets", home / "artifacts", *wanted.folders])
    files = sorted({path for folder in folders for path in folder.rglob("*") if path.is_file()})
    found: list[tuple[Path, str]] = []
    for path in cli.progress(files, what="search", unit="file"):
        if path.name == TOMBSTONES or any(folder in path.parents for folder in kept):
            continue
        found += [(path, what) for what in dict.fromkeys(_find_in(path, wanted))]
    return found


def _films_of_others(person: Person) -> Iterator[str]:
    """Hash the films of the people who stay: a film may show several, and belongs to the takes of each."""
    rows = reader.open_dataset(person.folder).rows
    for take_id in {row.take_id for row in rows if row.subject_id != person.subject_id}:
        film = person.folder / "takes" / f"{take_id}.mp4"
        if film.is_file():
            yield contracts.sha256_file(film)


def _find_in(path: Path, wanted: Wanted) -> Iterator[str]:
    if path.suffix in _ARRAYS:
        yield from _find_pixels(path, wanted)
        return
    data = path.read_bytes() if path.stat().st_size <= _MOST_TEXT else b""
    sha256 = hashlib.sha256(data).hexdigest() if data else _hash_large(path)
    if sha256 in wanted.files:
        yield "the same bytes"
    if path.suffix.lower() in _PICTURES and wanted.pictures & set(hash_picture(data)):
        yield "the same pixels"
    if path.suffix == ".zip":
        yield from _find_in_zip(path, wanted)
    if path.suffix not in _PICTURES and data:
        yield from _find_words(path, data, wanted)


def _find_words(path: Path, data: bytes, wanted: Wanted) -> Iterator[str]:
    """Look for pseudonyms in texts, long ones and hashes in every file: s03 is in each megabyte of film by chance."""
    text, is_text = data.decode("utf-8", errors="replace"), b"\0" not in data[:_LOOK_FOR_ZERO]
    in_dataset = any(folder in path.resolve().parents for folder in wanted.folders)
    for name, pseudonym in wanted.pseudonyms:
        own = in_dataset or not name or has_word(text, name) or name in path.parts or path.name.startswith(f"{name}-")
        if own and (is_text or len(pseudonym) >= _LONG) and has_word(text, pseudonym):
            yield f"the pseudonym {pseudonym}"
    if any(sha256 in text for sha256 in wanted.files | wanted.pictures if sha256[:8] in text):
        yield "a hash of the person's files"
    if is_text and any(mark in text for mark in wanted.marks):
        yield "a hash of the person's sequences"


def _find_in_zip(path: Path, wanted: Wanted) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if wanted.pictures & set(hash_picture(archive.read(name))):
                    yield f"the same pixels in {name}"
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        yield "a ZIP that cannot be read"


def _find_pixels(path: Path, wanted: Wanted) -> Iterator[str]:
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        if any(mapped.find(run) >= 0 for run in wanted.pixels):
            yield "the same pixels in an array"


def _hash_large(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
