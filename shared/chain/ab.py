"""The A/B experiment as a list of steps: split, leaks, baseline, training, export, measurement, spec, report.

    dataset → split ─┬─ baseline ───────────────────────► measured on test ─┐
                     ├─ majority ───────────────────────► measured on test ─┤
                     └─ one training → an export an arm → measured on test ─┴─► report

With folds the middle runs once per fold and seed, and the results of each arm are pooled before the report. Each step
is described in `shared.chain.stages`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.chain import stages
from shared.chain.ab_parts import films_of_people
from shared.chain.cache import Chain
from shared.chain.flags import flags_of
from shared.chain.stages import Training, dataset_files
from shared.chain.words import words_of
from shared.system import console
from shared.text.catalogue import Lang

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
        only_look: Whether there will be no other look at the question.
        seed: Of split and training.
        folds: Into how many folds the people are divided, so that everybody is tested; 0 for one split.
        seeds: How often, each time divided and trained otherwise.
        margin: The least difference of practical interest, as it is written on the command line.
        protected: The metric that must not drop by more than the margin, or ``none``.
        people_curve: Whether the longest arm is also trained on a quarter, half and three quarters of the people.
        objective: What thresholds are chosen for, as the exporter takes it.
        lang: Language of the report.
        network: Flags of the trainer on encoder, pooling and freezing, where they are not its defaults.
        test: The test people, as the splitter takes them; empty to draw them.
        stream: Whether the arms also play the test people's films; of one split.
        added: Names of datasets whose moments the baseline has not seen, where the dataset is a joined one.
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
    lang: Lang
    network: Mapping[str, object] = field(default_factory=dict)
    test: str = ""
    stream: bool = False
    added: tuple[str, ...] = ()
    only_look: bool = False

    def session(self) -> str:
        """Name this experiment: its arms count as one test-set evaluation, another plan counts as another."""
        labels = contracts.sha256_file(self.dataset / "labels.csv")
        # A baseline that is not there is the evaluator's to refuse.
        before = contracts.sha256_file(self.baseline) if self.baseline.is_file() else self.baseline.name
        plan_facts: list[Any] = [
            labels,
            before,
            self.epochs,
            self.weights,
            self.lr,
            self.seed,
            self.folds,
            self.seeds,
            self.objective,
        ]
        plan_facts += [self.network] if self.network else []
        plan_facts += [self.test] if self.test else []
        return f"ab-{contracts.sha256_json(plan_facts)[:16]}"


def make_baseline(
    chain: Chain, dataset: Path, model: str = "baseline", network: Mapping[str, object] | None = None
) -> Path:
    """Train a detector and export it; returns the ONNX file.

    Args:
        chain: The chain.
        dataset: Its folder.
        model: What the model is called.
        network: Flags of the trainer on a pretrained network; None for the usual one, from scratch.
    """
    # From scratch on so few faces, varied pictures hide the mouth for hundreds of steps (LOG.md): none here.
    from_scratch = {"weights": "none", "lr": BASELINE_LR, "no_augment": True}
    how = {"weights": "imagenet", **network} if network else from_scratch
    flags = flags_of(epochs=BASELINE_EPOCHS, keep_epochs=BASELINE_EPOCHS, **how)
    trained = stages.train(chain, "train", dataset, None, flags)
    kept = stages.epoch_name(BASELINE_EPOCHS)
    return stages.export(chain, "export", trained, kept, dataset, None, model)


def announce_stand_in(chain: Chain) -> None:
    """Say that a baseline is trained first, as none was given."""
    chain.say("opening_stand_in")


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

    def as_text(self, lang: Lang) -> str:
        """Write a table of the arms, the verdict and where to look."""
        words, comparison = words_of(lang), json.loads(self.comparison.read_text(encoding="utf-8"))
        arms = comparison["arms"]
        lines = [f"{'':<11}" + "".join(f"{arm['name']:<23.22}" for arm in arms)]
        for key in ("recall", "precision", "f1", "accuracy", "roc_auc"):
            cells = "".join(f"{stages.format_interval(arm['intervals'][key]):<23}" for arm in arms)
            lines.append(console.pad(words(key), 11) + cells)
        thresholds = "".join(f"{arm['metrics']['threshold']:<23.4f}" for arm in arms)
        found = arms[0]["intervals"]["accuracy"]
        n, people = comparison["n_sequences"], comparison["n_subjects"]
        who = words("who_drawn" if comparison["synthetic"] else "who_people")
        lines += [
            console.pad(words("threshold"), 11) + thresholds,
            words("intervals", method=found["method"], n=found["n"]),
            words("measured_on", n=n, people=people, who=who),
            "",
        ]
        verdict = comparison["verdict"]
        lines += [verdict["at_chance"]["sentence"][lang]] if verdict.get("at_chance") else []
        lines += [words("verdict", word=words(f"word_{verdict['word']}")), verdict["sentence"][lang], ""]
        places = [("report", self.report), ("comparison", self.comparison)]
        places += [("split", split) for split in self.splits] + [("handoff", spec) for spec in self.specs]
        where = [console.pad(words(f"place_{what}"), 12) + paths.shown(path) for what, path in places]
        return "\n".join([*(line.rstrip() for line in lines), *where])


@dataclass(frozen=True)
class Walked:
    """One way from a split to results: the run, and results and specs by arm."""

    run: Path
    baseline: Path
    candidates: dict[str, Path]
    references: dict[str, Path]
    people: dict[str, Path]
    specs: tuple[Path, ...]
    streams: dict[str, Path] = field(default_factory=dict)


def compare(chain: Chain, plan: Plan) -> Compared:
    """Run all steps from a dataset to a report.

    Raises:
        StepFailed: A tool failed; it has printed why.
    """
    _expect(chain, plan, len(PEOPLE_SHARES), ["splitter", "splitter check"])
    arms = ", ".join(chain.text("epochs_arm", n=n) for n in plan.epochs)
    chain.open("opening_ab", before=paths.shown(plan.baseline), arms=arms, dataset=paths.shown(plan.dataset))
    splits = stages.freeze_splits(chain, plan.dataset, plan.seed, plan.folds, plan.seeds, plan.test)
    if plan.people_curve:
        _expect(chain, plan, len(_fewer_people(splits[0])), [])
    walks = [_walk(chain, plan, split, f"{split.stem}: " if plan.folds else "") for split in splits]
    walked = walks[0] if len(walks) == 1 else _pool(chain, walks)
    return _report(chain, plan, splits, walked)


def _expect(chain: Chain, plan: Plan, n_curve: int, first: list[str]) -> None:
    """Say which steps are still to come: `first`, then those of each split, pools and the report."""
    n_splits, n_arms = max(1, plan.folds * plan.seeds), len(plan.epochs)
    n_blendshapes = 2 if _reads_blendshapes(plan) else 0
    n_curve = n_curve if plan.people_curve else 0
    walk = ["trainer", *["evaluator"] * (3 + n_arms + n_blendshapes), *["exporter"] * n_arms]
    walk += ["featurizer"] * (n_blendshapes > 0) + ["handoff"] * (0 if plan.folds else n_arms)
    if plan.stream:
        has_card = plan.baseline.with_name(paths.MODEL_CARD).is_file()
        walk += ["handoff"] * has_card + ["evaluator"] * (n_arms + has_card)
    walk += ["trainer", "exporter", "evaluator"] * n_curve
    n_pools = 3 + n_arms + n_blendshapes + (n_curve + 1 if n_curve else 0) if n_splits > 1 else 0
    steps = [*first, *walk * n_splits, *["evaluator pool"] * n_pools, "reporter"]
    chain.expect(steps, _training(plan).seconds(plan.dataset))


def _walk(chain: Chain, plan: Plan, split: Path, tag: str) -> Walked:
    """Train on a split and measure every arm on its test people."""
    seed, how = stages.seed_of(split), _training(plan)
    before = _measure(chain, plan, split, f"{tag}measure baseline", model=plan.baseline)
    majority = _measure(chain, plan, split, f"{tag}measure majority", arm="majority")
    trained = stages.fine_tune(chain, f"{tag}train", plan.dataset, split, how, seed)
    candidates, specs = {}, {}
    for epochs in plan.epochs:
        name = f"epochs-{epochs}"
        model = f"{trained['run']['run_id']}-e{epochs}"
        kept = stages.epoch_name(epochs)
        onnx = stages.export(chain, f"{tag}export {name}", trained, kept, plan.dataset, split, model, plan.objective)
        candidates[name] = _measure(chain, plan, split, f"{tag}measure {name}", model=onnx)
        if not plan.folds:
            specs[name] = stages.hand_off(chain, f"spec {name}", onnx)
    # Of the longest arm, which is the last: once, since a step's name stands for one thing.
    one_frame = _measure(chain, plan, split, f"{tag}measure one frame", model=onnx, arm="one_frame")
    references = {"majority-class": majority, "one-frame": one_frame, **measure_blendshapes(chain, plan, split, tag)}
    people = {}
    if plan.people_curve:
        longest = candidates[f"epochs-{max(plan.epochs)}"]
        people = {**_train_on_fewer(chain, plan, split, seed, tag), str(_count_training_people(split)): longest}
    streams = {}
    if plan.stream:
        first = films_of_people.hand_off_baseline(chain, plan.baseline)
        played = {**({"baseline": first} if first else {}), **specs}
        streams = films_of_people.play(chain, plan.dataset, split, played, plan.objective, plan.session())
    run = stages.run_file(trained)
    return Walked(run, before, candidates, references, people, tuple(specs.values()), streams)


def _training(plan: Plan) -> Training:
    return Training(plan.epochs, plan.lr, plan.weights, plan.baseline, plan.network)


def measure_blendshapes(chain: Chain, plan: Plan, split: Path, tag: str) -> dict[str, Path]:
    """Measure MediaPipe's blendshapes, where the extra and its model are here; drawn faces are none that it knows."""
    if not _reads_blendshapes(plan):
        return {}
    stages.read_features(chain, plan.dataset, "blendshapes")
    arms = {"blendshapes": "blendshapes", "blendshape-logistic": "blendshape_logistic"}
    return {name: _measure(chain, plan, split, f"{tag}measure {name}", arm=arm) for name, arm in arms.items()}


