"""Brings a dataset's store of features up to date: reads what is new, keeps what is known."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shared import cli, contracts, paths, provenance
from shared.dataset import consent, feature_store, reader
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.faces.detector import find_model, require_finder
from shared.faces.providers import open_provider, require_model
from shared.onnx.contract import CLIPS
from shared.text.rounding import rounded
from tools.featurizer import pool, ray_pool
from tools.featurizer.config import FeaturizeConfig
from tools.featurizer.store import StoreWriter, index_of
from tools.featurizer.worker import Job, Picture

LISTED = 20  # pictures without a face that the manifest names


@dataclass(frozen=True)
class Featurized:
    """What was done.

    Attributes:
        manifest_path: The store's features.json.
        manifest: Its content.
        computed: Pictures that were read now.
        duration_s: How long that took, with starting the workers.
        changed: Sequences whose pictures are not those that labels.csv lists.
    """

    manifest_path: Path
    manifest: dict[str, Any]
    computed: int
    duration_s: float
    changed: tuple[str, ...]

    exit_code = 0

    @property
    def speed_per_s(self) -> float:
        """Pictures a second; 0 where nothing was read."""
        return self.computed / self.duration_s if self.computed else 0.0

    def as_text(self) -> str:
        """Summarise for people."""
        counts = self.manifest["counts"]
        n, without = counts["pictures"], counts["without_face"]
        speed = f", {self.speed_per_s:.0f} a second" if self.computed else ""
        done = f"({self.computed} read now{speed}, {n - self.computed} kept)"
        what = f"{self.manifest['kind']} of {n} pictures in {counts['sequences']} sequences"
        lines = [f"{paths.shown(self.manifest_path)}: {what} {done}"]
        if without:
            labels = ", ".join(f"{count} {label}" for label, count in counts["without_face_by_label"].items() if count)
            lines.append(
                f"without a face: {without} ({rounded(100 * without / n, 1)} %: {labels}), such as "
                f"{', '.join(self.manifest['without_face'][:3])}"
            )
        if counts["several_faces"]:
            lines.append(f"more than one face: {counts['several_faces']}; the largest was read")
        if self.changed:
            lines.append(
                f"not the pictures that labels.csv lists: {len(self.changed)} sequences, such as {self.changed[0]}; "
                "verifier lists them all"
            )
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give everything."""
        counts = self.manifest["counts"]
        return {
            "features": str(self.manifest_path),
            "kind": self.manifest["kind"],
            "dataset": self.manifest["dataset"],
            "model_sha256": self.manifest["model"]["sha256"],
            "counts": counts,
            "share_without_face": counts["without_face"] / counts["pictures"],
            "computed": self.computed,
            "kept": counts["pictures"] - self.computed,
            "duration_s": round(self.duration_s, 3),
            "pictures_per_s": round(self.speed_per_s, 1),
            "changed_sequences": list(self.changed),
        }


def featurize(config: FeaturizeConfig) -> Featurized:
    """Bring a dataset's features up to date.

    Args:
        config: Which dataset, what to store, where, and with which landmarker.

    Raises:
        InvalidInput: The dataset is not valid or empty, a picture is broken, the model file is not a Face Landmarker,
            or another featurizer is at work in the store.
        MissingOutside: No model file or no mediapipe.
        CheckFailed: A worker died, or consent leaves nobody.
    """
    import importlib.util

    is_clips = config.kind == CLIPS
    if is_clips:
        require_model(config.provider, config.model)
    if not is_clips or config.provider == "blendshapes":
        landmarker.find_model(config.landmark_model)
        if importlib.util.find_spec("mediapipe") is None:  # importing it here would only cost memory
            raise ModuleNotFoundError("mediapipe", name="mediapipe")
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    if not dataset.rows:
        raise InvalidInput(str(dataset.folder), found="no sequences", expected="at least one")
    model, reading = _describe_provider(config) if is_clips else _describe_landmarker(config)
    return _Run(config, dataset, model, reading).finish()


def _describe_landmarker(config: FeaturizeConfig) -> tuple[Path, dict[str, Any]]:
    """Return the landmarker's file, and how it reads pictures."""
    version = provenance.code_info("mediapipe")["packages"]["mediapipe"]
    reading = {"max_faces": landmarker.MAX_FACES, "border": landmarker.BORDER, "mediapipe": version}
    return landmarker.find_model(config.landmark_model), reading


