"""Finds sequences of different people that share a picture: the same bytes, or near-duplicates.

Reads a dataset and its pictures; writes nothing. Pictures of one person are compared with each other only across takes
and only on request: one person's pictures are similar by nature.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from shared import cli, contracts, paths
from shared.arrays import U8
from shared.dataset.ahead import map_ahead
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.system.array_file import ArrayFile
from tools.splitter import image_matching

_BATCH = 256
_MOST_TURNED = 2500  # photos of which varied copies are looked for, too: some seconds' work
_REDUCE_FROM_PX = (
    2 * image_matching.SIZE_PX
)  # from here on a jpg can be decoded at half size, which is three times as fast


@dataclass(frozen=True)
class NearDuplicates:
    """Two sequences that share a picture: the same file, or near-duplicates.

    Attributes:
        first, second: The sequences.
        files: The two most similar pictures.
        correlation: Between their details, 0 to 1; None if the files' bytes are the same.
        mirrored: Whether one is the mirror image.
        n_pairs: How many pairs of their pictures match.
    """

    first: SequenceRow
    second: SequenceRow
    files: tuple[str, str]
    correlation: float | None
    mirrored: bool
    n_pairs: int


def find_near_duplicates(dataset: Dataset, across: str = "people") -> list[NearDuplicates]:
    """Find sequences that share a picture: the same bytes, or near-duplicates.

    Args:
        dataset: Whose pictures are compared.
        across: ``people``: only pictures of different people. ``takes``: also those of one person in different takes.
    """
    rows = [row for row in dataset.rows for _ in range(row.frame_count)]
    names = [name for row in dataset.rows for name in row.frame_names()]
    if not names:
        return []
    contracts.make_private(paths.artifacts("cache"))
    with tempfile.TemporaryDirectory(dir=paths.artifacts("cache"), prefix=".near-duplicates-") as place:
        file = Path(place) / "grey.npy"
        digests, parts = _read(dataset, names, file)
        grey = ArrayFile(file)
        try:
            return _find_among(dataset, across, rows, names, digests, image_matching.join(parts, grey))
        finally:
            grey.close()


def _find_among(
    dataset: Dataset,
    across: str,
    rows: list[SequenceRow],
    names: list[str],
    digests: list[bytes],
    described: image_matching.Fingerprints,
) -> list[NearDuplicates]:
    """Find them among pictures, of which row, name, hash and fingerprint are given."""
    groups = _number([row.subject_id if across == "people" else row.take_id for row in rows])
    matches: list[tuple[int, int, float | None, bool]] = [(a, b, None, False) for a, b in _same_bytes(digests, groups)]
    sequences = _number([row.sequence_id for row in rows])
    are_few_photos = len(rows) == len(dataset.rows) <= _MOST_TURNED
    min_hash = image_matching.MIN_HASH_TURNED if are_few_photos else image_matching.MIN_HASH
    is_real = are_few_photos and dataset.manifest["kind"] == "real"
    min_middle = image_matching.MIN_MIDDLE_LIT if is_real else image_matching.MIN_MIDDLE
    matches += [
        (pair.first, pair.second, pair.correlation, pair.mirrored)
        for pair in image_matching.find_matches(described, groups, sequences, _number(digests), min_hash, min_middle)
    ]
    best: dict[tuple[str, str], NearDuplicates] = {}
    for a, b, correlation, mirrored in matches:
        key = (rows[a].sequence_id, rows[b].sequence_id)
        found = NearDuplicates(rows[a], rows[b], (names[a], names[b]), correlation, mirrored, 1)
        closest = max(best.get(key, found), found, key=_rank)
        best[key] = replace(closest, n_pairs=best[key].n_pairs + 1 if key in best else 1)
    return list(best.values())


def _number(values: Sequence[str] | Sequence[bytes]) -> list[int]:
    """Number values in the order in which they first occur."""
    known: dict[str | bytes, int] = {}
    return [known.setdefault(value, len(known)) for value in values]


def _rank(near_duplicates: NearDuplicates) -> float:
    """Order by similarity, the same bytes first."""
    return 2.0 if near_duplicates.correlation is None else near_duplicates.correlation


def _same_bytes(digests: Sequence[bytes], groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield pairs of pictures of different groups whose files are the same."""
    seen: dict[bytes, list[int]] = {}
    for index, digest in enumerate(digests):
        for other in seen.setdefault(digest, []):
            if groups[other] != groups[index]:
                yield other, index
        seen[digest].append(index)


def _read(dataset: Dataset, names: Sequence[str], file: Path) -> tuple[list[bytes], list[image_matching.Fingerprints]]:
    """Hash and fingerprint each picture, on all cores; the grey pictures go to a file."""
    image = dataset.manifest["image"]
    is_large = min(image["width_px"], image["height_px"]) >= _REDUCE_FROM_PX
    flag = cv2.IMREAD_REDUCED_COLOR_2 if is_large else cv2.IMREAD_COLOR

    def read(name: str) -> tuple[bytes, U8]:
        try:
            data = (dataset.folder / name).read_bytes()
        except OSError:
            data = b""
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
        if picture is None:
            dataset.load_picture(name)  # raises the precise error
            raise InvalidInput(str(dataset.folder / name), found="a picture that changed meanwhile", expected="a jpg")
        size = (image_matching.SIZE_PX, image_matching.SIZE_PX)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:, :, ::-1]
        return hashlib.sha256(data).digest(), np.asarray(small, dtype=np.uint8)

    digests: list[bytes] = []
    parts = []
    batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
    read_ahead = map_ahead(read, names)
    nothing = np.empty((0, image_matching.SIZE_PX, image_matching.SIZE_PX), np.uint8)  # a slice would keep the whole
    shape = (len(names), image_matching.SIZE_PX, image_matching.SIZE_PX)
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for batch in cli.progress(batches, what="read pictures"):
            done = list(islice(read_ahead, len(batch)))
            digests += [digest for digest, _ in done]
            part = image_matching.describe(np.stack([small for _, small in done]))
            stream.write(part.grey[:].tobytes())
            parts.append(replace(part, grey=nothing))
    return digests, parts
