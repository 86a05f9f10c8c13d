"""A sweep's plan: person folds x seeds x arms x approaches as a list of cells, frozen to a folder.

    artifacts/sweeps/<sweep>/plan.json   splits/*.json   start.safetensors      what other computers need, made once
                             cells/<cell>/               what each cell came to (`shared.chain.sweep.cell_files`)
                             logs/<cell>.log             what its tools said; differs from run to run

A plan is made once and handed on as a folder: shards of it can be merged, shards of another one are refused. Runs no
cell.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import contracts, paths
from shared.approaches import get_approach
from shared.chain import stages
from shared.chain.cache import Chain
from shared.errors import InvalidInput, WrongUsage
from shared.models import pretrained

PLAN = "plan.json"
SPLITS = "splits"
START = "start.safetensors"
SHIPPED = (PLAN, START)  # with the splits, what another computer needs beside the dataset


@dataclass(frozen=True)
class Arm:
    """A way to train: its name, and the trainer's flags."""

    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a plan: one split, one arm (None where nothing is trained), one approach."""

    name: str
    split: str
    seed: int
    arm: str | None
    approach: str


@dataclass(frozen=True)
class Wanted:
    """What is to be planned.

    Attributes:
        dataset: Its folder.
        folds: Into how many folds the people are divided; 0 for one split a seed.
        seeds: How often, each time divided and trained otherwise.
        seed: The first one.
        arms: Ways to train.
        approaches: Names of approaches; no fusions.
        weights: Where networks of pictures start, as the trainer takes it.
        objective: What thresholds are chosen for.
        allow_no_consent: Use people without a consent row too.
    """

    dataset: Path
    folds: int
    seeds: int
    seed: int
    arms: tuple[Arm, ...]
    approaches: tuple[str, ...]
    weights: str
    objective: str
    allow_no_consent: bool


@dataclass(frozen=True)
class Plan:
    """A plan and the folder that it lies in."""

    folder: Path
    document: Mapping[str, Any]
    sha256: str

    @property
    def cells(self) -> list[Cell]:
        """All cells, in the plan's order."""
        return [Cell(one["cell"], one["split"], one["seed"], one["arm"], one["approach"]) for one in self._listed()]

    def _listed(self) -> list[dict[str, Any]]:
        return list(self.document["cells"])

    def cell(self, name: str) -> Cell:
        """Return a cell by its name.

        Raises:
            WrongUsage: There is none of that name.
        """
        found = [cell for cell in self.cells if cell.name == name]
        if not found:
            raise WrongUsage("the cell", found=repr(name), expected=f"one of {self.folder / PLAN}")
        return found[0]

    def arm_flags(self, cell: Cell) -> list[str]:
        """Return the trainer's flags of a cell."""
        return next((list(arm["flags"]) for arm in self.document["arms"] if arm["name"] == cell.arm), [])

    def shard(self, number: int, of: int) -> list[Cell]:
        """Return every `of`-th cell, from the `number`-th on, counted from 1: together the shards are the plan.

        Example:
            >>> cells = [{"cell": n, "split": "s", "seed": 0, "arm": None, "approach": "majority"} for n in "abcde"]
            >>> [cell.name for cell in Plan(Path("."), {"cells": cells}, "").shard(2, 3)]
            ['b', 'e']
        """
        return self.cells[number - 1 :: of]

    def files(self) -> list[str]:
        """Name the files that another computer needs, relative to the folder."""
        there = [name for name in SHIPPED if (self.folder / name).is_file()]
        return [*there, *(f"{SPLITS}/{split['file']}" for split in self.document["splits"])]


