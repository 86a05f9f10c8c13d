"""Runs every graph of a hand-off and compares it with the window, before anything is written."""

from dataclasses import dataclass

import numpy as np

from shared.arrays import F32
from shared.errors import CheckFailed
from shared.golden.drawing import draw_face, draw_harsh, draw_windows
from shared.onnx.pair import Outputs, Stream, Window
from shared.preprocess import crop_and_resize, to_batch

# Rounding in the last places of float32 passes, another weight does not; that of logits grows with the largest of them.
EQUAL = 1e-5
REWRITTEN = 1e-4  # sums in another order; in a network with large features more of it is left at the end
N_WINDOWS = 24
ENLARGED = 1e-3  # of the probability, as the spec tolerates it: a picture that grows may differ by a level
_PROBED_SIZES = ((640, 480), (480, 640), (448, 448), (224, 300), (1280, 720))
_SMALL_PARTS = (0.4, 0.7, 0.95)  # of the network's side


@dataclass(frozen=True)
class Proof:
    """The result of comparing encoder and head with the window.

    Attributes:
        n_frames: How many frames were encoded.
        largest_difference: Of the probability, or of a logit as a part of the largest one above 1.
    """

    n_frames: int
    largest_difference: float


def prove_stream(window: Window, stream: Stream, frame_count: int, size_px: int) -> Proof:
    """Compare encoder and head with the window: faces, noise, black and white.

    Raises:
        CheckFailed: They differ by more than the tolerance, so their weights differ.
    """
    batches = _probe(frame_count, size_px)
    largest = max(_compare("encoder and head", stream.run(frames), window.run(frames), EQUAL) for frames in batches)
    return Proof(len(batches) * frame_count, largest)


def prove_encoder(rewritten: Stream, plain: Stream, what: str, frame_count: int, size_px: int) -> float:
    """Compare a rewritten encoder, same arithmetic in another order, with the plain one by the head's outputs.

    Returns:
        The largest difference of an output.

    Raises:
        CheckFailed: An output differs by more than rounding explains.
    """
    largest = 0.0
    for frames in _probe(frame_count, size_px)[::3]:
        largest = max(largest, _compare(what, rewritten.run(frames), plain.run(frames), REWRITTEN))
    return largest


def prove_pixels(rewritten: Stream, plain: Stream, what: str, frame_count: int, size_px: int) -> float:
    """Compare the encoder with the preprocessing inside with the plain one behind shared.preprocess.

    Where both have equal bytes, all outputs are compared; of a small picture, which is enlarged and may differ by a
    level, the probability.

    Raises:
        CheckFailed: As `prove_encoder`.
    """
    largest = 0.0
    small = [(round(4 / 3 * part * size_px), round(part * size_px)) for part in _SMALL_PARTS]
    for number, (width, height) in enumerate([*_PROBED_SIZES, *small]):
        harsh = np.stack([draw_harsh(width, height, number + k) for k in range(frame_count)])
        faces = np.stack([draw_face(width, height, k / frame_count, number, k / 25) for k in range(frame_count)])
        is_enlarged = min(width, height) < size_px
        for pictures in (harsh, faces):
            rgba = np.concatenate([pictures, np.full((*pictures.shape[:3], 1), 255, np.uint8)], axis=3)
            frames = to_batch(np.stack([crop_and_resize(picture, size_px) for picture in pictures]))[0]
            found, expected = rewritten.run(rgba), plain.run(frames)
            if not is_enlarged:
                largest = max(largest, _compare(what, found, expected, REWRITTEN))
            elif (difference := abs(found.prob - expected.prob)) > ENLARGED:
                raise CheckFailed(
                    what,
                    found=f"a probability that differs by {difference:.1e} on an enlarged picture of {width}x{height}",
                    expected=f"at most {ENLARGED:.0e}",
                )
    return largest


def _compare(what: str, outputs: Outputs, reference: Outputs, tolerance: float) -> float:
    """Return the largest difference from the reference.

    Raises:
        CheckFailed: It is above the tolerance.
    """
    scale = np.abs(reference.emotion_logits).max(initial=1.0)
    found = np.append(outputs.emotion_logits / scale, outputs.prob)
    expected = np.append(reference.emotion_logits / scale, reference.prob)
    largest = float(np.abs(found - expected).max())
    if not np.allclose(found, expected, rtol=tolerance, atol=tolerance):
        raise CheckFailed(
            what,
            found=f"outputs that differ by {largest:.1e}",
            expected=f"at most {tolerance:.0e}",
            todo="the ONNX and the weights beside it are from different exports: export the model again",
        )
    return largest


def _probe(frame_count: int, size_px: int) -> F32:
    """Give windows of faces, noise, black and white; (N, T, 3, S, S)."""
    drawn = to_batch(draw_windows(N_WINDOWS - 4, frame_count, size_px))
    noise = np.random.default_rng(0).random((2, *drawn.shape[1:]), dtype=np.float32)
    plain = np.stack([np.zeros_like(drawn[0]), np.ones_like(drawn[0])])
    return np.concatenate([drawn, noise, plain])
