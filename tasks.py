"""The chain, top to bottom: from a camera to a compared, exported and published model. Run it with ./inv.

Every task is one tool, or several of them in a row; tools are run as programs and meet only through files. ``ab``,
``compare-approaches`` and ``demo`` skip each step whose inputs have not changed, and go on where they were cut off.
"""

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

from shared import paths
from shared.approaches import parse_names
from shared.chain import ab as ab_chain
from shared.chain import cache, stages
from shared.chain import compare_approaches as approaches_chain
from shared.chain.flags import flags_of, help_of
from shared.errors import SmilebenchError

HERE = Path(__file__).resolve().parent
DEMO = "demo"
DEMO_ACTORS = 12
BASELINE_ACTORS = 24
BASELINE_DATASET = "baseline-actors"


def _tool(c: Context, tool: str, *arguments: object) -> None:
    """Run a tool with the terminal's own look; its exit code becomes ours."""
    c.run(cache.command_of(tool, *arguments), pty=sys.stdout.isatty() and sys.stdin.isatty(), in_stream=False)


def _chain(c: Context, name: str) -> cache.Chain:
    """Open a chain of remembered steps."""

    def execute(command: str) -> tuple[int, str]:
        done = c.run(command, hide="stdout", in_stream=False, warn=True)
        return done.exited, done.stdout

    def announce(text: str) -> None:
        print(f"[{name}] {text}", file=sys.stderr, flush=True)

    return cache.Chain(paths.artifacts("chains") / f"{name}.json", execute, announce)


# ---- data ------------------------------------------------------------------------------------------------------------


@task(help=help_of("only", "folder"))
def fetch_models(c: Context, only: str = "", folder: str = "") -> None:
    """Fetch the face detector and the landmark model; what is there already is only checked.

    Example: ./inv fetch-models
    """
    _tool(c, "model_fetcher", *flags_of(only=only, **{"from": folder}))


@task(
    help=help_of(
        "subject",
        "dataset",
        "source",
        "target",
        "preview",
        "realtime",
        "lang",
        "protocol",
        "consent",
        "given_by",
        "face_model",
        "landmark_model",
        "sound",
        "look_back",
        "mixed",
        "seed",
        "difficulty",
    )
)
def collect(
    c: Context,
    subject: str,
    dataset: str,
    source: str = "0",
    target: str = "",
    preview: bool = True,
    realtime: bool = False,
    lang: str = "ko",
    protocol: str = "",
    consent: str = "",
    given_by: str = "",
    face_model: str = "",
    landmark_model: str = "",
    sound: bool = True,
    look_back: bool = True,
    mixed: bool = False,
    seed: int = 0,
    difficulty: str = "normal",
) -> None:
    """Record a person by the protocol: get ready, smile, stop.

    Example: ./inv collect --subject s01 --dataset people
    """
    flags = flags_of(source=source, subject=subject, dataset=dataset, target=target, no_preview=not preview)
    flags += flags_of(realtime=realtime, lang=lang, protocol=protocol, seed=seed, difficulty=difficulty)
    flags += flags_of(consent=consent, given_by=given_by, face_model=face_model, landmark_model=landmark_model)
    _tool(c, "recorder", *flags, *flags_of(no_sound=not sound, no_review=not look_back, mixed=mixed))


@task(help=help_of("dataset", "subject", "undo", "restore"))
def takes(c: Context, dataset: str, subject: str = "", undo: bool = False, restore: str = "") -> None:
    """List the takes that were undone or kept apart, and why; put one back, or undo the last.

    Example: ./inv takes --dataset people --restore take_0007
    """
    flags = flags_of(dataset=dataset, subject=subject, undo=undo, restore=restore)
    _tool(c, "recorder", *flags, *flags_of(list=not undo and not restore))


