"""A quantisation from a model to smaller encoders with a verdict.

    weights → encoder → every way to make it smaller, calibrated on training people
            → decisions of validation people, times → the best of fp16 and of int8 is chosen
            → decisions of test people, once → verdict → quantization.json, and the encoders that pass

Nothing of a test person is seen before the choice is made. An evaluation of the test set is logged like any other.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shared import cli, contracts, paths, provenance
from shared.arrays import F32, F64
from shared.dataset import reader, test_log
from shared.dataset.reader import SequenceRow
from shared.errors import InvalidInput, MissingOutside, first_line
from shared.models.encoder_specs import EncoderChoice
from shared.models.onnx_export import export_stream
from shared.onnx.model import iterate_batches
from shared.onnx.pair import Stream
from shared.onnx.rewrites import fold_std, to_wasm
from tools.quantizer.config import FP16_SCHEMES, INT8_SCHEMES, TUNED, QuantizeConfig
from tools.quantizer.judging import Judged, choose, judge, why_not
from tools.quantizer.schemes import Encoder, make, prepare
from tools.quantizer.source import Model, People, read_model, read_people
from tools.quantizer.speed import Speed, compare_times, time_in_wasm, time_natively
from tools.quantizer.table import Quantized

PLAIN = "plain"
_PAGES = "encoder_wasm"  # the plain one's arithmetic as a page runs it; timed beside the others
ARITHMETIC = ("int8_tensor", "int8_channel", "int8_channel_7bit", "int8_kept", "int8_kept_percentile")
KINDS: Mapping[str, tuple[str, ...]] = {"fp16": FP16_SCHEMES, "int8": (*INT8_SCHEMES, TUNED)}


@dataclass(frozen=True)
class Halves:
    """The two halves of a model.

    Attributes:
        encoder: The plain encoder, to make smaller.
        head: Bytes of the head.
        for_wasm: Bytes of the encoder that pages run.
    """

    encoder: Encoder
    head: bytes
    for_wasm: bytes

    @property
    def plain(self) -> bytes:
        """Bytes of the plain encoder."""
        data: bytes = self.encoder.model.SerializeToString(deterministic=True)
        return data


def quantize(config: QuantizeConfig) -> Quantized:
    """Make a model smaller and judge what comes out.

    Args:
        config: The settings.

    Raises:
        InvalidInput: The model is of another kind than pictures, or model, dataset and split do not belong together.
    """
    model = read_model(config.model)
    people = read_people(model, config.dataset, allow_no_consent=config.allow_no_consent)
    halves = export_halves(model)
    frames = np.concatenate(list(_frames(people, people.calibration)))
    made, failed = _make_all(config, halves, frames)
    validation = _probabilities(halves, made, people, people.validation, "validation people")
    found = {name: _judge(model, people.validation, validation, name) for name in made}
    if TUNED in config.schemes and _wants_tuning(config, found):
        cli.note("quantizer: fine-tuning the weights for 8 bits ...")
        from tools.quantizer.finetune import tune_encoder

        tuned = fold_std(tune_encoder(model, _frames(people, people.tuning), config.tuning_steps))
        made[TUNED] = make(TUNED, prepare(tuned, EncoderChoice.from_settings(model.card.get("encoder"))), frames)
        validation |= _probabilities(halves, {TUNED: made[TUNED]}, people, people.validation, TUNED)
        found[TUNED] = _judge(model, people.validation, validation, TUNED)
    speeds, without_wasm = _time_all(halves, made, frames[:1], config.rounds)
    sizes = {name: len(data) for name, data in made.items()}
    chosen = {
        kind: choose({name: found[name] for name in names if name in found}, sizes, speeds)
        for kind, names in KINDS.items()
        if any(name in found for name in names)
    }
    best = {name: made[name] for name in chosen.values()}
    test = _probabilities(halves, best, people, people.test, "test people")
    judged = {name: _judge(model, people.test, test, name) for name in best}
    document: dict[str, Any] = {
        "schema_version": 1,
        "created_utc": paths.utc_text(),
        "model": {"name": model.name, "sha256": model.card["onnx"]["sha256"]},
        "encoder": model.card.get("encoder", {}).get("encoder", EncoderChoice().encoder),
        "dataset": people.dataset.reference(),
        "split": {"file": people.split.name, "sha256": contracts.sha256_file(people.split)},
        "threshold": model.threshold,
        "margin": config.margin,
        "parts": _describe_parts(people),
        "machine": provenance.describe_machine(),
        "wasm": without_wasm or None,
        "plain": {
            "bytes": len(halves.plain),
            "native": speeds[PLAIN]["native"].as_document(),
            "wasm": speeds[PLAIN]["wasm"].as_document() if "wasm" in speeds[PLAIN] else None,
            "pages_wasm": speeds[_PAGES]["wasm"].as_document() if "wasm" in speeds[_PAGES] else None,
            "accuracy": _accuracy(model, people.test, test[PLAIN]),
        },
        "variants": [
            _describe(name, made[name], halves.plain, speeds[name], found[name], chosen, judged, config.margin)
            for name in made
        ],
        "failed": failed,
        "code": provenance.code_info("onnx", "onnxruntime", "onnxconverter-common", "torch"),
    }
    folder = config.out or paths.artifacts("quantized") / model.name
    _log_test_evaluation(model, people, folder)
    _write(folder, document, made)
    return Quantized(folder, document)


def export_halves(model: Model) -> Halves:
    """Export encoder and head from the weights, as a hand-off does."""
    cli.note("quantizer: exporting encoder and head ...")
    settings = model.card.get("encoder")
    encoder, head = export_stream(
        model.weights,
        model.card["network"],
        model.frame_count,
        model.image_size_px,
        model.card["temperature"] or 1.0,
        settings,
        model.prob,
    )
    encoder = fold_std(encoder)
    wasm: bytes = to_wasm(encoder).SerializeToString(deterministic=True)
    return Halves(prepare(encoder, EncoderChoice.from_settings(settings)), head.SerializeToString(), wasm)


def _make_all(config: QuantizeConfig, halves: Halves, frames: F32) -> tuple[dict[str, bytes], dict[str, str]]:
    """Make an encoder of each way but the fine-tuned one; returns them, and why others could not be made or run."""
    made, failed = {}, {}
    for name in config.schemes:
        if name == TUNED:
            continue
        cli.note(f"quantizer: {name} ...")
        try:
            data = make(name, halves.encoder, frames)
            Stream(data, halves.head, name).encode(frames[:1])
        except Exception as error:  # the converters raise many kinds of errors; the others are made all the same
            failed[name] = first_line(error)[:200] or type(error).__name__
            continue
        made[name] = data
    return made, failed


def _wants_tuning(config: QuantizeConfig, found: Mapping[str, Judged]) -> bool:
    """Tell whether weights are to be fine-tuned: where 8-bit arithmetic was tried and none of it passes."""
    if config.tuning != "auto":
        return config.tuning == "always"
    tried = [found[name] for name in ARITHMETIC if name in found]
    return bool(tried) and all(why_not(one, 0.0, {}, None) for one in tried)


def _frames(people: People, rows: list[SequenceRow]) -> Iterator[F32]:
    """Give the single frames of sequences in batches, (n, 3, S, S) in 0 to 1."""
    for _, batch in iterate_batches(people.dataset, rows):
        yield batch.reshape(-1, *batch.shape[2:])


def _probabilities(
    halves: Halves, made: Mapping[str, bytes], people: People, rows: list[SequenceRow], what: str
) -> dict[str, F64]:
    """Score sequences with the plain encoder and with the smaller ones; pictures are decoded once for all."""
    streams = {name: Stream(data, halves.head, name) for name, data in {PLAIN: halves.plain, **made}.items()}
    found: dict[str, list[float]] = {name: [] for name in streams}
    batches: Iterable[Any] = iterate_batches(people.dataset, rows)
    for _, batch in cli.progress(batches, what=what, total=-(-len(rows) // 8)):
        for window in batch:
            for name, stream in streams.items():
                found[name].append(stream.run(window).prob)
    return {name: np.array(probs, np.float64) for name, probs in found.items()}


def _judge(model: Model, rows: list[SequenceRow], probs: Mapping[str, F64], name: str) -> Judged:
    labels = np.array([row.label == model.card["positive_class"] for row in rows])
    return judge(labels, probs[PLAIN], probs[name], [row.subject_id for row in rows], model.threshold)


def _accuracy(model: Model, rows: list[SequenceRow], probs: F64) -> float:
    labels = np.array([row.label == model.card["positive_class"] for row in rows])
    return float(((probs > model.threshold) == labels).mean())


def _time_all(
    halves: Halves, made: Mapping[str, bytes], frame: F32, rounds: int
) -> tuple[dict[str, dict[str, Speed]], str]:
    """Time all encoders; returns each one's speeds by place, and why there is none of wasm."""
    graphs = {PLAIN: halves.plain, _PAGES: halves.for_wasm, **made}
    cli.note("quantizer: timing them natively and in wasm ...")
    places = {"native": time_natively(graphs, frame, rounds)}
    reason = ""
    try:
        places["wasm"], unable = time_in_wasm(graphs, frame, rounds)
        reason = "; ".join(f"{name}: {why}" for name, why in unable.items())
    except MissingOutside as error:
        reason = str(error)
        cli.note(f"note: not timed in wasm: {error}")
    speeds: dict[str, dict[str, Speed]] = {name: {} for name in graphs}
    for place, times in places.items():
        for name, speed in compare_times(times, PLAIN).items():
            speeds[name][place] = speed
    return speeds, reason


