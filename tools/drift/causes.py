"""Names what differs between play and training, person by person, so that a false name is rare. Pure.

A cause is called where its measure differs more than dealing people anew would give (`ALPHA_NAMES` for all measures
together), and by more than matters in practice. Beside the names stand a classifier that may find what no name is for,
and mirroring. All three together call something in at most 5 % of comparisons of people who are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from shared.arrays import F64, Int
from tools.drift.mirroring import ALPHA as ALPHA_MIRRORED
from tools.drift.mirroring import Mirrored, judge_mirroring
from tools.drift.permutations import Deals, People, adjusted_p, deal, differences
from tools.drift.population import MEASURES, Population
from tools.drift.two_samples import Told, edges_of, histograms, stability_by_chance, tell_apart

ALPHA_NAMES, ALPHA_CLASSIFIER = 0.03, 0.01
assert round(ALPHA_NAMES + ALPHA_CLASSIFIER + ALPHA_MIRRORED, 6) == 0.05

# Measure: the name of less, the name of more, the least difference that matters, and whether that is a part of the
# reference's value. Our own choice: what a person sees, or what moves a decision.
NAMES: dict[str, tuple[str, str, float, bool]] = {
    "light": ("darker", "brighter", 0.05, False),
    "contrast": ("flatter", "harsher", 0.2, True),
    "sharpness": ("blurred", "sharper", 0.5, False),  # of a logarithm
    "face_size": ("smaller_face", "larger_face", 0.15, True),
    "no_face": ("more_faces", "no_face", 0.05, False),
    "tilt": ("less_tilted", "tilted", 5.0, False),
    "turn": ("less_turned", "turned", 0.15, False),
    "fps": ("lower_fps", "higher_fps", 0.15, True),
    "missed_windows": ("fewer_missed_windows", "missed_windows", 0.02, False),
    "score": ("lower_scores", "higher_scores", 1.0, False),  # of a logit
    "sureness": ("less_sure", "surer", 1.0, False),
}
assert tuple(NAMES) == MEASURES
EFFECTS = ("score", "sureness")  # what differs because something else does


class Outcome(StrEnum):
    """What a comparison comes to."""

    DRIFT = "drift"
    NONE_SHOWN = "none_shown"
    CANNOT_TELL = "cannot_tell"


class WhyNot(StrEnum):
    """Why nothing can be said."""

    FEW_PEOPLE = "few_people"


@dataclass(frozen=True)
class Measured:
    """A measure in both populations.

    Attributes:
        measure: Its name.
        reference: Mean over the reference's people; None without a value.
        play: Mean over play's people.
        p: Holds for all measures together; None where it cannot be known.
        index: Population stability index.
        index_by_chance: Which 95 % of deals of people stay below; None where people cannot be dealt.
        called: The name of what differs; None for nothing.
    """

    measure: str
    reference: float | None
    play: float | None
    p: float | None
    index: float | None
    index_by_chance: float | None
    called: str | None


@dataclass(frozen=True)
class Drift:
    """Play against training.

    Attributes:
        outcome: What it comes to.
        reason: Why nothing can be said; None where something can.
        people: Who is where.
        least_p: The smallest p that so many people can give.
        measured: Each measure.
        told: What the classifier comes to; None where it cannot be known.
        mirrored: Whether play is mirrored.
        called: Names of what differs, the surest and largest first.
    """

    outcome: Outcome
    reason: WhyNot | None
    people: People
    least_p: float
    measured: tuple[Measured, ...]
    told: Told | None
    mirrored: Mirrored
    called: tuple[str, ...]


def compare(reference: Population, play: Population, seed: int = 0, share: float = 1.0) -> Drift:
    """Compare play with training.

    Args:
        reference: What was learned from.
        play: What is met.
        seed: Of drawn deals.
        share: Of the usual levels: a part of play among several is judged at a part of them.
    """
    people = People.of(set(reference.subjects), set(play.subjects))
    deals = deal(people, seed)
    of_reference, of_play = (people.both + people.reference_only, people.both + people.play_only)
    means = reference.by_person(reference.measures, of_reference), play.by_person(play.measures, of_play)
    can_name = people.least_p <= ALPHA_NAMES * share
    found = differences(people, deals, *means)
    adjusted = adjusted_p(found) if can_name else None
    indexes = _stability(reference, play, people, deals, of_reference, of_play)
    measured = tuple(
        _judge(number, means, people, found, adjusted, indexes[number], ALPHA_NAMES * share)
        for number in range(len(MEASURES))
    )
    told = None
    if people.least_p <= ALPHA_CLASSIFIER * share:
        features = np.concatenate([np.hstack([one.measures, one.colours]) for one in (reference, play)])
        everybody = people.both + people.reference_only + people.play_only
        owners = np.array([everybody.index(name) for name in (*reference.subjects, *play.subjects)])
        is_play = np.concatenate([np.zeros(reference.n, np.bool_), np.ones(play.n, np.bool_)])
        told = tell_apart(features, is_play, owners, people, deals, seed)
    mirrored = judge_mirroring(
        people, reference.by_person(reference.leans, of_reference), play.by_person(play.leans, of_play)
    )
    called = _order(measured, found[0])
    called += ("mirrored",) if mirrored.is_mirrored and (mirrored.p or 0) <= ALPHA_MIRRORED * share else ()
    called += ("otherwise",) if not called and told is not None and told.p <= ALPHA_CLASSIFIER * share else ()
    outcome, reason = Outcome.DRIFT if called else Outcome.NONE_SHOWN, None
    if not can_name and not called:
        outcome, reason = Outcome.CANNOT_TELL, WhyNot.FEW_PEOPLE
    return Drift(outcome, reason, people, people.least_p, measured, told, mirrored, called)


def _order(measured: Sequence[Measured], found: F64) -> tuple[str, ...]:
    """Return the names that are called: first what is before the camera, then scores, the most consistent first."""
    called = [(one, abs(float(found[number]))) for number, one in enumerate(measured) if one.called]
    called.sort(key=lambda item: (item[0].measure in EFFECTS, -round(item[1], 6), -_times_least(item[0])))
    return tuple(str(one.called) for one, _ in called)


def _times_least(one: Measured) -> float:
    """Return how many times the least difference that matters a measure differs by."""
    assert one.reference is not None
    assert one.play is not None
    return abs(one.play - one.reference) / _least(one.measure, one.reference)


def _least(measure: str, reference: float) -> float:
    _, _, least, is_part = NAMES[measure]
    return max(least * abs(reference) if is_part else least, 1e-9)


def _judge(
    number: int,
    means: tuple[F64, F64],
    people: People,
    found: F64,
    adjusted: F64 | None,
    index: tuple[float, float] | None,
    alpha: float,
) -> Measured:
    measure = MEASURES[number]
    # Where people are in both, they alone are compared: the same people on both sides.
    kept = len(people.both) if people.both and not (people.reference_only and people.play_only) else None
    reference, play = (_mean(part[:kept, number]) for part in means)
    p = None if adjusted is None or reference is None or play is None else float(adjusted[number])
    called = None
    if p is not None and reference is not None and play is not None and p <= alpha and found[0, number] != 0:
        is_large = abs(play - reference) >= _least(measure, reference)
        less, more, *_ = NAMES[measure]
        called = (more if play > reference else less) if is_large else None
    at, by_chance = index or (None, None)
    return Measured(measure, reference, play, p, at, by_chance, called)


def _mean(values: F64) -> float | None:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else None


def _stability(
    reference: Population,
    play: Population,
    people: People,
    deals: Deals,
    of_reference: Sequence[str],
    of_play: Sequence[str],
) -> list[tuple[float, float] | None]:
    """Return the population stability index of each measure, and what it stays below by chance in 95 % of deals."""
    owners = [_owners(population, names) for population, names in ((reference, of_reference), (play, of_play))]
    found: list[tuple[float, float] | None] = []
    for number in range(len(MEASURES)):
        values = reference.measures[:, number], play.measures[:, number]
        if any(np.isnan(one).all() for one in values):
            found.append(None)
            continue
        weights = 1 / np.bincount(owners[0], minlength=len(of_reference))[owners[0]]
        edges = edges_of(values[0], weights)
        parts = [
            histograms(one, edges, owner, len(names))
            for one, owner, names in zip(values, owners, (of_reference, of_play), strict=True)
        ]
        drawn = stability_by_chance(people, deals, *parts)
        found.append((float(drawn[0]), float(np.quantile(drawn, 0.95))))
    return found


def _owners(population: Population, names: Sequence[str]) -> Int:
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[name] for name in population.subjects], dtype=np.int64)
