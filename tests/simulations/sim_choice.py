"""How often is one of several approaches called better than another where there is no difference?

    python tests/simulations/sim_choice.py --runs 1000 --approaches 6

Each run draws people with clips, correlated within people, and approaches that are alike; the floor (always the larger
class) stands beside them. With --signal 0 nobody is better than the floor either. Counts any false "better" of the
rule, which corrects over all pairs, and of a rule that corrects the leader's own comparisons only. Prints one line, or
JSON with --json.
"""

import argparse
import json

import numpy as np
from people import arguments, lay_out

from shared.statistics.intervals import intervals
from shared.statistics.predictions import Predictions
from shared.statistics.significance import compare, holm
from tools.reporter.approaches.choice import Offer, choose

STRENGTHS = ((0.0, 0.0), (0.15, 0.1), (0.4, 0.2))
SHARED = (0.0, 0.5, 0.8)


def draw(options: argparse.Namespace, number: int, rng: np.random.Generator) -> list[Predictions]:
    """Draw the answers of approaches that are alike; run `number` decides how alike the clips of a person are."""
    n_people = int(rng.integers(options.people[0], options.people[1] + 1))
    labels, people = lay_out(n_people, tuple(options.clips), None, rng)
    (shift, clear), shared = STRENGTHS[number % 3], SHARED[number // 3 % 3]
    side = np.where(labels, 1.0, -1.0)

    def part(variance: float, size: int) -> np.ndarray:
        own, common = rng.standard_normal((options.approaches, size)), rng.standard_normal(size)
        return np.sqrt(variance) * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)

    scores = options.signal / 2 * side + side * part(clear, n_people)[:, people] + part(shift, n_people)[:, people]
    scores = scores + part(1 - shift - clear, people.size)
    return [Predictions(labels, one, 0.0, people) for one in scores]


def simulate(options: argparse.Namespace) -> dict[str, float]:
    """Return the share of runs with a false claim by each rule, and with a recommendation at all."""
    rng = np.random.default_rng(options.seed)
    counts = {"false claim": 0, "false claim if only the leader is corrected for": 0, "recommends": 0}
    for run in range(options.runs):
        arms = draw(options, run, rng)
        first = arms[0]
        floor = Predictions(first.labels, np.zeros(first.n), 0.0, first.people)
        offers = [Offer(f"a{k}", arm, intervals(arm), k > 0, 1000 + k, 1.0) for k, arm in enumerate(arms)]
        found = choose(
            [*offers, Offer("floor", floor, intervals(floor), False, 0, 0.0)], "floor", primary=options.primary
        )
        false = [
            pair for pair in found.pairs.values() if pair.better and (options.signal == 0 or "floor" not in pair.other)
        ]
        counts["false claim"] += bool(false)
        counts["recommends"] += found.recommended is not None
        best = max(range(len(arms)), key=lambda k: found.values[f"a{k}"].value or 0.0)
        others = [arm for k, arm in enumerate(arms) if k != best]
        tests = [compare(options.primary, other, arms[best]).p for other in others]
        own = holm([1.0 if p is None else p for p in tests])
        counts["false claim if only the leader is corrected for"] += min(own) < 0.05
    return {name: count / options.runs for name, count in counts.items()}


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=1000, people=(12, 40), clips=(2, 8))
    parser.add_argument("--approaches", type=int, default=6)
    parser.add_argument("--signal", type=float, default=1.6, help="distance of the classes; 0 is chance (1.6)")
    parser.add_argument("--primary", default="accuracy")
    options = parser.parse_args()
    found = simulate(options)
    if options.json:
        print(json.dumps(found))
    else:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
        print(f"{options.runs} times {options.approaches} approaches alike, signal {options.signal:g}: {shares}")


if __name__ == "__main__":
    main()
