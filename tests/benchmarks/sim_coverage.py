"""How often do 95 % intervals hold the truth?

    python tests/benchmarks/sim_coverage.py --runs 400 --people 12 40

Goes through settings of people, clips, skill and correlation, and prints for each metric and difference the coverage
over all settings and the worst ones; for comparison that of the percentile bootstrap over people.
"""

import argparse
import itertools
import json

import numpy as np
from people import World, arguments, draw

from shared.answers import METRICS, Answers
from shared.bootstrap import resample
from shared.intervals import difference, interval

SIGNALS = ((0.8, 1.2), (1.6, 1.6), (2.2, 2.6))
STRENGTHS = ((0.0, 0.0), (0.15, 0.15), (0.3, 0.3))


def settings(asked: argparse.Namespace) -> list[World]:
    """List the worlds: fewest and most people, few, many and mixed clips, skills, correlations."""
    few, many = asked.clips
    people = sorted({asked.people[0], round((asked.people[0] * asked.people[1]) ** 0.5), asked.people[1]})
    return [
        World(n_people, clips, signal, *strength, positive_share=share)
        for n_people, clips, signal, strength, share in itertools.product(
            people, sorted({(few, few), (few, many), (many, many)}), SIGNALS, STRENGTHS, (None, 0.5)
        )
    ]


def bounds(arms: tuple[Answers, Answers], n_resamples: int) -> dict[str, tuple[float | None, float | None]]:
    """Return bounds by name: of the baseline's metrics, of the differences, and of the bootstrap's."""
    found = {}
    for metric in METRICS:
        one, other = interval(metric, arms[0]), difference(metric, *arms)
        found[metric], found[f"difference of {metric}"] = (one.low, one.high), (other.low, other.high)
    if n_resamples:
        drawn, both = resample(arms[:1], n_resamples, 1), resample(arms, n_resamples, 1)
        for metric in ("accuracy", "recall", "roc_auc"):
            found[f"bootstrap {metric}"] = drawn.percentiles(metric) or (None, None)
            found[f"bootstrap difference of {metric}"] = both.percentiles(metric) or (None, None)
    return found


def coverage(world: World, asked: argparse.Namespace, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of defined intervals that hold the truth."""
    truth = world.true()
    hits: dict[str, list[bool]] = {}
    for _ in range(asked.runs):
        for name, (low, high) in bounds(draw(world, rng), asked.resamples).items():
            baseline, candidate = truth[name.split()[-1]]
            true = candidate - baseline if "difference" in name else baseline
            if low is not None and high is not None:
                hits.setdefault(name, []).append(low - 1e-9 <= true <= high + 1e-9)
    return {name: float(np.mean(found)) for name, found in hits.items()}


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=400, people=(12, 40), clips=(2, 10))
    parser.add_argument("--resamples", type=int, default=0, help="also of the percentile bootstrap")
    parser.add_argument("--every", type=int, default=1, help="only each n-th setting")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    by_name: dict[str, list[float]] = {}
    worlds = settings(asked)[:: asked.every]
    for world in worlds:
        for name, share in coverage(world, asked, rng).items():
            by_name.setdefault(name, []).append(share)
    table = {
        name: {
            "mean": float(np.mean(shares)), "least": min(shares), "most": max(shares),
            "below_93": sum(share < 0.93 for share in shares), "above_97": sum(share > 0.97 for share in shares),
        }
        for name, shares in by_name.items()
    }  # fmt: skip
    if asked.json:
        print(json.dumps(table))
        return
    print(f"{len(worlds)} settings of {asked.runs} runs, {asked.people} people, {asked.clips} clips")
    for name, row in table.items():
        print(
            f"{name:32} {row['mean']:.1%} ({row['least']:.1%} to {row['most']:.1%}), "
            f"below 93 %: {row['below_93']}, above 97 %: {row['above_97']}"
        )


if __name__ == "__main__":
    main()