def _reads_blendshapes(plan: Plan) -> bool:
    manifest = json.loads((plan.dataset / "dataset.json").read_text(encoding="utf-8"))
    return manifest["kind"] != "synthetic" and stages.has_landmarker()


def _measure(
    chain: Chain, plan: Plan, split: Path, name: str, *, model: Path | None = None, arm: str = "model"
) -> Path:
    """Measure an arm on a split's test people, as a part of this experiment."""
    return stages.measure(chain, name, plan.dataset, split, model=model, arm=arm, session=plan.session())


def _count_training_people(split: Path) -> int:
    return len(json.loads(split.read_text(encoding="utf-8"))["sides"]["train"]["subjects"])


def _fewer_people(split: Path) -> list[int]:
    """Return the numbers of training people that the curve of people has beside all of them."""
    n_people = _count_training_people(split)
    return sorted({max(1, round(n_people * share)) for share in PEOPLE_SHARES} - {n_people})


def _train_on_fewer(chain: Chain, plan: Plan, split: Path, seed: int, tag: str) -> dict[str, Path]:
    """Train the longest arm on fewer people; returns results by number of people, so that more people can be judged."""
    epochs = max(plan.epochs)
    found = {}
    for number in _fewer_people(split):
        name = f"{tag}{number} people"
        trained = stages.fine_tune(chain, f"{name}: train", plan.dataset, split, _training(plan), seed, number)
        model = f"{trained['run']['run_id']}-e{epochs}"
        kept = stages.epoch_name(epochs)
        onnx = stages.export(chain, f"{name}: export", trained, kept, plan.dataset, split, model, plan.objective)
        found[str(number)] = _measure(chain, plan, split, f"{name}: measure", model=onnx)
    return found


