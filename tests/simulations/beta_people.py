"""Other simulated people than those of `people.py`, so that no method is fitted to one kind of them: nothing is normal.

Each person has a rate of hits and of false alarms of his own, drawn from Beta distributions; with much correlation
these are U-shaped: some people are always recognised and some never. A person is the same for both arms, or is drawn
anew for the second one; so is the luck of each clip. A score's distance from the threshold has heavy tails whose weight
is a person's own, too.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from people import World, lay_out
from scipy import special

from shared.arrays import F64
from shared.statistics.predictions import Predictions

THRESHOLD = 0.5
POSITIVE_SHAPE, NEGATIVE_SHAPE = 1.5, 0.75
"""Of the gamma variables that say how far a person's positive and negative clips lie from the ends of the scale."""


@dataclass(frozen=True)
class BetaWorld:
    """What is true of the people that the simulation draws from.

    Attributes:
        n_people: People of a test set.
        clips: Fewest and most clips per person; drawn evenly.
        hits: Mean rate of hits of baseline and candidate.
        alarms: Mean rate of false alarms of baseline and candidate.
        alike: Correlation of two clips of one class of one person, from 0 to below 1.
        link: What hits say of false alarms: ``shift``: who is easily called a smile is so always; ``clear``: who is
            easily recognised is so in both classes; ``free``: nothing.
        shared: Probability that a person, and that a clip's luck, is the same for both arms.
        positive_share: See `people.World`.
    """

    n_people: int = 20
    clips: tuple[int, int] = (2, 10)
    hits: tuple[float, float] = (0.8, 0.8)
    alarms: tuple[float, float] = (0.2, 0.2)
    alike: float = 0.2
    link: str = "free"
    shared: float = 0.6
    positive_share: float | str | None = None

    def true(self) -> dict[str, tuple[float, float]]:
        """The metrics of baseline and candidate over endlessly many people."""
        found: dict[str, list[float]] = {name: [] for name in ("accuracy", "recall", "precision", "f1", "roc_auc")}
        share = self.positive_share if isinstance(self.positive_share, float) else 0.5
        won = POSITIVE_SHAPE / (POSITIVE_SHAPE + NEGATIVE_SHAPE)  # among two that are called the same
        for hit, alarm in zip(self.hits, self.alarms, strict=True):
            called = share * hit + (1 - share) * alarm
            found["accuracy"].append(share * hit + (1 - share) * (1 - alarm))
            found["recall"].append(hit)
            found["precision"].append(share * hit / called)
            found["f1"].append(2 * share * hit / (share + called))
            found["roc_auc"].append(hit * (1 - alarm) + won * (hit * alarm + (1 - hit) * (1 - alarm)))
        return {name: (pair[0], pair[1]) for name, pair in found.items()}

    def balanced_at(self, threshold: float) -> float:
        """The baseline's true mean of recall and specificity at any threshold from 0 to 1."""
        above = []
        for rate, shape in ((self.hits[0], POSITIVE_SHAPE), (self.alarms[0], NEGATIVE_SHAPE)):
            upper = threshold >= THRESHOLD
            place = 2 * threshold - 1 if upper else 2 * threshold
            beyond = 1 - (1 - np.log(max(place, 1e-300))) ** -shape  # E(place^g) of a gamma variable g
            above.append(rate * beyond if upper else rate + (1 - rate) * beyond)
        return float(above[0] + 1 - above[1]) / 2

    def draw(self, rng: np.random.Generator) -> tuple[Predictions, Predictions]:
        """Draw one test set and the answers of both arms."""
        labels, people = lay_out(self.n_people, self.clips, self.positive_share, rng)
        luck, other_luck = self._luck(people.size, rng), self._luck(people.size, rng)
        hits, alarms = self._rates(rng)
        tails = self._tails(POSITIVE_SHAPE, rng), self._tails(NEGATIVE_SHAPE, rng)
        rate = np.where(labels, hits[:, people], alarms[:, people])
        tail = np.where(labels, tails[0][:, people], tails[1][:, people])
        place = other_luck ** (1 / np.maximum(tail, 1e-12))
        scores = np.where(luck < rate, THRESHOLD + THRESHOLD * np.maximum(place, 1e-12), THRESHOLD * place)
        return tuple(Predictions(labels, scores[arm], THRESHOLD, people) for arm in (0, 1))  # type: ignore[return-value]

    def _luck(self, n: int, rng: np.random.Generator) -> F64:
        """Draw even luck from 0 to 1 for each arm: the same for both, or its own: (2, n)."""
        own, same = rng.random((2, n)), rng.random(n) < self.shared
        own[1] = np.where(same, own[0], own[1])
        return own

    def _tails(self, shape: float, rng: np.random.Generator) -> F64:
        """Draw the gamma variables of each arm and person, a part of them common: (2, n_people)."""
        common = rng.standard_gamma(shape * self.shared, self.n_people)
        return np.asarray(common + rng.standard_gamma(shape * (1 - self.shared), (2, self.n_people)))

    def _rates(self, rng: np.random.Generator) -> tuple[F64, F64]:
        """Draw the rates of hits and of false alarms of each arm and person: (2, n_people) each."""
        hits, alarms = (np.array(means)[:, None] for means in (self.hits, self.alarms))
        if self.alike == 0:
            everybody = np.ones(self.n_people)
            return hits * everybody, alarms * everybody
        weight = 1 / self.alike - 1
        of_hits = self._luck(self.n_people, rng)
        of_alarms = {"shift": of_hits, "clear": 1 - of_hits}.get(self.link)
        if of_alarms is None:
            of_alarms = self._luck(self.n_people, rng)
        return (
            special.betaincinv(hits * weight, (1 - hits) * weight, of_hits),
            special.betaincinv(alarms * weight, (1 - alarms) * weight, of_alarms),
        )


