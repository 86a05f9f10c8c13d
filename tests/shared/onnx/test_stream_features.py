"""The Python client with a model of blendshapes: frames without a face, and a landmarker that is another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared import contracts
from shared.arrays import F32, U8
from shared.errors import InvalidInput
from shared.faces import landmarker
from shared.onnx import stream
from shared.onnx.model import OnnxModel
from shared.onnx.stream import FaceReader, SmileStream, kind_of
from tools.handoff.config import HandoffConfig
from tools.handoff.write import write_handoff

NOBODY = 255


class Reader:
    """Stands in for MediaPipe: every score is the picture's brightness; a white one has no face."""

    def __init__(self, *_: Any) -> None:
        self.is_closed = False

    def read(self, square_rgb_hwc_u8: U8) -> F32 | None:
        level = int(square_rgb_hwc_u8.max())
        return None if level == NOBODY else np.full(52, level / 255, np.float32)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def folder(make_feature_model: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hand-off of blendshapes without the landmarker's model."""
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SMILEBENCH_ASSETS", str(tmp_path / "none"))
    model = make_feature_model(tmp_path / "models" / "one", "blendshapes")
    return write_handoff(HandoffConfig(model, tmp_path / "handoff", min_duration_ms=0)).folder


def test_a_window_is_filled_and_one_without_any_face_is_no_smile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "FaceReader", Reader)
    smiles = SmileStream(folder, "window")
    levels = [10, 60, NOBODY, 120, 200, *[NOBODY] * 5, 90]
    decisions = [smiles.push(np.full((30, 40, 3), level, np.uint8), 100.0 * k) for k, level in enumerate(levels)]
    assert [decision.state for decision in decisions] == ["warming_up"] * 4 + ["ready"] * 5 + ["no_face", "ready"]
    model = OnnxModel(folder / "smile_detector.onnx", threads=1)

    def by_hand(*levels: int) -> float:
        features = np.repeat(np.array(levels, np.float32)[:, None] / 255, 52, axis=1)
        return float(model.run(features[None]).smile_prob[0])

    assert decisions[4].prob == pytest.approx(by_hand(10, 60, 60, 120, 200), abs=1e-6)
    assert decisions[6].prob == pytest.approx(by_hand(120, 120, 200, 200, 200), abs=1e-6)
    assert (decisions[9].prob, decisions[9].is_positive, decisions[9].emotion_logits) == (0.0, False, None)
    assert decisions[10].prob == pytest.approx(by_hand(90, 90, 90, 90, 90), abs=1e-6)
    smiles.close()


def test_a_spec_that_does_not_say_its_kind_is_of_frames() -> None:
    assert kind_of({"input": {"name": "frames"}}) == "frames"


def test_another_landmarker_than_the_specs_is_refused(folder: Path) -> None:
    (folder / landmarker.MODEL_NAME).write_bytes(b"another")
    with pytest.raises(InvalidInput, match="put the spec's landmarker beside it"):
        SmileStream(folder, "window")


@pytest.mark.parametrize(("key", "value"), [("border", 0.1), ("max_faces", 1)])
def test_what_pythons_landmarker_cannot_do_is_refused(folder: Path, key: str, value: float) -> None:
    (folder / landmarker.MODEL_NAME).write_bytes(b"a landmarker")
    document = contracts.read_document(folder / "frontend_spec.json", "frontend_spec")
    document["input"]["landmarker"][key] = value
    with pytest.raises(InvalidInput, match=f"{key} {value}"):
        FaceReader(folder, document)
