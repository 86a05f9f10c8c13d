"""Converts a network into a LiteRT file with three signatures, in a process of its own, which the converter may end.

The converter's passes are C++: on a graph that they do not expect they end the process instead of raising an error.
Proves nothing; `tools.exporter.litert` runs what was written.
"""

import contextlib
import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from shared.errors import CheckFailed, InvalidInput, first_line
from shared.models.onnx_export import load_network
from shared.onnx.contract import EMOTION_LOGITS
from shared.onnx.litert import ENCODER, HEAD, WINDOW


@dataclass(frozen=True)
class Conversion:
    """What to convert.

    Attributes:
        weights: The network's .safetensors.
        network: One of `shared.models.NETWORKS`.
        encoder: Its settings, as a model card has them.
        count: Frames of a window.
        side: Of a frame, in pixels.
        temperature: Divides the logit of the positive class.
        prob: Name of the output that decides.
    """

    weights: Path
    network: str
    encoder: dict[str, Any] | None
    count: int
    side: int
    temperature: float
    prob: str


class _Named(nn.Module):
    """A module whose outputs have names, as a signature keeps them."""

    def __init__(self, module: nn.Module, outputs: tuple[str, ...]) -> None:
        super().__init__()
        self.module = module
        self.outputs = outputs

    def forward(self, **inputs: Tensor) -> dict[str, Tensor]:
        [values] = inputs.values()
        found = self.module(values)
        return dict(zip(self.outputs, found if isinstance(found, tuple) else (found,), strict=True))


def write_file(file: Path, conversion: Conversion) -> None:
    """Convert encoder, head and window into one file.

    Raises:
        InvalidInput: The network has no encoder and head.
        CheckFailed: The converter raised an error, or ended its process.
    """
    reason = file.with_suffix(".reason")
    process = multiprocessing.get_context("spawn").Process(target=_work, args=(file, conversion, reason))
    process.start()
    process.join()
    code = process.exitcode
    if code == 0 and file.is_file():
        return
    found = reason.read_text(encoding="utf-8") if reason.is_file() else f"its process ended by {_how(code)}"
    raise CheckFailed(
        "LiteRT's converter",
        found=found,
        expected="a .tflite",
        todo="nothing was written for phones: it cannot convert this network; its ONNX is complete",
    )


def _how(code: int | None) -> str:
    """Name how a process ended."""
    if code is not None and code < 0 and -code in set(signal.Signals):
        return f"itself ({signal.Signals(-code).name})"
    return f"exit code {code}"


def _work(file: Path, conversion: Conversion, reason: Path) -> None:
    """Convert, and write down why not."""
    with _quiet():
        try:
            _convert(file, conversion)
        except Exception as error:  # the converter's errors have no common class
            reason.write_text(f"{type(error).__name__}: {first_line(error)}", encoding="utf-8")
            raise SystemExit(1) from None


def _convert(file: Path, conversion: Conversion) -> None:
    import litert_torch

    count, side = conversion.count, conversion.side
    network = load_network(conversion.weights, conversion.network, count, side, conversion.encoder)
    modules = network.stream_modules(conversion.temperature)
    if modules is None:
        raise InvalidInput(
            conversion.network, found="a network without halves", expected="one with an encoder and a head"
        )
    picture = torch.rand(1, 3, side, side)
    with torch.no_grad():
        n_features = modules[0](picture).shape[1]
    decision = (conversion.prob, EMOTION_LOGITS)
    whole = network.contract_module(conversion.temperature)
    build: Any = litert_torch
    for name, module, inputs in (
        (ENCODER, _Named(modules[0], ("features",)), {"frame": picture}),
        (HEAD, _Named(modules[1], decision), {"features": torch.rand(1, count, n_features)}),
        (WINDOW, _Named(whole, decision), {"frames": torch.rand(1, count, 3, side, side)}),
    ):
        build = build.signature(name, module.eval(), (), inputs)
    build.convert().export(str(file))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send what the converter prints, from C++ as well, to stderr: stdout is the result's."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