@task(
    name="import",
    help=help_of(
        "dataset",
        "windows",
        "films",
        "photos",
        "table",
        "labels",
        "label_column",
        "subject_column",
        "subject_per",
        "pseudonyms",
        "merge",
        "prefix",
        "still_photos",
        "archives",
        "keywords",
        "max_per_zip",
        "pick",
        "seed",
    ),
)
def import_(
    c: Context,
    dataset: str,
    windows: str = "",
    films: str = "",
    photos: str = "",
    table: str = "",
    labels: str = "",
    label_column: str = "",
    subject_column: str = "",
    subject_per: str = "",
    pseudonyms: bool = False,
    merge: str = "",
    prefix: str = "",
    still_photos: bool = False,
    archives: str = "",
    keywords: str = "",
    max_per_zip: str = "",
    pick: str = "",
    seed: str = "",
) -> None:
    """Take in films, photos, archives or another dataset; running it again adds nothing twice.

    Example: ./inv import --dataset photos --photos photos/
    """
    flags = flags_of(dataset=dataset, windows=windows, films=films, photos=photos, table=table, labels=labels)
    flags += flags_of(label_column=label_column, subject_column=subject_column, subject_per=subject_per)
    flags += flags_of(pseudonyms=pseudonyms, merge=merge, prefix=prefix, still_photos=still_photos)
    flags += flags_of(archives=archives, keywords=keywords)
    _tool(c, "importer", *flags, *flags_of(max_per_zip=max_per_zip, pick=pick, seed=seed))


@task(help=help_of("dataset"))
def verify(c: Context, dataset: str) -> None:
    """Check a dataset: every row, picture, hash and take.

    Example: ./inv verify --dataset people
    """
    _tool(c, "verifier", *flags_of(dataset=dataset))


@task(help=help_of("dataset", "across"))
def duplicates(c: Context, dataset: str, across: str = "") -> None:
    """Find pictures that two people, or two takes, share; also cropped, mirrored or encoded again.

    Example: ./inv duplicates --dataset people
    """
    _tool(c, "splitter", "duplicates", *flags_of(dataset=dataset, across=across))


@task(iterable=["label", "subject"], help=help_of("dataset", "label", "subject", "out", "lang"))
def grid(
    c: Context, dataset: str, label: Sequence[str], subject: Sequence[str], out: str = "", lang: str = "ko"
) -> None:
    """Draw every sequence with its label, to check all labels by eye.

    Example: ./inv grid --dataset people
    """
    _tool(c, "grid_viewer", *flags_of(dataset=dataset, label=list(label), subject=list(subject), out=out, lang=lang))


@task(help=help_of("dataset", "kind", "landmark_model"))
def suspect(c: Context, dataset: str, kind: str = "", landmark_model: str = "") -> None:
    """List the labels that look wrong to models that have not seen the person; review shows them first.

    Example: ./inv suspect --dataset people
    """
    _tool(c, "reviewer", "suspect", *flags_of(dataset=dataset, kind=kind, landmark_model=landmark_model))


@task(help=help_of("dataset", "reviewer", "scores", "port", "open_", "lang"))
def review(
    c: Context,
    dataset: str,
    reviewer: str = "r1",
    scores: str = "",
    port: str = "",
    open_: bool = True,
    lang: str = "ko",
) -> None:
    """Look at every sequence in the browser and decide on its label, by keys.

    Example: ./inv review --dataset people --reviewer r1
    """
    flags = flags_of(dataset=dataset, reviewer=reviewer, scores=scores, port=port, no_open=not open_, lang=lang)
    _tool(c, "reviewer", "serve", *flags)


@task(help=help_of("dataset"))
def review_status(c: Context, dataset: str) -> None:
    """Say how far the review is, and how far reviewers agree.

    Example: ./inv review-status --dataset people
    """
    _tool(c, "reviewer", "status", *flags_of(dataset=dataset))


@task(help=help_of("dataset", "dry_run", "min_reviewers", "prefer"))
def review_apply(c: Context, dataset: str, dry_run: bool = False, min_reviewers: str = "", prefer: str = "") -> None:
    """Write what the reviewers decided into labels.csv; review-revert takes it back.

    Example: ./inv review-apply --dataset people --dry-run
    """
    flags = flags_of(dataset=dataset, dry_run=dry_run, min_reviewers=min_reviewers, prefer=prefer)
    _tool(c, "reviewer", "apply", *flags)


@task(help=help_of("dataset"))
def review_revert(c: Context, dataset: str) -> None:
    """Take the last review-apply back.

    Example: ./inv review-revert --dataset people
    """
    _tool(c, "reviewer", "revert", *flags_of(dataset=dataset))


