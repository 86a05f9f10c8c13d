"""How often do 95 % intervals hold the truth, in each single setting?

    python tests/simulations/sim_coverage.py --runs 400 --people 12 40 --generator beta
    python tests/simulations/sim_coverage.py --runs 400 --generator mixed --again 3000

Goes through settings of people, clips, classes, skill and correlation, and prints for each metric and difference the
coverage: its mean, and the least and the most of a setting. Settings are told apart by how many sequences can tell:
errors for a metric (the rarer of right and wrong), sequences that only one arm gets right for a difference. Beside it
stands what the score interval would cover if it knew the true design effect: few whole errors do not hit 95 %.
"mixed" are the settings of `wild_people.mixed_settings`, with specificity and the intervals of calibration's bins, too.
A setting may be outside of 92.5 to 98.5 %, or just inside, by luck of the draws: --again draws those outside, or
inside by less than 1.5 points, again, so many times.
"""

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from beta_people import BetaWorld, worlds
from people import World, arguments
from wild_people import MixedWorld, mixed_settings

from shared.statistics.calibration import N_BINS, calibration
from shared.statistics.intervals import _tango, difference, interval, wilson
from shared.statistics.metric_names import METRICS
from shared.statistics.predictions import Predictions, part_and_whole

FEW = 6
"""Expected sequences that can tell, below which a setting is reported apart."""
NORMAL = 1.959964
LEAST, MOST = 0.925, 0.985
"""What a setting's coverage should lie within."""
NEAR = 0.015
CALIBRATION, SPECIFICITY = "calibration, all bins", "specificity"
Worlds = World | BetaWorld | MixedWorld


@dataclass
class Found:
    """What one kind of number did in one setting.

    Attributes:
        hits: Whether each interval held the truth.
        above: How many intervals lay wholly above the truth; the other misses lay below.
        widths: Width of each interval.
        without: How many had no interval.
        telling: Sequences that could tell in each run; empty where that is not counted.
        counted: (part, other part, whole) of each run, for the interval that knows the design effect.
    """

    hits: list[bool] = field(default_factory=list)
    above: int = 0
    widths: list[float] = field(default_factory=list)
    without: int = 0
    telling: list[float] = field(default_factory=list)
    counted: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, true: float, low: float | None, high: float | None) -> None:
        """Compare one interval with the truth."""
        if low is None or high is None:
            self.without += 1
            return
        self.hits.append(low - 1e-9 <= true <= high + 1e-9)
        self.above += low - 1e-9 > true
        self.widths.append(high - low)


def bounds(
    arms: tuple[Predictions, Predictions], only: set[str] | None
) -> Iterator[tuple[str, float | None, float | None]]:
    """Give bounds by name: of the baseline's metrics and of the differences."""
    for metric in METRICS:
        if only is None or metric in only:
            found = interval(metric, arms[0])
            yield metric, found.low, found.high
        if only is None or f"difference of {metric}" in only:
            found = difference(metric, *arms)
            yield f"difference of {metric}", found.low, found.high


def more_bounds(
    world: MixedWorld, arm: Predictions, only: set[str] | None
) -> Iterator[tuple[str, float, float | None, float | None]]:
    """Give name, truth and bounds of an arm's specificity, and of the share of positives in each bin of scores."""
    if only is None or SPECIFICITY in only:
        turned = Predictions(~arm.labels, -arm.scores, -arm.threshold, arm.people, arm.sequence_ids)
        found = interval("recall", turned)
        yield SPECIFICITY, world.true()[SPECIFICITY][0], found.low, found.high
    if only is None or CALIBRATION in only:
        true = true_shares(world)
        bins = calibration(arm.labels, arm.scores, people=arm.people, sequence_ids=arm.sequence_ids).bins
        for one in bins:
            yield CALIBRATION, true[round(one.low * N_BINS)], one.interval_low, one.interval_high


