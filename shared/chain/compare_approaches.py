"""Approaches side by side, as a list of steps: which of several approaches should a team ship?

    dataset → faces → folds ─┬─ each network trained, exported → measured on test ─┐ pooled
                             ├─ each way without one ──────────► measured on test ─┤
                             └─ fusions of these, learned on validation people ────┴─ → times → report

The same folds and the same people for all. What cannot be compared on this dataset or on this machine is left out with
its reason, unless it was requested by name. Each step is described in `shared.chain.stages`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.approaches import PHOTO, PHOTO_LOGISTIC, Approach, get_approach
from shared.chain import stages
from shared.chain.cache import Chain, ToolResult
from shared.chain.flags import flags_of
from shared.chain.left_out import find_channels, frame_counts, list_left_out, require_two
from shared.chain.stages import Training, dataset_files
from shared.chain.words import words_of
from shared.onnx.contract import CLIPS
from shared.system import console
from shared.text.catalogue import Lang
from shared.web.browser_proof import read_proof

FACES = "faces"
FEW = 3  # people; with fewer the splitter refuses


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Attributes:
        dataset: Folder of the dataset.
        names: The approaches, the floor among them.
        by_name: Whether they were requested by name: then nothing is left out in silence.
        training: Of the dual head.
        seed: Of splits and training.
        folds: Into how many folds the people are divided; fewer where there are fewer people; 0 for one split.
        seeds: How often, each time divided and trained otherwise.
        primary: The metric that decides.
        margin: The least difference of practical interest, as it is written on the command line.
        only_look: Whether there will be no other look at the question.
        objective: What thresholds of networks are chosen for, as the exporter takes it.
        lang: Language of the report.
    """

    dataset: Path
    names: tuple[str, ...]
    by_name: bool
    training: Training
    seed: int
    folds: int
    seeds: int
    primary: str
    margin: str
    objective: str
    lang: Lang
    only_look: bool = False

    def check(self) -> None:
        """Refuse what cannot be compared, before minutes are spent on a baseline or a training.

        Raises:
            WrongUsage: A flag is invalid.
            InvalidInput: An approach was requested by name that this dataset does not allow, or it has one class.
            MissingOutside: An approach was requested by name that needs mediapipe or its model file.
        """
        stages.require_both_classes(self.dataset)
        require_two(self.dataset, self.names, _left_out(self))

    def wants_baseline(self) -> bool:
        """Tell whether the dual head is trained and no start weights are given."""
        is_told = bool(self.training.weights) or self.training.baseline is not None
        return not is_told and "dual_head" in self.names and "dual_head" not in _left_out(self)

    def starting_from(self, baseline: Path) -> "Plan":
        """Return the same plan, with a detector whose weights the dual head may start from."""
        return replace(self, training=replace(self.training, baseline=baseline))

    def comparison_id(self) -> str:
        """Name this comparison: the same plan on the same labels has the same name."""
        name = json.loads((self.dataset / "dataset.json").read_text(encoding="utf-8"))["name"]
        labels = contracts.sha256_file(self.dataset / "labels.csv")
        start = self.training.baseline and contracts.sha256_file(self.training.baseline)
        plan_facts: list[Any] = [*self.names, self.training.epochs, self.training.lr, self.training.weights, start]
        plan_facts += [self.seed, self.folds, self.seeds, self.objective, labels]
        plan_facts += [self.training.network] if self.training.network else []
        return f"approaches-{name[:30]}-{contracts.sha256_json(plan_facts)[:8]}"


def announce_start(chain: Chain) -> None:
    """Say that the dual head's start is trained first, as none was given."""
    chain.say("opening_start")


