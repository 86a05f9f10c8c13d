"""Is the honest figure honest, and the gap to the flattering one unbiased?

    python tests/simulations/sim_threshold.py --runs 1000 --people 16 --clips 5 --generator beta

Each run draws people, scores them, and measures balanced accuracy at Youden's threshold: chosen on the same people
(the flattering figure), and chosen for each of five folds of people on the others (the honest one). The truth is what
the honest thresholds reach on endlessly many people. The honest figure should meet it; the gap between the two figures
should meet the gap between the flattering figure and the truth.
"""

import argparse
import json

import numpy as np
from beta_people import BetaWorld
from people import World, arguments

from shared.arrays import F64, Bool
from shared.statistics.metrics import roc_curve, youden

N_FOLDS = 5


def chosen(labels: Bool, scores: F64) -> float:
    """Return Youden's decision threshold."""
    roc = roc_curve(labels, scores)
    if roc is None:
        raise SystemExit("a fold without one of the classes: ask for more people or clips")
    return youden(roc).decision_threshold


def balanced(labels: Bool, decisions: Bool) -> float:
    """Return the mean of recall and specificity."""
    return float(decisions[labels].mean() + (~decisions[~labels]).mean()) / 2


def once(world: World | BetaWorld, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the flattering, the honest and the true balanced accuracy of one test set."""
    arm = world.draw(rng)[0]
    folds = rng.permutation(world.n_people)[arm.people] % N_FOLDS
    flattering = balanced(arm.labels, arm.scores > chosen(arm.labels, arm.scores))
    decisions = np.zeros(arm.n, dtype=np.bool_)
    true = 0.0
    for fold in range(N_FOLDS):
        inside = folds == fold
        threshold = chosen(arm.labels[~inside], arm.scores[~inside])
        decisions[inside] = arm.scores[inside] > threshold
        true += world.balanced_at(threshold) * inside.mean()
    return flattering, balanced(arm.labels, decisions), true


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=1000, people=None, clips=None)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--signal", type=float, default=0.58, help="0.58 is an AUC of 0.66")
    parser.add_argument("--hits", type=float, default=0.6, help="of beta people, one less the false alarms (0.6)")
    options: argparse.Namespace = parser.parse_args()
    clips = (options.clips, options.clips)
    world: World | BetaWorld = World(options.people, clips, (options.signal, options.signal))
    if options.generator == "beta":
        world = BetaWorld(options.people, clips, (options.hits, options.hits), (1 - options.hits, 1 - options.hits))
    rng = np.random.default_rng(options.seed)
    figures = np.array([once(world, rng) for _ in range(options.runs)])
    flattering, honest, true = figures.mean(axis=0)
    error = float((figures[:, 1] - figures[:, 2]).std() / np.sqrt(options.runs))
    found = {
        "flattering": flattering, "honest": honest, "true": true, "gap": flattering - honest,
        "true_gap": flattering - true, "bias": honest - true, "standard_error": error,
    }  # fmt: skip
    if options.json:
        print(json.dumps(found))
    else:
        print(", ".join(f"{name} {value:.4f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
