"""Command line of the splitter; the work is `shared.splits`.

splitter --dataset people
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import cli, paths

EXAMPLES = """
splitter --dataset people
splitter --dataset people --seed 3 --json
"""


@dataclass(frozen=True)
class Frozen:
    """A frozen split and its file."""

    file: Path
    split: dict[str, Any]
    exit_code: int = 0

    def as_text(self) -> str:
        """Say who is where."""
        lines = []
        for side, content in self.split["sides"].items():
            labels = ", ".join(f"{count} {label}" for label, count in content["by_label"].items())
            lines.append(f"{side}: {', '.join(content['subjects'])} ({labels})")
        return "\n".join([*lines, f"→ {paths.shown(self.file)}"])

    def as_json(self) -> dict[str, Any]:
        """Give the split's document and file."""
        return {"file": str(self.file), "split": self.split}


def main(argv: Sequence[str] | None = None) -> int:
    """Freeze a split, or show the one that is frozen; returns the exit code."""
    arguments = _parser().parse_args(argv)

    def work() -> cli.Result:
        from shared import sequences, splits

        dataset = sequences.open_dataset(paths.dataset_dir(arguments.dataset))
        file = splits.freeze_split(dataset, arguments.seed, arguments.out)
        return Frozen(file, splits.read_split(file, dataset))

    return cli.run("splitter", arguments, work)


def _parser() -> argparse.ArgumentParser:
    parser = cli.Parser(
        "splitter",
        "Divide a dataset's people into train, validation and test, and freeze that to a file. Nobody is on two sides; "
        "the same dataset and seed always give the same split.",
        EXAMPLES,
    )
    parser.add_argument("--dataset", required=True, help="name under datasets/, or a path")
    parser.add_argument("--seed", type=int, default=0, help="decides who goes where (default: 0)")
    parser.add_argument("--out", type=Path, help="folder of the split file (default: artifacts/splits)")
    cli.add_json(parser)
    return parser
