"""Does one cell of a sweep: train, export, measure, by the tools themselves. A program of its own, a process a cell.

    python -P -m shared.chain.sweep.sweep_cell artifacts/sweeps/people-1a2b3c4d dual_head.short.seed0.fold1

Killed at any moment, it goes on where it was: its steps are remembered beside its work, and done.json comes last. Exit
codes: 0 done; 1, 2 and 3 those of the tool that refused.
"""

import os
import shutil
import sys
from pathlib import Path

import filelock

from shared import cli, contracts, paths
from shared.approaches import get_approach
from shared.chain import cache, stages
from shared.chain.compare_approaches import TRAINED_AS
from shared.chain.flags import flags_of
from shared.chain.left_out import find_channels
from shared.chain.running import ALLOW, ASK_FOR_CONSENT
from shared.chain.sweep import cell_files
from shared.chain.sweep.sweep_plan import SPLITS, Cell, Plan, read_plan
from shared.errors import InvalidInput, SmilebenchError
from shared.onnx.contract import CLIPS
from shared.system import portable

WORK = "work"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def do_cell(plan: Plan, cell: Cell, dataset: Path) -> None:
    """Do a cell, unless it is done.

    Args:
        plan: The plan.
        cell: One of its cells.
        dataset: The dataset's folder on this computer.

    Raises:
        StepFailed: A tool failed; it has printed why.
        InvalidInput: The dataset is not the plan's.
        CheckFailed: Another run is at work on this cell.
    """
    source = cell_files.source_hash()
    if cell_files.is_done(plan, cell, source):
        return
    _check_dataset(plan, dataset)
    work = plan.folder / WORK / cell.name
    contracts.make_private(work)
    # Of a try that was cut off before done.json; a second file of one name would get another name.
    shutil.rmtree(work / "results", ignore_errors=True)
    words = dict.fromkeys(ASK_FOR_CONSENT, (ALLOW,)) if plan.document["allow_no_consent"] else {}
    chain = cache.Chain(work / "chain.json", _execute, _announce, state=plan.sha256, words=words)
    results = _measure(chain, plan, cell, dataset, work)
    document = contracts.read_document(results, "results")
    predictions = results.with_name(document["predictions"]["file"])
    cell_files.write_cell(plan, cell, results, predictions, source)
    shutil.rmtree(work, ignore_errors=True)


def _check_dataset(plan: Plan, dataset: Path) -> None:
    wanted = plan.document["dataset"]
    labels = dataset / "labels.csv"
    found = contracts.sha256_file(labels) if labels.is_file() else None
    if found != wanted["sha256"]:
        raise InvalidInput(
            str(dataset),
            found=f"labels {found[:12]}" if found else "no dataset",
            expected=f"{wanted['name']} with labels {wanted['sha256'][:12]}, as the plan was made for",
            todo="copy that dataset here, or name its folder by --data; a changed one needs a new plan",
        )


def _measure(chain: cache.Chain, plan: Plan, cell: Cell, dataset: Path, work: Path) -> Path:
    """Run the chain of a cell; returns its results file."""
    approach, split = get_approach(cell.approach), plan.folder / SPLITS / cell.split
    features = _read_features(chain, plan, cell, dataset)
    model = None
    if approach.has_graph:
        (network,) = approach.networks
        trains, checkpoint = TRAINED_AS.get(network, (network, "last"))
        start = ""
        flags = [*flags_of(network=trains, seed=cell.seed, threads=1, out=work / "run"), *plan.arm_flags(cell)]
        if approach.input == "frames":
            weights = plan.document["weights"]
            start = str(plan.folder / weights["file"]["file"]) if weights["file"] else weights["source"]
            flags = [*flags_of(weights=start), *flags]
        trained = stages.train(chain, "train", dataset, split, flags, start=start, features=features)
        objective = plan.document["objective"]
        is_photo = trains == "photo"
        model = stages.export(
            chain, "export", trained, checkpoint, dataset, split, cell.name, objective,
            calibrate=is_photo, out=work / "model",
        )  # fmt: skip
    return stages.measure(
        chain, "measure", dataset, split, model=model, arm=approach.arm, features=features,
        session=f"sweep-{plan.sha256[:16]}",
        more=flags_of(stamp=plan.document["created_utc"], name=cell.name, out=work / "results", threads=1),
    )  # fmt: skip


def _read_features(chain: cache.Chain, plan: Plan, cell: Cell, dataset: Path) -> list[Path]:
    """Return the manifest of the features that a cell takes as input; cells read them one after the other."""
    approach = get_approach(cell.approach)
    if not (approach.needs_faces or approach.is_of_clips):
        return []
    folder = paths.artifacts("features") / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / ".sweep.lock"):
        if approach.is_of_clips:
            return [find_channels(dataset) or stages.read_features(chain, dataset, CLIPS)]
        inputs = {get_approach(name).input for name in plan.document["approaches"]}
        return [stages.read_features(chain, dataset, "landmarks" if "landmarks" in inputs else "blendshapes")]


def _execute(command: str) -> tuple[int, str]:
    done = portable.run_line(command, _environment())
    return done.returncode, done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, **_ONE_THREAD, "PYTHONIOENCODING": "utf-8"}


def _announce(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    """Do the cell that is named by the plan's folder, its name and the dataset's folder."""
    folder, name, dataset = argv
    try:
        plan = read_plan(Path(folder))
        do_cell(plan, plan.cell(name), Path(dataset))
    except cache.StepFailed as error:
        return error.exit_code
    except SmilebenchError as error:
        _announce(f"sweep: {error}")
        return error.exit_code
    except OSError as error:
        reason = cli.explain_os_error(error)
        if reason is None:
            raise
        _announce(f"sweep: {reason}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
