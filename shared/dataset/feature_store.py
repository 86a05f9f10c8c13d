"""Face features of a dataset's pictures, as the featurizer stores them: read here, from disk, one row per picture.

A store is a folder with ``features.json`` (the manifest), a file of rows and an index from sequences to rows. Rows are
float32: what a model sees through the store is, bit for bit, what it sees when the picture itself is read (float16
would move points by up to 0.06 px of 224, and 100,000 pictures take 590 MB either way less than their JPEGs). A picture
without a face has n_faces 0 and nan elsewhere. Writing is the featurizer's job.

    features = open_features(dataset, "landmarks")
    points = features.stack(rows)           # (n, T, 478, 3) float32, nan where no face was found
    found = features.found(rows)            # (n, T) bool
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import contracts, paths
from shared.arrays import F32
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput, WrongUsage
from shared.faces.landmarker import N_BLENDSHAPES, N_POINTS
from shared.onnx.contract import CLIPS, FEATURE_KINDS
from shared.system.array_file import ArrayFile

MANIFEST = "features.json"
INDEX_DTYPE = np.dtype([("sequence_id", "S13"), ("first", "<i8"), ("frame_count", "<i4"), ("sha256", "S64")])
_BLOCK_ROWS = 512
_SHAPES = {"landmarks": (N_POINTS, 3), "blendshapes": (N_BLENDSHAPES,)}


def row_dtype(kind: str, reading: Mapping[str, Any] | None = None) -> np.dtype[Any]:
    """Say how a row of a store is laid out; a store of landmarks holds the blendshapes as well.

    Args:
        kind: One of `FEATURE_KINDS`.
        reading: The manifest's; it names the channels of ``emotions``.
    """
    fields: list[Any] = [("picture_sha256", "u1", (32,)), ("n_faces", "u1")]
    if kind == CLIPS:
        n_channels = len(reading["provider"]["channels"]) if reading else 0
        return np.dtype([*fields, (CLIPS, "<f4", (n_channels,))])
    fields += [(name, "<f4", _SHAPES[name]) for name in ("blendshapes", "landmarks") if name in (kind, "blendshapes")]
    return np.dtype(fields)


def store_dir(dataset_name: str, kind: str) -> Path:
    """Return the folder of one kind of store; its name is that of the dataset's folder."""
    return paths.artifacts("features") / dataset_name / kind


@dataclass(frozen=True)
class Features:
    """An opened store, of which every row of the dataset is at hand.

    Attributes:
        folder: Where it lies.
        manifest: The content of features.json.
        kind: What `read` and `stack` give, one of `FEATURE_KINDS`.
        rows: All rows, of `row_dtype`, in their file.
        index: Of `INDEX_DTYPE`, ordered by sequence id: a tenth of what Python's own objects would take.
    """

    folder: Path
    manifest: dict[str, Any]
    kind: str
    rows: ArrayFile
    index: npt.NDArray[Any]

    @property
    def model_sha256(self) -> str:
        """Hash of the .task file, or the provider's, that read the pictures."""
        return str(self.manifest["model"]["sha256"])

    @property
    def provider(self) -> dict[str, Any]:
        """What gave the channels of a store of ``emotions``."""
        return dict(self.manifest["reading"]["provider"])

    def reference(self) -> dict[str, str]:
        """Name this store in another document."""
        return {
            "kind": self.kind,
            "rows_sha256": self.manifest["rows"]["sha256"],
            "landmark_model_sha256": self.model_sha256,
        }

    def span(self, row: SequenceRow) -> slice:
        """Return where a sequence's pictures are in `rows`.

        Raises:
            InvalidInput: The sequence is not in the store, or its pictures have changed since.
        """
        name = row.sequence_id.encode("ascii")
        place = int(self._names.searchsorted(name))
        known, first, frame_count, digest = self.index[place].item() if place < self.index.size else (b"", 0, 0, b"")
        sha256 = digest.decode("ascii") if known == name else ""
        if sha256 != row.sha256 or frame_count != row.frame_count:
            found = "other pictures" if sha256 else "no features"
            raise InvalidInput(
                str(self.folder / MANIFEST), found=f"{found} for {row.sequence_id}", expected="them", todo=_REFRESH
            )
        return slice(first, first + frame_count)

    def read(self, row: SequenceRow, kind: str | None = None) -> F32:
        """Return a sequence's features, copied out of the file.

        Args:
            row: A sequence of the dataset.
            kind: Another kind than the store was opened for: blendshapes of a store of landmarks.

        Returns:
            (T, 478, 3) landmarks or (T, 52) blendshapes, float32; nan for pictures without a face.
        """
        return np.array(self.rows[self.span(row)][kind or self.kind], dtype=np.float32)

    def stack(self, rows: Sequence[SequenceRow], kind: str | None = None) -> F32:
        """Return the features of sequences of one length: (n, T, 478, 3) or (n, T, 52) float32, nan without a face.

        Raises:
            InvalidInput: The sequences differ in length.
        """
        return np.stack([self.read(row, kind) for row in _of_one_length(rows, self.folder)])

    def n_faces(self, rows: Sequence[SequenceRow]) -> npt.NDArray[np.uint8]:
        """Count the faces in the pictures of sequences of one length: (n, T) uint8."""
        return np.stack([self._n_faces[self.span(row)] for row in _of_one_length(rows, self.folder)])

    def found(self, rows: Sequence[SequenceRow]) -> npt.NDArray[np.bool_]:
        """Say in which pictures of sequences of one length a face was found: (n, T) bool."""
        return self.n_faces(rows) > 0

    @cached_property
    def _names(self) -> npt.NDArray[Any]:
        """(n,) the index's sequence ids, side by side in memory, as a search wants them."""
        return np.ascontiguousarray(self.index["sequence_id"])

    @cached_property
    def _n_faces(self) -> npt.NDArray[np.uint8]:
        """(n_pictures,) faces in each picture of the store."""
        starts = range(0, len(self.rows), _BLOCK_ROWS)
        blocks = [np.array(self.rows[start : start + _BLOCK_ROWS]["n_faces"]) for start in starts]
        return np.concatenate(blocks) if blocks else np.empty(0, np.uint8)