@functools.lru_cache(maxsize=1)
def true_shares(world: MixedWorld) -> list[float]:
    """Return the share of positives in each bin, over endlessly many people."""
    arm = world.endless()[0]
    places = np.clip(np.ceil(arm.scores * N_BINS).astype(np.int64) - 1, 0, N_BINS - 1)
    sums = (np.bincount(places, weights, N_BINS) for weights in (arm.labels.astype(np.float64), None))
    with np.errstate(invalid="ignore"):
        return list(np.divide(*sums))


def counted(name: str, arms: tuple[Predictions, Predictions]) -> tuple[float, float, float]:
    """Count what can tell: right, wrong and all of a metric; gained, lost and all of a difference."""
    metric = name.split()[-1]
    if "difference" not in name:
        part, whole = (
            float(one.sum()) for one in part_and_whole("accuracy" if metric == "roc_auc" else metric, arms[0].counts)
        )
        return part, whole - part, whole
    is_counted = arms[0].labels if metric == "recall" else np.ones(arms[0].n, dtype=np.bool_)
    right = [(arm.decisions == arm.labels)[is_counted] for arm in arms]
    return float((right[1] & ~right[0]).sum()), float((right[0] & ~right[1]).sum()), float(is_counted.sum())


def cover(
    world: Worlds, n_runs: int, rng: np.random.Generator, only: set[str] | None = None
) -> dict[str, dict[str, float]]:
    """Return for each name the coverage, the sequences that could tell, and the coverage knowing the effect."""
    truth = world.true()
    found: dict[str, Found] = {}
    for _ in range(n_runs):
        arms = world.draw(rng)
        if isinstance(world, MixedWorld):
            for name, true, low, high in more_bounds(world, arms[0], only):
                if np.isfinite(true):
                    found.setdefault(name, Found()).add(true, low, high)
        for name, low, high in bounds(arms, only):
            baseline, candidate = truth[name.split()[-1]]
            record = found.setdefault(name, Found())
            record.counted.append(counted(name, arms))
            record.add(candidate - baseline if "difference" in name else baseline, low, high)
    return {
        name: {
            "covered": float(np.mean(record.hits)), "n": len(record.hits), "above": record.above / len(record.hits),
            "width": float(np.mean(record.widths)), "without": record.without,
            **({"telling": telling(name, record) / copies(world),
                **with_true_effect(name, record, truth[name.split()[-1]])} if record.counted else {"telling": FEW}),
        }
        for name, record in found.items()
        if record.hits
    }  # fmt: skip


def copies(world: Worlds) -> int:
    """Return how often each sequence is there: of each training that is pooled, and twice where it was copied."""
    return world.n_seeds * (1 + world.is_doubled) if isinstance(world, MixedWorld) else 1


def telling(name: str, found: Found) -> float:
    """Return how many sequences can tell, on average."""
    one, other = np.mean([(pair[0], pair[1]) for pair in found.counted], axis=0).tolist()
    return one + other if "difference" in name else min(one, other)


def with_true_effect(name: str, found: Found, truth: tuple[float, float]) -> dict[str, float]:
    """Cover by a score interval that knows the true design effect; for accuracy and recall, and their differences."""
    if name.split()[-1] not in ("accuracy", "recall"):
        return {}
    one, other, whole = np.array([row for row in found.counted if row[2] > 0]).T
    true = truth[1] - truth[0] if "difference" in name else truth[0]
    if "difference" in name:
        effect = np.var((one - other) / whole) * whole.mean() / ((one + other).sum() / whole.sum() - true**2)
        pairs = [_tango(a / effect, b / effect, n / effect, NORMAL) for a, b, n in zip(one, other, whole, strict=True)]
    else:
        effect = np.var(one / whole) * whole.mean() / (true * (1 - true))
        pairs = [wilson(a / effect, n / effect) for a, n in zip(one, whole, strict=True)]
    return {"with_true_effect": float(np.mean([low - 1e-9 <= true <= high + 1e-9 for low, high in pairs]))}


