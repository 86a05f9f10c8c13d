"""Checks a hand-off's figures against each other: a claim follows from its own numbers, or is refused.

Pure functions on a spec that fits its schema, and on its browser proof.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.spec_checker.findings import Finding, failed, passed

# Several times what `handoff` writes: what passes is still rounding and resizing, never another model.
_LARGEST_TOLERANCES = {
    "_prob": 1e-3,
    "_prob_javascript": 0.05,
    "_prob_pixels": 1e-2,
    "emotion_logits": 1e-2,
    "landmarks_javascript": 1e-2,
    "blendshapes_javascript": 0.05,
}
_FEATURES = 1e-2  # for each 10 of the largest feature
_OFFERED_FLIPS = 0.01  # as the quantizer's rule
_RATIO_ROUNDING = 1e-3
_MOST_WORK = 2.0  # seconds of work in a second: one decision at a time, and a clock's rounding


def check_figures(spec: Mapping[str, Any], largest_feature: float | None) -> list[Finding]:
    """Check tolerances, verdicts and window of a spec.

    Args:
        spec: Fits its schema.
        largest_feature: Of the golden vectors; None without features.
    """
    findings = [*_check_tolerances(spec, largest_feature), *_check_verdicts(spec), *_check_window(spec)]
    return findings or [passed("figures", "tolerances, verdicts and window agree with each other")]


def _check_tolerances(spec: Mapping[str, Any], largest_feature: float | None) -> Iterator[Finding]:
    for key, value in spec["tolerance"].items():
        ends = [end for end in _LARGEST_TOLERANCES if key.endswith(end)]
        limit = _LARGEST_TOLERANCES[max(ends, key=len)] if ends else _FEATURES * max(1.0, (largest_feature or 0) / 10)
        if value > limit:
            yield failed(f"tolerance.{key}", value, f"at most {limit:g}", "write what ./inv handoff measured")


def _check_verdicts(spec: Mapping[str, Any]) -> Iterator[Finding]:
    plain = next((g for g in spec["graphs"] if (g["role"], g["variant"]) == ("encoder", "plain")), None)
    for graph in spec["graphs"]:
        field, verdict = f"graphs.{graph['name']}.verdict", graph["verdict"]
        if verdict is None:
            continue
        found = f"{verdict['n_flips']} flips of {verdict['n_decisions']} decisions"
        if verdict["n_flips"] > verdict["n_decisions"]:
            yield failed(f"{field}.n_flips", found, "no more flips than decisions", "judge it again: ./inv handoff")
        elif verdict["offer"] and (
            not verdict["n_decisions"] or verdict["n_flips"] > _OFFERED_FLIPS * verdict["n_decisions"]
        ):
            expected = f"decisions, and flips of at most {_OFFERED_FLIPS:.0%}"
            yield failed(f"{field}.offer", f"true beside {found}", expected, "judge it again: ./inv quantize")
        if plain is not None and graph["role"] == "encoder":
            ratio = graph["bytes"] / plain["bytes"]
            if abs(verdict["size_ratio"] - ratio) > _RATIO_ROUNDING:
                yield failed(f"{field}.size_ratio", verdict["size_ratio"], f"{ratio:.4f}, by bytes", "write that")


def _check_window(spec: Mapping[str, Any]) -> Iterator[Finding]:
    frames = spec["frames"]
    if 0 < frames["interval_ms"] < frames["max_deviation_ms"]:
        found, limit = frames["max_deviation_ms"], frames["interval_ms"]
        todo = "half of it is right: beyond, one frame stands for two"
        yield failed("frames.max_deviation_ms", found, f"at most interval_ms, {limit:g}", todo)


def check_proof_figures(spec: Mapping[str, Any], proof: Mapping[str, Any]) -> list[Finding]:
    """Check a browser proof's figures against each other and its spec."""
    return [*_check_runs(proof), *_check_decisions(spec, proof)]


_TODO = "remove it, and let ./inv validate-spec --browser write it"


def _check_runs(proof: Mapping[str, Any]) -> Iterator[Finding]:
    for number, entry in enumerate(proof["tested"]):
        field, times = f"browser_proof.tested.{number}", entry["latency_ms"]
        if entry["loads"] and not entry["n_decisions"]:
            yield failed(f"{field}.n_decisions", 0, "at least 1 for a graph that loads", _TODO)
        if entry["loads"] and times is None:
            yield failed(f"{field}.latency_ms", "null", "times of a graph that loads", _TODO)
        if times is not None and times["p50"] > times["p95"]:
            yield failed(f"{field}.latency_ms", f"p50 {times['p50']:g} above p95 {times['p95']:g}", "p50 <= p95", _TODO)


def _check_decisions(spec: Mapping[str, Any], proof: Mapping[str, Any]) -> Iterator[Finding]:
    limit = spec["tolerance"][f"{spec['decision']['output']}_javascript"]
    agrees: dict[str, list[bool]] = {}
    for number, entry in enumerate(proof["tested_decisions"]):
        field, times = f"browser_proof.tested_decisions.{number}", entry["decision_ms"]
        if entry["model_sha256"] != spec["model"]["sha256"]:
            yield failed(f"{field}.model_sha256", entry["model_sha256"], spec["model"]["sha256"], _TODO)
        if entry["n_flips"] > entry["n_decisions"]:
            found = f"{entry['n_flips']} flips of {entry['n_decisions']} decisions"
            yield failed(f"{field}.n_flips", found, "no more flips than decisions", _TODO)
        if (times is None) != (entry["n_decisions"] == 0) or (entry["largest_difference"] is None) != (times is None):
            found = f"{entry['n_decisions']} decisions, decision_ms {times}"
            yield failed(f"{field}.decision_ms", found, "times exactly where there are decisions", _TODO)
        elif times is not None and times["p50"] > times["p95"]:
            yield failed(
                f"{field}.decision_ms", f"p50 {times['p50']:g} above p95 {times['p95']:g}", "p50 <= p95", _TODO
            )
        elif times is not None and entry["decisions_per_s"] * times["p50"] / 1000 > _MOST_WORK:
            found = f"{entry['decisions_per_s']:g} a second at {times['p50']:g} ms each"
            yield failed(f"{field}.decisions_per_s", found, "no more work in a second than fits", _TODO)
        good = not entry["n_flips"] and (entry["largest_difference"] or 0) <= limit and entry["n_decisions"] > 0
        agrees.setdefault(entry["execution_provider"], []).append(good)
    for provider in proof["execution_providers"]:
        if not any(agrees.get(provider, [True])):
            expected = f"one whose film agrees: 0 flips, differences of at most {limit:g}"
            yield failed("browser_proof.execution_providers", provider, expected, _TODO)