@task(help=help_of("dataset", "seed", "test"))
def split(c: Context, dataset: str, seed: int = 0, test: str = "") -> None:
    """Freeze who is trained on, who chooses the threshold and who is tested.

    Example: ./inv split --dataset people
    """
    _tool(c, "splitter", *flags_of(dataset=dataset, test=test), "--seed", seed)


@task(help=help_of("dataset", "kind", "landmark_model", "workers"))
def features(c: Context, dataset: str, kind: str = "landmarks", landmark_model: str = "", workers: str = "") -> None:
    """Read every face into landmarks or blendshapes, for the models that eat them.

    Example: ./inv features --dataset people
    """
    _tool(c, "featurizer", *flags_of(dataset=dataset, kind=kind, landmark_model=landmark_model, workers=workers))


# ---- models ----------------------------------------------------------------------------------------------------------


@task(
    help=help_of(
        "dataset",
        "split",
        "network",
        "epochs",
        "weights",
        "keep_epochs",
        "lr",
        "batch",
        "freeze_epochs",
        "unfreeze_blocks",
        "seed",
        "out",
    )
)
def train(
    c: Context,
    dataset: str,
    split: str = "",
    network: str = "dual_head",
    epochs: str = "",
    weights: str = "",
    keep_epochs: str = "",
    lr: str = "",
    batch: str = "",
    freeze_epochs: int = 0,
    unfreeze_blocks: int = 0,
    seed: int = 0,
    out: str = "",
) -> None:
    """Fine-tune the dual-head network, or train one of landmarks; goes on where it was cut off.

    Example: ./inv train --dataset people --epochs 10
    """
    flags = flags_of(dataset=dataset, network=network, epochs=epochs, weights=weights, keep_epochs=keep_epochs)
    flags += flags_of(split=split, lr=lr, batch=batch, out=out)
    flags += ["--freeze-epochs", freeze_epochs, "--unfreeze-blocks", unfreeze_blocks, "--seed", seed]
    _tool(c, "trainer", *flags)


@task(help=help_of("run", "checkpoint", "out", "dataset", "threshold", "objective", "calibrate"))
def export(
    c: Context,
    run: str,
    checkpoint: str = "best",
    out: str = "",
    dataset: str = "",
    threshold: str = "",
    objective: str = "",
    calibrate: bool = False,
) -> None:
    """Export a checkpoint as the contract's ONNX, compared with torch.

    Example: ./inv export --run people-1a2b3c4d
    """
    flags = flags_of(run=run, checkpoint=checkpoint, out=out, dataset=dataset, threshold=threshold)
    _tool(c, "exporter", *flags, *flags_of(objective=objective, calibrate=calibrate))


@task(help=help_of("model", "dataset", "split", "side", "threshold"))
def evaluate(c: Context, model: str, dataset: str, split: str = "", side: str = "", threshold: str = "") -> None:
    """Measure any ONNX of the contract on a dataset.

    Example: ./inv evaluate --model old_detector.onnx --dataset people
    """
    flags = flags_of(model=model, dataset=dataset, split=split, side=side, threshold=threshold)
    _tool(c, "evaluator", *flags)


@task
def baseline(c: Context) -> None:
    """Make a baseline detector, for teams that have none: trained on easy drawn actors.

    Example: ./inv baseline
    """
    with _exit_codes():
        print(paths.shown(_make_baseline(c)))


def _make_baseline(c: Context) -> Path:
    """Record easy actors, train on them from scratch, export; returns the ONNX file."""
    _record_baseline_actors(c)
    return ab_chain.make_baseline(_chain(c, "baseline"), paths.dataset_dir(BASELINE_DATASET))


def _record_baseline_actors(c: Context) -> None:
    _record_actors(c, paths.dataset_dir(BASELINE_DATASET), "b", BASELINE_ACTORS, difficulty="easy", seed=1000)


def _record_demo_actors(c: Context) -> None:
    _record_actors(c, paths.dataset_dir(DEMO), "a", DEMO_ACTORS, difficulty="normal", seed=0)