def summary(rows: list[dict[str, float]]) -> dict[str, float]:
    """Sum settings up."""
    covered = np.array([row["covered"] for row in rows])
    known = [row["with_true_effect"] for row in rows if "with_true_effect" in row]
    return {
        "settings": len(rows), "mean": float(covered.mean()), "least": float(covered.min()),
        "most": float(covered.max()), "below_93": int((covered < 0.93).sum()), "above_97": int((covered > 0.97).sum()),
        "below": int((covered < LEAST).sum()), "above": int((covered > MOST).sum()),
        **({"with_true_effect": float(np.mean(known)), "most_with_true_effect": max(known)} if known else {}),
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=400, people=(12, 40), clips=(2, 10), generators=("normal", "beta", "mixed"))
    parser.add_argument("--settings", type=int, default=0, help="only so many settings, drawn with the seed (all)")
    parser.add_argument(
        "--again", type=int, default=0, help="draw settings not well within 92.5 to 98.5 %% so often again"
    )
    parser.add_argument(
        "--each", action="store_true", help="print the three least covered settings of each number, too"
    )
    parser.add_argument("--cells", type=Path, help="append a line of JSON for each number of each setting to this file")
    parser.add_argument("--only", nargs="+", metavar="NUMBER", help="only these, as 'difference of recall' (all)")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="only each N-th, from K")
    options = parser.parse_args()
    is_beta = options.generator == "beta"
    is_mixed = options.generator == "mixed"
    all_worlds = mixed_settings() if is_mixed else worlds(options.generator, options.people, options.clips)
    order = np.random.default_rng(options.seed + is_beta).permutation(len(all_worlds))
    chosen = sorted(order[: options.settings or None].tolist())[options.part[0] :: options.part[1]]
    by_name: dict[str, list[tuple[dict[str, float], Worlds]]] = {}
    for number in chosen:
        rng = np.random.default_rng([options.seed, number, is_beta])  # a setting gives the same alone and among others
        rows = cover(all_worlds[number], options.runs, rng, set(options.only) if options.only else None)
        doubtful = {name for name, row in rows.items() if not LEAST + NEAR <= row["covered"] <= MOST - NEAR}
        if doubtful and options.again:
            again = cover(all_worlds[number], options.again, np.random.default_rng([options.seed, number, 2]), doubtful)
            rows |= {name: again[name] for name in doubtful & set(again)}
        for name, row in rows.items():
            by_name.setdefault(name, []).append((row, all_worlds[number]))
        if options.cells:
            with options.cells.open("a", encoding="utf-8") as out:
                for name, row in rows.items():
                    about = {"setting": number, "world": str(all_worlds[number]), "name": name}
                    out.write(json.dumps(about | row) + "\n")
    table = {}
    for name, rows in by_name.items():
        parts = {
            "all": [row for row, _ in rows],
            "few": [row for row, _ in rows if row["telling"] < FEW],
            "enough": [row for row, _ in rows if row["telling"] >= FEW],
        }
        table[name] = {part: summary(found) for part, found in parts.items() if found}
    if options.json:
        print(json.dumps(table))
        return
    print(
        f"{len(chosen)} settings of {options.runs} runs, "
        f"{options.people} {options.generator} people of {options.clips} clips",
        flush=True,
    )
    for name, parts in table.items():
        for part, row in parts.items():
            known = f"; knowing the effect {row['with_true_effect']:.1%}" if "with_true_effect" in row else ""
            print(
                f"{name:24} {part:7} {row['settings']:3} {row['mean']:.1%} ({row['least']:.1%} to {row['most']:.1%}), "
                f"below 93 %: {row['below_93']}, above 97 %: {row['above_97']}; "
                f"below 92.5 %: {row['below']}, above 98.5 %: {row['above']}{known}"
            )
        if options.each:
            for row, world in sorted(by_name[name], key=lambda pair: pair[0]["covered"])[:3]:
                print(f"    {row['covered']:.1%} {world}")


if __name__ == "__main__":
    main()
