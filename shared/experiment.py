"""The A/B experiment as a list of steps: split, leaks, baseline, training, export, measurement, spec, report.

    dataset → split ─┬─ baseline ───────────────────────► measured on test ─┐
                     ├─ majority ───────────────────────► measured on test ─┤
                     └─ one training → an export an arm → measured on test ─┴─► report

With folds the middle is walked once a fold and seed, and the results of each arm are pooled before the report. Knows
the tools by name only and runs them as programs (`shared.steps`). The threshold of each arm is chosen by the exporter
on validation people; the test people are looked at by the evaluator alone.
"""

import importlib.util
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import paths, steps
from shared.errors import SmilebenchError
from shared.flags import flags_of
from shared.steps import Answer, Chain

BASELINE_EPOCHS = 10
BASELINE_LR = "1e-3"
PEOPLE_SHARES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes:
        dataset: Folder of the dataset.
        epochs: Lengths of training, ascending; one arm each.
        baseline: The ONNX to compare with.
        weights: Where training starts; empty means the baseline's weights if they lie beside it, else imagenet.
        lr: Learning rate, as it is written on the command line.
        seed: Of split and training.
        folds: Into how many folds the people are divided, so that everybody is tested; 0 for one split.
        seeds: How often, each time divided and trained otherwise.
        margin: The least difference of practical interest, as it is written on the command line.
        protected: The metric that must not drop by more than the margin, or ``none``.
        people_curve: Whether the longest arm is also trained on a quarter, half and three quarters of the people.
        objective: What thresholds are chosen for, as the exporter takes it.
        lang: Language of the report.
    """

    dataset: Path
    epochs: tuple[int, ...]
    baseline: Path
    weights: str
    lr: str
    seed: int
    folds: int
    seeds: int
    margin: str
    protected: str
    people_curve: bool
    objective: str
    lang: str


def make_baseline(chain: Chain, dataset: Path) -> Path:
    """Train a detector from scratch and export it; returns the ONNX file."""
    # From scratch on so few faces, varied pictures hide the mouth for hundreds of steps (LOG.md): none here.
    flags = flags_of(dataset=dataset, weights="none", epochs=BASELINE_EPOCHS, lr=BASELINE_LR, no_augment=True)
    trained = chain.run(
        "train",
        "trainer",
        [*flags, "--keep-epochs", BASELINE_EPOCHS],
        inputs=_dataset_files(dataset),
        outputs=_checkpoints,
    )
    return _export(chain, "export", trained, BASELINE_EPOCHS, dataset, None, "baseline")


def _dataset_files(dataset: Path) -> list[Path]:
    return [dataset / "dataset.json", dataset / "labels.csv"]


def _checkpoints(trained: Answer) -> list[Path]:
    folder = Path(trained["folder"])
    return [folder / point["file"] for point in trained["run"]["checkpoints"]]


def _export(
    chain: Chain,
    name: str,
    trained: Answer,
    epoch: int,
    dataset: Path,
    split: Path | None,
    model: str,
    objective: str = "youden",
) -> Path:
    """Export one epoch of a run; returns the ONNX file."""
    folder, checkpoint = Path(trained["folder"]), f"epoch_{epoch:04d}"
    out = paths.artifacts("models") / model
    answer = chain.run(
        name,
        "exporter",
        flags_of(run=folder, checkpoint=checkpoint, dataset=dataset, split=split, out=out, objective=objective),
        inputs=[folder / f"{checkpoint}.safetensors", *_dataset_files(dataset)],
        outputs=lambda made: [Path(made["onnx"]), Path(made["onnx"]).with_name(paths.MODEL_CARD)],
    )
    return Path(answer["onnx"])


@dataclass(frozen=True)
class Compared:
    """Where an experiment's documents lie."""

    report: Path
    comparison: Path
    splits: tuple[Path, ...]
    specs: tuple[Path, ...]

    def verdict(self) -> dict[str, Any]:
        """Return the verdict, as comparison.json holds it."""
        verdict: dict[str, Any] = json.loads(self.comparison.read_text(encoding="utf-8"))["verdict"]
        return verdict

    def as_text(self, lang: str) -> str:
        """Write a table of the arms, the verdict and where to look."""
        comparison = json.loads(self.comparison.read_text(encoding="utf-8"))
        arms = comparison["arms"]
        lines = [f"{'':<11}" + "".join(f"{arm['name']:<23.22}" for arm in arms)]
        for key in ("recall", "precision", "f1", "accuracy", "roc_auc"):
            lines.append(f"{key:<11}" + "".join(f"{_cell(arm['intervals'][key]):<23}" for arm in arms))
        lines.append(f"{'threshold':<11}" + "".join(f"{arm['metrics']['threshold']:<23.4f}" for arm in arms))
        found = arms[0]["intervals"]["accuracy"]
        lines.append(f"95 % intervals in brackets (accuracy: {found['method']}, n = {found['n']})")
        who = "drawn actors (SYNTHETIC)" if comparison["synthetic"] else "people"
        measured = f"measured on {comparison['n_sequences']} answers for {comparison['n_subjects']} {who}"
        lines += [f"{measured}, each kept out of the training that is measured", ""]
        verdict = comparison["verdict"]
        lines += [f"verdict: {verdict['word']}", verdict["sentence"][lang], ""]
        places = [("report", self.report), ("comparison", self.comparison)]
        places += [("split", split) for split in self.splits] + [("hand-off", spec) for spec in self.specs]
        return "\n".join(
            [*(line.rstrip() for line in lines), *[f"{what:<12}{paths.shown(path)}" for what, path in places]]
        )


