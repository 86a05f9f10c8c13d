"""How often does the verdict say "better" or "worse" where there is no difference?

    python tests/simulations/sim_verdict.py --runs 2000 --generator beta

Each run draws a number of people from --people, each with a number of clips from --clips, correlated within people by
one of several strengths, and two arms that are alike. Prints one line, or JSON with --json.
"""

import argparse
import collections
import json

import numpy as np
from beta_people import alike_arms
from people import arguments

from tools.reporter.ab.verdict import decide


def simulate(options: argparse.Namespace) -> dict[str, float]:
    """Return the share of each word, and of p < 0.05."""
    rng = np.random.default_rng(options.seed)
    words: collections.Counter[str] = collections.Counter()
    for run in range(options.runs):
        n_people = int(rng.integers(options.people[0], options.people[1] + 1))
        world = alike_arms(options.generator, n_people, options.clips, run)
        verdict = decide(*world.draw(rng), primary=options.primary, margin=options.margin)
        words[str(verdict.word)] += 1
        words["p < 0.05"] += int(verdict.test.p is not None and verdict.test.p < 0.05)
    return {word: count / options.runs for word, count in sorted(words.items())}


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=2000, people=(8, 40), clips=(2, 10))
    parser.add_argument("--primary", default="accuracy")
    parser.add_argument("--margin", type=float, default=0.05)
    options = parser.parse_args()
    found = simulate(options)
    wrong = found.get("better", 0.0) + found.get("worse", 0.0)
    if options.json:
        print(json.dumps({"wrong": wrong, **found}))
    else:
        shares = ", ".join(f"{word} {share:.1%}" for word, share in found.items())
        print(
            f"{options.runs} pairs without a difference, {options.generator} people: "
            f"better or worse {wrong:.2%} ({shares})"
        )


if __name__ == "__main__":
    main()
