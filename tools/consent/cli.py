"""Command line of the consent tool: flags to a row of consent.json, a declaration, a list or an export.

consent --dataset people --subject s03 --scope train --given-by self
consent --dataset people --list
"""

import argparse
import re
from pathlib import Path

from shared import cli, paths
from shared.errors import WrongUsage
from shared.text import language
from tools.consent.config import RecordConfig, RightsConfig

TOOL = "consent"
DESCRIPTION = """\
Record, change and list what the people of a dataset have agreed to, without recording them again. Rows are appended
to consent.json and never changed; of a person's rows the one of the latest date counts, for three years at most.
Splitter, featurizer, trainer, exporter, evaluator and ./inv suspect use only people whose consent to train holds
today; publishing needs train,publish. Drawn actors need none. Imported photos and films of a public set have no rows:
declare their licence and basis once, or give those tools --allow-no-consent."""
EXAMPLES = """
consent --dataset people --list
consent --dataset people --list --subject s03                              (the person's whole history)
consent --dataset people --subject s03 --scope train,publish --given-by self
consent --dataset people --subject s03 --scope train --given-by guardian --given-on 2026-03-01
consent --dataset people --subject s03 --scope none                        (takes everything back; then: withdraw)
consent --dataset people --subject s03 --export out/                       (everything that is stored about s03)
consent --dataset photos --licence "research use" --basis "MPLab GENKI-4K, http://mplab.ucsd.edu"
consent --dataset films --source film --licence CC0 --basis "stock clips with model releases"
"""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parser() -> cli.Parser:
    """Describe the flags."""
    parser = cli.Parser(TOOL, DESCRIPTION, EXAMPLES, _work)
    add = parser.add_argument
    cli.add_dataset(parser, default="the only one under datasets/")
    add("--subject", metavar="ID", help="the person's pseudonym")
    add("--list", action="store_true", help="list everybody, or the history of --subject")
    add(
        "--export",
        type=cli.path,
        metavar="DIR",
        help="copy everything that is stored about --subject into a new folder",
    )
    add("--scope", type=_scopes, metavar="SCOPES", help="agreed from now on: train, or train,publish, or none")
    add("--given-by", choices=("self", "guardian"), default="self", help="who has agreed (default: self)")
    add("--given-on", type=_day, metavar="DAY", help="when, such as 2026-03-01, for paper (default: now)")
    add("--until", type=_day, metavar="DAY", help="until when, three years at most (default: three years)")
    add("--method", choices=("paper", "screen", "import"), default="paper", help="how it was given (default: paper)")
    cli.add_lang(parser)
    add("--licence", metavar="NAME", help="declare the licence of imported sequences; with --basis")
    add("--basis", metavar="WHY", help="where they are from, and why they may be used")
    add("--source", choices=("photo", "film", "any"), help="which sequences that covers (default: photo)")
    return cli.add_json(parser)


def _work(arguments: argparse.Namespace) -> cli.Result:
    dataset = paths.dataset_dir(arguments.dataset) if arguments.dataset else _only_dataset()
    if arguments.subject is not None and not paths.is_subject(arguments.subject):
        raise WrongUsage("--subject", found=repr(arguments.subject), expected=f"{paths.SUBJECT_RULE}, such as s01")
    declares = arguments.licence is not None or arguments.basis is not None or arguments.source is not None
    jobs = [arguments.list, arguments.scope is not None, arguments.export is not None, declares]
    cli.require(
        sum(jobs) == 1,
        "consent",
        found=f"{sum(jobs)} things to do",
        expected="one of --list, --scope or --export with --subject, or --licence with --basis",
    )
    if declares:
        return _declare(arguments, dataset)
    if arguments.scope is not None:
        return _record(arguments, dataset)
    if arguments.export is not None:
        cli.require(arguments.subject is not None, "--export", found="no --subject", expected="whose data it is")
        from tools.consent.export import export_person

        return export_person(dataset, arguments.subject, arguments.export)
    from tools.consent.history import list_consent

    return list_consent(dataset, arguments.subject)


def _record(arguments: argparse.Namespace, dataset: Path) -> cli.Result:
    cli.require(arguments.subject is not None, "--scope", found="no --subject", expected="whose consent it is")
    config = cli.fill(
        RecordConfig,
        arguments,
        dataset=dataset,
        subject_id=arguments.subject,
        scopes=arguments.scope,
        given_utc=arguments.given_on,
        until_utc=arguments.until,
        lang=language.choose(arguments.lang),
    )
    from tools.consent.history import record_consent

    return record_consent(config)


def _declare(arguments: argparse.Namespace, dataset: Path) -> cli.Result:
    complete = bool(arguments.licence and arguments.basis)
    cli.require(complete, "--licence", found="one without the other", expected="--licence and --basis together")
    config = RightsConfig(dataset, arguments.source or "photo", arguments.licence, arguments.basis)
    from tools.consent.rights import declare_rights

    return declare_rights(config)


def _only_dataset() -> Path:
    """Return the only dataset under datasets/.

    Raises:
        WrongUsage: There are several, or none.
    """
    found = sorted(path.parent for path in (paths.home() / "datasets").glob("*/dataset.json"))
    if len(found) != 1:
        names = ", ".join(folder.name for folder in found) or "no dataset"
        raise WrongUsage("--dataset", found=f"nothing, and {names} under datasets/", expected="the name of one")
    return found[0]


def _scopes(text: str) -> tuple[str, ...]:
    """Parse what was agreed to."""
    scopes = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    if scopes == ("none",):
        return ()
    if "train" not in scopes or not set(scopes) <= {"train", "publish"}:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected train, or train,publish, or none")
    return scopes


def _day(text: str) -> str:
    """Parse a day, or a moment as documents hold it."""
    moment = f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text
    try:
        return paths.utc_text(paths.parse_utc(moment))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a day such as 2026-03-01") from None


main = cli.entry(parser)
