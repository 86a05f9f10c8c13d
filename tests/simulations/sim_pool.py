"""Do pooled folds keep what they promise, though each fold's model has a scale of its own?

    python tests/simulations/sim_pool.py --runs 300 --people 20 --generator beta

Each run draws people into folds. Each fold and arm has a model of its own: the same evidence, stretched and shifted by
chance, as trainings from other people and seeds are, and a threshold that Youden chose on a third of the other people.
Scores are aligned and put together as `evaluator pool` does it. The truth is what these very models reach on very many
people: the accuracy over all folds, the area of all aligned scores, and beside it the mean area of the folds, which
pooling cannot see. The two arms see as well as each other; a claim is false where it is not even true of these models,
whose thresholds differ by chance.
"""

import argparse
import dataclasses
import json
from dataclasses import dataclass

import numpy as np
from beta_people import BetaWorld
from people import World, arguments

from shared.arrays import F64
from shared.statistics.intervals import difference, interval
from shared.statistics.metrics import roc_curve, youden
from shared.statistics.predictions import Predictions, place
from shared.statistics.thresholds import align
from tools.reporter.ab.verdict import Word, decide

HUGE = 4_000
METRICS = ("accuracy", "recall", "roc_auc")


@dataclass(frozen=True)
class Model:
    """A fold's model: a scale of its own and a threshold on it."""

    stretch: float
    shift: float
    threshold: float = 0.5

    def score(self, evidence: F64) -> F64:
        """Put evidence on this model's scale from 0 to 1."""
        return np.asarray(1 / (1 + np.exp(-(self.stretch * evidence + self.shift))))

    def aligned(self, evidence: F64) -> F64:
        """Score as pooled results hold it; many at once as `align` does one."""
        scores = self.score(evidence)
        if scores.size < 1000:
            return np.array([align(score, self.threshold) for score in scores.tolist()])
        above = 0.5 + 0.5 * (scores - self.threshold) / (1 - self.threshold)
        return np.where(scores > self.threshold, above, 0.5 * scores / self.threshold)


def evidence_of(world: World | BetaWorld, arm: Predictions) -> F64:
    """Give scores without bounds: those of beta people lie from 0 to 1."""
    if isinstance(world, World):
        return arm.scores
    inside = np.clip(arm.scores, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(inside / (1 - inside)) / 3)


def train(evidence: F64, arm: Predictions, people: list[int], uneven: float, rng: np.random.Generator) -> Model:
    """Draw a scale, and choose its threshold on people who are not tested with it."""
    model = Model(float(np.exp(rng.normal(0, uneven))) * 2, float(rng.normal(0, uneven)) * 2)
    inside = np.isin(arm.people, people)
    roc = roc_curve(arm.labels[inside], model.score(evidence[inside]))
    return model if roc is None else dataclasses.replace(model, threshold=min(0.99, youden(roc).decision_threshold))


def once(world: World | BetaWorld, options: argparse.Namespace, rng: np.random.Generator) -> dict[str, float]:
    """Return coverage of each number, the word, and by how much the pooled area lies below the mean of the folds'."""
    arms = world.draw(rng)
    huge = dataclasses.replace(world, n_people=HUGE).draw(rng)
    fold_of = rng.permutation(world.n_people) % options.folds
    pooled = []
    true: list[dict[str, float]] = []
    of_folds = []
    for arm, many in zip(arms, huge, strict=True):
        evidence, far = evidence_of(world, arm), evidence_of(world, many)
        scores, far_scores = np.zeros(arm.n), []
        areas = []
        for fold in range(options.folds):
            others = np.flatnonzero(fold_of != fold)
            validation = rng.permutation(others)[: max(3, others.size // 3)].tolist()
            model = train(evidence, arm, validation, options.uneven, rng)
            is_tested = fold_of[arm.people] == fold
            scores[is_tested] = model.aligned(evidence[is_tested])
            tested = many.people % options.folds == fold  # each fold's model sees its share of the very many
            far_scores.append((np.flatnonzero(tested), model.aligned(far[tested])))
            placed = place(many.labels[tested], far[tested])
            areas.append(placed.auc if placed else np.nan)
        everything = np.zeros(many.n)
        for where, aligned in far_scores:
            everything[where] = aligned
        pooled.append(Predictions(arm.labels, scores, 0.5, arm.people))
        limit = Predictions(many.labels, everything, 0.5, many.people)
        placed = limit.placements
        right = limit.decisions == limit.labels
        true.append({
            "accuracy": float(right.mean()), "recall": float(right[limit.labels].mean()),
            "roc_auc": placed.auc if placed else np.nan,
        })  # fmt: skip
        of_folds.append(float(np.mean(areas)) - true[-1]["roc_auc"])
    found: dict[str, float] = {"area lost by pooling": float(np.mean(of_folds))}
    for metric in METRICS:
        one, both = interval(metric, pooled[0]), difference(metric, *pooled)
        if one.low is not None and one.high is not None:
            found[metric] = float(one.low <= true[0][metric] <= one.high)
        if both.low is not None and both.high is not None:
            found[f"difference of {metric}"] = float(both.low <= true[1][metric] - true[0][metric] <= both.high)
    change = {metric: true[1][metric] - true[0][metric] for metric in METRICS}
    for metric in ("accuracy", "roc_auc"):
        verdict = decide(pooled[0], pooled[1], primary=metric)
        dropped = verdict.because == "protected_dropped"
        is_true = change["recall"] < -verdict.margin if dropped else change[metric] < 0
        found[f"claims by {metric}"] = float(verdict.word in (Word.BETTER, Word.WORSE))
        found[f"false claims by {metric}"] = float(
            (verdict.word is Word.BETTER and change[metric] <= 0) or (verdict.word is Word.WORSE and not is_true)
        )
    return found


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=300, people=None, clips=(2, 10))
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--uneven", type=float, default=0.5, help="how much the scales of folds differ (0.5)")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    world: World | BetaWorld = World(options.people, tuple(options.clips), (1.6, 1.6))
    if options.generator == "beta":
        world = BetaWorld(options.people, tuple(options.clips), alike=0.2, link="shift")
    rows = [once(world, options, rng) for _ in range(options.runs)]
    table = {name: float(np.mean([row[name] for row in rows if name in row])) for name in rows[0]}
    if options.json:
        print(json.dumps(table))
        return
    print(
        f"{options.generator} people, {options.people} of {options.clips} clips, "
        f"{options.folds} folds, {options.runs} runs:"
    )
    print(", ".join(f"{name} {value:.1%}" for name, value in table.items()))


if __name__ == "__main__":
    main()