def _record_actors(c: Context, dataset: Path, prefix: str, count: int, *, difficulty: str, seed: int) -> None:
    """Record a take of each drawn actor; those that are there already are left as they are."""
    if _count_subjects(dataset) >= count:
        return
    for number in range(1, count + 1):
        flags = flags_of(source="synthetic", subject=f"{prefix}{number:02d}", dataset=dataset, target=1, quiet=True)
        _tool(c, "recorder", *flags, *flags_of(no_preview=True, difficulty=difficulty, seed=seed))


def _count_subjects(dataset: Path) -> int:
    """Count the people of a dataset; 0 where there is none yet."""
    manifest = dataset / "dataset.json"
    return int(json.loads(manifest.read_text(encoding="utf-8"))["counts"]["subjects"]) if manifest.exists() else 0


# ---- comparison ------------------------------------------------------------------------------------------------------


@task(iterable=["candidate"], help=help_of("baseline", "candidate", "run", "dataset", "lang", "faces", "out"))
def report(
    c: Context,
    baseline: str,
    candidate: Sequence[str],
    run: str = "",
    dataset: str = "",
    lang: str = "ko",
    faces: bool = True,
    out: str = "",
) -> None:
    """Compare results files: tables, curves, changed answers, in one page.

    Example: ./inv report --baseline old_results_….json --candidate new_results_….json
    """
    flags = flags_of(baseline=baseline, candidate=list(candidate), run=run, dataset=dataset, lang=lang, out=out)
    _tool(c, "reporter", *flags, *flags_of(no_faces=not faces))


@task(
    help={
        **help_of("dataset", "epochs", "baseline", "weights", "lr", "seed", "folds", "seeds"),
        **help_of("margin", "protected", "objective", "people_curve", "gate", "lang"),
    }
)
def ab(
    c: Context,
    dataset: str,
    epochs: str = "10",
    baseline: str = "",
    weights: str = "",
    lr: str = "5e-5",
    seed: int = 0,
    folds: int = 0,
    seeds: int = 1,
    margin: str = "0.05",
    protected: str = "recall",
    objective: str = "youden",
    people_curve: bool = False,
    gate: bool = False,
    lang: str = "ko",
) -> None:
    """Compare before and after: split, baseline, training, export, measurement, report.

    Example: ./inv ab --epochs 10 --dataset people
    """
    arms, folder = _parse_epochs(epochs), _find_dataset("ab", dataset)
    _require_folds("ab", folds, seeds)
    judged_by = {"margin": margin, "protected": protected, "objective": objective, "lang": lang}
    with _exit_codes():
        stages.check_question(**judged_by)
        stages.require_both_classes(folder)
        before = Path(baseline).expanduser().resolve() if baseline else _make_baseline(c)
        chain = _chain(c, f"ab-{folder.name}-seed{seed}")
        plan = ab_chain.Plan(
            folder, tuple(arms), before, weights, lr, seed, folds, seeds, people_curve=people_curve, **judged_by
        )
        compared = ab_chain.compare(chain, plan)
    print(compared.as_text(lang))
    if gate and compared.verdict()["word"] != "better":
        raise Exit(f"ab: --gate: found the verdict {compared.verdict()['word']!r}, expected 'better'", code=1)


@task(
    help={
        **help_of("dataset", "approaches", "epochs", "baseline", "weights", "lr", "seed", "folds", "seeds"),
        **help_of("primary", "margin", "objective", "lang"),
    }
)
def compare_approaches(
    c: Context,
    dataset: str,
    approaches: str = "",
    epochs: int = 10,
    baseline: str = "",
    weights: str = "",
    lr: str = "5e-5",
    seed: int = 0,
    folds: int = 5,
    seeds: int = 1,
    primary: str = "accuracy",
    margin: str = "0.05",
    objective: str = "youden",
    lang: str = "ko",
) -> None:
    """Say which approach to ship: pictures, landmarks or blendshapes, on the same folds and people.

    Example: ./inv compare-approaches --dataset people
    """
    folder = _find_dataset("compare-approaches", dataset)
    _require_folds("compare-approaches", folds, seeds)
    if epochs < 1:
        raise Exit(f"compare-approaches: --epochs: found {epochs}, expected 1 or more", code=2)
    with _exit_codes():
        names = parse_names(approaches)
        before = Path(baseline).expanduser().resolve() if baseline else None
        training = stages.Training((epochs,), lr, weights, before)
        judged_by = {"primary": primary, "margin": margin, "objective": objective, "lang": lang}
        plan = approaches_chain.Plan(folder, names, bool(approaches), training, seed, folds, seeds, **judged_by)
        plan.check()
        if plan.wants_baseline():
            print(f"compare-approaches: {approaches_chain.BASELINE_FIRST}", file=sys.stderr, flush=True)
            plan = plan.starting_from(_make_baseline(c))
        chain = _chain(c, f"approaches-{folder.name}-seed{seed}")
        compared = approaches_chain.compare(chain, plan)
    print(compared.as_text(lang))


