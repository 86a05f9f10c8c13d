"""Puts a hand-off's folder in place atomically, and keeps files that do not belong to a hand-off.

A folder is written beside its place and swapped in by renaming. If the program is stopped, the place holds the old
hand-off or the new one; the next run removes the other.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

from shared.errors import InvalidInput
from shared.system import portable


def _beside(folder: Path, what: str) -> Path:
    return folder.with_name(f".{folder.name}.{what}")


@contextmanager
def draft(folder: Path, own_names: frozenset[str]) -> Iterator[Path]:
    """Give an empty folder beside the place; it is always removed afterwards. One run at a time.

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
            portable.replace(old, folder)  # a run was stopped between the two renames
        _take_over(old, folder, own_names)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        try:
            yield new
        finally:
            shutil.rmtree(new, ignore_errors=True)


def swap_in(new: Path, folder: Path, own_names: frozenset[str]) -> None:
    """Put a finished folder in its place.

    Args:
        new: The folder from `draft`.
        folder: The place.
        own_names: Names that belong to a hand-off; everything else in the old folder (such as node_modules) is kept.
    """
    old = _beside(folder, "old")
    if folder.exists():
        portable.replace(folder, old)
    portable.replace(new, folder)
    _take_over(old, folder, own_names)
    portable.sync_folder(folder.parent)


def _take_over(old: Path, folder: Path, own_names: frozenset[str]) -> None:
    """Move files that do not belong to a hand-off out of the old folder, then remove it."""
    if not old.exists():
        return
    for path in old.iterdir():
        if path.name not in own_names and not (folder / path.name).exists():
            portable.replace(path, folder / path.name)
    shutil.rmtree(old)


def files_of(folder: Path, own_names: frozenset[str]) -> dict[str, bytes]:
    """Read a hand-off's files by their path in it; other files are left out."""
    found = {}
    for top in sorted(folder.iterdir()) if folder.is_dir() else []:
        if top.name not in own_names:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def client_files() -> dict[str, bytes]:
    """Read the JavaScript client, its types, example page and READMEs; the READMEs have the passages for all models."""
    source = files("tools.handoff") / "client"
    return {item.name: item.read_bytes() for item in source.iterdir() if item.is_file()}
