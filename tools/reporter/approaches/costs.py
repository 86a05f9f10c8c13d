"""What an approach costs: bytes to download, time a decision, training. Pure; picks figures out of documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.approaches import FLOOR, PHOTO_LOGISTIC, Approach
from shared.contracts import Document
from tools.reporter.sources.arms import Arm

# What a page can run one frame through, the quickest first; with the head it is a stream.
_ENCODERS = ("encoder_wasm", "encoder")


@dataclass(frozen=True)
class Costs:
    """What an approach costs; the parts are those of the approaches schema.

    Attributes:
        model_bytes: Of the ONNX file.
        landmarker_bytes: Of the Face Landmarker's file.
        runtime_bytes: Of what runs them in a page.
        time: decision_ms and its parts.
        browser: What a hand-off was seen to take; None where nobody has measured it.
        without_face: Counts; None where no face is needed.
        training: seconds, n_runs, epochs, threads, start.
    """

    model_bytes: int
    landmarker_bytes: int
    runtime_bytes: int
    time: Mapping[str, float | None]
    browser: Mapping[str, Any] | None
    without_face: Mapping[str, int] | None
    training: Mapping[str, Any]

    @property
    def total_bytes(self) -> int:
        """What a page downloads in all."""
        return self.model_bytes + self.landmarker_bytes + self.runtime_bytes

    def as_document(self) -> dict[str, Any]:
        """Return the parts as the document holds them."""
        return {
            "download": {
                "model_bytes": self.model_bytes,
                "landmarker_bytes": self.landmarker_bytes,
                "runtime_bytes": self.runtime_bytes,
                "total_bytes": self.total_bytes,
            },
            "time": dict(self.time),
            "browser": self.browser and dict(self.browser),
            "without_face": self.without_face and dict(self.without_face),
            "training": dict(self.training),
        }


def find_time(approach: Approach, timings: Document) -> dict[str, float | None]:
    """Find how long a decision for one new picture takes here, the reading of its face included."""
    if approach.name == FLOOR:
        return {"decision_ms": 0.0, "window_ms": None, "stream_ms": None, "reading_ms": None}
    models = {one["name"]: one for one in timings["models"]}
    landmarker = timings["landmarker"] if approach.needs_faces else None
    reading = landmarker["reading_ms"]["p50"] if landmarker else None
    windows, streams = [], []
    for network in approach.networks:  # one frame shown T times is encoded once
        model = models.get(network)
        windows.append(model["window_ms"]["p50"] if model else None)
        streams.append(model["stream_ms"]["p50"] if model and model["stream_ms"] else None)
    # Of several graphs, those that have a stream run as one beside the windows of the others.
    shortest = [window if stream is None else stream for window, stream in zip(windows, streams, strict=True)]
    window = _sum(windows)
    stream = _sum(shortest) if any(found is not None for found in streams) else None
    decision = _sum([*([reading] if approach.needs_faces else []), *shortest])
    return {"decision_ms": decision, "window_ms": window, "stream_ms": stream, "reading_ms": reading}


def _sum(parts: Sequence[float | None]) -> float | None:
    """Add up; None where a part is unknown, or nothing is there."""
    known = [part for part in parts if part is not None]
    return round(sum(known), 4) if known and len(known) == len(parts) else None


def find_browser_time(approach: Approach, proofs: Mapping[str, Document]) -> dict[str, Any] | None:
    """Find what a browser was seen to take: the whole decision where that was measured, else the graphs.

    Approaches that need nothing but a face take the landmarker's own time from the proof of a model of features. No
    page runs the several models of a fusion yet.

    Args:
        approach: Whose time is looked for.
        proofs: Browser proof of a hand-off, by network.
    """
    if approach.name == FLOOR or approach.members:
        return None
    if not approach.has_graph and approach.needs_faces:
        for one in proofs.values():
            for entry in _decisions(one):
                if entry["landmarker"]:
                    return _browser(entry, entry["landmarker"]["ms"]["p50"], "reading")
        return None
    proof = proofs.get(approach.networks[0]) if approach.networks else None
    if proof is None:
        return None
    for entry in _decisions(proof):
        return _browser(entry, entry["decision_ms"]["p50"], "decision")
    if approach.needs_faces:  # the graph is the least part of it
        return None
    return _of_graphs(proof)


def _decisions(proof: Document) -> Sequence[Document]:
    """List whole decisions, one thread of wasm first, then the newest."""
    found = [entry for entry in proof["tested_decisions"] if entry["decision_ms"] is not None]
    found.sort(key=lambda entry: entry["created_utc"], reverse=True)
    return sorted(found, key=lambda entry: (entry["execution_provider"] != "wasm", entry["threads"]))


def _of_graphs(proof: Document) -> dict[str, Any] | None:
    """Add the times of the graphs that a page runs for a new frame: an encoder and the head, else the window."""
    seen = {
        entry["graph"]: entry
        for entry in proof["tested"]
        if entry["execution_provider"] == "wasm" and entry["threads"] == 1 and entry["loads"] and entry["latency_ms"]
    }
    encoder = next((seen[name] for name in _ENCODERS if name in seen), None)
    if encoder is not None and "head" in seen:
        total = encoder["latency_ms"]["p50"] + seen["head"]["latency_ms"]["p50"]
        return _browser(encoder, total, "graphs")
    if "window" in seen:
        return _browser(seen["window"], seen["window"]["latency_ms"]["p50"], "graphs")
    return None


def _browser(entry: Document, milliseconds: float, what: str) -> dict[str, Any]:
    where = {key: entry[key] for key in ("browser", "execution_provider", "threads")}
    return {"decision_ms": round(milliseconds, 4), "what": what, **where}


def find_training(approach: Approach, arm: Arm, runs: Mapping[str, Sequence[Document]]) -> dict[str, Any]:
    """Find how long one training took: the mean over folds and seeds; of a fusion, that of all its networks."""
    if approach.members:
        each = [runs[network] for network in approach.networks if runs.get(network)]
        seconds = sum(sum(run["seconds"] for run in of_one) / len(of_one) for of_one in each)
        n_runs = len(arm.results["fusion"]["runs"])
        threads = each[0][0]["threads"] if each else None
        return {"seconds": round(seconds, 3), "n_runs": n_runs, "epochs": None, "threads": threads, "start": None}
    of_network = runs.get(approach.networks[0], []) if approach.has_graph else []
    if approach.name == PHOTO_LOGISTIC and of_network:  # a part of the photo classifier's run
        of_network = [{**run, "seconds": run["stage_0"]["seconds"], "epochs_done": None} for run in of_network]
    if of_network:
        seconds = sum(run["seconds"] for run in of_network) / len(of_network)
        first = of_network[0]
        facts = {"epochs": first["epochs_done"], "threads": first["threads"], "start": first["weights"]["source"]}
        return {"seconds": round(seconds, 3), "n_runs": len(of_network), **facts}
    nothing = {"epochs": None, "threads": None, "start": None}
    if not approach.is_trained:
        return {"seconds": None, "n_runs": 0, **nothing}
    # A regression is fitted when it is measured: its time holds that of its answers.
    n_runs = len(arm.results["pooled"]["runs"]) if "pooled" in arm.results else 1
    each_s = arm.results["seconds_a_sequence"]
    seconds = None if each_s is None else round(each_s * arm.results["n_sequences"] / n_runs, 3)
    return {"seconds": seconds, "n_runs": n_runs, **nothing}