def _require_folds(task_name: str, folds: int, seeds: int) -> None:
    if seeds > 1 and not folds:
        raise Exit(f"{task_name}: --seeds: found no --folds beside it, expected both, as --folds 5 --seeds 3", code=2)


def _find_dataset(task_name: str, dataset: str) -> Path:
    """Return a dataset's folder, or say how to record one."""
    with _exit_codes():
        folder = paths.dataset_dir(dataset)
    if not (folder / "dataset.json").is_file():
        todo = f"record it: ./inv collect --dataset {dataset}"
        raise Exit(f"{task_name}: {folder}: found no dataset, expected one; {todo}", code=1)
    return folder


@contextlib.contextmanager
def _exit_codes() -> Iterator[None]:
    """End with the exit code of the tool that said no; it has said why. What the chain itself refuses is said here."""
    try:
        yield
    except cache.StepFailed as error:
        raise Exit(code=error.exit_code) from None
    except SmilebenchError as error:
        raise Exit(str(error), code=error.exit_code) from None


def _parse_epochs(text: str) -> list[int]:
    """Parse 7,10,30; sorted, each once."""
    parts = text.split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and int(part) > 0 for part in parts):
        raise Exit(f"ab: --epochs: found {text!r}, expected lengths such as 10 or 7,10,30", code=2)
    return sorted({int(part) for part in parts})


# ---- hand-off --------------------------------------------------------------------------------------------------------


@task(help=help_of("model", "out", "dataset", "release_threshold", "min_duration_ms"))
def handoff(
    c: Context,
    model: str = "",
    out: str = "",
    dataset: str = "",
    release_threshold: str = "",
    min_duration_ms: str = "",
) -> None:
    """Write the folder that a front-end team copies: graphs, spec, client, golden vectors.

    Example: ./inv handoff --model people-1a2b3c4d-e10
    """
    if not model and not any(paths.artifacts("models").glob(f"*/{paths.MODEL_CARD}")):
        with _exit_codes():
            model = str(_make_baseline(c))
    flags = flags_of(model=model, out=out, dataset=dataset, release_threshold=release_threshold)
    _tool(c, "handoff", *flags, *flags_of(min_duration_ms=min_duration_ms))


@task(help=help_of("model", "spec", "browser", "film", "quick"))
def validate_spec(
    c: Context, model: str = "", spec: str = "", browser: bool = False, film: str = "", quick: bool = False
) -> None:
    """Check a hand-off or anybody's spec against its ONNX; --browser proves it in a real Chromium.

    Example: ./inv validate-spec --browser
    """
    _tool(c, "spec_checker", *flags_of(model=model, spec=spec, browser=browser, film=film, quick=quick))


@task(help=help_of("model", "port", "open_", "lang"))
def game(c: Context, model: str = "", port: str = "", open_: bool = True, lang: str = "ko") -> None:
    """Play "Don't laugh" against your webcam with a model that was handed off.

    Example: ./inv game --model people-1a2b3c4d-e10
    """
    _tool(c, "game", *flags_of(model=model, port=port, no_open=not open_, lang=lang))


