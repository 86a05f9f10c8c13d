"""What ``./inv sweep-plan``, ``sweep`` and ``sweep-merge`` do with their flags."""

import argparse

from invoke.context import Context
from invoke.exceptions import Exit

from shared import paths
from shared.chain import stages
from shared.chain.left_out import list_left_out
from shared.chain.running import find_dataset, open_chain, run_quietly
from shared.chain.sweep import sweep_flags, sweep_merge, sweep_plan, sweep_run, sweep_table
from shared.chain.sweep.cell_engines import RayOptions
from shared.text import language
from shared.text.catalogue import Lang

RAY_RETRIES = 3


def plan(c: Context, given: argparse.Namespace) -> str:
    """Make a plan; returns what to say."""
    lang = language.choose(given.lang)
    dataset = find_dataset(given.dataset)
    approaches, arms = sweep_flags.approaches_of(given), sweep_flags.arms_of(given)
    sweep_flags.check_objective(given)
    stages.require_both_classes(dataset)
    list_left_out(dataset, approaches, by_name=True)
    chain = open_chain(c, f"sweep-{dataset.name}-seed{given.seed}", dataset, given, lang)
    wanted = sweep_plan.Wanted(
        dataset, given.folds, given.seeds, given.seed, arms, approaches, given.weights, given.objective,
        given.allow_no_consent,
    )  # fmt: skip
    made = sweep_plan.make_plan(chain, wanted, given.out and given.out.resolve())
    words = sweep_table.words(lang)
    parts = {
        "folds": words("planned_splits", n=len(made.document["splits"])),
        "arms": words("planned_arms", names=", ".join(arm.name for arm in arms)),
        "approaches": words("planned_approaches", names=", ".join(approaches)),
    }
    lines = [words("planned", n=len(made.cells), **parts), f"→ {paths.shown(made.folder)}"]
    return "\n".join([*lines, words("planned_next", plan=paths.shown(made.folder))])


def run(c: Context, given: argparse.Namespace) -> str:
    """Do the cells; returns the table, and exits with 1 where one is missing."""
    lang = language.choose(given.lang)
    sweep_flags.check_engine(given)
    made = sweep_plan.read_plan(sweep_flags.plan_folder(given.plan))
    ray = None
    if given.engine == "ray":
        ray = RayOptions(
            given.address or "auto", given.cpus if given.cpus is not None else 1, given.gpus or 0, RAY_RETRIES
        )
    options = sweep_run.RunOptions(
        find_dataset(given.data or made.document["dataset"]["name"]).resolve(), given.shard,
        sweep_flags.workers_of(given), given.tries, ray, lang,
    )  # fmt: skip
    return _shown(sweep_run.run(made, options, run_quietly(c)), lang)


def merge(c: Context, given: argparse.Namespace) -> str:
    """Merge shards; returns the table, and exits with 1 where a cell is missing."""
    lang = language.choose(given.lang)
    made = sweep_merge.merge(sweep_flags.plan_folder(given.plan), [shard.resolve() for shard in given.shards])
    return _shown(sweep_run.finish(made, run_quietly(c), lang, {}), lang)


def _shown(swept: sweep_table.Swept, lang: Lang) -> str:
    text = swept.as_text(lang)
    if swept.exit_code:
        print(text)
        raise Exit(code=swept.exit_code)
    return text
