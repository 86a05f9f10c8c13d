"""The command line of mistakes: flags to a configuration.

mistakes --results people-e10_results_20260122_112534.json
"""

import argparse
from pathlib import Path

from shared import cli, paths
from shared.errors import InvalidInput
from shared.text import language
from tools.mistakes.config import MistakesConfig

DESCRIPTION = """\
Make one page of what a model gets wrong on pictures: the confusion with its intervals, the scores of each class, and
the mistakes as thumbnails, the worst first. Beside each picture stands what the network saw, and where it looked
(Grad-CAM), where the model's weights lie beside its ONNX.

The page opens in Korean or English and has both. It shows people: it stays on this computer, as the page itself says.
--no-faces leaves every picture out, for a page that is passed on."""

EXAMPLES = """\
mistakes                                                   # the newest results
mistakes --results artifacts/results/people-e10_results_20260122_112534.json --most 200
mistakes --results R.json --no-faces --lang en --out ./to_pass_on"""


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser("mistakes", DESCRIPTION, EXAMPLES, _show)
    add = parser.add_argument
    add("--results", metavar="FILE", help="results document of the evaluator (default: the newest)")
    cli.add_dataset(parser, default="the one that the results name")
    add("--most", type=cli.whole(0), default=60, metavar="N", help="mistakes at most (default: 60)")
    add("--most-near", type=cli.whole(0), default=12, metavar="N", help="right ones near the threshold (default: 12)")
    add("--no-faces", action="store_true", help="leave the pictures out: for a page that is passed on")
    cli.add_out(parser, "artifacts/reports/mistakes-<results>")
    cli.add_allow_no_consent(parser)
    cli.add_lang(parser)
    return cli.add_json(parser)


def _show(arguments: argparse.Namespace) -> cli.Result:
    config = cli.fill(
        MistakesConfig,
        arguments,
        results=_find_results(arguments.results),
        dataset=arguments.dataset and paths.dataset_dir(arguments.dataset),
        lang=language.choose(arguments.lang),
    )
    from tools.mistakes.make import make_page

    return make_page(config)


def _find_results(value: str | None) -> Path:
    """Return the results document of --results, or the newest."""
    folder = paths.artifacts("results")
    if value is not None:
        path = Path(value).expanduser()
        return folder / value if not path.is_file() and (folder / value).is_file() else path
    found = sorted(folder.glob("*_results_*.json"), key=lambda path: (path.stat().st_mtime, path.name))
    if not found:
        raise InvalidInput(
            paths.shown(folder), found="no results", expected="some", todo="measure a model: ./inv evaluate"
        )
    return found[-1]


main = cli.entry(parser)