@task(
    help=help_of(
        "dataset",
        "owner",
        "slug",
        "title",
        "subtitle",
        "license",
        "yes",
        "public",
        "confirm",
        "allow_unreviewed",
        "joinable",
        "landmarks_only",
    )
)
def publish_dataset(
    c: Context,
    dataset: str,
    owner: str,
    slug: str = "",
    title: str = "",
    subtitle: str = "",
    license: str = "",
    yes: bool = False,
    public: bool = False,
    confirm: str = "",
    allow_unreviewed: bool = False,
    joinable: bool = False,
    landmarks_only: bool = False,
) -> None:
    """Publish on Kaggle whom has agreed to it; a dry run unless --yes.

    Example: ./inv publish-dataset --dataset people --owner our-team
    """
    flags = flags_of(dataset=dataset, owner=owner, slug=slug, title=title, subtitle=subtitle, license=license)
    flags += flags_of(yes=yes, public=public, confirm=confirm, allow_unreviewed=allow_unreviewed)
    _tool(c, "kaggle_publisher", *flags, *flags_of(joinable=joinable, landmarks_only=landmarks_only))


@task(help=help_of("dataset", "subject", "retrain", "dry_run"))
def withdraw(c: Context, dataset: str, subject: str, retrain: bool = False, dry_run: bool = False) -> None:
    """Take a person out, and name the releases, splits and models that contain them.

    Example: ./inv withdraw --dataset people --subject s03 --retrain
    """
    flags = flags_of(dataset=dataset, subject=subject, retrain=retrain, dry_run=dry_run)
    _tool(c, "kaggle_publisher", "withdraw", *flags)


@task(positional=["address"], help={**help_of("dataset"), "address": "OWNER/SLUG on Kaggle, or OWNER/SLUG/VERSION"})
def fetch_dataset(c: Context, address: str, dataset: str = "") -> None:
    """Get a release back from Kaggle and verify it to the byte.

    Example: ./inv fetch-dataset our-team/our-faces --dataset colleague
    """
    _tool(c, "kaggle_publisher", "fetch", address, *flags_of(dataset=dataset))


@task(help=help_of("lang"))
def demo(c: Context, lang: str = "ko") -> None:
    """Walk the whole way with drawn actors: no camera, no data, no network. Takes minutes.

    Example: ./inv demo
    """
    dataset = paths.dataset_dir(DEMO)
    print("demo: drawn actors only; every number below says nothing about people", file=sys.stderr, flush=True)
    with ThreadPoolExecutor() as pool:  # two datasets, so that both cores draw
        recorded = [pool.submit(_record_baseline_actors, c), pool.submit(_record_demo_actors, c)]
        for each in recorded:
            each.result()
    _tool(c, "verifier", *flags_of(dataset=dataset))
    _tool(c, "grid_viewer", *flags_of(dataset=dataset, lang=lang))
    ab(c, dataset=str(dataset), epochs="10", lang=lang)
    sheets = paths.artifacts("grids") / DEMO / "index.html"
    print(f"sheets      {paths.shown(sheets)}\ndataset     {paths.shown(dataset)} (SYNTHETIC: drawn faces)")


# ---- the house -------------------------------------------------------------------------------------------------------


@task(help=help_of("slow", "k"))
def test(c: Context, slow: bool = False, k: str = "") -> None:
    """Run the tests.

    Example: ./inv test
    """
    several = [] if k else ["-n", 2, "--dist", "loadfile"]  # two processes, so that real-time tests have a core
    chosen = [*([] if slow else ["-m", "not slow"]), *(["-k", k] if k else [])]
    _python(c, "-m", "pytest", *several, *chosen, *flags_of(durations=10))


@task
def check(c: Context) -> None:
    """Check format, lint, types and schemas.

    Example: ./inv check
    """
    for words in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"], ["pytest", "tests/schemas"]):
        _python(c, "-m", *words)


@task(help=help_of("only"))
def bench(c: Context, only: str = "") -> None:
    """Measure speed as ratios within one run.

    Example: ./inv bench --only training
    """
    for file in sorted((HERE / "tests" / "benchmarks").glob(f"bench_{only or '*'}.py")):
        _python(c, file)


def _python(c: Context, *words: object) -> None:
    """Run Python in this environment, from the project's folder."""
    with c.cd(shlex.quote(str(HERE))):
        c.run(shlex.join([sys.executable, *map(str, words)]), pty=sys.stdout.isatty(), in_stream=False)
