"""The log of looks: which questions were asked of which people, and what each look has used of the 5 %.

A line per look (schema ``verdict_look``), append-only, written twice: into ``datasets/verdict_looks.jsonl``, which all
datasets of this home share, so that a renamed, extended or newly imported copy goes on where the other was; and into
the dataset's own folder beside ``test_openings.jsonl``, so that it travels along. It is not published.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import filelock

from shared import cli, contracts, paths
from shared.contracts import Document
from shared.dataset.test_log import VERDICT_LOOKS as LOG
from shared.dataset.test_log import append_line
from shared.errors import InvalidInput, WrongUsage
from tools.reporter.ab.looks import ALPHA, LEAST, Look, Past, Person, next_look
from tools.reporter.ab.verdict import Because
from tools.reporter.sources.arms import Arm

_LOCK = ".verdict_looks.lock"
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class AskedLook:
    """A look, with what was asked; not yet in the log.

    Attributes:
        look: What it may use.
        metric: That decides.
        baseline: Marks of the baseline, see `marks_of`.
        others: Marks of all other arms that are judged.
        arms_sha256: Of all models' hashes: what is measured again with other models on the same people is named.
        n_same: Looks at the very same people with other models, before this one.
        folder: Of the dataset.
    """

    look: Look
    metric: str
    baseline: tuple[str, ...]
    others: tuple[str, ...]
    arms_sha256: str
    n_same: int
    folder: Path

    @property
    def is_too_soon(self) -> bool:
        """Whether nothing may be claimed at this look."""
        return self.look.alpha <= LEAST

    @property
    def why_nothing(self) -> Because | None:
        """Why nothing may be claimed at this look; None where something may."""
        if not self.is_too_soon:
            return None
        return Because.ONLY_LOOK if self.look.is_only else Because.TOO_SOON

    def planned_for(self, n_people: int | None) -> "AskedLook":
        """See `Look.planned_for`."""
        return replace(self, look=self.look.planned_for(n_people))


def levels_of(asked: AskedLook | None) -> tuple[float, float]:
    """Return the levels of this look and of the one that is planned; 5 % where looks are not counted.

    After an only look nothing is left for another; a plan then counts as for a new question, and is not shown.
    """
    if asked is None or asked.is_too_soon or asked.look.is_only:
        return ALPHA, ALPHA
    return asked.look.alpha, asked.look.plan_alpha


def marks_of(arm: Arm) -> tuple[str, ...]:
    """Name what an arm is known by in a later look: its name, its model."""
    return f"name {arm.name}", f"model {arm.results['model']['sha256'][:16]}"


def ask(
    baseline: Arm | None, others: Sequence[Arm], metric: str, people: Sequence[Person], folder: Path,
    *, is_only: bool = False,
) -> AskedLook:  # fmt: skip
    """Find the earlier looks at a question, and say what this one may use.

    Args:
        baseline: That is compared with; None where all arms are compared with each other.
        others: The arms that are judged.
        metric: That decides.
        people: Whom they were measured on.
        folder: Of the dataset that they are from.
        is_only: Whether there will be no other look at the question.

    Returns:
        The look. It belongs to an earlier one that asks for the same metric, has somebody in common with it or was
        logged in this dataset, and has an arm on each side in common with it, by name or by model.

    Raises:
        WrongUsage: The only look is asked for where there was one before.
    """
    of_baseline = marks_of(baseline) if baseline else ()
    of_others = tuple(mark for arm in others for mark in marks_of(arm))
    arms = [one.results["model"]["sha256"] for one in (*([baseline] if baseline else []), *others)]
    arms_sha256 = contracts.sha256_json(sorted(arms))
    here = {json.dumps(line, sort_keys=True) for line in _read(folder / LOG)}
    known = {mark for person in people for mark in person}

    def is_same(line: Document) -> bool:
        shares = [set(line["baseline"]) & set(of_baseline) or not of_baseline, set(line["others"]) & set(of_others)]
        people_shared = known & {mark for person in line["people"] for mark in person}
        return (
            line["metric"] == metric and all(shares) and bool(people_shared or json.dumps(line, sort_keys=True) in here)
        )

    lines = [line for line in _read_all(folder) if is_same(line)]
    past = [
        Past(tuple(map(tuple, line["people"])), line["n_seen"], line["largest"], line["alpha"], line["spent"])
        for line in lines
    ]
    look = next_look(past, people, is_only=is_only)
    if is_only and not look.is_only:
        raise WrongUsage(
            "--only-look",
            found=f"{len({one.n_seen for one in past})} earlier look(s) at this question",
            expected="none: whether there will be one look is decided before the first",
            todo="leave out --only-look; the looks share what is left",
        )
    same = {line["arms_sha256"] for line in lines if line["number"] == look.number} if past else set()
    return AskedLook(look, metric, of_baseline, of_others, arms_sha256, len(same - {arms_sha256}), folder)


def record(asked: AskedLook, looked_utc: str) -> None:
    """Log a look, once; a log that cannot be written is noted on stderr and is no error."""
    line = {
        "schema_version": 1,
        "looked_utc": looked_utc,
        "metric": asked.metric,
        "baseline": list(asked.baseline),
        "others": list(asked.others),
        "arms_sha256": asked.arms_sha256,
        **{key: value for key, value in asked.look.as_document().items() if key != "n_people"},
        "people": [list(person) for person in asked.look.people],
    }
    contracts.validate(line, "verdict_look", LOG)
    same = ("metric", "arms_sha256", "people", "number")
    try:
        _home().mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(_home() / _LOCK, timeout=_PATIENCE_S):
            for file in _files(asked.folder):
                if not any(all(one[key] == line[key] for key in same) for one in _read(file)):
                    append_line(file, json.dumps(line, ensure_ascii=False, allow_nan=False))
    except OSError as error:  # no permission, no space, or another program that holds the lock
        cli.note(f"note: {LOG}: this look could not be logged ({error})")


def _files(folder: Path) -> list[Path]:
    return [_home() / LOG, folder / LOG]


def _home() -> Path:
    return paths.home() / "datasets"


def _read_all(folder: Path) -> list[Document]:
    """Read both logs, oldest first, what stands in both once."""
    lines = {json.dumps(line, sort_keys=True): line for file in _files(folder) for line in _read(file)}
    return sorted(lines.values(), key=lambda line: str(line["looked_utc"]))


def _read(file: Path) -> list[Document]:
    """Read a log; lines that cannot be read are noted on stderr."""
    try:
        texts = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    lines = [_parse(text) for text in texts]
    if n_broken := lines.count(None):
        cli.note(f"note: {file}: {n_broken} lines cannot be read and are not counted")
    return [line for line in lines if line is not None]


def _parse(text: str) -> dict[str, Any] | None:
    try:
        line: dict[str, Any] = json.loads(text)
        contracts.validate(line, "verdict_look", LOG)
    except (ValueError, InvalidInput):
        return None
    return line
