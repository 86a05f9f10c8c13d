"""What every comparison is made of, a chain's step each: splits, leaks, faces, training, export, measurement, pooling.

Knows the tools by name only and runs them as programs (`shared.chain.cache`); which steps make a comparison is
decided by `shared.chain.ab` and `shared.chain.compare_approaches`. The exporter chooses a model's threshold on
validation people; only the evaluator uses the test people.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.chain import cache
from shared.chain.cache import Chain, ToolResult
from shared.chain.flags import flags_of
from shared.chain.pace import training_seconds
from shared.errors import InvalidInput, MissingOutside
from shared.models import pretrained
from shared.models.encoder_specs import EncoderChoice


def dataset_files(dataset: Path) -> list[Path]:
    """Name the files of a dataset that every step depends on."""
    return [dataset / "dataset.json", dataset / "labels.csv"]


def require_both_classes(dataset: Path) -> None:
    """Check that both classes are there, before anything is trained.

    Raises:
        InvalidInput: All sequences are of one class.
    """
    manifest = json.loads((dataset / "dataset.json").read_text(encoding="utf-8"))
    counts = {label: int(manifest["counts"]["by_label"].get(label, 0)) for label in manifest["classes"]}
    if missing := [label for label, count in counts.items() if not count]:
        raise InvalidInput(
            paths.shown(dataset),
            found=", ".join(f"{count} {label}" for label, count in counts.items()),
            expected="sequences of both classes",
            todo=f"record or import {missing[0]}",
        )


def freeze_splits(chain: Chain, dataset: Path, seed: int, folds: int, seeds: int, test: str = "") -> tuple[Path, ...]:
    """Split the people, once or into folds, and check for leaks; returns the split files.

    Args:
        chain: The chain.
        dataset: Its folder.
        seed: The first one.
        folds: Folds a seed; 0 for one split.
        seeds: How often the folds are drawn; not looked at without folds.
        test: The test people of one split, as the splitter takes them; empty to draw them.

    Raises:
        StepFailed: Too few people, or the same person, take or picture in two parts of the split.
    """
    flags = flags_of(dataset=dataset, seed=seed, test=test)
    if folds:
        flags += flags_of(folds=folds, seeds=seeds)

    def files(result: ToolResult) -> list[Path]:
        return [Path(file) for file in result.get("files") or [result["file"]]]

    splits = tuple(files(chain.run("split", "splitter", flags, inputs=dataset_files(dataset), outputs=files)))
    flags = ["check", "--dataset", dataset, "--split", *splits]
    chain.run("leaks", "splitter", flags, inputs=[*splits, *dataset_files(dataset)], outputs=lambda result: [])
    return splits


def seed_of(split: Path) -> int:
    """Return the seed that a split was drawn with."""
    return int(json.loads(split.read_text(encoding="utf-8"))["seed"])


def require_landmarker() -> None:
    """Make sure that faces can be read here.

    Raises:
        MissingOutside: mediapipe is not installed, or the Face Landmarker's file was not fetched; says how to get it.
    """
    if importlib.util.find_spec("mediapipe") is None:
        raise MissingOutside(
            "face landmarks",
            found="no Python package 'mediapipe'",
            expected="the featurizer extra",
            todo="run ./inv, or: pip install 'smilebench[featurizer]'",
        )
    from shared.faces import landmarker

    landmarker.find_model()


def has_landmarker() -> bool:
    """Tell whether faces can be read here: mediapipe is installed, and the Face Landmarker's file was fetched."""
    try:
        require_landmarker()
    except MissingOutside:
        return False
    return True


def read_features(chain: Chain, dataset: Path, kind: str) -> Path:
    """Bring a dataset's features up to date; returns their manifest."""
    result = chain.run(
        f"features {kind}",
        "featurizer",
        flags_of(dataset=dataset, kind=kind),
        inputs=dataset_files(dataset),
        outputs=lambda a: [Path(a["features"])],
    )
    return Path(result["features"])