def _describe_parts(people: People) -> dict[str, Any]:
    return {
        name: {"n_sequences": len(rows), "n_subjects": len({row.subject_id for row in rows})}
        for name, rows in (("train", people.calibration), ("validation", people.validation), ("test", people.test))
    }


def _describe(
    name: str,
    data: bytes,
    plain: bytes,
    speeds: Mapping[str, Speed],
    found: Judged,
    chosen: Mapping[str, str],
    judged: Mapping[str, Judged],
    margin: float,
) -> dict[str, Any]:
    """Describe a variant: what it costs, what it does to decisions, and whether a page may use it."""
    kind = next(kind for kind, names in KINDS.items() if name in names)
    ratio = len(data) / len(plain)
    is_chosen = chosen.get(kind) == name
    reasons = why_not(found, ratio, speeds, None)
    if is_chosen and not reasons:
        reasons = why_not(judged[name], ratio, speeds, margin)
    elif not reasons:
        reasons = [f"{chosen[kind]} was chosen on the validation people"]
    return {
        "name": name,
        "kind": kind,
        "bytes": len(data),
        "size_ratio": ratio,
        "native": speeds["native"].as_document(),
        "wasm": speeds["wasm"].as_document() if "wasm" in speeds else None,
        "validation": found.as_document(),
        "test": judged[name].as_document() if is_chosen else None,
        "reasons": reasons,
        "file": None,
    }


