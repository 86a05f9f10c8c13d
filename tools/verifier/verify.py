"""Puts together what is wrong with a dataset, grouped for people, whole for programs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared import paths
from shared.dataset.check import Problem, check_dataset, read_contents
from tools.verifier.config import VerifyConfig
from tools.verifier.private_files import check_home


@dataclass(frozen=True)
class Verified:
    """What is wrong with a dataset.

    Attributes:
        folder: Its folder.
        problems: Everything, in the order in which it was found.
        n_sequences: Rows that were checked.
        n_pictures: Their pictures.
        most: How many of one kind are shown to people.
    """

    folder: Path
    problems: tuple[Problem, ...]
    n_sequences: int
    n_pictures: int
    most: int

    @property
    def exit_code(self) -> int:
        """1 if there is an error; notes do not count."""
        return int(any(problem.is_error for problem in self.problems))

    def as_text(self) -> str:
        """List the problems by kind, a line each, and the verdict."""
        n_errors = sum(problem.is_error for problem in self.problems)
        verdict = f"{n_errors} error{'s' if n_errors > 1 else ''}" if n_errors else "valid"
        checked = f"{self.n_sequences} sequences, {self.n_pictures} pictures"
        return "\n".join([*self._listed(), f"{paths.shown(self.folder)}: {verdict} ({checked})"])

    def _listed(self) -> Iterator[str]:
        """Yield lines: errors before notes, kinds in the order in which they first occurred."""
        groups: dict[tuple[bool, str], list[Problem]] = {}
        for problem in self.problems:
            groups.setdefault((not problem.is_error, problem.kind), []).append(problem)
        for (is_note, kind), problems in sorted(groups.items(), key=lambda group: group[0][0]):
            yield from map(str, problems[: self.most])
            if len(problems) > self.most:
                what = "notes" if is_note else "errors"
                yield f"  … and {len(problems) - self.most} more {what} of the kind {kind} (--json lists all)"

    def as_json(self) -> dict[str, Any]:
        """Give all problems."""
        return {
            "dataset": str(self.folder),
            "valid": self.exit_code == 0,
            "n_sequences": self.n_sequences,
            "n_pictures": self.n_pictures,
            "errors_by_kind": dict(Counter(problem.kind for problem in self.problems if problem.is_error)),
            "notes_by_kind": dict(Counter(problem.kind for problem in self.problems if not problem.is_error)),
            "problems": [asdict(problem) for problem in self.problems],
        }


def verify(config: VerifyConfig) -> Verified:
    """Check a dataset and what lies beside it."""
    folder, most = config.dataset, config.most
    problems = check_dataset(folder)
    contents, _ = read_contents(folder)
    if contents is None:
        return Verified(folder, tuple(problems), 0, 0, most)
    n_pictures = sum(row.frame_count for row in contents.rows.values())
    return Verified(folder, (*problems, *check_home(contents)), len(contents.rows), n_pictures, most)
