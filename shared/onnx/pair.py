"""Runs the graphs of a hand-off: the window, and the stream of encoder and head. Compares nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.arrays import F32, U8
from shared.onnx.contract import EMOTION_LOGITS
from shared.onnx.session import open_session, run_session


@dataclass(frozen=True)
class Outputs:
    """A model's outputs for one window.

    Attributes:
        prob: The probability of the positive class.
        emotion_logits: (7,); empty from a model of features.
    """

    prob: float
    emotion_logits: F32


def _unpack(outputs: dict[str, Any]) -> Outputs:
    [prob] = [values for name, values in outputs.items() if name != EMOTION_LOGITS]
    logits = outputs.get(EMOTION_LOGITS, np.empty(0, np.float32))
    return Outputs(float(prob.reshape(())), logits.reshape(-1))


class Window:
    """The contract's window.

    Args:
        data: The graph's bytes.
        what: Its name in an error.
    """

    def __init__(self, data: bytes, what: str = "window") -> None:
        self._session = open_session(data, what)
        self._input = self._session.get_inputs()[0].name
        self._what = what

    def run(self, frames: F32) -> Outputs:
        """Compute the outputs for (T, 3, S, S) in 0 to 1, or for the features of T frames."""
        return _unpack(run_session(self._session, {self._input: frames[None]}, self._what))


class Encoder:
    """An encoder of one frame, from (1, 3, S, S) in 0 to 1 or, with the preprocessing inside, from (H, W, 4) bytes.

    Args:
        data: The graph's bytes.
        what: Its name in an error.
    """

    def __init__(self, data: bytes, what: str) -> None:
        self._session = open_session(data, what)
        self._input = self._session.get_inputs()[0].name
        self._what = what

    def run(self, frame: F32 | U8) -> F32:
        """Return the features, (1, 576)."""
        features: F32 = run_session(self._session, {self._input: frame}, self._what)["features"]
        return features


class Stream:
    """Encoder and head: frames are encoded once each, a window is decided from their features.

    Args:
        encoder: Bytes of an encoder's graph.
        head: Bytes of the head's.
        what: The encoder's name in an error.
    """

    def __init__(self, encoder: bytes, head: bytes, what: str = "encoder") -> None:
        self._encoder = Encoder(encoder, what)
        self._head = open_session(head, "head")

    def encode(self, frame: F32 | U8) -> F32:
        """Return one frame's features, (1, 576)."""
        return self._encoder.run(frame)

    def decide(self, features_tf_f32: F32) -> Outputs:
        """Compute the outputs for the features of a window, (T, 576), oldest first."""
        return _unpack(run_session(self._head, {"features": features_tf_f32[None]}, "head"))

    def run(self, frames: F32 | U8) -> Outputs:
        """Compute the outputs for the T frames of a window."""
        return self.decide(np.concatenate([self.encode(f[None] if f.dtype == np.float32 else f) for f in frames]))