@dataclass(frozen=True)
class Training:
    """How a network of pictures is trained.

    Attributes:
        epochs: Epochs that are kept, ascending; the last is how long it trains.
        lr: Learning rate, as it is written on the command line; empty for the trainer's.
        weights: Where it starts; empty means the newest pretrained weights, else the baseline's if they lie beside it,
            if they are of the same network; else imagenet.
        baseline: An ONNX whose weights may be a start; None for none.
        network: Flags of the trainer on encoder, pooling and freezing, where they are not its defaults.
    """

    epochs: tuple[int, ...]
    lr: str
    weights: str
    baseline: Path | None
    network: Mapping[str, object] = field(default_factory=dict)

    def start(self) -> str:
        """Choose the initial weights: those given, else pretrained ones or the baseline's if they fit, else ImageNet.

        Raises:
            MissingOutside: Pretrained ones were asked for, and there are none.
        """
        if self.weights:
            return pretrained.resolve_weights(self.weights)
        newest = pretrained.find_weights()
        card = pretrained.read_card(newest) if newest else None
        if card and all(self.network.get(name, value) == value for name, value in card["network"].items()):
            return str(newest)
        if self.baseline is None:
            return "imagenet"
        weights, model_card = self.baseline.with_name(paths.WEIGHTS_FILE), self.baseline.with_name(paths.MODEL_CARD)
        if not weights.is_file():
            return "imagenet"
        encoder = contracts.read_document(model_card, "model").get("encoder") if model_card.is_file() else None
        is_same = EncoderChoice.from_settings(encoder) == EncoderChoice.from_settings(self.network)
        return str(weights) if is_same else "imagenet"

    def seconds(self, dataset: Path) -> float:
        """Guess how long it takes."""
        return training_seconds(dataset, max(self.epochs), self.network.get("freeze_epochs", 0))


def fine_tune(
    chain: Chain, name: str, dataset: Path, split: Path, how: Training, seed: int, train_people: int | None = None
) -> ToolResult:
    """Train the dual head once to the longest length; every arm is a checkpoint of this run.

    Without ImageNet's weights it starts from random ones, as do all later trainings of this chain: one recipe.
    """
    start = how.start()
    is_free = start == "imagenet" and not how.weights
    chosen = (chain.start_weights if is_free else "") or start
    flags = flags_of(epochs=max(how.epochs), keep_epochs=",".join(map(str, how.epochs)), lr=how.lr, seed=seed)
    flags += flags_of(train_people=train_people, **how.network)
    try:
        trained = train(chain, name, dataset, split, [*flags_of(weights=chosen), *flags], start=chosen)
    except cache.StepFailed as error:
        if not is_free or chain.start_weights or error.exit_code != 3:
            raise
        chain.say("no_imagenet")
        chosen = "none"
        trained = train(chain, name, dataset, split, [*flags_of(weights=chosen), *flags])
    if is_free:
        chain.start_weights = chosen
    return trained


def train_photos(chain: Chain, name: str, dataset: Path, split: Path, how: Training, seed: int) -> ToolResult:
    """Train a classifier of photos by the trainer's own settings, where no flag says otherwise; it stops by itself."""
    return train(
        chain,
        name,
        dataset,
        split,
        flags_of(network="photo", weights=how.weights, lr=how.lr, seed=seed, **how.network),
        start=how.weights,
    )


def train(
    chain: Chain,
    name: str,
    dataset: Path,
    split: Path | None,
    flags: Sequence[object],
    *,
    start: str = "",
    features: Sequence[Path] = (),
) -> ToolResult:
    """Train a network on a split's training people.

    Args:
        chain: The chain.
        name: What the step is called.
        dataset: Its folder.
        split: The frozen split; None lets the trainer freeze one.
        flags: Further flags of the trainer.
        start: A file of weights, where the network starts from one.
        features: Manifests of the features that it takes as input.
    """
    file = Path(start).expanduser() if start else None
    given = [split] if split else []
    return chain.run(
        name,
        "trainer",
        [*flags_of(dataset=dataset, split=split), *flags],
        inputs=[*given, *dataset_files(dataset), *features, *([file] if file and file.is_file() else [])],
        outputs=_checkpoints,
    )


def _checkpoints(trained: ToolResult) -> list[Path]:
    folder = Path(trained["folder"])
    return [folder / point["file"] for point in trained["run"]["checkpoints"]]


def run_file(trained: ToolResult) -> Path:
    """Return the document of a run."""
    return Path(trained["folder"]) / "run.json"


