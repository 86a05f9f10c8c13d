"""Runs the cells of a sweep that are not done yet, says how far it is, and shows what they came to.

Two runs at work on one plan share its cells: none is done twice at the same time. A cell that fails costs itself only.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, contracts
from shared.chain import stages
from shared.chain.cache import Chain
from shared.chain.sweep import cell_engines, cell_files, sweep_table
from shared.chain.sweep.cell_engines import LOGS, Outcome, RayOptions
from shared.chain.sweep.sweep_plan import Cell, Plan
from shared.chain.words import left, words_of
from shared.errors import SmilebenchError, first_line
from shared.system import portable
from shared.text.catalogue import Lang

Execute = Callable[[str], tuple[int, str]]
POOLED = "pooled"


@dataclass(frozen=True)
class RunOptions:
    """How a sweep is run.

    Attributes:
        dataset: The dataset's folder on this computer.
        shard: Which part of the cells, and of how many: (1, 1) is all.
        workers: Cells at a time on this computer.
        tries: How often a cell's process may die.
        ray: The cluster; None runs the cells here.
        lang: Language of what is said.
    """

    dataset: Path
    shard: tuple[int, int]
    workers: int
    tries: int
    ray: RayOptions | None
    lang: Lang


def run(plan: Plan, options: RunOptions, execute: Execute) -> sweep_table.Swept:
    """Run what is not done, pool what is complete, and return the table.

    Args:
        plan: The plan.
        options: How.
        execute: Runs a shell command, as a chain's; for pooling.

    Raises:
        MissingOutside: Ray was asked for and is not there.
        StepFailed: Results could not be pooled.
    """
    portable.interrupt_on_terminate()
    words, cells = sweep_table.words(options.lang), plan.shard(*options.shard)
    source = cell_files.source_hash()
    waiting = [cell for cell in cells if not cell_files.is_done(plan, cell, source)]
    counts = {"n": len(waiting), "kept": len(cells) - len(waiting)}
    _say(words("opening_ray", **counts) if options.ray else words("opening", **counts, workers=options.workers))
    problems: dict[str, str] = {}
    began = time.monotonic()
    for number, outcome in enumerate(_outcomes(plan, waiting, options), start=1):
        problem = _take(plan, outcome)
        place, where = f"{number}/{len(waiting)}", f" ({outcome.where})" if options.ray and outcome.where else ""
        if problem:
            problems[outcome.cell] = problem
            _say(words("failed", place=place, cell=outcome.cell, where=where, problem=problem))
            continue
        seconds = (time.monotonic() - began) / number * (len(waiting) - number)
        time_left = left(words_of(options.lang), seconds)
        _say(words("done", place=place, cell=outcome.cell, where=where, left=time_left))
    problems = {name: why for name, why in problems.items() if not cell_files.is_done(plan, plan.cell(name), source)}
    return finish(plan, execute, options.lang, problems, wanted=cells)


def _outcomes(plan: Plan, cells: Sequence[Cell], options: RunOptions) -> Iterable[Outcome]:
    if not cells:
        return []
    if options.ray:
        return cell_engines.run_on_ray(plan, cells, options.dataset, options.ray, options.tries)
    return cell_engines.run_locally(plan, cells, options.dataset, options.workers, options.tries)


def _take(plan: Plan, outcome: Outcome) -> str | None:
    """Keep what a cell made elsewhere; returns why it is not done, if it is not."""
    try:
        if outcome.files is not None:
            log = plan.folder / LOGS / f"{outcome.cell}.log"
            if not log.is_file() or log.read_bytes() != outcome.log:
                contracts.write_bytes(log, outcome.log)
            cell_files.take_over(plan, plan.cell(outcome.cell), outcome.files)
    except SmilebenchError as error:
        return str(error)
    except OSError as error:
        return cli.explain_os_error(error) or first_line(error)
    return outcome.problem


def finish(
    plan: Plan,
    execute: Execute,
    lang: Lang,
    problems: dict[str, str],
    wanted: Sequence[Cell] | None = None,
) -> sweep_table.Swept:
    """Write the table of all cells that are done, and pool each approach and arm of which all cells are.

    Args:
        plan: The plan.
        execute: Runs a shell command.
        lang: Of what is shown.
        problems: Why cells are not done, by their names.
        wanted: The cells that were to be done; None is all.
    """
    made = {cell.name: made for cell in plan.cells if (made := cell_files.read_made(plan, cell)) is not None}
    sweep_table.write_cells(plan, made)
    pooled: dict[tuple[str, str | None], Path] = {}
    for key, cells in sweep_table.groups(plan).items():
        if all(cell.name in made for cell in cells):
            files = [cell_files.folder_of(plan, cell) / made[cell.name].results for cell in cells]
            pooled[key] = _pool(execute, plan, key, files, lang) if len(files) > 1 else files[0]
    missing = [cell.name for cell in wanted or plan.cells if cell.name not in made]
    return sweep_table.Swept(plan, made, pooled, problems, tuple(missing))


def _pool(execute: Execute, plan: Plan, key: tuple[str, str | None], files: Sequence[Path], lang: Lang) -> Path:
    """Pool the cells of an approach and arm; what was pooled from the same files by the same source is kept."""
    name = ".".join(part for part in key if part)
    facts = [cell_files.source_hash(), *(contracts.sha256_file(file) for file in files)]
    out = plan.folder / "work" / POOLED / f"{name}-{contracts.sha256_json(facts)[:8]}"
    if not (out / "chain.json").is_file():
        shutil.rmtree(out, ignore_errors=True)  # of a try that was cut off: a second file of a name gets another name
    chain = Chain(out / "chain.json", execute, _say, lang=lang)
    results = stages.pool(chain, name, files, ["--stamp", plan.document["created_utc"], "--out", out])
    document = contracts.read_document(results, "results")
    place = plan.folder / POOLED
    for file in (document["predictions"]["file"], results.name):
        contracts.write_bytes(place / file, (out / file).read_bytes())
    return place / results.name


def _say(text: str) -> None:
    print(f"[sweep] {text}", file=sys.stderr, flush=True)
