"""Command line of the verifier; the work is `shared.dataset.check` and `tools.verifier.private_files`.

verifier --dataset people
"""

import argparse

from shared import cli, paths
from tools.verifier.config import VerifyConfig

EXAMPLES = """
verifier --dataset people
verifier --dataset ../elsewhere/people --json
"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(
        "verifier",
        "Check a dataset: every row, every picture and its hash, every take and film, ids, counts, consent, trash and "
        "review. Lists all problems with file and row, errors first; changes nothing.",
        EXAMPLES,
        _verify,
    )
    cli.add_dataset(parser)
    parser.add_argument(
        "--most", type=cli.positive_int, default=10, metavar="N", help="problems of one kind to show (default: 10)"
    )
    return cli.add_json(parser)


def _verify(arguments: argparse.Namespace) -> cli.Result:
    config = VerifyConfig(paths.dataset_dir(arguments.dataset), arguments.most)
    from tools.verifier.verify import verify

    return verify(config)


main = cli.entry(parser)
