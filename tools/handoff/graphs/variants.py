"""Smaller encoders, half precision and 8-bit integers, each with a verdict: size and flipped decisions.

Their arithmetic differs from the window's, so no page runs a variant that its verdict does not offer.
"""

import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from shared import cli, contracts, paths
from shared.arrays import F32
from shared.dataset import consent, reader, splits
from shared.errors import InvalidInput
from shared.onnx.contract import SMILE_PROB
from shared.onnx.model import iterate_batches
from shared.preprocess import to_batch
from tools.handoff.golden.drawing import draw_windows
from tools.handoff.graphs.build import Made, describe, to_bytes
from tools.handoff.sessions import Stream
from tools.handoff.source import Source

# The tolerance of a page's own crop and resize; more would be another model.
MAX_DIFFERENCE = 0.02
N_DRAWN = 40
N_CALIBRATION_FRAMES = 100
N_JUDGED = 400


@dataclass(frozen=True)
class Pictures:
    """The pictures on which the variants are calibrated and judged.

    Attributes:
        calibration: (N, 3, S, S) in 0 to 1: the frames that set the integers' ranges.
        windows: (N, T, 3, S, S) in 0 to 1, none of whose people are in `calibration`.
        what: The source of the windows, in words.
        are_drawn: Whether they are drawings.
    """

    calibration: F32
    windows: F32
    what: str
    are_drawn: bool


def draw_pictures(source: Source) -> Pictures:
    """Draw the pictures."""
    drawn = to_batch(draw_windows(N_DRAWN + 12, source.frame_count, source.image_size_px))
    return Pictures(drawn[N_DRAWN:].reshape(-1, *drawn.shape[2:]), drawn[:N_DRAWN], "drawn windows", True)


def read_pictures(source: Source, folder: Path) -> Pictures:
    """Read calibration pictures of the dataset's training people, and windows of its validation people.

    Raises:
        InvalidInput: It is not the model's dataset, or its split is missing.
    """
    # Whoever has no row was allowed when the model was trained; who withdrew since, or expired, is left out here too.
    dataset = consent.permitted(reader.open_dataset(folder), allow_no_consent=True)
    stated, split = source.card["dataset"], source.card["split"]
    if dataset.labels_sha256 != stated["sha256"]:
        raise InvalidInput(
            str(folder),
            found=f"labels {dataset.labels_sha256[:12]}",
            expected=f"{stated['sha256'][:12]}, {stated['name']} as the model was trained on it",
        )
    if split is None:
        raise InvalidInput(
            str(folder), found="a model without a split", expected="one that names its validation people"
        )
    file = paths.artifacts("splits") / split["file"]
    if contracts.sha256_file(file) != split["sha256"]:
        raise InvalidInput(str(file), found="another split", expected=f"sha256 {split['sha256'][:12]}, the model's")
    frozen = splits.read_split(file, dataset)
    training, validation = (splits.rows_of(dataset, frozen, part) for part in ("train", "validation"))
    wanted = -(-N_CALIBRATION_FRAMES // source.frame_count)
    chosen = training[:: max(1, len(training) // wanted)][:wanted]
    calibration = np.concatenate([batch for _, batch in iterate_batches(dataset, chosen)])
    windows = np.concatenate([batch for _, batch in iterate_batches(dataset, validation[:N_JUDGED])])
    flat: F32 = calibration.reshape(-1, *calibration.shape[2:])
    return Pictures(flat, windows, f"windows of {stated['name']}'s validation people", False)


def make_variants(graphs: list[Made], source: Source, pictures: Pictures) -> tuple[list[Made], list[str]]:
    """Make and judge the smaller encoders.

    Args:
        graphs: Window, encoder, head and more.
        source: The model.
        pictures: What to calibrate and judge with.

    Returns:
        The variants with their verdicts, and a note on each that could not be made or run.
    """
    encoder, head = graphs[1], graphs[2]
    plain = Stream(encoder.data, head.data)
    plain_probs = [plain.run(window).prob for window in cli.progress(pictures.windows, what="deciding")]
    made, notes = [], []
    for variant, make in (("fp16", _halve), ("int8", _quantize)):
        name = f"encoder_{variant}"
        cli.note(f"handoff: making and judging {name} ...")
        try:
            graph = describe(name, "encoder", variant, f"{name}.onnx", make(encoder.data, pictures))
            smaller = Stream(graph.data, head.data, name)
            variant_probs = [smaller.run(window).prob for window in cli.progress(pictures.windows, what=name)]
        except Exception as error:  # the converters raise many kinds of errors; the hand-off is complete without them
            notes.append(f"{name} was left out: {' '.join(str(error).split())[:200] or type(error).__name__}")
            continue
        threshold = source.card["threshold"]["value"]
        verdict = judge(
            np.array(plain_probs), np.array(variant_probs), threshold, graph, encoder, pictures, source.prob
        )
        made.append(graph.with_verdict(verdict))
    return made, notes


def judge(
    plain_probs: Any,
    variant_probs: Any,
    threshold: float,
    smaller: Made,
    encoder: Made,
    pictures: Pictures,
    prob: str = SMILE_PROB,
) -> dict[str, Any]:
    """Compare a variant with the plain encoder, and decide whether a page may use it.

    Args:
        plain_probs: The plain encoder's probabilities, (N,).
        variant_probs: The variant's.
        threshold: Of the decision.
        smaller: The variant.
        encoder: The plain encoder.
        pictures: The pictures of the windows.
        prob: The output that decides.

    Returns:
        The verdict, as the spec holds it.
    """
    n, n_flips = len(plain_probs), int(((variant_probs > threshold) != (plain_probs > threshold)).sum())
    largest = float(np.abs(variant_probs - plain_probs).max()) if np.isfinite(variant_probs).all() else 1.0
    variant, on = smaller.entry["variant"], f"on {n} {pictures.what}"
    reasons = []
    if n_flips:
        reasons.append(f"{n_flips} of {n} decisions flip {on}")
    if largest > MAX_DIFFERENCE:
        reasons.append(f"{prob} moves by up to {largest:.3f} {on}, more than {MAX_DIFFERENCE}")
    if variant == "int8" and pictures.are_drawn and not reasons:
        reasons.append("its ranges were calibrated on drawings only: judge it on the model's pictures with --dataset")
    return {
        "n_decisions": n,
        "n_flips": n_flips,
        "largest_difference": largest,
        "size_ratio": smaller.entry["bytes"] / encoder.entry["bytes"],
        "offer": not reasons,
        "reason": "; ".join(reasons) or f"no decision flips and {prob} moves by at most {largest:.4f} {on}",
    }


def _halve(encoder: bytes, _: Pictures) -> bytes:
    """Store the weights in half precision; inputs and outputs stay float32."""
    from onnxconverter_common import float16

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weights that half precision rounds to its smallest number
        model = float16.convert_float_to_float16(onnx.load_model_from_string(encoder), keep_io_types=True)
    return to_bytes(model)


def _quantize(encoder: bytes, pictures: Pictures) -> bytes:
    """Quantise weights and activations to 8 bits, with ranges from the calibration pictures."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]  # the package has no types
        """Feeds the calibration pictures."""

        def __init__(self) -> None:
            self._frames: Iterator[F32] = iter(pictures.calibration)

        def get_next(self) -> dict[str, F32] | None:
            frame = next(self._frames, None)
            return None if frame is None else {"frame": frame[None]}

    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "encoder.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(encoder)
        quantization.quantize_static(
            source,
            target,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
        return to_bytes(onnx.load_model_from_string(target.read_bytes()))
