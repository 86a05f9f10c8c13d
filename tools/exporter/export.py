"""An export from checkpoint to a model's folder.

    run + checkpoint → ONNX → scores of the validation people, by torch and by onnxruntime
                     → threshold on these people, and parity → smile_detector.onnx, model.json

The test people are not used.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from shared import cli, contracts, paths, provenance
from shared.dataset import consent, reader, splits
from shared.dataset.feature_store import load_filled, open_features
from shared.dataset.protocol import EMOTIONS
from shared.errors import CheckFailed, InvalidInput
from shared.models import EMOTION_NETWORKS, INPUT_KINDS, build_network
from shared.models.encoder_specs import EncoderChoice
from shared.models.network import Network
from shared.onnx.contract import CLIPS, DTYPE, EMOTION_LOGITS, FEATURE_SHAPES, LAYOUTS, prob_name
from shared.onnx.decisions import is_flip
from shared.onnx.model import OnnxModel, Scores, iterate_batches, score_dataset
from shared.statistics.calibration import NoTemperature, apply_temperature, fit_temperature
from tools.exporter import graph as graphs
from tools.exporter.config import ExportConfig
from tools.exporter.decision import choose_threshold
from tools.exporter.folder import write_model

TOLERANCE = 1e-4
_NO_TEMPERATURE = {
    NoTemperature.ONE_CLASS: "only one class is present",
    NoTemperature.NO_OPTIMUM: "the scores separate the classes perfectly or not at all",
}


@dataclass(frozen=True)
class Exported:
    """An exported model on which onnxruntime and torch agree."""

    folder: Path
    model: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Summarise the model."""
        model, parity, threshold = self.model, self.model["parity"], self.model["threshold"]
        positive = model["positive_class"]
        people = "person" if threshold["n_subjects"] == 1 else "people"
        chosen = {
            "validation": f"chosen on {threshold['n_subjects']} validation {people} for {threshold['objective']}",
            "given": "given",
            "default": "the default: the validation people did not allow to choose",
        }[threshold["chosen_on"]]
        return (
            f"{paths.shown(self.folder / model['onnx']['file'])}: {model['onnx']['bytes']:,} bytes, opset "
            f"{model['onnx']['opset']}; {positive} when {prob_name(positive)} > {threshold['value']:.4f} ({chosen})\n"
            f"torch and onnxruntime agree on {parity['n_sequences']} sequences: largest difference "
            f"{parity['largest_difference']:.1e}, {parity['n_flips']} decisions flip"
        )

    def as_json(self) -> dict[str, Any]:
        """Give the model's card and folder."""
        return {"folder": str(self.folder), "onnx": str(self.folder / self.model["onnx"]["file"]), "model": self.model}


def export(config: ExportConfig) -> Exported:
    """Export a checkpoint.

    Args:
        config: What to do.

    Raises:
        InvalidInput: Run, checkpoint, dataset or split are missing or do not belong together.
        CheckFailed: The graph is too large, or onnxruntime and torch do not agree: a decision flips or an answer
            differs by more than the tolerance. Nothing is written then.
    """
    run = contracts.read_document(config.run / "run.json", "run")
    point = _find_checkpoint(config.run, run, config.checkpoint)
    dataset = consent.permitted(reader.open_dataset(config.dataset), allow_no_consent=config.allow_no_consent)
    if dataset.labels_sha256 != run["dataset"]["sha256"]:
        raise InvalidInput(
            str(config.dataset),
            found=f"labels {dataset.labels_sha256[:12]}",
            expected=f"{run['dataset']['sha256'][:12]}, which {run['run_id']} was trained on",
            todo="train again: the dataset has changed since",
        )
    split = splits.read_split(config.split, dataset)
    # The logistic regression of a photo classifier's stage 0 is a checkpoint of its run, and a network of its own.
    run = {**run, "network": point.get("network", run["network"])}
    n_channels = len(run["provider"]["channels"]) if "provider" in run else 0
    network = build_network(run["network"], run["frame_count"], run["config"], run["image_size_px"], n_channels)
    _load(config.run / point["file"], point["sha256"], network)
    validation = splits.rows_of(dataset, split, "validation")
    raw = _score_by_torch(network, dataset, validation, run.get("provider"))
    temperature = _fit_temperature(dataset, validation, raw) if config.calibrate else None
    prob = prob_name(run["positive_class"])
    graph = graphs.build_graph(network, run["frame_count"], run["image_size_px"], temperature or 1.0, prob)
    reading: dict[str, Any] = {"provider": run["provider"]} if "provider" in run else {}
    if network.input_kind in FEATURE_SHAPES:
        reading = {"landmark_model_sha256": open_features(dataset, network.input_kind).model_sha256}
    graphs.set_metadata(graph, reading)
    parity, threshold = _compare(graph, _calibrated(raw, temperature), dataset, validation, config)
    if parity["n_flips"] or parity["largest_difference"] > TOLERANCE:
        raise CheckFailed(
            str(config.out),
            found=f"onnxruntime differing from torch by {parity['largest_difference']:.1e}, {parity['n_flips']} flips",
            expected=f"at most {TOLERANCE:.0e} and no flip on {parity['n_sequences']} sequences",
            todo="nothing was written; do not use this graph",
        )
    card = _card(config, run, point, threshold, parity, reading) | {"temperature": temperature}
    write_model(config.out, graph, card, config.run / point["file"])
    return Exported(config.out, card)


