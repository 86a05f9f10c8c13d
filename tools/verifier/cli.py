"""Command line of the verifier; the work is `shared.dataset_check`.

verifier --dataset people
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared import cli, paths

if TYPE_CHECKING:
    from shared.dataset_check import Problem

EXAMPLES = """
verifier --dataset people
verifier --dataset ../elsewhere/people --json
"""


@dataclass(frozen=True)
class Verified:
    """What is wrong with a dataset."""

    folder: Path
    problems: "list[Problem]"

    @property
    def exit_code(self) -> int:
        """1 if there is an error; notes do not count."""
        return int(any(problem.is_error for problem in self.problems))

    def as_text(self) -> str:
        """List the problems, a line each, and the verdict."""
        errors = sum(problem.is_error for problem in self.problems)
        verdict = f"{errors} errors" if errors else "valid"
        return "\n".join([*map(str, self.problems), f"{paths.shown(self.folder)}: {verdict}"])

    def as_json(self) -> dict[str, Any]:
        """Give the problems."""
        return {
            "dataset": str(self.folder),
            "valid": self.exit_code == 0,
            "problems": [asdict(problem) for problem in self.problems],
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Check a dataset; returns the exit code: 1 if it is not valid."""
    arguments = _parser().parse_args(argv)

    def work() -> cli.Result:
        from shared.dataset_check import check_dataset

        folder = paths.dataset_dir(arguments.dataset)
        return Verified(folder, check_dataset(folder))

    return cli.run("verifier", arguments, work)


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        "verifier",
        "Check a dataset: every row, every picture and its hash, every take, the manifest. Lists all problems with "
        "file and row; changes nothing.",
        EXAMPLES,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    cli.add_json(parser)
    return parser