def export(
    chain: Chain,
    name: str,
    trained: ToolResult,
    checkpoint: str,
    dataset: Path,
    split: Path | None,
    model: str,
    objective: str = "youden",
    *,
    calibrate: bool = False,
    out: Path | None = None,
) -> Path:
    """Export a checkpoint of a run, as a model of that name or to a folder; returns the ONNX file."""
    folder = Path(trained["folder"])
    out = out or paths.artifacts("models") / model
    result = chain.run(
        name,
        "exporter",
        flags_of(
            run=folder,
            checkpoint=checkpoint,
            dataset=dataset,
            split=split,
            out=out,
            objective=objective,
            calibrate=calibrate,
        ),
        inputs=[folder / f"{checkpoint}.safetensors", *dataset_files(dataset)],
        outputs=lambda made: [Path(made["onnx"]), Path(made["onnx"]).with_name(paths.MODEL_CARD)],
    )
    return Path(result["onnx"])


def epoch_name(epoch: int) -> str:
    """Name the checkpoint of an epoch, as the trainer does."""
    return f"epoch_{epoch:04d}"


def measure(
    chain: Chain,
    name: str,
    dataset: Path,
    split: Path,
    *,
    model: Path | None = None,
    arm: str = "model",
    features: Sequence[Path] = (),
    session: str = "",
    side: str = "test",
    more: Sequence[object] = (),
) -> Path:
    """Measure an arm on the test people, or on another part of the split; returns the results file.

    Args:
        chain: The chain.
        name: What the step is called.
        dataset: Its folder.
        split: The frozen split.
        model: The ONNX file; None for an arm that needs none.
        arm: What is measured, as the evaluator names it.
        features: Manifests of the features that it takes as input.
        session: The comparison that this belongs to; all of it counts as one test-set evaluation.
        side: The part of the split.
        more: Further flags of the evaluator.
    """
    card = model.with_name(paths.MODEL_CARD) if model else None
    files = [file for file in (model, card) if file and file.is_file()]
    result = chain.run(
        name,
        "evaluator",
        [*flags_of(model=model, arm=arm, dataset=dataset, split=split, side=side, session=session), *more],
        inputs=[*files, split, *dataset_files(dataset), *features],
        outputs=_results_files,
    )
    return Path(result["file"])


def fuse(
    chain: Chain,
    name: str,
    dataset: Path,
    split: Path,
    *,
    validation: Mapping[str, Path],
    test: Mapping[str, Path],
    features: Sequence[Path],
    objective: str,
    session: str,
) -> Path:
    """Fuse what approaches predicted; returns the results file.

    Args:
        chain: The chain.
        name: What the step is called.
        dataset: Its folder.
        split: The frozen split.
        validation: Results of each member on the validation people, by the approach's name.
        test: Results of each member on the test people.
        features: Manifests of the features, where a member needs faces.
        objective: What the threshold is chosen for.
        session: The comparison that this belongs to.
    """
    flags = flags_of(
        dataset=dataset,
        split=split,
        validation=[f"{member}={file}" for member, file in validation.items()],
        test=[f"{member}={file}" for member, file in test.items()],
        objective=objective,
        session=session,
    )
    result = chain.run(
        name,
        "evaluator",
        ["fuse", *flags],
        inputs=[*validation.values(), *test.values(), split, *dataset_files(dataset), *features],
        outputs=_results_files,
    )
    return Path(result["file"])


def pool(chain: Chain, name: str, files: Sequence[Path], more: Sequence[object] = ()) -> Path:
    """Put the results of folds and seeds together, by further flags of the evaluator; returns the pooled results."""
    result = chain.run(
        f"pool {name}",
        "evaluator",
        ["pool", *files, "--name", name, *more],
        inputs=files,
        outputs=_results_files,
    )
    return Path(result["file"])


def _results_files(result: ToolResult) -> list[Path]:
    file = Path(result["file"])
    return [file, file.with_name(result["results"]["predictions"]["file"])]


def hand_off(chain: Chain, name: str, onnx: Path, out: Path | None = None) -> Path:
    """Write the hand-off of a model, to artifacts/handoff or elsewhere; returns its front-end spec."""
    weights = onnx.with_name(paths.WEIGHTS_FILE)
    result = chain.run(
        name,
        "handoff",
        flags_of(model=onnx, out=out),
        inputs=[onnx, onnx.with_name(paths.MODEL_CARD), *([weights] if weights.is_file() else [])],
        # The spec itself is no output to hold the step by: the browser proof writes into it afterwards.
        outputs=lambda a: [Path(a["folder"]) / graph["file"] for graph in a["graphs"]],
    )
    return Path(result["spec"])


def format_interval(interval: dict[str, Any]) -> str:
    """Write a number of a document with its interval for a terminal, where it has one."""
    if interval["value"] is None:
        return "-"
    if interval["low"] is None:
        return f"{interval['value']:.3f}"
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
