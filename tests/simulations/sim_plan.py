"""Do the chances that a plan prints come true?

    python tests/simulations/sim_plan.py --runs 300 --pilot 20

True differences are drawn anew in each run (`--spread` standard deviation of the candidate's gain, as a logit; 0 for
none; then the chances without a true difference are held against what came). Each pilot that cannot tell is extended to
the planned people, and to both ends of the range. Prints the mean chance of each word that was printed beforehand, and
how often it came.
"""

import argparse
import collections
import dataclasses
import json

import numpy as np
from people import arguments
from wild_people import WildWorld, first_people

from tools.reporter.ab.looks import AT_LARGEST, FIRST
from tools.reporter.ab.outlook import WORDS, chance_of_margin
from tools.reporter.ab.verdict import Word, decide


def simulate(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Return what was printed and what came, by word and end of the range."""
    rng = np.random.default_rng(options.seed)
    printed: dict[str, list[float]] = collections.defaultdict(list)
    came: dict[str, list[float]] = collections.defaultdict(list)
    for _ in range(options.runs):
        gain = options.spread * rng.standard_normal()
        world = WildWorld(n_people=options.most, gain=gain, is_zipf=options.zipf)
        everybody = world.draw(rng)
        pilot = [first_people(arm, options.pilot) for arm in everybody]
        later = AT_LARGEST - FIRST
        verdict = decide(*pilot, alpha=FIRST, plan_alpha=later)
        chance = chance_of_margin(*pilot, "accuracy", 0.05)
        truth = 0.0
        if options.spread:
            huge = dataclasses.replace(world, n_people=3000).draw(rng)
            truth = float(np.mean(huge[1].decisions == huge[1].labels) - np.mean(huge[0].decisions == huge[0].labels))
        if chance is not None:
            for name, is_in in (
                ("below 10 %", chance < 0.1),
                ("10 to 50 %", 0.1 <= chance < 0.5),
                ("above", chance >= 0.5),
            ):
                if is_in:
                    printed[f"better by the margin, {name}"].append(chance)
                    came[f"better by the margin, {name}"].append(truth >= 0.05)
        found = verdict.outlook
        if verdict.word is not Word.CANNOT_TELL or found is None:
            continue
        ends = (
            (found.low, "settled at low", found.settled_low), (found.high, "settled at high", found.settled_high)
        )  # fmt: skip
        printed["people"].append(found.n_people)
        came["people"].append(found.high / found.low)
        for n_people, words in (
            (found.n_people, found.chances if options.spread else found.if_alike),
            *((n, {name: share}) for n, name, share in ends if options.spread),
        ):
            if n_people > options.most:
                continue
            word = decide(*(first_people(arm, n_people) for arm in everybody), alpha=later).word
            for name, share in words.items():
                printed[name].append(share)
                came[name].append(word is not Word.CANNOT_TELL if name not in WORDS else word == name)
    return {
        name: {"printed": float(np.mean(printed[name])), "came": float(np.mean(came[name])), "n": len(printed[name])}
        for name in printed
    }


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=300, people=None, clips=None)
    parser.add_argument("--pilot", type=int, default=20)
    parser.add_argument("--most", type=int, default=600)
    parser.add_argument("--spread", type=float, default=0.6)
    parser.add_argument("--zipf", action="store_true")
    options = parser.parse_args()
    found = simulate(options)
    if options.json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(f"{name:<36}" + ", ".join(f"{what} {value:.3g}" for what, value in row.items()))


if __name__ == "__main__":
    main()