def make_plan(chain: Chain, wanted: Wanted, out: Path | None) -> Plan:
    """Divide the people, list the cells and freeze all of it to a folder; a plan that is there already is returned.

    Args:
        chain: Runs the splitter.
        wanted: What is to be planned.
        out: The folder; None names it after the plan.

    Raises:
        StepFailed: The people cannot be divided so.
        InvalidInput: Another plan lies in the folder.
    """
    splits = stages.freeze_splits(chain, wanted.dataset, wanted.seed, wanted.folds, wanted.seeds)
    weights, start = _describe_start(wanted.weights)
    documents = [json.loads(split.read_text(encoding="utf-8")) for split in splits]
    facts: dict[str, Any] = {
        "dataset": documents[0]["dataset"],
        "splits": [{"file": split.name, "sha256": contracts.sha256_file(split)} for split in splits],
        "arms": [{"name": arm.name, "flags": list(arm.flags)} for arm in wanted.arms],
        "approaches": list(wanted.approaches),
        "weights": weights,
        "objective": wanted.objective,
        "allow_no_consent": wanted.allow_no_consent,
        "cells": _list_cells(splits, documents, wanted),
    }
    sweep_id = f"{facts['dataset']['name'][:40]}-{contracts.sha256_json(facts)[:8]}"
    folder = out or paths.artifacts("sweeps") / sweep_id
    if (folder / PLAN).is_file():
        there = read_plan(folder)
        if there.document["sweep_id"] != sweep_id:
            raise InvalidInput(
                str(folder / PLAN),
                found=f"the plan {there.document['sweep_id']}",
                expected=f"{sweep_id}, or an empty folder",
                todo="choose another --out",
            )
        return there
    for split in splits:
        contracts.write_bytes(folder / SPLITS / split.name, split.read_bytes())
    if start:
        contracts.write_bytes(folder / START, start.read_bytes())
    document = {"schema_version": 1, "sweep_id": sweep_id, "created_utc": paths.utc_text(), **facts}
    contracts.write_document(folder / PLAN, document, "sweep_plan")
    return read_plan(folder)


def _describe_start(weights: str) -> tuple[dict[str, Any], Path | None]:
    """Say where networks of pictures start; with the file that is copied."""
    chosen = pretrained.resolve_weights(weights or "imagenet")
    if chosen in ("imagenet", "none"):
        return {"source": chosen, "file": None}, None
    file = Path(chosen).expanduser()
    if not file.is_file():
        raise InvalidInput("--weights", found=f"no file {file}", expected="imagenet, none, pretrained, or a file")
    return {"source": "file", "file": {"file": START, "sha256": contracts.sha256_file(file)}}, file


def _list_cells(splits: Sequence[Path], documents: Sequence[Mapping[str, Any]], wanted: Wanted) -> list[dict[str, Any]]:
    cells = []
    for split, document in zip(splits, documents, strict=True):
        fold = f"fold{document['fold']['number']}" if "fold" in document else "split"
        for approach in wanted.approaches:
            for arm in [one.name for one in wanted.arms] if get_approach(approach).has_graph else [None]:
                name = ".".join([approach, *([arm] if arm else []), f"seed{document['seed']}", fold])
                facts = {"split": split.name, "seed": document["seed"], "arm": arm, "approach": approach}
                cells.append({"cell": name, **facts})
    return cells


def read_plan(folder: Path) -> Plan:
    """Read a plan, and check the files beside it.

    Raises:
        InvalidInput: There is none, it is not valid, or a split or the weights are missing or changed.
    """
    path = folder / PLAN
    if not path.is_file():
        raise InvalidInput(
            str(folder),
            found="no plan.json",
            expected="a sweep's folder",
            todo="make one: ./inv sweep-plan --dataset X",
        )
    document = contracts.read_document(path, "sweep_plan")
    start = document["weights"]["file"]
    beside = [(f"{SPLITS}/{split['file']}", split["sha256"]) for split in document["splits"]]
    for name, sha256 in [*beside, *([(start["file"], start["sha256"])] if start else [])]:
        file = folder / name
        if not file.is_file() or contracts.sha256_file(file) != sha256:
            raise InvalidInput(
                str(file),
                found="another content" if file.is_file() else "no such file",
                expected=f"the one that plan.json names ({sha256[:12]})",
                todo="copy the plan's whole folder again",
            )
    return Plan(folder, document, contracts.sha256_file(path))
