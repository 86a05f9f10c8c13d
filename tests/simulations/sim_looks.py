"""How often does any of several looks at a question say "better" or "worse" where there is no difference?

    python tests/simulations/sim_looks.py --runs 1000 --plain

Each run begins with a pilot and looks again, either as often as the report's plan is obeyed (--looks at most) or every
--every people up to --most. --plain judges each look as if it were the only one. Settings: `wild_people.py`, and the
alike arms of `beta_people.py`. Prints a line per setting, or JSON with --json.
"""

import argparse
import json

import numpy as np
from beta_people import GENERATORS, alike_arms
from people import arguments
from wild_people import alike_mixed, first_people, wild_settings

from tools.reporter.ab.looks import Past, next_look
from tools.reporter.ab.verdict import Word, decide


def series(draw, options: argparse.Namespace) -> tuple[list[str], int]:  # type: ignore[no-untyped-def]
    """Look again and again; returns the words, and how many people were recorded."""
    arms = draw(options.most)
    n, past, said = options.pilot, [], []
    while True:
        now = [first_people(arm, n) for arm in arms]
        look = next_look(past, [(str(i),) for i in range(n)], is_only=options.only_look)
        how = {} if options.plain else {"alpha": look.alpha, "plan_alpha": look.plan_alpha}
        verdict = decide(*now, primary=options.primary, **how)
        said.append(str(verdict.word))
        if verdict.word in (Word.BETTER, Word.WORSE) or options.only_look:
            return said, n
        planned = n + options.every if options.every else verdict.plan.n_subjects if verdict.plan else n
        past.append(Past.of(look.planned_for(verdict.plan and verdict.plan.n_subjects)))
        if len(said) == options.looks or planned <= n or n == options.most:
            return said, n
        n = min(planned, options.most)


def main() -> None:
    """Run and print."""
    parser = arguments(__doc__, runs=500, people=None, clips=(6, 6))
    parser.add_argument("--pilot", type=int, default=12)
    parser.add_argument("--looks", type=int, default=4)
    parser.add_argument("--every", type=int, default=0, help="look every so many people instead of obeying the plan")
    parser.add_argument("--most", type=int, default=400)
    parser.add_argument("--primary", default="accuracy")
    parser.add_argument("--mixed", action="store_true", help="the settings of wild_people.alike_mixed")
    parser.add_argument("--only-look", action="store_true", help="all 5 %% for the first look")
    parser.add_argument("--plain", action="store_true", help="as if each look were the only one")
    options = parser.parse_args()
    rng, rows = np.random.default_rng(options.seed), {}

    def wild(world):  # type: ignore[no-untyped-def]
        import dataclasses

        return lambda run: lambda n: dataclasses.replace(world, n_people=n).draw(rng)

    draws = {name: wild(world) for name, world in (alike_mixed() if options.mixed else wild_settings()).items()}
    for kind in () if options.mixed else GENERATORS:
        draws[kind] = lambda run, kind=kind: lambda n: alike_arms(kind, n, options.clips, run).draw(rng)
    for name, draw in draws.items():
        found = [series(draw(run), options) for run in range(options.runs)]
        last = [words[-1] for words, _ in found]
        rows[name] = {
            "false claims": float(np.mean([word in (Word.BETTER, Word.WORSE) for word in last])),
            "at first": float(np.mean([words[0] in (Word.BETTER, Word.WORSE) for words, _ in found])),
            "cannot tell": last.count(Word.CANNOT_TELL) / len(last),
            "looks": float(np.mean([len(words) for words, _ in found])),
            "people": float(np.median([n for _, n in found])),
        }
    if options.json:
        print(json.dumps(rows))
        return
    for name, row in rows.items():
        print(f"{name:<20}" + ", ".join(f"{what} {value:.3g}" for what, value in row.items()))


if __name__ == "__main__":
    main()
