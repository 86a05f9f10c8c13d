"""What the cells of a sweep came to: a csv of all of them, and a table of approaches and arms for the terminal."""

import functools
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.chain import stages
from shared.chain.sweep.cell_engines import LOGS
from shared.chain.sweep.cell_files import Made
from shared.chain.sweep.sweep_plan import Cell, Plan
from shared.system import console
from shared.text.catalogue import Catalogue, Lang, Words, read_catalogue

CSV = "cells.csv"
METRICS = ("roc_auc", "accuracy", "f1", "recall", "precision")
COLUMNS = ("cell", "approach", "arm", "seed", "split", "n_sequences", "n_subjects", "threshold", *METRICS)
_LISTED = 10


@functools.cache
def _catalogue() -> Catalogue:
    return read_catalogue(Path(__file__).with_name("sweep_words.toml"))


def words(lang: Lang) -> Words:
    """Return the sweeps' texts in a language."""
    return Words(_catalogue(), lang)


def groups(plan: Plan) -> dict[tuple[str, str | None], list[Cell]]:
    """Sort a plan's cells by approach and arm."""
    found: dict[tuple[str, str | None], list[Cell]] = {}
    for cell in plan.cells:
        found.setdefault((cell.approach, cell.arm), []).append(cell)
    return found


def results_of(made: Made) -> dict[str, Any]:
    """Return the results document of a cell."""
    document: dict[str, Any] = json.loads(made.files[made.results])
    return document


def write_cells(plan: Plan, made: Mapping[str, Made]) -> None:
    """Write cells.csv: a row for each cell that is done, in the plan's order."""
    rows = []
    for cell in plan.cells:
        if cell.name in made:
            found = results_of(made[cell.name])
            numbers = {key: found["metrics"][key] for key in ("threshold", *METRICS)}
            shown = {key: "" if value is None else f"{value:.6f}" for key, value in numbers.items()}
            facts = {"cell": cell.name, "approach": cell.approach, "arm": cell.arm or "", "seed": cell.seed}
            counts = {"n_sequences": found["n_sequences"], "n_subjects": found["n_subjects"]}
            rows.append({**facts, "split": cell.split, **counts, **shown})
    contracts.write_bytes(plan.folder / CSV, contracts.format_rows(COLUMNS, rows))


@dataclass(frozen=True)
class Swept:
    """How far a sweep is, and what it came to.

    Attributes:
        plan: The plan.
        made: The cells that are done.
        pooled: Pooled results by approach and arm, where all of its cells are done.
        problems: Why cells failed.
        missing: The cells that were to be done and are not.
    """

    plan: Plan
    made: Mapping[str, Made]
    pooled: Mapping[tuple[str, str | None], Path]
    problems: Mapping[str, str]
    missing: Sequence[str]

    @property
    def exit_code(self) -> int:
        """1 where a cell that was to be done is not."""
        return 1 if self.missing else 0

    def as_text(self, lang: Lang) -> str:
        """Show the table, what failed and what to do next."""
        say, total = words(lang), len(self.plan.cells)
        lines = [say("state", sweep=self.plan.document["sweep_id"], n=len(self.made), total=total)]
        wide = [14 + max(0, *(len(one) - 12 for one in self._names(part))) for part in (0, 1)]
        head = [console.pad(say("approach"), wide[0]), console.pad(say("arm"), wide[1]), console.pad(say("cells"), 8)]
        lines.append("".join([*head, console.pad(say("pooled"), 24), console.pad(say("auc"), 26), say("accuracy")]))
        for key, cells in groups(self.plan).items():
            done = [results_of(self.made[cell.name])["metrics"] for cell in cells if cell.name in self.made]
            row = [f"{key[0]:<{wide[0]}}{key[1] or '-':<{wide[1]}}", f"{f'{len(done)}/{len(cells)}':<8}"]
            row += [f"{self._pooled_auc(key):<24}"]
            row += [f"{_spread(done, 'roc_auc'):<26}", _spread(done, "accuracy")]
            lines.append("".join(row).rstrip())
        if self.plan.document["dataset"]["kind"] == "synthetic":
            lines.append(say("drawn"))
        lines += [say("problem", cell=cell, problem=problem) for cell, problem in list(self.problems.items())[:_LISTED]]
        if self.problems:
            lines.append(say("logs", path=paths.shown(self.plan.folder / LOGS)))
        if others := [name for name in self.missing if name not in self.problems]:
            names = ", ".join(others[:3])
            names = say("more", names=names, n=len(others) - 3) if len(others) > 3 else names
            lines.append(say("missing", names=names))
        lines.append(say("table", path=paths.shown(self.plan.folder / CSV)))
        compared = [file for (_, arm), file in self.pooled.items() if arm]
        if len(compared) > 1:
            lines.append(say("report_next", first=paths.shown(compared[0]), second=paths.shown(compared[1])))
        return "\n".join(lines)

    def _names(self, part: int) -> list[str]:
        return [key[part] or "-" for key in groups(self.plan)]

    def _pooled_auc(self, key: tuple[str, str | None]) -> str:
        if key not in self.pooled:
            return "-"
        document = json.loads(self.pooled[key].read_text(encoding="utf-8"))
        return stages.format_interval(document["intervals"]["roc_auc"])


def _spread(metrics: Sequence[Mapping[str, Any]], key: str) -> str:
    values = [one[key] for one in metrics if one[key] is not None]
    if not values:
        return "-"
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {sd:.3f}"
