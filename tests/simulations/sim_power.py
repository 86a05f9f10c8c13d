"""Does the promised number of clips give the promised power of 80 %?

    python tests/simulations/sim_power.py --runs 1000 --primary recall --generator beta

For each setting the true disagreement and correlation come from one huge test set; test sets as planned are drawn again
and again, and the share of those test sets with p < 0.05 by person is printed. With --pilot N each plan comes from a
pilot of N people instead, as in life.
"""

import argparse
import dataclasses
import json

import numpy as np
from beta_people import BetaWorld
from people import World, arguments

from shared.statistics.power import Plan, disagreement, plan, plan_auc, plan_for
from shared.statistics.significance import compare

MARGIN = 0.02
SETTINGS: dict[str, tuple[World | BetaWorld, ...]] = {
    "normal": (
        World(signal=(1.0, 1.5), shift=0.0, clearness=0.0, clips=(1, 1)),
        World(signal=(1.0, 1.4), shift=0.0, clearness=0.0, clips=(4, 4)),
        World(signal=(1.2, 1.8), shift=0.1, clearness=0.2, clips=(5, 5)),
        World(signal=(1.2, 1.6), shift=0.1, clearness=0.2, clips=(2, 10)),
        World(signal=(1.2, 2.2), shift=0.0, clearness=0.4, clips=(2, 10)),
        World(signal=(2.0, 3.0), shift=0.2, clearness=0.2, clips=(8, 8), shared=0.3),
        World(signal=(1.6, 2.0), shift=0.3, clearness=0.0, clips=(2, 2), shared=0.8),
    ),
    "beta": (
        BetaWorld(hits=(0.70, 0.80), alarms=(0.30, 0.24), alike=0.0, clips=(1, 1)),
        BetaWorld(hits=(0.70, 0.78), alarms=(0.30, 0.24), alike=0.0, clips=(4, 4)),
        BetaWorld(hits=(0.72, 0.82), alarms=(0.28, 0.20), alike=0.15, link="shift", clips=(5, 5)),
        BetaWorld(hits=(0.72, 0.80), alarms=(0.28, 0.22), alike=0.2, link="clear", clips=(2, 10)),
        BetaWorld(hits=(0.70, 0.85), alarms=(0.30, 0.15), alike=0.4, link="free", clips=(2, 10)),
        BetaWorld(hits=(0.85, 0.93), alarms=(0.15, 0.08), alike=0.4, link="shift", clips=(8, 8), shared=0.3),
        BetaWorld(hits=(0.75, 0.83), alarms=(0.25, 0.20), alike=0.15, link="free", clips=(2, 2), shared=0.8),
    ),
}


def true_plan(world: World | BetaWorld, primary: str, rng: np.random.Generator) -> Plan | None:
    """Plan as if everything were known of the people."""
    huge = dataclasses.replace(world, n_people=40_000).draw(rng)
    if primary == "roc_auc":
        return plan_auc(*huge, MARGIN)
    found = disagreement(*huge, primary)
    if found is None:
        return None
    baseline, candidate = world.true()[primary]
    return plan(dataclasses.replace(found, difference=candidate - baseline), MARGIN)


def power_of(world: World | BetaWorld, options: argparse.Namespace, rng: np.random.Generator) -> dict[str, float]:
    """Return the promised people and clips, and the share of such test sets that find the difference."""
    promised = true_plan(world, options.primary, rng)
    if promised is None:
        raise SystemExit(f"no plan for {world}")
    found, people = 0, []
    for _ in range(options.runs):
        n_people = promised.n_subjects
        if options.pilot:
            pilot = plan_for(options.primary, *dataclasses.replace(world, n_people=options.pilot).draw(rng))
            n_people = n_people if pilot is None else pilot.n_subjects
        people.append(n_people)
        p = compare(options.primary, *dataclasses.replace(world, n_people=n_people).draw(rng)).p
        found += int(p is not None and p < 0.05)
    return {
        "difference": promised.target, "people": float(np.median(people)), "clips": promised.n_sequences,
        "power": found / options.runs,
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=1000, people=None, clips=None)
    parser.add_argument("--primary", choices=("accuracy", "recall", "roc_auc"), default="accuracy")
    parser.add_argument("--pilot", type=int, default=0, help="plan from pilots of so many people")
    parser.add_argument("--only", type=int, nargs="*", help="settings by number from 0")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    settings = SETTINGS[options.generator]
    rows = [power_of(world, options, rng) for i, world in enumerate(settings) if not options.only or i in options.only]
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(", ".join(f"{name} {value:.3g}" for name, value in row.items()))


if __name__ == "__main__":
    main()
