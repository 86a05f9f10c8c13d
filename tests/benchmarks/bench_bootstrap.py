"""The paired bootstrap over people against a loop over scikit-learn's metrics.

    ./inv bench --only bootstrap

Prints the time of 10,000 resamples of all five metrics of two arms on 10,000 sequences, and the ratio to a loop that
resamples the same people and calls scikit-learn (fewer resamples, scaled up), measured in one run.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from sklearn import metrics as sk

from shared.statistics.predictions import Answers
from shared.statistics.roc_band import resample


def loop(arms: tuple[Answers, Answers], n_resamples: int) -> None:
    """Resample as a first attempt would: gather each drawn person's clips, then five calls an arm."""
    rng = np.random.default_rng(0)
    clips = [np.flatnonzero(arms[0].people == person) for person in range(arms[0].n_subjects)]
    for _ in range(n_resamples):
        chosen = np.concatenate([clips[person] for person in rng.integers(0, len(clips), len(clips))])
        for arm in arms:
            labels, decisions = arm.labels[chosen], arm.decisions[chosen]
            sk.accuracy_score(labels, decisions)
            sk.precision_score(labels, decisions, zero_division=0.0)
            sk.recall_score(labels, decisions)
            sk.f1_score(labels, decisions)
            sk.roc_auc_score(labels, arm.scores[chosen])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--loop-resamples", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(7)
    people = np.sort(np.concatenate([np.arange(asked.people), rng.integers(0, asked.people, asked.sequences)]))
    people = people[: asked.sequences] if asked.people < asked.sequences else np.arange(asked.sequences)
    people = np.unique(people, return_inverse=True)[1]
    labels = rng.random(asked.sequences) < 0.5
    arms = tuple(Answers(labels, rng.normal(labels, 1.0), 0.5, people) for _ in range(2))
    started = time.perf_counter()
    resample(arms, asked.resamples, seed=1)
    ours_s = time.perf_counter() - started
    started = time.perf_counter()
    loop((arms[0], arms[1]), asked.loop_resamples)
    loop_s = (time.perf_counter() - started) * asked.resamples / asked.loop_resamples
    print(
        f"{asked.resamples} resamples, {asked.sequences} sequences of {arms[0].n_subjects} people, 2 arms: "
        f"{ours_s:.1f} s; loop over scikit-learn {loop_s:.0f} s; ratio {loop_s / ours_s:.0f}"
    )


if __name__ == "__main__":
    main()
