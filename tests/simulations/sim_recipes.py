"""How often are two alike recipes called different because their trainings were lucky, with several seeds pooled?

    python tests/simulations/sim_recipes.py --runs 300 --seeds 3 --people 100 300

Each training of a recipe has a skill of its own (--luck, standard deviation as a logit); with --folds each fold has.
Prints the verdict's false claims, the share of p < 0.05 over people alone, and how often the interval holds 0.
"""

import argparse
import json

import numpy as np
from people import arguments
from scipy import special

from shared.statistics.intervals import difference
from shared.statistics.predictions import Predictions
from shared.statistics.significance import swap_test
from tools.reporter.ab.verdict import Word, decide

N_CLIPS = 5


def draw(n_people: int, options: argparse.Namespace, rng: np.random.Generator) -> list[Predictions]:
    """Draw both recipes' predictions of all seeds."""
    people = np.tile(np.repeat(np.arange(n_people), N_CLIPS), options.seeds)
    n = n_people * N_CLIPS
    labels = np.tile(rng.random(n) < 0.5, options.seeds)
    hard = np.tile(rng.standard_normal(n), options.seeds)
    level, arms = 1.2 + 0.8 * rng.standard_normal(n_people), 0.4 * rng.standard_normal((2, n_people))
    seed = np.repeat(np.arange(options.seeds), n)
    luck = options.luck * rng.standard_normal((2, options.seeds, options.folds))[:, seed, people % options.folds]
    luck[1] += options.gain
    right = rng.random((2, n * options.seeds)) < special.expit((level + arms)[:, people] + luck - hard)
    scores = np.where(right == labels, 0.8, 0.2)
    ids = tuple(f"q{i % n}" + (f"@{i // n + 1}" if i >= n else "") for i in range(n * options.seeds))
    return [Predictions(labels, one, 0.5, people, ids) for one in scores]


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=300, people=None, clips=None)
    parser.add_argument("--people", type=int, nargs="+", default=[20, 100, 300])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--luck", type=float, default=0.15)
    parser.add_argument("--gain", type=float, default=0.0, help="of the candidate, as a logit")
    options = parser.parse_args()
    rng, rows = np.random.default_rng(options.seed), {}
    for n_people in options.people:
        claimed, alone, covered = [], [], []
        for _ in range(options.runs):
            arms = draw(n_people, options, rng)
            claimed.append(decide(*arms, protected=None).word in (Word.BETTER, Word.WORSE))
            alone.append((swap_test("accuracy", *arms).p or 1.0) < 0.05)
            found = difference("accuracy", *arms)
            covered.append(found.low is not None and found.high is not None and found.low <= 0 <= found.high)
        rows[n_people] = {
            "claims": float(np.mean(claimed)), "over people alone": float(np.mean(alone)),
            "interval holds 0": float(np.mean(covered)),
        }  # fmt: skip
    if options.json:
        print(json.dumps(rows))
        return
    for n_people, row in rows.items():
        print(f"{n_people} people: " + ", ".join(f"{what} {value:.1%}" for what, value in row.items()))


if __name__ == "__main__":
    main()
