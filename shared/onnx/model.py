"""ONNX files of the model contract, run by onnxruntime: pictures or features to scores, in batches, with flat memory.

The contract: one input (1 or N, T, 3, S, S) float32 RGB in 0 to 1; an output ``<positive class>_prob``, such as
``smile_prob``, with one number from 0 to 1 a sequence; optionally ``emotion_logits`` (7). Any such file is welcome, of
this project or not. A model of features has the input ``landmarks`` (1, T, 478, 3) or ``blendshapes`` (1, T, 52)
instead, T free; one of clips ``emotions`` (1, T, K), whose channels its notes name. The featurizer's store feeds it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import F32, U8
from shared.dataset.ahead import map_ahead
from shared.dataset.reader import Dataset, SequenceRow
from shared.errors import InvalidInput
from shared.onnx.contract import CLIPS, EMOTION_LOGITS, FEATURE_SHAPES, METADATA_PREFIX, SMILE_PROB, find_prob
from shared.onnx.session import open_session
from shared.preprocess import to_batch

BATCH = 8


@dataclass(frozen=True)
class Scores:
    """What a model says of N sequences.

    Attributes:
        smile_prob: (N,) float32 from 0 to 1, of the positive class, which is a smile for most models.
        emotion_logits: (N, 7) float32, or None where the model has no such head.
    """

    smile_prob: F32
    emotion_logits: F32 | None


class OnnxModel:
    """An ONNX file of the contract, ready to run.

    Args:
        path: The file.
        threads: Threads for one inference; 0 lets onnxruntime decide.

    Raises:
        InvalidInput: Missing, no ONNX, or not of the contract: says which input or output differs.

    Attributes:
        path: The file.
        metadata: The file's own notes, without their prefix; empty for strangers' models.
        prob_name: The output that decides, such as ``smile_prob``.
        kind: What it takes as input: ``frames``, ``landmarks``, ``blendshapes`` or ``emotions``.
        provider: What gives the channels that a model of clips takes; empty for others.
        frame_count: T, the frames of a sequence; 0 where any number will do.
        image_size_px: S; 0 for a model of features.
        batch_size: Sequences per run: 1 where the file says so.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        self._session = open_session(path, str(path), threads)
        self.path = path
        notes = self._session.get_modelmeta().custom_metadata_map
        self.metadata = {
            key.removeprefix(METADATA_PREFIX): value for key, value in notes.items() if key.startswith(METADATA_PREFIX)
        }
        self.provider: dict[str, Any] = {}
        self._check_contract()

    def _check_contract(self) -> None:
        inputs = self._session.get_inputs()
        outputs = {output.name: output for output in self._session.get_outputs()}
        expected = "one float32 input (1, T, 3, S, S), as the model contract says"
        if len(inputs) != 1:
            raise InvalidInput(str(self.path), found=f"{len(inputs)} inputs", expected=expected)
        shape = inputs[0].shape
        self.kind = next((kind for kind, rest in FEATURE_SHAPES.items() if list(shape[2:]) == rest), "frames")
        if inputs[0].name == CLIPS:
            self.kind, self.provider = CLIPS, self._read_provider(shape)
        fits = self._fits_frames(shape) if self.kind == "frames" else len(shape) == 3 + (self.kind == "landmarks")
        if not fits or inputs[0].type != "tensor(float)":
            raise InvalidInput(
                str(self.path), found=f"the input {inputs[0].name} {shape} {inputs[0].type}", expected=expected
            )
        prob = find_prob(outputs, self.metadata.get("positive_class"))
        if prob is None:
            raise InvalidInput(
                str(self.path),
                found="the outputs " + ", ".join(outputs),
                expected=f"one named {SMILE_PROB}, or <positive class>_prob of another class",
            )
        self.prob_name = prob
        self._input = inputs[0].name
        self._outputs = [prob, *([EMOTION_LOGITS] if EMOTION_LOGITS in outputs else [])]
        self.frame_count: int = shape[1] if isinstance(shape[1], int) else 0
        self.image_size_px: int = shape[3] if self.kind == "frames" else 0
        self.batch_size = 1 if isinstance(shape[0], int) else BATCH

    def _read_provider(self, shape: list[Any]) -> dict[str, Any]:
        """Read which channels a model of clips takes; as many as its input has."""
        try:
            found: dict[str, Any] = json.loads(self.metadata.get("provider", ""))
            names = list(found["channels"])
        except (ValueError, TypeError, KeyError):
            found, names = {}, []
        if len(shape) != 3 or not names or shape[2] != len(names) or not {"name", "file", "sha256"} <= found.keys():
            noted = f"the input {CLIPS} {shape} with the names of {len(names)} channels"
            expected = f"(1, T, K), and K names in the note {METADATA_PREFIX}provider"
            raise InvalidInput(str(self.path), found=noted, expected=expected, todo="export it: ./inv export")
        return found

    @staticmethod
    def _fits_frames(shape: list[Any]) -> bool:
        fits = len(shape) == 5 and isinstance(shape[1], int) and shape[2] == 3
        fits = fits and isinstance(shape[3], int) and shape[3] == shape[4]
        return bool(fits and (not isinstance(shape[0], int) or shape[0] == 1))

    def refuse_clips(self) -> None:
        """Refuse a model of clips, for tools that look at pictures.

        Raises:
            InvalidInput: It is one.
        """
        if self.kind == CLIPS:
            expected = "one of pictures, landmarks or blendshapes: clips are seconds of a film"
            todo = "search films by it: ./inv timeline-moments --clip-model MODEL"
            raise InvalidInput(str(self.path), found="a model of clips", expected=expected, todo=todo)

    @property
    def threshold(self) -> float | None:
        """The decision threshold that the file carries, if it does."""
        text = self.metadata.get("threshold")
        return None if text is None else float(json.loads(text))

    def run(self, batch_ntchw_f32: F32) -> Scores:
        """Score sequences.

        Args:
            batch_ntchw_f32: (N, T, 3, S, S), RGB, 0 to 1, or the features. Any N: it is cut to the model's batch size.

        Raises:
            InvalidInput: The model does not return one probability per sequence.
        """
        parts = []
        for start in range(0, len(batch_ntchw_f32), self.batch_size):
            piece = batch_ntchw_f32[start : start + self.batch_size]
            values = self._session.run(self._outputs, {self._input: piece})
            prob = np.asarray(values[0], np.float32).reshape(-1)
            if prob.size != len(piece) or not np.isfinite(prob).all() or prob.min() < 0 or prob.max() > 1:
                raise InvalidInput(
                    f"{self.path}: {self.prob_name}",
                    found=f"{prob.size} values for {len(piece)} sequences: {prob[:3].tolist()}",
                    expected="a number from 0 to 1 a sequence",
                )
            logits = np.asarray(values[1], np.float32).reshape(len(piece), -1) if len(values) > 1 else None
            parts.append(Scores(prob, logits))
        return _join(parts)


