"""Puts a hand-off's folder in place: all of it or nothing, and what is not ours stays.

A folder is written beside its place and swapped in by renaming. Whatever stops the program, the place then holds the
old hand-off or the new one; the other is found by the next run and removed.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

from shared import contracts
from shared.errors import InvalidInput


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


@contextmanager
def draft(folder: Path, ours: frozenset[str]) -> Iterator[Path]:
    """Give an empty folder beside the place; it is gone afterwards, whatever happens. One run at a time.

    Raises:
        InvalidInput: The place is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(
            str(folder), found="a file", expected="a folder, or a place for one", todo="choose another --out"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_beside(folder, "lock")):
        new, old = _beside(folder, "new"), _beside(folder, "old")
        if old.exists() and not folder.exists():
            old.rename(folder)  # a run was stopped between its two renames
        _take_over(old, folder, ours)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        try:
            yield new
        finally:
            shutil.rmtree(new, ignore_errors=True)


def swap_in(new: Path, folder: Path, ours: frozenset[str]) -> None:
    """Put a finished folder in its place.

    Args:
        new: What `draft` gave.
        folder: The place.
        ours: Names that belong to a hand-off; everything else in the old folder (node_modules, say) is taken over.
    """
    old = _beside(folder, "old")
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    _take_over(old, folder, ours)
    contracts.sync_folder(folder.parent)


def _take_over(old: Path, folder: Path, ours: frozenset[str]) -> None:
    """Move what is not ours out of the old folder, then remove it."""
    if not old.exists():
        return
    for path in old.iterdir():
        if path.name not in ours and not (folder / path.name).exists():
            path.rename(folder / path.name)
    shutil.rmtree(old)


def files_of(folder: Path, ours: frozenset[str]) -> dict[str, bytes]:
    """Read a hand-off's files by their path in it; what is not ours is left out."""
    found = {}
    for top in sorted(folder.iterdir()) if folder.is_dir() else []:
        if top.name not in ours:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def client_files() -> dict[str, bytes]:
    """Read the JavaScript client, its types, example page and READMEs; the READMEs are for all models yet."""
    source = files("tools.handoff") / "client"
    return {item.name: item.read_bytes() for item in source.iterdir() if item.is_file()}
