"""Whether a graph's outputs in a browser agree with Python's, and which execution providers that proves.

Pure functions on a spec and on entries of the browser proof's `tested`; shared by the checks on files and by the proof.
"""

from collections.abc import Iterable, Mapping
from typing import Any

SAME_ARITHMETIC = ("plain", "wasm", "webgl")
# The spec's tolerances for the outputs of a role.
_TOLERANCE_KEYS = {"window": ("smile_prob", "emotion_logits"), "head": ("smile_prob", "emotion_logits")}


def tolerance_of(graph: Mapping[str, Any], tolerance: Mapping[str, float]) -> float:
    """Return the tolerated difference of a graph's outputs from Python's on the golden vectors.

    Outputs are compared where the arithmetic is the same. With the preprocessing inside, or in fewer bits, features
    may differ without changing decisions: there smile_prob is compared.
    """
    if graph["variant"] not in SAME_ARITHMETIC:
        return tolerance["smile_prob_pixels" if graph["variant"] == "pixels" else "smile_prob_javascript"]
    keys = _TOLERANCE_KEYS.get(graph["role"], ("features",))
    return max(tolerance[key] for key in keys if key in tolerance)  # a model of features has no logits


def agrees(entry: Mapping[str, Any], graph: Mapping[str, Any], tolerance: Mapping[str, float]) -> bool:
    """Tell whether an entry of `tested` is of the current graph and within the tolerance, without flips."""
    return bool(
        entry["loads"]
        and entry["sha256"] == graph["sha256"]
        and entry["n_flips"] == 0
        and entry["largest_difference"] is not None
        and entry["largest_difference"] <= tolerance_of(graph, tolerance)
    )


def proven_providers(spec: Mapping[str, Any], tested: Iterable[Mapping[str, Any]]) -> set[str]:
    """Name the providers on which the window, or an encoder with the head, agrees with Python.

    Args:
        spec: The front-end spec.
        tested: Runs of its graphs, as a browser proof lists them.
    """
    by_name = {graph["name"]: graph for graph in spec["graphs"]}
    roles: dict[str, set[str]] = {}
    for entry in tested:
        graph = by_name.get(entry["graph"])
        offered = graph is not None and (graph["verdict"] is None or graph["verdict"]["offer"])
        if graph is not None and offered and agrees(entry, graph, spec["tolerance"]):
            roles.setdefault(entry["execution_provider"], set()).add(graph["role"])
    return {name for name, proven in roles.items() if "window" in proven or {"encoder", "head"} <= proven}