# The settings that the simulations go through, for each kind of simulated people; not one of them was fitted to.
GENERATORS = ("normal", "beta")
"""Kinds of people: of `people.py` and of `beta_people.py`."""
LABELS = (None, 0.25, "person")
"""Both classes from each person; a quarter positive, at random; one class from each person."""
SIGNALS = ((0.8, 1.2), (1.6, 1.6), (2.8, 3.2))
STRENGTHS = ((0.0, 0.0), (0.15, 0.1), (0.4, 0.2))
RATES = (((0.62, 0.72), (0.40, 0.32)), ((0.8, 0.8), (0.2, 0.2)), ((0.95, 0.97), (0.08, 0.06)))
ALIKE = ((0.0, "free"), (0.15, "shift"), (0.15, "clear"), (0.4, "free"), (0.4, "shift"))


def worlds(generator: str, people: tuple[int, int], clips: tuple[int, int]) -> list[World | BetaWorld]:
    """List settings: fewest, some and most people; few, mixed and many clips; labels; skills; correlations."""
    few, many = clips
    numbers = sorted({people[0], round((people[0] * people[1]) ** 0.5), people[1]})
    shapes = list(itertools.product(numbers, sorted({(few, few), (few, many), (many, many)}), LABELS))
    if generator == "normal":
        return [
            World(n, clip, signal, *strength, positive_share=share)
            for (n, clip, share), signal, strength in itertools.product(shapes, SIGNALS, STRENGTHS)
        ]
    return [
        BetaWorld(n, clip, *rates, *alike, positive_share=share)
        for (n, clip, share), rates, alike in itertools.product(shapes, RATES, ALIKE)
    ]


def alike_arms(generator: str, n_people: int, clips: tuple[int, int], number: int) -> World | BetaWorld:
    """Return a setting without a difference; numbers from 0 go round skills and correlations."""
    if generator == "normal":
        strengths = ((0.0, 0.0), (0.1, 0.1), (0.2, 0.2), (0.4, 0.0), (0.0, 0.4))
        signal = (0.8, 1.6, 2.4)[number // len(strengths) % 3]
        return World(n_people, clips, (signal, signal), *strengths[number % len(strengths)], shared=0.5)
    hits, alarms = ((0.65, 0.38), (0.8, 0.2), (0.92, 0.1))[number // len(ALIKE) % 3]
    alike = ALIKE[number % len(ALIKE)]
    return BetaWorld(n_people, clips, (hits, hits), (alarms, alarms), *alike, shared=0.5)
