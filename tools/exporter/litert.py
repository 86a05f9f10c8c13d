"""Exports a model for phones: a LiteRT file with three signatures, its card and golden vectors, run by LiteRT itself.

    weights → encoder, head and window as signatures of one .tflite → LiteRT's interpreter on golden and real windows
            → equal to torch, no decision flips, encoder and head equal the window → litert/ in the model's folder

Needs the extra ``litert``, whose packages have an environment of their own: ./inv export --target litert makes it.
"""

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from shared import cli, contracts, paths, provenance
from shared.arrays import F32
from shared.dataset import consent, reader, splits
from shared.errors import CheckFailed, InvalidInput, MissingOutside
from shared.golden.pictures import crop_frames, draw_cases, write_golden
from shared.models.onnx_export import load_network
from shared.onnx.contract import EMOTION_LOGITS
from shared.onnx.decisions import is_flip
from shared.onnx.litert import ENCODER, HEAD, WINDOW, LiteRtModel
from shared.onnx.model import iterate_batches
from shared.onnx.pair import Outputs
from shared.preprocess import to_batch
from tools.exporter.config import ExportConfig
from tools.exporter.export import Exported, export
from tools.exporter.litert_file import Conversion, write_file

EQUAL = 1e-5  # of probabilities
N_VALIDATION = 60  # windows, besides the golden ones


