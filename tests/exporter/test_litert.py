"""For phones: what LiteRT answers must be what torch answers; without the converter nothing is begun."""

import itertools
import json
import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from shared import contracts, paths
from shared.arrays import F32
from shared.errors import CheckFailed, InvalidInput
from shared.faces import detector
from shared.golden.pictures import crop_frames, draw_cases
from shared.models.dual_head import DualHeadSmileDetector
from shared.models.encoder_specs import EncoderChoice
from shared.models.face_crop import FaceCrop
from shared.onnx.litert import LiteRtModel
from shared.onnx.pair import Outputs
from shared.preprocess import crop_and_resize, to_batch
from tools.exporter import litert, litert_file
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
        (Phone(window=2e-5, halves=2e-5), 0.499988, "2 decisions that flip"),
        (Phone(window=float("nan")), 0.25, "inf from torch"),
        (Phone(halves=float("nan")), 0.25, "halves inf from the window"),
    ],
)
def test_a_difference_or_a_flip_is_refused(phone: Phone, level: float, message: str) -> None:
    with pytest.raises(CheckFailed, match=message):
        litert._prove(phone, Answers(), CARD, windows(level))  # type: ignore[arg-type]


def test_where_a_probability_is_the_threshold_but_for_rounding_nothing_flips() -> None:
    parity = litert._prove(Phone(window=5e-6, halves=5e-6), Answers(), CARD, windows(0.499998))  # type: ignore[arg-type]
    assert parity["n_flips"] == 0
    assert parity["largest_difference"] == pytest.approx(5e-6, rel=0.1)


def test_emotions_are_compared_as_probabilities() -> None:
    """Of logits 20 large one bit more is 2e-6: what people read are the probabilities."""

    def of(logits: list[float]) -> Outputs:
        return Outputs(0.5, np.array(logits, np.float32))

    assert litert._distance(of([20.0004, 0.0, 0.0]), of([20.0, 0.0, 0.0])) < 1e-11
    # By hand: of two equal logits one is d more, so its probability is 1 / (1 + exp(-d)), d / 4 above a half.
    assert litert._distance(of([1.0 + 2**-14, 1.0]), of([1.0, 1.0])) == pytest.approx(2**-16, rel=1e-3)
    assert litert._distance(of([float("inf"), 0.0]), of([1.0, 0.0])) == float("inf")


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


def _fail(file: Path, conversion: Any) -> None:
    raise RuntimeError("failed to legalize operation 'tfl.nothing'\nand a hundred lines more")


def _crash(file: Path, conversion: Any) -> None:
    signal.raise_signal(signal.SIGSEGV)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    ("convert", "found"),
    [
        (_fail, "found RuntimeError: failed to legalize operation 'tfl.nothing', expected"),
        (_crash, "its process ended by itself (SIGSEGV)"),
    ],
)
def test_a_converter_that_fails_or_ends_its_process_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, convert: Callable[..., None], found: str
) -> None:
    """On a face crop in grey that was expanded to three channels LiteRT's converter ended by SIGSEGV."""
    monkeypatch.setattr(litert_file, "_convert", convert)
    fork = multiprocessing.get_context("fork")  # else the process would know nothing of what was put into its place
    monkeypatch.setattr(multiprocessing, "get_context", lambda how: fork)
    conversion = litert_file.Conversion(tmp_path / "w", "dual_head", None, 3, 32, 1.0, "smile_prob")
    with pytest.raises(CheckFailed) as caught:
        litert_file.write_file(tmp_path / "smile_detector.tflite", conversion)
    assert found in str(caught.value)
    assert "its ONNX is complete" in str(caught.value)
    assert not (tmp_path / "smile_detector.tflite").exists()


