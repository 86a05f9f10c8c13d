"""Faces on imported photos: the detector that the recorder has, and what is said of its work."""

from collections.abc import Iterator

from shared import cli
from shared.faces.detector import NO_MODEL, find_model
from shared.pictures.cutter import Cutter
from tools.importer.config import PicturesConfig


def make_cutter(config: PicturesConfig, size_px: int) -> Cutter:
    """Make what cuts photos, with the face detector where there is one; drawn faces are not for it.

    Raises:
        InvalidInput: A detector's file was named and is not there.
    """
    model = None if config.kind == "synthetic" else find_model(config.face_model)
    if model is None and config.face_model != NO_MODEL and config.kind != "synthetic":
        cli.note("importer: note: no face model: nobody looks for faces on photos; fetch it once: ./inv fetch-models")
    needs_face = config.without_face == "apart"
    return Cutter(size_px, config.min_px, config.max_megapixels, model, needs_face=needs_face)


def notes(n_at_face: int, n_moving: int) -> Iterator[str]:
    """Say how photos were cut, and which of several pictures counts."""
    if n_at_face:
        yield (
            f"{n_at_face} photos were cut around the face, which the middle would have missed; the others in the middle"
        )
    if n_moving:
        yield f"of {n_moving} files with several pictures (animations, pages) the first was taken"
