"""Whether a graph's outputs in a browser agree with Python's, and which execution providers that proves.

Pure functions on a spec and on entries of the browser proof's `tested`; shared by the checks on files and by the proof.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.onnx.contract import EMOTION_LOGITS

SAME_ARITHMETIC = ("plain", "wasm", "webgl")
SMALLER = ("fp16", "int8")  # in fewer bits
OPTIONAL = ("pixels",)  # a page can do without: where it differs it is left out, and nothing else is refused for it
_DECIDING_ROLES = ("window", "head")
_OF_PAGES = "_prob_javascript"  # what the tolerances of every kind of model have


def tolerance_of(graph: Mapping[str, Any], tolerance: Mapping[str, float]) -> float:
    """Return the tolerated difference of a graph's outputs from Python's on the golden vectors.

    Outputs are compared where the arithmetic is the same. With the preprocessing inside, or in fewer bits, features
    may differ without changing decisions: there the output that decides is compared.
    """
    prob = next(key for key in tolerance if key.endswith(_OF_PAGES)).removesuffix("_javascript")
    if graph["variant"] not in SAME_ARITHMETIC:
        return tolerance.get(f"{prob}_pixels" if graph["variant"] == "pixels" else f"{prob}_javascript", 0.0)
    keys = (prob, EMOTION_LOGITS) if graph["role"] in _DECIDING_ROLES else ("features",)
    return max((tolerance[key] for key in keys if key in tolerance), default=0.0)  # one of features has no logits


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
