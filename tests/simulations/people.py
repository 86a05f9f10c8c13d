"""Simulated people, for the simulations beside this file: two arms that see the same clips, correlated within people.

A clip's hidden evidence is normal. What a person adds is of two kinds: a shift that makes all his clips look more like
a smile (it helps recall and hurts the other class), and a clearness that makes all his clips easier. Both have a part
that the two arms share and a part of each arm; so has the noise of a clip.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))

from shared.arrays import F64, Bool, Int
from shared.statistics.predictions import Predictions


@dataclass(frozen=True)
class World:
    """What is true of the people that the simulation draws from.

    Attributes:
        n_people: People of a test set.
        clips: Fewest and most clips per person; drawn evenly.
        signal: Distance of the classes of baseline and candidate, in standard deviations of a clip.
        shift: Variance of a person's shift, in shares of all variance.
        clearness: Variance of a person's clearness, in shares of all variance.
        shared: Share of every variance that both arms have in common.
        threshold: Of baseline and candidate.
        positive_share: Probability that a clip is of the positive class; None gives each person both in turn, "person"
            each person one class.
    """

    n_people: int = 20
    clips: tuple[int, int] = (2, 10)
    signal: tuple[float, float] = (1.6, 1.6)
    shift: float = 0.15
    clearness: float = 0.15
    shared: float = 0.6
    threshold: tuple[float, float] = (0.0, 0.0)
    positive_share: float | str | None = None

    def true(self) -> dict[str, tuple[float, float]]:
        """The metrics of baseline and candidate over endlessly many people."""
        found: dict[str, list[float]] = {name: [] for name in ("accuracy", "recall", "precision", "f1", "roc_auc")}
        share = self.positive_share if isinstance(self.positive_share, float) else 0.5
        for signal, threshold in zip(self.signal, self.threshold, strict=True):
            recall = float(stats.norm.cdf(signal / 2 - threshold))
            specificity = float(stats.norm.cdf(signal / 2 + threshold))
            called = share * recall + (1 - share) * (1 - specificity)
            found["accuracy"].append(share * recall + (1 - share) * specificity)
            found["recall"].append(recall)
            found["precision"].append(share * recall / called)
            found["f1"].append(2 * share * recall / (share + called))
            found["roc_auc"].append(float(stats.norm.cdf(signal / np.sqrt(2))))
        return {name: (pair[0], pair[1]) for name, pair in found.items()}

    def balanced_at(self, threshold: float) -> float:
        """The baseline's true mean of recall and specificity at any threshold."""
        half = self.signal[0] / 2
        return float(stats.norm.cdf(half - threshold) + stats.norm.cdf(half + threshold)) / 2

    def draw(self, rng: np.random.Generator) -> tuple[Predictions, Predictions]:
        """Draw one test set and the answers of both arms."""
        labels, people = lay_out(self.n_people, self.clips, self.positive_share, rng)
        side = np.where(labels, 1.0, -1.0)
        shift = self._both_arms(self.n_people, self.shift, rng)[:, people]
        clear = self._both_arms(self.n_people, self.clearness, rng)[:, people]
        noise = self._both_arms(people.size, 1 - self.shift - self.clearness, rng)
        scores = np.array(self.signal)[:, None] / 2 * side + side * clear + shift + noise
        return tuple(Predictions(labels, scores[arm], self.threshold[arm], people) for arm in (0, 1))  # type: ignore[return-value]

    def _both_arms(self, size: int, variance: float, rng: np.random.Generator) -> F64:
        """Draw what is added to the evidence of each arm, a part of it common: (2, size)."""
        own, common = rng.standard_normal((2, size)), rng.standard_normal(size)
        return np.asarray(np.sqrt(variance) * (np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own))


def lay_out(
    n_people: int, clips: tuple[int, int], positive_share: float | str | None, rng: np.random.Generator
) -> tuple[Bool, Int]:
    """Draw how many clips of which class each person gives: labels and people, (n,) each; see `World`."""
    n_clips = rng.integers(clips[0], clips[1] + 1, n_people)
    people = np.repeat(np.arange(n_people), n_clips)
    if positive_share is None:
        within = np.arange(people.size) - np.repeat(np.cumsum(n_clips) - n_clips, n_clips)
        return (within + np.repeat(rng.integers(0, 2, n_people), n_clips)) % 2 == 0, people
    if positive_share == "person":
        return people % 2 == 0, people
    return rng.random(people.size) < float(positive_share), people


def arguments(
    text: str,
    runs: int,
    people: tuple[int, int] | None,
    clips: tuple[int, int] | None,
    generators: tuple[str, ...] = ("normal", "beta"),
) -> argparse.ArgumentParser:
    """Make the parser of a simulation, with the flags that all have."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs, help=f"test sets a setting ({runs})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--generator", choices=generators, default="normal", help="kind of people (normal)")
    parser.add_argument("--json", action="store_true")
    for flag, value in (("--people", people), ("--clips", clips)):
        if value is not None:
            parser.add_argument(flag, type=int, nargs=2, default=value, metavar=("FEWEST", "MOST"))
    return parser
