"""The command line of the featurizer: flags to a configuration. The work is `tools.featurizer.featurize`'s."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared import cli, paths

TOOL = "featurizer"
KINDS = ("landmarks", "blendshapes")

DESCRIPTION = """\
Read the face in every picture of a dataset with MediaPipe's Face Landmarker, and store what models eat:
  landmarks    478 points x 3 a picture, and the blendshapes as well (6 kB a picture)
  blendshapes  52 numbers a picture (0.2 kB)
Writes to artifacts/features/<dataset>/<kind>/ (or --out): features.json, a file of rows, an index.
Run it again after a change: only pictures that are new or changed are read. Killed at any moment, it goes on
where it was. Pictures without a face stay in, marked; the dataset is only read."""

EXAMPLES = """\
featurizer --dataset people
featurizer --dataset people --kind blendshapes
featurizer --dataset people --landmark-model ~/Downloads/face_landmarker.task --workers 4 --json"""


@dataclass(frozen=True)
class Config:
    """What to read, and how.

    Attributes:
        dataset: The dataset's folder.
        kind: ``landmarks`` or ``blendshapes``.
        out: The store's folder; None for artifacts/features/<dataset>/<kind>.
        landmark_model: The .task file; None looks for it.
        workers: Processes that read pictures.
    """

    dataset: Path
    kind: str
    out: Path | None
    landmark_model: str | None
    workers: int


def count_cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def build_parser() -> argparse.ArgumentParser:
    """Build the parser; separate, so that tests and documentation can read the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES)
    parser.add_argument("--dataset", required=True, help="a name under datasets/, or a path")
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help=f"what to store (default: {KINDS[0]})")
    parser.add_argument("--out", metavar="DIR", help="where to write (default: artifacts/features/<dataset>/<kind>)")
    parser.add_argument("--landmark-model", metavar="FILE", help="the .task file (default: the fetched one)")
    parser.add_argument(
        "--workers", type=cli.positive_int, metavar="N", help="processes, 150 MB of memory each (default: one a core)"
    )
    cli.add_json(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; returns the exit code."""
    arguments = build_parser().parse_args(argv)

    def work() -> cli.Result:
        config = Config(
            dataset=paths.dataset_dir(arguments.dataset),
            kind=arguments.kind,
            out=Path(arguments.out).expanduser().resolve() if arguments.out else None,
            landmark_model=arguments.landmark_model,
            workers=arguments.workers or count_cores(),
        )
        from tools.featurizer.featurize import featurize

        return featurize(config)

    return cli.run(TOOL, arguments, work)
