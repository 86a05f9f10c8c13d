"""Sweeps: plans, cells that die, shards that are merged, and what must be refused."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke.context import MockContext
from invoke.exceptions import Exit

import tasks
from shared import contracts, paths
from shared.chain.sweep import cell_engines, cell_files, sweep_flags, sweep_merge, sweep_plan, sweep_run
from shared.chain.sweep.cell_engines import Outcome
from shared.chain.sweep.sweep_plan import Cell, Plan
from shared.dataset import splits
from shared.dataset.reader import Dataset
from shared.errors import InvalidInput, MissingOutside, WrongUsage
from shared.system import ray_cluster

SOURCE = "f" * 64
RESULTS = Path(__file__).parents[2] / "schemas/positive/results/cell_of_a_sweep.json"


def write_plan(folder: Path, dataset: Dataset, approaches: tuple[str, ...] = ("majority",), n: int = 3) -> Plan:
    """Freeze a plan of n splits, by hand: no splitter is run."""
    listed, cells = [], []
    for number in range(n):
        document = splits.make_split(dataset, number)
        name = f"{document['split_id']}.json"
        contracts.write_document(folder / sweep_plan.SPLITS / name, document, "split")  # type: ignore[arg-type]
        listed.append({"file": name, "sha256": contracts.sha256_file(folder / sweep_plan.SPLITS / name)})
        for approach in approaches:
            arm = "short" if approach == "dual_head" else None
            cell = ".".join(part for part in (approach, arm, f"seed{number}", "split") if part)
            cells.append({"cell": cell, "split": name, "seed": number, "arm": arm, "approach": approach})
    document = {
        "schema_version": 1,
        "sweep_id": f"{dataset.name}-12345678",
        "created_utc": "2026-11-29T10:00:00Z",
        "dataset": dataset.reference(),
        "splits": listed,
        "arms": [{"name": "short", "flags": ["--epochs", "1", "--input-px", "32"]}],
        "approaches": list(approaches),
        "weights": {"source": "none", "file": None},
        "objective": "youden",
        "allow_no_consent": False,
        "cells": cells,
    }
    contracts.write_document(folder / sweep_plan.PLAN, document, "sweep_plan")
    return sweep_plan.read_plan(folder)


@pytest.fixture
def people(make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    return make_dataset(tmp_path / "datasets" / "people", subjects=6)


@pytest.fixture
def plan(people: Dataset, tmp_path: Path) -> Plan:
    return write_plan(tmp_path / "artifacts/sweeps/one", people)


def copy_plan(plan: Plan, folder: Path) -> Plan:
    """Copy what another computer gets: the plan and its splits, and no cell."""
    for name in plan.files():
        contracts.write_bytes(folder / name, (plan.folder / name).read_bytes())
    return sweep_plan.read_plan(folder)


def make_cell(plan: Plan, cell: Cell, content: bytes = b"sequence_id\n", source: str = SOURCE) -> None:
    """Leave what a cell leaves, without a tool."""
    document = json.loads(RESULTS.read_text(encoding="utf-8"))
    work = plan.folder / "made"
    work.mkdir(exist_ok=True)
    predictions, results = work / f"{cell.name}_predictions.csv", work / f"{cell.name}_results.json"
    predictions.write_bytes(content)
    document["predictions"] = {"file": predictions.name, "sha256": contracts.sha256_file(predictions)}
    document["model"]["name"] = cell.name
    results.write_text(json.dumps(document), encoding="utf-8")
    cell_files.write_cell(plan, cell, results, predictions, source)
    shutil.rmtree(work)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Read what a sweep came to: all but logs and work."""
    kept = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in kept}
    return {name: path.read_bytes() for name, path in names.items() if name.split("/")[0] not in ("logs", "work")}


def no_tool(command: str) -> tuple[int, str]:
    raise AssertionError(f"nothing is to be run, but: {command}")


# ---- plans -----------------------------------------------------------------------------------------------------------


def test_shards_are_the_plan_and_share_no_cell(people: Dataset, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "seven", people, ("majority",), 7)
    shards = [plan.shard(number, 3) for number in (1, 2, 3)]
    assert sorted(cell.name for shard in shards for cell in shard) == sorted(cell.name for cell in plan.cells)
    assert [len(shard) for shard in shards] == [3, 2, 2]


