"""Chooses a threshold by the events that a player would feel, on people that the model was not trained on. Pure.

``false_alarms:2`` asks for the most laughs found with at most two false alarms a minute of play; ``recall:0.9`` for the
fewest false alarms with that share of laughs found. Of thresholds that do equally well the one in the middle of the
longest run of them is taken, so that no single frame decides. Threshold and release threshold move together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.arrays import F64
from shared.errors import WrongUsage
from shared.onnx.stream import Rule
from shared.statistics.thresholds import LEAST_PEOPLE, Objective
from tools.evaluator.streams.events import Stream, play, with_threshold

OBJECTIVES = ("false_alarms", "recall")
N_CANDIDATES = 200
N_RESAMPLES = 1000


@dataclass(frozen=True)
class ChosenThreshold:
    """A threshold for streams.

    Attributes:
        value: A smile begins above it.
        low: Lower bound of the 95 % interval, by a bootstrap over people; None where there are too few.
        high: Upper bound.
        is_met: Whether the objective's level is reached on these people.
        n_subjects: People that it was chosen on.
        minutes: How long they play without laughing.
        n_laughs: Their laughs.
        n_false_alarms: At the threshold.
        n_found: Laughs that are found at the threshold.
    """

    value: float
    low: float | None
    high: float | None
    is_met: bool
    n_subjects: int
    minutes: float
    n_laughs: int
    n_false_alarms: int
    n_found: int


def check_objective(objective: Objective) -> None:
    """Refuse an objective that is of windows, not of events.

    Raises:
        WrongUsage: It is one.
    """
    if objective.name not in OBJECTIVES:
        raise WrongUsage("--objective", found=str(objective), expected="false_alarms:2 or recall:0.9, with --stream")


def choose_threshold(
    streams: Sequence[Stream], rule: Rule, objective: Objective, tolerance_ms: float, seed: int = 0
) -> ChosenThreshold:
    """Choose a threshold.

    Args:
        streams: Films of validation people.
        rule: The client's; its release threshold keeps its part of the threshold.
        objective: What for.
        tolerance_ms: See `tools.evaluator.streams.events`.
        seed: Of the bootstrap.
    """
    check_objective(objective)
    candidates = candidate_thresholds(streams)
    people = sorted({stream.subject_id for stream in streams})
    alarms, found = (np.zeros((len(people), candidates.size)) for _ in range(2))
    minutes, laughs = np.zeros(len(people)), np.zeros(len(people))
    for stream in streams:
        who = people.index(stream.subject_id)
        for place, threshold in enumerate(candidates.tolist()):
            played = play(stream, with_threshold(rule, threshold), tolerance_ms)
            alarms[who, place] += len(played.false_alarms_ms)
            found[who, place] += played.count("found")
        minutes[who] += played.play_ms / 60_000
        laughs[who] += len(stream.laughs)

    def best(weights: F64) -> tuple[int, bool]:
        n_alarms, n_found = weights @ alarms, weights @ found
        return _best(n_alarms, n_found, float(weights @ minutes), float(weights @ laughs), objective)

    place, is_met = best(np.ones(len(people)))
    low, high = None, None
    if len(people) >= LEAST_PEOPLE:
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(len(people), np.full(len(people), 1 / len(people)), size=N_RESAMPLES)
        low, high = np.quantile([candidates[best(draw.astype(float))[0]] for draw in draws], [0.025, 0.975]).tolist()
    return ChosenThreshold(
        value=float(candidates[place]),
        low=low,
        high=high,
        is_met=is_met,
        n_subjects=len(people),
        minutes=float(minutes.sum()),
        n_laughs=int(laughs.sum()),
        n_false_alarms=int(alarms[:, place].sum()),
        n_found=int(found[:, place].sum()),
    )


def candidate_thresholds(streams: Sequence[Stream]) -> F64:
    """Return the thresholds that are tried: halfway between neighbouring probabilities, ascending, at most so many."""
    probs = np.unique(np.concatenate([stream.probs[~np.isnan(stream.probs)] for stream in streams]))
    if probs.size > N_CANDIDATES:
        probs = np.unique(np.quantile(probs, np.linspace(0, 1, N_CANDIDATES + 1), method="inverted_cdf"))
    between = (probs[1:] + probs[:-1]) / 2
    return np.unique(np.clip(np.round(np.concatenate([between, [(probs[-1] + 1) / 2]]), 6), 1e-6, 1 - 1e-6))


def _best(n_alarms: F64, n_found: F64, minutes: float, n_laughs: float, objective: Objective) -> tuple[int, bool]:
    """Return the place of the best candidate, and whether the objective's level is reached."""
    assert objective.level is not None
    if objective.name == "false_alarms":
        allowed = n_alarms <= objective.level * minutes + 1e-9
        is_met = bool(allowed.any() and n_found[allowed].max() > 0)
        if not allowed.any():
            allowed = n_alarms == n_alarms.min()
        good = allowed & (n_found == n_found[allowed].max())
        good &= n_alarms == n_alarms[good].min()
    else:
        allowed = n_found >= objective.level * n_laughs - 1e-9
        is_met = bool(allowed.any())
        if not allowed.any():
            allowed = n_found == n_found.max()
        good = allowed & (n_alarms == n_alarms[allowed].min())
        good &= n_found == n_found[good].max()
    return _middle_of_longest(good), is_met


def _middle_of_longest(good: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Return the middle place of the longest run of places that are good; of several as long, of the lowest.

    Example:
        >>> _middle_of_longest(np.array([True, False, True, True, True, False]))
        3
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int((starts[longest] + ends[longest] - 1) // 2)