def _describe_provider(config: FeaturizeConfig) -> tuple[Path, dict[str, Any]]:
    """Return the provider's file, and how it reads pictures."""
    finder = require_finder(config.face_model)
    with open_provider(config.provider, config.model, config.landmark_model) as provider:
        about, path = provider.about, provider.path
    return path, {"face_model_sha256": finder and finder.model_sha256, "provider": about.as_json()}


class _Run:
    """One run over a dataset."""

    def __init__(self, config: FeaturizeConfig, dataset: Dataset, model: Path, reading: dict[str, Any]) -> None:
        self._config, self._dataset, self._reading = config, dataset, reading
        self._code = provenance.code_info("mediapipe", "numpy", "opencv-contrib-python")
        self._model = {"file": model.name, "sha256": contracts.sha256_file(model)}
        image = dataset.manifest["image"]
        size = image["width_px"], image["height_px"]
        self._job = Job(config.kind, model, *size, reading, config.face_model)
        self._folder = config.out or feature_store.store_dir(dataset.folder.name, config.kind)
        n_pictures = sum(row.frame_count for row in dataset.rows)
        self._order = np.empty((n_pictures, 32), np.uint8)
        self._changed: list[str] = []

    def finish(self) -> Featurized:
        also = (
            None
            if self._config.kind != "blendshapes"
            else feature_store.store_dir(self._dataset.folder.name, "landmarks")
        )
        started = time.perf_counter()
        computed = 0
        with StoreWriter(self._folder, self._config.kind, self._model, self._reading, also) as store:
            for rows in self._read(self._new_pictures(store)):
                store.add(rows)
                computed += len(rows)
            duration_s = time.perf_counter() - started
            parts, counts = store.finish(self._order, index_of(self._dataset.rows))
            manifest = self._describe(parts, counts)
            store.publish(manifest)
        return Featurized(self._folder / feature_store.MANIFEST, manifest, computed, duration_s, tuple(self._changed))

    def _read(self, pictures: Iterator[Picture]) -> Iterator[npt.NDArray[Any]]:
        """Read pictures in processes here, or on a cluster."""
        if self._config.address is None:
            return pool.read_faces(pictures, self._job, self._config.workers)
        face_model = find_model(self._config.face_model) if self._config.kind == CLIPS else None
        return ray_pool.read_faces(pictures, self._job, face_model, self._config.address)

    def _new_pictures(self, store: StoreWriter) -> Iterator[Picture]:
        """Read and hash every picture of the dataset; yield those whose features are not known yet."""
        requested: set[bytes] = set()  # two sequences may share a picture
        names = ((row, index, name) for row in self._dataset.rows for index, name in enumerate(row.frame_names()))
        shown = cli.progress(names, what="read faces", total=len(self._order), unit=" pictures")
        for number, (row, index, name) in enumerate(shown):
            path = self._dataset.folder / name
            data = reader.read_picture(path)
            sha256 = hashlib.sha256(data).digest()
            self._order[number] = np.frombuffer(sha256, np.uint8)
            if sha256 not in store and sha256 not in requested:
                requested.add(sha256)
                yield Picture(str(path), sha256, data)
            if index == 0:
                whole = hashlib.sha256()
            whole.update(data)
            if index == row.frame_count - 1 and whole.hexdigest() != row.sha256:
                self._changed.append(row.sequence_id)

    def _describe(self, parts: dict[str, Any], counts: npt.NDArray[np.uint8]) -> dict[str, Any]:
        """Write the manifest."""
        missing_by_label: Counter[str] = Counter(dict.fromkeys(self._dataset.manifest["classes"], 0))
        examples: list[str] = []
        sequences_without = first = 0
        for row in self._dataset.rows:
            here = counts[first : first + row.frame_count]
            first += row.frame_count
            names = [name for name, n_faces in zip(row.frame_names(), here, strict=True) if n_faces == 0]
            missing_by_label[row.label] += len(names)
            sequences_without += len(names) == row.frame_count
            examples += names[: LISTED - len(examples)]
        return {
            "schema_version": 1,
            "kind": self._config.kind,
            "created_utc": paths.utc_text(),
            "dataset": self._dataset.reference(),
            "model": self._model,
            "reading": self._reading,
            **parts,
            "counts": {
                "sequences": len(self._dataset.rows),
                "pictures": len(counts),
                "without_face": int((counts == 0).sum()),
                "several_faces": int((counts > 1).sum()),
                "sequences_without_face": sequences_without,
                "without_face_by_label": dict(sorted(missing_by_label.items())),
            },
            "without_face": examples,
            "code": self._code,
        }