def faces_to_look_at(count: int) -> tuple[list[F32], list[F32]]:
    """Return windows of faces, of people where the assets are here, and windows without a face and with two."""
    people = (paths.assets() or Path("nowhere")) / "data" / "images" / "genki4k" / "images"
    files = sorted(people.glob("*.jpg"))[: 8 * count]
    pictures = [crop_and_resize(cv2.imread(str(file))[:, :, ::-1].copy()) for file in files]
    pictures += [picture for case in draw_cases(count) for picture in crop_frames(case.frames, 224)]
    windows = [np.stack(pictures[at : at + count]) for at in range(0, len(pictures) - count + 1, count)]
    beside = []
    for first, second in itertools.pairwise(windows):  # two faces, one as large as the other, or smaller
        for width in (112, 84):
            left = np.stack([cv2.resize(picture, (224 - width, 224 - width)) for picture in first])
            right = np.stack([cv2.resize(picture, (width, width)) for picture in second])
            both = np.full((count, 224, 224, 3), 127, np.uint8)
            both[:, : 224 - width, : 224 - width] = left
            both[:, :width, 224 - width :] = right
            beside.append(both)
    rng = np.random.default_rng(0)
    nothing = [np.full((count, 224, 224, 3), level, np.uint8) for level in (0, 127, 255)]
    nothing.append(rng.integers(0, 256, (count, 224, 224, 3), np.uint8))
    return [to_batch(each)[0] for each in windows], [to_batch(each)[0] for each in (*beside[:6], *nothing)]


@pytest.mark.parametrize(
    "choice",
    [
        EncoderChoice("mobilenet_v3_small_b3", 64, "grid", "face"),
        EncoderChoice("efficientnet_lite0_b4", 112, "grid", "face", "mirrored"),
    ],
    ids=["grey", "colour_mirrored"],
)
def test_a_face_crop_is_converted_with_its_network(
    tmp_path: Path, make_card: Callable[..., dict[str, Any]], choice: EncoderChoice
) -> None:
    """YuNet and the cut are a part of the file; runs where converter and YuNet are."""
    pytest.importorskip("litert_torch")
    if detector.find_model() is None:
        pytest.skip("no YuNet: ./inv fetch-models")
    torch.manual_seed(0)
    network = DualHeadSmileDetector(3, choice, 224)
    network.load_face_detector()
    faces, others = faces_to_look_at(3)
    several = torch.from_numpy(np.stack(faces))
    with torch.no_grad():
        for _ in range(30):  # as after a training: features spread, and so do decisions
            network.train()(several)
        assert network.shortcut is not None
        network.shortcut.weight *= 3
        probs = torch.sigmoid(network.eval()(several).smile_logit)
        assert isinstance(network.crop, FaceCrop)
        squares = [network.crop.find_squares(torch.from_numpy(each)) for each in (*faces, *others)]
    assert float(probs.max() - probs.min()) > 0.05, "decisions depend on the picture"
    sides = torch.cat(squares)[:, 2]
    assert int((sides < 200).sum()) > len(sides) // 2
    assert int((sides == 224).sum()) >= 4 * 3, "no face: the whole picture"
    safetensors.torch.save_file(network.state_dict(), tmp_path / paths.WEIGHTS_FILE)
    card = make_card(3, 224, choice)
    _, document = litert.convert(tmp_path, card, iter([*faces, *others]))
    parity = document["parity"]
    assert (parity["n_windows"], parity["n_flips"]) == (6 + len(faces) + len(others), 0)
    assert parity["largest_difference"] <= 1e-5
    assert parity["stream_difference"] <= 1e-5
    assert document["signatures"]["encoder"]["shape"] == [1, 3, 224, 224]


@pytest.fixture
def make_card() -> Callable[..., dict[str, Any]]:
    """Return a maker of cards for an untrained network."""

    def make(count: int, side: int, choice: EncoderChoice) -> dict[str, Any]:
        card: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
        card["input"]["shape"] = [1, count, 3, side, side]
        encoder = {name: getattr(choice, name) for name in ("encoder", "input_px", "pooling", "crop", "views")}
        return {**card, "network": "dual_head", "encoder": encoder, "temperature": 1.5, "frame_interval_ms": 100.0}

    return make
