"""The chain, top to bottom: from a camera to a compared, exported and published model. Run it with ./inv.

Every task is one tool, or several of them in a row; tools are run as programs and meet only through files. A task's
flags are those of its tool. ``ab``, ``compare-approaches`` and ``demo`` skip each step whose inputs have not changed,
and go on where they were cut off.
"""

import argparse
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import invoke.tasks
from invoke.context import Context
from invoke.exceptions import Exit

from shared import paths
from shared.chain import ab as ab_chain
from shared.chain import commands, demo_films, handing, house, stages
from shared.chain import compare_approaches as approaches_chain
from shared.chain import demo as demo_chain
from shared.chain.ab_parts import films_of_people
from shared.chain.running import exit_codes, find_dataset, open_chain, open_joined
from shared.chain.sweep import sweep_flags, sweep_tasks
from shared.chain.tool_task import chain_task, text_task, tool_task
from shared.text import language

DEMO = "demo"
task = functools.partial(invoke.tasks.task, auto_shortflags=False)

# ---- data ------------------------------------------------------------------------------------------------------------

fetch_models = tool_task(
    "model_fetcher",
    "Fetch the face detector and the landmark model; what is there already is only checked.",
    example="fetch-models",
)
collect = tool_task(
    "recorder",
    "Record a person by the protocol: get ready, smile, stop.",
    example="collect --subject s01 --dataset people",
    leaves_out=("list", "undo", "restore", "withdraw_consent"),
)
takes = tool_task(
    "recorder takes",
    "List the takes: those in use, and those undone or kept apart, and why; put one back, or undo the last.",
    example="takes --dataset people --restore take_0007",
)
import_ = tool_task(
    "importer",
    "Take in films, photos, archives or another dataset; running it again adds nothing twice.",
    example="import --dataset photos --photos photos/",
)
consent = tool_task(
    "consent",
    "Record, change and list what people agreed to; declare the rights of imported data.",
    example="consent --dataset people --subject s03 --scope train --given-by self",
)
verify = tool_task("verifier", "Check a dataset: every row, picture, hash and take.", example="verify --dataset people")
duplicates = tool_task(
    "splitter duplicates", "Find pictures that two people or takes share.", example="duplicates --dataset people"
)
grid = tool_task(
    "grid_viewer", "Draw every sequence with its label, to check all labels by eye.", example="grid --dataset people"
)
suspect = tool_task(
    "reviewer suspect",
    "List the labels that look wrong to models that have not seen the person; review shows them first.",
    example="suspect --dataset people",
)
review = tool_task(
    "reviewer serve", "Check every label in the browser, by keys.", example="review --dataset people --reviewer r1"
)
review_status = tool_task("reviewer status", "Say how far reviewers are.", example="review-status --dataset people")
review_apply = tool_task(
    "reviewer apply",
    "Write what the reviewers decided into labels.csv; review-revert takes it back.",
    example="review-apply --dataset people --dry-run",
)
review_revert = tool_task(
    "reviewer revert", "Take the last review-apply back.", example="review-revert --dataset people"
)
split = tool_task(
    "splitter", "Freeze who is trained on, who chooses the threshold, who is tested.", example="split --dataset people"
)
features = tool_task(
    "featurizer", "Read every face into landmarks or blendshapes.", example="features --dataset people"
)

# ---- models ----------------------------------------------------------------------------------------------------------

pretrain = tool_task(
    "trainer pretrain", "Teach a network faces, before people.", example="pretrain --datasets people,photos"
)
train = tool_task(
    "trainer", "Train a network of pictures or landmarks; resumable.", example="train --dataset people --epochs 10"
)
export = tool_task(
    "exporter", "Export a checkpoint as ONNX, compared with torch.", example="export --run people-1a2b3c4d"
)
evaluate = tool_task(
    "evaluator", "Measure any ONNX of the contract on a dataset.", example="evaluate --model old.onnx --dataset people"
)
ensemble = tool_task("exporter ensemble", "Models as one, their mean.", example="ensemble --models a,b,c")
drift = tool_task("drift", "Compare play with training.", example="drift --dataset game --model people-1a2b3c4d-e10")
select = tool_task("drift select", "Choose what to label first.", example="select --dataset game")
predict = tool_task("predictor", "Label photos and films.", example="predict --model people-1a2b3c4d-e10 photos/")