def _join(parts: Sequence[Scores]) -> Scores:
    logits = [part.emotion_logits for part in parts if part.emotion_logits is not None]
    return Scores(
        np.concatenate([part.smile_prob for part in parts]),
        np.concatenate(logits) if len(logits) == len(parts) else None,
    )


def iterate_batches(
    dataset: Dataset, rows: Sequence[SequenceRow], size: int = BATCH
) -> Iterator[tuple[Sequence[SequenceRow], F32]]:
    """Decode sequences in batches, one batch ahead of its use, so that memory does not grow with the dataset.

    Yields:
        The rows of a batch and their pictures, (n, T, 3, S, S) float32 in 0 to 1.
    """
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]

    def decode(group: Sequence[SequenceRow]) -> F32:
        frames: list[U8] = [dataset.load_frames(row) for row in group]
        return to_batch(np.stack(frames))

    yield from zip(groups, map_ahead(decode, groups, ahead=2, threads=1), strict=True)


def score_dataset(
    model: OnnxModel,
    dataset: Dataset,
    rows: Sequence[SequenceRow],
    progress: Any = None,
    *,
    one_frame: bool = False,
) -> Scores:
    """Score sequences of a dataset.

    Args:
        model: The model.
        dataset: Where the pictures lie.
        rows: Which sequences, at least one.
        progress: Wraps the batches, to show how far it is.
        one_frame: Shows the model the middle frame of each sequence T times, to see what motion is worth.

    Raises:
        InvalidInput: The sequences have another length or size than the model's input.
    """
    for row in rows:
        if model.frame_count and row.frame_count != model.frame_count:
            raise InvalidInput(
                f"{dataset.folder}: {row.sequence_id}",
                found=f"{row.frame_count} frames",
                expected=f"{model.frame_count}, the input of {model.path.name}",
            )
    if model.kind != "frames":
        return _score_features(model, dataset, rows, one_frame=one_frame)
    size = dataset.manifest["image"]["width_px"]
    if size != model.image_size_px:
        raise InvalidInput(
            str(dataset.folder),
            found=f"pictures of {size} px",
            expected=f"{model.image_size_px} px for {model.path.name}",
        )
    batches: Iterable[Any] = iterate_batches(dataset, rows)

    def answer(batch: F32) -> Scores:
        if one_frame:
            middle = model.frame_count // 2
            batch = np.repeat(batch[:, middle : middle + 1], model.frame_count, axis=1)
        return model.run(batch)

    return _join([answer(batch) for _, batch in (progress(batches) if progress else batches)])


def _score_features(model: OnnxModel, dataset: Dataset, rows: Sequence[SequenceRow], *, one_frame: bool) -> Scores:
    """Score sequences by their features; one without any face is not of the positive class: 0."""
    from shared.dataset.feature_store import load_filled

    landmark_model, provider = model.metadata.get("landmark_model_sha256"), model.provider or None
    found = load_filled(dataset, rows, model.kind, landmark_model_sha256=landmark_model, provider=provider)
    probs = np.zeros(len(rows), np.float32)
    for place, values in enumerate(found):
        if values is None:
            continue
        shown = values[len(values) // 2][None] if one_frame else values
        probs[place] = model.run(shown[None]).smile_prob[0]
    return Scores(probs, None)
