"""What a hand-off holds for phones: the LiteRT file, its card, and sources with the model's own numbers in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared import contracts
from shared.errors import InvalidInput
from shared.models.encoder_specs import EncoderChoice
from tools.handoff.config import HandoffConfig
from tools.handoff.phone.kit import SOURCES
from tools.handoff.write import Written, write_handoff

CARD = Path(__file__).parents[1] / "schemas" / "positive" / "litert" / "dual_head.json"
CopyModel = Callable[..., Path]


def write_litert(model: Path, **changes: Any) -> Path:
    """Lay a LiteRT file and its card beside a model."""
    folder = model.with_name("litert")
    folder.mkdir()
    (folder / "smile_detector.tflite").write_bytes(b"a LiteRT file")
    card = json.loads(CARD.read_text(encoding="utf-8"))
    card |= {"sha256": contracts.sha256_file(folder / "smile_detector.tflite"), "bytes": 13}
    card["model"] = {"name": "people-epoch10", "sha256": contracts.sha256_file(model), **changes}
    contracts.write_document(folder / "litert.json", card, "litert")
    return folder


def hand_off(model: Path, tmp_path: Path) -> Written:
    return write_handoff(HandoffConfig(model, tmp_path / "out"))


def test_the_sources_have_the_numbers_of_the_model(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model(without=("weights.safetensors",))
    write_litert(model)
    written = hand_off(model, tmp_path)
    phone = written.folder / "phone"
    assert (phone / "smile_detector.tflite").read_bytes() == b"a LiteRT file"
    kotlin, swift = ((phone / f"SmileDetector.{suffix}").read_text(encoding="utf-8") for suffix in ("kt", "swift"))
    for text in (kotlin, swift, (phone / "README.md").read_text(encoding="utf-8")):
        assert "{{" not in text
        assert "0.4375" in text
    assert "const val SIDE = 224 " in kotlin
    assert "const val COUNT = 5 " in kotlin
    assert "const val INTERVAL_MS = 100.0 " in kotlin
    assert "const val THRESHOLD = 0.4375f " in kotlin
    assert "const val N_FEATURES = 576\n" in kotlin
    assert "let intervalMs = Double(100.0)" in swift
    assert 'output(named: "smile_prob")' in swift
    assert hand_off(model, tmp_path).changed == ()


def test_where_the_network_finds_the_face_the_sources_ask_for_the_whole_square(
    copy_model: CopyModel, tmp_path: Path
) -> None:
    def texts(place: Path) -> list[str]:
        phone = hand_off(model, place).folder / "phone"
        return [(phone / name).read_text(encoding="utf-8") for name in SOURCES]

    model = copy_model(without=("weights.safetensors",))
    write_litert(model)
    assert not [text for text in texts(tmp_path / "whole") if "finds the face" in text or "얼굴은 모델이" in text]
    path = model.with_name("model.json")
    card = json.loads(path.read_text(encoding="utf-8"))
    choice = EncoderChoice("mobilenet_v3_small_b8", 96, "grid", "face")
    card["encoder"] = {name: getattr(choice, name) for name in ("encoder", "input_px", "pooling", "crop", "views")}
    contracts.write_document(path, card, "model")
    kotlin, swift, readme = texts(tmp_path / "face")
    for text in (kotlin, swift):
        assert "centred square of 224 px → encoder, which finds the face → head" in text
    assert "do not crop to a face before" in readme
    assert "얼굴은 모델이 직접 찾으므로" in readme


def test_a_model_that_was_not_exported_for_phones_has_none_of_it(written: Written) -> None:
    assert not (written.folder / "phone").exists()


def test_a_litert_file_of_another_export_is_left_out_with_a_note(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model(without=("weights.safetensors",))
    write_litert(model, sha256="0" * 64)
    written = hand_off(model, tmp_path)
    assert not (written.folder / "phone").exists()
    assert any("of another export of this model: ./inv export --target litert" in note for note in written.notes)


def test_a_litert_file_that_was_changed_is_refused(copy_model: CopyModel, tmp_path: Path) -> None:
    model = copy_model(without=("weights.safetensors",))
    (write_litert(model) / "smile_detector.tflite").write_bytes(b"another file")
    with pytest.raises(InvalidInput, match=r"as litert\.json says"):
        hand_off(model, tmp_path)
    assert not (tmp_path / "out").exists()
