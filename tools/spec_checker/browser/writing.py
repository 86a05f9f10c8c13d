"""Writes the results of the browser to browser_proof.json, beside the spec, which stays as it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.web.browser_proof import read_proof
from tools.spec_checker.agreement import proven_providers
from tools.spec_checker.browser.film import FilmComparison
from tools.spec_checker.browser.graphs import Where
from tools.spec_checker.browser.landmarks import FaceComparison
from tools.spec_checker.findings import Finding

_RUN = ("graph", "execution_provider", "threads", "browser", "device")
_DECISION = ("plan", "execution_provider", "threads", "browser", "device")


@dataclass
class BrowserResults:
    """The results that the proof keeps.

    Attributes:
        findings: All findings; a failed one leaves the proof without execution providers.
        tested: Runs of single graphs.
        faces: The landmarker compared with Python's; None for a model of frames.
        film: The film as webcam.
        film_where: The browser and device of the film.
        hardware_webgpu: Whether WebGPU ran on a real adapter.
    """

    findings: list[Finding] = field(default_factory=list)
    tested: list[dict[str, Any]] = field(default_factory=list)
    faces: FaceComparison | None = None
    film: FilmComparison | None = None
    film_where: Where | None = None
    hardware_webgpu: bool = False


def write_proof(spec_path: Path, results: BrowserResults) -> list[str]:
    """Write the results atomically; returns the execution providers that are proven now.

    An older proof of the same spec keeps its runs of other browsers and devices; the same run is replaced. A proof of
    another spec is dropped.
    """
    spec = contracts.read_document(spec_path, "frontend_spec")
    older = read_proof(spec_path) or {"tested": [], "tested_decisions": []}
    tested = _join(older["tested"], results.tested, _RUN)
    decision = _describe_decision(spec, results)
    proven = proven_providers(spec, tested)
    # A failed film is an error of the page, not of the provider, but a front end copies the page.
    disagrees = any(
        f.status == "fail" and not f.field.startswith(("browser.webgpu", "browser.webgl")) for f in results.findings
    )
    is_webgpu_first = results.hardware_webgpu and _best_p50_ms(tested, "webgpu") < _best_p50_ms(tested, "wasm")
    order = ["webgpu", "wasm"] if is_webgpu_first else ["wasm", "webgpu"]
    providers = [] if disagrees else [name for name in order if name in proven]
    proof = {
        "schema_version": 1,
        "spec_id": spec["spec_id"],
        "spec_sha256": contracts.sha256_file(spec_path),
        "created_utc": paths.utc_text(),
        "execution_providers": providers,
        "tested": tested,
        "tested_decisions": _join(older["tested_decisions"], [decision] if decision else [], _DECISION),
    }
    contracts.write_document(spec_path.with_name(paths.PROOF_FILE), proof, "browser_proof")
    return providers


def _join(
    older: Sequence[dict[str, Any]], newer: Sequence[dict[str, Any]], same: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Join two lists of runs; a newer run replaces an older one of the `same` configuration."""
    replaced = {tuple(entry[key] for key in same) for entry in newer}
    return [*(entry for entry in older if tuple(entry[key] for key in same) not in replaced), *newer]


def _best_p50_ms(tested: Sequence[Mapping[str, Any]], provider: str) -> float:
    """Return a provider's best p50 of the encoder, else of the window; infinite without runs of either."""
    for name in ("encoder", "window"):
        times_ms = [
            entry["latency_ms"]["p50"]
            for entry in tested
            if (entry["graph"], entry["execution_provider"]) == (name, provider) and entry["latency_ms"]
        ]
        if times_ms:
            return float(min(times_ms))
    return math.inf


def _describe_decision(spec: Mapping[str, Any], results: BrowserResults) -> dict[str, Any] | None:
    """Describe the time and differences of a whole decision in the film; None without a film."""
    if results.film is None or results.film_where is None:
        return None
    film, where = results.film, results.film_where
    return {
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
        "landmarker": _describe_landmarker(spec, results),
    }


def _describe_landmarker(spec: Mapping[str, Any], results: BrowserResults) -> dict[str, Any] | None:
    """Describe the landmarker's part of a decision, and its differences from Python's."""
    faces = results.faces
    if faces is None:
        return None
    keys = ("n_pictures", "n_with_border", "n_found_differs", "n_flips")
    differences = tuple(f"largest_difference_{what}" for what in ("xy", "z", "blendshapes"))
    of_prob = {f"largest_difference_{spec['decision']['output']}": faces.largest_difference_prob}
    times = results.film.landmarks_ms if results.film else None
    return {"ms": times or faces.ms, **{key: getattr(faces, key) for key in (*keys, *differences)}, **of_prob}
