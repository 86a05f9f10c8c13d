"""The A/B experiment as a list of steps: split, baseline, training, export, measurement, spec, report.

    dataset → split ─┬─ baseline ───────────────────────► measured on test ─┐
                     └─ one training → an export an arm → measured on test ─┴─► report

Knows the tools by name only and runs them as programs (`shared.steps`). The threshold of each arm is chosen by the
exporter on validation people; the test people are looked at by the evaluator alone.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from shared import paths, steps
from shared.steps import Answer, Chain, flags_of

BASELINE_EPOCHS = 10
BASELINE_LR = "1e-3"


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
        lang: Language of the report.
    """

    dataset: Path
    epochs: tuple[int, ...]
    baseline: Path
    weights: str
    lr: str
    seed: int
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
    chain: Chain, name: str, trained: Answer, epoch: int, dataset: Path, split_file: Path | None, model: str
) -> Path:
    """Export one epoch of a run; returns the ONNX file."""
    folder, checkpoint = Path(trained["folder"]), f"epoch_{epoch:04d}"
    answer = chain.run(
        name,
        "exporter",
        flags_of(
            run=folder, checkpoint=checkpoint, dataset=dataset, split=split_file, out=paths.artifacts("models") / model
        ),
        inputs=[folder / f"{checkpoint}.safetensors", *_dataset_files(dataset)],
        outputs=lambda made: [Path(made["onnx"]), Path(made["onnx"]).with_name(paths.MODEL_CARD)],
    )
    return Path(answer["onnx"])


@dataclass(frozen=True)
class Compared:
    """Where an experiment's documents lie."""

    report: Path
    comparison: Path
    split: Path
    specs: tuple[Path, ...]

    def as_text(self) -> str:
        """Write a table of the arms and where to look."""
        comparison = json.loads(self.comparison.read_text(encoding="utf-8"))
        keys = ("recall", "precision", "f1", "accuracy", "roc_auc")
        lines = [f"{'':<16}" + "".join(f"{key:>11}" for key in keys) + f"{'threshold':>12}"]
        for arm in comparison["arms"]:
            metrics = arm["metrics"]
            cells = ["-" if metrics[key] is None else f"{metrics[key]:.3f}" for key in keys]
            row = f"{arm['name']:<16.16}" + "".join(f"{cell:>11}" for cell in cells)
            lines.append(f"{row}{metrics['threshold']:>12.4f}")
        who = "drawn actors (SYNTHETIC)" if comparison["synthetic"] else "people"
        measured = f"measured on {comparison['n_sequences']} sequences of {comparison['n_subjects']} {who}"
        places = [("report", self.report), ("comparison", self.comparison), ("split", self.split)]
        places += [("hand-off", spec) for spec in self.specs]
        lines += [f"{measured}, kept out of training", ""]
        return "\n".join([*lines, *[f"{what:<12}{paths.shown(path)}" for what, path in places]])


def compare(chain: Chain, plan: Plan) -> Compared:
    """Walk the whole way from a dataset to a report.

    Raises:
        StepFailed: A tool said no; it has told the user why.
    """
    files = _dataset_files(plan.dataset)
    split_flags = flags_of(dataset=plan.dataset, seed=plan.seed)
    frozen = chain.run("split", "splitter", split_flags, inputs=files, outputs=lambda a: [Path(a["file"])])
    split = Path(frozen["file"])
    before = _measure(chain, "baseline", plan.baseline, plan.dataset, split)
    trained = _fine_tune(chain, plan, split)
    candidates, specs = [], []
    for epochs in plan.epochs:
        name = f"epochs-{epochs}"
        model = f"{trained['run']['run_id']}-e{epochs}"
        onnx = _export(chain, f"export {name}", trained, epochs, plan.dataset, split, model)
        candidates.append((name, _measure(chain, name, onnx, plan.dataset, split)))
        specs.append(_write_spec(chain, f"spec {name}", onnx))
    run_file = Path(trained["folder"]) / "run.json"
    arms = "_".join(map(str, plan.epochs))
    labels = trained["run"]["dataset"]["sha256"][:8]
    flags = flags_of(
        baseline=f"baseline={before}",
        candidate=[f"{name}={file}" for name, file in candidates],
        run=run_file,
        dataset=plan.dataset,
        lang=plan.lang,
        report_id=f"ab-{plan.dataset.name[:24]}-{labels}-e{arms[:16]}-s{plan.seed}",
    )
    reported = chain.run(
        "report",
        "reporter",
        flags,
        inputs=[before, *[file for _, file in candidates], run_file, *files],
        outputs=lambda a: [Path(a["report"]), Path(a["comparison"])],
    )
    return Compared(Path(reported["report"]), Path(reported["comparison"]), split, tuple(specs))


def _measure(chain: Chain, name: str, onnx: Path, dataset: Path, split: Path) -> Path:
    """Measure a model on the test people; returns the results file."""
    card = onnx.with_name(paths.MODEL_CARD)
    answer = chain.run(
        f"measure {name}",
        "evaluator",
        flags_of(model=onnx, dataset=dataset, split=split, side="test"),
        inputs=[onnx, *([card] if card.is_file() else []), split, *_dataset_files(dataset)],
        outputs=lambda a: [Path(a["file"]), Path(a["file"]).with_name(a["results"]["predictions"]["file"])],
    )
    return Path(answer["file"])


def _write_spec(chain: Chain, name: str, onnx: Path) -> Path:
    """Write and check the front-end spec of a model; returns its file."""
    answer = chain.run(
        name,
        "spec_checker",
        ["--model", onnx],
        inputs=[onnx, onnx.with_name(paths.MODEL_CARD)],
        outputs=lambda a: [Path(a["spec"])],
    )
    return Path(answer["spec"])


def _fine_tune(chain: Chain, plan: Plan, split: Path) -> Answer:
    """Train once to the longest length; every arm is a checkpoint of this run."""
    theirs = plan.baseline.with_name(paths.WEIGHTS_FILE)
    chosen = plan.weights or (str(theirs) if theirs.is_file() else "imagenet")

    def train_from(start: str) -> Answer:
        kept = ",".join(map(str, plan.epochs))
        flags = flags_of(dataset=plan.dataset, split=split, weights=start, epochs=max(plan.epochs), keep_epochs=kept)
        file = Path(start).expanduser()
        return chain.run(
            "train",
            "trainer",
            [*flags, *flags_of(lr=plan.lr, seed=plan.seed)],
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
