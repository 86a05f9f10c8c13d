"""What a spec lists as tested: whether it can have happened, and which execution providers it proves.

Pure functions on the spec and the graphs that it lists; nothing is run here.
"""

import datetime
import math
from collections.abc import Iterable, Mapping
from typing import Any

from shared.onnx.graph import Graph
from tools.spec_checker.findings import Finding, failed, passed
from tools.spec_checker.static.claims import KNOWN_PROVIDERS, Claim

NO_WEBGL_OPERATORS = ("LSTM", "HardSwish", "HardSigmoid")
SAME_ARITHMETIC = ("plain", "wasm", "webgl")
# Which of the spec's tolerances an output is held to.
TOLERANCE_KEYS = {"window": ("smile_prob", "emotion_logits"), "head": ("smile_prob", "emotion_logits")}
_CLOCK_SLACK_S = 86_400
_TODO = "list only what was run, as spec-checker --browser writes it"


def has_what_webgl_lacks(graph: Graph) -> bool:
    """Tell whether WebGL cannot load a graph."""
    return graph.uses_int64 or any(name in graph.operators for name in NO_WEBGL_OPERATORS)


def why_no_webgl(graph: Graph | None) -> str:
    """Say why WebGL is refused, with what this graph has that it lacks."""
    reasons = []
    if graph is not None:
        if lacking := [name for name in NO_WEBGL_OPERATORS if name in graph.operators]:
            reasons.append(f"it has no {', '.join(lacking)}, which this graph uses")
        if graph.uses_int64:
            reasons.append("it knows no int64 tensors, which this graph has")
    if reasons:
        return (
            f"webgl cannot load this graph: {' and '.join(reasons)}; it is being removed from onnxruntime-web as well"
        )
    return (
        f"webgl has no {', '.join(NO_WEBGL_OPERATORS)} and no int64, so it loads few graphs, and is being removed "
        "from onnxruntime-web"
    )


def tolerance_of(graph: Mapping[str, Any], tolerance: Mapping[str, float]) -> float:
    """Say how far a graph's answers may lie from Python's on the golden vectors.

    Outputs are compared where the arithmetic is the same. With the preprocessing inside, or in fewer bits, features
    may differ more than they matter: there the difference is that of smile_prob.
    """
    if graph["variant"] not in SAME_ARITHMETIC:
        return tolerance["smile_prob_pixels" if graph["variant"] == "pixels" else "smile_prob_javascript"]
    keys = TOLERANCE_KEYS.get(graph["role"], ("features",))
    return max(tolerance[key] for key in keys if key in tolerance)  # a model of features has no logits


def agrees(entry: Mapping[str, Any], graph: Mapping[str, Any], tolerance: Mapping[str, float]) -> bool:
    """Tell whether an entry of `tested` shows its graph, as it is now, to answer as Python does."""
    return bool(
        entry["loads"]
        and entry["sha256"] == graph["sha256"]
        and entry["n_flips"] == 0
        and entry["largest_difference"] is not None
        and entry["largest_difference"] <= tolerance_of(graph, tolerance)
    )


def proven_providers(spec: Mapping[str, Any]) -> set[str]:
    """Name the providers on which the window, or an encoder with the head, was seen to answer as Python does."""
    by_name = {graph["name"]: graph for graph in spec["graphs"]}
    roles: dict[str, set[str]] = {}
    for entry in spec["tested"]:
        graph = by_name.get(entry["graph"])
        offered = graph is not None and (graph["verdict"] is None or graph["verdict"]["offer"])
        if graph is not None and offered and agrees(entry, graph, spec["tolerance"]):
            roles.setdefault(entry["execution_provider"], set()).add(graph["role"])
    return {name for name, seen in roles.items() if "window" in seen or {"encoder", "head"} <= seen}


def check_tested(
    claims: Mapping[str, Claim], listed: Iterable[Mapping[str, Any]], graphs: Mapping[str, Graph]
) -> list[Finding]:
    """Check that what a spec lists as tested can have happened; an empty list is honest.

    Args:
        claims: What the spec says.
        listed: Its `graphs`, as far as they can be read.
        graphs: The files that could be read, by the graph's name.
    """
    claim = claims.get("tested")
    if claim is None or claim.value is None:
        found = "nothing" if claim is None else repr(claim.raw)
        return [failed("tested", found, "a list of what was run in which browser", "write [] if nothing was")]
    if not claim.value:
        return [passed("tested", "[]", "nothing was run in a browser yet")]
    by_name = {entry.get("name"): entry for entry in listed}
    return [_check_entry(f"tested.{number}", entry, by_name, graphs) for number, entry in enumerate(claim.value)]


def _check_entry(
    field: str, entry: Any, listed: Mapping[Any, Mapping[str, Any]], graphs: Mapping[str, Graph]
) -> Finding:
    if not isinstance(entry, dict):
        return failed(field, repr(entry), "an object with graph, execution_provider, browser, loads, ...", _TODO)
    name, provider, loads = entry.get("graph"), entry.get("execution_provider"), entry.get("loads")
    difference, browser = entry.get("largest_difference"), entry.get("browser")
    if not isinstance(name, str) or name not in listed:
        known = ", ".join(str(key) for key in listed) or "none"
        return failed(field, f"graph {name!r}", f"one of the spec's graphs ({known})", _TODO)
    if entry.get("sha256") != listed[name].get("sha256"):
        return failed(
            field,
            f"sha256 {str(entry.get('sha256'))[:12]}... of {name}",
            f"{str(listed[name].get('sha256'))[:12]}..., the graph's own",
            "the graph has changed since: run spec-checker --browser again",
        )
    if provider not in KNOWN_PROVIDERS:
        return failed(field, f"execution_provider {provider!r}", "one of " + ", ".join(KNOWN_PROVIDERS), _TODO)
    if not isinstance(browser, str) or not browser.strip():
        return failed(field, f"browser {browser!r}", "the browser's name and version", _TODO)
    if not isinstance(loads, bool):
        return failed(field, f"loads {loads!r}", "true or false", _TODO)
    graph = graphs.get(name)
    if loads and provider == "webgl" and graph is not None and has_what_webgl_lacks(graph):
        return failed(field, f"{name} loads on webgl", "false", why_no_webgl(graph))
    if loads and not _is_difference(difference):
        return failed(
            field, f"largest_difference {difference!r}", "a number of 0 or more for a graph that loads", _TODO
        )
    if not loads and difference is not None:
        return failed(field, f"largest_difference {difference!r}", "null for a graph that does not load", _TODO)
    if not loads and not entry.get("reason"):
        return failed(field, f"reason {entry.get('reason')!r}", "why it does not load, in the runtime's words", _TODO)
    flips, decisions = entry.get("n_flips"), entry.get("n_decisions")
    if not isinstance(flips, int) or not isinstance(decisions, int) or flips > decisions:
        return failed(field, f"{flips!r} flips of {decisions!r} decisions", "no more flips than decisions", _TODO)
    if not _is_past(entry.get("created_utc")):
        return failed(field, f"created_utc {entry.get('created_utc')!r}", "a moment in the past, in UTC", _TODO)
    return passed(field, f"{name} on {provider} in {browser}: {'loads' if loads else 'does not load'}")


def _is_difference(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_past(value: Any) -> bool:
    """Tell whether a moment is not in the future; a day of slack for clocks that are wrong."""
    try:
        moment = datetime.datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return False
    return (moment - datetime.datetime.now(datetime.UTC)).total_seconds() < _CLOCK_SLACK_S
