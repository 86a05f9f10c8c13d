"""The costs of hand-offs' decisions, beside their models' accuracy: measured, written as a document and as a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths, provenance
from shared.errors import InvalidInput
from shared.statistics.intervals import Interval
from shared.text.catalogue import Lang
from tools.spec_checker.config import CostsConfig
from tools.spec_checker.costs.macs import count_macs
from tools.spec_checker.costs.measure import Measured, measure
from tools.spec_checker.costs.page import PAGE, render_page
from tools.spec_checker.costs.ways import Way, list_ways

DOCUMENT = "costs.json"
_TIMES = ("wasm_ms", "native_ms")  # by which ways are compared: the first that was measured of all


@dataclass(frozen=True)
class Costs:
    """What decisions cost: the document, and where it lies."""

    folder: Path
    document: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Write the table."""
        lines = []
        for model in self.document["models"]:
            accuracy = model["accuracy"]
            known = "accuracy unknown: ./inv evaluate" if accuracy is None else _accuracy(accuracy)
            synthetic = " (synthetic)" if model["synthetic"] else ""
            lines.append(f"{model['name']}{synthetic}: {known}")
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
            lines += [f"  note: {place}: {why}" for place, why in model["notes"].items()]
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
    models = [_measure_model(folder, config) for folder in config.folders]
    _mark_pareto(models)
    document = {
        "schema_version": 1,
        "created_utc": paths.utc_text(),
        "machine": provenance.describe_machine(),
        "threads": 1,
        "n_rounds": config.rounds,
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
    accuracy, source = find_accuracy(spec["model"]["sha256"])
    return {
        "name": spec["spec_id"],
        "sha256": spec["model"]["sha256"],
        "synthetic": spec["synthetic"],
        "accuracy": accuracy,
        "accuracy_of": source,
        "adapter": measured.adapter,
        "ways": [_describe_way(way, macs, measured, _of_variant(way, accuracy, spec)) for way in ways],
        "litert": _describe_litert(folder, measured),
        "notes": measured.notes,
    }


def _describe_way(way: Way, macs: Mapping[str, int], measured: Measured, accuracy: float | None) -> dict[str, Any]:
    cost = measured.costs[way.name]

    def rounded(ms: float | None) -> float | None:
        return None if ms is None else round(ms, 3)

    return {
        "name": way.name,
        "bytes": way.n_bytes,
        "macs": sum(macs[graph["name"]] for graph in way.graphs),
        "native_ms": rounded(cost.native_ms),
        "wasm_ms": rounded(cost.wasm_ms),
        "webgpu_ms": rounded(cost.webgpu_ms),
        "first_decision_ms": rounded(cost.first_decision_ms),
        "memory_bytes": cost.memory_bytes,
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


def find_accuracy(model_sha256: str) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
    """Find a model's accuracy on test people, with its interval, in the newest results of it.

    Returns:
        The interval as documents hold it, and the file; None twice where the model was not measured.
    """
    found: list[tuple[str, Path, dict[str, Any]]] = []
    for path in sorted(paths.artifacts("results").glob("*.json")):
        document = contracts.read_json(path)
        if not isinstance(document, dict) or not contracts.is_valid(document, "results"):
            continue
        if document["side"] == "test" and document["model"]["sha256"] == model_sha256:
            found.append((document["created_utc"], path, document))
    if not found:
        return None, None
    _, path, document = max(found, key=lambda one: (one[0], one[1].name))
    return document["intervals"]["accuracy"], {"file": path.name, "sha256": contracts.sha256_file(path)}


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


def _mark_pareto(models: Sequence[dict[str, Any]]) -> None:
    """Mark the ways that no other is both at least as quick and at least as accurate as, and better in one of both."""
    ways = [way for model in models for way in model["ways"] if way["accuracy"] is not None]
    time = next((key for key in _TIMES if all(way[key] is not None for way in ways)), None)
    for way in ways if time else ():
        way["is_pareto"] = not any(
            other[time] <= way[time]
            and other["accuracy"] >= way["accuracy"]
            and (other[time] < way[time] or other["accuracy"] > way["accuracy"])
            for other in ways
        )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _accuracy(document: Mapping[str, Any]) -> str:
    found = Interval.from_document(document)
    if found.value is None:
        return "accuracy unknown"
    bounds = "" if found.low is None or found.high is None else f" ({found.low:.1%} to {found.high:.1%})"
    return f"accuracy {found.value:.1%}{bounds} of {found.n} sequences of {found.n_subjects} test people"
