"""Puts the shards of a sweep together: the cells of several folders into one, checked by their hashes.

The merged folder is what one run would have made, to the byte; only logs/ tells where a cell was run.
"""

from collections.abc import Sequence
from pathlib import Path

from shared import contracts
from shared.chain.sweep import cell_files
from shared.chain.sweep.cell_engines import LOGS
from shared.chain.sweep.sweep_plan import PLAN, Plan, read_plan
from shared.errors import InvalidInput


def merge(target: Path, shards: Sequence[Path]) -> Plan:
    """Merge shards into a folder, which may be new, a copy of the plan, or a shard itself; returns its plan.

    Raises:
        InvalidInput: A shard is of another plan, or its files are not those that its markers name; one cell differs
            between two shards, or two cells were made by different source.
    """
    plans = [read_plan(shard) for shard in shards]
    if not (target / PLAN).is_file():
        for name in sorted(plans[0].files(), key=lambda name: name == PLAN):
            contracts.write_bytes(target / name, (plans[0].folder / name).read_bytes())
    plan = read_plan(target)
    for other in plans:
        if other.sha256 != plan.sha256:
            raise InvalidInput(
                str(other.folder / PLAN),
                found=f"the plan {other.document['sweep_id']} of {other.document['created_utc']}",
                expected=f"{plan.document['sweep_id']} of {plan.document['created_utc']}, as in {target}",
                todo="merge only shards of one plan: make it once, and copy its folder",
            )
    first: dict[str, tuple[Path, str]] = {}
    made_by: dict[str, Path] = {}
    for one in [plan, *(other for other in plans if other.folder.resolve() != target.resolve())]:
        for cell in one.cells:
            made = cell_files.read_made(one, cell)
            if made is None:
                continue
            place = cell_files.folder_of(one, cell)
            marker = contracts.sha256_file(place / cell_files.DONE)
            where, before = first.setdefault(cell.name, (place, marker))
            if before != marker:
                raise InvalidInput(
                    str(place),
                    found="another result than in " + str(where),
                    expected="the same cell to be the same bytes",
                    todo="the computers or their packages differ: remove one of the two and merge again",
                )
            made_by.setdefault(made.source_sha256, place)
            if len(made_by) > 1:
                earlier = next(iter(made_by.values()))
                raise InvalidInput(
                    str(place),
                    found="a cell made by another source than " + str(earlier),
                    expected="one version of the program for all cells",
                    todo="run the older shard again with this version: only its cells are done anew",
                )
            if one is not plan:
                _copy(plan, one, cell.name, made)
    return plan


def _copy(plan: Plan, shard: Plan, name: str, made: cell_files.Made) -> None:
    cell = plan.cell(name)
    if cell_files.read_made(plan, cell) is None:
        cell_files.take_over(plan, cell, made.files)
    log = Path(LOGS) / f"{name}.log"
    if (shard.folder / log).is_file() and not (plan.folder / log).is_file():
        contracts.write_bytes(plan.folder / log, (shard.folder / log).read_bytes())
