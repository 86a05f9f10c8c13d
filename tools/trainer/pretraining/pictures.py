"""The pictures of a dataset, one by one, with what is known of each; kept under artifacts/cache/.

    sequences (every frame) + films of its takes (ten pictures a second) → faces.u8, pictures.json, blendshapes

A picture of a film has the label of the sequence in whose span it lies, else none. MediaPipe's blendshapes, where the
landmarker is at hand, are kept beside them: they know what a face does, whoever labelled it or did not. So are the
predictions of a classifier of emotions.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths
from shared.arrays import F32, U8
from shared.dataset.protocol import EMOTIONS
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput, MissingOutside
from shared.faces import landmarker
from shared.faces.detector import open_finder
from shared.faces.providers import XCEPTION, open_provider
from shared.models.face_crop import FaceCrop
from shared.preprocess import crop_and_resize
from shared.system import portable
from shared.video import Film
from tools.trainer import caches
from tools.trainer.data import CONTEXT, NO_EMOTION, cut_faces, hash_tensors
from tools.trainer.start import hash_picture

FILM_STEP_S = 0.1
_AT_ONCE = 32


@dataclass(frozen=True)
class Pictures:
    """Pictures with what is known of them.

    Attributes:
        dataset: Where they come from.
        values: (n, P, P, 3) uint8, RGB; read from disk as it is used.
        subjects: (n,) whom each shows.
        smile: (n,) 1.0 for the positive class, 0.0 for another, nan where it is not known.
        emotion: (n,) index into EMOTIONS, or NO_EMOTION.
        blendshapes: (n, 52) from 0 to 1; nan where no face was found, or nobody looked.
        emotion_predictions: (n, 7) probabilities of EMOTIONS by a classifier of faces; nan where it saw none.
        hashes: (n,) of the stored pictures, 16 hex digits; empty for pictures of films.
    """

    dataset: Dataset
    values: U8
    subjects: Sequence[str]
    smile: F32
    emotion: Any
    blendshapes: F32
    emotion_predictions: F32
    hashes: Sequence[str]


def gather_pictures(
    dataset: Dataset,
    crop: FaceCrop | None,
    side_px: int,
    *,
    with_blendshapes: bool,
    emotion_teacher: Path | None = None,
) -> Pictures:
    """Return a dataset's pictures, computed once.

    Args:
        dataset: The dataset.
        crop: Cuts faces out; None takes whole pictures.
        side_px: Side to which these are shrunk.
        with_blendshapes: Whether MediaPipe reads each face as well.
        emotion_teacher: A classifier of the emotions of one grey face, which reads each face as well.

    Raises:
        InvalidInput: A picture or a film cannot be read.
    """
    described = [crop.to_px, hash_tensors(crop)] if crop else [side_px]
    key = contracts.sha256_json([caches.rows_key(dataset), described, CONTEXT, FILM_STEP_S])
    side = round(crop.to_px * CONTEXT) if crop else side_px
    folder = paths.artifacts("cache") / f"pretraining-{dataset.name}-{side}px-{key[:16]}"
    if not (folder / "pictures.json").is_file():
        _write(folder, dataset, crop, side_px)
    known = json.loads((folder / "pictures.json").read_text(encoding="utf-8"))
    n = len(known["subjects"])
    return Pictures(
        dataset,
        np.memmap(folder / "faces.u8", np.uint8, "r", shape=(n, side, side, 3)),
        known["subjects"],
        np.array([np.nan if value is None else value for value in known["smile"]], np.float32),
        np.array(known["emotion"], np.int64),
        _read_blendshapes(dataset, n, _find_landmarker() if with_blendshapes else None),
        _read_emotions(dataset, n, emotion_teacher),
        known["hashes"],
    )


def _read_blendshapes(dataset: Dataset, n: int, model: Path | None) -> F32:
    """Return the blendshapes of a dataset's n pictures, (n, 52), read once; nan without the landmark model."""
    nothing = np.full(landmarker.N_BLENDSHAPES, np.nan, np.float32)
    if model is None:
        return np.tile(nothing, (n, 1))

    def look() -> Iterator[F32]:
        with landmarker.FaceLandmarker(model) as reader:
            for picture, *_ in _look_through(dataset, "read faces of"):
                found = reader.read(picture).blendshapes
                yield nothing if found is None else found

    key = contracts.sha256_json([caches.rows_key(dataset), FILM_STEP_S, contracts.sha256_file(model)])
    path = paths.artifacts("cache") / f"blendshapes-{dataset.name}-{key[:16]}.npy"
    return np.asarray(caches.write_once(path, (n, landmarker.N_BLENDSHAPES), look(), "<f4")[:])


