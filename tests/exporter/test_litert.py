"""For phones: what LiteRT answers must be what torch answers; without the converter nothing is begun."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from shared import contracts, paths
from shared.errors import CheckFailed, InvalidInput
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.onnx.litert import LiteRtModel
from shared.onnx.pair import Outputs
from tools.exporter import litert
from tools.exporter.cli import main

EXAMPLE = Path(__file__).parents[1] / "schemas" / "positive" / "model" / "ours.json"
CARD = {
    "input": {"name": "frames", "shape": [1, 2, 3, 32, 32]},
    "threshold": {"value": 0.5},
}


class Answers(nn.Module):
    """A network that answers with the mean of its frames."""

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean = frames.mean((1, 2, 3, 4))
        return mean, mean[:, None] * torch.arange(7.0)


class Phone:
    """A phone that answers like `Answers`, but for what is added."""

    def __init__(self, window: float = 0.0, halves: float = 0.0) -> None:
        self.window, self.halves = window, halves

    def run(self, frames: Any) -> Outputs:
        mean = float(frames.mean()) + self.window
        return Outputs(mean, np.asarray(frames.mean() * np.arange(7.0), np.float32))

    def encode(self, frame: Any) -> Any:
        return np.array([[frame.mean()]], np.float32)

    def decide(self, features: Any) -> Outputs:
        mean = features.mean()
        return Outputs(float(mean) + self.halves, np.asarray(mean * np.arange(7.0), np.float32))


def windows(level: float = 0.25) -> Any:
    return iter([np.full((2, 3, 32, 32), level, np.float32)])


def test_a_phone_that_answers_alike_passes_on_golden_and_real_windows() -> None:
    parity = litert._prove(Phone(), Answers(), CARD, windows())  # type: ignore[arg-type]
    assert (parity["n_golden"], parity["n_windows"], parity["n_flips"]) == (6, 7, 0)
    assert parity["largest_difference"] < 1e-6
    assert parity["head_shape"] == [1, 2, 1]


@pytest.mark.parametrize(
    ("phone", "level", "message"),
    [
        (Phone(window=2e-5), 0.25, "from torch"),
        (Phone(halves=2e-5), 0.25, "halves 2.0e-05 from the window"),
        (Phone(window=5e-6, halves=5e-6), 0.499998, "2 decisions that flip"),
    ],
)
def test_a_difference_or_a_flip_is_refused(phone: Phone, level: float, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        litert._prove(phone, Answers(), CARD, windows(level))  # type: ignore[arg-type]


def test_without_the_converter_nothing_is_begun_and_the_task_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["--run", "nobody", "--target", "litert"]) == 3
    error = capsys.readouterr().err
    assert "litert_torch" in error
    assert "./inv export --target litert" in error
    assert error.count("\n") == 1


def test_another_target_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--run", "r", "--target", "coreml"])
    assert "invalid choice: 'coreml'" in capsys.readouterr().err


def test_a_file_that_is_no_litert_model_or_another_one_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    with pytest.raises(InvalidInput, match="no LiteRT file"):
        LiteRtModel(broken, "smile_prob")
    assets = paths.assets()
    yamnet = assets and assets / "models" / "yamnet_spectra_int8.tflite"
    if yamnet and yamnet.is_file():
        with pytest.raises(InvalidInput, match="expected all three"):
            LiteRtModel(yamnet, "smile_prob")


def test_a_real_conversion_answers_like_torch(tmp_path: Path, make_card: Callable[..., dict[str, Any]]) -> None:
    """Runs where the converter is: in the environment of the extra litert, by a CI job of its own."""
    pytest.importorskip("litert_torch")
    torch.manual_seed(0)
    choice = EncoderChoice("mobilenet_v3_small_b3", 32, "grid")
    network = DualHeadSmileDetector(3, choice, 32).eval()
    safetensors.torch.save_file(network.state_dict(), tmp_path / paths.WEIGHTS_FILE)
    card = make_card(3, 32, choice)
    rng = np.random.default_rng(0)
    folder, document = litert.convert(
        tmp_path, card, iter([rng.random((3, 3, 32, 32), dtype=np.float32) for _ in range(4)])
    )
    assert document["parity"]["n_flips"] == 0
    assert document["parity"]["largest_difference"] <= 1e-5
    assert document["parity"]["stream_difference"] <= 1e-5
    assert contracts.read_document(folder / "litert.json", "litert") == document
    golden = contracts.read_document(folder / "golden" / "golden.json", "golden")
    assert golden["model_sha256"] == document["sha256"] == contracts.sha256_file(folder / document["file"])
    n_weights = sum(parameter.numel() for parameter in network.parameters())
    assert document["bytes"] < 4 * n_weights * 1.6, "the signatures share their weights"


@pytest.fixture
def make_card() -> Callable[..., dict[str, Any]]:
    """Return a maker of cards for an untrained network."""

    def make(count: int, side: int, choice: EncoderChoice) -> dict[str, Any]:
        card: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
        card["input"]["shape"] = [1, count, 3, side, side]
        encoder = {name: getattr(choice, name) for name in ("encoder", "input_px", "pooling", "crop", "views")}
        return {**card, "network": "dual_head", "encoder": encoder, "temperature": 1.5, "frame_interval_ms": 100.0}

    return make