def _pool(chain: Chain, walks: list[Walked]) -> Walked:
    """Put the results of folds and seeds together, arm by arm."""
    return Walked(
        run=walks[0].run,
        baseline=stages.pool(chain, "baseline", [walk.baseline for walk in walks]),
        candidates={
            name: stages.pool(chain, name, [walk.candidates[name] for walk in walks]) for name in walks[0].candidates
        },
        references={
            name: stages.pool(chain, name, [walk.references[name] for walk in walks]) for name in walks[0].references
        },
        people={
            number: stages.pool(chain, f"{number}-people", [walk.people[number] for walk in walks])
            for number in sorted(set.intersection(*(set(walk.people) for walk in walks)), key=int)
        },
        specs=(),
    )


def _report(chain: Chain, plan: Plan, splits: tuple[Path, ...], walked: Walked) -> Compared:
    """Write the report."""
    arms = "_".join(map(str, plan.epochs))
    labels = json.loads(splits[0].read_text(encoding="utf-8"))["dataset"]["sha256"][:8]
    tested = f"-f{plan.folds}x{plan.seeds}" if plan.folds else ""
    tested += f"-t{contracts.sha256_json(plan.test)[:8]}" if plan.test else ""
    flags = flags_of(
        baseline=f"baseline={walked.baseline}",
        candidate=[f"{name}={file}" for name, file in walked.candidates.items()],
        reference=[f"{name}={file}" for name, file in walked.references.items()],
        people=[f"{number}={file}" for number, file in walked.people.items()],
        stream=[f"{name}={file}" for name, file in walked.streams.items()],
        added=list(plan.added),
        run=walked.run,
        dataset=plan.dataset,
        margin=plan.margin,
        only_look=plan.only_look,
        protected=plan.protected,
        lang=plan.lang,
        report_id=f"ab-{plan.dataset.name[:20]}-{labels}-e{arms[:16]}-s{plan.seed}{tested}",
    )
    results = [walked.baseline, *walked.candidates.values(), *walked.references.values(), *walked.people.values()]
    results += walked.streams.values()
    reported = chain.run(
        "report",
        "reporter",
        flags,
        inputs=[*results, walked.run, *dataset_files(plan.dataset)],
        outputs=lambda a: [Path(a["report"]), Path(a["comparison"])],
    )
    return Compared(Path(reported["report"]), Path(reported["comparison"]), splits, walked.specs)