@task
def baseline(c: Context) -> None:
    """Make a baseline detector, for teams that have none: trained on easy drawn actors.

    Example: ./inv baseline
    """
    with exit_codes():
        print(paths.shown(_make_baseline(c)))


def _make_baseline(c: Context) -> Path:
    """Record easy actors, train on them from scratch, export; returns the ONNX file."""
    easy = demo_chain.record_easy_actors(c)
    return ab_chain.make_baseline(open_chain(c, "baseline"), easy)


# ---- films -----------------------------------------------------------------------------------------------------------

timeline = tool_task("timeline", "Find a film's funny moments.", example="timeline --film talk_show.mp4")
timeline_moments = tool_task(
    "timeline moments", "Find them by other rules.", example="timeline-moments --timeline film"
)
timeline_show = tool_task("timeline show", "Look at them in a page.", example="timeline-show --timeline film")
timeline_label = tool_task("timeline label", "Mark true ones, by keys.", example="timeline-label --timeline film")
timeline_score = tool_task("timeline score", "Measure them against marks.", example="timeline-score --timeline film")
timeline_export = tool_task("timeline export", "Give them to an editor.", example="timeline-export --timeline film")

# ---- comparison ------------------------------------------------------------------------------------------------------

_REPORT = "report --baseline old_results_….json --candidate new_results_….json"
report = tool_task("reporter", "Compare results files: tables, curves, changes, in one page.", example=_REPORT)


@chain_task(commands.ab_parser)
def ab(c: Context, given: argparse.Namespace) -> None:
    """Compare before and after: split, baseline, training, export, measurement, report.

    Example: ./inv ab --epochs 10 --dataset people
    """
    with exit_codes():
        lang = language.choose(given.lang)
        commands.check(given)
        dataset, newer = open_joined(c, given)
        commands.choose_folds(given, dataset)
        stages.require_both_classes(dataset)
        if given.stream:
            films_of_people.require_films(dataset)
        chain = open_chain(c, f"ab-{dataset.name}-seed{given.seed}", dataset, given, lang)
        if not given.baseline:
            ab_chain.announce_stand_in(chain)
        before = given.baseline.resolve() if given.baseline else _make_baseline(c)
        plan = ab_chain.Plan(
            dataset, given.epochs, before, given.weights or "", given.lr, given.seed, given.folds, given.seeds,
            str(given.margin), given.protected, given.people_curve, given.objective, lang, commands.network_of(given),
            given.test or "", given.stream, newer,
        )  # fmt: skip
        compared = ab_chain.compare(chain, plan)
    print(compared.as_text(lang))
    if given.gate and compared.verdict()["word"] != "better":
        raise Exit(f"ab: --gate: found the verdict {compared.verdict()['word']!r}, expected 'better'", code=1)


@chain_task(commands.approaches_parser)
def compare_approaches(c: Context, given: argparse.Namespace) -> None:
    """Say which approach to ship: pictures, landmarks or blendshapes, on the same folds and people.

    Example: ./inv compare-approaches --dataset people
    """
    with exit_codes():
        lang = language.choose(given.lang)
        commands.check(given)
        dataset = find_dataset(given.dataset)
        commands.choose_folds(given, dataset)
        before = given.baseline.resolve() if given.baseline else None
        network = commands.network_of(given)
        training = stages.Training((given.epochs,), given.lr, given.weights or "", before, network)
        plan = approaches_chain.Plan(
            dataset, commands.approaches_of(given, dataset), bool(given.approaches), training, given.seed, given.folds,
            given.seeds, given.primary, str(given.margin), given.objective, lang,
        )  # fmt: skip
        plan.check()
        chain = open_chain(c, f"approaches-{dataset.name}-seed{given.seed}", dataset, given, lang)
        if plan.wants_baseline():
            approaches_chain.announce_start(chain)
            plan = plan.starting_from(_make_baseline(c))
        compared = approaches_chain.compare(chain, plan)
    print(compared.as_text(lang))