def _find_checkpoint(folder: Path, run: dict[str, Any], name: str) -> dict[str, Any]:
    for point in run["checkpoints"]:
        if point["name"] == name:
            return dict(point)
    names = ", ".join(point["name"] for point in run["checkpoints"]) or "none yet"
    raise InvalidInput(f"{folder}: checkpoint", found=repr(name), expected=f"one of {names}")


def _load(path: Path, sha256: str, network: Network) -> None:
    """Put a checkpoint's weights into a network, after checking that they are the run's."""
    import safetensors.torch

    found = contracts.sha256_file(path)
    if found != sha256:
        raise InvalidInput(str(path), found=f"sha256 {found[:12]}", expected=f"{sha256[:12]}, as run.json says")
    network.load_state_dict(safetensors.torch.load_file(path))
    network.eval()


def _fit_temperature(dataset: reader.Dataset, rows: list[reader.SequenceRow], scores: Scores) -> float | None:
    """Return the temperature that makes the validation people's scores probabilities, where it can be fitted."""
    labels = np.array([row.label == dataset.positive_class for row in rows])
    found = fit_temperature(labels, scores.smile_prob.astype(np.float64))
    if found.reason is not None:
        cli.note(f"note: no temperature was fitted: {_NO_TEMPERATURE[found.reason]}")
    return found.temperature


def _calibrated(scores: Scores, temperature: float | None) -> Scores:
    if temperature is None:
        return scores
    prob = apply_temperature(scores.smile_prob.astype(np.float64), temperature)
    return Scores(prob.astype(np.float32), scores.emotion_logits)


