"""Compares ways by accuracy and time: which time, which ways are Pareto-optimal. Measures nothing.

Models are compared only where the same test sequences measured them: on other people the same model scores otherwise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

TIMES = ("wasm_ms", "native_ms")
_BUSY = 0.5  # load of other work above which times are marked


def choose_time(models: Sequence[Mapping[str, Any]]) -> str | None:
    """Choose the time by which ways are compared: the first that was measured of every model of known accuracy.

    Where there is none, the first that was measured of any; None where no model's accuracy is known or nothing was
    timed.
    """
    timed = {
        key: [any(way[key] is not None for way in model["ways"]) for model in models if is_known(model)]
        for key in TIMES
    }
    every = [key for key in TIMES if timed[key] and all(timed[key])]
    return next(iter([*every, *(key for key in TIMES if any(timed[key]))]), None)


def is_known(model: Mapping[str, Any]) -> bool:
    """Tell whether a model's accuracy is known."""
    return any(way["accuracy"] is not None for way in model["ways"])


def list_shown(models: Sequence[dict[str, Any]], time: str | None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """List models and ways whose accuracy and time are known."""
    return [
        (model, way)
        for model in models
        for way in model["ways"]
        if time is not None and way["accuracy"] is not None and way[time] is not None
    ]


def list_test_sets(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """List the hashes of the test sequences by which models were measured, the first one first."""
    return list(dict.fromkeys(model["measured_on"]["sequences_sha256"] for model in models if model["measured_on"]))


def mark_pareto(models: Sequence[dict[str, Any]], time: str | None) -> None:
    """Mark the ways that no other one is both at least as quick and as accurate as, and better in one of both.

    Ways are compared with those that were measured on the same sequences.
    """
    if time is None:
        return
    shown = list_shown(models, time)
    for model, way in shown:
        rivals = [other for rival, other in shown if rival["measured_on"] == model["measured_on"]]
        way["is_pareto"] = not any(
            other[time] <= way[time]
            and other["accuracy"] >= way["accuracy"]
            and (other[time] < way[time] or other["accuracy"] > way["accuracy"])
            for other in rivals
        )


def is_busy(machine: Mapping[str, Any]) -> bool:
    """Tell whether other work ran while times were measured."""
    return machine["load"] is not None and machine["load"] > _BUSY