sweep_plan = text_task(
    sweep_flags.plan_parser, "Plan a sweep: folds x seeds x arms x approaches, a cell each.",
    example="sweep-plan --dataset people --folds 5 --seeds 3 --epochs 7,10", work=sweep_tasks.plan,
)  # fmt: skip
sweep = text_task(
    sweep_flags.run_parser, "Do a plan's cells: side by side here, a part of them, or on a Ray cluster.",
    example="sweep --plan people-1a2b3c4d", work=sweep_tasks.run,
)  # fmt: skip
sweep_merge = text_task(
    sweep_flags.merge_parser, "Put the shards of a sweep together.",
    example="sweep-merge --plan people-1a2b3c4d --shards laptop/people-1a2b3c4d", work=sweep_tasks.merge,
)  # fmt: skip


# ---- hand-off --------------------------------------------------------------------------------------------------------


def _baseline_if_none(c: Context, given: Mapping[str, Any]) -> Sequence[object]:
    """Hand the baseline off where there is no model yet."""
    if given.get("model") or any(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        return []
    with exit_codes():
        return ["--model", _make_baseline(c)]


handoff = tool_task(
    "handoff",
    "Write the folder that a front-end team copies: graphs, spec, client, golden vectors.",
    example="handoff --model people-1a2b3c4d-e10",
    adds=_baseline_if_none,
)
quantize = tool_task(
    "quantizer", "Make the encoder smaller, judged on people.", example="quantize --model demo", then=handing.over
)
validate_spec = tool_task(
    "spec_checker",
    "Check a hand-off or any other spec against its ONNX; --browser proves it in a real Chromium.",
    example="validate-spec --browser",
)
costs = tool_task("spec_checker costs", "What a decision costs, and gives.", example="costs --model demo")
game = tool_task("game", 'Play "Don\'t laugh" against your webcam.', example="game --model people-1a2b3c4d-e10")
keep_endpoint = tool_task("game endpoint", "Serve keeping alone.", example="keep-endpoint --dataset d --people p.csv")
publish_dataset = tool_task(
    "kaggle_publisher",
    "Publish the consenting people's data on Kaggle; a dry run unless --yes.",
    example="publish-dataset --dataset people --owner our-team",
)
withdraw = tool_task(
    "kaggle_publisher withdraw",
    "Take a person out, and name the releases, splits and models that contain them.",
    example="withdraw --dataset people --subject s03 --retrain",
)
fetch_dataset = tool_task(
    "kaggle_publisher fetch", "Get a release from Kaggle, verified.", example="fetch-dataset our-team/our-faces"
)
studio = tool_task("studio serve", "See everything in one page, and start tasks there.", example="studio")
status = tool_task("studio status", "Say what there is, and what is next for each dataset and model.", example="status")


@chain_task(commands.demo_parser)
def demo(c: Context, given: argparse.Namespace) -> None:
    """Run all steps with drawn actors: no camera, no data, no network. Takes two minutes.

    Example: ./inv demo
    """
    dataset = paths.dataset_dir(f"{DEMO}-seed{given.seed}" if given.seed else DEMO)
    lang = language.choose(given.lang)
    if given.films:
        with exit_codes():
            print(demo_films.show(c, given.seed, lang))
        return
    demo_chain.announce(open_chain(c, DEMO, lang=lang))
    with exit_codes():
        before = demo_chain.draw(c, dataset, given.seed, lang)
    arms = {"baseline": str(before), "weights": "imagenet", "epochs": demo_chain.EPOCHS, **demo_chain.AFTER}
    ab(c, dataset=str(dataset), test=demo_chain.tested(), seed=str(given.seed), lang=lang, **arms)
    print(demo_chain.closing(dataset, lang))


# ---- the house -------------------------------------------------------------------------------------------------------

test, check, bench, lock = house.test, house.check, house.bench, house.lock

SUBJECTS = {
    "data": fetch_models, "models": pretrain, "films": timeline, "comparison": report, "sweeps": sweep_plan,
    "into the page": handoff, "publication": publish_dataset, "all of it": studio, "the house": test,
}  # fmt: skip
