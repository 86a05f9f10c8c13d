"""How should two approaches be averaged: what does each rule lose against the best weights, and against the better one?

    python tests/simulations/sim_fusion.py --runs 200

Each run draws validation people and the logits of two arms, one of them stretched and shifted (networks are rarely
calibrated), learns a combination by each rule, and computes what it reaches on endlessly many people, which is known
exactly for normal evidence: balanced accuracy at the threshold that `shared.statistics.thresholds` chooses on the same
validation people. Printed are points lost against the best possible weights and threshold, the mean over settings of
each number of people; "crossed" chooses the threshold on scores of combinations that have not seen the person.
"""

import json
from collections import defaultdict

import numpy as np
from people import World, arguments
from scipy import special, stats

from shared.arrays import F64, Bool
from shared.statistics import thresholds
from tools.evaluator.fusion import Combination, combine, logits_of

PEOPLE = (5, 10, 20, 40, 100, 300)
SIGNALS = ((2.0, 2.0), (1.4, 2.2), (0.8, 2.4), (2.8, 3.2))
SHARED = (0.2, 0.6, 0.9)
CLIPS = ((1, 1), (2, 8))
STRETCH = ((1.0, 0.0), (3.0, 1.5), (0.3, -0.5))
PULLS = (0.0, 0.1, 0.3, 1.0, 3.0, 1e6)
N_FOLDS = 5


def reached(world: World, weights: F64, at: float) -> float:
    """Balanced accuracy, over endlessly many people, of weights on the evidence and a threshold of their sum."""
    spread = np.sqrt(weights @ np.array([[1, world.shared], [world.shared, 1]]) @ weights)
    half = weights @ np.array(world.signal) / 2
    return float(stats.norm.cdf((half - at) / spread) + stats.norm.cdf((half + at) / spread)) / 2


def best(world: World) -> float:
    """What the best weights reach."""
    weights = np.linalg.solve(np.array([[1, world.shared], [world.shared, 1]]), np.array(world.signal))
    return (
        reached(world, np.maximum(weights, 0), 0.0) if weights.min() >= 0 else reached(world, np.array([0.0, 1.0]), 0)
    )


def crossed_scores(
    labels: Bool, logits: dict[str, F64], people: list[str], pull: float, rng: np.random.Generator
) -> F64:
    """Score each person by a combination that was learned on the others."""
    names = sorted(set(people))
    fold_of = dict(zip(names, rng.permutation(len(names)) % min(N_FOLDS, len(names)), strict=True))
    folds = np.array([fold_of[name] for name in people])
    scores = np.zeros(labels.size)
    for fold in set(folds.tolist()):
        inside = folds == fold
        others = {name: values[~inside] for name, values in logits.items()}
        known = [who for who, is_in in zip(people, inside, strict=True) if not is_in]
        found = combine(labels[~inside], others, known, dict.fromkeys(logits, 0.5), pull)
        scores[inside] = found.score({name: values[inside] for name, values in logits.items()})
    return scores


def lost(
    world: World, found: Combination, scores: F64, labels: Bool, people: list[str], stretch: tuple[float, float]
) -> float:
    """Choose a threshold and say how far behind the best the combination stays, in points."""
    chosen = thresholds.choose(labels, scores, people, thresholds.Objective("youden"))
    at = float(logits_of(np.array([0.5 if chosen is None else chosen.value]))[0])
    # The second arm's logit is stretch[0] x evidence + stretch[1].
    weights = np.array([found.weights["one"], found.weights["other"] * stretch[0]])
    if not weights.any():
        return 100 * (best(world) - 0.5)
    return 100 * (best(world) - reached(world, weights, at - found.offset - found.weights["other"] * stretch[1]))


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=20, people=None, clips=None)
    options = parser.parse_args()
    thresholds.N_RESAMPLES = 2  # their intervals are not looked at
    rng = np.random.default_rng(options.seed)
    table: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for n_people in PEOPLE:
        for signal in SIGNALS:
            for shared in SHARED:
                for clips in CLIPS:
                    for stretch in STRETCH:
                        world = World(n_people, clips, signal, shared=shared)
                        for _ in range(options.runs):
                            run(world, stretch, n_people, rng, table)
    means = {rule: {n: float(np.mean(found)) for n, found in by_n.items()} for rule, by_n in table.items()}
    if options.json:
        print(json.dumps(means))
        return
    print(f"{'points lost, people:':<24}" + "".join(f"{n:>8}" for n in PEOPLE))
    for rule, by_n in means.items():
        print(f"{rule:<24}" + "".join(f"{by_n[n]:>8.2f}" for n in PEOPLE))


def run(
    world: World, stretch: tuple[float, float], n_people: int, rng: np.random.Generator,
    table: dict[str, dict[int, list[float]]],
) -> None:  # fmt: skip
    """Draw validation people and learn by each rule."""
    one, other = world.draw(rng)
    if one.labels.all() or not one.labels.any():
        return
    people = [f"s{number}" for number in one.people]
    logits = {"one": one.scores, "other": stretch[0] * other.scores + stretch[1]}
    middles = dict.fromkeys(logits, 0.5)

    def note(rule: str, found: Combination, scores: F64) -> None:
        table[rule][n_people].append(lost(world, found, scores, one.labels, people, stretch))

    for name in logits:
        alone = Combination({**dict.fromkeys(logits, 0.0), name: 1.0}, 0.0, is_learned=False)
        note(f"{name} alone", alone, special.expit(logits[name]))
    raw = Combination({"one": 0.5, "other": 0.5}, 0.0, is_learned=False)
    note("mean of raw logits", raw, raw.score(logits))
    for pull in PULLS:
        found = combine(one.labels, logits, people, middles, pull)
        note(f"pull {pull:g}", found, found.score(logits))
        if pull == 0.0:
            note(f"pull {pull:g}, crossed", found, crossed_scores(one.labels, logits, people, pull, rng))


if __name__ == "__main__":
    main()
