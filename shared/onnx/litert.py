"""Runs a model's LiteRT file: the signatures of a window and of a stream. Converts nothing; reads the file only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shared.arrays import F32
from shared.errors import InvalidInput, MissingOutside
from shared.onnx.contract import EMOTION_LOGITS
from shared.onnx.pair import Outputs

ENCODER, HEAD, WINDOW = "encoder", "head", "window"


class LiteRtModel:
    """A .tflite with the signatures of a window and of a stream, run by LiteRT on one thread.

    Args:
        file: The file.
        prob: The output that decides.

    Raises:
        MissingOutside: LiteRT is not installed.
        InvalidInput: It is none, or lacks a signature.
    """

    def __init__(self, file: Path, prob: str) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise MissingOutside("LiteRT", found=f"no package {error.name}", expected="ai-edge-litert") from None
        try:
            self._interpreter = Interpreter(str(file), num_threads=1)
        except (ValueError, RuntimeError) as error:
            raise InvalidInput(str(file), found=f"no LiteRT file ({error})"[:200], expected="one") from None
        names = set(self._interpreter.get_signature_list())
        if not {ENCODER, HEAD, WINDOW} <= names:
            raise InvalidInput(str(file), found=f"the signatures {', '.join(sorted(names))}", expected="all three")
        self._runners = {name: self._interpreter.get_signature_runner(name) for name in (ENCODER, HEAD, WINDOW)}
        self._prob = prob

    def encode(self, frame: F32) -> F32:
        """Return the features of one frame, (1, F), from (1, 3, S, S)."""
        return np.asarray(self._runners[ENCODER](frame=frame)["features"], np.float32)

    def decide(self, features_tf_f32: F32) -> Outputs:
        """Decide by the features of a window, (T, F)."""
        return self._unpack(self._runners[HEAD](features=features_tf_f32[None]))

    def run(self, frames: F32) -> Outputs:
        """Decide on a whole window, (T, 3, S, S)."""
        return self._unpack(self._runners[WINDOW](frames=frames[None]))

    def _unpack(self, outputs: Mapping[str, Any]) -> Outputs:
        return Outputs(float(np.ravel(outputs[self._prob])[0]), np.ravel(outputs[EMOTION_LOGITS]).astype(np.float32))