@dataclass(frozen=True)
class Compared:
    """Where a comparison's documents lie."""

    report: Path
    document: Path

    def as_text(self, lang: Lang) -> str:
        """Write a table of the approaches, the verdict and where the files are."""
        words, found = words_of(lang), json.loads(self.document.read_text(encoding="utf-8"))
        primary = found["verdict"]["primary"]
        wide = max(21, *(len(one["name"]) + 2 for one in found["approaches"]))
        heads = console.pad(words(primary), 23) + console.pad(words("recall"), 23)
        training = words("training")
        lines = [f"{'':<{wide}}{heads}{'MB':>7}{'ms':>8}{'':<{11 - console.width(training)}}{training}"]
        for one in found["approaches"]:
            cells = [f"{stages.format_interval(one['intervals'][key]):<23}" for key in (primary, "recall")]
            time, seconds = one["time"]["decision_ms"], one["training"]["seconds"]
            cells.append(f"{one['download']['total_bytes'] / 1e6:>7.1f}")
            cells.append(f"{'-' if time is None else f'{time:.1f}':>8}")
            cells.append(f"{'-' if seconds is None else f'{seconds:.0f} s':>11}")
            lines.append(f"{one['name']:<{wide}}" + "".join(cells))
        for one in found["left_out"]:
            lines.append(words("left_out", name=one["name"], reason=words(f"reason_{one['reason']}")))
        n, people = found["n_sequences"], found["n_subjects"]
        who = words("who_drawn" if found["synthetic"] else "who_people")
        lines += [words("intervals_plain", n=n, people=people, who=who), ""]
        chosen = found["verdict"]["recommended"]
        word = words("word_cannot_tell") if chosen is None else words("word_ship", name=chosen)
        lines += [words("verdict", word=word), found["verdict"]["sentence"][lang], found["tradeoff"]["sentence"][lang]]
        places = [("report", self.report), ("document", self.document)]
        where = [console.pad(words(f"place_{what}"), 12) + paths.shown(path) for what, path in places]
        return "\n".join([*lines, "", *where])


@dataclass
class _Made:
    """What the walks have made so far, by approach: one file per fold and seed."""

    results: dict[str, list[Path]] = field(default_factory=dict)
    runs: dict[str, list[Path]] = field(default_factory=dict)
    models: dict[str, list[Path]] = field(default_factory=dict)


def compare(chain: Chain, plan: Plan) -> Compared:
    """Run all steps from a dataset to a report.

    Raises:
        StepFailed: A tool failed; it has printed why.
        WrongUsage: A flag is invalid.
        InvalidInput: An approach was requested by name that this dataset does not allow, or nothing is left to compare.
        MissingOutside: An approach was requested by name that needs mediapipe or its model file.
    """
    plan.check()
    left_out = _left_out(plan)
    names = [name for name in plan.names if name not in left_out]
    n_splits = max(1, _count_folds(plan) * plan.seeds)
    _expect(chain, plan, names, n_splits, ["splitter", "splitter check"])
    chain.open("opening_approaches", arms=", ".join(names), dataset=paths.shown(plan.dataset))
    features = {FACES: _read_faces(chain, plan, names), CLIPS: _read_channels(chain, plan, names)}
    blind = {kind for kind, file in features.items() if file and _shows_nobody(file)}
    left_out |= {name: "no_faces" for name in names if _features_of(get_approach(name)) in blind}
    names = [name for name in names if name not in left_out]
    require_two(plan.dataset, plan.names, left_out)
    splits = stages.freeze_splits(chain, plan.dataset, plan.seed, _count_folds(plan), plan.seeds)
    _expect(chain, plan, names, len(splits), [])
    made = _Made()
    for split in splits:
        _walk(chain, plan, split, names, features, made)
    pooled = made.results if len(splits) == 1 else {}
    results = {
        name: made.results[name][0] if pooled else stages.pool(chain, get_approach(name).file_stem, made.results[name])
        for name in names
    }
    specs = _hand_off(chain, plan, made)
    timings = _time(chain, plan, made, specs, features[FACES])
    return _report(chain, plan, results, made, specs, timings, features[FACES], left_out)


def _read_faces(chain: Chain, plan: Plan, names: list[str]) -> Path | None:
    """Return the manifest of what MediaPipe reads in the pictures, where an approach needs it."""
    needed = frozenset[str]().union(*(get_approach(name).inputs for name in names))
    if not any(get_approach(name).needs_faces for name in names):
        return None
    return stages.read_features(chain, plan.dataset, "landmarks" if "landmarks" in needed else "blendshapes")


def _left_out(plan: Plan) -> dict[str, str]:
    return list_left_out(plan.dataset, plan.names, by_name=plan.by_name)


def _shows_nobody(manifest: Path) -> bool:
    """Tell whether no picture of a dataset shows a face."""
    counts = json.loads(manifest.read_text(encoding="utf-8"))["counts"]
    return bool(counts["sequences_without_face"] == counts["sequences"])


def _read_channels(chain: Chain, plan: Plan, names: list[str]) -> Path | None:
    """Return the manifest of the clips' channels: of the provider that was chosen, or new ones of the usual one."""
    if not any(get_approach(name).is_of_clips for name in names):
        return None
    there = find_channels(plan.dataset)
    return there or stages.read_features(chain, plan.dataset, CLIPS)


