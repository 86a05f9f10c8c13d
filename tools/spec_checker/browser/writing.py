"""What was seen in the browser, and how it goes into the spec: `tested`, `tested_decisions`, `execution_providers`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import contracts, paths
from tools.spec_checker.browser.film import Curve
from tools.spec_checker.browser.graphs import Where
from tools.spec_checker.browser.landmarks import Faces
from tools.spec_checker.findings import Finding
from tools.spec_checker.static.tested import proven_providers


@dataclass
class Seen:
    """What was seen so far, as far as the spec keeps it.

    Attributes:
        findings: All of them; one that fails leaves the spec without execution providers.
        tested: Entries of the spec's `tested`.
        faces: The landmarker beside Python's; None for a model of frames.
        film: The film as webcam.
        film_where: In which browser on which device that was.
        hardware_webgpu: Whether WebGPU ran on a real adapter.
    """

    findings: list[Finding] = field(default_factory=list)
    tested: list[dict[str, Any]] = field(default_factory=list)
    faces: Faces | None = None
    film: Curve | None = None
    film_where: Where | None = None
    hardware_webgpu: bool = False


def write_seen(spec_path: Path, seen: Seen) -> list[str]:
    """Write what was seen into the spec, at once or not at all; returns the execution providers that it lists now.

    Runs of the same graph in the same configuration are replaced; those of other browsers and devices stay as long as
    their graph is the same. So it is with whole decisions.
    """
    spec = contracts.read_document(spec_path, "frontend_spec")
    hashes = {graph["name"]: graph["sha256"] for graph in spec["graphs"]}
    keys = {_key(entry) for entry in seen.tested}
    kept = [e for e in spec["tested"] if _key(e) not in keys and hashes.get(e["graph"]) == e["sha256"]]
    spec["tested"] = [*kept, *seen.tested]
    spec["tested_decisions"] = _join_decisions(spec, seen)
    proven = proven_providers(spec) & {"wasm", "webgpu"}
    # A film that differs is the page's fault, not the provider's, but the page is what a front end copies.
    disagrees = any(
        f.status == "fail" and not f.field.startswith(("browser.webgpu", "browser.webgl")) for f in seen.findings
    )
    order = ["webgpu", "wasm"] if seen.hardware_webgpu and _is_faster(spec, "webgpu", "wasm") else ["wasm", "webgpu"]
    spec["runtime"]["execution_providers"] = [] if disagrees else [name for name in order if name in proven]
    contracts.write_document(spec_path, spec, "frontend_spec")
    return list(spec["runtime"]["execution_providers"])


def _key(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry[key] for key in ("graph", "execution_provider", "threads", "browser", "device"))


def _is_faster(spec: Mapping[str, Any], one: str, other: str) -> bool:
    """Tell whether a provider's best p50 of the encoder, else of the window, beats another's."""

    def best(provider: str) -> float:
        for name in ("encoder", "window"):
            times = [
                entry["latency_ms"]["p50"]
                for entry in spec["tested"]
                if (entry["graph"], entry["execution_provider"]) == (name, provider) and entry["latency_ms"]
            ]
            if times:
                return float(min(times))
        return float("inf")

    return best(one) < best(other)


def _join_decisions(spec: Mapping[str, Any], seen: Seen) -> list[dict[str, Any]]:
    """Join the decisions of this proof's film with those of older proofs that were made elsewhere."""
    older = [e for e in spec.get("tested_decisions", []) if e["model_sha256"] == spec["model"]["sha256"]]
    if seen.film is None or seen.film_where is None:
        return older
    film, where = seen.film, seen.film_where
    entry = {
        "model_sha256": spec["model"]["sha256"],
        "plan": film.graph,
        "execution_provider": film.provider,
        "threads": where.threads,
        "browser": where.browser,
        "device": where.device,
        "created_utc": paths.utc_text(),
        "n_decisions": film.n_decisions,
        "n_flips": film.n_flips,
        "largest_difference": film.largest_difference if math.isfinite(film.largest_difference) else None,
        "decision_ms": film.decision_ms,
        "decisions_per_s": film.decisions_per_s,
        "landmarker": _describe_landmarker(seen),
    }
    same = ("plan", "execution_provider", "threads", "browser", "device")
    return [*(e for e in older if any(e[key] != entry[key] for key in same)), entry]


def _describe_landmarker(seen: Seen) -> dict[str, Any] | None:
    """Say what the landmarker had part in a decision, and how far it lies from Python's."""
    faces = seen.faces
    if faces is None:
        return None
    keys = ("n_pictures", "n_with_border", "n_found_differs", "n_flips")
    differences = tuple(f"largest_difference_{what}" for what in ("xy", "z", "blendshapes", "smile_prob"))
    times = seen.film.landmarks_ms if seen.film else None
    return {"ms": times or faces.ms, **{key: getattr(faces, key) for key in (*keys, *differences)}}