@dataclass(frozen=True)
class ForPhones:
    """An exported model, and its LiteRT file that answers like torch.

    Attributes:
        exported: The model.
        folder: Of the LiteRT file.
        card: Its litert.json.
    """

    exported: Exported
    folder: Path
    card: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise both."""
        card, parity = self.card, self.card["parity"]
        return (
            f"{self.exported.as_text()}\n"
            f"{paths.shown(self.folder / card['file'])}: {card['bytes']:,} bytes, signatures "
            f"{', '.join(card['signatures'])}\n"
            f"torch and LiteRT agree on {parity['n_windows']} windows: largest difference "
            f"{parity['largest_difference']:.1e}, {parity['n_flips']} decisions flip; encoder and head equal the "
            f"window to {parity['stream_difference']:.1e}"
        )

    def as_json(self) -> dict[str, Any]:
        """Give both cards and folders."""
        return {**self.exported.as_json(), "litert": {"folder": str(self.folder), "card": self.card}}


def require_converter() -> None:
    """Refuse at once where the converter is not installed.

    Raises:
        MissingOutside: It is not.
    """
    if importlib.util.find_spec("litert_torch") is None:
        raise MissingOutside(
            "--target litert",
            found="no Python package 'litert_torch'",
            expected="the extra litert, whose packages have an environment of their own",
            todo="run it as ./inv export --target litert",
        )


def export_for_phones(config: ExportConfig) -> ForPhones:
    """Export a checkpoint, convert it for LiteRT, and prove that on golden and on the validation people's windows.

    Raises:
        InvalidInput: As `export`; or a model of another kind than pictures.
        CheckFailed: As `export` and `convert`.
    """
    exported = export(config)
    card = exported.model
    if card["input"]["name"] != "frames":
        raise InvalidInput(
            str(exported.folder),
            found=f"a model of {card['input']['name']}",
            expected="one of pictures (frames): on a phone, MediaPipe and ONNX Runtime run the others",
        )
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    rows = splits.rows_of(dataset, splits.read_split(config.split, dataset), "validation")[:N_VALIDATION]
    windows = (window for _, batch in iterate_batches(dataset, rows) for window in batch)
    folder, document = convert(exported.folder, card, windows)
    return ForPhones(exported, folder, document)


def convert(folder: Path, card: dict[str, Any], windows: Iterator[F32]) -> tuple[Path, dict[str, Any]]:
    """Convert an exported model for LiteRT and prove it.

    Args:
        folder: The model's; gets ``litert/``.
        card: Its model.json.
        windows: Real ones, (T, 3, S, S) in 0 to 1, such as validation people's.

    Returns:
        The folder of the LiteRT file and its card.

    Raises:
        MissingOutside: litert-torch is not installed.
        CheckFailed: The converter fails, or LiteRT answers otherwise than torch. Nothing is written then.
    """
    prob = next(output["name"] for output in card["outputs"] if output["name"] != EMOTION_LOGITS)
    _, count, _, side, _ = card["input"]["shape"]
    weights, temperature = folder / paths.WEIGHTS_FILE, card["temperature"] or 1.0
    network = load_network(weights, card["network"], count, side, card.get("encoder"))
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / paths.LITERT_FILE
        cli.note("exporter: converting for LiteRT, which takes minutes ...")
        write_file(file, Conversion(weights, card["network"], card.get("encoder"), count, side, temperature, prob))
        model = LiteRtModel(file, prob)
        parity = _prove(model, network.contract_module(temperature).eval(), card, windows)
        target = folder / paths.LITERT_FOLDER
        shutil.rmtree(target, ignore_errors=True)
        contracts.write_bytes(target / paths.LITERT_FILE, file.read_bytes())
    about = {
        "prob": prob,
        "threshold": card["threshold"]["value"],
        "interval_ms": card["frame_interval_ms"],
        "size_px": side,
        "model_sha256": contracts.sha256_file(target / paths.LITERT_FILE),
    }
    cli.note("exporter: writing golden vectors, run by LiteRT ...")
    golden = write_golden(target / "golden", draw_cases(count), model, model, about)
    document = {
        "schema_version": 1,
        "created_utc": paths.utc_text(),
        "model": {"name": card["model_id"], "sha256": card["onnx"]["sha256"]},
        "file": paths.LITERT_FILE,
        "sha256": about["model_sha256"],
        "bytes": (target / paths.LITERT_FILE).stat().st_size,
        "signatures": {
            WINDOW: {"input": "frames", "shape": [1, count, 3, side, side], "outputs": [prob, EMOTION_LOGITS]},
            ENCODER: {"input": "frame", "shape": [1, 3, side, side], "outputs": ["features"]},
            HEAD: {"input": "features", "shape": parity.pop("head_shape"), "outputs": [prob, EMOTION_LOGITS]},
        },
        "threshold": card["threshold"]["value"],
        "frame_interval_ms": card["frame_interval_ms"],
        "golden": {"file": "golden/golden.json", "sha256": golden.sha256},
        "parity": parity,
        "code": provenance.code_info("torch", "litert-torch", "ai-edge-litert"),
    }
    contracts.write_document(target / paths.LITERT_CARD, document, "litert")
    return target, document


@torch.inference_mode()
def _prove(model: LiteRtModel, module: nn.Module, card: dict[str, Any], windows: Iterator[F32]) -> dict[str, Any]:
    """Compare LiteRT with torch on golden and real windows, and its encoder and head with its window."""
    count, side, threshold = card["input"]["shape"][1], card["input"]["shape"][3], card["threshold"]["value"]
    golden = [to_batch(crop_frames(case.frames, side))[0] for case in draw_cases(count)]
    real = list(windows)
    largest = stream = 0.0
    n_flips, shape = 0, [1]
    for frames in cli.progress([*golden, *real], what="LiteRT"):
        prob, logits = module(torch.from_numpy(frames)[None])
        wanted = Outputs(float(prob[0]), logits[0].numpy())
        whole = model.run(frames)
        features = np.concatenate([model.encode(frame[None]) for frame in frames])
        shape = [1, *features.shape]
        halves = model.decide(features)
        largest = max(largest, _distance(whole, wanted))
        stream = max(stream, _distance(halves, whole))
        n_flips += sum(is_flip(found.prob, wanted.prob, threshold, EQUAL) for found in (whole, halves))
    if n_flips or largest > EQUAL or stream > EQUAL:
        raise CheckFailed(
            "LiteRT",
            found=f"{largest:.1e} from torch, halves {stream:.1e} from the window, {n_flips} decisions that flip",
            expected=f"at most {EQUAL:.0e}, and none",
            todo="nothing was written; do not ship this conversion",
        )
    return {
        "n_golden": len(golden),
        "n_windows": len(golden) + len(real),
        "largest_difference": largest,
        "stream_difference": stream,
        "n_flips": n_flips,
        "tolerance": EQUAL,
        "head_shape": shape,
    }


def _distance(found: Outputs, wanted: Outputs) -> float:
    """Return the largest difference of a probability, the emotions' by softmax; infinite beside nan.

    Logits are not compared as they are: torch's own differ from those of double precision by up to 8e-6 of the largest
    where the face's place is a part of the graph, since the place is known to one or two units in the last place.
    """
    if not (np.isfinite(found.prob) and np.isfinite(found.emotion_logits).all()):
        return float("inf")
    emotions = np.abs(_softmax(found.emotion_logits) - _softmax(wanted.emotion_logits))
    return max(abs(found.prob - wanted.prob), float(emotions.max()))


def _softmax(logits: F32) -> F32:
    raised = np.exp(logits - logits.max(), dtype=np.float64)
    return np.asarray(raised / raised.sum())
