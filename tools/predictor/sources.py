"""What is to be predicted: photos and films, by name, from folders, or from what comes in on stdin. Decodes nothing."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInput
from shared.pictures import kinds
from tools.predictor.config import STDIN

# By which a folder's films are known; a file that is named itself is tried whatever it is called.
FILM_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".ogv", ".3gp"),
    *(".mpg", ".mpeg", ".mts", ".m2ts", ".ts", ".mjpeg", ".y4m"),
)


@dataclass(frozen=True)
class Source:
    """A photo or a film.

    Attributes:
        path: Where it lies.
        name: How results call it: as it was typed; of one folder alone, below it.
        is_film: Whether it is to be read as a film.
    """

    path: Path
    name: str
    is_film: bool


@contextmanager
def find_sources(files: tuple[str, ...]) -> Iterator[list[Source]]:
    """List what is to be predicted, in the order in which it was typed; a folder's files by name.

    A name that leads nowhere is a source as well, so that it is named as one that could not be read.

    Raises:
        InvalidInput: A folder, or all together, without a photo or film.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = [source for text in files for source in _find(text, Path(folder), is_alone=len(files) == 1)]
        if not sources:
            raise InvalidInput("the input", found="nothing", expected="names of photos and films, or a picture")
        yield sources


def _find(text: str, folder: Path, *, is_alone: bool) -> Iterator[Source]:
    if text == STDIN:
        yield from _find_in_stdin(folder)
        return
    path = Path(text).expanduser()
    if not path.is_dir():
        yield _source(path, text)
        return
    found = [file for file in sorted(path.rglob("*")) if file.is_file() and not _is_hidden(file.relative_to(path))]
    wanted = [file for file in found if kinds.is_picture(file) or file.suffix.lower() in FILM_SUFFIXES]
    if not wanted:
        raise InvalidInput(text, found=f"{len(found)} files, and no photo or film", expected="a folder of them")
    for file in wanted:
        yield _source(file, (file.relative_to(path) if is_alone else file).as_posix())


def _source(path: Path, name: str) -> Source:
    is_picture = kinds.is_picture(path) if path.is_file() else path.suffix.lower() not in FILM_SUFFIXES
    return Source(path, name, is_film=not is_picture)


def _is_hidden(below: Path) -> bool:
    return any(part.startswith(".") for part in below.parts)


def _find_in_stdin(folder: Path) -> Iterator[Source]:
    """Read what comes in: a picture or film is kept in the folder, text is names, one a line or between zero bytes."""
    data = sys.stdin.buffer.read()
    is_picture = kinds.sniff(data[: kinds.HEAD_BYTES]) is not None
    names = None if is_picture else _read_names(data)
    if names is None:
        file = folder / "stdin"
        file.write_bytes(data)
        yield Source(file, STDIN, is_film=not is_picture)
        return
    for name in names:
        if name != STDIN:
            yield from _find(name, folder, is_alone=len(names) == 1)


def _read_names(data: bytes) -> list[str] | None:
    """Read names; None where it is no text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    names = [name.strip("\r") for name in (text.split("\0") if "\0" in text else text.split("\n"))]
    is_text = all(name.isprintable() for name in names)
    return [name for name in names if name] if is_text else None