def test_a_split_that_changed_beside_its_plan_is_refused(plan: Plan) -> None:
    split = plan.folder / plan.files()[-1]
    split.write_bytes(split.read_bytes() + b" ")
    with pytest.raises(InvalidInput, match=r"another content.*copy the plan's whole folder again"):
        sweep_plan.read_plan(plan.folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("slow", "expected NAME=FLAGS"),
        ("Slow=--epochs 3", "expected NAME=FLAGS"),
        ("slow=--epochs many", "--epochs: found 'many'"),
        ("slow=--epoch 3", "--epoch in .*expected flags of the trainer"),
        ("slow=--seed 3", "--seed.*which the plan decides"),
        ("slow=--weights=none", "--weights=none.*which the plan decides"),
        ("slow='--epochs", "No closing quotation"),
    ],
)
def test_an_arm_that_the_trainer_would_refuse_is_refused_when_it_is_planned(
    text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        sweep_flags.plan_parser().parse_args(["--dataset", "people", "--arm", text])
    assert re.search(reason, capsys.readouterr().err)


def test_lengths_become_arms_and_a_name_stands_for_one_arm(people: Dataset) -> None:
    parse = sweep_flags.plan_parser().parse_args
    assert [arm.name for arm in sweep_flags.arms_of(parse(["--dataset", "x", "--epochs", "7,10"]))] == [
        "epochs-7",
        "epochs-10",
    ]
    with pytest.raises(WrongUsage, match="slow twice"):
        sweep_flags.arms_of(parse(["--dataset", "x", "--arm", "slow=--epochs 3", "--arm", "slow=--epochs 4"]))
    with pytest.raises(WrongUsage, match="single approaches"):
        sweep_flags.approaches_of(parse(["--dataset", "x", "--approaches", "dual_head+landmark_mlp"]))


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_a_shard_that_there_is_none_of_is_refused(text: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        sweep_flags.run_parser().parse_args(["--plan", "x", f"--shard={text}"])


def test_a_flag_of_the_other_engine_is_refused() -> None:
    parse = sweep_flags.run_parser().parse_args
    with pytest.raises(WrongUsage, match="--gpus: found it with --engine joblib, expected it with --engine ray"):
        sweep_flags.check_engine(parse(["--plan", "x", "--gpus", "1"]))
    with pytest.raises(WrongUsage, match="--workers: found it with --engine ray"):
        sweep_flags.check_engine(parse(["--plan", "x", "--engine", "ray", "--workers", "1"]))


# ---- cells -----------------------------------------------------------------------------------------------------------


def test_a_cell_is_done_only_while_its_files_are_those_of_its_marker(plan: Plan) -> None:
    cell = plan.cells[0]
    assert not cell_files.is_done(plan, cell, SOURCE)
    make_cell(plan, cell)
    assert cell_files.is_done(plan, cell, SOURCE)
    assert not cell_files.is_done(plan, cell, "e" * 64)  # another version of the program does it anew
    next((plan.folder / "cells" / cell.name).glob("*.csv")).write_bytes(b"something else")
    assert not cell_files.is_done(plan, cell, SOURCE)
    with pytest.raises(InvalidInput, match=r"another content.*only this cell is done anew"):
        cell_files.read_made(plan, cell)


def test_what_comes_from_elsewhere_is_kept_only_if_its_hashes_are_right(plan: Plan, tmp_path: Path) -> None:
    other = copy_plan(plan, tmp_path / "node")
    cell = plan.cells[0]
    make_cell(other, cell)
    made = cell_files.read_made(other, cell)
    assert made is not None
    broken = {name: data[:-1] if name.endswith(".csv") else data for name, data in made.files.items()}
    with pytest.raises(InvalidInput, match="another content"):
        cell_files.take_over(plan, cell, broken)
    assert not cell_files.is_done(plan, cell, SOURCE)
    cell_files.take_over(plan, cell, made.files)
    assert cell_files.is_done(plan, cell, SOURCE)


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Put another program in the place of the one that does a cell: it gets folder, cell and dataset."""

    def put(code: str) -> None:
        script = tmp_path / "program.py"
        script.write_text("import os, signal, sys, time\nfolder, cell, dataset = sys.argv[1:]\n" + code)
        monkeypatch.setattr(
            cell_engines,
            "_command",
            lambda plan, cell, dataset: [sys.executable, str(script), str(plan.folder), cell.name, str(dataset)],
        )

    return put


def test_a_cell_that_dies_is_tried_again_and_costs_no_other_one(plan: Plan, program: Callable[[str], None]) -> None:
    program(
        "print('begins', flush=True)\n"
        "again = os.path.exists(folder + '/again'); open(folder + '/again', 'w').close()\n"
        f"if cell == {plan.cells[0].name!r} and not again: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"if cell == {plan.cells[1].name!r}: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    found = {one.cell: one.problem for one in cell_engines.run_locally(plan, plan.cells, plan.folder, 1, tries=2)}
    assert found == {
        plan.cells[0].name: None,
        plan.cells[1].name: "its process died 2 times (exit code -9)",
        plan.cells[2].name: None,
    }
    assert (plan.folder / "logs" / f"{plan.cells[1].name}.log").read_text() == "begins\nbegins\n"


def test_a_cell_that_a_tool_refuses_is_not_tried_again_and_says_why(plan: Plan, program: Callable[[str], None]) -> None:
    program("print('trainer: found nothing, expected something', file=sys.stderr); sys.exit(3)")
    (outcome,) = cell_engines.run_locally(plan, plan.cells[:1], plan.folder, 1, tries=5)
    assert outcome.problem == "trainer: found nothing, expected something"
    assert len((plan.folder / "logs" / f"{outcome.cell}.log").read_text().splitlines()) == 1


def test_what_a_killed_cell_has_started_ends_with_it(plan: Plan, program: Callable[[str], None]) -> None:
    program(
        "import subprocess\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (outcome,) = cell_engines.run_locally(plan, plan.cells[:1], plan.folder, 1, tries=1)
    must_end(int(outcome.log))


def must_end(process: int) -> None:
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"{process} is still at work")


def test_a_scheduler_that_ends_a_sweep_ends_its_cells(plan: Plan, tmp_path: Path) -> None:
    script = tmp_path / "sweep.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from shared.chain.sweep import cell_engines, sweep_plan, sweep_run\n"
        "cell = 'import os, sys, time; print(os.getpid(), flush=True); time.sleep(600)'\n"
        "cell_engines._command = lambda *_: [sys.executable, '-c', cell]\n"
        "plan = sweep_plan.read_plan(Path(sys.argv[1]))\n"
        "options = sweep_run.RunOptions(plan.folder, (1, 1), 2, 1, None, 'en')\n"
        "sweep_run.run(plan, options, lambda line: (1, ''))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(tasks.__file__).parent)}
    sweep = subprocess.Popen([sys.executable, str(script), str(plan.folder)], env=environment, stderr=subprocess.PIPE)
    logs = [plan.folder / "logs" / f"{cell.name}.log" for cell in plan.cells[:2]]
    while not all(log.is_file() and log.read_text().endswith("\n") for log in logs):
        assert sweep.poll() is None
        time.sleep(0.05)
    sweep.terminate()
    assert b"KeyboardInterrupt" in sweep.communicate(timeout=60)[1]
    for log in logs:
        must_end(int(log.read_text()))


def test_two_runs_on_one_plan_do_no_cell_twice(plan: Plan, program: Callable[[str], None]) -> None:
    program("open(folder + '/started', 'w').close()\nwhile not os.path.exists(folder + '/go'): time.sleep(0.01)\n")
    found: list[Outcome] = []
    first = threading.Thread(target=lambda: found.append(cell_engines.run_cell(plan, plan.cells[0], plan.folder, 1)))
    first.start()
    while not (plan.folder / "started").exists():
        time.sleep(0.01)
    second = cell_engines.run_cell(plan, plan.cells[0], plan.folder, 1)
    (plan.folder / "go").touch()
    first.join()
    assert second.problem == "another run is at work on it"
    assert found[0].problem is None


def test_a_full_disk_costs_the_cells_that_it_met(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = copy_plan(plan, tmp_path / "node")
    outcomes = []
    for cell in plan.cells:
        make_cell(other, cell)
        made = cell_files.read_made(other, cell)
        assert made is not None
        outcomes.append(Outcome(cell.name, None, "node", made.files, b"log"))
    monkeypatch.setattr(cell_files, "source_hash", lambda: SOURCE)
    monkeypatch.setattr(sweep_run, "_outcomes", lambda *_: outcomes)
    write = contracts.write_bytes

    def full(path: Path, data: bytes) -> None:
        if plan.cells[1].name in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(path, data)

    monkeypatch.setattr(contracts, "write_bytes", full)
    monkeypatch.setattr(sweep_run, "_pool", lambda *_: pytest.fail("the group is not complete"))
    options = sweep_run.RunOptions(plan.folder, (1, 1), 1, 1, None, "en")
    swept = sweep_run.run(plan, options, no_tool)
    assert swept.exit_code == 1
    assert list(swept.problems) == [plan.cells[1].name]
    assert "no space left on the disk" in swept.problems[plan.cells[1].name]
    assert sorted(swept.made) == sorted(cell.name for cell in plan.cells if cell != plan.cells[1])
    assert "2 of 3 cells done" in swept.as_text("en")


# ---- merging ---------------------------------------------------------------------------------------------------------


def test_three_shards_merge_to_the_bytes_of_one_run(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_run, "_pool", lambda *args: args[3][0])
    one = copy_plan(plan, tmp_path / "one")
    shards = [copy_plan(plan, tmp_path / f"shard{number}") for number in (1, 2, 3)]
    for number, shard in enumerate(shards, start=1):
        for cell in shard.shard(number, 3):
            make_cell(shard, cell, cell.name.encode())
    for cell in one.cells:
        make_cell(one, cell, cell.name.encode())
    sweep_run.finish(one, no_tool, "en", {})
    merged = sweep_merge.merge(tmp_path / "merged", [shard.folder for shard in shards])
    swept = sweep_run.finish(merged, no_tool, "ko", {})
    assert swept.exit_code == 0
    assert bytes_of(merged.folder) == bytes_of(one.folder)
    sweep_merge.merge(tmp_path / "shard1", [shard.folder for shard in shards[1:]])  # into a shard, too
    sweep_run.finish(shards[0], no_tool, "en", {})
    assert bytes_of(shards[0].folder) == bytes_of(one.folder)


def test_a_shard_that_lacks_a_cell_is_merged_and_what_is_missing_is_named(plan: Plan, tmp_path: Path) -> None:
    shard = copy_plan(plan, tmp_path / "shard")
    make_cell(shard, plan.cells[0])
    swept = sweep_run.finish(sweep_merge.merge(plan.folder, [shard.folder]), no_tool, "en", {})
    assert swept.exit_code == 1
    assert f"not done: {plan.cells[1].name}, {plan.cells[2].name}" in swept.as_text("en")
    assert f"끝나지 않음: {plan.cells[1].name}" in swept.as_text("ko")


def test_shards_of_another_plan_are_refused(plan: Plan, people: Dataset, tmp_path: Path) -> None:
    other = write_plan(tmp_path / "other", people, n=2)
    make_cell(other, other.cells[0])
    with pytest.raises(InvalidInput, match=r"merge only shards of one plan"):
        sweep_merge.merge(plan.folder, [other.folder])
    shutil.copytree(other.folder / "cells", plan.folder / "cells")  # by hand
    with pytest.raises(InvalidInput, match="a cell of the plan"):
        sweep_merge.merge(tmp_path / "merged", [plan.folder])


def test_a_cell_that_came_out_otherwise_elsewhere_is_refused(plan: Plan, tmp_path: Path) -> None:
    shards = [copy_plan(plan, tmp_path / name) for name in ("a", "b")]
    for number, shard in enumerate(shards):
        make_cell(shard, plan.cells[0], f"{number}".encode())
    with pytest.raises(InvalidInput, match="another result than in"):
        sweep_merge.merge(plan.folder, [shard.folder for shard in shards])


def test_cells_of_two_versions_of_the_program_are_not_mixed(plan: Plan, tmp_path: Path) -> None:
    shards = [copy_plan(plan, tmp_path / name) for name in ("a", "b")]
    make_cell(shards[0], plan.cells[0])
    make_cell(shards[1], plan.cells[1], source="e" * 64)
    with pytest.raises(InvalidInput, match="made by another source"):
        sweep_merge.merge(plan.folder, [shard.folder for shard in shards])


# ---- Ray -------------------------------------------------------------------------------------------------------------


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingOutside, match=r"pip install 'smilebench\[ray\]'"):
        ray_cluster.connect("auto")


class FakeRay:
    """Stands for the package where no cluster is wanted: it refuses, as Ray does."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def init(self, **_: Any) -> None:
        raise self.error


def test_a_cluster_of_another_version_and_none_at_all_are_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Version mismatch: The cluster was started with:\n    Ray: 2.9.0\n    Python: 3.12.1\nThis process ..."
    monkeypatch.setitem(sys.modules, "ray", FakeRay(RuntimeError(text)))  # type: ignore[arg-type]
    with pytest.raises(MissingOutside, match=r"Ray: 2\.9\.0 Python: 3\.12\.1.*the same versions on every node"):
        ray_cluster.connect("auto")
    monkeypatch.setitem(sys.modules, "ray", FakeRay(ConnectionError("Could not find any running")))  # type: ignore[arg-type]
    with pytest.raises(MissingOutside, match="ray start --head"):
        ray_cluster.connect("auto")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nonsense", "host:port"])
def test_an_address_where_nobody_listens_is_refused_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay(AssertionError("it is not asked")))  # type: ignore[arg-type]
    with pytest.raises(MissingOutside, match="--address"):
        ray_cluster.connect(address)


def test_a_node_unpacks_the_plan_into_its_own_workspace_and_gives_the_files_back(
    plan: Plan, people: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_cell(there: Plan, cell: Cell, dataset: Path, tries: int) -> Outcome:
        assert (dataset, there.sha256) == (people.folder, plan.sha256)
        make_cell(there, cell)
        return Outcome(cell.name, None, "node", log=b"said")

    monkeypatch.setattr(cell_engines, "run_cell", run_cell)
    package = {name: (plan.folder / name).read_bytes() for name in plan.files()}
    outcome = cell_engines.run_here(package, plan.cells[0].name, "/not/here/people", 1)
    assert (outcome.problem, outcome.log) == (None, b"said")
    assert outcome.files is not None
    cell_files.take_over(plan, plan.cells[0], outcome.files)
    assert cell_files.is_done(plan, plan.cells[0], SOURCE)


# ---- all of it -------------------------------------------------------------------------------------------------------


def test_cells_are_done_by_the_tools_themselves_and_again_only_where_something_is_missing(
    plan: Plan, people: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_run, "_pool", lambda *args: args[3][0])
    two = copy_plan(plan, tmp_path / "two")
    for folder, number in ((plan.folder, 1), (two.folder, 1)):
        options = sweep_run.RunOptions(people.folder, (number, 3), 1, 1, None, "en")
        assert sweep_run.run(sweep_plan.read_plan(folder), options, no_tool).exit_code == 0
    assert bytes_of(plan.folder) == bytes_of(two.folder)
    document = json.loads(next((plan.folder / "cells" / plan.cells[0].name).glob("*_results_*.json")).read_bytes())
    assert (document["created_utc"], document["seconds_a_sequence"]) == ("2026-11-29T10:00:00Z", None)
    capfd.readouterr()
    assert sweep_run.run(plan, options, no_tool).exit_code == 0
    assert "0 cells to do, 1 done already" in capfd.readouterr().err


def test_a_dataset_that_is_not_the_plans_is_refused_in_the_cell(
    plan: Plan, people: Dataset, make_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    other = make_dataset(tmp_path / "elsewhere" / "people", subjects=3)
    outcome = cell_engines.run_cell(plan, plan.cells[0], other.folder, 1)
    assert outcome.problem is not None
    assert "as the plan was made for" in outcome.problem


def test_a_sweep_without_a_plan_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMILEBENCH_HOME", str(tmp_path))
    with pytest.raises(Exit, match=r"\./inv sweep-plan --dataset") as refused:
        tasks.sweep(MockContext(), plan="nowhere")
    assert refused.value.code == 1
    assert not paths.artifacts("sweeps").joinpath("nowhere").exists()


def test_a_cell_of_that_name_is_looked_for_in_the_plan(plan: Plan) -> None:
    with pytest.raises(WrongUsage, match="the cell: found 'x'"):
        plan.cell("x")
    done = subprocess.run(
        [sys.executable, "-m", "shared.chain.sweep.sweep_cell", plan.folder, "x", plan.folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
