"""The command line of the featurizer: flags to a configuration. The work is `tools.featurizer.featurize`'s."""

import argparse

from shared import cli, paths
from shared.errors import WrongUsage
from shared.onnx.contract import CLIPS, PROVIDERS
from shared.onnx.contract import FEATURE_KINDS as KINDS
from shared.system import portable, ray_cluster
from tools.featurizer.config import FeaturizeConfig

TOOL = "featurizer"

DESCRIPTION = """\
Read the face in every picture of a dataset with MediaPipe's Face Landmarker, and store what models take as input:
  landmarks    478 points x 3 a picture, and the blendshapes as well (6 kB a picture)
  blendshapes  52 numbers a picture (0.2 kB)
  emotions     the named channels of a provider, as of a film (./inv timeline): what networks of clips take
Writes to artifacts/features/<dataset>/<kind>/ (or --out): features.json, a file of rows, an index.
Run it again after a change: only pictures that are new or changed are read. Killed at any moment, it goes on
where it was. Pictures without a face stay in, marked; the dataset is only read."""

EXAMPLES = """\
featurizer --dataset people
featurizer --dataset people --kind blendshapes
featurizer --dataset clips --kind emotions --provider emotions
featurizer --dataset people --engine ray --address auto
featurizer --dataset people --landmark-model ~/Downloads/face_landmarker.task --workers 4 --json"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _featurize)
    cli.add_dataset(parser)
    parser.add_argument("--kind", choices=KINDS, default=KINDS[0], help=f"what to store (default: {KINDS[0]})")
    cli.add_out(parser, "artifacts/features/<dataset>/<kind>")
    cli.add_landmark_model(parser)
    of = "of --kind emotions"
    parser.add_argument("--provider", choices=PROVIDERS, help=f"{of}: what gives channels (default: {PROVIDERS[0]})")
    parser.add_argument("--model", metavar="M", help=f"{of}: the provider's .onnx file, or a model's name")
    whole = "YuNet, or none: the whole picture is the face"
    parser.add_argument("--face-model", metavar="FILE", help=f"{of}: {whole} (default: the fetched one)")
    cli.add_allow_no_consent(parser)
    parser.add_argument(
        "--workers", type=cli.positive_int, metavar="N", help="processes, 150 MB of memory each (default: one a core)"
    )
    parser.add_argument(
        "--engine", choices=("processes", "ray"), default="processes", help="here, or on a Ray cluster (default: here)"
    )
    parser.add_argument("--address", metavar="A", help=ray_cluster.ADDRESSES)
    return cli.add_json(parser)


def _featurize(arguments: argparse.Namespace) -> cli.Result:
    if arguments.kind != CLIPS:
        for name in ("provider", "model", "face_model"):
            if getattr(arguments, name) is not None:
                flag = "--" + name.replace("_", "-")
                raise WrongUsage(flag, found=f"it with --kind {arguments.kind}", expected=f"it with --kind {CLIPS}")
    on_ray = arguments.engine == "ray"
    for name, belongs in (("workers", "processes"), ("address", "ray")):
        if getattr(arguments, name) is not None:
            found, expected = f"it with --engine {arguments.engine}", f"it with --engine {belongs}"
            cli.require(arguments.engine == belongs, f"--{name}", found=found, expected=expected)
    config = cli.fill(
        FeaturizeConfig,
        arguments,
        provider=arguments.provider or PROVIDERS[0],
        dataset=paths.dataset_dir(arguments.dataset),
        out=arguments.out and arguments.out.resolve(),
        workers=arguments.workers or portable.count_cores(),
        address=(arguments.address or "auto") if on_ray else None,
    )
    from tools.featurizer.featurize import featurize

    return featurize(config)


main = cli.entry(parser)