def _features_of(approach: Approach) -> str | None:
    """Say which features an approach takes as input, if any."""
    return CLIPS if approach.is_of_clips else FACES if approach.needs_faces else None


def _pick(features: Mapping[str, Path | None], approach: Approach) -> list[Path]:
    """Pick the manifests of the features that an approach takes as input."""
    return [file for kind, file in features.items() if file and kind == _features_of(approach)]


def _count_folds(plan: Plan) -> int:
    """Return how many folds the people allow; a source that names the test people allows one split only."""
    from shared.dataset.splits import read_test_people  # not light

    if not plan.folds or read_test_people(plan.dataset) is not None:
        return 0
    manifest = json.loads((plan.dataset / "dataset.json").read_text(encoding="utf-8"))
    return min(plan.folds, max(FEW, int(manifest["counts"]["subjects"])))


# Networks that are trained as a part of another one, or stop early: what is trained, and which checkpoint counts.
TRAINED_AS = {PHOTO: (PHOTO, "best"), PHOTO_LOGISTIC: (PHOTO, "stage_0")}


def _walk(
    chain: Chain, plan: Plan, split: Path, names: list[str], features: Mapping[str, Path | None], made: _Made
) -> None:
    """Train what needs training on a split, and measure every approach on its test people."""
    tag, session = f"{split.stem}: ", plan.comparison_id()
    models: dict[str, Path] = {}
    trainings: dict[str, ToolResult] = {}
    for network in _list_networks(names):
        trains, checkpoint = TRAINED_AS.get(network, (network, "last"))
        if trains not in trainings:
            trainings[trains] = _train(chain, plan, split, trains, _pick(features, get_approach(network)), tag)
        trained = trainings[trains]
        made.runs.setdefault(network, []).append(stages.run_file(trained))
        model = f"{trained['run']['run_id']}-{checkpoint}"
        onnx = stages.export(
            chain, f"{tag}export {network}", trained, checkpoint, plan.dataset, split, model, plan.objective,
            calibrate=trains == PHOTO,
        )  # fmt: skip
        models[network] = onnx
        made.models.setdefault(network, []).append(onnx)

    def measure(name: str, side: str = "test") -> Path:
        approach = get_approach(name)
        return stages.measure(
            chain, f"{tag}measure {name}" + ("" if side == "test" else f" on {side}"), plan.dataset, split,
            model=models[approach.networks[0]] if approach.has_graph else None,
            arm=approach.arm, features=_pick(features, approach), session=session, side=side,
        )  # fmt: skip

    test = {name: measure(name) for name in names if not get_approach(name).members}
    validation = {member: measure(member, "validation") for member in _list_members(names)}
    for name in names:
        if members := get_approach(name).members:
            test[name] = stages.fuse(
                chain, f"{tag}fuse {name}", plan.dataset, split,
                validation={member: validation[member] for member in members},
                test={member: test[member] for member in members},
                features=_pick(features, get_approach(name)),
                objective=plan.objective, session=session,
            )  # fmt: skip
        made.results.setdefault(name, []).append(test[name])


def _list_networks(names: list[str]) -> list[str]:
    """Name the networks that these approaches need, each once."""
    return list(dict.fromkeys(network for name in names for network in get_approach(name).networks))


def _list_members(names: list[str]) -> list[str]:
    """Name the approaches that fusions are made of, each once."""
    return list(dict.fromkeys(member for name in names for member in get_approach(name).members))


def _expect(chain: Chain, plan: Plan, names: list[str], n_splits: int, first: list[str]) -> None:
    """Say which steps are still to come: `first` with the faces, then those of each split, pools, times and report."""
    networks = _list_networks(names)
    n_fusions = sum(bool(get_approach(name).members) for name in names)
    n_measured = len(names) - n_fusions + len(_list_members(names))
    n_trainings = len({TRAINED_AS.get(network, (network,))[0] for network in networks})
    walk = (
        ["trainer"] * n_trainings
        + ["exporter"] * len(networks)
        + ["evaluator"] * n_measured
        + ["evaluator fuse"] * n_fusions
    )
    steps = [*first, *walk * n_splits, *["evaluator pool"] * (len(names) if n_splits > 1 else 0)]
    steps += ["featurizer"] * (bool(first) and any(get_approach(name).needs_faces for name in names))
    is_new = bool(first) and find_channels(plan.dataset) is None
    steps += ["featurizer"] * (is_new and any(get_approach(name).is_of_clips for name in names))
    steps += ["handoff"] * ("dual_head" in networks and frame_counts(plan.dataset) != {1})
    steps += ["evaluator time", "reporter approaches"]
    chain.expect(steps, plan.training.seconds(plan.dataset))


