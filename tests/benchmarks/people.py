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

from shared.answers import Answers


@dataclass(frozen=True)
class World:
    """What is true of the people that the simulation draws from.

    Attributes:
        n_people: People of a test set.
        clips: Fewest and most clips a person; drawn evenly.
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


def draw(world: World, rng: np.random.Generator) -> tuple[Answers, Answers]:
    """Draw one test set and the answers of both arms."""
    n_clips = rng.integers(world.clips[0], world.clips[1] + 1, world.n_people)
    people = np.repeat(np.arange(world.n_people), n_clips)
    within = np.arange(people.size) - np.repeat(np.cumsum(n_clips) - n_clips, n_clips)
    if world.positive_share is None:
        labels = (within + np.repeat(rng.integers(0, 2, world.n_people), n_clips)) % 2 == 0
    elif world.positive_share == "person":
        labels = people % 2 == 0
    else:
        labels = rng.random(people.size) < float(world.positive_share)
    side = np.where(labels, 1.0, -1.0)

    def both_arms(size: int, variance: float) -> np.ndarray:
        own, common = rng.standard_normal((2, size)), rng.standard_normal(size)
        return np.sqrt(variance) * (np.sqrt(world.shared) * common + np.sqrt(1 - world.shared) * own)

    shift = both_arms(world.n_people, world.shift)[:, people]
    clear = both_arms(world.n_people, world.clearness)[:, people]
    noise = both_arms(people.size, 1 - world.shift - world.clearness)
    scores = np.array(world.signal)[:, None] / 2 * side + side * clear + shift + noise
    return tuple(Answers(labels, scores[arm], world.threshold[arm], people) for arm in (0, 1))  # type: ignore[return-value]


def arguments(
    text: str, runs: int, people: tuple[int, int] | None, clips: tuple[int, int] | None
) -> argparse.ArgumentParser:
    """Make the parser of a simulation, with the flags that all have."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=runs, help=f"test sets a setting ({runs})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    for flag, value in (("--people", people), ("--clips", clips)):
        if value is not None:
            parser.add_argument(flag, type=int, nargs=2, default=value, metavar=("FEWEST", "MOST"))
    return parser