def _cell(interval: dict[str, Any]) -> str:
    """Write a number with its interval, where it has one."""
    if interval["value"] is None:
        return "-"
    if interval["low"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


@dataclass(frozen=True)
class Walked:
    """One way from a split to results: the run, and results and specs by arm."""

    run: Path
    baseline: Path
    candidates: dict[str, Path]
    references: dict[str, Path]
    people: dict[str, Path]
    specs: tuple[Path, ...]


def compare(chain: Chain, plan: Plan) -> Compared:
    """Walk the whole way from a dataset to a report.

    Raises:
        StepFailed: A tool said no; it has told the user why.
    """
    splits = _freeze_splits(chain, plan)
    flags = ["check", "--dataset", plan.dataset, "--split", *splits]
    chain.run("leaks", "splitter", flags, inputs=[*splits, *_dataset_files(plan.dataset)], outputs=lambda answer: [])
    walks = [_walk(chain, plan, split, f"{split.stem}: " if plan.folds else "") for split in splits]
    walked = walks[0] if len(walks) == 1 else _pool(chain, walks)
    return _report(chain, plan, splits, walked)


def _freeze_splits(chain: Chain, plan: Plan) -> tuple[Path, ...]:
    """Return the split, or those of all folds and seeds."""
    flags = flags_of(dataset=plan.dataset, seed=plan.seed)
    if plan.folds:
        flags += flags_of(folds=plan.folds, seeds=plan.seeds)

    def files(answer: Answer) -> list[Path]:
        return [Path(file) for file in answer.get("files") or [answer["file"]]]

    return tuple(files(chain.run("split", "splitter", flags, inputs=_dataset_files(plan.dataset), outputs=files)))


def _walk(chain: Chain, plan: Plan, split: Path, tag: str) -> Walked:
    """Train on a split and measure every arm on its test people."""
    seed = int(json.loads(split.read_text(encoding="utf-8"))["seed"])
    before = _measure(chain, f"{tag}measure baseline", plan.dataset, split, model=plan.baseline)
    majority = _measure(chain, f"{tag}measure majority", plan.dataset, split, arm="majority")
    trained = _fine_tune(chain, plan, split, seed, f"{tag}train")
    candidates, specs = {}, []
    for epochs in plan.epochs:
        name = f"epochs-{epochs}"
        model = f"{trained['run']['run_id']}-e{epochs}"
        onnx = _export(chain, f"{tag}export {name}", trained, epochs, plan.dataset, split, model, plan.objective)
        candidates[name] = _measure(chain, f"{tag}measure {name}", plan.dataset, split, model=onnx)
        if not plan.folds:
            specs.append(_write_spec(chain, f"spec {name}", onnx))
    # Of the longest arm, which is the last: once, since a step's name stands for one thing.
    one_frame = _measure(chain, f"{tag}measure one frame", plan.dataset, split, model=onnx, arm="one_frame")
    references = {"majority-class": majority, "one-frame": one_frame, **measure_blendshapes(chain, plan, split, tag)}
    people = {}
    if plan.people_curve:
        longest = candidates[f"epochs-{max(plan.epochs)}"]
        people = {**_train_on_fewer(chain, plan, split, seed, tag), str(_count_training_people(split)): longest}
    return Walked(Path(trained["folder"]) / "run.json", before, candidates, references, people, tuple(specs))


def measure_blendshapes(chain: Chain, plan: Plan, split: Path, tag: str) -> dict[str, Path]:
    """Measure MediaPipe's blendshapes, where the extra and its model are here; drawn faces are none that it knows."""
    manifest = json.loads((plan.dataset / "dataset.json").read_text(encoding="utf-8"))
    if manifest["kind"] == "synthetic" or not has_landmarker():
        return {}
    read_features(chain, plan.dataset, "blendshapes")
    arms = {"blendshapes": "blendshapes", "blendshape-logistic": "blendshape_logistic"}
    return {name: _measure(chain, f"{tag}measure {name}", plan.dataset, split, arm=arm) for name, arm in arms.items()}


def has_landmarker() -> bool:
    """Tell whether faces can be read here: mediapipe is installed, and the Face Landmarker's file was fetched."""
    if importlib.util.find_spec("mediapipe") is None:
        return False
    from shared import landmarks

    try:
        landmarks.find_model()
    except SmilebenchError:
        return False
    return True


def read_features(chain: Chain, dataset: Path, kind: str) -> Path:
    """Bring a dataset's features up to date; returns their manifest."""
    answer = chain.run(
        f"features {kind}",
        "featurizer",
        flags_of(dataset=dataset, kind=kind),
        inputs=_dataset_files(dataset),
        outputs=lambda a: [Path(a["features"])],
    )
    return Path(answer["features"])


def _count_training_people(split: Path) -> int:
    return len(json.loads(split.read_text(encoding="utf-8"))["sides"]["train"]["subjects"])


def _train_on_fewer(chain: Chain, plan: Plan, split: Path, seed: int, tag: str) -> dict[str, Path]:
    """Train the longest arm on fewer people; returns results by number of people, so that more people can be judged."""
    n_people, epochs = _count_training_people(split), max(plan.epochs)
    found = {}
    for number in sorted({max(1, round(n_people * share)) for share in PEOPLE_SHARES} - {n_people}):
        name = f"{tag}{number} people"
        trained = _fine_tune(chain, plan, split, seed, f"{name}: train", number)
        model = f"{trained['run']['run_id']}-e{epochs}"
        onnx = _export(chain, f"{name}: export", trained, epochs, plan.dataset, split, model, plan.objective)
        found[str(number)] = _measure(chain, f"{name}: measure", plan.dataset, split, model=onnx)
    return found


def _pool(chain: Chain, walks: list[Walked]) -> Walked:
    """Put the results of folds and seeds together, arm by arm."""

    def pooled(name: str, files: list[Path]) -> Path:
        answer = chain.run(
            f"pool {name}",
            "evaluator",
            ["pool", *files, "--name", name],
            inputs=files,
            outputs=lambda a: [Path(a["file"]), Path(a["file"]).with_name(a["results"]["predictions"]["file"])],
        )
        return Path(answer["file"])

    return Walked(
        run=walks[0].run,
        baseline=pooled("baseline", [walk.baseline for walk in walks]),
        candidates={name: pooled(name, [walk.candidates[name] for walk in walks]) for name in walks[0].candidates},
        references={name: pooled(name, [walk.references[name] for walk in walks]) for name in walks[0].references},
        people={
            number: pooled(f"{number}-people", [walk.people[number] for walk in walks])
            for number in sorted(set.intersection(*(set(walk.people) for walk in walks)), key=int)
        },
        specs=(),
    )


def _report(chain: Chain, plan: Plan, splits: tuple[Path, ...], walked: Walked) -> Compared:
    """Write the report."""
    arms = "_".join(map(str, plan.epochs))
    labels = json.loads(splits[0].read_text(encoding="utf-8"))["dataset"]["sha256"][:8]
    folds = f"-f{plan.folds}x{plan.seeds}" if plan.folds else ""
    flags = flags_of(
        baseline=f"baseline={walked.baseline}",
        candidate=[f"{name}={file}" for name, file in walked.candidates.items()],
        reference=[f"{name}={file}" for name, file in walked.references.items()],
        people=[f"{number}={file}" for number, file in walked.people.items()],
        run=walked.run,
        dataset=plan.dataset,
        margin=plan.margin,
        protected=plan.protected,
        lang=plan.lang,
        report_id=f"ab-{plan.dataset.name[:20]}-{labels}-e{arms[:16]}-s{plan.seed}{folds}",
    )
    results = [walked.baseline, *walked.candidates.values(), *walked.references.values(), *walked.people.values()]
    reported = chain.run(
        "report",
        "reporter",
        flags,
        inputs=[*results, walked.run, *_dataset_files(plan.dataset)],
        outputs=lambda a: [Path(a["report"]), Path(a["comparison"])],
    )
    return Compared(Path(reported["report"]), Path(reported["comparison"]), splits, walked.specs)


def _measure(
    chain: Chain, name: str, dataset: Path, split: Path, *, model: Path | None = None, arm: str = "model"
) -> Path:
    """Measure an arm on the test people; returns the results file."""
    card = model.with_name(paths.MODEL_CARD) if model else None
    files = [file for file in (model, card) if file and file.is_file()]
    answer = chain.run(
        name,
        "evaluator",
        flags_of(model=model, arm=arm, dataset=dataset, split=split, side="test"),
        inputs=[*files, split, *_dataset_files(dataset)],
        outputs=lambda a: [Path(a["file"]), Path(a["file"]).with_name(a["results"]["predictions"]["file"])],
    )
    return Path(answer["file"])


def _write_spec(chain: Chain, name: str, onnx: Path) -> Path:
    """Write the hand-off of a model; returns its front-end spec."""
    weights = onnx.with_name(paths.WEIGHTS_FILE)
    answer = chain.run(
        name,
        "handoff",
        ["--model", onnx],
        inputs=[onnx, onnx.with_name(paths.MODEL_CARD), *([weights] if weights.is_file() else [])],
        # The spec itself is no output to hold the step by: the browser proof writes into it afterwards.
        outputs=lambda a: [Path(a["folder"]) / graph["file"] for graph in a["graphs"]],
    )
    return Path(answer["spec"])


def _fine_tune(chain: Chain, plan: Plan, split: Path, seed: int, name: str, train_people: int | None = None) -> Answer:
    """Train once to the longest length; every arm is a checkpoint of this run."""
    theirs = plan.baseline.with_name(paths.WEIGHTS_FILE)
    chosen = plan.weights or (str(theirs) if theirs.is_file() else "imagenet")

    def train_from(start: str) -> Answer:
        kept = ",".join(map(str, plan.epochs))
        flags = flags_of(dataset=plan.dataset, split=split, weights=start, epochs=max(plan.epochs), keep_epochs=kept)
        file = Path(start).expanduser()
        return chain.run(
            name,
            "trainer",
            [*flags, *flags_of(lr=plan.lr, seed=seed, train_people=train_people)],
            inputs=[split, *_dataset_files(plan.dataset), *([file] if file.is_file() else [])],
            outputs=_checkpoints,
        )

    try:
        return train_from(chosen)
    except steps.StepFailed as error:
        if plan.weights or chosen != "imagenet" or error.exit_code != 3:
            raise
        print("ab: ImageNet weights cannot be had here; training starts from random weights", file=sys.stderr)
        return train_from("none")