def _train(chain: Chain, plan: Plan, split: Path, network: str, features: list[Path], tag: str) -> ToolResult:
    name, seed = f"{tag}train {network}", stages.seed_of(split)
    if network == "dual_head":
        return stages.fine_tune(chain, name, plan.dataset, split, plan.training, seed)
    if network == PHOTO:
        return stages.train_photos(chain, name, plan.dataset, split, plan.training, seed)
    flags = flags_of(network=network, seed=seed)
    return stages.train(chain, name, plan.dataset, split, flags, features=features)


def _hand_off(chain: Chain, plan: Plan, made: _Made) -> dict[str, Path]:
    """Write the dual head's hand-off, whose stream is what a page runs; find those that other tools wrote.

    It lies in a folder of its own: a model of a fold is not to be shipped, and must not become the newest hand-off.

    Returns:
        Front-end specs by network, of one of the models that were measured.
    """
    specs: dict[str, Path] = {}
    if "dual_head" in made.models and frame_counts(plan.dataset) != {1}:
        onnx = made.models["dual_head"][0]
        out = paths.artifacts("approaches") / plan.comparison_id() / onnx.parent.name
        specs["dual_head"] = stages.hand_off(chain, "hand-off dual_head", onnx, out)
    for network, models in made.models.items():
        found = [paths.artifacts("handoff") / model.parent.name / paths.SPEC_FILE for model in models]
        there = [spec for spec in found if spec.is_file()]
        proven = [spec for spec in there if read_proof(spec) is not None]
        if there:
            specs[network] = (proven or there)[0]
    return specs


def _time(chain: Chain, plan: Plan, made: _Made, specs: dict[str, Path], features: Path | None) -> Path:
    """Time a decision of each network, and the reading of faces; returns the document."""
    models = {network: files[0] for network, files in made.models.items()}
    streams = {}
    if "dual_head" in specs:
        folder = specs["dual_head"].parent
        models["dual_head"] = paths.artifacts("models") / folder.name / paths.MODEL_FILE
        streams["dual_head"] = folder
    flags = flags_of(
        dataset=plan.dataset,
        model=[f"{network}={file}" for network, file in models.items()],
        handoff=[f"{network}={folder}" for network, folder in streams.items()],
        faces=features is not None,
    )
    result = chain.run(
        "time",
        "evaluator",
        ["time", *flags],
        inputs=[*models.values(), *dataset_files(plan.dataset), *([features] if features else [])],
        outputs=lambda a: [Path(a["file"])],
    )
    return Path(result["file"])


def _report(
    chain: Chain,
    plan: Plan,
    results: dict[str, Path],
    made: _Made,
    specs: dict[str, Path],
    timings: Path,
    features: Path | None,
    left_out: dict[str, str],
) -> Compared:
    """Write the report."""
    runs: list[tuple[str, Path]] = [(network, file) for network, files in made.runs.items() for file in files]
    cards = [(network, files[0].with_name(paths.MODEL_CARD)) for network, files in made.models.items()]
    flags: list[Any] = flags_of(
        result=_pairs(results.items()),
        run=_pairs(runs),
        card=_pairs(cards),
        spec=_pairs(specs.items()),
        timings=timings,
        features=features,
        left_out=_pairs(left_out.items()),
        report_id=plan.comparison_id(),
        **{name: getattr(plan, name) for name in ("dataset", "primary", "margin", "only_look", "lang")},
    )
    seen = [proof for spec in specs.values() if (proof := spec.with_name(paths.PROOF_FILE)).is_file()]
    read = [*results.values(), *(file for _, file in [*runs, *cards]), *specs.values(), *seen, timings]
    result = chain.run(
        "report",
        "reporter",
        ["approaches", *flags],
        inputs=[*read, *([features] if features else []), *dataset_files(plan.dataset)],
        outputs=lambda a: [Path(a["report"]), Path(a["document"])],
    )
    return Compared(Path(result["report"]), Path(result["document"]))


def _pairs(items: Any) -> list[str]:
    """Write NAME=VALUE for flags that take several."""
    return [f"{name}={value}" for name, value in items]