def _compare(
    graph: Any,
    torch_scores: Scores,
    dataset: reader.Dataset,
    rows: list[reader.SequenceRow],
    config: ExportConfig,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Score the validation people with the ONNX, choose the threshold on them, and compare with torch's scores.

    Returns:
        parity and threshold, as the model's card holds them.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / paths.MODEL_FILE
        path.write_bytes(graph.SerializeToString())
        onnx_scores = score_dataset(OnnxModel(path), dataset, rows, lambda b: cli.progress(b, what="onnxruntime"))
    threshold = choose_threshold(dataset, rows, onnx_scores, config.threshold, config.objective)
    differences = [np.abs(onnx_scores.smile_prob - torch_scores.smile_prob)]
    if torch_scores.emotion_logits is not None:
        assert onnx_scores.emotion_logits is not None
        # Rounding of logits grows with the largest of them: each counts as a part of that.
        scale = np.maximum(1.0, np.abs(torch_scores.emotion_logits).max(1, keepdims=True))
        differences.append(np.abs(onnx_scores.emotion_logits - torch_scores.emotion_logits) / scale)
    pairs = zip(onnx_scores.smile_prob.tolist(), torch_scores.smile_prob.tolist(), strict=True)
    parity = {
        "n_sequences": len(rows),
        "largest_difference": max(float(difference.max()) for difference in differences),
        "n_flips": sum(is_flip(*pair, threshold["value"], TOLERANCE) for pair in pairs),
        "tolerance": TOLERANCE,
    }
    return parity, threshold


@torch.inference_mode()
def _score_by_torch(
    network: Network, dataset: reader.Dataset, rows: list[reader.SequenceRow], provider: dict[str, Any] | None
) -> Scores:
    if network.input_kind != "frames":
        found = load_filled(dataset, rows, network.input_kind, provider=provider)
        logits = [None if one is None else network(torch.from_numpy(one)[None]).smile_logit for one in found]
        return Scores(np.array([0 if one is None else torch.sigmoid(one).item() for one in logits], np.float32), None)
    outputs = [network(torch.from_numpy(batch)) for _, batch in iterate_batches(dataset, rows)]
    emotions: list[torch.Tensor] = [o.emotion_logits for o in outputs if o.emotion_logits is not None]
    return Scores(
        np.concatenate([torch.sigmoid(output.smile_logit).numpy() for output in outputs]),
        torch.cat(emotions).numpy() if emotions else None,
    )


def _card(
    config: ExportConfig,
    run: dict[str, Any],
    point: dict[str, Any],
    threshold: dict[str, Any],
    parity: dict[str, Any],
    reading: dict[str, Any],
) -> dict[str, Any]:
    has_emotions = run["network"] in EMOTION_NETWORKS
    trained = [emotion for emotion in EMOTIONS if has_emotions and run["emotion_counts"].get(emotion)]
    return {
        "schema_version": 1,
        "model_id": config.out.name,
        "network": run["network"],
        **_describe_encoder(run),
        "created_utc": paths.utc_text(),
        "onnx": {},
        "run": {
            "run_id": run["run_id"],
            "sha256": contracts.sha256_file(config.run / "run.json"),
            "checkpoint": point["name"],
            "checkpoint_sha256": point["sha256"],
            "epoch": point["epoch"],
        },
        **{key: run[key] for key in ("dataset", "split", "classes", "positive_class", "emotions")},
        "input": _describe_input(run, reading),
        "outputs": _describe_outputs(run, trained),
        "emotions_trained": trained,
        "threshold": threshold,
        **{key: run[key] for key in ("frame_interval_ms", "crop", "resize", "mirror")},
        "parity": parity,
        "code": provenance.code_info("torch", "onnx", "onnxruntime", "onnxsim", "onnxscript"),
    }


def _describe_encoder(run: dict[str, Any]) -> dict[str, Any]:
    """Name the encoder of a network of pictures, for whoever builds the network from its weights."""
    if INPUT_KINDS[run["network"]] != "frames":
        return {}
    return {"encoder": asdict(EncoderChoice.from_settings(run["config"]))}


def _describe_input(run: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    kind = INPUT_KINDS[run["network"]]
    if kind == "frames":
        shape = [1, run["frame_count"], 3, run["image_size_px"], run["image_size_px"]]
        pictures = {"layout": LAYOUTS[kind], "color": "RGB", "range": [0, 1]}
        return {"name": kind, "shape": shape, "dtype": DTYPE, **pictures}
    rest = [len(run["provider"]["channels"])] if kind == CLIPS else FEATURE_SHAPES[kind]
    shape = [1, run["frame_count"], *rest]
    return {"name": kind, "shape": shape, "dtype": DTYPE, "layout": LAYOUTS[kind], **reading}


def _describe_outputs(run: dict[str, Any], trained: list[str]) -> list[dict[str, Any]]:
    positive = run["positive_class"]
    meaning = f"probability of {'a smile' if positive == 'smile' else positive}, 0 to 1"
    prob = {"name": prob_name(positive), "shape": [1], "dtype": DTYPE, "meaning": meaning}
    logits = {
        "name": EMOTION_LOGITS,
        "shape": [1, len(EMOTIONS)],
        "dtype": DTYPE,
        "meaning": f"logits of the emotions in order; trained on {', '.join(trained) or 'none of them'} only",
    }
    return [prob, logits] if INPUT_KINDS[run["network"]] == "frames" else [prob]
