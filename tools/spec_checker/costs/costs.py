"""The costs of hand-offs' decisions, beside their models' accuracy: measured, written as a document and as a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths, provenance
from shared.errors import InvalidInput
from shared.statistics.intervals import Interval
from shared.text.catalogue import Lang
from tools.spec_checker.config import CostsConfig
from tools.spec_checker.costs.comparing import choose_time, is_busy, list_test_sets, mark_pareto
from tools.spec_checker.costs.macs import count_macs
from tools.spec_checker.costs.measure import Measured, measure
from tools.spec_checker.costs.page import PAGE, render_page, write_note
from tools.spec_checker.costs.reading import read_costs
from tools.spec_checker.costs.ways import Way, list_ways

DOCUMENT = "costs.json"


@dataclass(frozen=True)
class Costs:
    """What decisions cost: the document, and where it lies."""

    folder: Path
    document: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Write the table."""
        lines = []
        if is_busy(self.document["machine"]):
            load = self.document["machine"]["load"]
            lines.append(
                f"load {load:g} of other work while this was measured: times are longer than on a quiet machine"
            )
        if len(list_test_sets(self.document["models"])) > 1:
            lines.append("measured on different test sequences: compare accuracy within one test set only")
        for model in self.document["models"]:
            accuracy = model["accuracy"]
            known = "accuracy unknown: ./inv evaluate" if accuracy is None else _accuracy(accuracy)
            synthetic = " (synthetic)" if model["synthetic"] else ""
            lines.append(f"{model['name']}{synthetic}: {known}")
            if model["reading"] is not None:
                one = model["reading"]
                lines.append(
                    f"  reading the face is a part of each time: {_ms(one['native_ms'])} ms natively, "
                    f"{_ms(one['wasm_ms'])} in a browser's newest proof"
                )
            lines.append(
                f"  {'way':<14}{'bytes':>11}{'M MAC':>8}{'native':>9}{'wasm':>9}{'WebGPU':>9}{'first':>8}{'heap':>8}"
            )
            for way in model["ways"]:
                heap = "-" if way["memory_bytes"] is None else f"{way['memory_bytes'] / 2**20:.0f} MiB"
                lines.append(
                    f"  {way['name']:<14}{way['bytes']:>11,}{way['macs'] / 1e6:>8.1f}{_ms(way['native_ms']):>9}"
                    f"{_ms(way['wasm_ms']):>9}{_ms(way['webgpu_ms']):>9}{_ms(way['first_decision_ms']):>8}{heap:>8}"
                    f"{'  Pareto-optimal' if way['is_pareto'] else ''}"
                )
            if model["litert"] is not None:
                window, stream = model["litert"]["window_ms"], model["litert"]["stream_ms"]
                lines.append(
                    f"  LiteRT: window {window:.1f} ms, stream {stream:.1f} ms, {model['litert']['bytes']:,} bytes"
                )
            lines += [f"  note: {place}: {write_note(note)}" for place, note in model["notes"].items()]
        lines.append("milliseconds of one new frame, one thread; first: from a loaded page to its first decision")
        lines.append(paths.shown(self.folder / PAGE))
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Give the document and its place."""
        return {"folder": str(self.folder), "page": str(self.folder / PAGE), "costs": self.document}


def measure_costs(config: CostsConfig, lang: Lang) -> Costs:
    """Measure what the decisions of some hand-offs cost.

    Args:
        config: Which, how.
        lang: In which the page opens.

    Raises:
        InvalidInput: A hand-off is missing or not valid.
    """
    machine = provenance.describe_machine()  # before anything is measured: the load of other work alone
    models = [_measure_model(folder, config) for folder in config.folders]
    time = choose_time(models)
    mark_pareto(models, time)
    document = {
        "schema_version": 2,
        "created_utc": paths.utc_text(),
        "machine": machine,
        "threads": 1,
        "n_rounds": config.rounds,
        "compared_by": time,
        "models": models,
        "code": provenance.code_info("onnxruntime", "ai-edge-litert"),
    }
    folder = config.out or paths.artifacts("costs") / "-".join(model["name"] for model in models)[:120]
    contracts.write_document(folder / DOCUMENT, document, "costs")
    contracts.write_bytes(folder / PAGE, render_page(document, lang).encode())
    return Costs(folder, document)


def _measure_model(folder: Path, config: CostsConfig) -> dict[str, Any]:
    path = folder / paths.SPEC_FILE
    if not path.is_file():
        raise InvalidInput(
            str(path), found="no such file", expected="a hand-off", todo="write one: ./inv handoff --model MODEL"
        )
    spec = contracts.read_document(path, "frontend_spec")
    ways = list_ways(spec)
    macs = {graph["name"]: count_macs((folder / graph["file"]).read_bytes()) for way in ways for graph in way.graphs}
    measured = measure(folder, ways, config.rounds, config.chromium, browser=config.browser)
    reading, missing = read_costs(folder, spec, config.rounds)
    results = find_results(spec["model"]["sha256"])
    accuracy, source, measured_on = _describe_results(results)
    return {
        "name": spec["spec_id"],
        "sha256": spec["model"]["sha256"],
        "synthetic": spec["synthetic"],
        "accuracy": accuracy,
        "accuracy_of": source,
        "measured_on": measured_on,
        "reading": reading,
        "adapter": measured.adapter,
        "ways": [_describe_way(way, macs, measured, reading, _of_variant(way, accuracy, spec)) for way in ways],
        "litert": _describe_litert(folder, measured),
        "notes": {**missing, **measured.notes},
    }


def _describe_way(
    way: Way, macs: Mapping[str, int], measured: Measured, reading: Mapping[str, Any] | None, accuracy: float | None
) -> dict[str, Any]:
    cost = measured.costs[way.name]

    def whole(ms: float | None, place: str) -> float | None:
        """Add the reading of the face, without which there is no decision; None where it was not measured."""
        if ms is None or reading is None:
            return None if ms is None else round(ms, 3)
        return None if reading.get(place) is None else round(ms + reading[place], 3)

    return {
        "name": way.name,
        "bytes": way.n_bytes + (reading["bytes"] if reading else 0),
        "macs": sum(macs[graph["name"]] for graph in way.graphs),
        "native_ms": whole(cost.native_ms, "native_ms"),
        "wasm_ms": whole(cost.wasm_ms, "wasm_ms"),
        "webgpu_ms": whole(cost.webgpu_ms, "webgpu_ms"),
        "first_decision_ms": whole(cost.first_decision_ms, "first_decision_ms"),
        "memory_bytes": cost.memory_bytes if reading is None else None,
        "accuracy": accuracy,
        "is_pareto": False,
    }


def _describe_litert(folder: Path, measured: Measured) -> dict[str, Any] | None:
    if not measured.litert:
        return None
    file = folder / "phone" / paths.LITERT_FILE
    return {
        "bytes": file.stat().st_size,
        "window_ms": round(measured.litert["window"], 3),
        "stream_ms": round(measured.litert["stream"], 3),
    }


def find_results(model_sha256: str) -> tuple[Path, dict[str, Any]] | None:
    """Find the newest results of a model on test people, and their file; None where it was not measured.

    A whole dataset counts where the model has learned from another one (./inv split --test none).
    """
    found: list[tuple[str, Path, dict[str, Any]]] = []
    own = _learned_from(model_sha256)
    for path in sorted(paths.artifacts("results").glob("*.json")):
        document = contracts.read_json(path)
        if not isinstance(document, dict) or not contracts.is_valid(document, "results"):
            continue
        is_whole = document["side"] == "all" and own is not None and document["dataset"]["name"] != own
        if (document["side"] == "test" or is_whole) and document["model"]["sha256"] == model_sha256:
            found.append((document["created_utc"], path, document))
    if not found:
        return None
    _, path, document = max(found, key=lambda one: (one[0], one[1].name))
    return path, document


def _learned_from(model_sha256: str) -> str | None:
    """Return the name of the dataset that a model of this workspace has learned from; None for a stranger's model."""
    for path in sorted(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        card = contracts.read_json(path)
        if contracts.is_valid(card, "model") and card["onnx"]["sha256"] == model_sha256:
            return str(card["dataset"]["name"])
    return None


def _describe_results(
    results: tuple[Path, dict[str, Any]] | None,
) -> tuple[dict[str, Any] | None, dict[str, str] | None, dict[str, str] | None]:
    """Return accuracy with its interval, the file that it comes from, and on what it was measured."""
    if results is None:
        return None, None, None
    path, document = results
    source = {"file": path.name, "sha256": contracts.sha256_file(path)}
    measured_on = {"dataset": document["dataset"]["name"], "sequences_sha256": document["sequences_sha256"]}
    return document["intervals"]["accuracy"], source, measured_on


def _of_variant(way: Way, accuracy: Mapping[str, Any] | None, spec: Mapping[str, Any]) -> float | None:
    """Return a way's accuracy: the model's; of a smaller encoder with what it changed on the test people."""
    if accuracy is None or accuracy["value"] is None:
        return None
    value = float(accuracy["value"])
    if way.variant not in ("fp16", "int8"):
        return value
    path = paths.artifacts("quantized") / spec["spec_id"] / paths.QUANTIZATION_FILE
    if not path.is_file():
        return None
    document = contracts.read_document(path, "quantization")
    for variant in document["variants"]:
        is_this = variant["kind"] == way.variant and variant["file"] is not None and variant["test"] is not None
        if is_this and document["model"]["sha256"] == spec["model"]["sha256"]:
            return value + float(variant["test"]["change"]["value"] or 0)
    return None


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _accuracy(document: Mapping[str, Any]) -> str:
    found = Interval.from_document(document)
    if found.value is None:
        return "accuracy unknown"
    bounds = "" if found.low is None or found.high is None else f" ({found.low:.1%} to {found.high:.1%})"
    return f"accuracy {found.value:.1%}{bounds} of {found.n} sequences of {found.n_subjects} test people"
