"""Runs every graph of a hand-off and compares it with the window, before anything is written."""

from dataclasses import dataclass

import numpy as np

from shared.errors import CheckFailed
from shared.preprocess import F32, to_batch
from tools.handoff.drawing import draw_windows
from tools.handoff.graphs import Made
from tools.handoff.runs import Encoder, Stream, Window

TOLERANCE = 1e-5  # absolute and relative: a rounding in the last places of float32 passes, another weight does not
N_WINDOWS = 24


@dataclass(frozen=True)
class Proof:
    """What the comparison of encoder and head with the window came to.

    Attributes:
        n_frames: How many frames were encoded.
        largest_difference: Of smile_prob or a logit.
    """

    n_frames: int
    largest_difference: float


def prove_stream(window: Window, stream: Stream, frame_count: int, size_px: int) -> Proof:
    """Compare encoder and head with the window: faces, noise, black and white.

    Raises:
        CheckFailed: They differ by more than the tolerance, so they are not of the same weights.
    """
    largest = 0.0
    batches = _probe(frame_count, size_px)
    for frames in batches:
        expected, found = window.run(frames), stream.run(frames)
        mine = np.append(found.emotion_logits, found.smile_prob)
        theirs = np.append(expected.emotion_logits, expected.smile_prob)
        largest = max(largest, float(np.abs(mine - theirs).max()))
        if not np.allclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE):
            raise CheckFailed(
                "encoder and head",
                found=f"answers that differ from the window's by {largest:.1e}",
                expected=f"at most {TOLERANCE:.0e}",
                todo="the ONNX and the weights beside it are not of one export: export the model again",
            )
    return Proof(len(batches) * frame_count, largest)


def prove_encoder(made: Made, encoder: Encoder, frame_count: int, size_px: int) -> float:
    """Compare a rewritten encoder, same arithmetic, with the plain one; returns the largest difference.

    Raises:
        CheckFailed: A feature differs by more than the tolerance.
    """
    rewritten = Encoder(made.data, made.name)
    largest = 0.0
    for frame in _probe(frame_count, size_px)[::3, 0]:
        mine, theirs = rewritten.run(frame[None]), encoder.run(frame[None])
        largest = max(largest, float(np.abs(mine - theirs).max()))
        if not np.allclose(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE):
            raise CheckFailed(
                made.name, found=f"features that differ by {largest:.1e}", expected=f"at most {TOLERANCE:.0e}"
            )
    return largest


def _probe(frame_count: int, size_px: int) -> F32:
    """Give windows of faces, noise, black and white; (N, T, 3, S, S)."""
    drawn = to_batch(draw_windows(N_WINDOWS - 4, frame_count, size_px))
    noise = np.random.default_rng(0).random((2, *drawn.shape[1:]), dtype=np.float32)
    plain = np.stack([np.zeros_like(drawn[0]), np.ones_like(drawn[0])])
    return np.concatenate([drawn, noise, plain])
