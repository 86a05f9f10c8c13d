"""Intervals and tests by person against what else there is: loops over scikit-learn, confidenceinterval, MLstatkit.

    ./inv bench --only statistics

Two arms, 10,000 pairs. First the resampling of people itself, 10,000 draws of five metrics of both arms, against a loop
that draws the same people and calls scikit-learn (fewer draws, scaled up). Then what a report needs: the intervals of
five metrics and differences, and the p by person. Last confidenceinterval and MLstatkit, where they are installed.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from sklearn import metrics as sk

from shared.arrays import F64
from shared.statistics.intervals import differences, intervals
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions
from shared.statistics.roc_band import person_weights, resampled, strata_of
from shared.statistics.significance import compare, swap_test


def resample(arms: Sequence[Predictions], n_resamples: int, seed: int) -> F64:
    """Draw people and measure; returns (n_arms, n_metrics, n_resamples)."""
    weights = person_weights(strata_of(arms[0]), arms[0].n_subjects, n_resamples, np.random.default_rng(seed))
    return np.array([[resampled(metric, arm, weights) for metric in METRICS] for arm in arms])


def loop(arms: tuple[Predictions, Predictions], n_resamples: int) -> None:
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


def analyse(arms: tuple[Predictions, Predictions]) -> None:
    """Compute what a report prints: intervals of both arms, of the differences, and two tests."""
    fresh = tuple(Predictions(arm.labels, arm.scores, arm.threshold, arm.people) for arm in arms)
    for arm in fresh:
        intervals(arm)
    differences(*fresh)
    for metric in ("accuracy", "roc_auc"):
        compare(metric, *fresh)


def with_confidenceinterval(arm: Predictions, n_resamples: int) -> None:
    """Compute five bootstrap intervals of one arm."""
    import confidenceinterval as other

    labels, decisions = arm.labels.astype(int).tolist(), arm.decisions.astype(int).tolist()
    how = {"method": "bootstrap_percentile", "n_resamples": n_resamples}
    other.accuracy_score(labels, decisions, **how)
    other.ppv_score(labels, decisions, **how)
    other.tpr_score(labels, decisions, **how)
    other.f1_score(labels, decisions, **how)
    other.roc_auc_score(labels, arm.scores.tolist(), **how)


def with_mlstatkit(arms: tuple[Predictions, Predictions], n_resamples: int) -> None:
    """Compute the bootstrap intervals of one arm's F1 and area, and the permutation test of F1."""
    from MLstatkit import Bootstrapping, Permutation_test

    labels = arms[0].labels.astype(int)
    one, other = (1 / (1 + np.exp(-arm.scores)) for arm in arms)
    for metric in ("f1", "roc_auc"):
        Bootstrapping(labels, one, metric, n_bootstraps=n_resamples)
    Permutation_test(labels, one, other, "f1", n_bootstraps=n_resamples)


def seconds(work: Callable[[], object]) -> float:
    """Time the processor, not the clock: other work may run beside."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--loop-resamples", type=int, default=20)
    asked = parser.parse_args()
    rng = np.random.default_rng(7)
    people = np.arange(asked.sequences) % asked.people
    labels = rng.random(asked.sequences) < 0.5
    arms = tuple(Predictions(labels, rng.normal(labels, 1.0), 0.5, people) for _ in range(2))
    loop_s = seconds(lambda: loop(arms, asked.loop_resamples)) * asked.resamples / asked.loop_resamples
    for what, work in (
        (f"{asked.resamples} resamples of five metrics, two arms", lambda: resample(arms, asked.resamples, 1)),
        ("what a report prints: intervals, differences, tests", lambda: analyse(arms)),
    ):
        ours_s = seconds(work)
        print(f"{what}: {ours_s:.3f} s; loop over scikit-learn {loop_s:.0f} s; ratio {loop_s / ours_s:.0f}", flush=True)
    scale = asked.resamples / asked.loop_resamples
    for name, theirs, ours in (
        ("confidenceinterval", lambda: with_confidenceinterval(arms[0], asked.loop_resamples),
         lambda: resample(arms[:1], asked.resamples, 1)),
        ("MLstatkit", lambda: with_mlstatkit(arms, asked.loop_resamples),
         lambda: (resample(arms[:1], asked.resamples, 1), swap_test("f1", *arms, n_resamples=asked.resamples))),
    ):  # fmt: skip
        if importlib.util.find_spec(name):
            theirs_s, ours_s = seconds(theirs) * scale, seconds(ours)
            print(
                f"the same by {name}: {theirs_s:.0f} s; ours {ours_s:.2f} s; ratio {theirs_s / ours_s:.0f}", flush=True
            )


if __name__ == "__main__":
    main()
