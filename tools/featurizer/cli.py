"""The command line of the featurizer: flags to a configuration. The work is `tools.featurizer.featurize`'s."""

import argparse

from shared import cli, paths
from shared.onnx.contract import FEATURE_KINDS as KINDS
from shared.system import portable
from tools.featurizer.config import FeaturizeConfig

TOOL = "featurizer"

DESCRIPTION = """\
Read the face in every picture of a dataset with MediaPipe's Face Landmarker, and store what models take as input:
  landmarks    478 points x 3 a picture, and the blendshapes as well (6 kB a picture)
  blendshapes  52 numbers a picture (0.2 kB)
Writes to artifacts/features/<dataset>/<kind>/ (or --out): features.json, a file of rows, an index.
Run it again after a change: only pictures that are new or changed are read. Killed at any moment, it goes on
where it was. Pictures without a face stay in, marked; the dataset is only read."""

EXAMPLES = """\
featurizer --dataset people
featurizer --dataset people --kind blendshapes
featurizer --dataset people --landmark-model ~/Downloads/face_landmarker.task --workers 4 --json"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _featurize)
    cli.add_dataset(parser)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help=f"what to store (default: {KINDS[0]})")
    cli.add_out(parser, "artifacts/features/<dataset>/<kind>")
    cli.add_landmark_model(parser)
    cli.add_allow_no_consent(parser)
    parser.add_argument(
        "--workers", type=cli.positive_int, metavar="N", help="processes, 150 MB of memory each (default: one a core)"
    )
    return cli.add_json(parser)


def _featurize(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        FeaturizeConfig,
        arguments,
        dataset=paths.dataset_dir(arguments.dataset),
        out=arguments.out and arguments.out.resolve(),
        workers=arguments.workers or portable.count_cores(),
    )
    from tools.featurizer.featurize import featurize

    return featurize(config)


main = cli.entry(parser)
