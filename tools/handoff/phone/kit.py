"""Gives the files for mobile developers, where a model was exported for LiteRT; the sources are fitted to it."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.errors import InvalidInput
from shared.onnx.contract import SMILE_PROB, class_of
from shared.text.template import fill
from tools.handoff.source import Source

FOLDER = "phone"
_FACE = " The network finds the face itself: give it the camera's centred square, and do not crop to a face before."
_FACE_KO = " 얼굴은 모델이 직접 찾으므로, 얼굴만 미리 잘라 내지 말고 카메라 화면의 가운데 정사각형을 그대로 넣으세요."
SOURCES = ("SmileDetector.kt", "SmileDetector.swift", "README.md")


def phone_files(source: Source, onnx: Path, spec: dict[str, Any]) -> tuple[dict[str, bytes], list[str]]:
    """Read the LiteRT file of a model and fit the sources to it.

    Args:
        source: The model.
        onnx: Its ONNX, beside which ``litert/`` lies.
        spec: The front-end spec that will lie above the files.

    Returns:
        The files by their path in the hand-off, none where the model was not exported for LiteRT; and a note where the
        LiteRT file is of another export.

    Raises:
        InvalidInput: The LiteRT file is another than its card says.
    """
    folder = onnx.with_name(paths.LITERT_FOLDER)
    if not (folder / paths.LITERT_CARD).is_file():
        return {}, []
    card = contracts.read_document(folder / paths.LITERT_CARD, "litert")
    if card["model"]["sha256"] != source.graph.sha256:
        return {}, [f"{paths.shown(folder)} is of another export of this model: ./inv export --target litert"]
    data = (folder / card["file"]).read_bytes()
    if (found := contracts.sha256_file(folder / card["file"])) != card["sha256"]:
        raise InvalidInput(
            str(folder / card["file"]),
            found=f"sha256 {found[:12]}",
            expected=f"{card['sha256'][:12]}, as {paths.LITERT_CARD} says",
            todo="./inv export --target litert",
        )
    values = _values(card, spec, finds_face=(source.card.get("encoder") or {}).get("crop") == "face")
    texts = files("tools.handoff") / "phone"
    fitted = {name: fill((texts / name).read_text(encoding="utf-8"), values).encode() for name in SOURCES}
    fitted[paths.LITERT_FILE] = data
    fitted[paths.LITERT_CARD] = (folder / paths.LITERT_CARD).read_bytes()
    return {f"{FOLDER}/{name}": content for name, content in fitted.items()}, []


def _values(card: dict[str, Any], spec: dict[str, Any], *, finds_face: bool) -> dict[str, str]:
    """Give what the sources leave open; a network that finds the face itself wants the whole square of the camera."""
    prob, parity = spec["decision"]["output"], card["parity"]
    return {
        "model": card["model"]["name"],
        "encoder": "encoder, which finds the face" if finds_face else "encoder",
        "face": _FACE if finds_face else "",
        "face_ko": _FACE_KO if finds_face else "",
        "detector": "SmileDetector" if prob == SMILE_PROB else "Detector",
        "class": class_of(prob),
        "prob": prob,
        "bytes": f"{card['bytes']:,}",
        "side": str(spec["preprocessing"]["width_px"]),
        "count": str(spec["frames"]["count"]),
        "interval": str(float(spec["frames"]["interval_ms"])),
        "deviation": str(float(spec["frames"]["max_deviation_ms"])),
        "threshold": f"{spec['decision']['threshold']:.9g}",
        "features": str(card["signatures"]["head"]["shape"][-1]),
        "difference": f"{parity['largest_difference']:.0e}",
        "stream": f"{parity['stream_difference']:.0e}",
        "windows": str(parity["n_windows"]),
    }
