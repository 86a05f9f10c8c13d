"""A picture that was read for a dataset, before it is stored."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.pictures.unusable import Unusable

Source = TypeVar("Source")


@dataclass(frozen=True)
class Prepared(Generic[Source]):
    """A picture that was read: its file's hash, and what is to be stored, or why it cannot be used.

    Stored and problem are both None for a picture that the dataset has; the rest is as in
    `shared.pictures.cutter.Stored`.
    """

    source: Source
    sha256: str
    stored: bytes | None
    problem: Unusable | None = None
    moves: bool = False
    is_at_face: bool = False
