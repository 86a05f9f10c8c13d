"""Does the promised number of clips give the promised power of 80 %?

    python tests/benchmarks/sim_power.py --runs 1000

For each setting the true disagreement and correlation come from one huge test set; test sets as planned are drawn again
and again, and the share of those test sets with p < 0.05 by person is printed. With --pilot N each
plan comes from a pilot of N people instead, as in life.
"""

import argparse
import dataclasses
import json

import numpy as np
from people import World, arguments, draw

from shared.power import disagreement, plan
from shared.significance import swap_test

SETTINGS = (
    World(signal=(1.0, 1.5), shift=0.0, clearness=0.0, clips=(1, 1)),
    World(signal=(1.0, 1.4), shift=0.0, clearness=0.0, clips=(4, 4)),
    World(signal=(1.2, 1.8), shift=0.1, clearness=0.2, clips=(5, 5)),
    World(signal=(1.2, 1.6), shift=0.1, clearness=0.2, clips=(2, 10)),
    World(signal=(1.2, 2.2), shift=0.0, clearness=0.4, clips=(2, 10)),
    World(signal=(2.0, 3.0), shift=0.2, clearness=0.2, clips=(8, 8), shared=0.3),
    World(signal=(1.6, 2.0), shift=0.3, clearness=0.0, clips=(2, 2), shared=0.8),
)


def power_of(world: World, asked: argparse.Namespace, rng: np.random.Generator) -> dict[str, float]:
    """Return the promised people and clips, and the share of such test sets that find the difference."""
    truth = disagreement(*draw(dataclasses.replace(world, n_people=20_000), rng))
    baseline, candidate = world.true()["accuracy"]
    truth = dataclasses.replace(truth, difference=candidate - baseline)
    found, promised = 0, plan(truth, margin=0.02)
    if promised is None:
        raise SystemExit(f"no plan for {world}")
    people = []
    for _ in range(asked.runs):
        n_people = promised.n_subjects
        if asked.pilot:
            pilot = plan(disagreement(*draw(dataclasses.replace(world, n_people=asked.pilot), rng)))
            n_people = n_people if pilot is None else pilot.n_subjects
        people.append(n_people)
        p = swap_test("accuracy", *draw(dataclasses.replace(world, n_people=n_people), rng)).p
        found += int(p is not None and p < 0.05)
    return {
        "difference": truth.difference, "disagreement": truth.share, "correlation": truth.correlation,
        "people": float(np.median(people)), "clips": promised.n_sequences, "power": found / asked.runs,
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=1000, people=None, clips=None)
    parser.add_argument("--pilot", type=int, default=0, help="plan from pilots of so many people")
    parser.add_argument("--only", type=int, nargs="*", help="settings by number from 0")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    rows = [power_of(world, asked, rng) for i, world in enumerate(SETTINGS) if not asked.only or i in asked.only]
    if asked.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(", ".join(f"{name} {value:.3g}" for name, value in row.items()))


if __name__ == "__main__":
    main()