def _read_emotions(dataset: Dataset, n: int, model: Path | None) -> F32:
    """Return what a classifier says of the largest face in a dataset's n pictures, (n, 7), read once."""
    nothing = np.full(len(EMOTIONS), np.nan, np.float32)
    finder = open_finder() if model else None
    if model is None or finder is None:
        return np.tile(nothing, (n, 1))

    def look() -> Iterator[F32]:
        for picture, *_ in _look_through(dataset, "read emotions of"):
            faces = finder.find(picture)
            yield provider.read(picture, faces[0])[order] if faces else nothing

    with open_provider("emotions", str(model)) as provider:
        order = [provider.about.channels.index(name) for name in EMOTIONS]
        key = contracts.sha256_json([caches.rows_key(dataset), FILM_STEP_S, provider.about.sha256])
        path = paths.artifacts("cache") / f"emotions-{dataset.name}-{key[:16]}.npy"
        return np.asarray(caches.write_once(path, (n, len(EMOTIONS)), look(), "<f4")[:])


def find_emotion_teacher(chosen: str | None) -> Path | None:
    """Return the classifier of emotions that --emotion-teacher means; None where it is ``none``, or nowhere.

    Raises:
        InvalidInput: The file is missing, or does not tell the seven emotions of a grey face.
    """
    if chosen == "none":
        return None
    here = [folder / XCEPTION for folder in landmarker.model_folders()]
    path = Path(chosen).expanduser() if chosen else next((path for path in here if path.is_file()), None)
    if path is None:
        return None
    with open_provider("emotions", str(path)) as provider:
        if set(provider.about.channels) != set(EMOTIONS):
            found = ", ".join(provider.about.channels)
            raise InvalidInput(str(path.with_suffix(".json")), found=found, expected="the seven emotions")
    return path


def _find_landmarker() -> Path | None:
    try:
        import mediapipe  # noqa: F401

        return landmarker.find_model()
    except (ImportError, MissingOutside):
        cli.note("MediaPipe or its landmark model is not here: faces are learned from labels alone")
        return None


def _write(folder: Path, dataset: Dataset, crop: FaceCrop | None, side_px: int) -> None:
    """Write the folder: everything in another one first, renamed at the end."""
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    known: dict[str, list[Any]] = {"subjects": [], "smile": [], "emotion": [], "hashes": []}
    with (partial / "faces.u8").open("wb") as file:
        batch: list[U8] = []
        for picture, row, subject, digest in _look_through(dataset, "cut faces out of"):
            known["subjects"].append(subject)
            known["smile"].append(_smile_of(dataset, row))
            known["emotion"].append(_emotion_of(row))
            known["hashes"].append(digest)
            batch.append(picture)
            if len(batch) == _AT_ONCE:
                file.write(_prepare(batch, crop, side_px).tobytes())
                batch = []
        if batch:
            file.write(_prepare(batch, crop, side_px).tobytes())
    (partial / "pictures.json").write_text(json.dumps(known), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    portable.replace(partial, folder)
    for other in folder.parent.glob(f"{folder.name[:-16]}{'[0-9a-f]' * 16}"):  # earlier states of the dataset
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)


def _prepare(batch: Sequence[U8], crop: FaceCrop | None, side_px: int) -> U8:
    """Cut faces out, or shrink whole pictures as the network does: (n, P, P, 3)."""
    if crop:
        return cut_faces(crop, np.stack(batch))
    return np.stack([crop_and_resize(picture, side_px) for picture in batch])


def _smile_of(dataset: Dataset, row: SequenceRow | None) -> float | None:
    """Return the target of the smile head; classes that are emotions say nothing sure of smiles."""
    if row is None or row.label in EMOTIONS:
        return None
    return float(row.label == dataset.positive_class)


def _emotion_of(row: SequenceRow | None) -> int:
    if row is None:
        return NO_EMOTION
    name = row.shown_emotion()
    return EMOTIONS.index(name) if name else NO_EMOTION


def _look_through(dataset: Dataset, what: str) -> Iterator[tuple[U8, SequenceRow | None, str, str]]:
    """Yield each picture with its row, its person and its hash: the sequences' first, then those of the films."""
    for row in cli.progress(dataset.rows, what=f"{what} {dataset.name}"):
        for name in row.frame_names():
            yield dataset.load_picture(name), row, row.subject_id, hash_picture(dataset.folder / name)
    rows_of: dict[str, list[SequenceRow]] = {}
    for row in dataset.rows:
        rows_of.setdefault(row.take_id, []).append(row)
    size = dataset.manifest["image"]["width_px"]
    films = [(take, dataset.folder / "takes" / f"{take}.mp4") for take in sorted(rows_of)]
    films = [(take, film) for take, film in films if film.is_file()]
    for take, film in cli.progress(films, what=f"{what} films of {dataset.name}", unit="film"):
        rows = rows_of[take]
        yield from ((picture, row, rows[0].subject_id, "") for picture, row in _watch(film, rows, size))


def _watch(film: Path, rows: Sequence[SequenceRow], size_px: int) -> Iterator[tuple[U8, SequenceRow | None]]:
    """Yield pictures of a film with the sequence in whose span each lies, if in any."""
    next_s = 0.0
    with Film(str(film)) as opened:
        for frame in opened:
            if frame.time_s < next_s:
                continue
            next_s = frame.time_s + FILM_STEP_S
            at_ms = frame.time_s * 1000
            inside = [row for row in rows if row.frame_times_ms[0] <= at_ms <= row.frame_times_ms[-1]]
            yield crop_and_resize(frame.rgb_hwc_u8, size_px), (inside[0] if inside else None)