def _log_test_evaluation(model: Model, people: People, folder: Path) -> None:
    """Log the measurement of the chosen variants on the test set: all of them are one evaluation."""
    test_log.record_evaluation(
        people.dataset.folder,
        {
            "schema_version": 1,
            "opened_utc": paths.utc_text(),
            "session": f"quantized-{model.name}"[:128],
            "split": {"file": people.split.name, "sha256": contracts.sha256_file(people.split)},
            "model": {"name": model.name, "sha256": model.card["onnx"]["sha256"]},
            "sequences_sha256": reader.hash_sequences(people.test),
            "results": f"{folder.name}/{paths.QUANTIZATION_FILE}",
        },
    )


def _write(folder: Path, document: dict[str, Any], made: Mapping[str, bytes]) -> None:
    """Write the encoders that are offered, and then the document that names them by their hashes."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(str(folder), found="a file", expected="a folder", todo="choose another --out")
    offered = set()
    for variant in document["variants"]:
        if variant["reasons"]:
            continue
        path = folder / f"encoder_{variant['kind']}.onnx"
        contracts.write_bytes(path, made[variant["name"]])
        variant["file"] = {"file": path.name, "sha256": contracts.sha256_file(path)}
        offered.add(variant["kind"])
    contracts.write_document(folder / paths.QUANTIZATION_FILE, document, "quantization")
    for kind in KINDS:
        if kind not in offered:
            (folder / f"encoder_{kind}.onnx").unlink(missing_ok=True)