def _of_one_length(rows: Sequence[SequenceRow], folder: Path) -> Sequence[SequenceRow]:
    """Return sequences, which must have one length."""
    lengths = sorted({row.frame_count for row in rows})
    if len(lengths) != 1:
        raise InvalidInput(
            str(folder), found=f"sequences of {lengths or 'no'} pictures", expected="one or more of one length"
        )
    return rows


_REFRESH = "bring the store up to date: ./inv features"


def open_features(
    dataset: Dataset, kind: str, *, folder: Path | None = None, model_sha256: str | None = None
) -> Features:
    """Open a dataset's features.

    Args:
        dataset: Whose; every sequence must be in the store with the pictures that it has now. Corrected labels and
            withdrawn takes need no new features.
        kind: One of `FEATURE_KINDS`; blendshapes are also taken from a store of landmarks.
        folder: The store; None looks where the featurizer writes.
        model_sha256: The landmarker that must have read them, such as that of a model to be evaluated; None takes any.

    Raises:
        InvalidInput: There is none, it is behind the dataset, broken, or of another landmarker (both are named).
    """
    if kind not in FEATURE_KINDS:
        raise WrongUsage("--kind", found=repr(kind), expected=" or ".join(FEATURE_KINDS))
    names = dict.fromkeys((kind,) if kind == CLIPS else (kind, "landmarks"))
    places = [folder] if folder else [store_dir(dataset.folder.name, name) for name in names]
    places = [place for place in places if (place / MANIFEST).is_file()]
    todo = f"make them: ./inv features --dataset {dataset.name} --kind {kind}"
    if not places:
        raise InvalidInput(f"features of {dataset.name}", found="none", expected=f"its {kind}", todo=todo)
    problems: list[InvalidInput] = []
    for place in places:
        try:
            return _open_for(dataset, kind, place, model_sha256)
        except InvalidInput as problem:
            problems.append(problem)
    raise problems[0]


def _open_for(dataset: Dataset, kind: str, folder: Path, model_sha256: str | None) -> Features:
    features = open_store(folder, kind)
    if model_sha256 is not None and features.model_sha256 != model_sha256:
        raise InvalidInput(
            str(folder / MANIFEST),
            found=f"features of the landmarker {features.model_sha256[:12]}",
            expected=f"those of {model_sha256[:12]}",
            todo="read the pictures with the same .task file: ./inv features --landmark-model FILE",
        )
    for row in dataset.rows:
        features.span(row)
    return features


def open_store(folder: Path, kind: str) -> Features:
    """Open a store as it is, whatever dataset it was made of.

    Raises:
        InvalidInput: Not valid, or its files are missing or broken.
    """
    manifest = contracts.read_document(folder / MANIFEST, "features")
    if manifest["kind"] != kind and (manifest["kind"], kind) != ("landmarks", "blendshapes"):
        raise InvalidInput(
            str(folder / MANIFEST), found=f"a store of {manifest['kind']}", expected=f"one of {kind}", todo=_REFRESH
        )
    dtype = row_dtype(manifest["kind"], manifest["reading"])
    rows = _open(folder / manifest["rows"]["file"], dtype, manifest["counts"]["pictures"])
    index = _open(folder / manifest["index"]["file"], INDEX_DTYPE, manifest["counts"]["sequences"])[:]
    ends = index["first"] + index["frame_count"]
    if index.size and (index["first"].min() < 0 or index["frame_count"].min() < 1 or ends.max() > len(rows)):
        raise InvalidInput(
            str(folder / manifest["index"]["file"]), found="rows that are not there", expected="an index"
        )
    return Features(folder, manifest, kind, rows, index[index["sequence_id"].argsort(kind="stable")])


