"""How often do the 95 % intervals of false alarms a minute hold the truth, in each single setting?

    python tests/simulations/sim_events.py --runs 3000

Settings: 12 to 100 people, 0.5 to 6 false alarms a minute, half a minute or two of each person; all alike, rates that
scatter by 0.7 or 1.5 times their mean (gamma), or a seventh of the people with four times as many; minutes alike or as
Zipf has them. Prints the coverage of each setting that is not within 92.5 to 98.5 %, and how many are.
"""

import argparse
import itertools

import numpy as np
from wild_people import zipf_sizes

from shared.arrays import F64
from tools.evaluator.streams.event_intervals import rate_interval

LEAST, MOST = 0.925, 0.985
SPREADS = ("alike", "sd 0.7", "sd 1.5", "a seventh with 4 times as many")


def draw_rates(spread: str, n_people: int, rng: np.random.Generator) -> F64:
    """Draw rates of people whose mean over endlessly many is 1."""
    if spread == "alike":
        return np.ones(n_people)
    if spread.startswith("sd"):
        squared = float(spread.split()[1]) ** 2
        return rng.gamma(1 / squared, squared, n_people)
    return np.where(rng.random(n_people) < 1 / 7, 4.0, 1.0) / (1 + 3 / 7)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=600, help="draws of a setting (600)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    covered, widths = [], []
    settings = itertools.product((12, 20, 40, 100), (0.5, 2.0, 6.0), (0.5, 2.0), SPREADS, (False, True))
    for n_people, rate, mean_minutes, spread, is_zipf in settings:
        hits, n_above, width = [], 0, []
        for _ in range(options.runs):
            minutes = np.full(n_people, mean_minutes)
            if is_zipf:
                minutes = zipf_sizes(n_people, 10, rng) / 10 * mean_minutes
            events = rng.poisson(rate * draw_rates(spread, n_people, rng) * minutes).astype(np.float64)
            found = rate_interval(events, minutes)
            assert found.low is not None
            assert found.high is not None
            hits.append(found.low <= rate <= found.high)
            n_above += found.low > rate
            width.append((found.high - found.low) / rate)
        covered.append(float(np.mean(hits)))
        widths.append(float(np.median(width)))
        if not LEAST <= covered[-1] <= MOST:
            about = f"{n_people} people, {rate:g} a minute, {mean_minutes:g} minutes, {spread}"
            about += ", Zipf" if is_zipf else ""
            missed = f"({n_above / options.runs:.1%} too high), width {widths[-1]:.1f} times the rate"
            print(f"{covered[-1]:.1%} {missed}: {about}", flush=True)
    is_within = [LEAST <= one <= MOST for one in covered]
    below, above = sum(one < LEAST for one in covered), sum(one > MOST for one in covered)
    print(
        f"{len(covered)} settings of {options.runs} runs: mean {np.mean(covered):.1%}, "
        f"within {np.mean(is_within):.1%}, {below} below, {above} above; "
        f"median width {np.median(widths):.2f} times the rate"
    )


if __name__ == "__main__":
    main()