def _open(path: Path, dtype: np.dtype[Any], n_rows: int) -> ArrayFile:
    """Open a file of rows; it must be whole."""
    try:
        rows = ArrayFile(path)
    except FileNotFoundError:
        raise InvalidInput(str(path), found="no such file", expected="the store's rows", todo=_REFRESH) from None
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInput(
            str(path), found=f"a broken file ({error})", expected="the store's rows", todo=_REFRESH
        ) from None
    if rows.dtype != dtype or rows.shape != (n_rows,):
        raise InvalidInput(
            str(path),
            found=f"{rows.shape} rows of {rows.dtype.itemsize} bytes",
            expected=f"{n_rows} of {dtype.itemsize}",
            todo=_REFRESH,
        )
    return rows


def require_provider(wanted: Mapping[str, Any], found: Mapping[str, Any], what: str) -> None:
    """Refuse channels of another provider than a model has learned from.

    Raises:
        InvalidInput: They have other names, or the same names and come from another file.
    """
    missing = [name for name in wanted["channels"] if name not in found["channels"]]
    if missing:
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise InvalidInput(
            what,
            found=f"no channel {missing[0]}{more} (it has {', '.join(found['channels'])})"[:300],
            expected=f"the channels of {wanted['name']} that the model has learned from",
            todo=f"read the faces by that provider: --provider {wanted['name']}",
        )
    if wanted["sha256"] != found["sha256"]:
        raise InvalidInput(
            what,
            found=f"channels of {found['file']} ({found['sha256'][:12]})",
            expected=f"those of {wanted['file']} ({wanted['sha256'][:12]}), as the model has learned from",
            todo=f"read the faces by that file: --provider {wanted['name']}",
        )


def nearest_with_face(found: npt.ArrayLike) -> npt.NDArray[np.int64] | None:
    """Say which picture stands for each one of a sequence: itself, or the nearest that has a face.

    The rule of training, evaluation and pages; a page's own copy is `fillWindow` in smile-detector.window.mjs.

    Args:
        found: (T,) whether each picture has a face.

    Returns:
        (T,) places; of two as near, the earlier. None where no picture has a face.

    Example:
        >>> nearest_with_face([False, True, False, True, False]).tolist()
        [1, 1, 1, 3, 3]
    """
    flags = np.asarray(found, dtype=bool)
    there = np.flatnonzero(flags)
    if there.size == 0:
        return None
    return np.asarray(there[np.abs(np.arange(flags.size)[:, None] - there[None]).argmin(1)], dtype=np.int64)


class FilledFeatures:
    """Features of sequences without gaps, each read from disk as it is asked for; see `load_filled`."""

    def __init__(self, features: Features, rows: Sequence[SequenceRow], order: Sequence[int] = ()) -> None:
        self._features, self._rows, self._order = features, rows, list(order)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> F32 | None:
        row = self._rows[index]
        nearest = nearest_with_face(self._features.found([row])[0])
        if nearest is None:
            return None
        values = self._features.read(row)
        return np.ascontiguousarray((values[:, self._order] if self._order else values)[nearest], dtype=np.float32)

    def __iter__(self) -> Iterator[F32 | None]:
        return (self[index] for index in range(len(self)))


def load_filled(
    dataset: Dataset,
    rows: Sequence[SequenceRow],
    kind: str,
    *,
    landmark_model_sha256: str | None = None,
    provider: Mapping[str, Any] | None = None,
) -> FilledFeatures:
    """Read sequences' features without gaps: a picture without a face takes the nearest one that has one.

    Args:
        dataset: Whose.
        rows: Which sequences; they may differ in length.
        kind: One of `FEATURE_KINDS`.
        landmark_model_sha256: The landmarker that must have read them; None takes any.
        provider: Likewise, of ``emotions``: what must have given the channels.

    Returns:
        (T, 478, 3), (T, 52) or (T, K) float32 a sequence; None where no picture has a face. Nothing is kept: of
        100,000 pictures the landmarks take 0.6 GB.

    Raises:
        InvalidInput: As `open_features`; or the channels are another provider's.
    """
    features = open_features(dataset, kind, model_sha256=landmark_model_sha256)
    order: list[int] = []
    if provider is not None:
        require_provider(provider, features.provider, str(features.folder / MANIFEST))
        order = [features.provider["channels"].index(name) for name in provider["channels"]]
    return FilledFeatures(features, rows, order)
